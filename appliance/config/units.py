"""Quantities as people write them, to numbers and back: durations, sizes, percentages, times of day."""

import math
import re

from appliance.config.options import ByteCount, GainWish, Keep, Percent, Seconds, TimeOfDay

_NUMBER = r"([0-9]{1,400}(?:\.[0-9]{1,400})?)"
_DURATION = _NUMBER + r" ?(ms|s|m|h|d)"
_SIZE = _NUMBER + r" ?([a-z]{1,3})"
_PERCENT = r"([0-9]{1,3}) ?%?"
_GAIN = r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,2})?) ?dB"
_TIME = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_KEEP = r"until_space_needed|always|[1-9][0-9]{0,4}d"
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_BYTES = {
    "TB": 1000**4,
    "TiB": 1024**4,
    "GB": 1000**3,
    "GiB": 1024**3,
    "MB": 1000**2,
    "MiB": 1024**2,
    "kB": 1000,
    "KiB": 1024,
    "B": 1,
}
_BYTES_BY_LOWER = {unit.lower(): factor for unit, factor in _BYTES.items()}


def parse_duration(text: str) -> Seconds:
    """Read `1.5s`, `250ms`, `5m`, `12h`, `30d` or a bare 0. Raises ValueError."""
    if text == "0":
        return Seconds(0.0)
    found = re.fullmatch(_DURATION, text)
    if found is None:
        raise ValueError("not a duration")
    number, unit = float(found[1]), found[2]
    seconds = number / 1000 if unit == "ms" else number * _SECONDS[unit]
    if not math.isfinite(seconds):
        raise ValueError("not a finite duration")
    return Seconds(seconds)


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads as the very same number."""
    for unit, factor in _SECONDS.items():
        if seconds and seconds % factor == 0:
            return f"{int(seconds // factor)}{unit}"
    milliseconds = round(seconds * 1000)
    if 0 < milliseconds < 1000 and milliseconds / 1000 == seconds:
        return f"{milliseconds}ms"
    from decimal import Decimal

    return f"{Decimal(repr(float(seconds))):f}s" if seconds else "0s"


def parse_size(text: str) -> ByteCount:
    """Read `500kB`, `200MB`, `5MiB`, `1.5GB` or a bare 0, in bytes; capitals do not matter. Raises ValueError."""
    if text == "0":
        return ByteCount(0)
    found = re.fullmatch(_SIZE, text, re.IGNORECASE)
    factor = _BYTES_BY_LOWER.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise ValueError("not a size")
    from decimal import Decimal

    numerator, denominator = Decimal(found[1]).as_integer_ratio()
    size, rest = divmod(numerator * factor, denominator)
    if rest or size >= 2**63:
        raise ValueError("not a number of whole bytes that fits a disk")
    return ByteCount(size)


def format_size(size: int) -> str:
    """A short text that `parse_size` reads as the very same number."""
    for unit, factor in _BYTES.items():
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def parse_percent(text: str) -> Percent:
    """Read `80%` or `80`. Raises ValueError outside of 0..100."""
    found = re.fullmatch(_PERCENT, text)
    if found is None or int(found[1]) > 100:
        raise ValueError("not a percentage")
    return Percent(int(found[1]))


def parse_gain(text: str) -> GainWish:
    """Read `12dB`, `-3.5 dB` or `60%`, and give it its shortest form. Raises ValueError."""
    if text.endswith("%"):
        return GainWish(f"{parse_percent(text)}%")
    found = re.fullmatch(_GAIN, text, re.IGNORECASE)
    if found is None:
        raise ValueError("neither dB nor a percentage")
    return GainWish(f"{float(found[1]):g}dB")


def parse_time_of_day(text: str) -> TimeOfDay:
    """Read `22:30` or `6:05`, and give it five characters. Raises ValueError."""
    if re.fullmatch(_TIME, text) is None:
        raise ValueError("not a time of day")
    return TimeOfDay(text.rjust(5, "0"))


def parse_keep(text: str) -> Keep:
    """Read `until_space_needed`, `always` or `30d`. Raises ValueError."""
    if re.fullmatch(_KEEP, text) is None:
        raise ValueError("neither a word nor days")
    return Keep(text)
