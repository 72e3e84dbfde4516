"""Gives clips their true start once the clock was set, and follows the time zone of the system.

A box without a battery in its clock starts somewhere in the past. What it records then has a wrong time, but the time
of CLOCK_MONOTONIC with it, which nobody sets: as soon as the wall clock is right, the difference of the two tells when
each clip of this boot really began.
"""

import logging
import time
from collections.abc import Callable

from appliance.clock import Clock
from appliance.errors import StorageError
from appliance.events import ClipFinished, Event
from appliance.loops import Loop
from appliance.models import ClockSource, ClockStamp
from appliance.store import Store
from appliance.vitals import Vitals

LOOK_EVERY = 10.0
"""Seconds between two looks at the clock."""

_ONCE_SET = 30.0
"""The same once nothing better can come, and all clips have their true start."""

_STEADY_NS = 100_000_000
"""Nanoseconds by which wall and monotonic clock may move against each other between two looks, unless it was set."""

_LIMIT = 120.0

log = logging.getLogger(__name__)


def is_steady(before: ClockStamp, now: ClockStamp) -> bool:
    """Whether two looks tell the same true time: by a clock that was set, and not set between them."""
    if before.source is not now.source or now.source is ClockSource.NONE or before.boot_id != now.boot_id:
        return False
    moved = (now.wall_ns - now.monotonic_ns) - (before.wall_ns - before.monotonic_ns)
    return abs(moved) <= _STEADY_NS


class Timekeeper:
    """Watches where the time comes from. The best clock of this boot counts, also after it got worse again."""

    def __init__(
        self, store: Store, clock: Clock, vitals: Vitals, clock_set: Callable[[], None] = lambda: None
    ) -> None:
        """`clock_set` is called once the time comes from a better place than before; it must return at once."""
        self._store = store
        self._clock_set = clock_set
        self._clock = clock
        self._loop = Loop("timekeeper", self._look, LOOK_EVERY, _LIMIT, clock, vitals)
        self._seen: ClockStamp | None = None
        self._best: ClockStamp | None = None
        self._undated = True

    def start(self) -> None:
        """Begin to look."""
        self._loop.start()

    def close(self) -> None:
        """Stop looking. Raises Stuck where the disk holds the thread up."""
        self._loop.close()

    def hear(self, event: Event, _: object) -> None:
        """Listen to what happens, on the controller's thread."""
        if isinstance(event, ClipFinished) and event.clip.started.source is not ClockSource.NTP:
            self._undated = True

    def _look(self) -> float:
        _follow_zone()
        before, now = self._seen, self._clock.stamp()
        self._seen = now
        if before and now.source.beats(before.source):
            self._clock_set()
        best = self._best
        if before and is_steady(before, now) and not (best and best.source.beats(now.source)):
            self._undated |= best is None or now.source.beats(best.source)
            self._best = best = now
        if best and self._undated:
            self._undated = False
            try:
                while self._store.upkeep.correct_starts(best) and self._loop.goes_on():
                    pass
            except Exception as error:
                self._undated = True
                if not isinstance(error, StorageError):
                    raise
                log.debug("true starts could not be written yet: %s", error)
        done = now.source is ClockSource.NTP and best and best.source is now.source and not self._undated
        return _ONCE_SET if done else LOOK_EVERY


def _follow_zone() -> None:
    """Take local time from what /etc/localtime is now: a process keeps the zone that it began in (tzset(3))."""
    before = time.tzname
    time.tzset()
    if time.tzname != before:
        log.info("the time zone is another one now: it is %s here", time.strftime("%H:%M %Z"))
