"""How loud a sound is, how much of it is clipped or digitally silent, and what that says about a recording.

Whether a microphone is alive is told by what rises above its own floor. The sound is cut into blocks of 50 ms, and each
is measured without its mean and its slope, so that an offset is nothing, also one that settles. The floor is the level
that a tenth of the blocks does not exceed. A block is active where it is above -70 dBFS and more than 6 dB above the
floor, or above -20 dBFS, which no dead input reaches. It is so, too, where it rises 6 dB by its differences over a
quarter of a millisecond, in which hum is 22 dB lower at 50 Hz, and a voice as loud as before. A clip with less than
0.15 s of active blocks is silent: a dead microphone delivers a constant, hum or noise that never rises, and plops as it
is opened. One word in an hour of digital zero is none of that.

That activity and not the level tells speech is the idea of ITU-T P.56; a quantile of the levels as the floor is that of
Stahl, Fischer and Bippus (ICASSP 2000). The numbers are ours.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.models import SILENCE_DBFS, AudioFormat, Levels, SampleFormat, Verdict
from appliance.pcm import integers
from appliance.values import frozen

SILENT_DBFS = -70.0
"""What never gets louder than this comes from a dead or unplugged microphone."""

ACTIVE_SECONDS = 0.15
"""Seconds that must rise above the floor: more than a plop, less than a word."""

_TELLING_SECONDS = 0.5
"""A clip that is shorter, as the last part of a recording may be, has no floor of its own."""

_BLOCK = 0.05
_BLOCKS_AT_ONCE = 100
_THINNED_RATE = 1000
"""Frames per second that tell the level of a block well enough."""

_DIFFERENCES_RATE = 4000
"""A voice differs after this part of a second; hum hardly does."""

_RISE_DB = 6
_FLOOR_SHARE = 0.1
_LOUD_DBFS = -20.0
"""How the floor is found, and what is active: see above."""

QUIET_PEAK_DBFS = -40.0
"""A clip that never gets as loud as this is too quiet to be understood."""

_QUIET_DBFS = -55.0
"""The same for its loudest block, whose peaks are about 15 dB higher: an offset may hide how low the peaks are."""

CLIPPED_SHARE = 0.001
"""A clip of which more than this share is at full scale is audibly distorted."""

_BATCH_BYTES = 1_048_576
"""Sound that waits to be measured at most."""

_FULL_SCALE = {SampleFormat.S16_LE: 2**15, SampleFormat.S24_3LE: 2**31, SampleFormat.S32_LE: 2**31}
_HIGHEST = {SampleFormat.S16_LE: 2**15 - 1, SampleFormat.S24_3LE: 2**31 - 256, SampleFormat.S32_LE: 2**31 - 256}


GAP_SECONDS = 1.0
"""A clip that lacks as much as this is not simply well."""


def verdict(levels: Levels, seconds: float, min_seconds: float, lost: float = 0.0) -> Verdict:
    """Judge a recording of `seconds` that lacks `lost` seconds.

    The first that holds of: too short, silent as nothing is loud, too quiet, clipping, silent as nothing is active,
    too quiet beside an offset, gaps, ok.
    """
    if seconds < min_seconds:
        return Verdict.TOO_SHORT
    if levels.peak_dbfs <= SILENT_DBFS:
        return Verdict.SILENT
    if levels.peak_dbfs < QUIET_PEAK_DBFS:
        return Verdict.TOO_QUIET
    if levels.clipped > CLIPPED_SHARE:
        return Verdict.CLIPPING
    if levels.active * seconds < ACTIVE_SECONDS and seconds >= _TELLING_SECONDS:
        return Verdict.SILENT
    if levels.loudest_dbfs is not None and levels.loudest_dbfs < _QUIET_DBFS:
        return Verdict.TOO_QUIET
    return Verdict.GAPS if lost >= GAP_SECONDS else Verdict.OK


@frozen
class Tally:
    """What was counted of some sound: frames, those of them that are clipped, and its blocks by their level: that of
    the sound in the first row, that of its differences in the second.
    """

    frames: int
    clipped: int
    blocks: NDArray[np.int64]

    def since(self, before: "Tally") -> "Tally":
        """What has come since then."""
        return Tally(self.frames - before.frames, self.clipped - before.clipped, self.blocks - before.blocks)


NO_TALLY = Tally(0, 0, np.zeros((2, round(-SILENCE_DBFS) + 1), np.int64))


def active_share(blocks: NDArray[np.int64]) -> float:
    """The share of blocks, counted as in a `Tally`, that rise above the floor of all of them."""
    sound, differences = blocks
    active = max(_active(sound).sum(), _above(differences, _least(differences)).sum())
    return round(float(active / max(1, sound.sum())), 6)


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


class Meter:
    """Measures sound as it passes: `levels` of all of it, `stretch()` of what came since the last call.

    What is added is measured when somebody asks, or enough has come: waking numpy for every period costs far more
    than the measuring.

    A frame counts as clipped where a channel is at full scale; of 32 bits the upper 24 decide, as most converters
    that deliver 32 have no more.
    """

    def __init__(self, format: AudioFormat) -> None:
        self._channels = format.channels
        self._sample = format.sample
        self._frame_bytes = format.frame_bytes
        self._full_scale = _FULL_SCALE[format.sample]
        self._highest = _HIGHEST[format.sample]
        self._frames = self._clipped = self._silent = 0
        self._peak = self._stretch_peak = 0
        self._energy = self._stretch_energy = 0.0
        self._stretch_frames = 0
        stride = max(1, format.rate // _THINNED_RATE)
        every = np.arange(_THINNED_RATE)
        further = max(1, format.rate // _DIFFERENCES_RATE)
        picks = every * stride + every * every % max(1, stride - further)  # unevenly, as a tone might keep step
        self._picks = np.add.outer(picks * format.channels, np.arange(format.channels)).ravel()
        self._later = self._picks + further * format.channels
        self._stride = stride * format.channels
        self._block = max(1, round(_BLOCK * format.rate / stride))
        self._blocks = NO_TALLY.blocks.copy()
        self._thin = np.empty(self._block * _BLOCKS_AT_ONCE * format.channels)
        self._differences = np.empty_like(self._thin)
        self._thinned = 0
        self._waiting: list[bytes | memoryview] = []
        self._waiting_bytes = 0

    def add(self, data: bytes | memoryview) -> None:
        """Take in whole frames. The data must not change afterwards."""
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _BATCH_BYTES:
            self._catch_up()

    def _catch_up(self) -> None:
        for data in self._waiting:
            self._measure(data)
        self._waiting.clear()
        self._waiting_bytes = 0

    def _measure(self, data: bytes | memoryview) -> None:
        frames = len(data) // self._frame_bytes
        if not frames:
            return
        samples = integers(data, self._sample)
        highest, lowest = int(samples.max()), int(samples.min())
        peak = max(highest, -lowest)
        scaled = samples.astype(np.float32)
        energy = float(np.dot(scaled, scaled))
        self._thin_out(scaled)
        if highest >= self._highest or -lowest >= self._full_scale:
            self._clipped += self._frames_with((samples >= self._highest) | (samples == -self._full_scale))
        self._silent += frames - self._frames_with(samples)
        self._frames += frames
        self._stretch_frames += frames
        self._peak = max(self._peak, peak)
        self._stretch_peak = max(self._stretch_peak, peak)
        self._energy += energy
        self._stretch_energy += energy

    def _thin_out(self, samples: NDArray[np.float32]) -> None:
        """Keep some samples of every block, which tell its level as well, and count many blocks at once."""
        while len(samples):
            count = len(samples) // self._stride or 1
            picks = self._picks[: min(count * self._channels, len(self._thin) - self._thinned)]
            kept = slice(self._thinned, self._thinned + len(picks))
            self._thin[kept] = samples[picks]
            later = samples.take(self._later[: len(picks)], mode="clip")
            np.subtract(later, self._thin[kept], out=self._differences[kept])
            self._thinned += len(picks)
            samples = samples[len(picks) // self._channels * self._stride :]
            if self._thinned == len(self._thin):
                self._count_blocks()

    def _count_blocks(self) -> None:
        """Count the blocks by their level in whole dB above SILENCE_DBFS: that of the loudest channel."""
        frames = self._thinned // self._channels
        size = min(self._block, frames)
        count = frames // size if size else 0
        if count:
            blocks = self._in_blocks(self._thin, count, size)
            when = np.arange(size) - (size - 1) / 2
            mean, slope = blocks.sum(axis=2) / size, (blocks * when).sum(axis=2)
            steady = mean * mean + slope * slope / (size * max(1.0, float(np.dot(when, when))))
            self._count(0, (blocks * blocks).sum(axis=2) / size - steady)
            blocks = self._in_blocks(self._differences, count, size)
            self._count(1, (blocks * blocks).sum(axis=2) / size)
        self._thinned = 0

    def _in_blocks(self, samples: NDArray[np.float64], count: int, size: int) -> NDArray[np.float64]:
        shaped = samples[: count * size * self._channels].reshape(count, size, self._channels)
        return np.ascontiguousarray(shaped.transpose(0, 2, 1))  # sums along another axis cost many times more

    def _count(self, row: int, power: NDArray[np.float64]) -> None:
        level = 10 * np.log10(np.maximum(power.max(axis=1), 1e-9)) - 20 * math.log10(self._full_scale) - SILENCE_DBFS
        highest = self._blocks.shape[1] - 1
        self._blocks[row] += np.bincount(np.clip(level, 0, highest).astype(np.intp), minlength=highest + 1)

    @property
    def frames(self) -> int:
        """How many were added."""
        return self._frames + self._waiting_bytes // self._frame_bytes

    def tally(self) -> Tally:
        """What was counted so far."""
        self._catch_up()
        blocks, thinned = self._blocks.copy(), self._thinned
        self._count_blocks()
        counted, self._blocks, self._thinned = self._blocks, blocks, thinned
        return Tally(self._frames, self._clipped, counted)

    def _frames_with(self, values: NDArray[Any]) -> int:
        """Frames in which any channel's value is not zero. Narrow frames are looked at as one number each: cheaper."""
        width = values.itemsize * self._channels
        if width in (1, 2, 4, 8):
            return int(np.count_nonzero(values.view(f"u{width}")))
        return int(np.count_nonzero(values.reshape(-1, self._channels).any(axis=1)))

    def stretch(self) -> tuple[float, float]:
        """Peak and RMS in dBFS since the last call; SILENCE_DBFS where nothing came."""
        self._catch_up()
        peak = self._decibels(self._stretch_peak)
        rms = self._decibels(self._rms(self._stretch_energy, self._stretch_frames))
        self._stretch_peak, self._stretch_energy, self._stretch_frames = 0, 0.0, 0
        return peak, rms

    @property
    def levels(self) -> Levels:
        """Levels of everything added so far."""
        blocks = self.tally().blocks
        if not self._frames:
            return Levels()
        return Levels(
            peak_dbfs=self._decibels(self._peak),
            rms_dbfs=self._decibels(self._rms(self._energy, self._frames)),
            clipped=self._clipped / self._frames,
            silent=self._silent / self._frames,
            active=active_share(blocks),
            loudest_dbfs=float(np.flatnonzero(blocks[0])[-1] + SILENCE_DBFS),
        )

    def _rms(self, energy: float, frames: int) -> float:
        return math.sqrt(energy / (frames * self._channels)) if frames else 0.0

    def _decibels(self, amplitude: float) -> float:
        if amplitude <= 0:
            return SILENCE_DBFS
        return round(max(SILENCE_DBFS, 20 * math.log10(amplitude / self._full_scale)), 2)
