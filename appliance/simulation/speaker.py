"""The speaker of the simulated sound cards in `appliance.simulation.cards`."""

import time

from appliance.audio.ports import XRUN, Direction
from appliance.clock import Clock
from appliance.models import AudioFormat
from appliance.simulation.streams import Stream


class FakePlayback(Stream):
    """The speaker."""

    direction = Direction.PLAYBACK

    def __init__(
        self,
        clock: Clock | None,
        format: AudioFormat,
        period_frames: int,
        buffer_frames: int,
        *,
        remember: bool,
        takes_back: bool,
    ) -> None:
        super().__init__(clock, format, period_frames, buffer_frames)
        self.takes_back = takes_back
        self._remember = remember
        self._underrun = False
        self._written = bytearray()
        self._sounded = 0
        self._taken = 0
        self._began: float | None = None
        self._roused = False
        self._lets_sound = False

    @property
    def written(self) -> bytes:
        """Everything taken so far, and not taken back."""
        return bytes(self._written)

    @property
    def sounded(self) -> bytes:
        """What of it has been heard; everything where no clock sets the pace."""
        with self._changed:
            return bytes(self._written[: (self._sounded + self._heard()) * self.format.frame_bytes])

    def underrun(self) -> None:
        """Let the next write return XRUN."""
        with self._changed:
            self._underrun = True

    def write(self, data: bytes) -> int:
        frames, rest = divmod(len(data), self.format.frame_bytes)
        assert not rest, "only whole frames can be written"
        with self._call():
            wanted = min(frames, self.period_frames)
            while not self._stopped:
                self._check_plugged()
                if self._underrun or self._elapsed() > self._taken:
                    self._underrun = False
                    self._begin_anew(self._taken)
                    return XRUN
                room = self.buffer_frames - self._taken + self._heard()
                if room >= wanted:
                    return self._take(data, wanted)
                self._wait(wanted - room - 0.25)
            return 0

    @property
    def held(self) -> int:
        with self._call():
            self._check_plugged()
            return self._taken - self._heard()

    def let_sound(self, left: int) -> int:
        with self._call():
            self._lets_sound = True
            while not self._stopped and not self._roused and (surplus := self._taken - self._heard() - left) > 0:
                self._check_plugged()
                self._wait(surplus - 0.25)
            self._lets_sound = False
            self._check_plugged()
            self._roused = False
            return self._taken - self._heard()

    def rouse(self) -> None:
        """A clock that is turned by hand must not go on before whoever waits has noticed."""
        with self._changed:
            self._roused = True
            self._changed.notify_all()
        limit = time.monotonic() + 1
        while self._lets_sound and time.monotonic() < limit:
            time.sleep(0.0005)

    def take_back(self, keep: int) -> int:
        with self._call():
            surplus = max(0, self._taken - self._heard() - keep) if self.takes_back else 0
            self._taken -= surplus
            if surplus and self._remember:
                del self._written[-surplus * self.format.frame_bytes :]
            return surplus

    def drain(self) -> None:
        with self._call():
            while not self._stopped and self._heard() < self._taken:
                self._check_plugged()
                self._wait(self._taken - self._heard() - 0.25)
            self._begin_anew(self._heard())

    def stop(self) -> None:
        super().stop()
        with self._changed:
            self._begin_anew(self._heard())

    def _take(self, data: bytes, frames: int) -> int:
        if self._began is None and self._clock:
            self._began = self._clock.monotonic()
        self._taken += frames
        if self._remember:
            self._written += data[: frames * self.format.frame_bytes]
        return frames

    def _begin_anew(self, sounded: int) -> None:
        self._sounded += sounded
        self._taken = 0
        self._began = None

    def _elapsed(self) -> int:
        """Frames that the speaker has had time for since it began."""
        if self._clock is None or self._began is None:
            return 0
        return round((self._clock.monotonic() - self._began) * self.format.rate)

    def _heard(self) -> int:
        return min(self._elapsed(), self._taken) if self._clock else self._taken
