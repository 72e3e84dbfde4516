"""Connections for requests that are watched, and patient as long as bytes move at all."""

import errno
import fcntl
import select
import socket
import ssl
import struct
import termios
import time
from typing import Any

from attrs import frozen
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from appliance_http.watch import Watch

_MOST_AT_ONCE = 128 * 1024
_TICK_MS = 20


def watched_adapter(watch: Watch, patience: float) -> HTTPAdapter:
    """An adapter whose connections `watch` can end, and which give up once no byte has moved for `patience` seconds.

    By itself urllib3 gives a block the time that it gave connecting, and `sendall` counts it for the whole block.
    """
    line = _Line(watch, patience)

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            line.attend(self.sock)

        def send(self, data: Any) -> None:
            if self.sock is None:
                super().send(data)
            else:
                line.send(self.sock, data)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
            line.drain(self.sock, select.POLLIN)
            return super().getresponse()

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            line.attend(self.sock)

        def send(self, data: Any) -> None:
            if self.sock is None:
                super().send(data)
            else:
                line.send(self.sock, data)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
            line.drain(self.sock, 0)
            return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    pools = {"http": PlainPool, "https": SecurePool}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter()


@frozen
class _Line:
    """What a connection does differently here."""

    watch: Watch
    patience: float

    def attend(self, connection: socket.socket) -> None:
        connection.settimeout(self.patience)
        self.watch.attach(connection)

    def send(self, connection: socket.socket, data: Any) -> None:
        """Send all of it. Raises BrokenPipeError where the peer has closed, so that urllib3 reads why."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[connection.send(rest[:_MOST_AT_ONCE]) :]
        except ssl.SSLEOFError as error:
            raise BrokenPipeError(errno.EPIPE, str(error)) from error

    def drain(self, connection: socket.socket, answer: int) -> None:
        """Wait until the peer has everything, or has accepted nothing for too long, or `answer` (poll events) is there.

        The kernel takes megabytes at once; on a slow line the time for an answer must not run while they are on their
        way. On an encrypted connection something to read need not be an answer, so it is not looked for.
        """
        queued, since = -1, time.monotonic()
        poll = select.poll()
        poll.register(connection, answer)
        while left := struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]:
            if left != queued:
                queued, since = left, time.monotonic()
            if poll.poll(_TICK_MS) or time.monotonic() - since > self.patience:
                return
            self.watch.check()
