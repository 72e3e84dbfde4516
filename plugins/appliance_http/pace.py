"""How fast something comes, as the kernel counts it: below any block that a library waits for."""

import contextlib
import fcntl
import socket
import struct
import termios
from collections.abc import Iterable

SLOWEST = 100
"""Bytes a second. What comes slower is as good as silence, and would take for ever."""

_BYTES_RECEIVED = 128
"""Where struct tcp_info (linux/tcp.h) has tcpi_bytes_received, a u64."""

_TCP_INFO = _BYTES_RECEIVED + 8


class Pace:
    """Tells when a transfer brought less than SLOWEST in `patience` seconds, and in the next as well.

    Silence is for others to tell: what came before it, such as the tickets of TLS while a server thinks, is no trickle.
    """

    def __init__(self, peer: str, patience: float) -> None:
        self._peer = peer
        self._patience = patience
        self._since = 0.0
        self._had = -1
        self._slow = False

    def complaint(self, connections: Iterable[socket.socket], now: float) -> str:
        """Words for how slow it is; empty while it is not, or it is us who do not take what is there."""
        waiting, has = 0, 0
        for each in connections:
            waiting += _waiting(each)
            has += _received(each)
        if self._had < 0 or has == self._had or waiting:
            self._since, self._had = now, has
            self._slow &= not waiting
        elif now - self._since >= self._patience:
            rate = (has - self._had) / (now - self._since)
            self._since, self._had = now, has
            again, self._slow = self._slow, rate < SLOWEST
            if again and self._slow:
                return f"{self._peer} sends next to nothing ({rate:.1f} bytes a second): it is tried again later"
        return ""


def _received(connection: socket.socket) -> int:
    """Bytes that have come over it in all; 0 where nobody counts them."""
    with contextlib.suppress(OSError, struct.error):
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO)
        return int(struct.unpack_from("Q", told, _BYTES_RECEIVED)[0])
    return 0


def _waiting(connection: socket.socket) -> int:
    """Bytes of it that nobody has read yet (SIOCINQ of tcp(7))."""
    with contextlib.suppress(OSError):
        return int(struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))[0])
    return 0
