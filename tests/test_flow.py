"""The telephone: in every order of lift, hang-up, dial, press, failure and restart exactly the right clips."""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from appliance import events
from appliance.circumstances import Wishes
from appliance.config.actions import ButtonAction
from appliance.config.flow import Begins, FlowSettings, Order, Script
from appliance.config.loader import parse
from appliance.config.options import AbsolutePath, Seconds
from appliance.config.prompts import PromptSettings
from appliance.config.settings import SwitchSettings
from appliance.errors import ConfigError
from appliance.events import HandsetHangUp, HandsetLift
from appliance.faults import HANGING, MICROPHONE_AWAY, MICROPHONE_LOST
from appliance.flow import flow_of
from appliance.flow.direct import Direct
from appliance.flow.steps import Step
from appliance.flow.telephone import Telephone
from appliance.machine import Do, Effect, Input, Player, Recorder, State, step
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Verdict
from appliance.panel.facts import Fact, Gesture
from appliance.panel.gestures import Hook
from appliance.status import Status, advance
from appliance.store.places import Places

CLIP = Clip("x", "x", "box", AudioFormat(), 1, 0, ClockStamp(0, 0, "boot", ClockSource.NONE))
GREETING, TONE, DELAY, GUARD, LONGEST = 4.0, 0.4, 0.5, 0.15, 30.0
READY = DELAY + GREETING + TONE + GUARD
"""From the lift to the beginning of the clip, where everything works."""
SETTINGS = FlowSettings(Script.TELEPHONE, Seconds(DELAY), AbsolutePath(Path("/greetings")))
PLACES = Places(Path("/state"))
EMPTY = 1e-6
MESSAGE, FOUND = 5.0, 0.05
"""Seconds that a message has, and in which it is found."""
NUMBERS = {"1": ButtonAction("play.latest"), "0": ButtonAction("greeting.play")}


class World:
    """A box with the real table and the real machine, whose cards, clock and hook are as the test says.

    `clips` are the moments at which each begins and ends.
    """

    def __init__(self, settings: FlowSettings = SETTINGS) -> None:
        self.settings = settings
        self.now = 100.0
        self.clips: list[tuple[float, float]] = []
        self.state = State()
        self.status = Status()
        self.speaker = self.microphone = True
        self.hangs = self.attended = False
        self.messages = True
        self.used: list[str] = []
        self.dropped: list[str] = []
        self.wishes: dict[str, Wishes] = {}
        self.lengths: dict[str, float] = {}
        self.said: list[str] = []
        self.take: tuple[str, float] | None = None
        self.says: str | None = None
        self.silent = -inf
        self._inbox: deque[Input] = deque()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = count()
        self._alarm = 0.0
        self.plug_in()

    def plug_in(self) -> None:
        """The process begins."""
        self.hook = Hook(SwitchSettings())
        self.handset = flow_of(self.settings, PromptSettings(), {}, PLACES)

    @property
    def flow(self) -> Telephone:
        assert isinstance(self.handset.script, Telephone)
        return self.handset.script

    def post(self, *inputs: Input) -> None:
        self._inbox.extend(inputs)
        self.drain()

    def drain(self) -> None:
        while self._inbox:
            input = self._inbox.popleft()
            self.state, effects, refusal = step(self.state, input, f"id-{next(self._serial)}")
            happened = events.CommandRefused.of(input, refusal) if refusal else input
            self.status = advance(self.status, self.state, happened, self.now)
            for effect in effects:
                self.start(effect)
            self.handset, asked = self.handset.react(happened, self.status)
            self._inbox.extend(asked)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + seconds, next(self._serial), do))

    def until(self, moment: float) -> None:
        """Let time pass."""
        while True:
            due = self._due[0][0] if self._due else inf
            told = inf if self.hook.deadline is None else self.hook.deadline
            if min(due, told) > moment:
                break
            self.now = max(self.now, min(due, told))
            if due <= told:
                heapq.heappop(self._due)[2]()
            else:
                self.facts(self.hook.tick(self.now))
        self.now = max(self.now, moment)

    def facts(self, facts: Iterable[Fact]) -> None:
        words = {Gesture.LIFTED: HandsetLift, Gesture.HUNG_UP: HandsetHangUp}
        for fact in facts:
            self.post(words[fact.gesture](fact.at))

    def edge(self, lifted: bool) -> None:
        self.facts(self.hook.edge(lifted, self.now))

    def start(self, effect: Effect) -> None:
        """What an effect does to the cards."""
        cause: Any = effect.cause
        match effect.do:
            case Do.START_TAKE:
                assert self.take is None, "two takes at once"
                silent = self.now + 0.16 if self.says else self.silent
                begin = max(cause.at, silent + GUARD) if self.microphone else inf
                self.take = (effect.id, begin)
                self.wishes[effect.id] = cause.wishes
                self.hush()
                self.later(0.3, lambda: self.begin(effect.id))
            case Do.FINISH_TAKE:
                self.end(cause.at)
            case Do.ADOPT_TAKE:
                self.later(0.05, lambda: self.finish(effect.id))
            case Do.USE_GREETING | Do.DROP_CLIP:
                (self.used if effect.do is Do.USE_GREETING else self.dropped).append(cause.clip_id)
            case Do.DISCARD_TAKE:
                self.take = None
                self.later(0.01, lambda: self.post(events.TakeDiscarded(effect.id)))
            case Do.SAY:
                self.hush()
                self.say(effect.id, cause)
            case Do.HUSH:
                self.hush()
            case Do.CHOOSE_LATEST:
                found = events.Play(Path("/m.wav"), "message", None, effect.id)
                self.later(FOUND, lambda: self.post(found if self.messages else events.NothingToPlay(effect.id, "")))
            case Do.START_PLAYBACK if self.speaker:
                self.hush()
                self.later(MESSAGE, lambda: self.played(effect.id, completed=True))
            case Do.START_PLAYBACK:
                self.later(0.0, lambda: self.post(events.PlaybackFailed(effect.id, "no speaker")))
            case Do.STOP_PLAYBACK:
                self.later(0.01, lambda: self.post(events.PlaybackFinished(effect.id, completed=False)))
            case Do.ATTEND:
                self.attended = cause.on
            case Do.WAIT:
                self._alarm = moment = cause.until
                self.later(
                    moment - self.now, lambda: (moment == self._alarm and self.post(events.FlowDue(moment))) or None
                )

    def begin(self, take_id: str) -> None:
        if self.take and self.take[0] == take_id:
            if self.take[1] == inf:
                self.take = None
                self.post(events.TakeFailed(take_id, "no microphone"))
                return
            self.post(events.TakeStarted(take_id, "x", AudioFormat(), 1.0))
            left = self.take[1] + LONGEST - self.now
            self.later(left, lambda: self.ends_by_itself(take_id, LONGEST))

    def ends_by_itself(self, take_id: str, longest: float = inf) -> None:
        if self.take and self.take[0] == take_id:
            self.end(min(self.now, self.take[1] + longest))

    def end(self, at: float) -> None:
        assert self.take
        (take_id, begin), self.take = self.take, None
        if at - begin > EMPTY:
            self.clips.append((begin, at))
            self.lengths[take_id] = at - begin
            self.later(0.05, lambda: self.post(events.TakeSealed(take_id, CLIP)))
        else:
            self.later(0.05, lambda: self.post(events.TakeFailed(take_id, "stopped before", fault=False)))

    def played(self, playback_id: str, completed: bool) -> None:
        if self.state.playback_id == playback_id:
            self.post(events.PlaybackFinished(playback_id, completed))

    def finish(self, take_id: str) -> None:
        verdict = Verdict.OK if self.lengths[take_id] >= 1 else Verdict.TOO_SHORT
        self.post(events.ClipFinished(evolve(CLIP, id=take_id, name=f"clip-{take_id}"), verdict))

    def say(self, name: str, cause: Any) -> None:
        self.said.append(cause.title)
        self.says = name
        if self.hangs:
            return
        if not self.speaker:
            self.later(0.0, lambda: self.over(name, "no speaker"))
            return
        seconds = {"greeting": GREETING}.get(cause.title, TONE)
        self.later(seconds, lambda: self.over(name))

    def over(self, name: str, message: str = "") -> None:
        if self.says == name:
            self.says = None
            self.silent = self.now
            self.post(events.Said(name, self.now, not message, message))

    def hush(self) -> None:
        if self.says and not self.hangs:
            name, self.says, self.silent = self.says, None, self.now + 0.12
            self.later(0.12, lambda: self.post(events.Said(name, self.now, completed=False)))

    # -- what people and fate do

    def lift(self) -> None:
        for level in (True, False, True):
            self.edge(level)
            self.until(self.now + 0.004)

    def hang_up(self) -> None:
        for level in (False, True, False):
            self.edge(level)
            self.until(self.now + 0.003)

    def dial(self, number: int) -> None:
        """Pulses in series with the hook, ten a second."""
        for _ in range(number):
            self.edge(False)
            self.until(self.now + 0.062)
            self.edge(True)
            self.until(self.now + 0.038)

    def press(self) -> None:
        self.post(events.RecordToggle(self.now))

    def lose_microphone(self) -> None:
        self.microphone = False
        if self.take:
            self.ends_by_itself(self.take[0])

    def befall(self, kind: str) -> None:
        """What may happen at any moment, whatever people do."""
        match kind:
            case "speaker":
                self.speaker = not self.speaker
            case "microphone" if self.microphone:
                self.lose_microphone()
            case "microphone":
                self.microphone = True
            case "room":
                self.post(events.StorageFree() if not self.state.room else events.StorageFull("full"))

    def restart(self, lifted: bool) -> None:
        """The process ends and begins again."""
        if self.take:
            self.end(self.now)
        full = not self.state.room
        self._due, self._inbox = [], deque()
        self.state, self.status, self.says, self.attended = State(room=not full), Status(), None, False
        self.plug_in()
        if lifted:
            self.edge(True)


@define
class Reference:
    """What should become of it, said without steps and sounds: which stretches of time are clips."""

    clips: list[tuple[float, float]] = field(factory=list)
    lifted: float | None = None
    ready: float = inf
    begin: float | None = None
    its_own: bool = False
    """Whether what is recorded ends with the handset."""
    speaker: bool = True
    microphone: bool = True
    room: bool = True

    def until(self, moment: float) -> None:
        if self.begin is None and self.ready - GUARD <= moment:
            at, self.ready = self.ready, inf
            if self.room and self.microphone:
                self.begin, self.its_own = at, True
        if self.begin is not None and self.begin + LONGEST <= moment:
            self.keep(self.begin + LONGEST)

    def keep(self, at: float) -> None:
        if self.begin is not None and at - self.begin > EMPTY:
            self.clips.append((self.begin, at))
        self.begin, self.its_own, self.ready = None, False, inf

    def lift(self, at: float) -> None:
        self.lifted = at
        if self.begin is None:
            self.ready = at + (READY if self.speaker else DELAY + GUARD)

    def hang_up(self, at: float) -> None:
        self.lifted, self.ready = None, inf
        if self.its_own:
            self.keep(at)

    def listen(self, at: float) -> None:
        """Somebody dials 1."""
        if self.ready < inf:
            self.ready = at + FOUND + (MESSAGE + TONE if self.speaker else 0) + GUARD

    def again(self, at: float) -> None:
        """Somebody dials 0."""
        if self.begin is not None and not self.its_own:
            return
        if self.its_own:
            self.keep(at)
        if self.lifted is not None:
            self.ready = at + (READY - DELAY if self.speaker else GUARD)

    def press(self, at: float, guard: float) -> None:
        if self.begin is not None:
            self.keep(at)
        elif self.room:
            self.its_own, self.ready = self.ready < inf, inf
            self.begin = at + guard if self.microphone else None


def live(seed: int) -> tuple[World, Reference]:
    """One life of a box: what it made, and what it should have made."""
    chance = random.Random(seed)
    world, wanted = World(evolve(SETTINGS, numbers=NUMBERS)), Reference()
    for _ in range(chance.randint(2, 7)):
        wait = chance.choice((0.4, 1.0, 2.5, 5.3, 8.0, 40.0)) + chance.random() / 8
        moment = world.now + wait
        world.until(moment)
        wanted.until(moment)
        kinds = ("hook", "hook", "hook", "dial", "1", "0", "press", "speaker", "microphone", "room", "restart")
        match chance.choice(kinds):
            case "hook" if wanted.lifted is None:
                wanted.lift(moment)
                world.lift()
            case "hook":
                wanted.hang_up(moment)
                world.hang_up()
            case "dial" if wanted.lifted is not None:
                world.dial(chance.randint(1, 10))
            case "1":
                wanted.listen(moment)
                world.post(events.Dial(moment, "1"))
            case "0":
                wanted.again(moment)
                world.post(events.Dial(moment, "0"))
            case "press":
                says = world.says is not None
                guard = 0.16 + GUARD if says else max(0.0, world.silent + GUARD - moment)
                wanted.press(moment, guard)
                world.press()
            case "speaker" if wanted.lifted is None:
                world.speaker = wanted.speaker = not wanted.speaker
            case "microphone":
                wanted.microphone = not wanted.microphone
                if wanted.microphone:
                    world.microphone = True
                else:
                    world.lose_microphone()
                    wanted.keep(moment) if wanted.begin is not None else None
            case "room":
                wanted.room = not wanted.room
                world.post(events.StorageFree() if wanted.room else events.StorageFull("full"))
            case "restart":
                lifted = wanted.lifted is not None
                wanted.keep(moment)
                world.restart(lifted)
                if lifted:
                    wanted.lift(moment)
        wanted.until(world.now)
    moment = world.now + 3
    world.until(moment)
    wanted.until(moment)
    if wanted.lifted is not None:
        wanted.hang_up(moment)
        world.hang_up()
    world.until(moment + 2)
    if world.state.recorder is not Recorder.IDLE:  # by a button
        moment = world.now
        wanted.until(moment)
        wanted.keep(moment)
        world.press()
    world.until(world.now + 100)
    wanted.until(world.now)
    return world, wanted


def check(seed: int) -> None:
    world, wanted = live(seed)
    assert len(world.clips) == len(wanted.clips), (seed, world.clips, wanted.clips)
    for made, right in zip(world.clips, wanted.clips, strict=True):
        assert made == pytest.approx(right, abs=1e-6), (seed, world.clips, wanted.clips)
    assert world.flow.step is Step.ON_HOOK and world.state == State(room=wanted.room, ended=world.state.ended), seed
    assert not world.attended and world.says is None, seed


@pytest.mark.slow
def test_every_life_of_a_telephone_leaves_exactly_the_right_clips() -> None:
    for seed in range(300):
        check(seed)


@pytest.mark.slow
def test_ten_thousand_lives_of_a_telephone_leave_exactly_the_right_clips() -> None:
    for seed in range(10_000):
        check(seed)


def clips(world: World, *wanted: tuple[float, float]) -> bool:
    """Whether it made these, in seconds since the lift at 100."""
    return world.clips == [pytest.approx((100 + begin, 100 + end), abs=1e-6) for begin, end in wanted]


def call(begins: Begins, hung_up: float) -> World:
    """Somebody lifts the handset and hangs up."""
    world = World(evolve(SETTINGS, begins=begins))
    world.lift()
    world.until(100 + hung_up)
    world.hang_up()
    world.until(200)
    assert world.flow.step is Step.ON_HOOK and not world.attended
    return world


@pytest.mark.parametrize(
    ("begins", "begin"), [(Begins.TONE, READY), (Begins.GREETING_END, READY - TONE), (Begins.LIFT, 0.0)]
)
def test_the_clip_begins_where_it_is_wanted_and_ends_as_the_handset_is_hung_up(begins: Begins, begin: float) -> None:
    world = call(begins, 20.0)
    assert clips(world, (begin, 20.0)) and world.said == ["greeting", "tone"]


@pytest.mark.parametrize("begins", Begins)
@pytest.mark.parametrize("hung_up", [0.2, 0.6, 3.0, DELAY + GREETING - 0.01])
def test_who_hangs_up_before_the_greeting_is_over_leaves_nothing(begins: Begins, hung_up: float) -> None:
    assert call(begins, hung_up).clips == []


def test_dialling_splits_no_recording_and_the_hand_on_the_hook_ends_it_at_the_first_touch() -> None:
    world = World()
    world.lift()
    for moment in (8.0, 11.0):
        world.until(100 + moment)
        world.dial(10)
    world.until(115.0)
    world.hang_up()
    world.until(130.0)
    assert clips(world, (READY, 15.0))


def test_a_forgotten_handset_ends_with_a_sound_and_the_next_lift_is_a_new_call() -> None:
    world = World()
    world.lift()
    world.until(160.0)
    assert clips(world, (READY, READY + LONGEST)) and world.said == ["greeting", "tone", "stopped"]
    world.hang_up()
    world.until(170.0)
    world.lift()
    world.until(180.0)
    world.hang_up()
    world.until(190.0)
    assert clips(world, (READY, READY + LONGEST), (70 + READY, 80.0))


def test_the_end_that_comes_soon_is_told_into_the_handset() -> None:
    world = World()
    world.lift()
    world.until(110.0)
    world.post(events.TakeNearlyUp("id", 3.0))
    assert world.said == ["greeting", "tone", "time_is_nearly_up"]
    world.until(115.0)
    assert world.state.recorder is Recorder.RECORDING


@pytest.mark.parametrize("since", [0.0, 2.0])
def test_a_player_that_hangs_keeps_nobody_from_speaking(since: float) -> None:
    world = World()
    hangs = HANGING.raised("the thread player hangs", "player")
    if not since:
        world.post(hangs)
    world.hangs = True
    world.lift()
    world.until(100 + since)
    if since:
        world.post(hangs)
    world.until(110.0)
    assert world.state.recorder is Recorder.RECORDING
    world.hang_up()
    world.until(120.0)
    ((begin, end),) = world.clips
    assert begin <= 100 + since + DELAY + 2 * GUARD + 0.2 and end == 110.0


def test_what_plays_gives_way_to_the_greeting() -> None:
    world = World()
    world.post(events.Play(Path("/message.wav"), "message"))
    world.lift()
    world.until(102.0)
    assert world.state.player is Player.STOPPED and world.said == ["greeting"]
    world.post(events.Play(Path("/message.wav"), "message"))
    world.until(102.3)
    assert world.state.player is Player.STOPPED and world.said == ["greeting", "tone"]
    world.until(110.0)
    assert world.state.recorder is Recorder.RECORDING


def test_a_card_that_is_full_is_told_into_the_handset() -> None:
    world = World()
    world.post(events.StorageFull("full"))
    world.lift()
    world.until(110.0)
    assert world.said == ["greeting", "tone", "fault"] and world.flow.step is Step.OVER


def test_whoever_speaks_to_no_microphone_is_told_once_and_recorded_from_when_it_is_there() -> None:
    world = World()
    away, lost = MICROPHONE_AWAY.raised("not there"), MICROPHONE_LOST.raised("went away")
    world.post(away)
    world.lift()
    world.until(100 + READY)
    assert world.said == ["greeting", "tone", "fault"], "known before"
    world.post(lost, lost)
    assert world.said[3:] == [] and world.flow.step is Step.RECORDING and world.take
    world.post(MICROPHONE_AWAY.cleared(), MICROPHONE_LOST.cleared())
    world.until(100 + READY + 5)
    world.post(lost)
    assert world.said[3:] == ["fault"] and world.flow.step is Step.RECORDING, "it went away in mid-sentence"
    world.hang_up()
    world.until(200)
    assert len(world.clips) == 1 and world.said[4:] == [] and not world.attended


def test_greetings_are_asked_for_in_turn_or_at_random() -> None:
    for order, shuffled in ((Order.IN_TURN, False), (Order.RANDOM, True)):
        machine = flow_of(evolve(SETTINGS, order=order), PromptSettings(), {}, PLACES)
        for turn in range(3):
            machine, _ = machine.react(HandsetLift(turn * 10.0), Status())
            machine, asked = machine.react(events.FlowDue(turn * 10.0 + DELAY), Status())
            greet = asked[0]
            assert isinstance(greet, events.Greet) and (greet.turn, greet.shuffled) == (turn, shuffled)
            machine, _ = machine.react(HandsetHangUp(turn * 10.0 + 5), Status())


def test_a_handset_without_a_flow_records_while_it_is_lifted() -> None:
    direct = flow_of(FlowSettings(), PromptSettings(), {}, PLACES)
    assert isinstance(direct.script, Direct)
    assert direct.react(HandsetLift(1.0), Status())[1] == (events.RecordStart(1.0),)
    assert direct.react(HandsetHangUp(2.0), Status())[1] == (events.RecordStop(2.0),)


def test_a_flow_needs_the_handset_to_itself() -> None:
    good = parse("flow: telephone\npanel: {switches: {22: handset}}", "test", {}, {})
    assert good.flow.script is Script.TELEPHONE
    with pytest.raises(ConfigError, match="let the switch do `handset`"):
        parse("flow: telephone\npanel: {switches: {22: record.while_off_hook}}", "test", {}, {})


def test_with_a_flow_a_recording_ends_when_it_is_as_long_as_it_may_be() -> None:
    plain = parse("recording: {max_duration: 5m}", "test", {}, {})
    assert plain.recorded == plain.recording and plain.recorded.at_max == "continue"
    flow = parse("flow: telephone\nrecording: {max_duration: 5m, preroll: 3s}", "test", {}, {})
    assert flow.recorded.preroll == 0.0, "the tone would be in the clip"
    assert flow.recorded.at_max == "stop" and flow.recorded.max_duration == Seconds(300)


def numbered(**numbers: str) -> World:
    """A telephone with a dial."""
    return World(evolve(SETTINGS, numbers={name[1:]: ButtonAction(word) for name, word in numbers.items()}))


def test_a_number_asks_for_a_message_in_the_place_of_the_greeting_and_the_tone_follows_it() -> None:
    world = numbered(n1="play.latest")
    world.lift()
    world.until(102.0)
    world.post(events.Dial(102.0, "1"))
    world.until(106.0)
    assert world.flow.step is Step.LISTENING and world.state.player is Player.PLAYING
    world.until(120.0)
    world.hang_up()
    world.until(130.0)
    assert world.said == ["greeting", "tone"] and clips(world, (2 + FOUND + MESSAGE + TONE + GUARD, 20.0))


def test_a_message_that_is_not_there_keeps_nobody_from_speaking() -> None:
    world = numbered(n1="play.latest")
    world.lift()
    world.until(102.0)
    world.messages = False
    world.post(events.Dial(102.0, "1"))
    world.until(110.0)
    world.hang_up()
    world.until(120.0)
    assert clips(world, (2 + FOUND + TONE + GUARD, 10.0))


def test_a_message_that_is_found_after_the_handset_was_hung_up_is_not_played_to_the_hook() -> None:
    world = numbered(n1="play.latest")
    world.lift()
    world.until(102.0)
    world.post(events.Dial(102.0, "1"))
    world.post(HandsetHangUp(102.0))
    world.until(103.0)
    played = [world.state.player]
    world.post(events.Play(Path("/message.wav"), "message"))  # somebody else wants to hear that
    assert [*played, world.state.player] == [Player.STOPPED, Player.PLAYING]


@pytest.mark.parametrize("begins", Begins)
def test_who_wants_to_hear_the_greeting_again_hears_it_and_what_was_spoken_before_is_kept(begins: Begins) -> None:
    world = World(evolve(SETTINGS, begins=begins, numbers={"0": ButtonAction("greeting.play")}))
    world.lift()
    world.until(110.0)
    world.post(events.Dial(110.0, "0"))
    world.until(120.0)
    world.hang_up()
    world.until(130.0)
    first = {Begins.TONE: READY, Begins.GREETING_END: READY - TONE, Begins.LIFT: 0.0}[begins]
    second = {Begins.TONE: READY - DELAY, Begins.GREETING_END: READY - DELAY - TONE, Begins.LIFT: GUARD}[begins]
    assert clips(world, (first, 10.0), (10 + second, 20.0)) or begins is Begins.LIFT
    assert world.said == ["greeting", "tone", "greeting", "tone"] and len(world.clips) == 2


def test_another_language_is_spoken_until_the_handset_is_hung_up() -> None:
    settings = evolve(SETTINGS, languages=("de", "en"), numbers={"3": ButtonAction("language.next")})
    machine = flow_of(settings, PromptSettings(), {}, PLACES)
    languages: list[str] = []

    def tell(*inputs: Input) -> None:
        nonlocal machine
        for input in inputs:
            machine, asked = machine.react(input, Status())
            languages.extend(each.language for each in asked if isinstance(each, events.Greet))
            tell(*(each for each in asked if isinstance(each, events.LanguageNext)))

    tell(HandsetLift(0.0), events.FlowDue(DELAY), events.Dial(2.0, "3"), events.FlowDue(2.0))
    tell(events.LanguageChoose(3.0, "fr"), events.LanguageChoose(4.0, "de"), events.FlowDue(4.0))
    tell(events.Dial(5.0, "3"), HandsetHangUp(6.0), HandsetLift(10.0), events.FlowDue(10.0 + DELAY))
    assert languages == ["de", "en", "de", "de"]


def test_a_number_without_a_meaning_changes_nothing() -> None:
    world = numbered(n1="play.latest")
    world.lift()
    world.until(108.0)
    world.post(events.Dial(108.0, "5"), events.Dial(108.1, "1"))
    world.until(110.0)
    world.hang_up()
    world.until(120.0)
    assert clips(world, (READY, 10.0))


def test_numbers_are_those_of_a_telephone() -> None:
    text = "flow: {script: telephone, numbers: {1: play.latest, '#': play.random, 0: greeting.play}}"
    assert parse(text, "test", {}, {}).flow.numbers == {"1": "play.latest", "#": "play.random", "0": "greeting.play"}
    with pytest.raises(ConfigError, match=r"flow\.numbers"):
        parse("flow: {numbers: {12: play.latest}}", "test", {}, {})
    with pytest.raises(ConfigError, match=r"flow\.numbers"):
        parse("flow: {numbers: {1: record.while_held}}", "test", {}, {})


@pytest.mark.parametrize(
    "choice",
    [
        events.PlayNew(),
        events.PlayToggle(),
        events.PlayAll(),
        events.PlaylistPlay(),
        events.PlayRandom(),
    ],
)
def test_whatever_somebody_chooses_to_hear_is_heard_to_its_end_before_the_tone(choice: Input) -> None:
    world = World()
    world.lift()
    world.until(102.0)
    world.messages = False
    world.handset, _ = world.handset.react(choice, world.status)
    world.until(103.0)
    world.post(events.Play(Path("/m.wav"), "message"))
    world.until(106.0)
    steps = [world.flow.step]
    assert world.state.player is Player.PLAYING
    world.until(120.0)
    assert [*steps, world.flow.step] == [Step.LISTENING, Step.RECORDING]
