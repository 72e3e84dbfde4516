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
from appliance.pcm import integers

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
        self._waiting = np.zeros((format.channels, 0), np.float32)
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
        return self._waiting.shape[1] - (self.hop / 2 if self._in_band else 0)

    def add(self, data: bytes | memoryview) -> NDArray[np.float64]:
        """The levels of the hops that are whole now, of the loudest channel each, in the order of time."""
        samples = integers(data, self._format.sample)
        fresh = samples.reshape(-1, self._format.channels).T
        sound = np.concatenate((self._waiting, fresh), axis=1, dtype=np.float32)
        power = self._of_band(sound) if self._in_band else self._of_all(sound)
        self._waiting = sound[:, power.shape[1] * self.hop :].copy()
        loudest: NDArray[np.float64] = power.max(axis=0) / 2.0 ** (16 * samples.itemsize - 2)
        return 10 * np.log10(np.maximum(loudest, _LEAST))

    def _of_all(self, sound: NDArray[np.float32]) -> NDArray[np.float64]:
        """Powers of the hops, channel by channel."""
        count = sound.shape[1] // self.hop
        hops = sound[:, : count * self.hop].reshape(len(sound), count, self.hop)
        hops = hops - hops.mean(axis=2, keepdims=True)
        power: NDArray[np.float64] = np.einsum("ijk,ijk->ij", hops, hops).astype(np.float64) / self.hop
        return power

    def _of_band(self, sound: NDArray[np.float32]) -> NDArray[np.float64]:
        count = max(0, sound.shape[1] // self.hop - 1)
        if not count:
            return np.zeros((len(sound), 0))
        windows = np.lib.stride_tricks.sliding_window_view(sound, 2 * self.hop, axis=1)[
            :, : count * self.hop : self.hop
        ]
        spectrum = np.fft.rfft(windows * self._window)[..., self._bins]
        power: NDArray[np.float64] = (spectrum.real**2 + spectrum.imag**2).sum(axis=2, dtype=np.float64) * self._scale
        return power
