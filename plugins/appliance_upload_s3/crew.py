"""A few threads that send the parts of one file, and one that watches them."""

import threading
from collections import deque
from collections.abc import Callable

from appliance_upload_s3.source import Stretch

_LOOK_AROUND = 0.2


class Crew:
    """Sends stretches on up to `size` threads, in the order given, at most one waiting.

    The first error of any thread ends all of them: `check` raises it, for whoever reads the file next. A thread that
    waits for a silent server is left behind, and ends with the server's time-out; so cancelling never waits.
    """

    def __init__(self, size: int, send: Callable[[Stretch], None], check_cancelled: Callable[[], None]) -> None:
        self._send = send
        self._check_cancelled = check_cancelled
        self._size = size
        self._changed = threading.Condition()
        self._waiting: deque[Stretch] = deque()
        self._busy = 0
        self._threads = 0
        self._closing = False
        self._error: Exception | None = None

    def check(self) -> None:
        """Raise what ended the attempt, if anything did. Any thread."""
        if self._error is not None:
            raise self._error
        self._check_cancelled()

    def submit(self, stretch: Stretch) -> None:
        """Hand over a stretch; waits while all threads are busy."""
        with self._changed:
            self._wait_while(lambda: bool(self._waiting))
            self._waiting.append(stretch)
            if self._threads < self._size and self._busy == self._threads:
                self._threads += 1
                threading.Thread(target=self._work, name=f"s3-part-{self._threads}", daemon=True).start()
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until everything is sent."""
        with self._changed:
            self._wait_while(lambda: bool(self._waiting) or self._busy > 0)

    def close(self) -> bool:
        """Let the threads go home. Whether none of them reads the file any more."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            return self._busy == 0

    def _wait_while(self, condition: Callable[[], bool]) -> None:
        self.check()
        while condition():
            self._changed.wait(_LOOK_AROUND)
            self.check()

    def _work(self) -> None:
        while (stretch := self._next()) is not None:
            try:
                self._send(stretch)
            except Exception as error:  # raised again where the attempt is watched
                with self._changed:
                    self._error = self._error or error
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _next(self) -> Stretch | None:
        with self._changed:
            while not self._waiting and not self._closing and self._error is None:
                self._changed.wait()
            if self._closing or self._error is not None:
                return None
            self._busy += 1
            self._changed.notify_all()
            return self._waiting.popleft()
