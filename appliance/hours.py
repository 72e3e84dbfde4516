"""Spans of the day: when a destination may be used, and when nobody is to be disturbed."""

from collections.abc import Sequence

from appliance.models import ClockStamp

LOOK_AGAIN = 600.0
"""Whoever waits for them looks again after this many seconds: the wall clock may have been set."""

SPAN = r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d"
"""The form of a span of the day: from one local time up to another."""

_DAY = 86_400


def seconds_until_active(hours: Sequence[str], now: ClockStamp) -> float:
    """Seconds until the next of the times of day `hours` begins; 0 where one of them is on, or there are none.

    Each is `HH:MM-HH:MM`, local time; the second time is no longer part of it. One that ends before it begins goes
    over midnight, and one that ends where it begins is the whole day.
    """
    second = (now.wall_ns / 1e9 + now.utc_offset) % _DAY
    waits = [_wait(second, *(_second(time) for time in span.split("-"))) for span in hours]
    return min(waits, default=0.0)


def seconds_of_span(hours: Sequence[str], now: ClockStamp) -> float:
    """Seconds until the end of the one of the times of day `hours` that is on and lasts longest; 0 where none is."""
    second = (now.wall_ns / 1e9 + now.utc_offset) % _DAY
    spans = [[_second(time) for time in span.split("-")] for span in hours]
    return max(((end - second) % _DAY or _DAY for begin, end in spans if not _wait(second, begin, end)), default=0.0)


def _second(time: str) -> int:
    hour, minute = time.split(":")
    return int(hour) * 3600 + int(minute) * 60


def _wait(second: float, begin: int, end: int) -> float:
    length = (end - begin) % _DAY or _DAY
    return 0.0 if (second - begin) % _DAY < length else (begin - second) % _DAY
