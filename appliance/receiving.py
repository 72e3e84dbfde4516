"""Files that are sent to the box in pieces, over lines that break: pieces come twice, late, and not at all."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import BinaryIO, Generic, Protocol, TypeVar

from appliance.clock import Clock
from appliance.errors import (
    Cancelled,
    DeliveryError,
    NotFound,
    Permanent,
    Refused,
    StorageError,
    Transient,
    UsageError,
)
from appliance.phrases import size as plain_size

GONE = "nothing of that name is being sent any more: begin anew"

_PATIENCE = 120.0
"""Seconds after which what of nothing more came gives way to another."""


class Part(Protocol):
    """Where the bytes of one file go."""

    @property
    def size(self) -> int:
        """How many bytes it will have."""

    @property
    def received(self) -> int:
        """How many are there."""

    def write(self, data: bytes) -> None:
        """Add the next ones. Raises ApplianceError."""

    def drop(self) -> None:
        """Remove what is there of it."""


PartType = TypeVar("PartType", bound=Part)
Made = TypeVar("Made")


class Entering:
    """A part that goes to a file which a context manager opens, and makes whole or removes where that fails.

    What tells a feed to wait or to give up is told to the person who sends as what it is, StorageError.
    """

    def __init__(self, entering: AbstractContextManager[BinaryIO], size: int) -> None:
        self.size = size
        self.received = 0
        self._entering = entering
        self._file = entering.__enter__()

    def write(self, data: bytes) -> None:
        """Add the next bytes. Raises StorageError where there is no room for them."""
        with _refusals(Permanent, Transient):
            self._file.write(data)
        self.received += len(data)

    def finish(self) -> None:
        """Let the file be whole. Raises StorageError without room for its end, Permanent where it cannot be used."""
        try:
            with _refusals(Permanent, Transient):
                self._file.flush()
        except StorageError:
            self.drop()
            raise
        with _refusals(Transient):
            self._entering.__exit__(None, None, None)

    def drop(self) -> None:
        """Remove what is there of it."""
        with suppress(Cancelled):
            self._entering.__exit__(Cancelled, Cancelled("it was given up"), None)


@contextmanager
def _refusals(*kinds: type[DeliveryError]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise StorageError(str(error)) from error


class Receiving(Generic[PartType, Made]):
    """What is being sent now, and what was made of it. From any thread."""

    def __init__(
        self, clock: Clock, *, at_once: int, remembered: int = 0, find: Callable[[str], PartType] | None = None
    ) -> None:
        """Up to `at_once` come at once; of the last `remembered` it is known what was made of them.

        `find` finds one again that a restart or an error interrupted, or raises NotFound. Without it nothing is left of
        such a one, and who sends always knows how much is there.
        """
        self._clock = clock
        self._at_once = at_once
        self._remembered = remembered
        self._find = find
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._open: dict[str, PartType] = {}
        self._came: dict[str, float] = {}
        self._ending: dict[str, PartType] = {}
        self._done: OrderedDict[str, Made] = OrderedDict()

    def begin(self, size: int, most: int, opened: Callable[[str], PartType]) -> str:
        """Begin to receive up to `most` bytes into what `opened` makes for its name, which nobody can guess.

        Raises UsageError where they are too many, Refused where others are sending, and what `opened` does.
        """
        if size <= 0:
            raise UsageError("there is nothing in it")
        if size > most:
            raise UsageError(f"{plain_size(size)} are too much: up to {most // 10**6} MB can be sent at once")
        with self._lock:
            now = self._clock.monotonic()
            for name in [name for name, came in self._came.items() if now - came > _PATIENCE]:
                self._drop(name)
            if len(self._open) >= self._at_once:
                raise Refused(f"{self._at_once} others are sending already. Try again in a few minutes")
            name = os.urandom(16).hex()
            self._open[name] = opened(name)
            self._came[name] = now
            return name

    def write(self, name: str, offset: int, data: bytes) -> int:
        """Receive the next bytes; how many are there now, where the next are expected. Bytes that are there are let be.

        So are those behind missing ones, where who sends may not know how much is there. Raises NotFound, UsageError
        where bytes would be missing or are too many, and what the part does.
        """
        with self._lock:
            part = self._get(name)
            there = f"{part.received} of {part.size} bytes are there"
            if (end := offset + len(data)) > part.size:
                raise UsageError(f"{end} bytes are more than the {part.size} that were told of: {there}")
            if offset > part.received and self._find is None:
                raise UsageError(f"{there}: go on with those behind them")
            if name in self._open:
                self._came[name] = self._clock.monotonic()
            if data and offset == part.received:
                try:
                    part.write(data)
                except BaseException:
                    if self._find is None:
                        self._drop(name)
                    raise
            return part.received

    def end(self, name: str, make: Callable[[PartType], Made]) -> Made:
        """What `make` makes of all of it, one after the other. The same where it is remembered, when asked again.

        Raises NotFound, UsageError where bytes are missing, and what `make` does, after which it is no more sent.
        """
        with self._making:
            if name in self._done:
                return self._done[name]
            with self._lock:
                part = self._get(name)
                if part.received != part.size:
                    raise UsageError(f"only {part.received} of {part.size} bytes are there")
                self._ending[name] = part  # which a piece that comes once more must still find
                self._close(name)
            try:
                made = make(part)
            finally:
                with self._lock:
                    del self._ending[name]
            if self._remembered:
                self._done[name] = made
            while len(self._done) > self._remembered:
                self._done.popitem(last=False)
            return made

    def close(self) -> None:
        """Give up what is not whole."""
        with self._lock:
            for name in [*self._open]:
                self._drop(name)

    def _get(self, name: str) -> PartType:
        if found := self._open.get(name) or self._ending.get(name):
            return found
        if self._find is None:
            raise NotFound(GONE)
        self._open[name] = found = self._find(name)
        self._came[name] = self._clock.monotonic()
        return found

    def _drop(self, name: str) -> None:
        self._close(name).drop()

    def _close(self, name: str) -> PartType:
        del self._came[name]
        return self._open.pop(name)
