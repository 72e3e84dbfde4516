"""Speech faster or slower at its own pitch.

WSOLA: stretches of the sound are set one behind the other, each where it fits the one before best. Source: W. Verhelst
and M. Roelands, An overlap-add technique based on waveform similarity (WSOLA), ICASSP 1993.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_HOP = 0.02
"""Seconds that one stretch lasts, and fades into the next: some periods of the deepest voice."""
_REACH = 0.012
"""Seconds around its place in which the best fit is looked for: a period of that voice."""
_COARSE = 8_000
"""Frames per second at which it is looked for first."""


class Tempo:
    """A stream of frames at `factor` times its speed, which may change at any moment. At 1 no sample changes."""

    def __init__(self, rate: int, channels: int, factor: float = 1.0) -> None:
        self.factor = factor
        self._hop = max(2, round(_HOP * rate))
        self._reach = round(_REACH * rate)
        self._step = max(1, rate // _COARSE)
        rising = 0.5 - 0.5 * np.cos(np.pi * (np.arange(self._hop) + 0.5) / self._hop)
        self._rising = rising.astype(np.float32)[:, np.newaxis]
        self._kept: Samples = np.empty((0, channels), np.float32)
        self._following = 0
        """Where in `_kept` the sound would go on by itself."""
        self._place = 0.0
        """Where in `_kept` it should go on, by the speed."""

    @property
    def pending(self) -> int:
        """Frames that were put in and have not come out yet."""
        return max(0, len(self._kept) - round(self._place))

    def put(self, block: Samples) -> Samples:
        """What sounds now that `block`, shape (frames, channels), has come too."""
        self._kept = np.concatenate((self._kept, block))
        pieces = []
        while max(self._following, round(self._place) + self._reach) + self._hop <= len(self._kept):
            pieces.append(self._next())
            self._forget()
        return np.concatenate(pieces) if pieces else self._kept[:0]

    def finish(self) -> Samples:
        """What is left; at another speed than 1 it fades out. Nothing can be put in behind it."""
        left = round(self.pending / self.factor)
        rest = self.put(np.zeros((4 * (self._hop + self._reach) + len(self._kept), self._kept.shape[1]), np.float32))
        if self.factor == 1.0:
            return rest[:left]
        rest = rest[: left + self._hop]
        fading = min(self._hop, len(rest))
        rest[len(rest) - fading :] *= self._rising[::-1][:fading]
        return rest

    def _next(self) -> Samples:
        by_itself = self._kept[self._following : self._following + self._hop]
        if self.factor == 1.0:
            self._following += self._hop
            self._place = float(self._following)
            return by_itself
        at = self._best_fit(by_itself)
        found = self._kept[at : at + self._hop]
        self._following = at + self._hop
        self._place += self._hop * self.factor
        return by_itself + (found - by_itself) * self._rising

    def _best_fit(self, wanted: Samples) -> int:
        """Where the sound is most like `wanted`, around the place where it should go on."""
        first = max(0, round(self._place) - self._reach)
        last = round(self._place) + self._reach
        around = self._kept[first : last + self._hop].mean(axis=1)
        alike = wanted.mean(axis=1)
        coarse = int(_likeness(around[:: self._step], alike[:: self._step]).argmax()) * self._step
        near = max(0, coarse - self._step)
        far = min(last - first, coarse + self._step)
        return first + near + int(_likeness(around[near : far + len(alike)], alike).argmax())

    def _forget(self) -> None:
        gone = max(0, min(self._following, round(self._place) - self._reach))
        self._kept = self._kept[gone:]
        self._following -= gone
        self._place -= gone


def _likeness(around: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """How like `wanted` each stretch of its length in `around` is: the correlation over the energy of the stretch."""
    products = np.correlate(around, wanted, "valid")
    energy = np.cumsum(np.concatenate(([0.0], np.square(around, dtype=np.float64))))
    energies = np.maximum(energy[len(wanted) :] - energy[: -len(wanted)], 0)
    likeness: NDArray[np.float32] = products / np.sqrt(energies + 1e-9)
    return likeness
