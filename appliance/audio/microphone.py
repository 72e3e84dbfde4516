"""The microphone: one open stream with its account of time and its last seconds, and those who listen to it.

It opens when somebody listens and closes when nobody does. All who listen hear the same stretches, each through a ring
of its own, so that none waits for another and the capture waits for none. What one hears until a moment, and another
from that moment on, is together every frame, once.
"""

import threading
from collections import deque
from collections.abc import Callable
from math import inf

from appliance.audio.capture import CaptureThread
from appliance.audio.placing import Placing
from appliance.audio.ports import SoundCards
from appliance.audio.ring import Ring
from appliance.audio.stretch import Ended, Heard, Lost, Opened, Stretch
from appliance.clock import Clock
from appliance.config.audio import CaptureSettings
from appliance.models import AudioFormat
from appliance.vitals import Vitals

LAST_SECONDS = 1.0
"""Seconds kept at hand for whoever wants to hear what has just sounded."""

PATIENCE = 0.5
"""Seconds of sound that a box tells at once: no more than a power cut may cost anyway."""

IDLE_PATIENCE = 1.0
"""Seconds of sound that are told at once while nobody listens, and somebody may want to hear what has just sounded."""

GUEST_SECONDS = 5.0
"""Seconds of sound that wait for one who listens beside and is slow; what comes then is lost to him alone."""


class Microphone:
    """Hands out lines. Every method may be called from any thread, and returns at once but for `join`."""

    def __init__(
        self,
        cards: SoundCards,
        settings: CaptureSettings,
        reconnect: float,
        clock: Clock,
        vitals: Vitals,
        last_seconds: float = LAST_SECONDS,
        patience: float = 0.0,
    ) -> None:
        """`last_seconds` of what has just sounded are kept at hand while the microphone is open. Listeners get as much
        as `patience` seconds of sound at once, unless one is in a hurry: each wake costs more than what is done then.
        """
        self._last_seconds = last_seconds
        self._patience = patience
        self._cards = cards
        self._settings = settings
        self._reconnect = reconnect
        self._clock = clock
        self._vitals = vitals
        self._lock = threading.Lock()
        self._stream: _Stream | None = None

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
        settings = settings or self._settings
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
            stream = self._fresh(self._settings)
            line = stream.admit_guest(opens, hurried)
            stream.thread.start()
            self._stream = stream
            return line

    def _fresh(self, settings: CaptureSettings) -> "_Stream":
        how = (self._reconnect, self._clock, self._vitals, self._stream, self._last_seconds, self._patience)
        return _Stream(self._cards, settings, *how, settings == self._settings)

    def stay_open(self) -> bool:
        """Be open though nobody listens, so that the last seconds are at hand; whether it was not.

        To be called again and again: what ended by an error stays closed until then.
        """
        with self._lock:
            if self._stream and self._stream.hold(self._settings):
                return False
            stream = self._fresh(self._settings)
            stream.hold(self._settings)
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


class Line:
    """One listener's end: the stream opened, its stretches from the moment asked for, and how it ended.

    One thread hears; the rest may come from any.
    """

    def __init__(
        self,
        stream: "_Stream",
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


class _Stream:
    """One opening of the card, from the first listener to the last."""

    def __init__(
        self,
        cards: SoundCards,
        settings: CaptureSettings,
        reconnect: float,
        clock: Clock,
        vitals: Vitals,
        after: "_Stream | None",
        last_seconds: float,
        patience: float,
        as_configured: bool,
    ) -> None:
        self._last_seconds = last_seconds
        self._patience = patience
        self._as_configured = as_configured
        self._held = self._over = False
        self.format = settings.format
        self._settings = settings
        self._clock = clock
        self._placing = Placing(self._tell)
        before = after.thread if after else None
        how = (settings, reconnect, clock, vitals, before, self._placing.hear)
        self.thread: CaptureThread = CaptureThread(cards, *how)
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
