"""What happens from the lift of a handset to its clip: a pure machine beside the table, whose output is commands.

The table decides what becomes of each of them. So nothing that fails here keeps the box from recording: where a sound
cannot be heard, or its end is never told, the next step follows as if it had been.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from attrs import evolve, frozen

from appliance import events
from appliance.config.flow import Begins, FlowSettings, Order, Script
from appliance.config.prompts import TONES, Prompt, PromptSettings
from appliance.faults import HANGING
from appliance.machine import Input, Player, Recorder
from appliance.prompts import sounds_of
from appliance.prompts.sounds import SHIPPED
from appliance.reactions import Reaction
from appliance.status import Status

PLAYER_HANGS = HANGING.named("player")


class Step(StrEnum):
    """Where the flow is."""

    ON_HOOK = "on_hook"
    WAITING = "waiting"
    GREETING = "greeting"
    TONE = "tone"
    RECORDING = "recording"
    OVER = "over"


_Outputs = tuple[Input, ...]


def flow_of(settings: FlowSettings, prompts: PromptSettings) -> Reaction:
    """The machine that the configuration wants."""
    if settings.script is Script.NONE:
        return Direct()
    wanted = prompts if prompts.sounds != PromptSettings().sounds else evolve(prompts, sounds=TONES)
    tone = settings.tone or SHIPPED / "tone.flac"
    return Telephone(settings, tone, sounds_of(wanted, at_the_ear=True))


@frozen
class Direct:
    """A handset without a flow: what is said while it is lifted is recorded."""

    def react(self, input: Input, status: Status) -> tuple["Direct", _Outputs]:
        """See `Reaction`."""
        match input:
            case events.HandsetLift():
                return self, (events.RecordStart(input.at),)
            case events.HandsetHangUp():
                return self, (events.RecordStop(input.at),)
        return self, ()


@frozen
class Telephone:
    """Lifted, some delay, a greeting, a tone, a recording, hung up: a clip."""

    settings: FlowSettings
    tone: Path
    sounds: Mapping[Prompt, Path]
    step: Step = Step.ON_HOOK
    due: float = 0.0
    """The moment that is waited for, or at which the sound of this step began."""
    says: str | None = None
    serial: int = 0
    lifts: int = 0
    asked: events.RecordStart | None = None
    """The take that was asked for, and about which the table has not decided yet."""
    begun: bool = False
    """Whether the microphone delivers for a take."""

    def react(self, input: Input, status: Status) -> tuple["Telephone", _Outputs]:
        """See `Reaction`."""
        following, outputs = self._heed(input, status)
        if following.step is not self.step:
            outputs = (*outputs, events.FlowMoved(following.step))
        return following, outputs

    def _heed(self, input: Input, status: Status) -> tuple["Telephone", _Outputs]:
        match input:
            case events.HandsetLift() if self.step is Step.ON_HOOK:
                return self._lift(input.at, status)
            case events.HandsetHangUp() if self.step is not Step.ON_HOOK:
                return self._hang_up(input.at)
            case events.RecordStart() if input is self.asked:
                return evolve(self, asked=None), ()
            case events.CommandRefused(command=events.RecordStart.__name__) if self.asked:
                return evolve(self, asked=None)._look(input, status)
            case events.TakeStarted() if self.step is Step.RECORDING and not self.begun:
                return self._started()
            case events.FlowDue() if self.step is Step.WAITING and input.at == self.due:
                return self._greet(input.at, status)
            case events.FaultRaised() if input.fault.name == PLAYER_HANGS and self.says:
                return evolve(self, says=None)._heard(self.due, status)
            case events.Said() if input.say_id == self.says:
                return evolve(self, says=None)._heard(input.at, status)
            case events.CommandRefused() if self.says and input.playback_id == self.says:
                return self._again(status)
        return self._look(input, status)

    @property
    def _before(self) -> bool:
        """Whether nothing that was said to the box is to be kept yet."""
        return self.step in (Step.WAITING, Step.GREETING, Step.TONE)

    @property
    def _in_take(self) -> bool:
        """Whether a take should be in progress."""
        return self.step is Step.RECORDING or (self.settings.begins is Begins.LIFT and self._before)

    def _look(self, input: Input, status: Status) -> tuple["Telephone", _Outputs]:
        """Follow what others, and the table, have made of the take."""
        records = status.recorder is not Recorder.IDLE
        if self.asked or not (self._before or self.step is Step.RECORDING):
            return self, ()
        if self._in_take and not records:
            return self._over(_why(input))
        if records and not self._in_take:
            return evolve(self, step=Step.RECORDING, says=None), (events.Hush(),)
        if isinstance(input, events.TakeNearlyUp):
            return self._say(self.sounds.get(Prompt.TIME_IS_NEARLY_UP))
        return self, ()

    def _lift(self, at: float, status: Status) -> tuple["Telephone", _Outputs]:
        if status.recorder is not Recorder.IDLE:  # somebody records by a button, and goes on
            return evolve(self, step=Step.OVER), ()
        now = evolve(self, step=Step.WAITING, due=at + self.settings.delay, lifts=self.lifts + 1, begun=False)
        quiet = events.Hush() if status.player is Player.STOPPED else events.PlayerStop()
        wait = events.FlowWait(now.due)
        if self.settings.begins is not Begins.LIFT:
            return now, (quiet, events.Attend(on=True), wait)
        start = events.RecordStart(at)
        return evolve(now, asked=start), (quiet, start, wait)

    def _hang_up(self, at: float) -> tuple["Telephone", _Outputs]:
        ended = evolve(self, step=Step.ON_HOOK, says=None, asked=None)
        quiet = (events.Hush(), events.Attend(on=False))
        if not self._in_take:
            return ended, quiet
        return ended, (events.RecordDiscard() if self._before else events.RecordStop(at), *quiet)

    def _greet(self, at: float, status: Status) -> tuple["Telephone", _Outputs]:
        now, folder = evolve(self, step=Step.GREETING, due=at), self.settings.greeting
        if folder is None or _hangs(status):
            return now._heard(at, status)
        shuffled = self.settings.order is Order.RANDOM
        greet = events.Greet(folder, "greeting", None, now._name, turn=self.lifts - 1, shuffled=shuffled)
        return now._says(greet)

    def _heard(self, at: float, status: Status) -> tuple["Telephone", _Outputs]:
        """What was said is over."""
        if self.step is Step.GREETING and self.settings.begins is not Begins.GREETING_END:
            now = evolve(self, step=Step.TONE, due=at)
            return now._record(at) if _hangs(status) else now._say(self.tone)
        return self._record(at) if self._before else (self, ())

    def _record(self, at: float) -> tuple["Telephone", _Outputs]:
        now = evolve(self, step=Step.RECORDING)
        if self.settings.begins is Begins.LIFT:
            return now, ()
        start = events.RecordStart(at)
        return evolve(now, asked=start), (start,)

    def _started(self) -> tuple["Telephone", _Outputs]:
        """The take has its first frames."""
        now, outputs = evolve(self, begun=True), (events.Attend(on=False),)
        if self.settings.begins is not Begins.GREETING_END:
            return now, outputs
        said, says = now._say(self.tone)
        return said, (*outputs, *says)

    def _over(self, prompt: Prompt) -> tuple["Telephone", _Outputs]:
        """Nothing is recorded any more, and the handset is still lifted."""
        said, says = evolve(self, step=Step.OVER)._say(self.sounds.get(prompt))
        return said, (events.Attend(on=False), *says)

    def _again(self, status: Status) -> tuple["Telephone", _Outputs]:
        """Something else played: it gives way to the greeting or the tone."""
        if not self._before:
            return evolve(self, says=None), ()
        now, says = self._greet(self.due, status) if self.step is Step.GREETING else self._say(self.tone)
        return now, (events.PlayerStop(), *says)

    def _say(self, path: Path | None) -> tuple["Telephone", _Outputs]:
        return self._says(events.Say(path, path.stem, None, self._name)) if path else (self, ())

    def _says(self, say: events.Say) -> tuple["Telephone", _Outputs]:
        return evolve(self, says=say.playback_id, serial=self.serial + 1), (say,)

    @property
    def _name(self) -> str:
        return f"flow-{self.serial}"


def _hangs(status: Status) -> bool:
    """Whether the end of no sound would be told."""
    return any(fault.name == PLAYER_HANGS for fault in status.faults)


def _why(input: Input) -> Prompt:
    """What is said of a take that is over, or never began."""
    failed = isinstance(input, events.CommandRefused) or (isinstance(input, events.TakeFailed) and input.fault)
    return Prompt.FAULT if failed else Prompt.STOPPED
