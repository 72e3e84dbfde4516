"""Who has a thread of the server now: so many at once for each address, and so many for strangers together. So whoever
asks slowly, or never to the end, takes the page from nobody else. Pure.
"""

import threading
from collections import Counter
from typing import Generic, TypeVar

T = TypeVar("T")

AT_ONCE = 6
"""Threads for one address, and connections of one browser; what it asks beyond that waits for its own."""

MOST_THREADS = 48
"""Threads for all of them."""

KEPT = 8
"""Of these for addresses from which somebody has shown a key: a stranger may have any number of addresses."""

_MOST_KNOWN = 100

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
        self._known: dict[str, None] = {}
        self._waiting: list[tuple[str, T, int]] = []

    def know(self, address: str) -> None:
        """Somebody there has shown a key. Of many such addresses the last ones count."""
        with self._lock:
            self._known.pop(address, None)
            self._known[address] = None
            if len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]

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
        """Whether a connection may have a thread now, of which its address has at `most` so many; else it waits."""
        with self._lock:
            if self._may(address, most):
                self._busy[address] += 1
                return True
            self._waiting.append((address, connection, most))
            return False

    def leave(self, address: str) -> list[T]:
        """A connection of this address has done with its thread: those that waited longest and may have one now."""
        with self._lock:
            _less(self._busy, address)
            following, waiting = [], []
            for each in self._waiting:
                if self._may(each[0], each[2]):
                    self._busy[each[0]] += 1
                    following.append(each[1])
                else:
                    waiting.append(each)
            self._waiting = waiting
            return following

    def _may(self, address: str, most: int) -> bool:
        if self._busy[address] >= most or self._busy.total() >= MOST_THREADS:
            return False
        strangers = sum(count for each, count in self._busy.items() if each not in self._known)
        return address in self._known or strangers < MOST_THREADS - KEPT


def _less(counter: Counter[str], address: str, by: int = 1) -> None:
    counter[address] -= by
    if not counter[address]:
        del counter[address]
