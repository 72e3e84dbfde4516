"""How loud a sound is, how much of it is clipped or digitally silent, and what that says about a recording."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.audio.activity import (
    ACTIVE_SECONDS,
    NO_TALLY,
    SILENT_DBFS,
    Tally,
    active_share,
    powers,
)
from appliance.models import SILENCE_DBFS, AudioFormat, Levels, SampleFormat, Verdict
from appliance.pcm import integers

_TELLING_SECONDS = 0.5
"""A clip that is shorter, as the last part of a recording may be, has no floor of its own."""

_BLOCK = 0.05
_BLOCKS_AT_ONCE = 100
_THINNED_RATE = 1000
"""Frames per second that tell the level of a block well enough."""

_UNEVEN = (5**0.5 - 1) / 2
"""Multiples of it, modulo 1, say where in its millisecond each is: no tone keeps step with the golden ratio."""

_DIFFERENCES_RATE = 4000
"""A voice differs after this part of a second; hum hardly does."""

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
        self._stride = max(1, format.rate // _THINNED_RATE)
        self._block = max(1, round(_BLOCK * format.rate / self._stride))
        every = np.arange(self._block * _BLOCKS_AT_ONCE)
        uneven = (every * _UNEVEN % 1 * self._stride).astype(np.intp)
        self._picks = np.add.outer(np.arange(self._channels), (every * self._stride + uneven) * self._channels)
        self._later = self._picks + max(1, format.rate // _DIFFERENCES_RATE) * self._channels
        self._thin = np.empty(self._picks.shape, np.float32)
        self._differences = np.empty_like(self._thin)
        self._blocks = NO_TALLY.blocks.copy()
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
        """Keep a frame of every millisecond, which tell the level of a block as well, and count many blocks at once."""
        while len(samples):
            begin = self._thinned
            count = min(len(samples) // self._channels // self._stride or 1, self._thin.shape[1] - begin)
            kept = self._thin[:, begin : begin + count]
            kept[:] = samples.take(self._picks[:, :count], mode="clip")
            later = samples.take(self._later[:, :count], mode="clip")
            np.subtract(later, kept, out=self._differences[:, begin : begin + count])
            self._thinned += count
            samples = samples[count * self._stride * self._channels :]
            if self._thinned == self._thin.shape[1]:
                self._count_blocks()

    def _count_blocks(self) -> None:
        """Count the blocks by their level in whole dB above SILENCE_DBFS: that of the loudest channel."""
        size = min(self._block, self._thinned)
        used = self._thinned - self._thinned % size if size else 0
        if used:
            sound, differences = (kept[:, :used].reshape(-1, size) for kept in (self._thin, self._differences))
            for row, power in zip(self._blocks, powers(sound, differences), strict=True):
                self._count(row, power.reshape(self._channels, -1).max(axis=0))
        self._thinned = 0

    def _count(self, row: NDArray[np.int64], power: NDArray[np.float32]) -> None:
        told = np.maximum(power[power >= 0], 1e-9)
        level = 10 * np.log10(told) - 20 * math.log10(self._full_scale) - SILENCE_DBFS
        row += np.bincount(np.clip(level, 0, len(row) - 1).astype(np.intp), minlength=len(row))

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
        """Frames in which any channel's value is not zero. Narrow frames are looked at as one number each."""
        width = values.itemsize * self._channels
        if width in (1, 2, 4, 8):
            whole = values.view(f"u{width}")
            return len(whole) if whole.min() else int(np.count_nonzero(whole))  # to look for a zero is much cheaper
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
