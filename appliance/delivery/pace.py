"""How fast bytes go out, and how fast they may."""

import threading
from collections import deque

from appliance.clock import Clock

REPORT_SECONDS = 0.25
"""Progress is told at most this often."""

_REPORTS_REMEMBERED = 20


class RateLimit:
    """A token bucket that holds one second's worth of bytes and may go into debt: big blocks pay afterwards.

    Shared by all attempts at one destination.
    """

    def __init__(self, bytes_per_second: int, clock: Clock) -> None:
        self._rate = bytes_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(bytes_per_second)
        self._at = clock.monotonic()

    def take(self, count: int) -> float:
        """`count` bytes went out: the seconds to wait before the next ones may."""
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate) - count
            self._at = now
            return max(0.0, -self._tokens / self._rate)


class Speedometer:
    """The rate of one attempt over the last few seconds. Not for several threads at once."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._skipped = 0
        self._reports: deque[tuple[float, int]] = deque(maxlen=_REPORTS_REMEMBERED)

    def skip(self, count: int) -> None:
        """`count` bytes of what will be reported were there already."""
        self._skipped += count

    def is_due(self, at: float) -> bool:
        """Whether the last report is old enough for another."""
        return not self._reports or at - self._reports[-1][0] >= REPORT_SECONDS

    def report(self, at: float, sent: int) -> bool:
        """`sent` bytes were out at `at`; whether that is news, told rarely enough to be passed on."""
        if not self.is_due(at):
            return False
        self._reports.append((at, sent - self._skipped))
        return True

    @property
    def rate(self) -> float:
        """Bytes per second."""
        if len(self._reports) < 2:
            return 0.0
        (begin, before), (end, after) = self._reports[0], self._reports[-1]
        return max(0.0, (after - before) / (end - begin))

    @property
    def seconds_left(self) -> float | None:
        """Until all is out, where it can be told."""
        return (self.size - self._skipped - self._reports[-1][1]) / self.rate if self.rate else None
