"""Wakes the flow at the moment that it waits for."""

from collections.abc import Callable

from appliance.clock import Clock
from appliance.events import FlowDue
from appliance.loops import Loop
from appliance.vitals import Vitals

_LIMIT = 10.0
_EVERY = 3600.0


class Alarm:
    """Posts FlowDue at the moment that was asked for last. `at` returns at once."""

    def __init__(self, post: Callable[[FlowDue], None], clock: Clock, vitals: Vitals) -> None:
        self._post = post
        self._clock = clock
        self._moment: float | None = None
        self._loop = Loop("flow", self._look, _EVERY, _LIMIT, clock, vitals)
        self._started = False
        self.close = self._loop.close

    def at(self, moment: float) -> None:
        """Let it be then: CLOCK_MONOTONIC seconds. Only one thread may ask."""
        self._moment = moment
        if self._started:
            self._loop.wake()
        else:  # most boxes never wait for anything
            self._started = True
            self._loop.start()

    def _look(self) -> float | None:
        moment = self._moment
        if moment is None:
            return None
        left = moment - self._clock.monotonic()
        if left > 0:
            return left
        if self._moment == moment:
            self._moment = None
        self._post(FlowDue(moment))
        return None
