"""When schedules are on: by the clock of a zone with its changes, by the sun, by days and dates."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from appliance.config.location import LocationSettings
from appliance.config.schedule import DAYS, ScheduleSettings
from appliance.errors import ConfigError
from appliance.schedules.sun import sun_at
from appliance.schedules.windows import Window, Windows

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
"""Changes its clock by half an hour."""


def at(text: str, zone: tzinfo = UTC) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def shown(window: Window, zone: tzinfo = UTC) -> str:
    begin, end = (datetime.fromtimestamp(each, zone) for each in (window.begin, window.end))
    return f"{begin:%m-%d %H:%M} to {end:%m-%d %H:%M}"


def after(settings: ScheduleSettings, now: str, zone: tzinfo = UTC, count: int = 3) -> list[str]:
    return [shown(each, zone) for each in Windows(settings, zone=zone).after(at(now, zone), count)]


def test_a_window_may_go_over_midnight() -> None:
    windows = Windows(ScheduleSettings(begin="22:00", end="06:00"), zone=UTC)
    assert windows.at(at("2027-03-02T05:59:59")) == Window(at("2027-03-01T22:00"), at("2027-03-02T06:00"))
    assert windows.at(at("2027-03-02T06:00")) is None
    assert [shown(each) for each in windows.after(at("2027-03-01T22:00"), 1)] == ["03-02 22:00 to 03-03 06:00"]


def test_a_window_without_times_is_the_whole_day() -> None:
    assert after(ScheduleSettings(days=("sat",)), "2027-03-02T12:00") == [
        "03-06 00:00 to 03-07 00:00",
        "03-13 00:00 to 03-14 00:00",
        "03-20 00:00 to 03-21 00:00",
    ]


@pytest.mark.parametrize(
    ("dates", "now", "first"),
    [
        ("04-15/07-31", "2027-01-01T00:00", "04-15 05:00 to 04-15 06:00"),
        ("04-15/07-31", "2027-07-31T06:00", "04-15 05:00 to 04-15 06:00"),
        ("12-20/01-06", "2027-01-06T06:00", "12-20 05:00 to 12-20 06:00"),
        ("12-20/01-06", "2027-12-31T06:00", "01-01 05:00 to 01-01 06:00"),
        ("2027-05-01/2027-05-01", "2027-01-01T00:00", "05-01 05:00 to 05-01 06:00"),
        ("02-29/02-29", "2027-06-01T00:00", "02-29 05:00 to 02-29 06:00"),
    ],
)
def test_dates_are_spans_of_every_year_or_of_one(dates: str, now: str, first: str) -> None:
    assert after(ScheduleSettings(begin="05:00", end="06:00", dates=(dates,)), now, count=1) == [first]


def test_a_span_of_a_year_that_is_over_comes_no_more() -> None:
    assert after(ScheduleSettings(dates=("2026-05-01/2026-05-02",)), "2027-01-01T00:00") == []


def test_only_so_much_of_a_window_is_recorded() -> None:
    settings = ScheduleSettings(begin="05:00", end="05:32", duty="5m every 15m")
    assert after(settings, "2027-03-01T05:00", count=4) == [
        "03-01 05:15 to 03-01 05:20",
        "03-01 05:30 to 03-01 05:32",
        "03-02 05:00 to 03-02 05:05",
        "03-02 05:15 to 03-02 05:20",
    ]
    windows = Windows(settings, zone=UTC)
    assert windows.at(at("2027-03-01T05:19:59")) and not windows.at(at("2027-03-01T05:20"))


@pytest.mark.parametrize(
    ("begin", "end", "day", "zone", "window"),
    [
        ("02:15", "02:45", "2027-03-28", BERLIN, "03-28 03:15 to 03-28 03:45"),
        ("02:30", "03:00", "2027-03-28", BERLIN, "03-28 03:30 to 03-28 04:00"),
        ("01:00", "05:00", "2027-03-28", BERLIN, "03-28 01:00 to 03-28 05:00"),
        ("02:30", "04:00", "2027-10-31", BERLIN, "10-31 02:30 to 10-31 04:00"),
        ("23:00", "02:30", "2027-10-30", BERLIN, "10-30 23:00 to 10-31 02:30"),
    ],
)
def test_the_change_of_the_clock(begin: str, end: str, day: str, zone: tzinfo, window: str) -> None:
    assert after(ScheduleSettings(begin=begin, end=end), f"{day}T00:00", zone, 1) == [window]


def test_of_a_time_that_comes_twice_nothing_is_missed() -> None:
    [window] = Windows(ScheduleSettings(begin="02:15", end="02:45"), zone=BERLIN).after(at("2027-10-31T00:00"), 1)
    assert window.end - window.begin == 1.5 * 3600


def test_utc_knows_no_summer() -> None:
    settings = ScheduleSettings(begin="05:00", end="06:00", clock="utc")
    [window] = Windows(settings, zone=BERLIN).after(at("2027-07-01T00:00"), 1)
    assert shown(window) == "07-01 05:00 to 07-01 06:00"


# -- against a slow reference -----------------------------------------------------------------------------------------

MINUTE = 60


@lru_cache
def shown_by_the_clock(zone: tzinfo, first: int, last: int) -> dict[datetime, list[int]]:
    """For each time that the clock shows, to the minute, the minutes in which it does."""
    times: dict[datetime, list[int]] = {}
    for minute in range(first, last):
        time = datetime.fromtimestamp(minute * MINUTE, zone).replace(tzinfo=None, fold=0)
        times.setdefault(time, []).append(minute)
    return times


def slowly(settings: ScheduleSettings, zone: tzinfo, first: float, last: float) -> set[int]:
    """The minutes between two moments in which it is on: found by looking at the clock once a minute."""
    times = shown_by_the_clock(zone, int(first) // MINUTE - 1600, int(last) // MINUTE + 1600)
    on: set[int] = set()
    for day in sorted({time.date() for time in times}):
        if DAYS[day.weekday()] not in settings.days:
            continue
        midnight = datetime(day.year, day.month, day.day)
        begin = midnight + timedelta(seconds=settings.first.seconds)
        end = midnight + timedelta(seconds=settings.last.seconds)
        if end <= begin:
            end += timedelta(days=1)
        begins, ends = minutes(begin, times), minutes(end, times)
        if begins and ends:
            opens, closes = begins[0], ends[-1]
            if closes <= opens:
                closes = opens + int((end - begin).total_seconds()) // MINUTE
            duty = settings.cycle
            for minute in range(opens, closes):
                if duty is None or (minute - opens) * MINUTE % duty.every < duty.on:
                    on.add(minute)
    return on & set(range(int(first) // MINUTE, int(last) // MINUTE))


def minutes(time: datetime, times: dict[datetime, list[int]]) -> list[int]:
    """When the clock shows that time; where it leaves it out, as much later as it leaves out."""
    if time in times:
        return times[time]
    before, later = time, time
    while before not in times and time - before < timedelta(hours=3):
        before -= timedelta(minutes=1)
    while later not in times and later - time < timedelta(hours=3):
        later += timedelta(minutes=1)
    left_out = later - before - timedelta(minutes=1)
    return times.get(time + left_out, [])


@pytest.mark.slow
@tried(max_examples=50)
@given(
    begin=st.one_of(st.integers(30, 240), st.integers(0, 1439)),
    length=st.one_of(st.integers(1, 150), st.integers(0, 1439)),
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    duty=st.sampled_from(("", "5m every 15m", "1m every 7m", "50m every 2h")),
    place=st.sampled_from(
        (
            (BERLIN, "2027-03-28"),
            (BERLIN, "2027-10-31"),
            (NEW_YORK, "2027-03-14"),
            (NEW_YORK, "2027-11-07"),
            (LORD_HOWE, "2027-04-04"),
            (LORD_HOWE, "2027-10-03"),
            (UTC, "2027-12-31"),
        )
    ),
)
def test_it_is_on_when_the_slow_reference_says_so(
    begin: int, length: int, days: set[str], duty: str, place: tuple[tzinfo, str]
) -> None:
    zone, day = place
    begins, ends = (f"{minute // 60 % 24:02}:{minute % 60:02}" for minute in (begin, begin + length))
    settings = ScheduleSettings(begin=begins, end=ends, days=tuple(days), duty=duty)
    first = at(f"{day}T00:00", zone) - 30 * 3600
    last = first + 72 * 3600
    wanted = slowly(settings, zone, first, last)
    windows, found, now = Windows(settings, zone=zone), set[int](), first
    while now < last:
        window = windows.at(now)
        if window is None:
            [window] = windows.after(now, 1) or [Window(last, last)]
        found |= set(range(int(max(window.begin, first)) // MINUTE, int(min(window.end, last)) // MINUTE))
        now = max(window.end, now + 1) if windows.at(window.end) is None else window.end
    assert found == wanted


# -- the sun -----------------------------------------------------------------------------------------------------------


def test_the_sun_of_a_place_opens_and_closes() -> None:
    """Berlin, 21 June 2027: sunrise 4:43, sunset 21:33 by the almanac (timeanddate.com), dawn 3:53."""
    sun = sun_at(LocationSettings(latitude=52.52, longitude=13.405))
    windows = Windows(ScheduleSettings(begin="sunrise - 30m", end="sunset + 1h"), sun, BERLIN)
    [window] = windows.after(at("2027-06-21T00:00", BERLIN), 1)
    begin, end = (datetime.fromtimestamp(each, BERLIN) for each in (window.begin, window.end))
    assert abs((begin - datetime(2027, 6, 21, 4, 13, tzinfo=BERLIN)).total_seconds()) < 120
    assert abs((end - datetime(2027, 6, 21, 22, 33, tzinfo=BERLIN)).total_seconds()) < 120
    night = Windows(ScheduleSettings(begin="dusk", end="dawn"), sun, BERLIN)
    [window] = night.after(at("2027-06-21T12:00", BERLIN), 1)
    assert shown(window, BERLIN).startswith("06-21 22:") and 4 * 3600 < window.end - window.begin < 7 * 3600


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        (37.77, -122.42, "America/Los_Angeles"),
        (61.22, -149.9, "America/Anchorage"),
        (-36.85, 174.76, "Pacific/Auckland"),
        (1.87, -157.43, "Pacific/Kiritimati"),
        (52.52, 13.405, "Europe/Berlin"),
    ],
)
def test_the_sun_is_that_of_the_day_by_the_clock_everywhere(latitude: float, longitude: float, zone: str) -> None:
    there, sun = ZoneInfo(zone), sun_at(LocationSettings(latitude=latitude, longitude=longitude))
    spans = (
        ("sunrise", "noon", 10),
        ("noon", "sunset", 10),
        ("12:00", "sunset + 1h", 13),
        ("sunset - 1h", "23:00", 10),
    )
    for begin, end, hours in spans:
        windows = Windows(ScheduleSettings(begin=begin, end=end, days=("sat",)), sun, there)
        for window in windows.after(at("2027-01-01T00:00", there), 50):
            begins, ends = (datetime.fromtimestamp(each, there) for each in (window.begin, window.end))
            assert begins.strftime("%a") == "Sat" and ends - begins < timedelta(hours=hours)


@pytest.mark.parametrize(("begin", "end"), [("sunset", "23:00"), ("05:00", "sunrise"), ("dusk + 1h", "23:30")])
def test_a_window_that_the_sun_leaves_nothing_of_is_none_and_not_a_whole_day(begin: str, end: str) -> None:
    sun, there = sun_at(LocationSettings(latitude=65.0, longitude=25.5)), ZoneInfo("Europe/Helsinki")
    windows = Windows(ScheduleSettings(begin=begin, end=end), sun, there)
    found = windows.after(at("2027-01-01T00:00", there), 400)
    assert 150 < len(found) < 365
    assert max(window.end - window.begin for window in found) < 11 * 3600
    assert all(before.end <= later.begin for before, later in pairwise(found))


@pytest.mark.parametrize("latitude", [-78.0, 66.6, 69.65, 78.2, 90.0])
def test_about_the_days_on_which_the_sun_hardly_sets(latitude: float) -> None:
    sun, there = sun_at(LocationSettings(latitude=latitude, longitude=18.96)), ZoneInfo("Europe/Oslo")
    for begin, end in (("sunset", "sunrise"), ("sunrise", "sunset"), ("dusk", "dawn"), ("22:00", "sunrise")):
        found = Windows(ScheduleSettings(begin=begin, end=end), sun, there).after(at("2027-01-01T00:00", there), 400)
        assert all(0 < window.end - window.begin <= 24.2 * 3600 for window in found)
        assert all(before.end <= later.begin for before, later in pairwise(found))


def test_no_sunrise_is_left_out_before_the_midnight_sun() -> None:
    """Tromsø rises without a gap up to 17 May (timeanddate.com: 01:54 on 14 May)."""
    sun = sun_at(LocationSettings(latitude=69.65, longitude=18.96))
    rises = [sun(date(2027, 5, day), "sunrise") for day in range(1, 17)]
    assert all(found is not None for found in rises)
    days = [datetime.fromtimestamp(found or 0, ZoneInfo("Europe/Oslo")).day for found in rises]
    assert days == list(range(1, 17))


def test_where_the_sun_does_not_set_there_is_no_window() -> None:
    sun = sun_at(LocationSettings(latitude=69.65, longitude=18.96))
    assert sun(date(2027, 6, 21), "sunset") is None
    windows = Windows(ScheduleSettings(begin="sunset", end="sunrise"), sun, UTC)
    assert windows.at(at("2027-06-21T23:00")) is None
    assert windows.after(at("2027-06-21T00:00"), 1)[0].begin > at("2027-07-10T00:00")


def test_whoever_does_not_know_where_it_is_knows_no_sun() -> None:
    with pytest.raises(ConfigError, match=r"device\.location"):
        sun_at(LocationSettings())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"begin": "sunrise + 13h"}, "12h"),
        ({"duty": "15m every 5m"}, "recording in a longer time"),
        ({"dates": ("02-30/03-01",)}, "dates that there are"),
        ({"dates": ("2027-03-01/02-01",)}, "a year in both dates"),
        ({"dates": ("2027-03-01/2026-03-01",)}, "first day before"),
    ],
)
def test_what_cannot_be_meant_is_said(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ScheduleSettings(**wrong)  # type: ignore[arg-type]
