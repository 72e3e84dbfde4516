"""The machine of schedules, with the real table deciding about what it asks for."""

from collections import deque
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance import events
from appliance.listed import OpenWindow
from appliance.machine import Do, Input, Recorder, State, step
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp
from appliance.reactions import Reactions
from appliance.schedules.machine import PAUSE, Scheduled
from appliance.status import Status, advance

DAWN, NOON = OpenWindow("dawn", 0, 100), OpenWindow("noon", 50, 200)


class Box:
    """The table, the machine, and what is asked of the recorder."""

    def __init__(self) -> None:
        self.state, self.status, self.now = State(), Status(), 1000.0
        self.done: list[tuple[str, str, float]] = []
        self.begun: dict[str | None, Input] = {}
        self.takes = 0
        self._waiting: deque[Input] = deque()
        self._hear = Reactions(Scheduled(lambda: self.now)).listener(self._waiting.append)

    def post(self, *inputs: Input) -> None:
        """Let these happen, and everything that follows."""
        self._waiting += inputs
        while self._waiting:
            self._handle(self._waiting.popleft())

    def open(self, *windows: OpenWindow, at: float | None = None) -> None:
        self.post(events.ScheduleChanged(windows, self.now if at is None else at))

    def press(self) -> None:
        self.post(events.RecordToggle(self.now))

    def fail(self) -> None:
        assert self.state.take_id
        self.post(events.TakeFailed(self.state.take_id, "no microphone"))

    @property
    def recording(self) -> bool:
        return self.state.recorder is not Recorder.IDLE

    def words(self) -> list[str]:
        """What was done, without moments."""
        return [f"{do} {take}" for do, take, _ in self.done]

    def _handle(self, input: Input) -> None:
        self.takes += 1
        self.state, effects, refusal = step(self.state, input, f"take-{self.takes}")
        happened = events.CommandRefused.of(input, refusal) if refusal else input
        self.status = advance(self.status, self.state, happened)
        for effect in effects:
            if effect.do in (Do.START_TAKE, Do.FINISH_TAKE, Do.DISCARD_TAKE):
                self.done.append((effect.do.value, effect.id, getattr(input, "at", inf)))
            if effect.do is Do.START_TAKE:
                self.begun[effect.id] = input
        self._hear(happened, self.status)


def test_a_take_begins_and_ends_with_a_window() -> None:
    box = Box()
    box.open(DAWN)
    [(do, take, at)] = box.done
    assert (do, at) == ("start_take", 1000.0) and box.recording
    box.open(at=1099.5)
    assert box.done[1:] == [("finish_take", take, 1099.5)], "it ends with the window, and not when somebody noticed"


def test_a_window_that_is_over_before_its_take_began_ends_it_all_the_same() -> None:
    box = Box()
    box.post(events.ScheduleChanged((DAWN,), 1000.0), events.ScheduleChanged((), 1000.0))
    assert [do for do, *_ in box.done] == ["start_take", "finish_take"] and not box.recording


def test_windows_that_touch_make_one_take() -> None:
    box = Box()
    box.open(DAWN)
    box.open(DAWN, NOON)
    box.open(NOON)
    assert len(box.done) == 1
    box.open()
    assert len(box.done) == 2 and not box.recording


def test_a_take_of_a_person_is_not_ended_and_nothing_is_begun_beside_it() -> None:
    box = Box()
    box.press()
    box.open(DAWN)
    box.open()
    assert len(box.done) == 1 and box.recording
    box.open(DAWN)
    box.press()
    assert box.words()[1].startswith("finish_take") and box.words()[2].startswith("start_take"), (
        "the rest of the window"
    )
    box.open()
    assert not box.recording


def test_what_a_person_ends_stays_ended_until_another_window_opens() -> None:
    box = Box()
    box.open(DAWN)
    box.press()
    box.post(events.ScheduleReminder(), events.StorageFree())
    assert not box.recording
    box.press()
    box.press()
    assert not box.recording, "nor is it begun after a take of hers"
    box.open(DAWN, NOON)
    assert box.recording


def test_a_take_of_hers_after_she_ended_the_scheduled_one_is_hers() -> None:
    box = Box()
    box.open(DAWN)
    box.press()
    box.press()
    box.open()
    assert box.recording


def test_a_take_that_fails_is_begun_anew_after_a_pause_or_once_that_may_help() -> None:
    box = Box()
    box.open(DAWN)
    box.fail()
    box.post(events.ScheduleReminder())
    assert not box.recording
    box.now += PAUSE
    box.post(events.ScheduleReminder())
    assert box.recording
    box.fail()
    box.post(events.FaultCleared("microphone", "device watch"))
    assert box.recording


def test_a_full_card_is_asked_no_more_than_now_and_then() -> None:
    box = Box()
    box.post(events.StorageFull("full"))
    box.open(DAWN)
    for _ in range(10):
        box.post(events.ScheduleReminder())
    assert box.done == []
    box.post(events.StorageFree())
    assert box.recording


def test_a_take_that_is_as_long_as_it_may_be_is_followed_by_another() -> None:
    box = Box()
    box.open(DAWN)
    clip = Clip("x", "x", "box", AudioFormat(), 0, 0, ClockStamp(0, 0, "boot", ClockSource.NONE))
    box.post(events.TakeSealed(str(box.state.take_id), clip))
    assert box.recording and box.words()[1].startswith("start_take")


def test_a_take_that_others_carry_on_is_ended_with_its_window() -> None:
    box = Box()
    box.open(DAWN)
    first = str(box.state.take_id)
    box.post(events.TakeContinues(first, 1050.0, AudioFormat()))
    assert box.recording and box.state.take_id != first
    box.open()
    assert not box.recording


Order = events.RecordToggle | events.RecordStart | events.RecordStop


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.sampled_from((events.RecordToggle, events.RecordStart, events.RecordStop)), max_size=5))
def test_whatever_is_asked_for_and_refused_meanwhile_its_take_ends(orders: list[type[Order]]) -> None:
    """Many orders wait at once, before what the schedule asks for."""
    box = Box()
    people = [order(1000.0) for order in orders]
    box.post(events.ScheduleChanged((DAWN,), 1000.0), *people)
    box.open(at=1099.5)
    assert not box.recording or any(box.begun[box.state.take_id] is each for each in people)


class AnyOrder(RuleBasedStateMachine):
    """Whatever people and windows do: hers is never ended, and an open window is recorded unless she ended that."""

    def __init__(self) -> None:
        super().__init__()
        self.box = Box()
        self.windows: tuple[OpenWindow, ...] = ()
        self.hers: str | None = None
        self.ended = False
        self.serial = 0

    @rule(count=st.integers(0, 2))
    def change(self, count: int) -> None:
        self.serial += 1
        opened = tuple(OpenWindow(str(number), self.serial, self.serial + 9) for number in range(count))
        self.windows, self.ended = opened, self.ended and not opened
        self.box.open(*opened)

    @rule()
    def remind(self) -> None:
        self.box.post(events.ScheduleReminder())

    @rule()
    def press(self) -> None:
        before = self.box.state.take_id
        self.box.press()
        if before is None:
            self.hers = self.box.state.take_id
        else:
            if before != self.hers and self.windows:
                self.ended = True
            self.hers = None

    @precondition(lambda self: self.box.recording)
    @rule()
    def fail(self) -> None:
        self.hers = None
        self.box.fail()
        self.box.now += PAUSE
        self.box.post(events.ScheduleReminder())

    @invariant()
    def hers_goes_on(self) -> None:
        assert self.hers is None or self.box.state.take_id == self.hers

    @invariant()
    def an_open_window_is_recorded(self) -> None:
        wanted = bool(self.windows) and not self.ended
        assert self.box.recording == (wanted or self.hers is not None)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=15)
