"""A matrix keypad: whatever bounces, and however many keys are down, each counts once, at the moment of its press."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.keypad import KeypadSettings
from appliance.config.loader import parse
from appliance.config.settings import PanelSettings
from appliance.errors import ConfigError
from appliance.events import Dial
from appliance.panel.facts import Gesture
from appliance.panel.gpio import GpioPanel
from appliance.panel.keypad import LOOK_EVERY, Keys, Matrix
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals
from tests.panel.conftest import ClockedFactory, ClockedPin

KEYS = ("123", "456", "789", "*0#")
DEBOUNCE = 0.02
ROWS, COLUMNS = (5, 6, 13, 19), (12, 16, 20)
SETTINGS = KeypadSettings(ROWS, COLUMNS)

Press = tuple[float, float, str]
"""When a key goes down and up, and which it is."""

places = {key: (row, column) for row, keys in enumerate(KEYS) for column, key in enumerate(keys)}


def conducts(pressed: Keys) -> Keys:
    """What a look finds: also a key whose row and column are connected by three others."""
    found = set(pressed)
    while more := {
        (row, column)
        for row, other in found
        for between, column in found
        if (between, other) in found and (row, column) not in found
    }:
        found |= more
    return frozenset(found)


def type_on(presses: list[Press], bounce: float = 0.0) -> list[tuple[float, str]]:
    """What is told of these presses, each of which bounces once as it begins and ends."""
    matrix = Matrix(KEYS, DEBOUNCE)
    told: list[tuple[float, str]] = []
    moments: list[tuple[float, str, bool]] = []
    for down, up, key in presses:
        for at, conducting in ((down, True), (up, False)):
            moments += [(at, key, conducting)]
            if bounce:
                moments += [(at + bounce / 2, key, not conducting), (at + bounce, key, conducting)]
    moments.sort()
    pressed: set[tuple[int, int]] = set()

    def look_until(end: float) -> None:
        while matrix.deadline is not None and matrix.deadline < end:
            now = max(matrix.deadline, 0.0)
            facts = matrix.look(conducts(frozenset(pressed)), now, now + 0.001)
            told.extend((fact.at, fact.number or "") for fact in facts)
            assert all(fact.gesture is Gesture.DIALLED for fact in facts)

    for at, key, conducting in moments:
        look_until(at)
        row_was_idle = not any(row == places[key][0] for row, _ in pressed)
        (pressed.add if conducting else pressed.discard)(places[key])
        if conducting and row_was_idle:
            matrix.edge(at)
    look_until(moments[-1][0] + 1)
    assert matrix.deadline is None, "nothing is done while no key is down"
    return told


@st.composite
def one_by_one(draw: st.DrawFn) -> list[Press]:
    presses, at = [], 1.0
    for key in draw(st.text("".join(KEYS), min_size=1, max_size=6)):
        held = draw(st.floats(0.06, 1.0))
        presses.append((at, at + held, key))
        at += held + draw(st.floats(0.08, 2.0))
    return presses


@given(one_by_one(), st.sampled_from([0.0, 0.002, 0.008]))
def test_what_was_pressed_is_told_with_the_moment_of_its_first_edge(presses: list[Press], bounce: float) -> None:
    told = type_on(presses, bounce)
    assert [number for _, number in told] == [key for _, _, key in presses]
    assert [at for at, _ in told] == pytest.approx([down for down, _, _ in presses])


@given(st.permutations("".join(KEYS)), st.floats(0.05, 0.3), st.floats(0.05, 0.3))
def test_a_key_that_is_pressed_before_the_last_is_let_go_counts_too(keys: list[str], apart: float, over: float) -> None:
    first, second = keys[:2]
    told = type_on([(1.0, 1.0 + apart + over, first), (1.0 + apart, 1.0 + apart + over + 0.2, second)])
    assert [number for _, number in told] == [first, second]
    assert [at for at, _ in told] == pytest.approx([1.0, 1.0 + apart], abs=2 * LOOK_EVERY)


@given(st.permutations("".join(KEYS)))
def test_where_nobody_knows_which_keys_are_down_none_counts_before_all_are_up(keys: list[str]) -> None:
    three = [(1.0, 1.215, keys[0]), (1.1, 2.0, keys[1]), (1.2, 2.0, keys[2])]
    assert [number for _, number in type_on([*three, (3.0, 3.1, keys[3])])] == [*keys[:2], keys[3]]


def test_a_touch_that_is_too_short_and_one_from_before_the_start_do_not_count() -> None:
    assert type_on([(1.0, 1.009, "5"), (2.0, 2.1, "6")]) == [(2.0, "6")]
    held = Matrix(KEYS, DEBOUNCE, frozenset({(0, 0)}))
    assert held.look(frozenset({(0, 0)}), 1.0, 1.0) == held.look(frozenset(), 1.1, 1.1) == []
    assert held.look(frozenset(), 1.2, 1.2) == [] and held.deadline is None


class Wires:
    """Keys between simulated pins: a row is low while a key connects it with a column that is pulled low."""

    def __init__(self, clock: ManualClock) -> None:
        self.pressed: set[str] = set()
        wires = self

        class WiredPin(ClockedPin):
            def _set_function(self, value: str) -> None:
                super()._set_function(value)
                wires.settle()

            def _set_state(self, value: bool) -> None:
                super()._set_state(value)
                wires.settle()

        self.factory = ClockedFactory(clock)
        self.factory.pin_class = WiredPin

    def settle(self) -> None:
        pins = {int(pin.info.name.removeprefix("GPIO")): pin for pin in self.factory.pins.values()}
        low_columns = {
            column
            for column, number in enumerate(COLUMNS)
            if number in pins and pins[number].function == "output" and not pins[number].state
        }
        for row, number in enumerate(ROWS):
            low = any(places[key][0] == row and places[key][1] in low_columns for key in self.pressed)
            if number in pins and bool(pins[number].state) is low:
                (pins[number].drive_low if low else pins[number].drive_high)()

    def press(self, key: str) -> None:
        self.pressed.add(key)
        self.settle()

    def let_go(self) -> None:
        self.pressed.clear()
        self.settle()


@pytest.fixture
def wires(clock: ManualClock, posted: Any) -> Iterator[Wires]:
    made = Wires(clock)
    panel = GpioPanel(PanelSettings(keypad=SETTINGS), clock, Vitals(clock), made.factory)
    panel.start(posted.append)
    yield made
    panel.close()


@pytest.mark.parametrize("key", "150*#")
def test_a_key_dials_its_number(
    key: str, wires: Wires, clock: ManualClock, posted: Any, passing: Callable[[Callable[[], object]], None]
) -> None:
    clock.advance(1.0)
    at = clock.monotonic()
    wires.press(key)
    passing(lambda: posted)
    assert posted == [Dial(at, key)]
    wires.let_go()
    until = clock.monotonic() + 0.2
    passing(lambda: clock.monotonic() > until)
    wires.press("9")
    passing(lambda: len(posted) == 2)
    assert [command.number for command in posted] == [key, "9"]


def test_pins_and_keys_of_a_keypad_are_checked() -> None:
    good = parse("panel: {keypad: {rows: [5, 6, 13, 19], columns: [12, 16, 20]}}", "test", {}, {})
    assert good.panel.keypad == SETTINGS and good.panel.pins == sorted((*ROWS, *COLUMNS))
    for text, words in (
        ("panel: {buttons: {5: record.toggle}, keypad: {rows: [5, 6, 13, 19], columns: [12, 16, 20]}}", "is taken by"),
        ("panel: {keypad: {rows: [5, 6, 13, 12], columns: [12, 16, 20]}}", "is taken by"),
        ("panel: {keypad: {rows: [5, 6, 13], columns: [12, 16, 20]}}", "a text for each row"),
        ("panel: {keypad: {rows: [5], columns: [12], keys: [A]}}", "found 'A'"),
        ("panel: {keypad: {rows: [5], columns: [99], keys: [1]}}", "columns"),
        ("panel: {keypad: {rows: [5]}}", "columns"),
    ):
        with pytest.raises(ConfigError, match=words):
            parse(text, "test", {}, {})
