"""A line to the world that carries only so many bytes a second, however many connections share it."""

import socket
import threading
import time

_BLOCK = 16 * 1024

_SLACK = 0.1
"""Seconds that a sender may be late without losing any of the line, as its own buffers would give it."""


class Link:
    """Passes connections on to a port of this machine; what goes up is held to `rate` bytes per second in all."""

    def __init__(self, port: int, rate: float) -> None:
        self.rate = rate
        self._target = port
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BLOCK)  # a line holds little
        threading.Thread(target=self._accept, name="link", daemon=True).start()

    @property
    def port(self) -> int:
        """Where to connect."""
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            for source, sink, limited in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(source, sink, limited), name="link", daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, limited: bool) -> None:
        try:
            while block := source.recv(_BLOCK):
                if limited:
                    self._wait(len(block))
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            sink.close()

    def _wait(self, count: int) -> None:
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - _SLACK) + count / self.rate
            until = self._free_at
        time.sleep(max(0.0, until - now))
