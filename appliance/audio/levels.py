"""How loud a sound is, how much of it is clipped or digitally silent, and what that says about a recording."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.models import SILENCE_DBFS, AudioFormat, Levels, SampleFormat, Verdict

SILENT_PEAK_DBFS = -70.0
"""A clip that never gets louder than this comes from a dead or unplugged microphone."""

SILENT_SHARE = 0.99
"""So does a clip of which more than this share is digital zero."""

QUIET_PEAK_DBFS = -40.0
"""A clip that never gets as loud as this is too quiet to be understood."""

CLIPPED_SHARE = 0.001
"""A clip of which more than this share is at full scale is audibly distorted."""

_BATCH_BYTES = 1_048_576
"""Sound that waits to be measured at most."""

_FULL_SCALE = {SampleFormat.S16_LE: 2**15, SampleFormat.S24_3LE: 2**31, SampleFormat.S32_LE: 2**31}
_HIGHEST = {SampleFormat.S16_LE: 2**15 - 1, SampleFormat.S24_3LE: 2**31 - 256, SampleFormat.S32_LE: 2**31 - 256}


def verdict(levels: Levels, seconds: float, min_seconds: float) -> Verdict:
    """Judge a recording of `seconds`. The first that holds of: too short, silent, too quiet, clipping, ok."""
    if seconds < min_seconds:
        return Verdict.TOO_SHORT
    if levels.peak_dbfs <= SILENT_PEAK_DBFS or levels.silent > SILENT_SHARE:
        return Verdict.SILENT
    if levels.peak_dbfs < QUIET_PEAK_DBFS:
        return Verdict.TOO_QUIET
    return Verdict.CLIPPING if levels.clipped > CLIPPED_SHARE else Verdict.OK


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
        samples = self._samples(data)
        highest, lowest = int(samples.max()), int(samples.min())
        peak = max(highest, -lowest)
        scaled = samples.astype(np.float32)
        energy = float(np.dot(scaled, scaled))
        if highest >= self._highest or -lowest >= self._full_scale:
            self._clipped += self._frames_with((samples >= self._highest) | (samples == -self._full_scale))
        self._silent += frames - self._frames_with(samples)
        self._frames += frames
        self._stretch_frames += frames
        self._peak = max(self._peak, peak)
        self._stretch_peak = max(self._stretch_peak, peak)
        self._energy += energy
        self._stretch_energy += energy

    def _samples(self, data: bytes | memoryview) -> NDArray[Any]:
        if self._sample is SampleFormat.S16_LE:
            return np.frombuffer(data, "<i2")
        if self._sample is SampleFormat.S32_LE:
            return np.frombuffer(data, "<i4")
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return padded.reshape(-1).view("<i4")

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
        self._catch_up()
        if not self._frames:
            return Levels()
        return Levels(
            peak_dbfs=self._decibels(self._peak),
            rms_dbfs=self._decibels(self._rms(self._energy, self._frames)),
            clipped=self._clipped / self._frames,
            silent=self._silent / self._frames,
        )

    def _rms(self, energy: float, frames: int) -> float:
        return math.sqrt(energy / (frames * self._channels)) if frames else 0.0

    def _decibels(self, amplitude: float) -> float:
        if amplitude <= 0:
            return SILENCE_DBFS
        return round(max(SILENCE_DBFS, 20 * math.log10(amplitude / self._full_scale)), 2)
