"""A message box: one button plays new messages, another answers the one that was heard."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from attrs import evolve

from appliance import events
from appliance.circumstances import NO_WISHES, Wishes
from appliance.config.prompts import Prompt
from appliance.errors import TroubleKind
from appliance.flow.speaking import Outputs, Speaking, quiet
from appliance.flow.steps import PLAYER_HANGS, Step, hangs
from appliance.machine import Input, Player, Recorder
from appliance.status import Status
from appliance.values import frozen


@frozen
class MessageBox(Speaking):
    """Messages are heard the oldest first, one after the other, until nobody has left one.

    An answer goes where the feed of the message that was heard last has its answers go; without such a word, where
    every recording goes.
    """

    numbers_are_its_own: ClassVar[bool] = False

    replies: Mapping[str, str]
    """By feed the destination of answers."""
    tone: Path
    bell: Path
    sounds: Mapping[Prompt, Path]
    step: Step = Step.IDLE
    sequence: bool = False
    """Whether the next message follows the one that plays."""
    feed: str = ""
    title: str = ""
    """What was heard last, and where it came from."""
    wishes: Wishes = NO_WISHES
    asked: events.RecordStart | None = None
    """The take that was asked for, and about which the table has not decided yet."""
    lifted: bool = False
    rings: bool = False
    """Whether the bell is due, and waits until it disturbs nobody."""

    def react(self, input: Input, status: Status) -> tuple["MessageBox", Outputs]:
        """See `Reaction`."""
        heeding, outputs = self._heed(input, status)
        following, bell = heeding._ring(status)
        outputs = (*outputs, *bell)
        if following.step is not self.step:
            outputs = (*outputs, events.FlowMoved(following.step))
        speaks = following.step is Step.ANSWERING and not following.asked
        return following._warned(outputs, speaks, following._sound(Prompt.FAULT), status)

    def _heed(self, input: Input, status: Status) -> tuple["MessageBox", Outputs]:
        match input:
            case events.MessageHear():
                return self._hear(status)
            case events.HandsetLift():
                return evolve(self, lifted=True)._hear(status)
            case events.MessageAnswer():
                return self._answer(input.at, input.wishes, status)
            case events.HandsetHangUp():
                return self._stop(input.at, status)
            case events.PlaybackStarted() if input.track_id is not None:
                return evolve(self, feed=input.feed, title=input.title), ()
            case events.BellDue():
                return evolve(self, rings=self.step is not Step.HEARING), ()
            case events.Said() if self.step is Step.IDLE and input.say_id == self.says:
                return evolve(self, says=None), ()
            case events.CommandRefused() if self.step is Step.IDLE and self.says and input.playback_id == self.says:
                return evolve(self, says=None), ()
            case events.RecordStart() if input is self.asked:
                return evolve(self, asked=None), ()
            case events.CommandRefused() if input.refuses(self.asked):
                return evolve(self, asked=None)._over(Prompt.FAULT)
            case events.TakeStarted() if self.step is Step.ANSWERING:
                return self, (events.Attend(on=False),)
        match self.step:
            case Step.HEARING:
                return self._go_on(input, status)
            case Step.TONE:
                return self._wait(input, status)
            case Step.ANSWERING if not self.asked and status.recorder is Recorder.IDLE:
                failed = isinstance(input, events.TakeFailed) and input.fault
                return self._over(Prompt.FAULT if failed else Prompt.STOPPED)
        return self, ()

    def _hear(self, status: Status) -> tuple["MessageBox", Outputs]:
        if self.step is Step.ANSWERING or status.recorder is not Recorder.IDLE:
            return self, ()
        if self.step is Step.HEARING and status.player is not Player.STOPPED:
            resume = (events.PlayerResume(),) if status.player is Player.PAUSED else ()
            return self, (events.PlayerSeek(0.0), *resume)
        hush = (events.Hush(), events.Attend(on=False)) if self.step is Step.TONE else ()
        play = events.PlayNew() if status.unheard else events.PlayNext()
        return evolve(self, step=Step.HEARING, sequence=True, says=None, rings=False), (*hush, play)

    def _go_on(self, input: Input, status: Status) -> tuple["MessageBox", Outputs]:
        """Play the next message, once one is over."""
        if status.recorder is not Recorder.IDLE:
            return self._idle(), ()
        refused = isinstance(input, events.CommandRefused) and input.command in (
            events.PlayNew.__name__,
            events.PlayNext.__name__,
        )
        if isinstance(input, events.NothingToPlay) or refused:
            return (self._idle(), ()) if status.player is Player.STOPPED else (self, ())
        if status.player is not Player.STOPPED:
            return self, ()
        match input:
            case events.PlaybackFinished(completed=True):
                follows = self.sequence
            case events.PlaybackFailed():
                follows = self.sequence and input.kind is not TroubleKind.SYSTEM
            case events.PlaybackFinished():
                follows = False
            case _:
                return self, ()
        return (self, (events.PlayNew(),)) if follows else (self._idle(), ())

    def _answer(self, at: float, wishes: Wishes, status: Status) -> tuple["MessageBox", Outputs]:
        if self.step is Step.TONE:
            return self._idle(), (events.Hush(), events.Attend(on=False))
        if self.step is Step.ANSWERING or status.recorder is not Recorder.IDLE:
            return self, (events.RecordStop(at),)
        now = evolve(self, step=Step.TONE, sequence=False, wishes=self._of_answer(wishes))
        asked, says = now._record(at) if hangs(status) else now._say(self._own("tone", self.tone))
        return asked, (quiet(status), events.Attend(on=True), *says)

    def _of_answer(self, wishes: Wishes) -> Wishes:
        """What is wanted of an answer: where it goes, and what it answers."""
        begun, fields = wishes.begun, dict(wishes.fields)
        if begun.destinations is None and self.feed in self.replies:
            begun = evolve(begun, destinations=(self.replies[self.feed],))
        if self.title:
            fields.setdefault("title", f"answer to {self.title}"[:200])
        return Wishes(begun, fields)

    def _wait(self, input: Input, status: Status) -> tuple["MessageBox", Outputs]:
        """The tone is over, or cannot be heard."""
        match input:
            case events.Said() if input.say_id == self.says:
                return self._record(input.at)
            case events.CommandRefused() if input.playback_id == self.says:
                now, says = self._say(self._own("tone", self.tone))
                return now, (events.PlayerStop(), *says)
            case events.FaultRaised() if input.fault.name == PLAYER_HANGS:
                return self._record(input.fault.since or 0.0)
        if status.recorder is not Recorder.IDLE:  # by another button
            return self._idle(), (events.Hush(), events.Attend(on=False))
        return self, ()

    def _record(self, at: float) -> tuple["MessageBox", Outputs]:
        start = events.RecordStart(at, self.wishes)
        return evolve(self, step=Step.ANSWERING, says=None, asked=start), (start,)

    def _stop(self, at: float, status: Status) -> tuple["MessageBox", Outputs]:
        stop = (events.PlayerStop(),) if status.player is not Player.STOPPED else ()
        end = (events.RecordStop(at),) if self.step is Step.ANSWERING else ()
        return evolve(self._idle(), lifted=False), (*end, events.Hush(), events.Attend(on=False), *stop)

    def _over(self, prompt: Prompt) -> tuple["MessageBox", Outputs]:
        """Nothing is recorded any more."""
        now, says = self._idle()._say(self._sound(prompt))
        return now, (events.Attend(on=False), *says)

    def _sound(self, prompt: Prompt) -> Path | None:
        return self.given.get(prompt) or self.sounds.get(prompt)

    def _ring(self, status: Status) -> tuple["MessageBox", Outputs]:
        """Sound the bell that is due, where a message waits, once everything else is over."""
        free = status.recorder is Recorder.IDLE and status.player is Player.STOPPED and self.step is Step.IDLE
        if not (self.rings and free) or self.lifted or self.says:
            return self, ()
        now = evolve(self, rings=False)
        return now._say(self._own("bell", self.bell)) if status.unheard else (now, ())

    def _idle(self) -> "MessageBox":
        return evolve(self, step=Step.IDLE, sequence=False, says=None, asked=None)
