"""One opening of the microphone's card, and the lines on which those who listen hear it."""

import threading
from collections import deque
from collections.abc import Callable
from math import inf

from appliance.audio.capture import CaptureThread, Intake
from appliance.audio.placing import Placing
from appliance.audio.ring import Ring
from appliance.audio.stretch import Ended, Heard, Lost, Opened, Stretch
from appliance.config.audio import CaptureSettings
from appliance.models import AudioFormat

IDLE_PATIENCE = 1.0
"""Seconds of sound that are told at once while nobody listens, and somebody may want to hear what has just sounded."""

GUEST_SECONDS = 5.0
"""Seconds of sound that wait for one who listens beside and is slow; what comes then is lost to him alone."""


class Line:
    """One listener's end: the stream opened, its stretches from the moment asked for, and how it ended.

    One thread hears; the rest may come from any.
    """

    def __init__(
        self,
        stream: "Stream",
        since: float,
        ring: Ring,
        *,
        keeps: bool = True,
        yields: bool = False,
        hurried: bool = False,
    ) -> None:
        """`keeps` says that the card stays open for it, `yields` that it ends for one who wants another format, and
        `hurried` that each period is told at once.
        """
        self._stream = stream
        self.keeps = keeps
        self.yields = yields
        self.hurried = hurried
        self._since: float | None = since
        self._ring = ring
        self.begins = inf
        """The moment from which on it hears what was at hand; infinite where nothing was."""

    @property
    def format(self) -> AudioFormat:
        """What the sound is made of."""
        return self._stream.format

    @property
    def drift_ppm(self) -> float | None:
        """How much faster than CLOCK_MONOTONIC the card runs, where that can be told."""
        return self._stream.drift_ppm

    @property
    def odd_rate(self) -> float | None:
        """Frames a second that the card delivers, where that is not the rate that it says."""
        return self._stream.odd_rate

    def hear(self, timeout: float | None) -> Heard | None:
        """Wait for what comes next; None after `timeout` seconds, or once `wake` was called. The last is `Ended`."""
        return self._ring.get(timeout)

    def wake(self) -> None:
        """Let `hear` return now."""
        self._ring.wake()

    def hasten(self) -> None:
        """Let what sounds now be heard as soon as its period is over. Returns at once."""
        self._stream.thread.hasten()

    def leave(self) -> None:
        """Listen no more. Again does no harm."""
        self._stream.leave(self)

    def end(self, at: float) -> None:
        """Listen no more, and hear nothing beyond what waits in the ring, whatever the card does."""
        self.leave()
        self._ring.put(Ended(at, None))

    def tell(self, item: Heard) -> None:
        """Hand over what comes next."""
        if self._since is not None and isinstance(item, Stretch):
            format = self._stream.format
            there = item.until(self._since, format.rate)
            if there == item.frames:
                return
            self._since = None
            item = item.part(there, item.frames, format) if there else item
        self._ring.put(item)


class Stream:
    """One opening of the card, from the first listener to the last. Every method may be called from any thread."""

    def __init__(
        self, intake: Intake, after: "Stream | None", last_seconds: float, patience: float, as_configured: bool
    ) -> None:
        self._last_seconds = last_seconds
        self._patience = patience
        self._as_configured = as_configured
        self._held = self._over = False
        self.format = intake.settings.format
        self._settings = intake.settings
        self._clock = intake.clock
        self._placing = Placing(self._tell)
        self.thread: CaptureThread = CaptureThread(intake, after.thread if after else None, self._placing.hear)
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._opened: Opened | None = None
        self._lost: Lost | None = None
        self._last: deque[Stretch] = deque()

    @property
    def drift_ppm(self) -> float | None:
        return self._placing.drift_ppm

    @property
    def odd_rate(self) -> float | None:
        return self._placing.odd_rate

    def begin(self, since: float, backlog: Callable[[float], None]) -> Line:
        """Open the card for its first listener."""
        line = self._add(since, backlog)
        self.thread.start()
        return line

    def admit(self, settings: CaptureSettings, since: float, backlog: Callable[[float], None]) -> Line | None:
        """Let one more listen; None where the stream is over or another one."""
        with self._lock:
            return None if self._over or settings != self._settings else self._add(since, backlog)

    def _add(self, since: float, backlog: Callable[[float], None]) -> Line:
        line = Line(self, since, Ring(self.format, self._clock, backlog))
        if self._last:
            line.begins = max(since, self._last[0].end - self._last[0].frames / self.format.rate)
        for item in (self._opened, *self._last, self._lost):
            if item:
                line.tell(item)
        self._lines.append(line)
        self._heed_patience()
        self.thread.hasten()
        return line

    def _heed_patience(self) -> None:
        """All who listen can wait for sound as long as the most hurried one."""
        patience = 0.0 if any(line.hurried for line in self._lines) else self._patience
        self.thread.patience = patience if self._lines or not patience else IDLE_PATIENCE

    def admit_guest(self, keeps: bool, hurried: bool) -> Line | None:
        """Let one listen from now on who gives way; None where the stream is over."""
        with self._lock:
            if self._over:
                return None
            now, ring = self._clock.monotonic(), Ring(self.format, self._clock, seconds=GUEST_SECONDS)
            line = Line(self, now, ring, keeps=keeps, yields=True, hurried=hurried)
            self._lines.append(line)
            self._heed_patience()
            return line

    def give_way(self) -> None:
        """Be over as soon as nobody listens who must not be disturbed."""
        with self._lock:
            self._held = False
            guests = [line for line in self._lines if line.yields]
        for guest in guests:
            guest.end(self._clock.monotonic())
        self._close_unless_needed()

    def leave(self, line: Line) -> None:
        """One listens no more. Guests do not keep a format that only he wanted."""
        with self._lock:
            self._lines = [other for other in self._lines if other is not line]
            self._heed_patience()
            left = not (self._as_configured or line.yields) and all(other.yields for other in self._lines)
        (self.give_way if left else self._close_unless_needed)()

    def hold(self, settings: CaptureSettings) -> bool:
        """Stay open without listeners, where it is open so; False where it is over."""
        with self._lock:
            self._held = not self._over and settings == self._settings
            self._heed_patience()
            return not self._over

    def _close_unless_needed(self) -> None:
        with self._lock:
            if self._held or any(line.keeps for line in self._lines):
                return
            self._over = True
            self._last.clear()
        self.thread.stop()

    def join(self, timeout: float) -> bool:
        return self.thread.join(timeout)

    def _tell(self, item: Heard) -> None:
        """On the thread that captures."""
        with self._lock:
            match item:
                case Stretch() if not self._over:
                    self._last.append(item)
                    while self._last[0].end < item.end - self._last_seconds:
                        self._last.popleft()
                case Opened():
                    self._opened, self._lost, self.format = item, None, item.format
                case Lost():
                    self._lost = item
                case Ended():
                    self._over = True
                    self._last.clear()
            for line in self._lines:
                line.tell(item)
