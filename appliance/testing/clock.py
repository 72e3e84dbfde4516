"""A clock that moves only when told to."""

import threading
import time
from math import inf

from appliance.models import ClockSource, ClockStamp


class ManualClock:
    """Wall and monotonic clock, turned by hand with `advance`; `set_wall` makes the wall clock jump.

    Whoever waits with a timeout wakes when `advance` reaches it, or when notified.
    """

    def __init__(self, wall: float = 1_800_000_000.0, monotonic: float = 1000.0) -> None:
        self._wall_ns = round(wall * 1e9)
        self._monotonic_ns = round(monotonic * 1e9)
        self._lock = threading.Lock()
        self._waiting: list[tuple[float, threading.Condition]] = []
        self.boot_id = "manual-boot"
        self.source = ClockSource.NTP
        self.utc_offset = 0

    def monotonic(self) -> float:
        return self._monotonic_ns / 1e9

    def wall_ns(self) -> int:
        return self._wall_ns

    def stamp(self, at: float | None = None) -> ClockStamp:
        shift = 0 if at is None else round(at * 1e9) - self._monotonic_ns
        return ClockStamp(self._wall_ns + shift, self._monotonic_ns + shift, self.boot_id, self.source, self.utc_offset)

    def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
        if timeout is None:
            return condition.wait()
        if timeout <= 0:
            return False
        with self._lock:
            deadline = self.monotonic() + timeout
            entry = (deadline, condition)
            self._waiting.append(entry)
        try:
            condition.wait()
        finally:
            with self._lock:
                self._waiting.remove(entry)
        return self.monotonic() < deadline

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks and wake whoever waited for one of them."""
        with self._lock:
            step = round(seconds * 1e9)
            self._wall_ns += step
            self._monotonic_ns += step
            due = [condition for deadline, condition in self._waiting if deadline <= self.monotonic()]
        for condition in due:
            with condition:
                condition.notify_all()

    def set_wall(self, wall: float) -> None:
        """Make the wall clock jump to `wall` seconds since 1970 UTC, as time synchronisation does."""
        self._wall_ns = round(wall * 1e9)

    @property
    def waiting(self) -> int:
        """How many threads wait on this clock now."""
        return len(self._waiting)

    @property
    def next_due(self) -> float:
        """Seconds until the first of those who wait is due; infinite where nobody waits."""
        with self._lock:
            return min((deadline for deadline, _ in self._waiting), default=inf) - self.monotonic()

    def waiters(self, timeout: float = 5.0, *, at_least: int = 1) -> int:
        """Wait in real time until `at_least` threads wait on this clock for what is to come; their number. Raises
        TimeoutError.
        """
        limit = time.monotonic() + timeout
        while True:
            with self._lock:
                waiting = sum(deadline > self.monotonic() for deadline, _ in self._waiting)
            if waiting >= at_least:
                return waiting
            if time.monotonic() > limit:
                raise TimeoutError(f"fewer than {at_least} threads wait on the clock")
            time.sleep(0.001)
