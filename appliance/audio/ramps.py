"""Loudness without clicks."""

import numpy as np
from numpy.typing import NDArray

RAMP = 0.02
"""Seconds that a change of loudness takes: short enough to feel at once, long enough not to click."""


def loudness(percent: int) -> float:
    """The factor for a volume in percent: its cube, as PulseAudio and PipeWire have it.

    Steps of the same size then sound equally big: 100 % is 0 dB, 50 % -18 dB, 10 % -60 dB, and 0 % is silence.
    """
    return (percent / 100) ** 3


State = tuple[float, float, int, int]
"""Where a gain is on its way."""


class Gain:
    """A factor that goes from one value to the next along half a cosine."""

    def __init__(self, value: float) -> None:
        self._from = self._to = value
        self._frames = 0
        self._done = 0

    @property
    def value(self) -> float:
        """The factor now."""
        if self._done >= self._frames:
            return self._to
        return self._from + (self._to - self._from) * (0.5 - 0.5 * float(np.cos(np.pi * self._done / self._frames)))

    def go_to(self, value: float, frames: int) -> None:
        """Be at `value` in `frames` frames."""
        self._from, self._to, self._frames, self._done = self.value, value, frames, 0

    @property
    def state(self) -> State:
        """Where it is on its way, to go back there."""
        return self._from, self._to, self._frames, self._done

    def go_back(self, state: State, frames: int) -> None:
        """Be where it was `frames` frames after that."""
        self._from, self._to, self._frames, done = state
        self._done = done + frames

    @property
    def steady(self) -> bool:
        """Whether the factor has arrived where it is to be."""
        return self._done >= self._frames

    def apply(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The block, shape (frames, channels), with the factor of each of its frames."""
        if self.steady:
            return block if self._to == 1.0 else block * np.float32(self._to)
        steps = np.arange(self._done + 1, self._done + 1 + len(block), dtype=np.float64) / self._frames
        curve = 0.5 - 0.5 * np.cos(np.pi * np.minimum(steps, 1.0))
        self._done += len(block)
        factors = np.where(steps >= 1.0, self._to, self._from + (self._to - self._from) * curve)
        return block * factors.astype(np.float32)[:, np.newaxis]
