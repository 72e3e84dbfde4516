"""How long attempts wait: bounded, growing, and shared fairly between a clip and its destination."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.options import Seconds
from appliance.config.settings import RetrySettings
from appliance.delivery.pace import RateLimit, Speedometer
from appliance.delivery.patience import HOPEFUL, LONGEST_ASKED, Patience
from appliance.hours import seconds_until_active
from appliance.models import ClockSource, ClockStamp
from appliance.retry import backoff
from appliance.testing.clock import ManualClock

shares = st.floats(0, 1, exclude_max=True)
waits = st.floats(0.001, 1e6)


@given(attempt=st.integers(0, 10**6), minimum=waits, maximum=waits, share=shares)
def test_a_wait_is_never_longer_than_the_longest(attempt: int, minimum: float, maximum: float, share: float) -> None:
    assert 0 <= backoff(attempt, minimum, maximum, lambda: share) <= maximum


@given(attempt=st.integers(1, 100), share=shares)
def test_the_longest_possible_wait_doubles_until_it_is_the_maximum(attempt: int, share: float) -> None:
    wait = backoff(attempt, 5, 3600, lambda: share)
    assert wait == pytest.approx(share * min(3600, 5 * 2 ** (attempt - 1)))


@given(attempt=st.integers(1, 30))
def test_full_jitter_spreads_over_the_whole_span(attempt: int) -> None:
    longest = backoff(attempt, 5, 3600, lambda: 1.0)
    assert backoff(attempt, 5, 3600, lambda: 0.0) == 0
    assert backoff(attempt, 5, 3600, lambda: 0.25) == longest / 4


def patience(share: float = 1.0) -> Patience:
    return Patience(RetrySettings(Seconds(8), Seconds(3600)), lambda: share)


def test_clip_and_destination_wait_each_by_their_own_count() -> None:
    both = patience()
    assert both.failed(attempts=1, now=100) == 108
    assert both.remaining(100) == 8
    assert both.failed(attempts=1, now=200) == 208
    assert both.remaining(200) == 16
    assert both.failed(attempts=5, now=300) == 300 + 128
    assert both.remaining(300) == 32


def test_an_arrival_ends_the_wait_of_the_destination() -> None:
    both = patience()
    both.failed(attempts=1, now=100)
    both.failed(attempts=1, now=100, asked=600)
    both.succeeded()
    assert both.remaining(100) == 0
    both.failed(attempts=3, now=100)
    assert both.remaining(100) == 8


def test_hurry_ends_the_wait_but_not_the_count() -> None:
    both = patience()
    both.failed(attempts=1, now=100)
    both.hurry()
    assert both.remaining(100) == 0
    both.failed(attempts=2, now=100)
    assert both.remaining(100) == 16


def test_hope_makes_the_next_failures_count_as_the_first_ones() -> None:
    both = patience()
    for _ in range(12):
        both.failed(attempts=20, now=100)
    both.hope()
    assert both.remaining(100) == 0
    waits = [both.failed(attempts=20, now=100) - 100 for _ in range(HOPEFUL + 1)]
    assert waits[:3] == [8, 16, 32]
    assert both.failed(attempts=20, now=100) == 3700
    assert waits[-1] == 3600


def test_hope_ends_with_an_arrival_and_makes_no_clip_wait_longer() -> None:
    both = patience()
    both.hope()
    both.failed(attempts=9, now=100)
    assert both.failed(attempts=1, now=100) == 108
    both.succeeded()
    assert both.failed(attempts=9, now=100) == 100 + 8 * 2**8


def test_what_the_other_side_asks_for_is_done_and_not_hurried() -> None:
    both = patience(0.0)
    assert both.failed(attempts=1, now=100, asked=300) == 400
    both.hurry()
    assert both.remaining(100) == 300
    assert both.remaining(401) == 0


@given(asked=st.floats(0, 1e9), share=shares, attempts=st.integers(1, 50))
def test_nobody_makes_us_wait_for_ever(asked: float, share: float, attempts: int) -> None:
    both = patience(share)
    until = both.failed(attempts=attempts, now=0, asked=asked)
    assert max(until, both.remaining(0)) <= max(LONGEST_ASKED, 3600)


def test_a_defect_waits_for_the_longest_time() -> None:
    assert patience(0.1).failed(attempts=1, now=0, defect=True) == 3600


def stamp(local_time: str, offset: int = 0) -> ClockStamp:
    local = datetime.fromisoformat(f"2026-07-01T{local_time}").replace(tzinfo=UTC)
    return ClockStamp((int(local.timestamp()) - offset) * 10**9, 0, "boot", ClockSource.NTP, offset)


@pytest.mark.parametrize(
    ("hours", "now", "wait"),
    [
        ([], "12:00:00", 0),
        (["22:00-06:00"], "21:59:30", 30),
        (["22:00-06:00"], "22:00:00", 0),
        (["22:00-06:00"], "05:59:59", 0),
        (["22:00-06:00"], "06:00:00", 16 * 3600),
        (["12:00-13:00", "18:00-19:00"], "12:59:59", 0),
        (["12:00-13:00", "18:00-19:00"], "13:00:00", 5 * 3600),
        (["12:00-13:00", "18:00-19:00"], "19:00:00", 17 * 3600),
        (["00:00-00:00"], "17:00:00", 0),
    ],
)
@pytest.mark.parametrize("offset", [0, 7200, -34200])
def test_active_hours(hours: list[str], now: str, wait: float, offset: int) -> None:
    assert seconds_until_active(hours, stamp(now, offset)) == wait


times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))


@given(begin=times, end=times, second=st.integers(0, 86_399))
def test_when_the_wait_is_over_the_hours_are_on(begin: str, end: str, second: int) -> None:
    now = ClockStamp(second * 10**9, 0, "boot", ClockSource.NTP)
    wait = seconds_until_active([f"{begin}-{end}"], now)
    assert 0 <= wait < 86_400
    later = ClockStamp(now.wall_ns + round(wait * 1e9), 0, "boot", ClockSource.NTP)
    assert seconds_until_active([f"{begin}-{end}"], later) == 0


@given(st.lists(st.integers(0, 500_000), max_size=50))
def test_a_rate_limit_holds_over_any_stretch(blocks: list[int]) -> None:
    clock = ManualClock()
    limit, sent, begin = RateLimit(100_000, clock), 0, clock.monotonic()
    for block in blocks:
        sent += block
        clock.advance(limit.take(block))
        assert sent <= 100_000 * (clock.monotonic() - begin + 1) + 1


def test_the_rate_is_that_of_the_last_seconds() -> None:
    speed = Speedometer(10_000)
    assert speed.rate == 0
    assert speed.seconds_left is None
    assert speed.report(0.0, 0)
    assert not speed.report(0.1, 50)
    for second in range(1, 21):
        assert speed.report(second, second * 100)
    assert speed.rate == 100
    assert speed.seconds_left == 80
    for second in range(21, 42):
        speed.report(second, 2000)
    assert speed.rate == 0
