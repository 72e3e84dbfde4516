"""Sends what an answer is made of. The server would copy all of it four times; pieces go straight to the socket.

An application leaves them in the environment (PEP 3333), and answers with headers, among them the length of it all.
"""

import errno
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from bottle import HTTPResponse

from appliance.page import sparing
from appliance.page.keys import Role
from appliance.page.pieces import Piece, Shorter, Stretch

PIECES = "appliance.pieces"
"""Where they are in the environment: an iterator that can be closed."""

_OF_LINE = {errno.EBADF, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENOBUFS}
"""Of errors that have no class of their own, those of a connection."""


class Gateway(sparing.Gateway):
    """Between the server and the application: answers one request."""

    def get_environ(self) -> Any:
        """The environment of the application (PEP 3333)."""
        env = super().get_environ()  # type: ignore[no-untyped-call]
        env["wsgi.input"] = _Body(self.req)
        return env

    def respond(self) -> None:
        """Send headers and body. Raises OSError where it breaks off: whoever asked sees that it is not whole."""
        if self.req.chunked_read or not self.req.inheaders.get(b"Content-Length", b"0").isdigit():
            self.req.close_connection = True  # nobody knows where the next request begins
        try:
            super().respond()
            visitor = self.env.get("visitor")
            if visitor is not None and visitor.role is not Role.GUEST:
                self.req.conn.know()
            if (pieces := self.env.pop(PIECES, None)) is not None:
                self._send(pieces)
        except OSError as error:
            if _is_of_line(error):
                raise
            self.req.server.error_log(f"a download was broken off: {_told(error)}")
            raise BrokenPipeError(errno.EPIPE, "the answer has no end") from error  # the server hangs up on it

    def _send(self, pieces: Generator[Piece, None, None]) -> None:
        with closing(pieces):
            if self.req.method != b"HEAD":
                _send(self.req.conn.socket, pieces)


class _Body:
    """What is sent with a request. Whoever does not go on is told so, and hung up on."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def read(self, count: int) -> bytes:
        """So many bytes at most."""
        try:
            return bytes(self._request.rfile.read(count))
        except OSError as error:
            self._request.close_connection = True
            raise HTTPResponse(status=408) from error


def _is_of_line(error: OSError) -> bool:
    """Whether the connection failed, and not a file that is sent."""
    of_tls = type(error).__module__ == "ssl"
    return of_tls or isinstance(error, ConnectionError | TimeoutError) or error.errno in _OF_LINE


def _told(error: OSError) -> str:
    if not error.filename:
        return str(error)
    return f"{Path(error.filename).name} cannot be read: {error.strerror}"


def _send(socket: Any, pieces: Iterator[Piece]) -> None:
    """Send them all; `socket` may be one of TLS. Raises OSError."""
    for piece in pieces:
        if not isinstance(piece, Stretch):
            socket.sendall(piece)
        elif piece.count:
            piece.file.seek(piece.first)  # one of TLS reads where the file stands, if that is to be its first byte
            if socket.sendfile(piece.file, piece.first, piece.count) < piece.count:
                raise Shorter(piece.file)
