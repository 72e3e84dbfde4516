"""A sound that is found again in whatever a microphone hears: a chirp, and its matched filter."""

import math
from typing import TYPE_CHECKING, Any

from appliance.values import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SECONDS = 0.5
LOWEST, HIGHEST = 300.0, 5000.0
"""Hz: what small speakers can do, and no mains hum."""

CERTAIN = 20.0
"""How far, in robust standard deviations of the filter's answer, a chirp stands out at least. Noise alone stays below 6
and speech below 13; a chirp at -50 dB, hidden in speech or in an echoing room, reaches 25."""

LEAST_LIKENESS = 0.005
"""The correlation coefficient of a chirp and where it was found, at least: artificial sounds may stand out, too."""

_SMOOTHED = 101
_FADE = 0.05


@frozen
class Echo:
    """A chirp that was found: the frame at which it begins, and its amplitude as a share of the one looked for."""

    frame: int
    gain: float

    @property
    def decibels(self) -> float:
        """The gain in dB."""
        return 20 * math.log10(self.gain)


def chirp(rate: int) -> "Floats":
    """A linear sweep of full scale, shape (frames, 1), that swells and fades without a click."""
    import numpy as np

    time = np.arange(round(SECONDS * rate)) / rate
    highest = min(HIGHEST, 0.4 * rate)
    phase = 2 * np.pi * (LOWEST * time + (highest - LOWEST) / (2 * SECONDS) * time**2)
    edge = np.clip(np.minimum(time, SECONDS - time) / 0.02, 0, 1)
    swept: Floats = (np.sin(phase) * np.sin(edge * np.pi / 2) ** 2).astype(np.float32)[:, np.newaxis]
    return swept


def find(sound: "Floats", rate: int) -> Echo | None:
    """The loudest chirp in `sound`, shape (frames, channels), full scale 1.0; None where there is none for certain.

    The sound is whitened within the band of the chirp, so that a voice does not pass for one, and correlated with it.
    """
    echoes = [_find(sound[:, channel], chirp(rate)[:, 0], rate) for channel in range(sound.shape[1])]
    return max((echo for echo in echoes if echo), key=lambda echo: echo.gain, default=None)


def _find(sound: Any, wanted: Any, rate: int) -> Echo | None:
    import numpy as np

    lags = len(sound) - len(wanted) + 1
    if lags < 1 or not sound.any():
        return None
    size = 1 << (len(sound) - 1).bit_length()
    edge = np.arange(len(sound)) / (_FADE * rate)
    sound = sound * np.clip(np.minimum(edge, edge[::-1]), 0, 1)
    spectrum, reference = np.fft.rfft(sound, size), np.fft.rfft(wanted, size)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    in_band = (frequencies >= LOWEST) & (frequencies <= min(HIGHEST, 0.4 * rate))
    smooth = np.convolve(np.abs(spectrum), np.ones(_SMOOTHED) / _SMOOTHED, "same") + 1e-12
    answer = np.abs(np.fft.irfft(np.where(in_band, spectrum * reference.conj() / smooth, 0), size)[:lags])
    frame = int(answer.argmax())
    if answer[frame] < CERTAIN * np.median(answer) / 0.6745:
        return None
    heard = sound[frame : frame + len(wanted)]
    product, energy = abs(float(np.dot(heard, wanted))), float(np.dot(wanted, wanted))
    likeness = product / np.sqrt(energy * float(np.dot(heard, heard)) + 1e-12)
    return Echo(frame, product / energy) if likeness > LEAST_LIKENESS else None
