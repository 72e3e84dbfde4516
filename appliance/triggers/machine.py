"""Records while a trigger hears something: a pure machine beside the table, whose output is commands."""

from collections.abc import Callable
from math import inf

from attrs import evolve, field

from appliance import events
from appliance.events import Command
from appliance.listed import HeardSound
from appliance.machine import Input, Player, Recorder
from appliance.status import Status
from appliance.values import frozen

PAUSE = 30.0
"""Seconds after which a take that could not begin, or failed, is asked for again."""

_ENDS = (events.RecordStop, events.RecordToggle, events.RecordDiscard)
"""What ends a take because somebody wants it."""

_TAKES_OVER = (events.RecordPause, events.RecordResume, events.RecordPauseToggle)
"""By these a person makes the take her own."""


@frozen
class Triggered:
    """Begins a take where a trigger hears something, and ends that very take once none does.

    A take that anybody else began is never ended, and no sound is in two takes: its own begins after the last one
    has ended. What a person ends stays so until something else is heard. Where she wants to begin one while one of its
    own is in progress, or pauses that, it is hers from then on. While something plays nothing is begun.
    """

    now: Callable[[], float] = field(eq=False)
    """CLOCK_MONOTONIC in seconds."""
    heard: tuple[HeardSound, ...] = ()
    quiet_at: float = -inf
    """When the last sound was over."""
    asked: events.RecordStart | None = None
    """What was asked for and is neither followed nor refused yet."""
    take: str | None = None
    """The take that it began, and that is in progress."""
    begun: float = -inf
    """When that began."""
    stopping: events.RecordStop | None = None
    """By what it ended its last take."""
    busy: bool = False
    """Whether a take is in progress, whoever began it."""
    free_from: float = -inf
    """When the last take ended."""
    ended: bool = False
    """Whether a person ended it, so that what is heard does not count."""
    not_before: float = -inf
    """When a take that failed may be asked for again."""

    def react(self, input: Input, status: Status) -> tuple["Triggered", tuple[Command, ...]]:
        """What it becomes after `input`, and what it asks for."""
        noted = self._noted(input, status)
        if not noted.heard:
            if noted.take is None:
                return noted, ()
            stop = events.RecordStop(max(noted.quiet_at, noted.begun), noted.take)
            return evolve(noted, take=None, stopping=stop), (stop,)
        free = status.recorder is Recorder.IDLE and status.player is Player.STOPPED
        if noted.ended or noted.asked or noted.take or not free or noted.now() < noted.not_before:
            return noted, ()
        first = min(noted.heard, key=lambda sound: sound.begin)
        start = events.RecordStart(max(first.begin, noted.free_from), first.wishes)
        return evolve(noted, asked=start), (start,)

    def _noted(self, input: Input, status: Status) -> "Triggered":
        noted = self
        match input:
            case events.TriggerChanged():
                another = any(sound not in self.heard for sound in input.heard)
                ended = noted.ended and bool(input.heard) and not another
                quiet_at = noted.quiet_at if input.heard else input.at
                noted = evolve(noted, heard=input.heard, ended=ended, quiet_at=quiet_at)
            case events.RecordStart() if input is self.asked:
                return evolve(noted, asked=None, take=status.take_id, begun=input.at, busy=True)
            case events.CommandRefused() if input.refuses(self.asked):
                return evolve(noted, asked=None, not_before=self.now() + PAUSE)
            case events.CommandRefused(command=events.RecordStart.__name__) if self.take:
                return evolve(noted, take=None)
            case events.TakeFailed() if self.take and status.recorder is Recorder.IDLE:
                noted = evolve(noted, not_before=self.now() + PAUSE)
            case events.FaultCleared() | events.StorageFree():
                noted = evolve(noted, not_before=-inf) if noted.not_before > -inf else noted
        if noted.take and isinstance(input, _TAKES_OVER):
            noted = evolve(noted, take=None)
        idle = status.recorder is Recorder.IDLE
        if noted.busy is not idle:
            return noted
        if not idle:
            return evolve(noted, busy=True)
        free_from = input.at if isinstance(input, events.Timed) else noted.now()
        ended = bool(noted.heard) and isinstance(input, _ENDS) and input is not noted.stopping
        return evolve(noted, busy=False, take=None, free_from=free_from, ended=ended or noted.ended)
