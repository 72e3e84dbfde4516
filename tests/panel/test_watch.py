"""Edges handed over late, in any grouping, to a thread that wakes late, ask for what they would ask on time."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import accumulate, cycle

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.actions import ButtonAction
from appliance.config.options import Seconds
from appliance.config.settings import ButtonSettings, SwitchSettings
from appliance.panel.facts import Fact, Gesture
from appliance.panel.gestures import Hook, Key
from appliance.panel.watch import LATEST, LOOK_AGAIN, PinWatch

TOGGLE, MARK, DISCARD = ButtonAction.RECORD_TOGGLE, ButtonAction.RECORD_MARK, ButtonAction.RECORD_DISCARD
START = 100.0
END = 5.0
"""Seconds of quiet at the end."""

Edge = tuple[bool, float]


@frozen
class Signal:
    """What a pin does: its level from START on, and the times in order at which it changes."""

    changes: tuple[float, ...] = ()
    first: bool = False

    def level(self, at: float) -> bool:
        return self.first ^ (bisect_right(self.changes, at) % 2 == 1)

    @property
    def edges(self) -> list[Edge]:
        return [(self.first ^ (number % 2 == 0), at) for number, at in enumerate(self.changes)]


def keys(settings: ButtonSettings | SwitchSettings) -> Key:
    return Hook(settings) if isinstance(settings, SwitchSettings) else Key(settings, level=False)


def on_time(settings: ButtonSettings | SwitchSettings, signal: Signal) -> list[Fact]:
    key, facts = keys(settings), []
    for level, at in signal.edges:
        facts += key.edge(level, at)
    return facts + key.tick(max(signal.changes, default=START) + END)


def in_practice(
    settings: ButtonSettings | SwitchSettings,
    signal: Signal,
    late: Sequence[float],
    wakes: Sequence[float] = (0.0,),
    dropped: int = 0,
) -> list[Fact]:
    """What is told where edges are handed over so `late`, in turn, and the thread `wakes` so late after it should.

    The last edges are `dropped`, as by the kernel.
    """
    now, facts = START, []
    watch = PinWatch(keys(settings), settings.debounce, lambda: signal.level(now))
    facts += watch.edge(False, START, START)
    edges = signal.edges[: len(signal.changes) - dropped]
    times = accumulate((at + each for (_, at), each in zip(edges, cycle(late), strict=False)), max)
    handed = deque(zip(times, edges, strict=True))
    end = max(signal.changes, default=START) + END
    for wakes_after in cycle(wakes):
        due = (watch.deadline, handed[0][0] if handed else None)
        now = max(now, min((at for at in due if at is not None), default=end)) + wakes_after
        while handed and handed[0][0] <= now:
            _, (level, at) = handed.popleft()
            facts += watch.edge(level, at, now)
        facts += watch.tick(now)
        if now >= end:
            break
    assert watch.deadline is None
    return facts


milliseconds = st.integers(1, 4).map(lambda each: each / 1000)
bounces = st.lists(milliseconds, max_size=4).map(lambda each: each[: len(each) // 2 * 2])
"""Pauses between the changes that follow the first one, an even number of them."""
spikes = st.lists(milliseconds, min_size=1, max_size=3).map(lambda each: each[: (len(each) - 1) // 2 * 2 + 1])
"""An odd number of them: then nothing has changed."""
holds = st.integers(60, 1500).map(lambda each: each / 1000)


@st.composite
def signals(draw: st.DrawFn, spiky: bool) -> Signal:
    now, changes = START, []
    for _ in range(draw(st.integers(0, 6))):
        now += draw(holds)
        changes.append(now)
        for pause in draw(spikes if spiky and draw(st.booleans()) else bounces):
            now += pause
            changes.append(now)
    return Signal(tuple(changes))


lateness = st.lists(st.integers(0, 500).map(lambda each: each / 1000), min_size=1, max_size=8)
waking = st.lists(st.sampled_from([0.0, 0.001, 0.005, 0.02, 0.05, 0.3]), min_size=1, max_size=8)
timed = st.sampled_from(
    [
        ButtonSettings(TOGGLE, hold=DISCARD, hold_time=Seconds(0.5)),
        ButtonSettings(TOGGLE, double_press=MARK),
        ButtonSettings(TOGGLE, hold=DISCARD, double_press=MARK, hold_time=Seconds(0.3)),
    ]
)
plain = st.sampled_from([ButtonSettings(TOGGLE), ButtonSettings(ButtonAction.RECORD_WHILE_HELD)])


@pytest.mark.slow
@given(timed, signals(spiky=True), lateness, waking)
def test_how_long_a_key_was_down_is_told_by_its_edges(
    settings: ButtonSettings, signal: Signal, late: list[float], wakes: list[float]
) -> None:
    assert in_practice(settings, signal, late, wakes) == on_time(settings, signal)


@pytest.mark.slow
@given(plain | st.just(SwitchSettings(debounce=Seconds(0.02))), signals(spiky=False), lateness, waking)
def test_a_press_counts_once(
    settings: ButtonSettings | SwitchSettings, signal: Signal, late: list[float], wakes: list[float]
) -> None:
    assert in_practice(settings, signal, late, wakes) == on_time(settings, signal)


def pressed(*times: float) -> Signal:
    """Down and up again at these seconds from the start on."""
    return Signal(tuple(START + at for at in times))


def test_a_release_that_comes_late_is_no_hold() -> None:
    settings = ButtonSettings(TOGGLE, hold=DISCARD, hold_time=Seconds(0.5))
    short = [Fact(Gesture.PRESSED, START + 1), Fact(Gesture.RELEASED, START + 1.3, Gesture.PRESSED)]
    assert in_practice(settings, pressed(1, 1.3), [0, 0.45]) == short


def test_a_hold_is_told_once_it_is_seen_to_last() -> None:
    settings = ButtonSettings(TOGGLE, hold=DISCARD, hold_time=Seconds(0.5))
    signal, now = pressed(1), START
    watch = PinWatch(keys(settings), settings.debounce, lambda: signal.level(now))
    now = START + 1
    watch.edge(True, now, now)
    while not (facts := watch.tick(now)):
        assert watch.deadline is not None
        now = watch.deadline
    assert facts == [Fact(Gesture.HELD, START + 1)] and now == pytest.approx(START + 1.5, abs=0.05)


def test_a_spike_whose_end_comes_late_is_no_press() -> None:
    assert in_practice(ButtonSettings(TOGGLE), pressed(1, 1.005), [0, 0.4]) == []


@pytest.mark.parametrize("late", [0.0, 0.2])
def test_a_release_that_never_comes_is_seen_on_the_pin(late: float) -> None:
    told, released = in_practice(ButtonSettings(TOGGLE), pressed(1, 1.1), [late], dropped=1)
    assert told == Fact(Gesture.PRESSED, START + 1)
    assert START + 1.1 <= released.at <= START + 1.1 + LOOK_AGAIN + late


def test_an_edge_later_than_any_should_be_changes_nothing() -> None:
    told = in_practice(ButtonSettings(TOGGLE), pressed(1, 1.3, 5), [0, 3 * LATEST, 0])
    assert [fact.gesture for fact in told] == [Gesture.PRESSED, Gesture.RELEASED, Gesture.PRESSED]
