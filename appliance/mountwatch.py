"""Hears from the kernel when a disk was mounted, unmounted or mounted anew: what waits for a stick goes at once."""

import logging
import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from appliance.clock import Clock
from appliance.loops import Loop
from appliance.mounts import MOUNTINFO
from appliance.vitals import Vitals

SETTLE = 0.5
"""Seconds without another change after which it is told: mounting a stick is a handful of them."""

_LIMIT = 10.0
_AFTER_DEFECT = 5.0

log = logging.getLogger(__name__)


class MountWatch:
    """Calls `changed`, which must return at once, each time the mounts have changed. One thread, mostly asleep.

    A change of /proc/PID/mountinfo shows as POLLERR | POLLPRI on its descriptor (proc_pid_mountinfo(5)).
    """

    def __init__(
        self,
        changed: Callable[[], None],
        clock: Clock,
        vitals: Vitals,
        mountinfo: Path = MOUNTINFO,
        settle: float = SETTLE,
    ) -> None:
        self._changed = changed
        self._mountinfo = mountinfo
        self._settle = settle
        self._loop = Loop("mounts", self._look, _AFTER_DEFECT, _LIMIT, clock, vitals)
        self._poll = select.poll()
        self._news = False
        self._file: BinaryIO | None = None
        self._ended, self._end = os.pipe()
        self._poll.register(self._ended, select.POLLHUP)

    def start(self) -> None:
        """Begin to listen."""
        try:
            self._file = self._mountinfo.open("rb")
        except OSError as error:
            log.info("the kernel does not tell of disks that are plugged in: %s", error)
            return
        self._poll.register(self._file, select.POLLPRI)
        self._loop.start()

    def close(self) -> None:
        """Stop listening. Raises Stuck where the thread does not end."""
        self._loop.stop()
        os.close(self._end)
        self._loop.close()
        if self._file is not None:
            self._file.close()
        os.close(self._ended)

    def _look(self) -> float:
        """Sleep until the kernel says something, or has been silent for long enough after that: descriptors know no
        other clock. Returns 0: listen again at once.
        """
        self._loop.pulse.rest()
        ready = self._poll.poll(self._settle * 1000 if self._news else None)
        self._loop.pulse.beat()
        told, self._news = self._news and not ready, bool(ready)
        if told and not self._loop.stopping:
            log.info("disks were mounted or unmounted: what waits is tried again")
            self._changed()
        return 0.0
