"""How much, how long and when, in words."""

from datetime import datetime, timedelta, timezone
from typing import Any


def duration(seconds: float) -> str:
    """`2.5 ms`, `0.8 s`, `12.5 s`, `3:07`, `1:02:09`, `5 days 11 hours`, `400 days`."""
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        count, hours = divmod(hours, 24)
        return f"{count} days {counted(hours, 'hour')}" if count < 60 else f"{count} days"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: float) -> str:
    """`873 B`, `1.2 MB`: powers of 1000, as in the configuration."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


WELL = "nothing is wrong"
"""What is said in short where all is well."""


def moment(stamp: dict[str, Any]) -> datetime:
    """When it was, in the local time of its box: of a stamp as it travels over the control socket."""
    zone = timezone(timedelta(seconds=stamp["utc_offset"]))
    return datetime.fromtimestamp(stamp["wall_ns"] / 1e9, zone)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 clip`, `2 clips`; `many` is said where that is not `one` with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def sentences(first: str, then: str) -> str:
    """One behind the other, whatever sign `first` ends with."""
    return f"{first}{'' if first.endswith(('.', '?', '!')) else '.'} {then}"
