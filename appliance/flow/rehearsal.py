"""A new greeting, recorded on the box itself: lift, speak after the tone, hang up, lift and hear it, hang up.

It is a take like any other, and its clip goes nowhere. The greeting that there was stays until the new one was heard to
its end, or somebody keeps it by a word. One that nobody has decided about as the box ends waits in the next start, too.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from attrs import evolve

from appliance import events
from appliance.circumstances import GREETING_RECORD, Begun, Starter, Wishes
from appliance.config.prompts import Prompt
from appliance.flow.speaking import Outputs, Speaking, quiet
from appliance.flow.steps import PLAYER_HANGS, hangs
from appliance.machine import Input, Recorder
from appliance.models import Clip, Verdict
from appliance.status import Status
from appliance.values import frozen

PATIENCE = 120.0
"""Seconds within which somebody lifts the handset who wants to record a greeting."""

UNDECIDED = 600.0
"""Seconds that a new greeting waits to be heard."""

NO_GREETING = "there is no new greeting: record one by `greeting.record`"
IN_PROGRESS = "something is recorded already: stop that first, then ask for `greeting.record` again"

WISHES = Wishes(Begun(Starter.REQUEST, GREETING_RECORD, destinations=(), draft=True), {"title": "greeting"})

_BAD = (Verdict.TOO_SHORT, Verdict.SILENT)


class Part(StrEnum):
    """Where it is."""

    OFF = "off"
    AWAITED = "greeting_awaited"
    TONE = "greeting_tone"
    SPEAKING = "greeting_speaking"
    SAVING = "greeting_saving"
    DRAFT = "greeting_recorded"
    HEARING = "greeting_played"
    HEARD = "greeting_heard"


_IN_TAKE = (Part.SPEAKING, Part.SAVING)


@frozen
class Rehearsal(Speaking):
    """See the module. While it is not off, lifting and hanging up is about the new greeting alone."""

    voice: ClassVar[str] = "greeting"

    tone: Path
    sounds: Mapping[Prompt, Path]
    file: Callable[[str], Path]
    """The sound of the clip of that name."""
    part: Part = Part.OFF
    lifted: bool = False
    over: bool = False
    """Whether it ended while the handset was lifted, which still is."""
    due: float = 0.0
    """The moment at which it is given up."""
    asked: events.RecordStart | None = None
    """The take that was asked for, and about which the table has not decided yet."""
    take: str = ""
    draft: Clip | None = None
    unwanted: frozenset[str] = frozenset()
    """Takes that nobody waits for any more: what becomes a clip of them is thrown away."""
    keeps: bool = False
    """Whether somebody said already that it is to be kept."""

    @property
    def on(self) -> bool:
        """Whether the handset is for the new greeting."""
        return self.part is not Part.OFF

    def react(self, input: Input, status: Status) -> tuple["Rehearsal", Outputs]:
        """See `Reaction`."""
        following, outputs = self._heed(input, status)
        over = following.lifted and not following.on and (self.on or self.over)
        if following.part is not self.part or over is not self.over:
            step = following.part if following.on else "over" if following.lifted else "on_hook"
            following, outputs = evolve(following, over=over), (*outputs, events.FlowMoved(step))
        speaks = following.part is Part.SPEAKING and not following.asked
        return following._warned(outputs, speaks, following._sound(Prompt.FAULT), status)

    def _heed(self, input: Input, status: Status) -> tuple["Rehearsal", Outputs]:
        match input:
            case events.HandsetLift():
                return evolve(self, lifted=True)._lift(input.at, status)
            case events.HandsetHangUp():
                return evolve(self, lifted=False)._hang_up(input.at)
            case events.ApplianceReady() if self.part is Part.DRAFT:  # from before the start
                return self, (events.FlowWait(self.due), events.FlowMoved(self.part))
            case events.GreetingRecord():
                return self._anew(input.at, status)
            case events.GreetingKeep():
                return self._keep(input.at)
            case events.GreetingDiscard():
                return self._give_up() if self.on else (self, (events.NothingToPlay("", NO_GREETING),))
            case events.GreetingPlay() if self.part in (Part.HEARING, Part.HEARD):
                return self._hear()
            case events.ClipFinished() if input.clip.id in self.unwanted:
                return evolve(self, unwanted=self.unwanted - {input.clip.id}), (events.ClipDrop(input.clip.id),)
            case events.ClipDeleted() if self.draft and input.clip_id == self.draft.id:  # by a person, or it is kept
                return evolve(self, draft=None)._give_up()
            case events.TakeFailed() | events.TakeDiscarded() if input.take_id in self.unwanted:
                return evolve(self, unwanted=self.unwanted - {input.take_id}), ()
        return self._follow(input, status) if self.on else (self, ())

    def _follow(self, input: Input, status: Status) -> tuple["Rehearsal", Outputs]:
        match input:
            case events.FlowDue() if input.at == self.due and self.part in (Part.AWAITED, Part.DRAFT):
                return self._give_up()
            case events.Said() if input.say_id == self.says:
                return evolve(self, says=None)._said(input)
            case events.CommandRefused() if self.says and input.playback_id == self.says:
                return evolve(self, says=None)._interrupted()
            case events.FaultRaised() if input.fault.name == PLAYER_HANGS and self.part is Part.TONE:
                return evolve(self, says=None)._speak(self.due)
            case events.RecordStart() if input is self.asked:
                return evolve(self, asked=None, take=status.take_id or ""), ()
            case events.CommandRefused() if input.refuses(self.asked):
                return evolve(self, asked=None)._end(Prompt.FAULT)
            case events.TakeStarted() if input.take_id == self.take:
                return self, (events.Attend(on=False),)
            case events.TakeFailed() | events.TakeDiscarded() if input.take_id == self.take and self.part in _IN_TAKE:
                return self._end(Prompt.FAULT)
            case events.TakeSealed() if input.take_id == self.take and self.part is Part.SPEAKING:
                return evolve(self, part=Part.SAVING), ()
            case events.ClipFinished() if input.clip.id == self.take and self.part in _IN_TAKE:
                return self._recorded(input)
        return self, ()

    def _anew(self, at: float, status: Status) -> tuple["Rehearsal", Outputs]:
        """Record one, in the place of one that is not kept yet."""
        cleared, outputs = self._cleared()
        if status.recorder is not Recorder.IDLE and self.part is not Part.SPEAKING:
            return self, (events.NothingToPlay("", IN_PROGRESS),)
        if self.lifted:
            now, asks = cleared._tone(at, status)
            return now, (*outputs, *asks)
        due = at + PATIENCE
        return evolve(cleared, part=Part.AWAITED, due=due), (*outputs, events.FlowWait(due))

    def _lift(self, at: float, status: Status) -> tuple["Rehearsal", Outputs]:
        if self.part is Part.AWAITED:
            return self._end(Prompt.FAULT) if status.recorder is not Recorder.IDLE else self._tone(at, status)
        return self._hear() if self.part is Part.DRAFT else (self, ())

    def _hang_up(self, at: float) -> tuple["Rehearsal", Outputs]:
        match self.part:
            case Part.TONE:
                due = at + PATIENCE
                waits = evolve(self, part=Part.AWAITED, says=None, due=due)
                return waits, (events.Hush(), events.Attend(on=False), events.FlowWait(due))
            case Part.SPEAKING | Part.SAVING | Part.HEARING:
                due = at + UNDECIDED
                now, outputs = self._stop(at) if self.part is Part.SPEAKING else (self, (events.Hush(),))
                part = Part.DRAFT if self.part is Part.HEARING else Part.SAVING
                return evolve(now, part=part, says=None, due=due), (*outputs, events.FlowWait(due))
            case Part.HEARD:
                return self._keep(at)
        return self, ()

    def _tone(self, at: float, status: Status) -> tuple["Rehearsal", Outputs]:
        now, says = evolve(self, part=Part.TONE, due=at)._say(self._own("tone", self.tone))
        if hangs(status):
            now, says = self._speak(at)
        return now, (quiet(status), events.Attend(on=True), *says)

    def _speak(self, at: float) -> tuple["Rehearsal", Outputs]:
        start = events.RecordStart(at, WISHES)
        return evolve(self, part=Part.SPEAKING, asked=start), (start,)

    def _stop(self, at: float) -> tuple["Rehearsal", Outputs]:
        return evolve(self, part=Part.SAVING), (events.RecordStop(at), events.Attend(on=False))

    def _said(self, event: events.Said) -> tuple["Rehearsal", Outputs]:
        if self.part is Part.TONE:
            return self._speak(event.at)
        if self.part is Part.HEARING and event.completed:
            return evolve(self, part=Part.HEARD), ()
        return self, ()

    def _interrupted(self) -> tuple["Rehearsal", Outputs]:
        """Something else plays: it gives way."""
        again = self._say(self._own("tone", self.tone)) if self.part is Part.TONE else self._hear()
        return again[0], (events.PlayerStop(), *again[1])

    def _recorded(self, finished: events.ClipFinished) -> tuple["Rehearsal", Outputs]:
        now = evolve(self, part=Part.DRAFT, draft=finished.clip, take="")
        if finished.verdict in _BAD:
            return now._end(Prompt.TOO_SHORT)
        if self.keeps:
            return now._use()
        return now._hear() if self.lifted else (now, ())

    def _hear(self) -> tuple["Rehearsal", Outputs]:
        assert self.draft
        return evolve(self, part=Part.HEARING)._say(self.file(self.draft.name))

    def _keep(self, at: float) -> tuple["Rehearsal", Outputs]:
        if self.draft:
            return self._use()
        if self.part is Part.SPEAKING:
            return evolve(self, keeps=True)._stop(at)
        if self.part is Part.SAVING:
            return evolve(self, keeps=True), ()
        return self, (events.NothingToPlay("", NO_GREETING),)

    def _use(self) -> tuple["Rehearsal", Outputs]:
        assert self.draft
        now, says = evolve(self, draft=None)._end(Prompt.SAVED)
        return now, (events.GreetingUse(self.draft.id), *says)

    def _cleared(self) -> tuple["Rehearsal", Outputs]:
        """Without what was recorded and is not kept."""
        drops = (events.ClipDrop(self.draft.id),) if self.draft else ()
        discards = (events.RecordDiscard(),) if self.part is Part.SPEAKING else ()
        unwanted = self.unwanted | ({self.take} if self.take else set())
        blank = evolve(self, part=Part.OFF, take="", draft=None, keeps=False, says=None, asked=None, unwanted=unwanted)
        return blank, (events.Hush(), *discards, *drops)

    def _give_up(self) -> tuple["Rehearsal", Outputs]:
        """The greeting stays as it was."""
        now, outputs = self._cleared()
        return now, (*outputs, events.Attend(on=False))

    def _end(self, prompt: Prompt) -> tuple["Rehearsal", Outputs]:
        now, outputs = self._give_up()
        if not self.lifted:
            return now, outputs
        said, says = now._say(self._sound(prompt))
        return said, (*outputs, *says)

    def _sound(self, prompt: Prompt) -> Path | None:
        return self.given.get(prompt) or self.sounds.get(prompt)
