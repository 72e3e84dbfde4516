"""Answers whose head arrived whole: one that was cut off in it says nothing for sure."""

import http.client
from typing import Any

_MOST_LINES = 1000
"""More than any head has, provisional answers (1xx) before it included: some peers never end those."""

_ICY, _HTTP = b"ICY ", b"HTTP/1.0 "
"""How SHOUTcast begins an answer, and what it means."""


class WholeHead(http.client.HTTPResponse):
    """As http.client's, which takes the end of the connection for the end of the head: `HTTP/1.1 200 OK` and silence
    would be an answer like any other. Here it is an IncompleteRead.
    """

    def begin(self) -> None:
        """Read the head."""
        lines = _Lines(self.fp)
        self.fp = lines  # type: ignore[assignment]
        super().begin()
        if self.fp is lines:  # type: ignore[comparison-overlap]
            self.fp = lines.file
        if lines.ended:
            raise http.client.IncompleteRead(b"")


class _Lines:
    """A file of lines that knows whether it was read beyond its end."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.ended = False
        self._left = _MOST_LINES
        self._first = True

    def readline(self, limit: int = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise http.client.HTTPException(f"more than {_MOST_LINES} lines before the answer")
        line: bytes = self.file.readline(limit)
        self.ended = not line
        first, self._first = self._first, False
        return _HTTP + line.removeprefix(_ICY) if first and line.startswith(_ICY) else line

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)
