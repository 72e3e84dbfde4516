"""A speaker on libasound itself, as alsaaudio cannot take back what was written and lets nobody wait for two things."""

import errno
import os
import threading
from contextlib import suppress
from ctypes import byref, c_void_p

from appliance.audio import asound
from appliance.audio.asound import Refused
from appliance.audio.devices import lost
from appliance.audio.ports import XRUN, Direction
from appliance.errors import DeviceLost
from appliance.models import AudioFormat

_CERTAIN = ("HW", "IOPLUG")
"""The kinds of PCM that hold what was written in one place, from which it can be taken back."""

_TAIL = 0.02
"""Seconds that sound may need from the ring to the ear, as USB fetches it ahead."""

_LEAST = 0.005
"""Seconds to wait at least before another look at the card."""


class AlsaSpeaker:
    """See `ports.Playback`. `word` is what the configuration calls it. Raises Refused where it is not so to be had."""

    def __init__(
        self, word: str, name: str, format: AudioFormat, period: float, buffer: float, *, behind_server: bool
    ) -> None:
        self.format = format
        self._word = word
        self._stopped = False
        self._using = threading.Lock()
        self._pcm: c_void_p | None = asound.opened(name, asound.PLAYBACK)
        try:
            self.period_frames, self.buffer_frames = asound.set_up(self._pcm, format, period, buffer)
            self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        except (Refused, OSError) as error:
            asound.close(self._pcm)
            raise Refused(error.args[0]) from None
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
        with self._using:
            if self._pcm is not None:
                os.eventfd_write(self._bell, 1)

    def take_back(self, keep: int) -> int:
        surplus = self.held - keep if self.takes_back else 0
        return max(0, asound.rewind(self._pcm, surplus)) if surplus > 0 else 0

    def drain(self) -> None:
        """A card stops at the end of a period, and some play stale sound up to it: so silence follows."""
        if not self.takes_back:
            if missing := -self.held % self.period_frames:
                self.write(bytes(missing * self.format.frame_bytes))
            self._check_alive(asound.drain(self._pcm))
            return
        frames = self.period_frames + self.format.frames(_TAIL)
        if self.write(bytes(frames * self.format.frame_bytes)) == XRUN:
            return
        while not self._stopped and (surplus := self.held - self.period_frames) > 0:
            self._is_roused(max(_LEAST, surplus / self.format.rate))
        if not self._stopped:
            self._check_alive(asound.drop(self._pcm))

    def stop(self) -> None:
        self._stopped = True
        with self._using:
            if self._pcm is not None:
                asound.drop(self._pcm)
                os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        self._stopped = True
        with self._using:
            pcm, self._pcm = self._pcm, None
            if pcm is not None:
                asound.drop(pcm)  # else closing waits until everything has sounded
                asound.close(pcm)
                os.close(self._bell)

    def _is_roused(self, seconds: float) -> bool:
        """Whether somebody rouses it within that time."""
        if asound.poll(byref(self._polled), 1, max(1, round(seconds * 1000))) <= 0:
            return False
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        return True

    def _check_alive(self, result: int) -> None:
        if result < 0 and result not in (XRUN, -errno.EBADFD) and not self._stopped:
            raise self._lost(result)

    def _lost(self, code: int) -> DeviceLost:
        return lost(self._word, Direction.PLAYBACK, -code, os.strerror(-code))
