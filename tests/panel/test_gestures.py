from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.circumstances import Begun, Starter, Wishes
from appliance.config.actions import ButtonAction
from appliance.config.options import Seconds
from appliance.config.settings import ButtonSettings, SwitchSettings
from appliance.events import (
    Command,
    PlayerStop,
    PlayLatest,
    PlayNext,
    PlayToggle,
    RecordDiscard,
    RecordMark,
    RecordPauseToggle,
    RecordStart,
    RecordStop,
    RecordToggle,
    VolumeDown,
    VolumeUp,
)
from appliance.panel import gestures
from appliance.panel.facts import Fact, Gesture
from appliance.panel.gestures import Debouncer
from appliance.panel.meanings import means

BUTTON, SWITCH = Wishes(Begun(Starter.BUTTON, "17")), Wishes(Begun(Starter.SWITCH, "17"))
TOGGLE, MARK, DISCARD = ButtonAction.RECORD_TOGGLE, ButtonAction.RECORD_MARK, ButtonAction.RECORD_STOP
HELD = ButtonAction.RECORD_WHILE_HELD

actions = st.sampled_from(tuple(ButtonAction))
meanings = st.tuples(st.none() | actions, st.none() | actions, st.none() | actions).filter(
    lambda meaning: meaning[0] is not HELD or meaning[1:] == (None, None)
)
buttons = st.builds(
    lambda meaning, **times: ButtonSettings(*meaning, **times),
    meanings,
    debounce=st.sampled_from([Seconds(0.0), Seconds(0.02), Seconds(0.5)]),
    hold_time=st.sampled_from([Seconds(0.2), Seconds(1.0)]),
    double_press_time=st.sampled_from([Seconds(0.1), Seconds(0.4), Seconds(2.0)]),
)
pauses = st.integers(0, 3000) | st.sampled_from([0, 1, 20, 100, 200, 400, 500, 1000, 2000])
moves = st.lists(st.tuples(pauses, st.sampled_from(["down", "up", "tick"])), max_size=60)


Step = tuple[int, str]
"""Milliseconds since the step before, and what happens then."""


class Meant:
    """Gestures or a key, and what their facts ask for in this configuration."""

    def __init__(self, told: Any, settings: ButtonSettings | SwitchSettings) -> None:
        self._told = told
        self._means = means(settings, 17)

    @property
    def deadline(self) -> float | None:
        deadline: float | None = self._told.deadline
        return deadline

    def press(self, at: float) -> list[Command]:
        return self._means(self._told.press(at))

    def release(self, at: float) -> list[Command]:
        return self._means(self._told.release(at))

    def edge(self, level: bool, at: float) -> list[Command]:
        return self._means(self._told.edge(level, at))

    def tick(self, now: float) -> list[Command]:
        return self._means(self._told.tick(now))


class Gestures(Meant):
    def __init__(self, settings: ButtonSettings, down: bool = False) -> None:
        super().__init__(gestures.Gestures(settings, down), settings)


class Key(Meant):
    def __init__(self, settings: ButtonSettings, level: bool) -> None:
        super().__init__(gestures.Key(settings, level), settings)


class Hook(Meant):
    def __init__(self, settings: SwitchSettings) -> None:
        super().__init__(gestures.Hook(settings), settings)


def command(action: ButtonAction, at: float) -> Command:
    [asked] = means(ButtonSettings(action), 17)([Fact(Gesture.PRESSED, at)])
    return asked


def times_of(steps: list[Step], start: float = 100.0) -> list[float]:
    return [start + elapsed / 1000 for elapsed in accumulate(pause for pause, _ in steps)]


def play(key: Meant, steps: list[Step], start: float = 100.0) -> list[Command]:
    commands: list[Command] = []
    for now, (_, move) in zip(times_of(steps, start), steps, strict=True):
        commands += key.tick(now) if move == "tick" else key.edge(move == "down", now)
    return commands


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (ButtonAction.RECORD_TOGGLE, RecordToggle(7.0, BUTTON)),
        (ButtonAction.RECORD_START, RecordStart(7.0, BUTTON)),
        (ButtonAction.RECORD_STOP, RecordStop(7.0)),
        (ButtonAction.RECORD_PAUSE_TOGGLE, RecordPauseToggle(7.0)),
        (ButtonAction.RECORD_DISCARD, RecordDiscard()),
        (ButtonAction.RECORD_MARK, RecordMark(7.0)),
        (ButtonAction.RECORD_WHILE_HELD, RecordStart(7.0, BUTTON)),
        (ButtonAction.PLAY_TOGGLE, PlayToggle()),
        (ButtonAction.PLAY_NEXT, PlayNext()),
        (ButtonAction.PLAY_LATEST, PlayLatest()),
        (ButtonAction.PLAY_STOP, PlayerStop()),
        (ButtonAction.VOLUME_UP, VolumeUp()),
        (ButtonAction.VOLUME_DOWN, VolumeDown()),
    ],
)
def test_every_action_has_its_command(action: ButtonAction, expected: Command) -> None:
    assert command(action, 7.0) == expected


def test_the_table_of_actions_is_complete() -> None:
    assert all(isinstance(command(action, 0.0), Command) for action in ButtonAction)


def test_a_plain_press_acts_as_the_key_goes_down() -> None:
    key = Gestures(ButtonSettings(TOGGLE))
    assert key.press(1.0) == [RecordToggle(1.0, BUTTON)]
    assert key.release(30.0) == []
    assert key.press(31.0) == [RecordToggle(31.0, BUTTON)]
    assert key.deadline is None


def test_with_hold_a_short_press_acts_as_the_key_comes_up() -> None:
    key = Gestures(ButtonSettings(TOGGLE, hold=MARK))
    assert key.press(1.0) == []
    assert key.release(1.5) == [RecordToggle(1.0, BUTTON)]


def test_a_held_key_acts_while_it_is_down_and_not_again_as_it_comes_up() -> None:
    key = Gestures(ButtonSettings(TOGGLE, hold=MARK))
    key.press(1.0)
    assert key.deadline == 2.0
    assert key.tick(1.99) == []
    assert key.tick(2.0) == [RecordMark(1.0)]
    assert key.tick(9.0) == []
    assert key.release(10.0) == []


def test_a_hold_that_is_seen_only_as_the_key_comes_up_is_still_a_hold() -> None:
    key = Gestures(ButtonSettings(TOGGLE, hold=MARK))
    key.press(1.0)
    assert key.release(2.5) == [RecordMark(1.0)]


def test_with_double_press_a_single_one_waits() -> None:
    key = Gestures(ButtonSettings(TOGGLE, double_press=MARK))
    assert key.press(1.0) == []
    assert key.release(1.1) == []
    assert key.deadline == 1.4
    assert key.tick(1.39) == []
    assert key.tick(1.4) == [RecordToggle(1.0, BUTTON)]


def test_a_double_press_acts_at_once_with_the_time_of_the_first_press() -> None:
    key = Gestures(ButtonSettings(TOGGLE, double_press=MARK))
    key.press(1.0)
    key.release(1.1)
    assert key.press(1.3) == [RecordMark(1.0)]
    assert key.release(1.35) == []
    assert key.tick(9.0) == []


def test_two_slow_presses_are_two_single_ones_however_late_they_are_seen() -> None:
    key = Gestures(ButtonSettings(TOGGLE, double_press=MARK))
    assert key.press(1.0) == []
    assert key.release(1.1) == []
    assert key.press(1.5) == [RecordToggle(1.0, BUTTON)]
    assert key.release(2.5) == [RecordToggle(1.5, BUTTON)]


def test_hold_double_press_and_press_live_on_one_key() -> None:
    settings = ButtonSettings(TOGGLE, hold=MARK, double_press=DISCARD)
    held = Gestures(settings)
    assert (held.press(1.0), held.tick(2.0), held.release(2.5)) == ([], [RecordMark(1.0)], [])
    double = Gestures(settings)
    assert (double.press(1.0), double.release(1.1), double.press(1.2)) == ([], [], [RecordStop(1.0)])
    single = Gestures(settings)
    assert (single.press(1.0), single.release(1.1), single.tick(1.4)) == ([], [], [RecordToggle(1.0, BUTTON)])
    slow = Gestures(settings)
    assert (slow.press(1.0), slow.tick(1.5), slow.release(1.8)) == ([], [], [RecordToggle(1.0, BUTTON)])


def test_while_held_records_from_press_to_release() -> None:
    key = Gestures(ButtonSettings(HELD))
    assert key.press(1.0) == [RecordStart(1.0, BUTTON)]
    assert key.release(5.0) == [RecordStop(5.0)]


def test_while_held_may_begin_with_a_hold_or_with_the_second_press() -> None:
    key = Gestures(ButtonSettings(TOGGLE, hold=HELD))
    key.press(1.0)
    assert key.tick(2.0) == [RecordStart(1.0, BUTTON)]
    assert key.release(8.0) == [RecordStop(8.0)]
    key = Gestures(ButtonSettings(TOGGLE, double_press=HELD))
    key.press(1.0)
    key.release(1.1)
    assert key.press(1.2) == [RecordStart(1.0, BUTTON)]
    assert key.release(8.0) == [RecordStop(8.0)]


def test_a_key_that_is_stuck_from_the_start_has_not_been_pressed() -> None:
    key = Gestures(ButtonSettings(TOGGLE, hold=MARK), down=True)
    assert (key.deadline, key.tick(99.0), key.release(100.0)) == (None, [], [])
    assert Gestures(ButtonSettings(TOGGLE), down=True).press(1.0) == []


def test_an_edge_that_got_lost_asks_for_nothing_twice() -> None:
    key = Gestures(ButtonSettings(HELD))
    assert key.press(1.0) == [RecordStart(1.0, BUTTON)]
    assert key.press(2.0) == []
    assert key.release(3.0) == [RecordStop(3.0)]
    assert key.release(4.0) == []


def test_a_key_without_any_action_is_mute() -> None:
    key = Gestures(ButtonSettings())
    assert key.press(1.0) == [] and key.release(2.0) == [] and key.deadline is None


def test_bouncing_counts_once_from_its_first_edge() -> None:
    key = Key(ButtonSettings(TOGGLE), level=False)
    for at in (1.000, 1.004, 1.008):
        assert key.edge(True, at) == []
        assert key.edge(False, at + 0.002) == []
    assert key.edge(True, 1.012) == []
    assert key.deadline == pytest.approx(1.032)
    assert key.tick(1.031) == []
    assert key.tick(1.033) == [RecordToggle(1.000, BUTTON)]


def test_a_spike_is_no_press() -> None:
    debouncer = Debouncer(0.02, False)
    debouncer.edge(True, 1.0)
    debouncer.edge(False, 1.001)
    assert debouncer.settle(1.1) is None
    assert debouncer.level is False and debouncer.deadline is None


def test_a_release_that_still_bounces_when_the_hold_is_due_is_a_release() -> None:
    key = Key(ButtonSettings(TOGGLE, hold=MARK), level=False)
    assert key.edge(True, 1.0) == []
    assert key.edge(False, 1.99) == []
    assert key.tick(2.005) == []
    assert key.tick(2.02) == [RecordToggle(1.0, BUTTON)]


def test_presses_that_are_seen_late_are_decided_by_their_own_times() -> None:
    key = Key(ButtonSettings(TOGGLE), level=False)
    assert key.edge(True, 1.0) == []
    assert key.edge(False, 1.3) == [RecordToggle(1.0, BUTTON)]
    assert key.tick(9.0) == []


def test_a_handset_records_while_it_is_off_the_hook() -> None:
    hook = Hook(SwitchSettings())
    assert play(hook, [(0, "down"), (200, "tick"), (5000, "up"), (200, "tick")]) == [
        RecordStart(100.0, SWITCH),
        RecordStop(105.2),
    ]


@given(buttons, moves)
def test_takes_that_are_held_begin_and_end_in_turn(settings: ButtonSettings, steps: list[Step]) -> None:
    others = settings.hold or settings.double_press
    held_only = ButtonSettings(
        None if others else settings.press and HELD,
        settings.hold and HELD,
        settings.double_press and HELD,
        debounce=settings.debounce,
        hold_time=settings.hold_time,
        double_press_time=settings.double_press_time,
    )
    commands = play(Key(held_only, level=False), [*steps, (10_000, "tick"), (10_000, "up"), (10_000, "tick")])
    assert all(isinstance(one, RecordStart) for one in commands[0::2])
    assert all(isinstance(one, RecordStop) for one in commands[1::2])
    assert len(commands) % 2 == 0
    times = [one.at for one in commands if isinstance(one, RecordStart | RecordStop)]
    assert times == sorted(times)


@pytest.mark.slow
@given(buttons, st.booleans(), moves)
def test_one_press_asks_for_at_most_one_thing(settings: ButtonSettings, stuck: bool, steps: list[Step]) -> None:
    plain = ButtonSettings(
        settings.press and TOGGLE,
        settings.hold and MARK,
        settings.double_press and ButtonAction.RECORD_PAUSE_TOGGLE,
        debounce=settings.debounce,
        hold_time=settings.hold_time,
        double_press_time=settings.double_press_time,
    )
    key = Key(plain, level=stuck)
    commands = play(key, [*steps, (10_000, "tick"), (10_000, "up"), (10_000, "tick")])
    edges = [at for at, (_, move) in zip(times_of(steps), steps, strict=True) if move != "tick"]
    times = [one.at for one in commands if isinstance(one, RecordToggle | RecordMark | RecordPauseToggle)]
    assert len(times) == len(commands)
    assert all(times.count(at) <= edges.count(at) for at in times)
    assert key.deadline is None


@pytest.mark.slow
@given(buttons, moves, moves)
def test_a_key_always_works_again_once_it_has_been_up(
    settings: ButtonSettings, before: list[Step], noise: list[Step]
) -> None:
    key = Key(ButtonSettings(TOGGLE, debounce=settings.debounce), level=False)
    play(key, before)
    assert play(key, [(10_000, "up"), (10_000, "tick"), (10_000, "down"), (10_000, "tick")], start=1000.0)[-1:] == [
        RecordToggle(1030.0, BUTTON)
    ]


@pytest.mark.slow
@given(buttons, moves)
def test_it_makes_no_difference_when_time_is_looked_at(settings: ButtonSettings, steps: list[Step]) -> None:
    """A thread that wakes late decides the same as one that wakes on time."""
    edges: list[Step] = []
    waited = 0
    for pause, move in steps:
        waited += pause
        if move != "tick":
            edges.append((waited, move))
            waited = 0
    on_time = play(Key(settings, False), [*steps, (10_000, "tick")])
    assert play(Key(settings, False), [*edges, (waited + 10_000, "tick")]) == on_time


def test_a_key_tells_facts_whatever_they_mean() -> None:
    key = gestures.Gestures(ButtonSettings(TOGGLE, hold=MARK, double_press=DISCARD))
    assert key.press(1.0) == []
    assert key.tick(2.0) == [Fact(Gesture.HELD, 1.0)]
    assert key.release(2.5) == [Fact(Gesture.RELEASED, 2.5, Gesture.HELD)]
    assert key.press(3.0) + key.release(3.1) + key.press(3.2) == [Fact(Gesture.PRESSED_TWICE, 3.0)]
    assert key.release(3.3) == [Fact(Gesture.RELEASED, 3.3, Gesture.PRESSED_TWICE)]
    assert key.press(5.0) + key.release(5.1) == []
    assert key.tick(5.4) == [Fact(Gesture.PRESSED, 5.0), Fact(Gesture.RELEASED, 5.1, Gesture.PRESSED)]


def test_a_handset_tells_that_it_was_lifted_and_hung_up() -> None:
    hook = gestures.Hook(SwitchSettings())
    assert hook.edge(True, 1.0) + hook.tick(1.2) == [Fact(Gesture.LIFTED, 1.0)]
    assert hook.edge(False, 9.0) + hook.tick(9.2) == [Fact(Gesture.HUNG_UP, 9.0)]


@given(buttons, moves)
def test_every_gesture_is_told_to_its_end_before_the_next(settings: ButtonSettings, steps: list[Step]) -> None:
    key = gestures.Key(settings, level=False)
    facts: list[Fact] = []
    ends: list[Step] = [(10_000, "tick"), (10_000, "up"), (10_000, "tick")]
    for now, (_, move) in zip(times_of([*steps, *ends]), [*steps, *ends], strict=True):
        facts += key.tick(now) if move == "tick" else key.edge(move == "down", now)
    begun, over = facts[0::2], facts[1::2]
    assert [fact.after for fact in over] == [fact.gesture for fact in begun]
    assert all(fact.gesture is Gesture.RELEASED for fact in over)
