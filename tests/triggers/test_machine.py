"""The machine of triggers, with the real table deciding about what it asks for, whatever comes in between."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance import events
from appliance.listed import HeardSound
from appliance.machine import Do, Input, Player, Recorder, State, step
from appliance.reactions import Reactions
from appliance.status import Status, advance
from appliance.triggers.machine import PAUSE, Triggered


class Box:
    """The table, the machine, and what is asked of the recorder. What is posted waits until it is handled."""

    def __init__(self) -> None:
        self.state, self.status, self.now = State(), Status(), 1000.0
        self.done: list[tuple[str, str, float]] = []
        self.refused: list[str] = []
        self.takes = 0
        self.waiting: deque[Input] = deque()
        self._hear = Reactions(Triggered(lambda: self.now)).listener(self.waiting.append)

    def post(self, *inputs: Input) -> None:
        """Let these happen, and everything that follows."""
        self.waiting += inputs
        while self.waiting:
            self.handle()

    def hear(self, *names: str, begin: float | None = None, at: float | None = None) -> None:
        begin = self.now - 1 if begin is None else begin
        at = self.now if at is None else at
        self.post(events.TriggerChanged(tuple(HeardSound(name, begin) for name in names), at))

    def press(self) -> None:
        self.post(events.RecordToggle(self.now))

    @property
    def recording(self) -> bool:
        return self.state.recorder is not Recorder.IDLE

    def words(self) -> list[str]:
        """What was done, without moments."""
        return [f"{do} {take}" for do, take, _ in self.done]

    def handle(self) -> None:
        input = self.waiting.popleft()
        self.takes += 1
        self.state, effects, refusal = step(self.state, input, f"take-{self.takes}")
        happened = events.CommandRefused.of(input, refusal) if refusal else input
        if refusal:
            self.refused.append(type(input).__name__)
        self.status = advance(self.status, self.state, happened)
        for effect in effects:
            if effect.do in (Do.START_TAKE, Do.FINISH_TAKE, Do.DISCARD_TAKE):
                self.done.append((effect.do.value, effect.id, getattr(input, "at", self.now)))
        self._hear(happened, self.status)


def test_a_take_begins_and_ends_with_what_is_heard() -> None:
    box = Box()
    box.hear("bats", begin=999.0)
    [(do, take, at)] = box.done
    assert (do, at) == ("start_take", 999.0)
    box.hear(at=1003.25)
    assert box.done[1:] == [("finish_take", take, 1003.25)]


def test_what_is_over_before_the_take_began_is_ended_all_the_same() -> None:
    box = Box()
    sound = HeardSound("bats", 999.0)
    box.post(events.TriggerChanged((sound,), 1000.0), events.TriggerChanged((), 1000.1))
    assert [do for do, *_ in box.done] == ["start_take", "finish_take"] and box.done[1][2] == 1000.1


def test_several_triggers_make_one_take() -> None:
    box = Box()
    for names in (("bats",), ("bats", "birds"), ("birds",)):
        box.hear(*names)
    assert len(box.done) == 1
    box.hear()
    assert len(box.done) == 2 and not box.recording


def test_no_sound_is_in_two_takes() -> None:
    box = Box()
    box.hear("bats", begin=999.0)
    box.hear(at=1002.0)
    box.hear("bats", begin=1001.5)
    assert box.done[-1][::2] == ("start_take", 1002.0)


def test_a_take_of_a_person_is_not_ended_and_nothing_is_begun_beside_it() -> None:
    box = Box()
    box.press()
    box.hear("bats")
    box.hear()
    assert len(box.done) == 1 and box.recording


def test_what_a_person_ends_stays_so_until_something_else_is_heard() -> None:
    box = Box()
    box.hear("bats")
    box.press()
    box.post(events.StorageFree())
    assert not box.recording
    box.hear("bats", "birds", begin=1005.0)
    assert box.recording


def test_its_own_end_is_none_of_a_person() -> None:
    box = Box()
    box.hear("bats", begin=999.0)
    sound = HeardSound("bats", 1000.0)
    box.post(events.TriggerChanged((), 1001.0), events.TriggerChanged((sound,), 1001.5))
    assert box.recording and [do for do, *_ in box.done] == ["start_take", "finish_take", "start_take"]


def test_whoever_wants_to_begin_meanwhile_has_it_for_her_own() -> None:
    box = Box()
    box.hear("bats")
    box.post(events.RecordStart(box.now))
    box.hear()
    assert box.recording and box.refused == ["RecordStart"]
    box.post(events.RecordStop(box.now))
    assert not box.recording


def test_whoever_pauses_it_has_it_for_her_own() -> None:
    box = Box()
    box.hear("bats")
    box.post(events.RecordPauseToggle(box.now))
    box.hear()
    assert box.state.recorder is Recorder.PAUSED


def test_nothing_is_begun_while_something_plays_and_what_is_still_heard_after_that_is() -> None:
    box = Box()
    box.state = State(player=Player.PLAYING, playback_id="p")
    box.hear("bats")
    assert not box.recording
    box.post(events.PlaybackFinished("p", completed=True))
    assert box.recording


def test_a_take_that_fails_is_begun_anew_after_a_pause_or_once_that_may_help() -> None:
    box = Box()
    box.hear("bats")
    box.post(events.TakeFailed(str(box.state.take_id), "no microphone"))
    box.post(events.QueueChanged(0))
    assert not box.recording
    box.now += PAUSE
    box.post(events.QueueChanged(0))
    assert box.recording
    box.post(events.TakeFailed(str(box.state.take_id), "no microphone"))
    box.post(events.FaultCleared("microphone", "device watch"))
    assert box.recording


Order = events.RecordToggle | events.RecordStart | events.RecordStop


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.sampled_from((events.RecordToggle, events.RecordStart, events.RecordStop)), max_size=5))
def test_whatever_is_asked_for_and_refused_meanwhile_its_take_ends(orders: list[type[Order]]) -> None:
    """Many orders wait at once, before what the trigger asks for."""
    box, hers = Box(), None
    people = [order(1000.0) for order in orders]
    box.waiting += [events.TriggerChanged((HeardSound("bats", 999.0),), 1000.0), *people]
    while box.waiting:
        input = box.waiting[0]
        box.handle()
        if any(input is each for each in people):
            hers = box.state.take_id
    box.hear()
    assert box.state.take_id in (None, hers)


Press = events.RecordToggle | events.RecordStart | events.RecordStop | events.RecordPause


class AnyOrder(RuleBasedStateMachine):
    """Whatever people and triggers do, and in whatever order it is handled.

    A take that a person began, or has taken over, ends by a person; no two takes have a sound in common; and once all
    is handled a take of a trigger is in progress only while something is heard.
    """

    def __init__(self) -> None:
        super().__init__()
        self.box = Box()
        self.hers: str | None = None
        self.serial = 0
        self.heard = False
        self.told = 0.0

    @rule(count=st.integers(0, 2), late=st.floats(0, 1), reach=st.floats(0, 3))
    def change(self, count: int, late: float, reach: float) -> None:
        self.serial += 1
        at = self.told = max(self.told, self.box.now - late)
        sounds = tuple(HeardSound(f"{self.serial}-{each}", at - reach) for each in range(count))
        self.box.waiting.append(events.TriggerChanged(sounds, at))
        self.heard = bool(sounds)

    @rule(seconds=st.floats(1.1, 5))
    def pass_by(self, seconds: float) -> None:
        self.box.now += seconds

    @rule(command=st.sampled_from((events.RecordToggle, events.RecordStart, events.RecordStop, events.RecordPause)))
    def press(self, command: type[Press]) -> None:
        self.settle()  # a press is handled in a moment, and all that came before it
        before = self.box.state
        self.box.waiting.append(command(self.box.now))
        self.box.handle()
        after = self.box.state
        begun = after.take_id and not before.take_id
        taken = before.take_id and command is not events.RecordToggle and after.take_id
        self.hers = after.take_id if begun or taken else None if after.take_id is None else self.hers

    @precondition(lambda self: self.box.recording)
    @rule()
    def fail(self) -> None:
        take = str(self.box.state.take_id)
        self.hers = None if take == self.hers else self.hers
        self.box.waiting.append(events.TakeFailed(take, "broken"))
        self.settle()

    @rule()
    def handle(self) -> None:
        if self.box.waiting:
            self.box.handle()

    def settle(self) -> None:
        while self.box.waiting:
            self.box.handle()

    @invariant()
    def hers_goes_on(self) -> None:
        assert self.hers is None or self.box.state.take_id == self.hers

    @invariant()
    def no_take_reaches_into_another(self) -> None:
        moments = [at for do, _, at in self.box.done]
        assert moments == sorted(moments)

    @invariant()
    def nothing_is_recorded_where_nothing_is_heard(self) -> None:
        if not self.box.waiting and not self.heard:
            assert self.box.state.take_id == self.hers


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=20, derandomize=True)
