"""Speech faster or slower at its own pitch.

WSOLA: stretches of the sound are set one behind the other, each where it fits the one before best. Source: W. Verhelst
and M. Roelands, An overlap-add technique based on waveform similarity (WSOLA), ICASSP 1993. Most of a stretch is copied
as it is, and only its beginning fades in, as O. Parviainen's SoundTouch does it: so fewer fits are looked for.
"""

import numpy as np
from numpy.typing import NDArray

from appliance.audio.samples import Block, joined

_HOP = 0.04
"""Seconds that one stretch lasts: less than the shortest sounds of speech, at twice the speed too."""
_FADE = 0.012
"""Seconds of it that fade in over the one before, by which the fit is judged: a period of a deep voice."""
_REACH = 0.012
"""Seconds around its place in which the best fit is looked for: a period of the deepest one."""
_COARSE = 8_000
"""Frames per second at which it is looked for first."""
_MIDDLE = 0.02
"""How much less alike the middle may be than what is furthest from it, and be taken."""


class Tempo:
    """A stream of frames at `factor` times its speed, which may change at any moment. At 1 no sample changes."""

    def __init__(self, rate: int, channels: int, factor: float = 1.0) -> None:
        self.factor = factor
        self._channels = channels
        self._step = max(1, rate // _COARSE)
        self._hop = max(2, round(_HOP * rate))
        self._span = max(1, round(_FADE * rate / self._step))
        """Coarse frames that fade."""
        self._fade = self._span * self._step
        self._around = max(1, round(_REACH * rate / self._step))
        """Coarse frames that a fit may be off."""
        self._reach = (self._around + 2) * self._step
        rising = 0.5 - 0.5 * np.cos(np.pi * (np.arange(self._fade) + 0.5) / self._fade)
        self._rising = np.repeat(rising.astype(np.float32)[:, np.newaxis], channels, axis=1)
        self._all = np.ones(channels, np.float32)
        self._middle = (_MIDDLE * (1 - np.linspace(-1, 1, 2 * self._around + 1) ** 2)).astype(np.float32)
        self._kept: Block = np.empty((0, channels), np.float32)
        self._coarse: NDArray[np.float32] = np.empty(0, np.float32)
        """The whole coarse frames of `_kept`."""
        self._following = 0
        """Where in `_kept` the sound would go on by itself."""
        self._place = 0.0
        """Where in `_kept` it should go on, by the speed."""

    @property
    def pending(self) -> int:
        """Frames that were put in and have not come out yet."""
        return max(0, len(self._kept) - round(self._place))

    @property
    def margin(self) -> int:
        """Frames that have to be there beyond what is to come out at most."""
        return self._hop + self._reach

    def put(self, block: Block) -> Block:
        """What sounds now that `block`, shape (frames, channels), has come too."""
        self._kept = joined(self._kept, block)
        if self.factor == 1.0:
            pieces = [self._as_it_is()]
        else:
            self._coarsen()
            pieces = self._stretched()
        self._forget()
        return joined(*pieces) if pieces else self._kept[:0]

    def finish(self) -> Block:
        """What is left; at another speed than 1 it fades out. Nothing can be put in behind it."""
        left = round(self.pending / self.factor)
        frames = 4 * self.margin + len(self._kept)
        rest = self.put(np.zeros((frames, self._channels), self._kept.dtype))
        if self.factor == 1.0:
            return rest[:left]
        rest = rest[: left + self._fade]
        fading = min(self._fade, len(rest))
        falling = self._rising[::-1][:fading]
        return joined(rest[: len(rest) - fading], (rest[len(rest) - fading :] * falling).astype(rest.dtype))

    def _as_it_is(self) -> Block:
        """All that goes on by itself."""
        end = max(self._following, len(self._kept) - self._reach)
        found = self._kept[self._following : end]
        self._following = end
        self._place = float(end)
        return found

    def _stretched(self) -> list[Block]:
        """As many stretches as there is enough for."""
        pieces: list[Block] = []
        if (last := len(self._kept) - self.margin) < max(self._following, self._place):
            return pieces
        quiet = _inverse_loudness(self._coarse, self._span)
        while max(self._following, round(self._place)) <= last:
            by_itself = self._kept[self._following : self._following + self._fade]
            at = self._best_fit(self._following, quiet)
            pieces += [self._faded(by_itself, self._kept[at : at + self._fade])]
            pieces += [self._kept[at + self._fade : at + self._hop]]
            self._following = at + self._hop
            self._place += self._hop * self.factor
        return pieces

    def _faded(self, ending: Block, beginning: Block) -> Block:
        """From one into the other."""
        mixed = (beginning - ending.astype(np.float32)) * self._rising + ending
        return np.rint(mixed).astype(np.int16) if ending.dtype == np.int16 else mixed

    def _best_fit(self, following: int, quiet: NDArray[np.float32]) -> int:
        """Where the sound is most like what follows there, around the place where it should go on."""
        step, span = self._step, self._span
        begin, shift = divmod(following, step)
        middle = round((self._place - shift) / step)
        first = max(0, middle - self._around)
        last = middle + self._around
        alike = np.correlate(self._coarse[first : last + span], self._coarse[begin : begin + span])
        alike *= quiet[first : last + 1] * quiet[begin]
        alike += self._middle[first - middle + self._around :]
        near = (first + int(alike.argmax())) * step + shift
        if step == 1:
            return near
        lowest = max(0, near - step)
        around = self._mono(lowest, near + step + self._fade)
        wanted = self._mono(following, following + self._fade)
        # the least square of the difference: |a - w|^2 = |a|^2 + |w|^2 - 2aw, and |w| is always the same
        energy = np.square(around[self._fade :]) - np.square(around[: -self._fade])
        products = np.correlate(around, wanted)
        products[1:] -= np.cumsum(energy)[: len(products) - 1] / 2
        return lowest + int(products.argmax())

    def _mono(self, begin: int, end: int) -> NDArray[np.float32]:
        """The channels together, as loud as they are."""
        part = self._kept[begin:end].astype(np.float32, copy=False)
        together: NDArray[np.float32] = part[:, 0] if self._channels == 1 else part @ self._all
        return together

    def _coarsen(self) -> None:
        """Make coarse frames of what has come: the mean of all samples in each."""
        done, whole = len(self._coarse), len(self._kept) // self._step
        if whole > done:
            new = self._kept[done * self._step : whole * self._step].reshape(whole - done, -1)
            scale = 1 / new.shape[1] / (32_768 if new.dtype == np.int16 else 1)
            means = new.astype(np.float32, copy=False) @ np.full(new.shape[1], scale, np.float32)
            self._coarse = np.concatenate((self._coarse, means))

    def _forget(self) -> None:
        """Let go of what is needed no more, in whole coarse frames."""
        steps = max(0, min(self._following, round(self._place) - self._reach)) // self._step
        gone = steps * self._step
        self._kept = self._kept[gone:]
        self._coarse = self._coarse[steps:]
        self._following -= gone
        self._place -= gone


def _inverse_loudness(sound: NDArray[np.float32], span: int) -> NDArray[np.float32]:
    """For each stretch of so many frames the inverse of the square root of its energy."""
    energy = np.cumsum(np.concatenate(([0.0], np.square(sound, dtype=np.float64))))
    inverse = 1 / np.sqrt(np.maximum(energy[span:] - energy[:-span], 0) + 1e-9)
    found: NDArray[np.float32] = inverse.astype(np.float32)
    return found
