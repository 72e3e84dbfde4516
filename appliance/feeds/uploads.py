"""Sound that a person sends to the inbox, in pieces: nothing of it counts before it is whole, and sound."""

import secrets
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import BinaryIO

from attrs import define

from appliance.clock import Clock
from appliance.errors import Cancelled, NotFound, Refused, UsageError
from appliance.feeds.pull import Pull
from appliance.feeds.safefile import Room
from appliance.models import Track
from appliance.store import Store

UPLOADED = "phone"
"""The feed that tracks sent by a person belong to."""

MOST_BYTES = 200_000_000
"""The most bytes of one."""

KEPT = 200
"""How many of them are kept, of those heard and of those not heard."""

_AT_ONCE = 4
_PATIENCE = 120.0
"""Seconds after which an upload of which nothing more came gives way to another."""


@define
class _Upload:
    pull: Pull
    entering: AbstractContextManager[BinaryIO]
    file: BinaryIO
    size: int
    came: float
    received: int = 0


class Uploads:
    """What is being sent now. From any thread."""

    def __init__(self, store: Store, clock: Clock, has_room: Room, arrived: Callable[[Track], None]) -> None:
        self._store = store
        self._clock = clock
        self._has_room = has_room
        self._arrived = arrived
        self._lock = threading.Lock()
        self._open: dict[str, _Upload] = {}

    def begin(self, title: str, size: int) -> str:
        """Begin to receive so many bytes; the name of the upload.

        Raises UsageError where they are too many, Refused where too much is being sent already.
        """
        if not 0 < size <= MOST_BYTES:
            raise UsageError(f"{title or 'it'} has {size} bytes: up to {MOST_BYTES // 10**6} MB can be sent at once")
        with self._lock:
            now = self._clock.monotonic()
            for name in [name for name, each in self._open.items() if now - each.came > _PATIENCE]:
                self._drop(name)
            if len(self._open) >= _AT_ONCE:
                raise Refused(f"{_AT_ONCE} others are sending already. Try again in a few minutes")
            name = secrets.token_hex(8)
            pull = Pull(self._store, UPLOADED, self._clock, self._has_room, lambda: False, self._arrived, fresh=True)
            entering = pull.new_track(name, title or "from a phone", "")
            self._open[name] = _Upload(pull, entering, entering.__enter__(), size, now)
            return name

    def write(self, upload: str, offset: int, data: bytes) -> int:
        """Receive the next bytes; how many are there now. Bytes that are there already are let be.

        Raises NotFound, UsageError where bytes would be missing or too many, Permanent where there is no room.
        """
        with self._lock:
            sent = self._get(upload)
            if offset > sent.received or offset + len(data) > sent.size:
                raise UsageError(f"{sent.received} of {sent.size} bytes are there: go on with those behind them")
            sent.came = self._clock.monotonic()
            if offset == sent.received:
                try:
                    sent.file.write(data)
                except BaseException:
                    self._drop(upload)
                    raise
                sent.received += len(data)
            return sent.received

    def end(self, upload: str) -> Track:
        """Let it enter the inbox.

        Raises NotFound, UsageError where bytes are missing, Permanent where it is no sound.
        """
        with self._lock:
            sent = self._get(upload)
            if sent.received != sent.size:
                raise UsageError(f"only {sent.received} of {sent.size} bytes are there")
            del self._open[upload]
        sent.entering.__exit__(None, None, None)
        return sent.pull.tracks[0]

    def close(self) -> None:
        """Give up what is not whole."""
        with self._lock:
            for name in [*self._open]:
                self._drop(name)

    def _get(self, name: str) -> _Upload:
        if name not in self._open:
            raise NotFound("nothing of that name is being sent any more: begin anew")
        return self._open[name]

    def _drop(self, name: str) -> None:
        error = Cancelled("it was given up")
        with suppress(Cancelled):
            self._open.pop(name).entering.__exit__(Cancelled, error, None)
