"""When schedules are on: pure arithmetic of days, zones and the sun. Moments are seconds since 1970 UTC."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice

from appliance.config.schedule import DAYS, Moment, WindowSettings
from appliance.values import frozen

LOOK_AHEAD = 400
"""Days ahead that the next windows are looked for: a time of year comes once a year."""

_DAY = timedelta(days=1)

_EQUINOX = {"dawn": -6.5 * 3600, "sunrise": -6 * 3600, "noon": 0, "sunset": 6 * 3600, "dusk": 6.5 * 3600}
"""Seconds after noon, where day and night are equally long."""

Sun = Callable[[date, str], float | None]
"""When the sun does something on a day, in seconds since 1970 UTC; None where it does not do it on that day.

The day is that of a noon by UTC: what comes before it is at most half a day before, and what comes after it, after.
"""


def no_sun(_: date, __: str) -> float | None:
    """The sun of those who do not know where they are."""
    return None


@frozen
class Window:
    """A time in which a schedule records; `end` is no longer part of it."""

    begin: float
    end: float


class Windows:
    """The windows of one schedule, at one place.

    A time of day that a change of the clock leaves out comes as much later as it leaves out. Of one that comes twice, a
    window begins at the first and ends at the second: nothing is missed. The sun of a day is that of the noon which is
    on it by the clock. Where it is so early or late that a window would end before it begins, there is none that day.
    """

    def __init__(self, settings: WindowSettings, sun: Sun = no_sun, zone: tzinfo | None = None) -> None:
        """`zone` None is the local time of this machine."""
        self._sun = sun
        self._zone = UTC if settings.clock == "utc" else zone
        self._first, self._last = settings.first, settings.last
        self._duty = settings.cycle
        self._days = {DAYS.index(day) for day in settings.days}
        self._seasons = settings.seasons

    def at(self, now: float) -> Window | None:
        """The window that is on; None where none is."""
        for whole in self._wholes(now, 2):
            slot = next(self._slots(whole, now), None)
            if slot is not None and slot.begin <= now < slot.end:
                return slot
        return None

    def after(self, now: float, count: int = 1) -> tuple[Window, ...]:
        """The next windows to begin, within LOOK_AHEAD days."""
        found: list[Window] = []
        for whole in self._wholes(now, LOOK_AHEAD):
            if len(found) >= count and whole.begin > found[count - 1].begin:
                break
            to_come = (slot for slot in self._slots(whole, now) if slot.begin > now)
            found = sorted([*found, *islice(to_come, count)], key=lambda slot: slot.begin)
        return tuple(found[:count])

    def _wholes(self, now: float, days: int) -> Iterator[Window]:
        """Whole windows in the order of their days, from those that may be on to those within so many days."""
        today = datetime.fromtimestamp(now, self._zone).date()
        for number in range(-2, days + 1):
            day = today + number * _DAY
            if self._is_meant(day) and (whole := self._of(day)):
                yield whole

    def _is_meant(self, day: date) -> bool:
        in_season = not self._seasons or any(_is_within(day, first, last) for first, last in self._seasons)
        return in_season and day.weekday() in self._days

    def _of(self, day: date) -> Window | None:
        """The window that begins on that day; None where the sun does not do what it goes by."""
        first, last = self._first, self._last
        by_clock = not (first.sun or last.sun)
        begin = self._moment(day, first, last=False)
        end = self._moment(day + _DAY if by_clock and last.seconds <= first.seconds else day, last, last=True)
        if begin is None or end is None:
            return None
        if end <= begin and by_clock:  # the clock was put forward over its beginning
            return Window(begin, begin + last.seconds - first.seconds)
        if end <= begin and self._goes_over_midnight(day):
            end = self._moment(day + _DAY, last, last=True)
        return None if end is None or end <= begin else Window(begin, end)

    def _goes_over_midnight(self, day: date) -> bool:
        """Whether it ends on the next day where day and night are equally long."""
        midnight, noon = self._moment(day, Moment(0), last=False), self._noon(day)
        assert midnight is not None
        equal = (noon[1] if noon else midnight) - midnight
        first, last = (
            each.seconds + (equal + _EQUINOX[each.sun] if each.sun else 0) for each in (self._first, self._last)
        )
        return last <= first

    def _noon(self, day: date) -> tuple[date, float] | None:
        """The noon that falls on a day by the clock, and the day that the sun calls so."""
        for known_as in (day, day - _DAY, day + _DAY):
            noon = self._sun(known_as, "noon")
            if noon is not None and datetime.fromtimestamp(noon, self._zone).date() == day:
                return known_as, noon
        return None

    def _moment(self, day: date, moment: Moment, *, last: bool) -> float | None:
        if moment.sun:
            noon = self._noon(day)
            at = self._sun(noon[0], moment.sun) if noon else None
            return None if at is None else at + moment.seconds
        naive = datetime(day.year, day.month, day.day) + timedelta(seconds=moment.seconds)
        first, second = (naive.replace(tzinfo=self._zone, fold=fold).timestamp() for fold in (0, 1))
        return max(first, second) if last else first

    def _slots(self, whole: Window, now: float) -> Iterator[Window]:
        """What is recorded of it, from what may be on."""
        duty = self._duty
        if duty is None:
            yield whole
            return
        number = max(0, int((now - whole.begin) // duty.every))
        while (begin := whole.begin + number * duty.every) < whole.end:
            yield Window(begin, min(begin + duty.on, whole.end))
            number += 1


def _is_within(day: date, first: tuple[int, int, int], last: tuple[int, int, int]) -> bool:
    """Whether a day lies in a span of the year, which may go over its end, or in one of years."""
    if first[0]:
        return first <= (day.year, day.month, day.day) <= last
    begin, end, here = first[1:], last[1:], (day.month, day.day)
    return begin <= here <= end if begin <= end else here >= begin or here <= end
