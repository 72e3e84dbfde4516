"""The ring that carries sound from the thread that captures it to the one that writes it, and the things in it."""

import threading
from collections import deque

from attrs import frozen

from appliance.clock import Clock
from appliance.errors import AudioError
from appliance.models import AudioFormat

RING_SECONDS = 30.0
"""How long the disk may stall without loss."""

RING_BYTES = 64 * 1024 * 1024
"""What the ring may hold at most, which is less than `RING_SECONDS` of very many channels."""


@frozen
class Opened:
    """The card was opened, for the first time or again; its stream begins not before the moment `earliest`."""

    earliest: float
    format: AudioFormat
    buffer_seconds: float
    behind_server: bool = False


@frozen
class Period:
    """Frames that the card handed over to a read from `called` to `returned`; no data where the ring was full."""

    frames: int
    data: bytes | None
    called: float
    returned: float


@frozen
class Overrun:
    """The card lost frames; its stream begins again not before the moment `earliest`."""

    earliest: float


@frozen
class Lost:
    """The card is gone and is being looked for."""

    message: str


@frozen
class Ended:
    """Nothing more will come; because of `error`, or because that was asked for."""

    at: float
    error: AudioError | None


Item = Opened | Period | Overrun | Lost | Ended


class Ring:
    """A queue of items between two threads, bounded by the bytes of sound that it holds."""

    def __init__(self, format: AudioFormat, clock: Clock) -> None:
        self._limit = min(RING_BYTES, format.frames(RING_SECONDS) * format.frame_bytes)
        self._clock = clock
        self._changed = threading.Condition()
        self._items: deque[tuple[Item, int]] = deque()
        self._bytes = 0
        self._full = False
        self._woken = False

    def room(self, size: int) -> bool:
        """Whether `size` more bytes fit. Once full it must run half empty first: one long gap beats many short ones."""
        with self._changed:
            self._full = self._bytes + size > (self._limit // 2 if self._full else self._limit)
            return not self._full

    @property
    def waiting(self) -> int:
        """Bytes of sound in the ring."""
        return self._bytes

    def put(self, item: Item, size: int = 0) -> None:
        """Add an item with `size` bytes of sound, for which the caller has found room."""
        with self._changed:
            self._items.append((item, size))
            self._bytes += size
            self._changed.notify()

    def get(self, timeout: float | None) -> Item | None:
        """Wait for the next item; None after `timeout` seconds, or once `wake` was called."""
        with self._changed:
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
