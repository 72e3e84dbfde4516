"""The microphone: one open stream with its account of time and its last seconds, and those who listen to it.

It opens when somebody listens and closes when nobody does. All who listen hear the same stretches, each through a ring
of its own, so that none waits for another and the capture waits for none. What one hears until a moment, and another
from that moment on, is together every frame, once.
"""

import threading
from collections.abc import Callable

from appliance.audio.capture import Intake
from appliance.audio.stream import Line, Stream
from appliance.config.audio import CaptureSettings
from appliance.evolving import evolve

LAST_SECONDS = 1.0
"""Seconds kept at hand for whoever wants to hear what has just sounded."""

PATIENCE = 0.5
"""Seconds of sound that a box tells at once: no more than a power cut may cost anyway."""


class Microphone:
    """Hands out lines. Every method may be called from any thread, and returns at once but for `join`."""

    def __init__(self, intake: Intake, last_seconds: float = LAST_SECONDS, patience: float = 0.0) -> None:
        """`last_seconds` of what has just sounded are kept at hand while the microphone is open. Listeners get as much
        as `patience` seconds of sound at once, unless one is in a hurry: each wake costs more than what is done then.
        """
        self._last_seconds = last_seconds
        self._patience = patience
        self._intake = intake
        self._lock = threading.Lock()
        self._stream: Stream | None = None

    def listen(
        self,
        since: float,
        settings: CaptureSettings | None = None,
        backlog: Callable[[float], None] = lambda _: None,
    ) -> "Line":
        """Hear everything from the moment `since` on, as far back as it is at hand.

        By `settings`, or those that are configured. Opens the card where it is not open so, once whoever held it
        otherwise has let go. `backlog` is told how many seconds of sound wait for the listener.
        """
        settings = settings or self._intake.settings
        with self._lock:
            line = self._stream and self._stream.admit(settings, since, backlog)
            if not line:
                if self._stream:
                    self._stream.give_way()
                stream = self._fresh(settings)
                line = stream.begin(since, backlog)
                self._stream = stream
            return line

    def overhear(self, *, opens: bool, hurried: bool = False) -> "Line | None":
        """Hear from now on what the microphone hears, in whatever format, and give way to whoever wants another one.

        Where it is closed it is opened for that, if this `opens`; else None. One who is `hurried` hears each period at
        once. Raises RuntimeError where no thread can be had.
        """
        with self._lock:
            line = self._stream.admit_guest(opens, hurried) if self._stream else None
            if line or not opens:
                return line
            stream = self._fresh(self._intake.settings)
            line = stream.admit_guest(opens, hurried)
            stream.thread.start()
            self._stream = stream
            return line

    def _fresh(self, settings: CaptureSettings) -> "Stream":
        intake, as_configured = evolve(self._intake, settings=settings), settings == self._intake.settings
        return Stream(intake, self._stream, self._last_seconds, self._patience, as_configured)

    def stay_open(self) -> bool:
        """Be open though nobody listens, so that the last seconds are at hand; whether it was not.

        To be called again and again: what ended by an error stays closed until then.
        """
        with self._lock:
            if self._stream and self._stream.hold(self._intake.settings):
                return False
            stream = self._fresh(self._intake.settings)
            stream.hold(self._intake.settings)
            stream.thread.start()
            self._stream = stream
            return True

    def let_close(self) -> None:
        """Close once nobody listens."""
        with self._lock:
            if self._stream:
                self._stream.give_way()

    def join(self, timeout: float) -> bool:
        """Wait until the card is free, which it becomes once nobody listens; whether it is."""
        stream = self._stream
        return stream is None or stream.join(timeout)
