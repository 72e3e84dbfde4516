"""When the clock next reads a full hour, or ten minutes, or whatever a recording is split at."""

from collections.abc import Callable
from math import inf

from appliance.models import ClockStamp

_JUST_NOW = 1.0
"""Seconds before a full time that count as that time: a clock that was slewed meanwhile has it come twice."""


def next_full(every: float | None, began: ClockStamp, at: Callable[[float], ClockStamp]) -> float:
    """When local time next is a full multiple of `every` seconds after `began`; infinite without. CLOCK_MONOTONIC.

    `at` tells by how much local time will be east of UTC then: summer time may begin or end meanwhile.
    """
    if not every:
        return inf
    start, local = began.monotonic_ns / 1e9, began.wall_ns / 1e9 + began.utc_offset
    left = every - local % every
    soon = min(_JUST_NOW, every / 2)
    due = start + (left if left > soon else left + every)
    moved = at(due).utc_offset - began.utc_offset
    sooner, later = due - moved % every, due + -moved % every
    return sooner if sooner - start > soon and at(sooner).utc_offset - began.utc_offset == moved else later
