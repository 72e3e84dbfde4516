"""Watching the clock for schedules, by a clock that is turned by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from appliance.circumstances import Begun, Starter, Wishes
from appliance.config import loader
from appliance.config.schedule import ScheduleSettings
from appliance.config.settings import Settings
from appliance.events import Event, FaultCleared, FaultRaised, ScheduleChanged, ScheduleReminder
from appliance.listed import OpenWindow
from appliance.models import ClockSource
from appliance.schedules.watch import Schedules, ScheduleWatch
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

MIDNIGHT = datetime(2027, 3, 1, tzinfo=UTC).timestamp()


class Watched:
    """A schedule from 05:00 to 06:00 UTC, on a box whose clock shows 04:00."""

    def __init__(self, source: ClockSource = ClockSource.NTP) -> None:
        self.clock = ManualClock(wall=MIDNIGHT + 4 * 3600)
        self.clock.source = source
        self.told: list[Event] = []
        self.idle = True
        wanted = ScheduleSettings(begin="05:00", end="06:00", clock="utc")
        self.schedules = Schedules.of(Settings(schedules={"dawn": wanted}), self.told.append)
        vitals = Vitals(self.clock)
        self.watch = ScheduleWatch(self.schedules, self.clock, self.told.append, vitals, lambda: self.idle)
        self.watch.start()
        self.clock.waiters()

    def pass_by(self, seconds: float) -> None:
        """Let time pass, look by look."""
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > 1e-6:
            self.clock.waiters()
            self.clock.advance(min(left, self.clock.next_due))
            self.clock.waiters()


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.watch.close()


WINDOW = OpenWindow("dawn", MIDNIGHT + 5 * 3600, MIDNIGHT + 6 * 3600, Wishes(Begun(Starter.SCHEDULE, "dawn")))


def test_a_window_is_told_at_its_very_beginning_and_end(watched: Watched) -> None:
    began = watched.clock.monotonic()
    watched.pass_by(3600)
    watched.idle = False
    watched.pass_by(3600)
    changed = [event for event in watched.told if isinstance(event, ScheduleChanged)]
    assert [event.open for event in changed] == [(), (WINDOW,), ()]
    assert [event.at - began for event in changed] == pytest.approx([0, 3600, 7200], abs=0.01)


def test_while_it_is_open_and_nothing_is_recorded_it_reminds(watched: Watched) -> None:
    watched.pass_by(3600)
    watched.told.clear()
    watched.pass_by(300)
    reminders = watched.told.copy()
    assert len(reminders) >= 4 and set(map(type, reminders)) == {ScheduleReminder}
    watched.idle = False
    watched.pass_by(300)
    assert watched.told == reminders


def test_a_clock_that_is_set_opens_and_closes_within_a_minute(watched: Watched) -> None:
    watched.clock.set_wall(MIDNIGHT + 5.5 * 3600)
    watched.pass_by(60)
    last = watched.told[-1]
    assert isinstance(last, ScheduleChanged) and last.open == (WINDOW,)


def test_by_a_clock_that_nobody_set_it_is_told_all_the_same_and_flagged() -> None:
    one = Watched(ClockSource.NONE)
    try:
        one.pass_by(3600)
        assert any(isinstance(event, ScheduleChanged) and event.open for event in one.told)
        [raised] = [event for event in one.told if isinstance(event, FaultRaised)]
        assert raised.fault.name == "schedule_clock" and "nobody has set" in raised.fault.message
        one.clock.source = ClockSource.NTP
        one.pass_by(60)
        assert any(isinstance(event, FaultCleared) for event in one.told)
    finally:
        one.watch.close()


def test_the_report_tells_the_next_windows(watched: Watched) -> None:
    report = watched.schedules.report(MIDNIGHT + 5.5 * 3600)["dawn"]
    assert report.on and report.ends == WINDOW.end
    assert [window.begin for window in report.next] == [WINDOW.begin + day * 86_400 for day in (1, 2, 3)]


def test_a_schedule_that_cannot_be_used_is_a_fault_and_the_others_are_used() -> None:
    told: list[Any] = []
    wanted = {"sun": ScheduleSettings(begin="sunrise"), "dawn": ScheduleSettings()}
    assert list(Schedules.of(Settings(schedules=wanted), told.append).windows) == ["dawn"]
    [raised] = told
    assert raised.fault.name == "left_out:schedules.sun" and "device.location" in raised.fault.message


def test_a_schedule_that_is_written_wrong_keeps_no_box_from_recording() -> None:
    text = "schedules: {dawn: {begin: sunset, duty: never}, day: {begin: '05:00'}}"
    found = loader.usable(text, "test", {}, {})
    assert list(found.settings.schedules) == ["day"] and "schedules.dawn" in found.left_out
