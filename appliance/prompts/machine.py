"""What the box says when: a pure machine beside the table, whose output is commands.

Nothing is said while a message plays or a take is in progress, but that it is, and that its time is nearly up: what
cannot be said now is not said later. While a handset is off the hook its flow alone says something.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve, field

from appliance import events
from appliance.circumstances import by_guest
from appliance.config.prompts import INTO_TAKES, Prompt
from appliance.machine import Input, Player, Recorder
from appliance.models import Verdict
from appliance.status import Status
from appliance.values import frozen

_MOST_WAITING = 3
_BY_NAME = "prompt-"


@frozen
class Prompts:
    """Says what happens, one after the other."""

    sounds: Mapping[Prompt, Path]
    waiting: tuple[Prompt, ...] = ()
    saying: str | None = None
    serial: int = 0
    faults: frozenset[tuple[str, str]] = frozenset()
    given: Mapping[str, Path] = field(factory=dict)
    """What somebody gave the box to say, which counts first."""

    def react(self, input: Input, status: Status) -> tuple["Prompts", tuple[Input, ...]]:
        """See `Reaction`."""
        if isinstance(input, events.SoundsChanged):
            return evolve(self, given=input.sounds), ()
        faults = frozenset((fault.name, fault.owner) for fault in status.faults)
        fault = (Prompt.FAULT,) if faults - self.faults else ()
        happened = (*_happened(input, status), *fault)
        saying = None if _ends(input) == self.saying else self.saying
        wanted = tuple(prompt for prompt in happened if self._sound(prompt) and prompt not in self.waiting)
        waiting = tuple(filter(_allowed(status), () if status.lifted else (*self.waiting, *wanted)))[:_MOST_WAITING]
        now = evolve(self, faults=faults, saying=saying, waiting=waiting)
        if saying or not waiting:
            return now, ()
        prompt, name = waiting[0], f"{_BY_NAME}{self.serial}"
        sound = self._sound(prompt)
        if sound is None:  # it was taken away meanwhile
            return evolve(now, waiting=waiting[1:]), ()
        say = events.Say(sound, prompt, None, name)
        return evolve(now, waiting=waiting[1:], saying=name, serial=self.serial + 1), (say,)

    def _sound(self, prompt: Prompt) -> Path | None:
        return self.given.get(prompt) or self.sounds.get(prompt)


def _ends(input: Input) -> str | None:
    """What is not said any more."""
    match input:
        case events.Said():
            return input.say_id
        case events.CommandRefused():
            return input.playback_id
    return None


def _allowed(status: Status) -> Callable[[Prompt], bool]:
    """What may be said as the box is."""
    if status.player is not Player.STOPPED:
        return lambda _: False
    if status.recorder is Recorder.IDLE:
        return lambda prompt: prompt not in (Prompt.PAUSED, *INTO_TAKES)
    in_take = (Prompt.PAUSED,) if status.recorder is Recorder.PAUSED else INTO_TAKES
    return lambda prompt: prompt in in_take


def _happened(input: Input, status: Status) -> tuple[Prompt, ...]:
    """What there is to say about it, beside a fault."""
    match input:
        case events.ApplianceReady():
            return (Prompt.READY,)
        case events.TakeStarted() | events.TakeResumed():
            return (Prompt.RECORDING,)
        case events.TakePaused():
            return (Prompt.PAUSED,)
        case events.TakeNearlyUp():
            return (Prompt.TIME_IS_NEARLY_UP,)
        case events.RecordStop() | events.RecordToggle() | events.TakeSealed() if status.recorder is Recorder.IDLE:
            by_itself = not isinstance(input, events.TakeSealed) or input.clip.cut
            return (Prompt.STOPPED,) if by_itself else ()
        case events.ClipFinished() if not (input.clip.recovered or by_guest(input.clip.begun)):
            return (Prompt.TOO_SHORT if input.verdict is Verdict.TOO_SHORT else Prompt.SAVED,)
        case events.DeliverySucceeded():
            return (Prompt.DELIVERED,)
        case events.TrackArrived():
            return (Prompt.NEW_MESSAGE,)
        case events.StorageNearlyFull():
            return (Prompt.CARD_NEARLY_FULL,)
    return ()
