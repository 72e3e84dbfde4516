"""Whether a microphone is alive, which is told by what rises above its own floor.

The sound is cut into blocks of 50 ms. The level of each is measured without what no voice does: without the mean of
some milliseconds around each sample, without the curve that an offset follows as it settles, and without steps and
clicks, which are changes far larger than most of the block. So a plug that crackles is nothing, and what swings slower
than 50 Hz is hardly anything. The floor is the level that a tenth of the blocks does not exceed. A block is active
where it is above -70 dBFS and more than 6 dB above the floor, or above -20 dBFS, which no dead input reaches. It is
so, too, where it rises 6 dB by its differences over a quarter of a millisecond, in which hum is 22 dB lower at 50 Hz,
and a voice as loud as before. A clip with less than 0.15 s of active blocks is silent: a dead microphone delivers a
constant, hum or noise that never rises, and plops as it is opened. One word in an hour of digital zero is none of
that.

That activity and not the level tells speech is the idea of ITU-T P.56; a quantile of the levels as the floor is that of
Stahl, Fischer and Bippus (ICASSP 2000). The numbers are ours.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from appliance.models import SILENCE_DBFS
from appliance.values import frozen

SILENT_DBFS = -70.0
"""What never gets louder than this comes from a dead or unplugged microphone."""

ACTIVE_SECONDS = 0.15
"""Seconds that must rise above the floor: more than a plop, less than a word."""

_OUTLIER = 4.0
"""What changes by so many times the median of its block, or more, is a step or a click. Of noise, 1 % is."""

_NEAR = 5
"""Samples to both sides whose mean is taken away."""

_CURVE = 4
"""Coefficients of the curve that may be left of an offset as it settles."""

_RISE_DB = 6
_FLOOR_SHARE = 0.1
_LOUD_DBFS = -20.0
"""How the floor is found, and what is active: see above."""


@frozen
class Tally:
    """What was counted of some sound: frames, those of them that are clipped, and its blocks by their level.

    The first row counts the level of the sound without the curve of an offset, the second that without all that no
    voice does, the third that of the differences.
    """

    frames: int
    clipped: int
    blocks: NDArray[np.int64]

    def since(self, before: "Tally") -> "Tally":
        """What has come since then."""
        return Tally(self.frames - before.frames, self.clipped - before.clipped, self.blocks - before.blocks)


NO_TALLY = Tally(0, 0, np.zeros((3, round(-SILENCE_DBFS) + 1), np.int64))


def active_share(blocks: NDArray[np.int64]) -> float:
    """The share of blocks, counted as in a `Tally`, that rise above the floor of all of them."""
    _, moving, differences = blocks
    active = max(_active(moving).sum(), _above(differences, _least(differences)).sum())
    return round(float(active / max(1, moving.sum())), 6)


def active_level(blocks: NDArray[np.int64]) -> float:
    """The RMS in dBFS of those that do, as ITU-T P.56 measures speech without its pauses; SILENCE_DBFS without any."""
    active = _active(blocks[0])
    if not active.any():
        return SILENCE_DBFS
    power = 10 ** ((np.arange(len(active)) + SILENCE_DBFS + 0.5) / 10)
    return round(10 * math.log10(float((active * power).sum() / active.sum())), 2)


def floor_level(blocks: NDArray[np.int64]) -> float:
    """The level in dBFS that a tenth of them does not exceed."""
    return _floor(blocks[0]) + SILENCE_DBFS


def _floor(blocks: NDArray[np.int64]) -> int:
    return int(np.searchsorted(blocks.cumsum(), blocks.sum() * _FLOOR_SHARE))


def _active(blocks: NDArray[np.int64]) -> NDArray[np.int64]:
    return _above(blocks, min(_least(blocks), round(_LOUD_DBFS - SILENCE_DBFS)))


def _least(blocks: NDArray[np.int64]) -> int:
    return max(_floor(blocks) + _RISE_DB, round(SILENT_DBFS - SILENCE_DBFS))


def _above(blocks: NDArray[np.int64], above: int) -> NDArray[np.int64]:
    active = blocks.copy()
    active[: above + 1] = 0
    return active


def powers(
    sound: NDArray[np.float64], differences: NDArray[np.float64], when: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """The mean square of each block, for each row of a `Tally`; `when` says how far apart the samples are."""
    size = sound.shape[1]
    curves, _ = np.linalg.qr(np.vander(when[:size] / max(1, when[size - 1]), _CURVE))
    onward = sound[:, [0]] * 2 - sound[:, [min(1, size - 1)]]  # as if it had come from there
    moving = _restless(np.diff(sound, prepend=onward)).cumsum(axis=1)
    for blocks in (sound, moving):
        yield ((blocks * blocks).sum(axis=1) - ((blocks @ curves) ** 2).sum(axis=1)) / size
    yield (_restless(differences) ** 2).sum(axis=1) / size


def _restless(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blocks of differences without steps and clicks, and without the mean of 11 ms around each."""
    at = np.arange(differences.shape[1])
    near = np.abs(np.subtract.outer(at, at)) <= _NEAR
    limited = _limited(differences)
    return _limited(limited - limited @ (near / near.sum(axis=0)))


def _limited(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every block of differences, with none left that is far larger than most of it."""
    middle = differences.shape[1] // 2
    highest = (
        _OUTLIER * np.partition(np.abs(differences), middle, axis=1)[:, [middle]]
    )  # np.median costs four times that
    return np.minimum(np.maximum(differences, -highest), highest)
