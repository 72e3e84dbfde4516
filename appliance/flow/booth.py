"""A booth for stories: language, question, consent, story, listening back, thanks; all but the story may be left out.

With `listen_back` a story goes to no destination before it is kept, which hanging up does too.
"""

from pathlib import Path

from attrs import evolve

from appliance import events
from appliance.circumstances import NO_WISHES, Wishes
from appliance.config.booth import BoothSettings, Given
from appliance.config.flow import FlowSettings
from appliance.config.prompts import Prompt
from appliance.flow.speaking import Outputs, Speaking, quiet
from appliance.flow.steps import PLAYER_HANGS, Step, hangs
from appliance.flow.story import ASKED, BEFORE, ORDER, PATIENCE, keeps, spelled, wanted
from appliance.flow.world import World
from appliance.machine import Input, Recorder
from appliance.models import Clip, Verdict
from appliance.status import Status
from appliance.values import frozen


@frozen
class Booth(Speaking):
    """See the module."""

    settings: FlowSettings
    world: World
    step: Step = Step.ON_HOOK
    due: float = 0.0
    queue: tuple[Path, ...] = ()
    """What is said behind what is said now."""
    language: str = ""
    turn: int = -1
    """Which question it is."""
    consented: float | None = None
    """When somebody consented."""
    code: str = ""
    """By which a guest may withdraw all that they tell."""
    wishes: Wishes = NO_WISHES
    lifted: bool = False
    asked: events.RecordStart | events.RecordDiscard | None = None
    """What was asked of the recorder, and about which the table has not decided yet."""
    take: str = ""
    draft: Clip | None = None
    own: Path | None = None
    """What greets in the place of the configured greeting."""
    unkept: frozenset[str] = frozenset()
    """Takes that become clips which are kept, and go where clips go, although nobody listens to them here any more."""

    @property
    def numbers_are_its_own(self) -> bool:
        """Whether what is dialled now is an answer to the flow, and nothing else."""
        return self.step in ASKED

    def react(self, input: Input, status: Status) -> tuple["Booth", Outputs]:
        """See `Reaction`."""
        following, outputs = self._heed(input, status)
        if following.step is Step.OVER and not (following.lifted or following.says):  # it was begun by a button
            following = evolve(following, step=Step.ON_HOOK)
        if following.step is not self.step:
            outputs = (*outputs, events.FlowMoved(following.step))
        speaks = following.step is Step.RECORDING and not following.asked
        return following._warned(outputs, speaks, following._sound(Prompt.FAULT), status)

    def _heed(self, input: Input, status: Status) -> tuple["Booth", Outputs]:
        match input:
            case events.HandsetLift() | events.FlowNext() if self.step is Step.ON_HOOK:
                lifted = isinstance(input, events.HandsetLift)
                return evolve(self, wishes=input.wishes, lifted=lifted)._lift(input.at, status)
            case events.HandsetHangUp() if self.step is not Step.ON_HOOK:
                return self._leave(input.at, status)
            case events.FlowNext():
                return self._answer(input.at, "", status)
            case events.FlowAgain():
                return self._answer(input.at, "2", status)
            case events.GreetingChanged():
                return evolve(self, own=input.path), ()
            case events.Dial() if self.numbers_are_its_own:
                return self._answer(input.at, input.number, status)
            case events.LanguageNext() | events.LanguageChoose() if self.step in BEFORE:
                return self._speak(input)
            case events.ClipFinished() if input.clip.id == self.take or input.clip.id in self.unkept:
                return self._finished(input)
            case events.ClipDeleted() if self.draft and input.clip_id == self.draft.id:
                return evolve(self, draft=None), ()
            case events.TakeFailed() | events.TakeDiscarded() if input.take_id in self.unkept:
                return evolve(self, unkept=self.unkept - {input.take_id}), ()
            case events.RecordStart() if input is self.asked:
                take = status.take_id or ""
                if self.step is Step.ON_HOOK:  # whoever spoke was that quick
                    return evolve(self, asked=None, unkept=self.unkept | {take}), ()
                return evolve(self, asked=None, take=take), ()
            case events.RecordDiscard() if input is self.asked:
                return evolve(self, asked=None), ()
            case events.CommandRefused() if input.refuses(self.asked):
                begins = isinstance(self.asked, events.RecordStart) and self.step is Step.RECORDING
                now = evolve(self, asked=None)
                return now._over(Prompt.FAULT) if begins else (now, ())
            case events.TakeContinues() if input.take_id == self.take and self.step is Step.RECORDING:
                return evolve(self, take=status.take_id or self.take), ()
            case events.TakeStarted() if input.take_id == self.take:
                return self, (events.Attend(on=False),)
            case events.FlowDue() if input.at == self.due and self.step is not Step.ON_HOOK:
                return self._passed(input.at, status)
            case events.Said() if input.say_id == self.says:
                return evolve(self, says=None)._heard(input.at, status)
            case events.FaultRaised() if input.fault.name == PLAYER_HANGS and self.says:
                return evolve(self, says=None, queue=())._heard(self.due, status)
            case events.CommandRefused() if self.says and input.playback_id == self.says:
                left = evolve(self, says=None)
                again = self.step in ORDER
                now, outputs = left._enter(self.step, self.due, status) if again else left._heard(self.due, status)
                return now, (events.PlayerStop(), *outputs)
        return self._look(input, status)

    def _look(self, input: Input, status: Status) -> tuple["Booth", Outputs]:
        """Follow what others, and the table, have made of the take."""
        records = status.recorder is not Recorder.IDLE
        if self.asked:
            return self, ()
        if self.step is Step.RECORDING and not records:
            if isinstance(input, events.TakeFailed | events.TakeDiscarded):
                return self._over(Prompt.FAULT if isinstance(input, events.TakeFailed) else Prompt.STOPPED)
            return evolve(self, step=Step.SAVING), (events.Attend(on=False),)
        if self.step in (Step.SAVING, Step.RECORDING) and isinstance(input, events.TakeFailed):
            return self._over(Prompt.FAULT) if input.take_id == self.take else (self, ())
        if self.step is Step.RECORDING and isinstance(input, events.TakeNearlyUp):
            return self._say(self._sound(Prompt.TIME_IS_NEARLY_UP))
        if records and (self.step in BEFORE or self.step is Step.REVIEW):  # somebody records by a button
            now, outputs = self._kept()
            return evolve(now, step=Step.OVER, says=None, queue=()), (events.Hush(), *outputs)
        return self, ()

    def _lift(self, at: float, status: Status) -> tuple["Booth", Outputs]:
        if status.recorder is not Recorder.IDLE:
            return evolve(self, step=Step.OVER), ()
        due = at + self.settings.delay
        code = self.world.code() if self._booth.codes else ""
        begun = evolve(self, language=next(iter(self.world.sounds)), consented=None, take="", draft=None, code=code)
        return evolve(begun, step=Step.WAITING, due=due, says=None, queue=()), (quiet(status), events.FlowWait(due))

    def _leave(self, at: float, status: Status) -> tuple["Booth", Outputs]:
        """The handset is hung up, or somebody walked away: what was told is kept."""
        now, outputs = self._kept()
        stop = (events.RecordStop(at),) if self.step is Step.RECORDING else ()
        unkept = now.unkept | ({now.take} if self.step in (Step.RECORDING, Step.SAVING) and now.take else set())
        ended = evolve(now, step=Step.ON_HOOK, says=None, queue=(), take="", unkept=frozenset(unkept))
        return ended, (*stop, *outputs, events.Hush(), events.Attend(on=False))

    def _enter(self, step: Step, at: float, status: Status) -> tuple["Booth", Outputs]:
        """Be at this step, or at the next one that there is."""
        booth, world = self._booth, self.world
        now = evolve(self, step=step, due=at, says=None, queue=())
        match step:
            case Step.GREETING if (self.own or self.settings.greeting) and not hangs(status):
                return now._welcome(self.settings, self.own, max(0, self.turn), self.language)
            case Step.LANGUAGE if (
                (asks := self._own("language", booth.language)) and len(world.sounds) > 1 and not hangs(status)
            ):
                return now._greet(asks)
            case Step.QUESTION if self._questions and not hangs(status):
                turn = self.turn % len(self._questions)
                return evolve(now, turn=turn)._say(self._questions[turn])
            case Step.CONSENT if asks := self._own("consent", booth.consent):  # what nobody hears nobody consents to
                return now._over(Prompt.FAULT) if hangs(status) else now._greet(asks)
            case Step.TONE:
                said, says = now._record(at) if hangs(status) else now._say(self._own("tone", world.tone))
                return said, (events.Attend(on=True), *says)
        return self._enter(ORDER[ORDER.index(step) + 1], at, status)

    def _next(self, at: float, status: Status) -> tuple["Booth", Outputs]:
        hush = (events.Hush(),) if self.says else ()
        now, outputs = self._enter(ORDER[ORDER.index(self.step) + 1], at, status)
        return now, (*hush, *outputs)

    def _heard(self, at: float, status: Status) -> tuple["Booth", Outputs]:
        """What was said is over."""
        if self.queue:
            return evolve(self, queue=self.queue[1:])._say(self.queue[0])
        match self.step:
            case Step.GREETING:
                return self._next(at, status)
            case Step.TONE:
                return self._record(at)
            case Step.CONSENT if self._booth.consent_given is Given.SPOKEN:
                return evolve(self, consented=at)._next(at, status)
            case Step.LANGUAGE | Step.QUESTION | Step.CONSENT | Step.REVIEW:
                due = at + PATIENCE[self.step]
                return evolve(self, due=due), (events.FlowWait(due),)
        return self, ()

    def _passed(self, at: float, status: Status) -> tuple["Booth", Outputs]:
        """Nobody has answered in time."""
        match self.step:
            case Step.WAITING:
                return evolve(self, turn=self.turn + 1)._enter(Step.GREETING, at, status)
            case Step.LANGUAGE | Step.QUESTION:
                return self._next(at, status)
            case Step.CONSENT:
                return self._over(Prompt.STOPPED)
            case Step.REVIEW:
                return self._thank()
        return self, ()

    def _answer(self, at: float, number: str, status: Status) -> tuple["Booth", Outputs]:
        """A number, or nothing but that somebody wants to go on."""
        chosen, languages = int(number) - 1 if number.isdigit() else -1, tuple(self.world.sounds)
        match self.step:
            case Step.LANGUAGE if 0 <= chosen < len(languages):
                return evolve(self, language=languages[chosen])._next(at, status)
            case Step.QUESTION if 0 <= chosen < len(self._questions):
                now, says = evolve(self, turn=chosen, due=at)._say(self._questions[chosen])
                return now, (events.Hush(), *says)
            case Step.CONSENT if number in ("", "1"):
                return evolve(self, consented=at)._next(at, status)
            case Step.CONSENT:
                return self._over(Prompt.STOPPED)
            case Step.RECORDING if number == "":
                return evolve(self, step=Step.SAVING), (events.RecordStop(at),)
            case Step.RECORDING if number == "2" and self.take:
                discard = events.RecordDiscard()
                now, outputs = evolve(self, take="")._enter(Step.TONE, at, status)
                return evolve(now, asked=now.asked or discard), (discard, *outputs)
            case Step.REVIEW if number == "2" and self.draft:
                now, outputs = evolve(self, draft=None, take="")._enter(Step.TONE, at, status)
                return now, (events.Hush(), events.ClipDrop(self.draft.id), *outputs)
            case Step.REVIEW if number in ("", "1"):
                now, outputs = self._thank()
                return now, (events.Hush(), *outputs)
            case Step.LANGUAGE | Step.QUESTION | Step.GREETING if number == "":
                return self._next(at, status)
        return self, ()

    def _record(self, at: float) -> tuple["Booth", Outputs]:
        start = events.RecordStart(at, self._wanted())
        return evolve(self, step=Step.RECORDING, says=None, asked=start), (start,)

    def _wanted(self) -> Wishes:
        question = self._questions[self.turn % len(self._questions)] if self._questions else None
        return wanted(self._booth, self.world, self.wishes, self.language, question, self.consented, self.code)

    def _finished(self, event: events.ClipFinished) -> tuple["Booth", Outputs]:
        """It is a clip."""
        clip = event.clip
        good = event.verdict is not Verdict.TOO_SHORT
        if clip.id in self.unkept:
            left = evolve(self, unkept=self.unkept - {clip.id})
            return left, keeps(self._booth, self.wishes, clip) if good else ()
        now = evolve(self, draft=clip)
        if self.step not in (Step.RECORDING, Step.SAVING):
            return now, ()
        if not good:
            return evolve(now, draft=None)._over(Prompt.TOO_SHORT)
        if not self._booth.listen_back:
            return now._thank()
        return evolve(now, step=Step.REVIEW)._say(self.world.clip(clip.name))

    def _thank(self) -> tuple["Booth", Outputs]:
        now, outputs = self._kept()
        over = evolve(now, step=Step.OVER, says=None, queue=spelled(self.world, self.language, self.draft))
        if thanks := self._own("thanks", self._booth.thanks):
            said, says = over._greet(thanks)
        elif over.queue:
            said, says = evolve(over, queue=over.queue[1:])._say(over.queue[0])
        else:
            said, says = over._say(self._sound(Prompt.SAVED))
        return said, (events.Attend(on=False), *outputs, *says)

    def _kept(self) -> tuple["Booth", Outputs]:
        """With nothing that somebody has to decide about any more."""
        return (evolve(self, draft=None), keeps(self._booth, self.wishes, self.draft)) if self.draft else (self, ())

    def _over(self, prompt: Prompt) -> tuple["Booth", Outputs]:
        """Nothing follows before the handset is hung up."""
        said, says = evolve(self, step=Step.OVER, queue=())._say(self._sound(prompt))
        return said, (events.Hush(), events.Attend(on=False), *says)

    @property
    def _booth(self) -> BoothSettings:
        return self.settings.booth

    @property
    def _questions(self) -> tuple[Path, ...]:
        return self.questions or self.world.questions.get(self.language, ())

    def _speak(self, wish: events.LanguageNext | events.LanguageChoose) -> tuple["Booth", Outputs]:
        known = tuple(self.world.sounds)
        following = known[(known.index(self.language) + 1) % len(known)]
        language = wish.language if isinstance(wish, events.LanguageChoose) else following
        return (evolve(self, language=language) if language in known else self), ()

    def _sound(self, prompt: Prompt) -> Path | None:
        return self._own(prompt, self.world.sounds[self.language or next(iter(self.world.sounds))].get(prompt))

    def _greet(self, path: Path) -> tuple["Booth", Outputs]:
        return self._says(events.Greet(path, path.stem, playback_id=self._name, language=self.language))
