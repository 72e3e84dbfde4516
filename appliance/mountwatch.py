"""Hears from the kernel when a disk was mounted, unmounted or mounted anew: what waits for a stick goes at once."""

import logging
import os
import select
import threading
from collections.abc import Callable
from pathlib import Path

from appliance.mounts import MOUNTINFO

SETTLE = 0.5
"""Seconds without another change after which it is told: mounting a stick is a handful of them."""

log = logging.getLogger(__name__)


class MountWatch:
    """Calls `changed`, which must return at once, each time the mounts have changed. One thread, mostly asleep.

    A change of /proc/PID/mountinfo shows as POLLERR | POLLPRI on its descriptor (proc_pid_mountinfo(5)).
    """

    def __init__(self, changed: Callable[[], None], mountinfo: Path = MOUNTINFO, settle: float = SETTLE) -> None:
        self._changed = changed
        self._mountinfo = mountinfo
        self._settle = settle
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="mounts", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self, timeout: float = 2.0) -> None:
        """Stop listening."""
        os.close(self._end)
        if self._thread.ident is not None:
            self._thread.join(timeout)
        os.close(self._ended)

    def _run(self) -> None:
        try:
            file = self._mountinfo.open("rb")
        except OSError as error:
            log.info("the kernel does not tell of disks that are plugged in: %s", error)
            return
        with file:
            poll = select.poll()
            poll.register(file, select.POLLPRI)
            poll.register(self._ended, select.POLLHUP)
            news = False
            while True:
                ready = {descriptor for descriptor, _ in poll.poll(self._settle * 1000 if news else None)}
                if self._ended in ready:
                    return
                if not ready and news:
                    log.info("disks were mounted or unmounted: what waits is tried again")
                    self._changed()
                news = bool(ready)
