"""Ends a connection from outside: nothing that a peer does or fails to do keeps a transfer from being taken back."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from appliance.plugin import Cancelled, Transient
from appliance_http.pace import Pace

_TICK = 0.2


class HasDescriptor(Protocol):
    """A socket, or something that stands for one."""

    def fileno(self) -> int:
        """The descriptor."""


class Watch:
    """Looks several times a second whether to go on, on a thread of its own, while the transfer blocks.

    `stop` raises Cancelled once the transfer is to end; `total` is the longest time in seconds it may take. The
    watched connection is shut down then, so that whatever waits for it fails at once; `check` tells why.
    """

    def __init__(self, stop: Callable[[], None], total: float) -> None:
        self._stop = stop
        self._total = total
        self._deadline = time.monotonic() + total
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._reason: Cancelled | Transient | None = None
        self._pace: Pace | None = None
        self._thread = threading.Thread(target=self._run, name="http-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(10)
        for connection in self._connections:
            connection.close()
        if self._thread.is_alive():
            raise Transient("the thread that watches the connection does not end, it is tried again")

    def attach(self, connection: HasDescriptor) -> None:
        """Watch this connection too. The copy of its descriptor stays valid whatever its owner does."""
        with self._lock:
            self._connections.append(socket.socket(fileno=os.dup(connection.fileno())))
        self.check()

    @contextlib.contextmanager
    def paced(self, peer: str, patience: float) -> Iterator[None]:
        """While something comes from `peer`: ended where it has begun and brings next to nothing for `patience`."""
        self._pace = Pace(peer, patience)
        try:
            yield
        finally:
            self._pace = None

    def check(self) -> None:
        """Raise Cancelled or Transient once the transfer is to end."""
        self._look()
        if self._reason is not None:
            raise self._reason

    def _look(self) -> None:
        if self._reason is not None:
            return
        try:
            self._stop()
        except Cancelled as reason:
            self._reason = reason
        if self._reason is None and time.monotonic() > self._deadline:
            self._reason = Transient(f"took longer than timeouts.total allows ({self._total:g} s)")

    def _look_at_pace(self) -> None:
        pace = self._pace
        if pace is None or self._reason is not None:
            return
        with self._lock:
            slow = pace.complaint(self._connections, time.monotonic())
        if slow and self._pace is pace:
            self._reason = Transient(slow)

    def _run(self) -> None:
        while not self._over.wait(_TICK):
            self._look()
            self._look_at_pace()
            if self._reason is not None:
                with self._lock:
                    for connection in self._connections:
                        with contextlib.suppress(OSError):  # the other end was quicker
                            connection.shutdown(socket.SHUT_RDWR)
