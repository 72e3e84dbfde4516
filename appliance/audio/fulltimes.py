"""When the clock next reads a full hour, or ten minutes, or whatever a recording is split at."""

from math import inf

from appliance.models import ClockStamp

_JUST_NOW = 1.0
"""Seconds before a full time that count as that time: a clock that was slewed meanwhile has it come twice."""


def next_full(every: float | None, began: ClockStamp) -> float:
    """When local time next is a full multiple of `every` seconds after `began`; infinite without. CLOCK_MONOTONIC."""
    if not every:
        return inf
    left = every - (began.wall_ns / 1e9 + began.utc_offset) % every
    return began.monotonic_ns / 1e9 + (left if left > min(_JUST_NOW, every / 2) else left + every)
