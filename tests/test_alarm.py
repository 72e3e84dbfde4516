"""The alarm: one moment at a time, told once, by a thread that is there only where somebody waits."""

import threading
import time
from collections.abc import Iterator

import pytest

from appliance.alarm import Alarm
from appliance.events import FlowDue
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals


class Bedroom:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.rung: list[float] = []
        self.alarm = Alarm(self._ring, self.clock, Vitals(self.clock))

    def _ring(self, due: FlowDue) -> None:
        self.rung.append(due.at)

    def sleep(self, seconds: float) -> None:
        """Let time pass, once the alarm waits."""
        self.clock.waiters()
        self.clock.advance(seconds)

    def rings(self, *moments: float) -> bool:
        """Whether it rings at these moments, within a few seconds of real time, and no more once it waits."""
        limit = time.monotonic() + 5
        while len(self.rung) < len(moments) and time.monotonic() < limit:
            time.sleep(0.001)
        self.clock.waiters()
        return self.rung == list(moments)


@pytest.fixture
def bedroom() -> Iterator[Bedroom]:
    made = Bedroom()
    yield made
    made.alarm.close()


def test_nobody_waits_where_nothing_is_to_come(bedroom: Bedroom) -> None:
    assert not any(thread.name == "flow" for thread in threading.enumerate())


def test_it_rings_once_at_its_moment(bedroom: Bedroom) -> None:
    moment = bedroom.clock.monotonic() + 5
    bedroom.alarm.at(moment)
    bedroom.sleep(4.9)
    assert bedroom.rings()
    bedroom.sleep(0.2)
    assert bedroom.rings(moment)
    bedroom.sleep(4000.0)
    assert bedroom.rings(moment)


def test_only_the_moment_that_was_asked_for_last_counts(bedroom: Bedroom) -> None:
    now = bedroom.clock.monotonic()
    for moment in (now + 5, now + 9, now + 3):
        bedroom.alarm.at(moment)
    bedroom.sleep(20.0)
    assert bedroom.rings(now + 3)
    bedroom.alarm.at(now + 1)
    assert bedroom.rings(now + 3, now + 1), "a moment that is over has come"
