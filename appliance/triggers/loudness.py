"""How loud each hundredth of a second of a sound is, in a band of frequencies or over all of them.

Levels are dBFS: 20 log10 of the RMS over full scale, -3.01 for a sine wave at full scale. Over all frequencies it is
the RMS about the mean, so that an offset is nothing. In a band it is the sum of the periodogram: with a Hann window w
over the N frames of two hops, and X their discrete Fourier transform, the power is 2 * sum |X_k|^2 / (N * sum w^2)
over the frequencies k in the band, apart from those at 0 and at half the rate (P. D. Welch, IEEE Trans. Audio AU-15,
1967; G. Heinzel et al., Spectrum and spectral density estimation by the DFT, 2002). A level so tells of the hop that
lies in the middle of its window, and what lies outside the band by 200 Hz or more is damped by 30 dB at least.
"""

import math

import numpy as np
from numpy.typing import NDArray

from appliance.models import SILENCE_DBFS, AudioFormat
from appliance.pcm import to_float

HOPS = 100
"""Levels in a second."""

_LEAST = 10 ** (SILENCE_DBFS / 10)


class Loudness:
    """Measures sound as it passes. What is left over from one block is measured with the next."""

    def __init__(self, format: AudioFormat, low: int | None, high: int | None) -> None:
        """`low` and `high` are hertz; None where the band has no such end."""
        self._format = format
        self.hop = max(2, format.rate // HOPS)
        """Frames of a hop."""
        self._in_band = low is not None or high is not None
        self._waiting = np.zeros((0, format.channels), np.float32)
        if self._in_band:
            count = 2 * self.hop
            window = 0.5 - 0.5 * np.cos(2 * math.pi * np.arange(count) / count)
            self._window = window.astype(np.float32)
            first = max(1, math.ceil((low or 0) * count / format.rate))
            last = min(self.hop - 1, math.floor((high or format.rate) * count / format.rate))
            self._bins = slice(first, max(first, last) + 1)
            self._scale = 2 / (count * float(np.sum(window**2)))

    @property
    def left(self) -> float:
        """How many frames lie between the end of the last hop that was measured and the end of the sound."""
        return len(self._waiting) - (self.hop / 2 if self._in_band else 0)

    def add(self, data: bytes | memoryview) -> NDArray[np.float64]:
        """The levels of the hops that are whole now, of the loudest channel each, in the order of time."""
        sound = np.concatenate((self._waiting, to_float(data, self._format)))
        power = self._of_band(sound) if self._in_band else self._of_all(sound)
        self._waiting = sound[len(power) * self.hop :]
        levels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, _LEAST))
        return levels

    def _of_all(self, sound: NDArray[np.float32]) -> NDArray[np.float64]:
        count = len(sound) // self.hop
        hops = sound[: count * self.hop].reshape(count, self.hop, sound.shape[1])
        power: NDArray[np.float64] = hops.var(axis=1, dtype=np.float64).max(axis=1)
        return power

    def _of_band(self, sound: NDArray[np.float32]) -> NDArray[np.float64]:
        count = max(0, len(sound) // self.hop - 1)
        windows = np.lib.stride_tricks.sliding_window_view(sound, 2 * self.hop, axis=0)[:: self.hop] if count else ()
        if not count:
            return np.zeros(0)
        spectrum = np.fft.rfft(windows[:count] * self._window, axis=-1)[..., self._bins]
        power: NDArray[np.float64] = (spectrum.real**2 + spectrum.imag**2).sum(axis=-1).max(axis=1) * self._scale
        return power
