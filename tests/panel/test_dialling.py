"""A rotary dial: whatever its speed, its bounces, and how late its edges are told, the number that was dialled."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.loader import parse
from appliance.config.options import Seconds
from appliance.config.settings import DialSettings, PanelSettings
from appliance.errors import ConfigError
from appliance.events import Dial
from appliance.panel.dialling import Dial as DialKey
from appliance.panel.facts import Gesture
from appliance.panel.gpio import GpioPanel
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

PIN, REST = 23, 24
SETTINGS = DialSettings()


def edges(number: int, at: float, period: float, open_for: float, bounces: list[float]) -> list[tuple[bool, float]]:
    """What the contact does as `number` is dialled: it opens for a share of each period, and bounces."""
    told = []
    for pulse in range(number or 10):
        begin = at + pulse * period
        for moment, level in ((begin, True), (begin + open_for * period, False)):
            told.append((level, moment))
            for bounce in bounces:
                told += [(not level, moment + bounce), (level, moment + bounce + 0.0004)]
    return told


numbers = st.lists(st.integers(0, 9), min_size=1, max_size=4)
bounces = (
    st.lists(st.floats(0.0005, 0.006), max_size=3)
    .map(sorted)
    .filter(lambda moments: all(later - earlier > 0.001 for earlier, later in pairwise(moments)))
)


@given(numbers, st.floats(0.08, 0.13), st.floats(0.5, 0.7), bounces, st.floats(0.35, 3.0))
def test_what_was_dialled_is_told_with_the_moment_of_its_first_pulse(
    dialled: list[int], period: float, open_for: float, bounces: list[float], pause: float
) -> None:
    key, now, facts, begins = DialKey(SETTINGS, False), 100.0, [], []
    for number in dialled:
        begins.append(now)
        for level, at in edges(number, now, period, open_for, bounces):
            facts += key.edge(level, at)
        now += (number or 10) * period + pause
        facts += key.tick(now)
    assert [fact.number for fact in facts] == list(map(str, dialled))
    assert [fact.at for fact in facts] == pytest.approx(begins)
    assert {fact.gesture for fact in facts} == {Gesture.DIALLED}


def test_more_pulses_than_a_dial_makes_are_no_number() -> None:
    key = DialKey(SETTINGS, False)
    for pulse in range(11):
        key.edge(True, 100 + pulse / 10)
        key.edge(False, 100.06 + pulse / 10)
    assert key.tick(110.0) == []


class Telephone:
    """A dial on simulated pins."""

    def __init__(self, clock: ManualClock, factory: Any, settings: DialSettings, posted: Any) -> None:
        self.clock, self.factory, self.settings = clock, factory, settings
        self.panel = GpioPanel(PanelSettings(dials={PIN: settings}), clock, Vitals(clock), factory)
        self.panel.start(posted.append)
        self.move(PIN, False, 1.0)  # it connects at rest

    def move(self, pin: int, high: bool, seconds: float) -> None:
        (self.factory.pin(pin).drive_high if high else self.factory.pin(pin).drive_low)()
        self.clock.advance(seconds)

    def dial(self, number: int, moved: bool = True) -> None:
        if self.settings.off_normal and moved:
            self.move(self.settings.off_normal, False, 0.3)
        for _ in range(number or 10):
            self.move(PIN, True, 0.06)
            self.move(PIN, False, 0.04)
        if self.settings.off_normal and moved:
            self.move(self.settings.off_normal, True, 0.0)


@pytest.fixture
def install(clock: ManualClock, factory: Any, posted: Any) -> Iterator[Callable[[DialSettings], Telephone]]:
    made: list[Telephone] = []

    def make(settings: DialSettings) -> Telephone:
        made.append(Telephone(clock, factory, settings, posted))
        return made[-1]

    yield make
    for telephone in made:
        telephone.panel.close()


@pytest.mark.parametrize("off_normal", [None, REST])
def test_a_number_is_posted_once_it_is_dialled(
    install: Any, clock: ManualClock, posted: Any, passing: Any, off_normal: int | None
) -> None:
    telephone = install(DialSettings(off_normal=off_normal))
    began = clock.monotonic() + (0.3 if off_normal else 0.0)
    telephone.dial(3)
    passing(lambda: posted)
    assert posted == [Dial(began, "3")]
    telephone.dial(0)
    passing(lambda: len(posted) == 2)
    assert [command.number for command in posted] == ["3", "0"]


def test_what_pulses_while_the_dial_is_at_rest_is_no_number(
    install: Any, clock: ManualClock, posted: Any, passing: Any
) -> None:
    telephone = install(DialSettings(off_normal=REST))
    telephone.dial(4, moved=False)
    until = clock.monotonic() + 2
    passing(lambda: clock.monotonic() > until)
    telephone.dial(2)
    passing(lambda: posted)
    assert [command.number for command in posted] == ["2"]


def test_pins_of_a_dial_are_its_own() -> None:
    good = parse("panel: {dials: {23: {off_normal: 24}}}", "test", {}, {})
    assert good.panel.dials == {23: DialSettings(off_normal=24)}
    for text in (
        "panel: {dials: {23: {off_normal: 23}}}",
        "panel: {leds: {24: status}, dials: {23: {off_normal: 24}}}",
    ):
        with pytest.raises(ConfigError, match="is taken by"):
            parse(text, "test", {}, {})
    assert parse("panel: {dials: {23: {gap: 200ms}}}", "test", {}, {}).panel.dials[23].gap == Seconds(0.2)
