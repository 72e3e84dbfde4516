"""Sound that plays while it still comes: what a fetch brings, as the player finds it."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from appliance.errors import Cancelled

ENOUGH = 65_536
"""Bytes that are to be there before it begins, or goes on after it ran dry."""

_MOST_UNTAKEN = 4
_RING = 1_048_576
"""Bytes of a stream that are kept at most; whoever brings more waits."""


class Arrival:
    """One sound that comes in. One thread brings it, another one reads it in its order.

    `final` is where the file is once it is whole and checked. `error` says why it ended before its end.
    """

    endless = False
    """Whether it may never end, and none of it is kept."""

    def __init__(self) -> None:
        self.final: Path | None = None
        self.title = ""
        """What a person calls it."""
        self.error = ""
        self.taken = False
        """Whether somebody plays it, or has."""
        self.over = False
        """Whether nothing more will come."""
        self.left = False
        """Whether whoever listened no longer does."""
        self.changed = threading.Condition()

    def came(self) -> None:
        """More is there."""
        with self.changed:
            self.changed.notify_all()

    def end(self, error: str = "") -> None:
        """Nothing more comes."""
        with self.changed:
            self.error, self.over = error, True
            self.changed.notify_all()

    def leave(self) -> None:
        """Nobody reads any more."""
        with self.changed:
            self.left = True
            self.changed.notify_all()

    def size(self) -> int:
        """Bytes that have come so far."""
        raise NotImplementedError

    def read(self, at: int, count: int, given_up: Callable[[], bool] = lambda: False) -> bytes:
        """Up to `count` bytes from there on, once there are any; none at the end, or where nobody reads any more.

        Who gives up waiting calls `came`.
        """
        with self.changed:
            self.changed.wait_for(lambda: self.left or self.over or self.size() > at or given_up())
            return b"" if self.left or given_up() else self.there(at, count)

    def passed(self, at: int) -> None:
        """Nobody reads what comes before that any more."""

    def there(self, at: int, count: int) -> bytes:
        """What is there of that now."""
        raise NotImplementedError


class GrowingFile(Arrival):
    """A file that is being written, and kept."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file: BinaryIO = path.open("rb", buffering=0)

    def size(self) -> int:
        """See `Arrival`."""
        return os.fstat(self._file.fileno()).st_size

    def there(self, at: int, count: int) -> bytes:
        """See `Arrival`."""
        return os.pread(self._file.fileno(), count, at)


class Stream(Arrival):
    """Radio: of what came only the last is kept, in memory. Its reader decides how fast it comes."""

    endless = True

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()
        self._begin = 0

    def size(self) -> int:
        """See `Arrival`."""
        return self._begin + len(self._kept)

    @property
    def is_full(self) -> bool:
        """Whether whoever brings more has to wait."""
        return len(self._kept) > _RING

    def write(self, block: bytes) -> int:
        """Bring the next bytes, once there is room. Raises Cancelled where nobody listens."""
        with self.changed:
            self.changed.wait_for(lambda: self.left or not self.is_full)
            if self.left:
                raise Cancelled("nobody listens any more")
            self._kept += block
            self.changed.notify_all()
        return len(block)

    def there(self, at: int, count: int) -> bytes:
        """See `Arrival`."""
        return bytes(self._kept[at - self._begin : at - self._begin + count])

    def passed(self, at: int) -> None:
        """See `Arrival`."""
        with self.changed:
            surplus = at - self._begin
            if surplus > 0:
                del self._kept[:surplus]
                self._begin = at
            self.changed.notify_all()


class Arrivals:
    """What comes in at this moment, by the path under which it is played. Any thread may ask."""

    def __init__(self) -> None:
        self._known: dict[Path, Arrival] = {}

    def put(self, path: Path, arrival: Arrival) -> None:
        """It comes in. Of what nobody has taken yet, the newest few are kept: each holds a file open, or megabytes."""
        self._known[path] = arrival
        for old in [*self._known][:-_MOST_UNTAKEN]:
            if left := self.take(old):
                left.leave()

    def take(self, path: Path) -> Arrival | None:
        """What is to be played under that path, for the one who plays it; None for an ordinary file."""
        if arrival := self._known.pop(path, None):
            arrival.taken = True
        return arrival
