"""One connection of an HTTP client that talks and listens at once: it waits well, and stops talking when told off."""

import errno
import fcntl
import io
import math
import select
import socket
import ssl
import struct
import termios
import time
from typing import Any

from appliance_http.body import Last
from appliance_http.watch import Watch

_MOST_AT_ONCE = 128 * 1024
_ENOUGH = len(b"HTTP/1.1 413")
_MOST_HEARD = 1 << 20
_TICK_MS = 20
_MOMENT = 0.02
"""Seconds that the last piece of a file is held back for an answer that comes too soon."""

_NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Line:
    """Sends over `connection`, giving up once no byte has moved for `patience` seconds.

    It listens meanwhile. An answer that begins early and is none of success ends the sending with BrokenPipeError,
    after which urllib3 reads the answer: a file that is refused is not sent to its end.
    """

    def __init__(self, connection: Any, watch: Watch, patience: float) -> None:
        self._connection = connection
        self._watch = watch
        self._patience = patience
        self._readable = select.poll()
        self._readable.register(connection, select.POLLIN)
        self._heard = b""
        self._ended = False
        self._too_soon = False
        connection.settimeout(patience)
        watch.attach(connection)

    def send(self, data: Any) -> None:
        """Send all of it."""
        rest = memoryview(data)
        try:
            if isinstance(data, Last):
                self._hold_back()
            while rest:
                self._listen()
                if self._ended or (len(self._heard) >= _ENOUGH and self._heard[9:10] not in b"12"):
                    raise BrokenPipeError(errno.EPIPE, "the peer wants no more")
                rest = rest[self._connection.send(rest[:_MOST_AT_ONCE]) :]
        except (ssl.SSLEOFError, ConnectionResetError) as error:  # it may have answered before
            raise BrokenPipeError(errno.EPIPE, str(error)) from error

    def _hold_back(self) -> None:
        """Wait until the peer has everything so far, and a moment more for an answer that comes too soon."""
        self._drain()
        until = time.monotonic() + _MOMENT
        while not self._answered and (left := until - time.monotonic()) > 0:
            self._listen(math.ceil(left * 1000))
        self._too_soon = self._heard[9:10] == b"2"
        if not self._answered and self._queued():
            raise TimeoutError("the peer takes no more")

    @property
    def _answered(self) -> bool:
        return self._ended or (len(self._heard) >= _ENOUGH and self._heard[9:10] != b"1")

    def _hear_out(self) -> None:
        """Wait for the end of a connection whose peer answered too soon: a reset says that it left something unread."""
        until = time.monotonic() + self._patience
        while not self._ended:
            left = until - time.monotonic()
            if left <= 0 or len(self._heard) > _MOST_HEARD:
                raise TimeoutError("the peer answered too soon, and does not hang up")
            self._watch.check()
            self._take(math.ceil(min(left, 1.0) * 1000))

    def reader(self) -> Any:
        """The connection to read the answer from, once the peer has everything or says why it has not."""
        self._drain()
        if self._too_soon:
            self._hear_out()
        return _Heard(self._connection, self._heard) if self._heard else self._connection

    def _drain(self) -> None:
        """Wait until the peer has everything, or answers, or has accepted nothing for too long.

        The kernel takes megabytes at once; on a slow line the time for an answer must not run while they are on their
        way.
        """
        queued, since = -1, time.monotonic()
        while not self._heard and not self._ended and (left := self._queued()):
            if left != queued:
                queued, since = left, time.monotonic()
            if time.monotonic() - since > self._patience:
                return
            self._listen(_TICK_MS)
            self._watch.check()

    def _queued(self) -> int:
        """Bytes that the peer has not acknowledged (SIOCOUTQ of tcp(7))."""
        return int(struct.unpack("i", fcntl.ioctl(self._connection, termios.TIOCOUTQ, bytes(4)))[0])

    def _listen(self, wait_ms: int = 0) -> None:
        """Take what has arrived. On an encrypted connection that may be nothing of the answer."""
        if not self._ended and len(self._heard) < _ENOUGH:
            self._take(wait_ms)

    def _take(self, wait_ms: int) -> None:
        if not self._readable.poll(wait_ms):
            return
        self._connection.settimeout(0)
        try:
            said = self._connection.recv(_MOST_AT_ONCE)
        except _NOTHING_YET:
            return
        finally:
            self._connection.settimeout(self._patience)
        self._ended = not said
        self._heard += said


class _Heard:
    """A socket that gives again what was taken from it before."""

    def __init__(self, connection: socket.socket, heard: bytes) -> None:
        self._connection = connection
        self._heard = heard

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Again(self._heard, self._connection.makefile("rb", buffering=0)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _Again(io.RawIOBase):
    """Some bytes, and then those of another file."""

    def __init__(self, first: bytes, then: Any) -> None:
        self._first = first
        self._then = then

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self._first:
            return self._then.readinto(buffer)  # type: ignore[no-any-return]
        count = min(len(buffer), len(self._first))
        buffer[:count] = self._first[:count]
        self._first = self._first[count:]
        return count

    def close(self) -> None:
        self._then.close()
        super().close()
