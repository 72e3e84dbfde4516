"""Tells the moments of the day at which a message box may ring."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from appliance.clock import Clock
from appliance.events import BellDue
from appliance.loops import Loop
from appliance.vitals import Vitals

LOOK_EVERY = 60.0
"""Seconds between two looks at most: the clock may be set."""

_LIMIT = 120.0
_LATEST = timedelta(minutes=5)
"""A moment that is longer ago is over: the clock was set, or the box was busy with a start."""


class Bell:
    """Posts BellDue at `times`, each `HH:MM` of the local clock."""

    def __init__(self, times: Sequence[str], clock: Clock, post: Callable[[BellDue], None], vitals: Vitals) -> None:
        self._times = times
        self._clock = clock
        self._post = post
        self._looked = self._now()
        self._loop = Loop("bell", self._look, LOOK_EVERY, _LIMIT, clock, vitals)
        self.start = self._loop.start
        self.close = self._loop.close

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall_ns() / 1e9)

    def _look(self) -> float:
        now, before = self._now(), self._looked
        self._looked = now
        moments = [
            datetime.combine(day, datetime.strptime(time, "%H:%M").time())
            for day in (now.date(), now.date() + timedelta(days=1))
            for time in self._times
        ]
        if any(max(before, now - _LATEST) < moment <= now for moment in moments):
            self._post(BellDue())
        return min((LOOK_EVERY, *((moment - now).total_seconds() for moment in moments if moment > now)))
