"""One channel of two that heard the same microphone, the second less loud: where the first is clipped, the second."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from appliance.audio.biquads import Sound
from appliance.values import frozen

SAFETY = "safety"
"""What a recipe calls that channel."""

_CLIPPED = 0.99
_AUDIBLE = 0.01
"""Full scale is 1: what is above one is clipped, and what is above the other is loud enough to compare channels by."""

_FADE = 0.002
"""Seconds that it takes to go from one to the other, before and after what is clipped."""

_LIKE = 0.95
"""How alike two channels of the same sound are at least: the cosine between them."""


@frozen
class Safety:
    """How one channel mends the other. Without a `ratio` of their loudness it does not: they are not the same sound."""

    ratio: float | None
    margin: int
    """Frames before and after a stretch by which it is decided what becomes of it."""

    @classmethod
    def of(cls, blocks: Iterable[Sound], rate: int) -> "Safety":
        """By all blocks of a sound: how much less loud the second is, is told by what is clipped in neither."""
        return cls(_ratio(blocks), max(1, round(_FADE * rate)))

    def mend(self, sound: Sound) -> Sound:
        """One channel of the two; it may be beyond full scale."""
        if self.ratio is None:
            return sound[:, :1]
        left, right = sound[:, 0], sound[:, 1] * self.ratio
        share = _share(np.abs(left) >= _CLIPPED, self.margin)
        mended: Sound = (left * (1 - share) + right * share)[:, None]
        return mended


def _ratio(blocks: Iterable[Sound]) -> float | None:
    """How many times louder the first channel is; None where the two are not the same sound."""
    first = second = both = 0.0
    for block in blocks:
        if block.shape[1] != 2:
            return None
        level = np.abs(block).max(axis=1)
        clear = block[(level < _CLIPPED) & (level > _AUDIBLE)]
        first += float((clear[:, 0] ** 2).sum())
        second += float((clear[:, 1] ** 2).sum())
        both += float((clear[:, 0] * clear[:, 1]).sum())
    if second <= 0 or both < _LIKE * (first * second) ** 0.5:
        return None
    return both / second


def _share(clipped: NDArray[np.bool_], fade: int) -> NDArray[np.float64]:
    """How much of the second there is in each frame: all where the first is clipped, less and less beside that."""
    at = np.flatnonzero(clipped)
    if not len(at):
        return np.zeros(len(clipped))
    frames = np.arange(len(clipped))
    after = np.searchsorted(at, frames)
    to_next = np.where(after < len(at), at[np.minimum(after, len(at) - 1)] - frames, len(clipped) + fade)
    to_last = np.where(after > 0, frames - at[np.maximum(after - 1, 0)], len(clipped) + fade)
    share: NDArray[np.float64] = np.clip(1 - np.minimum(to_next, to_last) / fade, 0.0, 1.0)
    return share
