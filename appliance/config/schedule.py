"""When the box records by itself."""

import re
from datetime import date
from typing import Any

from attrs.validators import and_, deep_iterable, in_, matches_re

from appliance.config.options import option
from appliance.config.profiles import TakeSettings
from appliance.config.units import parse_duration
from appliance.values import frozen

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

SUN = ("dawn", "sunrise", "noon", "sunset", "dusk")
"""What the sun does each day; dawn and dusk are civil: it is 6 degrees below the horizon then."""

_CLOCK = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"
_WHEN = rf"{_CLOCK}|(?:{'|'.join(SUN)})(?: ?[+-] ?[0-9.]+ ?(?:s|m|h))?"
_DATE = r"(?:(\d{4})-)?(\d{2})-(\d{2})"
_DATES = rf"{_DATE}/{_DATE}"


@frozen
class Moment:
    """A moment of a day: seconds after local midnight by the clock, or after what the `sun` does."""

    seconds: float
    sun: str = ""


@frozen
class Duty:
    """Seconds of recording in every so many."""

    on: float
    every: float


def moment(text: str) -> Moment:
    """`22:30`, `sunrise`, `dusk - 30m`."""
    if clock := re.fullmatch(_CLOCK, text):
        return Moment(int(clock[1]) * 3600 + int(clock[2]) * 60)
    sun, sign, offset = re.fullmatch(r"([a-z]+) ?([+-]?) ?(.*)", text).groups()  # type: ignore[union-attr]
    return Moment(float(parse_duration(offset or "0")) * (-1 if sign == "-" else 1), sun)


def _duty(text: str) -> Duty:
    on, every = text.split(" every ")
    return Duty(parse_duration(on), parse_duration(every))


def _dates(text: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """First and last day, each as year (0 for every year), month, day."""
    first, last = (re.fullmatch(_DATE, part) for part in text.split("/"))
    assert first and last
    (a, b, c), (d, e, f) = first.groups(), last.groups()
    return (int(a or 0), int(b), int(c)), (int(d or 0), int(e), int(f))


def _moments(_: Any, __: Any, text: str) -> None:
    offset = moment(text).seconds if moment(text).sun else 0
    if abs(offset) > 12 * 3600:
        raise ValueError(f"found {text}, expected no more than 12h before or after it")


def _duties(_: Any, __: Any, text: str) -> None:
    if text:
        duty = _duty(text)
        if not 1 <= duty.on < duty.every <= 86_400:
            raise ValueError(f"found {text}, expected at least 1s of recording in a longer time, of a day at most")


def _calendar(_: Any, __: Any, spans: tuple[str, ...]) -> None:
    for span in spans:
        (year, *first), (other, *last) = _dates(span)
        if bool(year) != bool(other):
            raise ValueError(f"found {span}, expected a year in both dates or in neither")
        for day in ((year or 2000, *first), (other or 2000, *last)):
            try:
                date(*day)
            except ValueError as error:
                raise ValueError(f"found {span}, expected dates that there are: {error}") from error
        if year and (year, *first) > (other, *last):
            raise ValueError(f"found {span}, expected the first day before the last")


@frozen
class WindowSettings:
    begin: str = option(
        "00:00",
        f"When it begins: a time of day, or {', '.join(f'`{each}`' for each in SUN)}, each with an offset.",
        check=and_(matches_re(_WHEN), _moments),
        example='"sunrise - 30m"',
    )
    end: str = option(
        "00:00",
        "When it ends, in the same words. Where that is not after its beginning, it is on the next day.",
        check=and_(matches_re(_WHEN), _moments),
        example='"09:00"',
    )
    days: tuple[str, ...] = option(
        DAYS, "Days of the week on which it begins.", check=deep_iterable(in_(DAYS)), example="[sat, sun]"
    )
    dates: tuple[str, ...] = option(
        (),
        "First and last day of the times of year in which it begins, with or without years. Default: always.",
        check=and_(deep_iterable(matches_re(_DATES)), _calendar),
        example='["04-15/07-31"]',
    )
    duty: str = option(
        "",
        "How much of it is recorded. Default: all, without an end in between.",
        check=and_(matches_re(r"|[0-9.]+ ?(?:s|m|h) every [0-9.]+ ?(?:s|m|h)"), _duties),
        example="5m every 15m",
    )
    clock: str = option("local", "Whether it goes by the `local` clock, or by `utc`.", check=in_(("local", "utc")))

    @property
    def first(self) -> Moment:
        """When it begins."""
        return moment(self.begin)

    @property
    def last(self) -> Moment:
        """When it ends."""
        return moment(self.end)

    @property
    def cycle(self) -> Duty | None:
        """How much of it is recorded; None for all."""
        return _duty(self.duty) if self.duty else None

    @property
    def seasons(self) -> tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...]:
        """First and last day of each span: year (0 for every year), month, day."""
        return tuple(map(_dates, self.dates))

    @property
    def needs_sun(self) -> bool:
        """Whether it goes by the sun."""
        return bool(self.first.sun or self.last.sun)


@frozen
class ScheduleSettings(WindowSettings):
    take: TakeSettings = option(TakeSettings, "How takes are made that it begins.")
