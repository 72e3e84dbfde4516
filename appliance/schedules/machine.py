"""Records while a schedule is on: a pure machine beside the table, whose output is commands."""

from collections.abc import Callable
from math import inf

from attrs import evolve, field

from appliance import events
from appliance.events import Command
from appliance.listed import OpenWindow
from appliance.machine import Input, Recorder
from appliance.status import Status
from appliance.values import frozen

PAUSE = 30.0
"""Seconds after which a take that could not begin, or failed, is asked for again."""

_ENDS = (events.RecordStop, events.RecordToggle, events.RecordDiscard)
"""What ends a take because somebody wants it."""

_MAY_HELP = (events.FaultCleared, events.StorageFree, events.ScheduleChanged)
"""After these, what failed may go well."""


@frozen
class Scheduled:
    """Begins a take as a window opens, and ends that very take once none is open.

    A take that a person began is never ended. Where she ends one of the schedule's, it stays so until another window
    opens. While hers is in progress nothing is begun; afterwards the rest of the window is recorded. What fails is
    begun anew.
    """

    now: Callable[[], float] = field(eq=False)
    """CLOCK_MONOTONIC in seconds."""
    open: tuple[OpenWindow, ...] = ()
    asked: events.RecordStart | None = None
    """What was asked for and is neither followed nor refused yet."""
    take: str | None = None
    """The take that it began, and that is in progress."""
    ended: bool = False
    """Whether a person ended it, so that the windows that are open do not count."""
    not_before: float = -inf
    """When a take that failed may be asked for again."""

    def react(self, input: Input, status: Status) -> tuple["Scheduled", tuple[Command, ...]]:
        """What it becomes after `input`, and what it asks for."""
        if not (self.open or self.take or self.asked or isinstance(input, events.ScheduleChanged)):
            return self, ()
        noted = self._noted(input, status)
        if not noted.open:
            if noted.take is None:
                return noted, ()
            at = input.at if isinstance(input, events.ScheduleChanged) else noted.now()
            return evolve(noted, take=None), (events.RecordStop(at, noted.take),)
        wanted = not (noted.ended or noted.asked or noted.take) and status.recorder is Recorder.IDLE
        if not wanted or noted.now() < noted.not_before:
            return noted, ()
        start = events.RecordStart(noted.now(), min(noted.open, key=lambda window: window.begin).wishes)
        return evolve(noted, asked=start), (start,)

    def _noted(self, input: Input, status: Status) -> "Scheduled":
        noted = evolve(self, not_before=-inf) if isinstance(input, _MAY_HELP) else self
        match input:
            case events.ScheduleChanged():
                opened = any(window not in self.open for window in input.open)
                noted = evolve(noted, open=input.open, ended=noted.ended and not opened)
            case events.RecordStart() if input is self.asked:
                return evolve(noted, asked=None, take=status.take_id)
            case events.CommandRefused() if input.refuses(self.asked):
                return evolve(noted, asked=None, not_before=self.now() + PAUSE)
            case events.TakeFailed() if input.take_id == self.take:
                noted = evolve(noted, not_before=self.now() + PAUSE)
        if noted.take and status.recorder is Recorder.IDLE:
            return evolve(noted, take=None, ended=isinstance(input, _ENDS))
        return noted
