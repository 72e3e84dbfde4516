"""Listens to a take for whether anything is heard at all: see `activity` for what that means."""

from collections import deque

import numpy as np

from appliance.audio.activity import ACTIVE_SECONDS, NO_TALLY, Tally, active_share
from appliance.audio.levels import CLIPPED_SHARE, Meter

_LOOKS = 4
"""Looks within the time after which silence is to be told."""


class Vigil:
    """Tells once a take has heard nothing but silence, a steady noise or clipping for `seconds`.

    It counts the sound of the take, over all its parts: pauses are none. One thread uses it.
    """

    def __init__(self, seconds: float, rate: int) -> None:
        self._rate = rate
        self._wanted = round(seconds * rate)
        self._every = self._wanted // _LOOKS
        self._meter: Meter | None = None
        self._before = NO_TALLY
        self._heard: deque[Tally] = deque()
        self._frames = 0

    def due(self, meter: Meter) -> bool:
        """Whether `hopeless` has more to look at than before."""
        return meter is not self._meter or meter.frames - self._before.frames >= self._every

    def hopeless(self, meter: Meter) -> bool:
        """Whether nothing that a person wants has come of late, by what `meter` has measured."""
        if self._meter and meter is not self._meter:
            self._take_in(self._meter)
        if meter is not self._meter:
            self._meter, self._before = meter, NO_TALLY
        self._take_in(meter)
        if self._frames < self._wanted:
            return False
        clear = [tally for tally in self._heard if tally.clipped <= CLIPPED_SHARE * tally.frames]
        blocks = np.sum([tally.blocks for tally in clear] or [NO_TALLY.blocks], axis=0)
        seconds = sum(tally.frames for tally in clear) / self._rate
        return active_share(blocks) * seconds < ACTIVE_SECONDS

    def _take_in(self, meter: Meter) -> None:
        tally = meter.tally()
        self._heard.append(tally.since(self._before))
        self._before = tally
        self._frames += self._heard[-1].frames
        while self._frames - self._heard[0].frames >= self._wanted:
            self._frames -= self._heard.popleft().frames
