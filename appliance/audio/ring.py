"""The ring that carries sound from the thread that captures it to one that listens."""

import threading
from collections import deque
from collections.abc import Callable

from appliance.audio.stretch import Heard, Opened, Stretch
from appliance.clock import Clock
from appliance.models import AudioFormat, GapCause

RING_SECONDS = 30.0
"""How long the listener, and so the disk, may stall without loss."""

RING_BYTES = 64 * 1024 * 1024
"""What the ring may hold at most, which is less than `RING_SECONDS` of very many channels."""


class Ring:
    """A queue between two threads, bounded by the sound that it holds, `seconds` of it: what finds no room is counted.

    `backlog` is told, stretch by stretch, how many seconds of sound wait.
    """

    def __init__(
        self,
        format: AudioFormat,
        clock: Clock,
        backlog: Callable[[float], None] = lambda _: None,
        seconds: float = RING_SECONDS,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._backlog = backlog
        self._lock = threading.RLock()  # entered without the detour that a condition takes
        self._changed = threading.Condition(self._lock)
        self._items: deque[tuple[Heard, int]] = deque()
        self._bytes = 0
        self._full = False
        self._woken = False
        self._dropped = 0
        self._dropped_end = 0.0
        self._carry(format)

    def _carry(self, format: AudioFormat) -> None:
        self._byte_rate = format.byte_rate
        self._limit = min(RING_BYTES, format.frames(self._seconds) * format.frame_bytes)

    def room(self, size: int) -> bool:
        """Whether `size` more bytes fit. Once full it must run half empty first: one long gap beats many short ones."""
        self._full = self._bytes + size > (self._limit // 2 if self._full else self._limit)
        return not self._full

    def put(self, item: Heard) -> None:
        """Add what comes next. Never waits."""
        size = len(item.data) if isinstance(item, Stretch) and item.data is not None else 0
        with self._lock:
            if isinstance(item, Stretch) and size and not self.room(size):
                self._dropped += item.frames
                self._dropped_end = item.end
            else:
                if isinstance(item, Opened):
                    self._carry(item.format)
                if self._dropped:
                    self._items.append((Stretch(self._dropped, self._dropped_end, None, GapCause.STORAGE), 0))
                    self._dropped = 0
                self._items.append((item, size))
                self._bytes += size
                self._changed.notify()
        if size:
            self._backlog(self._bytes / self._byte_rate)

    def get(self, timeout: float | None) -> Heard | None:
        """Wait for the next item; None after `timeout` seconds, or once `wake` was called."""
        with self._lock:
            if not self._items and not self._woken:
                self._clock.wait(self._changed, timeout)
            self._woken = False
            if not self._items:
                return None
            item, size = self._items.popleft()
            self._bytes -= size
            return item

    def wake(self) -> None:
        """Let `get` return now."""
        with self._changed:
            self._woken = True
            self._changed.notify()
