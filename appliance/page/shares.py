"""Who has a thread of the server now: so many at once for each address, so that whoever asks slowly, or never to the
end, takes the page from nobody else. Pure.
"""

import threading
from collections import Counter, deque
from typing import Generic, TypeVar

T = TypeVar("T")

AT_ONCE = 6
"""Threads for one address, and connections of one browser; what it asks beyond that waits for its own."""

MOST_LINES = 64
"""Connections of one address."""

MOST_OF_ALL = 1500
"""Connections of all addresses together: each is a file of the process, which has 2048."""


class Shares(Generic[T]):
    """Counts connections and threads by address. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: Counter[str] = Counter()
        self._busy: Counter[str] = Counter()
        self._waiting: dict[str, deque[T]] = {}

    def enter(self, address: str, most: int = MOST_LINES) -> bool:
        """Whether one more connection of this address may stay, which has at `most` so many; counted until it goes."""
        with self._lock:
            if self._lines[address] >= most or self._lines.total() >= MOST_OF_ALL:
                _less(self._lines, address, 0)
                return False
            self._lines[address] += 1
            return True

    def go(self, address: str) -> None:
        """One connection of this address has gone."""
        with self._lock:
            _less(self._lines, address)

    def take(self, address: str, connection: T, most: int = AT_ONCE) -> bool:
        """Whether a connection may have a thread now; else it waits until another of its address leaves one."""
        with self._lock:
            if self._busy[address] >= most:
                self._waiting.setdefault(address, deque()).append(connection)
                return False
            self._busy[address] += 1
            return True

    def leave(self, address: str) -> T | None:
        """A connection of this address has done with its thread: the next one, which has it now."""
        with self._lock:
            if not (waiting := self._waiting.get(address)):
                _less(self._busy, address)
                return None
            following = waiting.popleft()
            if not waiting:
                del self._waiting[address]
            return following


def _less(counter: Counter[str], address: str, by: int = 1) -> None:
    counter[address] -= by
    if not counter[address]:
        del counter[address]
