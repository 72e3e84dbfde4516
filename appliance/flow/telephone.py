"""Lifted, some delay, a greeting, a tone, a recording, hung up: a clip."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from attrs import evolve

from appliance import events
from appliance.circumstances import NO_WISHES, Wishes
from appliance.config.flow import Begins, FlowSettings
from appliance.config.prompts import Prompt
from appliance.flow.speaking import Outputs, Speaking, quiet
from appliance.flow.steps import PLAYER_HANGS, Step, hangs
from appliance.machine import Input, Player, Recorder
from appliance.status import Status
from appliance.values import frozen

_CHOICES = (
    events.PlayNext,
    events.PlayNew,
    events.PlayPrevious,
    events.PlayLatest,
    events.PlayRecording,
    events.PlayEarlier,
    events.PlayRandom,
    events.PlayAll,
    events.PlaylistPlay,
    events.PlaylistNext,
    events.PlaylistPrevious,
)
"""What somebody may want to hear in the place of the greeting. Each becomes a `Play`, or never will."""

_FOUND = (events.Play, events.NothingToPlay, events.PlaybackFailed)
"""What becomes of it."""


@frozen
class Telephone(Speaking):
    """See the module."""

    numbers_are_its_own: ClassVar[bool] = False

    settings: FlowSettings
    tone: Path
    sounds: Mapping[str, Mapping[Prompt, Path]]
    """By language, the first of which greets."""
    step: Step = Step.ON_HOOK
    due: float = 0.0
    """The moment that is waited for, or at which the sound of this step began."""
    lifts: int = 0
    language: str | None = None
    """The one that somebody chose, until the handset is hung up."""
    asked: events.RecordStart | events.RecordStop | None = None
    """What was asked of the recorder, and about which the table has not decided yet."""
    begun: bool = False
    """Whether the microphone delivers for a take."""
    awaits: bool = False
    """Whether a message is looked for that somebody wants to hear."""
    own: Path | None = None
    """What greets in the place of the configured greeting."""
    wishes: Wishes = NO_WISHES
    """What whoever lifted the handset wants of the take."""

    def react(self, input: Input, status: Status) -> tuple["Telephone", Outputs]:
        """See `Reaction`."""
        following, outputs = self._heed(input, status)
        if following.step is not self.step:
            outputs = (*outputs, events.FlowMoved(following.step))
        speaks = following.step is Step.RECORDING and not following.asked
        return following._warned(outputs, speaks, following._sound(Prompt.FAULT), status)

    def _heed(self, input: Input, status: Status) -> tuple["Telephone", Outputs]:
        match input:
            case events.HandsetLift() if self.step is Step.ON_HOOK:
                return evolve(self, wishes=input.wishes)._lift(input.at, status)
            case events.HandsetHangUp() if self.step is not Step.ON_HOOK:
                return self._hang_up(input.at, status)
            case events.RecordStart() | events.RecordStop() if input is self.asked:
                return evolve(self, asked=None), ()
            case events.CommandRefused() if input.refuses(self.asked):
                return evolve(self, asked=None)._look(input, status)
            case events.TakeStarted() if self.step is Step.RECORDING and not self.begun:
                return self._started()
            case events.FlowDue() if self.step is Step.WAITING and input.at == self.due:
                return self._greet(input.at, status)
            case events.GreetingChanged():
                return evolve(self, own=input.path), ()
            case events.GreetingPlay():
                return self._greet_anew(input.at, status)
            case events.LanguageNext():
                return self._speak(input.at, None, status)
            case events.LanguageChoose():
                return self._speak(input.at, input.language, status)
            case events.FaultRaised() if input.fault.name == PLAYER_HANGS and self.says:
                return evolve(self, says=None)._heard(self.due, status)
            case events.Said() if input.say_id == self.says:
                return evolve(self, says=None)._heard(input.at, status)
            case events.CommandRefused() if self.says and input.playback_id == self.says:
                return self._again(status)
        return self._listen(input, status) or self._look(input, status)

    @property
    def _before(self) -> bool:
        """Whether nothing that was said to the box is to be kept yet."""
        return self.step in (Step.WAITING, Step.GREETING, Step.LISTENING, Step.TONE)

    @property
    def _in_take(self) -> bool:
        """Whether a take should be in progress."""
        return self.step is Step.RECORDING or (self.settings.begins is Begins.LIFT and self._before)

    def _look(self, input: Input, status: Status) -> tuple["Telephone", Outputs]:
        """Follow what others, and the table, have made of the take."""
        records = status.recorder is not Recorder.IDLE
        if self.asked or not (self._before or self.step is Step.RECORDING):
            return self, ()
        if self._in_take and not records:
            return self._over(_why(input))
        if records and not self._in_take:
            return evolve(self, step=Step.RECORDING, says=None), (events.Hush(),)
        if isinstance(input, events.TakeNearlyUp):
            return self._say(self._sound(Prompt.TIME_IS_NEARLY_UP))
        return self, ()

    def _listen(self, input: Input, status: Status) -> tuple["Telephone", Outputs] | None:
        """Let somebody hear a message in the place of the greeting; the tone follows it. None where that is not it."""
        toggled = isinstance(input, events.PlayToggle) and status.player is Player.STOPPED
        chosen = toggled or isinstance(input, _CHOICES)
        if chosen and self._before and not self._in_take:
            return evolve(self, step=Step.LISTENING, says=None, awaits=True), (events.Hush(),)
        if chosen and self.step is Step.OVER:
            return evolve(self, awaits=True), ()
        if self.step is Step.OVER and isinstance(input, _FOUND):
            return evolve(self, awaits=False), ()
        if self.step is Step.ON_HOOK and self.awaits and isinstance(input, _FOUND):
            return evolve(self, awaits=False), (events.PlayerStop(),) if isinstance(input, events.Play) else ()
        if self.step is not Step.LISTENING:
            return None
        now = evolve(self, awaits=False) if isinstance(input, _FOUND) else self
        stuck = isinstance(input, events.FaultRaised) and input.fault.name == PLAYER_HANGS
        over = isinstance(input, (events.PlaybackFinished, *_FOUND)) and status.player is Player.STOPPED
        return now._ready(status) if stuck or (over and not now.awaits) else now._look(input, status)

    def _lift(self, at: float, status: Status) -> tuple["Telephone", Outputs]:
        if status.recorder is not Recorder.IDLE:  # somebody records by a button, and goes on
            return evolve(self, step=Step.OVER), ()
        return evolve(self, lifts=self.lifts + 1)._begin(at, at + self.settings.delay, status)

    def _begin(self, at: float, due: float, status: Status) -> tuple["Telephone", Outputs]:
        now = evolve(self, step=Step.WAITING, due=due, begun=False, says=None, awaits=False)
        wait = events.FlowWait(due)
        if self.settings.begins is not Begins.LIFT:
            return now, (quiet(status), events.Attend(on=True), wait)
        start = events.RecordStart(at, self.wishes)
        return evolve(now, asked=start), (quiet(status), start, wait)

    def _hang_up(self, at: float, status: Status) -> tuple["Telephone", Outputs]:
        ended = evolve(self, step=Step.ON_HOOK, says=None, asked=None, language=None)
        heard = self.step in (Step.LISTENING, Step.OVER) and status.player is not Player.STOPPED
        silence = (events.PlayerStop() if heard else events.Hush(), events.Attend(on=False))
        if not self._in_take:
            return ended, silence
        return ended, (events.RecordDiscard() if self._before else events.RecordStop(at), *silence)

    def _greet_anew(self, at: float, status: Status) -> tuple["Telephone", Outputs]:
        """As if the handset was lifted now. What was recorded is a clip."""
        if self.step is Step.ON_HOOK:
            return self._says_greeting() if self._greeting else (self, ())
        if self.step is Step.RECORDING:
            stop = events.RecordStop(at)
            now, outputs = self._begin(at, at, status)
            return evolve(now, asked=now.asked or stop), (stop, *outputs)
        if self._in_take:  # it was begun at the lift, and nothing was said to it yet
            return evolve(self, step=Step.WAITING, due=at, says=None), (events.Hush(), events.FlowWait(at))
        return (self, ()) if status.recorder is not Recorder.IDLE else self._begin(at, at, status)

    def _speak(self, at: float, wanted: str | None, status: Status) -> tuple["Telephone", Outputs]:
        """Go on in the language that is wanted, or in the next one."""
        known = tuple(self.sounds)
        index = known.index(self.language or known[0])
        language = known[(index + 1) % len(known)] if wanted is None else wanted
        if language not in known:
            return self, ()
        now = evolve(self, language=language)
        return now._greet_anew(at, status) if self._before else (now, ())

    def _greet(self, at: float, status: Status) -> tuple["Telephone", Outputs]:
        now = evolve(self, step=Step.GREETING, due=at)
        return now._heard(at, status) if self._greeting is None or hangs(status) else now._says_greeting()

    @property
    def _greeting(self) -> Path | None:
        return self.own or self.settings.greeting

    def _says_greeting(self) -> tuple["Telephone", Outputs]:
        language = self.language or next(iter(self.sounds))
        return self._welcome(self.settings, self.own, max(0, self.lifts - 1), language)

    def _heard(self, at: float, status: Status) -> tuple["Telephone", Outputs]:
        """What was said is over."""
        if self.step is Step.GREETING and self.settings.begins is not Begins.GREETING_END:
            return evolve(self, due=at)._ready(status)
        return self._record(at) if self._before else (self, ())

    def _ready(self, status: Status) -> tuple["Telephone", Outputs]:
        """Now the tone, where it comes before the clip."""
        if self.settings.begins is Begins.GREETING_END:
            return self._record(self.due)
        now = evolve(self, step=Step.TONE)
        return now._record(self.due) if hangs(status) else now._say(self._own("tone", self.tone))

    def _record(self, at: float) -> tuple["Telephone", Outputs]:
        now = evolve(self, step=Step.RECORDING)
        if self.settings.begins is Begins.LIFT:
            return now, ()
        start = events.RecordStart(at, self.wishes)
        return evolve(now, asked=start), (start,)

    def _started(self) -> tuple["Telephone", Outputs]:
        """The take has its first frames."""
        now, outputs = evolve(self, begun=True), (events.Attend(on=False),)
        if self.settings.begins is not Begins.GREETING_END:
            return now, outputs
        said, says = now._say(self._own("tone", self.tone))
        return said, (*outputs, *says)

    def _over(self, prompt: Prompt) -> tuple["Telephone", Outputs]:
        """Nothing is recorded any more, and the handset is still lifted."""
        said, says = evolve(self, step=Step.OVER)._say(self._sound(prompt))
        return said, (events.Attend(on=False), *says)

    def _again(self, status: Status) -> tuple["Telephone", Outputs]:
        """Something else played: it gives way to the greeting or the tone."""
        if not self._before:
            return evolve(self, says=None), ()
        now, says = (
            self._greet(self.due, status) if self.step is Step.GREETING else self._say(self._own("tone", self.tone))
        )
        return now, (events.PlayerStop(), *says)

    def _sound(self, prompt: Prompt) -> Path | None:
        """What says that."""
        return self.given.get(prompt) or self.sounds[self.language or next(iter(self.sounds))].get(prompt)


def _why(input: Input) -> Prompt:
    """What is said of a take that is over, or never began."""
    failed = isinstance(input, events.CommandRefused) or (isinstance(input, events.TakeFailed) and input.fault)
    return Prompt.FAULT if failed else Prompt.STOPPED
