"""Looks whether every thread that must move still does, says which does not, and feeds systemd's watchdog meanwhile."""

import logging
from collections.abc import Callable

from appliance import sdnotify
from appliance.clock import Clock
from appliance.events import Event
from appliance.faultkind import FaultKind
from appliance.faults import HANGING, RECORDING_HANGS
from appliance.loops import Loop
from appliance.vitals import Vitals

LOOK_EVERY = 5.0
"""Seconds between two looks, where systemd does not ask for more."""

NEEDED = frozenset({"controller", "panel", "capture", "writer", "store"})
"""The threads without which no press is followed, or nothing is recorded and kept."""

_LIMIT = 10.0

log = logging.getLogger(__name__)


class Watchdog:
    """Raises a fault for each thread that is overdue, until it moves again or has ended.

    It looks on a thread of its own, which waits for nothing but time, and feeds systemd's watchdog only while no other
    is overdue: a box that hangs is restarted.
    """

    def __init__(
        self,
        clock: Clock,
        post: Callable[[Event], None],
        vitals: Vitals,
        notify: Callable[[str], None] = sdnotify.notify,
    ) -> None:
        """`notify` tells systemd how the service is, and returns at once."""
        self._post = post
        self._notify = notify
        self._vitals = vitals
        self._told: frozenset[str] = frozenset()
        seconds = sdnotify.watchdog_seconds()
        self._loop = Loop("watchdog", self._look, seconds / 3 if seconds else LOOK_EVERY, _LIMIT, clock, vitals)

    def start(self) -> None:
        """Begin to look."""
        self._loop.start()

    def close(self) -> None:
        """Look no more."""
        self._loop.close()

    def _look(self) -> None:
        hanging = frozenset(self._vitals.overdue())
        for name in hanging - self._told:
            log.error("hanging: %s", name)
            self._post(
                _kind(name).raised(f"the thread {name} hangs. If it stays so, restart the box; see `dmesg`", name)
            )
        for name in self._told - hanging:
            self._post(_kind(name).cleared(name))
        self._told = hanging
        if not hanging:
            self._notify("WATCHDOG=1")


def _kind(name: str) -> FaultKind:
    return RECORDING_HANGS if name in NEEDED else HANGING
