"""Hears from the kernel when the network comes back, so that nothing has to ask again and again (rtnetlink(7))."""

import errno
import logging
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

SETTLE = 1.0
"""A network comes back in many steps: it counts as back once nothing has changed for so many seconds."""

LONGEST = 5.0
"""Seconds after which it counts as back in any case."""

_GROUPS = 0x1 | 0x40 | 0x400
"""RTMGRP_LINK, RTMGRP_IPV4_ROUTE and RTMGRP_IPV6_ROUTE."""

_NEW_LINK, _NEW_ROUTE = 16, 24
_LOOPBACK, _RUNNING = 0x8, 0x40
_UNICAST = 1
_BUFFER = 65_536
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ROUTE = struct.Struct("=BBBBBBBBI")

log = logging.getLogger(__name__)


def open_netlink() -> socket.socket:
    """A socket on which the kernel tells of links and routes. Raises OSError where it does not."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    try:
        opened.bind((0, _GROUPS))
    except OSError:
        opened.close()
        raise
    return opened


class Signs:
    """Reads messages of the kernel for signs that the network is better than before."""

    def __init__(self) -> None:
        self._running: dict[int, bool] = {}

    def good(self, datagram: bytes) -> bool:
        """Whether a link began to run or a route was added. A link that only scans tells the same again and again."""
        return sum(self._is_good(kind, body) for kind, body in _messages(datagram)) > 0

    def _is_good(self, kind: int, body: bytes) -> bool:
        if kind == _NEW_ROUTE and len(body) >= _ROUTE.size:
            return bool(_ROUTE.unpack_from(body)[7] == _UNICAST)
        if kind != _NEW_LINK or len(body) < _LINK.size:
            return False
        _, _, index, flags, _ = _LINK.unpack_from(body)
        before, now = self._running.get(index, False), bool(flags & _RUNNING)
        self._running[index] = now
        return now and not before and not flags & _LOOPBACK


def _messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each message in a datagram (netlink(7)); of what is cut short, nothing."""
    offset = 0
    while offset + _HEADER.size <= len(datagram):
        length, kind, *_ = _HEADER.unpack_from(datagram, offset)
        if not _HEADER.size <= length <= len(datagram) - offset:
            return
        yield kind, datagram[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


class NetworkWatch:
    """Calls `came_back`, which must return at once, each time the network has come back. One thread, mostly asleep.

    Where the kernel does not let us listen, nothing is ever heard: everything is still tried at its time.
    """

    def __init__(
        self,
        came_back: Callable[[], None],
        open_socket: Callable[[], socket.socket] = open_netlink,
        settle: float = SETTLE,
    ) -> None:
        self._came_back = came_back
        self._open_socket = open_socket
        self._settle = settle
        self._signs = Signs()
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        try:
            self._socket = self._open_socket()
        except OSError as error:
            log.info("the kernel does not tell when the network comes back: %s", error)
            return
        self._thread.start()

    def close(self, timeout: float = 2.0) -> None:
        """Stop listening."""
        os.close(self._end)
        if self._thread.ident is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                raise RuntimeError("the thread that watches the network does not end")
            self._socket.close()
        os.close(self._ended)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._ended, select.POLLHUP)
        tell_by: float | None = None
        while True:
            wait = None if tell_by is None else max(0.0, min(self._settle, tell_by - time.monotonic())) * 1000
            ready = {descriptor for descriptor, _ in poll.poll(wait)}
            if self._ended in ready:
                return
            if ready and self._heard_good():
                tell_by = tell_by or time.monotonic() + LONGEST
            if tell_by is not None and (not ready or time.monotonic() >= tell_by):
                tell_by = None
                log.info("the network has changed for the better: what waits is tried again")
                self._came_back()

    def _heard_good(self) -> bool:
        try:
            return self._signs.good(self._socket.recv(_BUFFER))
        except OSError as error:
            return error.errno == errno.ENOBUFS  # so much has happened that messages were lost
