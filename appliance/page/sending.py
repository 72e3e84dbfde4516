"""Sends what an answer is made of. The server would copy all of it four times; pieces go straight to the socket.

An application leaves them in the environment (PEP 3333), and answers with headers, among them the length of it all.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from appliance.page import sparing
from appliance.page.pieces import Piece, Shorter, Stretch

PIECES = "appliance.pieces"
"""Where they are in the environment: an iterator that can be closed."""


class Gateway(sparing.Gateway):
    """Between the server and the application: answers one request."""

    def respond(self) -> None:
        """Send headers and body."""
        super().respond()
        pieces = self.env.pop(PIECES, None)
        if pieces is None:
            return
        with closing(pieces):
            if self.req.method != b"HEAD":
                self._send(pieces)

    def _send(self, pieces: Iterator[Piece]) -> None:
        try:
            _send(self.req.conn.socket, pieces)
        except Shorter as error:
            self.req.server.error_log(f"a download was broken off: {error}")
            self.req.close_connection = True  # whoever downloads sees that it is not whole


def _send(socket: Any, pieces: Iterator[Piece]) -> None:
    """Send them all; `socket` may be one of TLS. Raises OSError."""
    for piece in pieces:
        if not isinstance(piece, Stretch):
            socket.sendall(piece)
        elif piece.count:
            piece.file.seek(piece.first)  # one of TLS reads where the file stands, if that is to be its first byte
            if socket.sendfile(piece.file, piece.first, piece.count) < piece.count:
                raise Shorter(piece.file)
