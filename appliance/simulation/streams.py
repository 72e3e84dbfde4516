"""The streams of the simulated sound cards in `appliance.simulation.cards`."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.audio.ports import XRUN, Direction
from appliance.clock import Clock
from appliance.errors import DeviceLost
from appliance.models import AudioFormat
from appliance.simulation.sound import Sound


class Hearing:
    """What the one microphone hears over all of its openings: by the clock, or as it is read where there is none.

    After `length` frames it hears nothing more.
    """

    def __init__(self, clock: Clock | None, sound: Sound, length: int | None, drift_ppm: float) -> None:
        self.clock = clock
        self.sound = sound
        self.position = 0
        self._length = length
        self._speed = 1 + drift_ppm / 1e6
        self._since: float | None = None

    def open(self, format: AudioFormat) -> None:
        """Begin to listen, now."""
        if self.clock:
            if self._since is None:
                self._since = self.clock.monotonic()
            self.position = self._heard(self.clock, format)

    def ready(self, wanted: int, format: AudioFormat) -> int:
        """Frames heard beyond `position`; where no clock tells, those wanted as long as there are any."""
        if self.clock:
            return self._heard(self.clock, format) - self.position
        return wanted if self._length is None else min(wanted, self._length - self.position)

    def _heard(self, clock: Clock, format: AudioFormat) -> int:
        frames = round((clock.monotonic() - (self._since or 0)) * format.rate * self._speed)
        return frames if self._length is None else min(frames, self._length)


class Stream:
    """What both directions share: the pace, the switches that tests turn, and who may call what when."""

    direction: Direction

    def __init__(self, clock: Clock | None, format: AudioFormat, period_frames: int, buffer_frames: int) -> None:
        self.format = format
        self.period_frames = period_frames
        self.buffer_frames = buffer_frames
        self.closed = False
        self._clock = clock
        self._changed = threading.Condition()
        self._stopped = False
        self._unplugged = False
        self._inside = False
        self._waiting = False

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def close(self) -> None:
        assert not self._inside, "close while another thread is inside the card crashes the process with a real card"
        self.closed = True

    def unplug(self) -> None:
        """Pull the card: every call from now on raises DeviceLost. Usually called through `FakeCards.unplug`."""
        with self._changed:
            self._unplugged = True
            self._changed.notify_all()

    @contextmanager
    def _call(self) -> Iterator[None]:
        assert not self.closed, "a call after close aborts the process with a real card"
        assert not self._inside, "two threads are inside the card"
        with self._changed:
            self._inside = True
            try:
                yield
            finally:
                self._inside = False

    def _wait(self, frames: float | None) -> None:
        """Wait for news, or until the card has moved by `frames`."""
        self._waiting = True
        if self._clock is None or frames is None:
            self._changed.wait()
        else:
            self._clock.wait(self._changed, frames / self.format.rate)
        self._waiting = False

    def _check_plugged(self) -> None:
        if self._unplugged:
            raise DeviceLost("the simulated sound card was unplugged. Plug it in again")


class FakeCapture(Stream):
    """The microphone."""

    direction = Direction.CAPTURE

    def __init__(
        self,
        hearing: Hearing,
        format: AudioFormat,
        period_frames: int,
        buffer_frames: int,
        *,
        behind_server: bool = False,
    ) -> None:
        super().__init__(hearing.clock, format, period_frames, buffer_frames)
        self.behind_server = behind_server
        self._hearing = hearing
        self._lose = 0
        self._swallow = 0
        self._stalled = False
        hearing.open(format)

    def overrun(self, frames: int) -> None:
        """Lose the next `frames` frames: `read` returns XRUN once they have gone by, and the sound goes on."""
        with self._changed:
            self._lose += frames
            self._changed.notify_all()

    def swallow(self, frames: int) -> None:
        """Lose the next `frames` frames as a sound server does: without a word."""
        with self._changed:
            self._swallow += frames
            self._changed.notify_all()

    def stall(self) -> None:
        """Let every read block, as a driver does that hangs, until `go_on` or `stop`. The ring fills meanwhile."""
        with self._changed:
            self._stalled = True

    def go_on(self) -> None:
        """End the stall."""
        with self._changed:
            self._stalled = False
            self._changed.notify_all()

    def wait_until_read(self, timeout: float = 5.0) -> None:
        """Wait in real time until everything heard so far has been read. Raises TimeoutError."""
        limit = time.monotonic() + timeout
        while True:
            with self._changed:
                if self._waiting and not self._lose and self._ready() < self.period_frames + self._swallow:
                    return
                self._changed.notify_all()
            if time.monotonic() > limit:
                raise TimeoutError("the microphone is not read to the end")
            time.sleep(0.001)

    def hasten(self) -> None:
        """It hands over each period at once anyway."""

    def read(self, frames: int = 0) -> tuple[int, bytes]:
        with self._call():
            while not self._stopped:
                self._check_plugged()
                ready = self._ready()
                wanted = self._lose or self.period_frames + self._swallow
                if self._stalled:
                    self._wait(None)
                elif ready < wanted:
                    self._wait(wanted - ready - 0.25)
                elif self._lose or ready > self.buffer_frames:
                    self._hearing.position += self._lose or ready
                    self._lose = 0
                    return XRUN, b""
                else:
                    first = self._hearing.position + self._swallow
                    self._swallow = 0
                    self._hearing.position = first + self.period_frames
                    return self.period_frames, self._hearing.sound(first, self.period_frames, self.format)
            return 0, b""

    def _ready(self) -> int:
        return self._hearing.ready(self._lose or self.period_frames + self._swallow, self.format)
