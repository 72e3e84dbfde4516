"""Hears from the kernel when the network comes back, so that nothing has to ask again and again (rtnetlink(7))."""

import errno
import logging
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator

from appliance.clock import Clock
from appliance.loops import Loop
from appliance.vitals import Vitals

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

_LIMIT = 10.0

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
        clock: Clock,
        vitals: Vitals,
        open_socket: Callable[[], socket.socket] = open_netlink,
        settle: float = SETTLE,
        after_defect: float = 5.0,
    ) -> None:
        self._came_back = came_back
        self._open_socket = open_socket
        self._settle = settle
        self._signs = Signs()
        self._clock = clock
        self._loop = Loop("network", self._look, after_defect, _LIMIT, clock, vitals)
        self._poll = select.poll()
        self._tell_by: float | None = None
        self._socket: socket.socket | None = None
        self._ended, self._end = os.pipe()
        self._poll.register(self._ended, select.POLLHUP)

    def start(self) -> None:
        """Begin to listen."""
        try:
            self._socket = self._open_socket()
        except OSError as error:
            log.info("the kernel does not tell when the network comes back: %s", error)
            return
        self._poll.register(self._socket, select.POLLIN)
        self._loop.start()

    def close(self) -> None:
        """Stop listening. Raises Stuck where the thread does not end."""
        self._loop.stop()
        os.close(self._end)
        self._loop.close()
        if self._socket is not None:
            self._socket.close()
        os.close(self._ended)

    def _look(self) -> float:
        """Sleep until the kernel says something, or has been silent for long enough: descriptors know no other clock.

        Returns 0: listen again at once.
        """
        tell_by = self._tell_by
        wait = None if tell_by is None else max(0.0, min(self._settle, tell_by - self._clock.monotonic())) * 1000
        self._loop.pulse.rest()
        ready = {descriptor for descriptor, _ in self._poll.poll(wait)}
        self._loop.pulse.beat()
        if ready and not self._loop.stopping and self._heard_good():
            self._tell_by = tell_by = tell_by or self._clock.monotonic() + LONGEST
        if tell_by is not None and (not ready or self._clock.monotonic() >= tell_by):
            self._tell_by = None
            log.info("the network has changed for the better: what waits is tried again")
            self._came_back()
        return 0.0

    def _heard_good(self) -> bool:
        try:
            return self._socket is not None and self._signs.good(self._socket.recv(_BUFFER))
        except OSError as error:
            return error.errno == errno.ENOBUFS  # so much has happened that messages were lost
