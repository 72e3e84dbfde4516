"""Standard error and output of the daemon: whoever says something hands it over, and never waits for who reads it."""

import fcntl
import logging
import os
import select
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from appliance.foreign import printable
from appliance.redact import redact

CAPACITY = 1 << 18
"""Bytes that wait for a reader; what is said beyond them is lost, and the number of lines is told."""

_BLOCK = 1 << 16
_LONGEST, _LONGEST_LINE = 20_000, 4000
"""Characters of what is said at once, and of a line of it: libraries and plugins say what they like."""


class Lines(logging.Formatter):
    """Writes log records as lines that hold no secret and nothing that a terminal obeys."""

    def format(self, record: logging.LogRecord) -> str:
        lines = redact(super().format(record)[:_LONGEST]).splitlines()
        return "\n".join(printable(line, _LONGEST_LINE) for line in lines)


class Outlet:
    """Stands in for a descriptor until it is closed: a pipe without waiting, and one thread that waits for the reader.

    So the kernel keeps what libraries write to the descriptor by themselves from waiting too. It is a stream for
    `logging`.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.real = _duplicate(descriptor)
        self._source, self._sink = os.pipe()
        with suppress(OSError):  # a user who has many pipes gets small ones
            fcntl.fcntl(self._sink, fcntl.F_SETPIPE_SZ, CAPACITY)
        os.set_blocking(self._sink, False)
        os.dup2(self._sink, descriptor)
        self._lock = threading.Lock()
        self._lost = 0
        self._cut = False
        self._open = True
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Hand over whole lines. Returns at once, from any thread; after `close` nothing is said any more."""
        with self._lock:
            if self._open:
                self._put(text)

    def _put(self, text: str) -> None:
        told = f"{self._lost} lines of the log were lost: nobody read it\n" if self._lost else ""
        before = ("\n" * self._cut + told).encode()
        data = before + text.encode(errors="backslashreplace")
        try:
            taken = os.write(self._sink, data)
        except BlockingIOError:
            self._lost += text.count("\n")
            return
        rest = data[taken:]
        self._cut = bool(rest) and not data[:taken].endswith(b"\n")
        self._lost = rest.count(b"\n") if taken >= len(before) else self._lost + text.count("\n")

    def close(self, timeout: float = 2.0) -> None:
        """Give the descriptor back once everything was read. Where nobody reads for `timeout` seconds, nobody will."""
        with self._lock:
            if self._lost:
                self._put("")
            self._open = False
            os.close(self._sink)
        os.dup2(self.real, self._descriptor)
        self._thread.join(timeout)
        if self._thread.is_alive():
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, self._descriptor)
            os.close(nobody)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        while data := os.read(self._source, _BLOCK):
            with suppress(OSError):  # whoever read has gone
                while data:
                    data = data[self._say(data) :]
        os.close(self._source)

    def _say(self, data: bytes) -> int:
        try:
            return os.write(self.real, data)
        except BlockingIOError:  # some other program made it so
            select.select([], [self.real], [])
            return 0


def _duplicate(descriptor: int) -> int:
    """Another name for `descriptor`; for one that is closed, a place where nothing is read."""
    try:
        return os.dup(descriptor)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
