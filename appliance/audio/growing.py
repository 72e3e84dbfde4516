"""A take as others may read it while it is recorded."""

import threading
from collections.abc import Callable
from pathlib import Path

from appliance.audio import wav
from appliance.audio.journal import Begin

_BEYOND = 60.0
"""Seconds that a take may outgrow its longest duration, where its stop was told before a stalled disk got that far."""


class GrowingTake:
    """How much of a take's file is there to stay. The writer tells, any thread may ask and wait.

    Bytes from `head` up to `stable` are safe on the disk and will not change, unless a press is told later than any
    should be: whoever relies on them compares in the end. The first `head` bytes are written anew when the take ends.
    `longest` is the most bytes that the file can get. `changed` is notified when the take is over, when `stable`
    reaches what somebody waits for, and by `wake`.
    """

    def __init__(self, begin: Begin, path: Path, max_seconds: float) -> None:
        self.begin = begin
        self.path = path
        self._frame_bytes = begin.format.frame_bytes
        self.head = wav.HEADER_BYTES
        self.longest = self._end(begin.format.frames(max_seconds + _BEYOND))
        self.stable = 0
        self.over = False
        self.kept = True
        self._lock = threading.RLock()  # entered without the detour that a condition takes
        self.changed = threading.Condition(self._lock)
        self._awaited: int | None = None

    def settle(self, frames: int) -> None:
        """So many frames from the beginning are there to stay."""
        with self._lock:
            self.stable = max(self.stable, self._end(frames))
            if self._awaited is not None and self.stable >= self._awaited:
                self._awaited = None
                self.changed.notify_all()

    def end(self, *, kept: bool) -> None:
        """The take is over; `kept` where it becomes a clip that is delivered, now or at the next start. Once counts."""
        with self.changed:
            if not self.over:
                self.over, self.kept = True, kept
                self.changed.notify_all()

    def wait_for(self, size: int, unless: Callable[[], bool]) -> bool:
        """Wait until the first `size` bytes are stable; False once the take is over, or `unless` holds."""
        with self.changed:
            while not (self.over or unless()):
                if self.stable >= size:
                    return True
                self._awaited = size if self._awaited is None else min(size, self._awaited)
                self.changed.wait()
            return False

    def wake(self) -> None:
        """Let everybody look again who waits."""
        with self.changed:
            self.changed.notify_all()

    def _end(self, frames: int) -> int:
        return self.head + frames * self._frame_bytes


def follow_nothing(_: GrowingTake) -> None:
    """Where nobody wants to read takes before they are clips."""
