"""Signals, heard on a thread of their own.

Python handles them on the main thread, but the kernel may hand them to any, and nothing wakes the main one then: a
daemon that waits for its inbox would be deaf until something else happens.
"""

import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)


class Signals:
    """Calls what somebody wants to happen at a signal. For the main thread, in a `with` block."""

    def __init__(self) -> None:
        self._calls: dict[int, Callable[[], None]] = {}
        self._source, self._sink = socket.socketpair()
        self._sink.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)

    def __enter__(self) -> Self:
        self._before = signal.set_wakeup_fd(self._sink.fileno(), warn_on_full_buffer=False)
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        signal.set_wakeup_fd(self._before)
        self._sink.close()
        self._thread.join()
        self._source.close()

    def on(self, number: signal.Signals, call: Callable[[], None]) -> None:
        """From now on `call` is called at this signal. It returns soon."""
        self._calls[number] = call
        signal.signal(number, lambda *_: None)  # so that Python takes it, and writes its number to the wakeup fd

    def _run(self) -> None:
        while numbers := self._source.recv(64):
            for number in numbers:
                if number in self._calls:
                    try:
                        self._calls[number]()
                    except Exception:  # else it would be the last signal that is heard
                        log.exception("defect at the signal %s", signal.Signals(number).name)
