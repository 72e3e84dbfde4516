"""Whether a microphone is alive, which is told by what rises above its own floor.

The sound is cut into blocks of 50 ms, and of each is measured how much it moves within a millisecond, and within a
quarter of one, in which hum is 22 dB lower at 50 Hz and a voice as loud as before. A voice moves both ways in every
block, while an offset that settles, as after a plop or behind a plug that crackles, only comes back. So the way counts
in which the block moves less, without its largest step, which may be a click. Blocks that move one way only tell
nothing, not even how low the floor is.

The floor is the level that a tenth of the blocks does not exceed. A block is active where it is above -70 dBFS and more
than 6 dB above the floor, of which an hour of steady noise has none, or above -20 dBFS, which no dead input reaches. A
clip with less than 0.15 s of active blocks is silent: a dead microphone delivers a constant, hum or noise that never
rises, and plops as it is opened. One word in an hour of digital zero is none of that.

That activity and not the level tells speech is the idea of ITU-T P.56; a quantile of the levels as the floor is that of
Stahl, Fischer and Bippus (ICASSP 2000). The two ways and the numbers are ours.
"""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from appliance.models import SILENCE_DBFS
from appliance.values import frozen

SILENT_DBFS = -70.0
"""What never gets louder than this comes from a dead or unplugged microphone."""

ACTIVE_SECONDS = 0.15
"""Seconds that must rise above the floor: more than a plop, less than a word."""

_ONE_WAY = 0.1
"""What moves one way less than this share of the other goes one way only: of noise, next to no block does."""

_CURVE = 4
"""Coefficients of the curve that an offset follows as it settles, which is no part of the level of a block."""

_RISE_DB = 6
_FLOOR_SHARE = 0.1
_LOUD_DBFS = -20.0
"""How the floor is found, and what is active: see above."""


@frozen
class Tally:
    """What was counted of some sound: frames, those of them that are clipped, and its blocks by their level.

    The first row counts all blocks by their level, the second those that move both ways by how much they do within a
    millisecond, the third within a quarter of one.
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
    every, moving, differences = blocks
    active = max(_active(moving).sum(), _above(differences, _least(differences)).sum())
    return round(float(active / max(1, every.sum())), 6)


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


def powers(sound: NDArray[np.float32], differences: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The mean square of each block, for each row of a `Tally`; below zero where it tells nothing.

    Both have a block in each row: `sound` a sample of every millisecond, `differences` what follows on these.
    """
    size = sound.shape[1]
    yield np.maximum(_squares(sound) - _squares(sound @ _curves(size)), 0) / size
    yield _both_ways(sound[:, 1:] - sound[:, :-1])
    yield _both_ways(differences)


@cache
def _curves(size: int) -> NDArray[np.float32]:
    """An orthonormal base of all curves of so many samples."""
    base, _ = np.linalg.qr(np.vander(np.linspace(0, 1, size), _CURVE))
    return base.astype(np.float32)


def _both_ways(steps: NDArray[np.float32]) -> NDArray[np.float32]:
    up, down = _but_largest(np.maximum(steps, 0)), _but_largest(np.minimum(steps, 0))
    less = np.minimum(up, down)
    return np.where(less < _ONE_WAY * np.maximum(up, down), np.float32(-1), less / max(1, steps.shape[1]))


def _but_largest(one_way: NDArray[np.float32]) -> NDArray[np.float32]:
    largest = np.abs(one_way).max(axis=1, initial=0)
    return np.asarray(np.maximum(_squares(one_way) - largest * largest, 0))


def _squares(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.einsum("ij,ij->i", blocks, blocks))
