"""Radio, for as long as somebody listens."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from appliance.plugin import Sink, Transient
from appliance_fetch.answers import is_live

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_ENOUGH = 65_536
"""Bytes after which a station counts as one that sends."""

_SILENT = 60.0
"""Seconds after which it is over where it sends no more."""

_AGAIN = 1.0
_TICK = 0.25


def hear(
    answer: "Answer", heard: Sink, again: Callable[[], AbstractContextManager["Answer"]], stop: Callable[[], None]
) -> None:
    """Returns once the station has ended its transmission. One that hangs up, as many do on whoever holds still for
    long, is called `again`, and heard as it is then. `stop` raises Cancelled once this is to end.
    """
    until = _heard_until(answer, heard)
    while time.monotonic() < until:
        wait(_AGAIN, stop)
        try:
            with again() as next_answer:
                if next_answer.status != 200 or not is_live(next_answer):
                    return
                until = max(until, _heard_until(next_answer, heard))
        except Transient:
            continue


def wait(seconds: float, stop: Callable[[], None]) -> None:
    """Raises what `stop` raises."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stop()
        time.sleep(_TICK)


def _heard_until(answer: "Answer", heard: Sink) -> float:
    """When to give it up, in CLOCK_MONOTONIC seconds, now that this call of it is over."""
    size = 0
    try:
        for block in answer.blocks(hurried=False):
            heard.write(block)
            size += len(block)
    except Transient:
        if size < _ENOUGH:
            raise
    return time.monotonic() + _SILENT if size >= _ENOUGH else 0.0
