"""The one thread that touches the catalogue."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from appliance.errors import StorageError, Stuck
from appliance.vitals import Pulse, Vitals

T = TypeVar("T")

LIMIT = 60.0
"""Seconds that one piece of work may take before the thread counts as hanging: cards stall for many seconds."""


class StoreThread:
    """Runs pieces of work in the order in which they came, one at a time."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        self._pulse: Pulse | None = None
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._lock = threading.Lock()
        self._open = False

    def start(self) -> None:
        """Begin to work."""
        self._pulse = self._vitals.pulse("store", LIMIT)
        self._open = True
        self._thread.start()

    def beat(self) -> None:
        """Say from inside a long piece of work that it goes on."""
        if self._pulse is not None:
            self._pulse.beat()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the thread, after everything submitted before; from any thread."""
        future: Future[T] = Future()
        with self._lock:
            if self._open:
                self._jobs.put((work, future))
                return future
        future.set_exception(StorageError("the store is closed: the appliance is not running, or is stopping"))
        return future

    def call(self, work: Callable[[], T]) -> T:
        """Run `work` on the thread and wait for it; directly where we are on it already."""
        if threading.current_thread() is self._thread:
            return work()
        return self.submit(work).result()

    def close(self, timeout: float) -> None:
        """Finish what was submitted and end. Raises Stuck where that takes more than `timeout` seconds."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            self._jobs.put(None)
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise Stuck(f"the store did not stop within {timeout:g} s: the disk hangs. Look at `dmesg`")
        if self._pulse is not None:
            self._vitals.remove(self._pulse)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self.beat()
            _perform(*job)
            del job
            if self._pulse is not None:
                self._pulse.rest()


def _perform(work: Callable[[], T], future: "Future[T]") -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # whoever waits for the future gets it, whatever it is
        future.set_exception(error)
    else:
        future.set_result(result)
