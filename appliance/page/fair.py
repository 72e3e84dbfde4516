"""The server: its threads are shared out, and a connection has none until something is said on it."""

import threading
from typing import Any

from appliance.page import sparing
from appliance.page.guard import Proxies, is_loopback, network_of
from appliance.page.shares import AT_ONCE, MOST_LINES, MOST_OF_ALL, Shares

_ON = threading.local()
"""Which connection a thread is for."""


class Headers(sparing.Headers):
    """What is told of a request. WSGI takes `_` in a name for `-`, which proxies do not: such a name is left out."""

    def _allow_header(self, name: bytes) -> bool:
        return b"_" not in name


class Request(sparing.Request):
    """What is asked."""

    header_reader = Headers()


class Line(sparing.Connection):
    """A connection."""

    RequestHandlerClass = Request
    entered = held = False
    """Whether it is counted, and whether the thread that it has is of its address's share."""

    @property
    def whose(self) -> str:
        """The address that it is counted for."""
        return network_of(self.remote_addr or "")

    def communicate(self) -> bool:
        """Answer one request: whether the connection goes on."""
        _ON.line = self
        try:
            adapter = self.server.ssl_adapter
            if adapter is not None and not self.ssl_env and not adapter.greet(self):
                return False
            return bool(super().communicate())  # type: ignore[no-untyped-call]
        finally:
            _ON.line = None
            self.server.left(self)

    def know(self) -> None:
        """Whoever asks has shown a key."""
        self.server.know(self)

    def close(self) -> None:
        """End it."""
        super().close()
        self.server.gone(self)


class Server(sparing.Server):
    """Serves what `Shares` lets it."""

    ConnectionClass = Line

    def __init__(self, *given: Any, proxies: Proxies, **more: Any) -> None:
        """What comes by way of one of the `proxies` is from many: these have no share, and no bound of their own."""
        super().__init__(*given, **more)
        self._proxies = proxies
        self._shares: Shares[Line] = Shares()
        self._lock = threading.Lock()
        self._busy, self._threads = 0, self.requests.min
        self.keep_alive_conn_limit = 1000

    def process_conn(self, line: Line) -> None:
        """Let a connection be answered that has something to say; one that is new waits until it does."""
        if not line.entered:
            here = is_loopback(line.remote_addr or "")
            line.entered = self._shares.enter(line.whose, MOST_OF_ALL if here or self._of_many(line) else MOST_LINES)
            if line.entered:
                self.put_conn(line)
            else:
                line.close()
        elif self._shares.take(line.whose, line, MOST_OF_ALL if self._of_many(line) else AT_ONCE):
            self._answer(line)

    def left(self, line: Line) -> None:
        """A connection needs its thread no more."""
        with self._lock:
            self._busy -= 1
        self.share_out(line)
        with self._lock:
            if not self._busy and self._threads > self.requests.min:  # each costs memory that it has used once
                self.requests.shrink(0)  # it forgets those that have ended, which it takes for some that are to end yet
                self.requests.shrink(len(self.requests._threads) - self.requests.min)
                self._threads = self.requests.min

    def share_out(self, line: Line) -> None:
        """A connection has its thread beside the share of its address."""
        if line.held:
            line.held = False
            for following in self._shares.leave(line.whose):
                self._answer(following)

    def know(self, line: Line) -> None:
        """Somebody at the address of a connection has shown a key."""
        self._shares.know(line.whose)

    def gone(self, line: Line) -> None:
        """A connection has ended."""
        if line.entered:
            line.entered = False
            self._shares.go(line.whose)

    def _of_many(self, line: Line) -> bool:
        return self._proxies.trust(line.remote_addr or "")

    def _answer(self, line: Line) -> None:
        line.held = True
        with self._lock:
            self._busy += 1
            if self._busy > self._threads:
                self.requests.grow(1)
                self._threads += 1
        super().process_conn(line)


def stand_aside() -> None:
    """The connection that this thread answers goes on for long: let others of its address have their turn."""
    if line := getattr(_ON, "line", None):
        line.server.share_out(line)
