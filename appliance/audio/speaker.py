"""A speaker on libasound itself, as alsaaudio cannot take back what was written and lets nobody wait for two things."""

import errno
from ctypes import byref

from appliance.audio import asound
from appliance.audio.asound import OpenPcm
from appliance.audio.ports import XRUN, Direction
from appliance.models import AudioFormat

_CERTAIN = ("HW", "IOPLUG")
"""The kinds of PCM that hold what was written in one place, from which it can be taken back."""

_TAIL = 0.02
"""Seconds that sound may need from the ring to the ear, as USB fetches it ahead."""

_HARMLESS = (XRUN, -errno.EBADFD)
"""What says at the end that it has ended already."""

_LEAST = 0.005
"""Seconds to wait at least before another look at the card."""


class AlsaSpeaker(OpenPcm):
    """See `ports.Playback`. `word` is what the configuration calls it. Raises Refused where it is not so to be had."""

    def __init__(
        self, word: str, name: str, format: AudioFormat, period: float, buffer: float, *, behind_server: bool
    ) -> None:
        super().__init__(Direction.PLAYBACK, word, name, format, period, buffer)
        kind = asound.kind_name(asound.kind(self._pcm)).decode()
        self.takes_back = kind in _CERTAIN and not behind_server
        self._polled = asound.PollFd(self._bell, asound.POLLIN)

    def write(self, data: bytes) -> int:
        frames = len(data) // self.format.frame_bytes
        while not self._stopped:
            if asound.state(self._pcm) == asound.SETUP:
                asound.prepare(self._pcm)
            taken: int = asound.write(self._pcm, data, frames)
            if self._stopped:
                break
            if taken == XRUN:
                asound.prepare(self._pcm)
                return XRUN
            if taken < 0:
                raise self._lost(taken)
            if taken:
                return taken
        return 0

    @property
    def held(self) -> int:
        if self._stopped:
            return 0
        room: int = asound.avail(self._pcm)
        if asound.state(self._pcm) == asound.DISCONNECTED:
            raise self._lost(-errno.ENODEV)
        if room < 0 and room != XRUN and not self._stopped:
            raise self._lost(room)
        return 0 if room < 0 else max(0, self.buffer_frames - room)

    def let_sound(self, left: int) -> int:
        while (held := self.held) > left:
            if self._is_roused(max(_LEAST, (held - left) / self.format.rate)):
                return held
        return held

    def rouse(self) -> None:
        self._ring()

    def take_back(self, keep: int) -> int:
        surplus = self.held - keep if self.takes_back else 0
        return max(0, asound.rewind(self._pcm, surplus)) if surplus > 0 else 0

    def drain(self) -> None:
        """A card stops at the end of a period, and some play stale sound up to it: so silence follows."""
        if not self.takes_back:
            if missing := -self.held % self.period_frames:
                self.write(bytes(missing * self.format.frame_bytes))
            self._check(asound.drain(self._pcm), *_HARMLESS)
            return
        frames = self.period_frames + self.format.frames(_TAIL)
        if self.write(bytes(frames * self.format.frame_bytes)) == XRUN:
            return
        while not self._stopped and (surplus := self.held - self.period_frames) > 0:
            self._is_roused(max(_LEAST, surplus / self.format.rate))
        if not self._stopped:
            self._check(asound.drop(self._pcm), *_HARMLESS)

    def _is_roused(self, seconds: float) -> bool:
        """Whether somebody rouses it within that time."""
        if asound.poll(byref(self._polled), 1, max(1, round(seconds * 1000))) <= 0:
            return False
        self._quiet_bell()
        return True
