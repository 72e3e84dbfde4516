"""A microphone on libasound itself, as alsaaudio reads one period at a time, and to wake costs more than to read."""

import errno
from contextlib import suppress
from ctypes import Array, byref, c_char, c_ushort, create_string_buffer, string_at

from appliance.audio import asound
from appliance.audio.asound import OpenPcm, Refused
from appliance.audio.devices import NOUNS
from appliance.audio.ports import XRUN, Direction
from appliance.errors import DeviceLost
from appliance.models import AudioFormat

_DEAD = 10.0
"""Seconds without sound after which the card is given up, as the kernel does it where it waits itself."""

_MOST_EMPTY = 100
"""Times in a row that it may wake us and have nothing more."""


class AlsaReader(OpenPcm):
    """See `ports.Capture`. `word` is what the configuration calls it. Raises Refused where it is not so to be had."""

    def __init__(
        self, word: str, name: str, format: AudioFormat, period: float, buffer: float, *, behind_server: bool
    ) -> None:
        super().__init__(Direction.CAPTURE, word, name, format, period, buffer)
        self.behind_server = behind_server
        self._hastened = False
        self._most = 1 if behind_server else max(1, self.buffer_frames // 2 // self.period_frames)
        self._wakes_at = self.period_frames
        self._count = asound.descriptors_count(self._pcm)
        self._polled = (asound.PollFd * (self._count + 1))()
        asound.descriptors(self._pcm, self._polled, self._count)
        self._polled[self._count] = asound.PollFd(self._bell, asound.POLLIN)
        self._content: Array[c_char] = create_string_buffer(0)

    def read(self, frames: int = 0) -> tuple[int, bytes]:
        wanted = min(max(1, frames // self.period_frames), self._most) * self.period_frames
        empty = before = 0
        while not self._stopped and empty < _MOST_EMPTY:
            there = self._there()
            if there == XRUN:
                return self._overrun()
            if there > before:
                empty, before = 0, there
            if self._hastened:
                self._hastened = False
                wanted = min(wanted, self._whole(there) + self.period_frames)
            if there >= wanted:
                taken = self._taken(wanted)
                if taken[0]:
                    return taken
                empty += 1
            elif not self._is_rung(wanted):
                empty += 1
                if self._has_event():
                    wanted = max(self.period_frames, min(wanted, self._whole(self._there())))
        if self._stopped:
            return 0, b""
        noun = NOUNS[Direction.CAPTURE]
        raise DeviceLost(f"{noun} '{self._word}' hands over nothing, again and again. Unplug it and plug it in again")

    def _whole(self, frames: int) -> int:
        return frames - frames % self.period_frames

    def _there(self) -> int:
        """Frames that wait in the ring, whose stream runs; XRUN after an overrun. Raises DeviceLost."""
        state = asound.state(self._pcm)
        if state == asound.SETUP:
            asound.prepare(self._pcm)
        if state in (asound.SETUP, asound.PREPARED):
            self._check(asound.start(self._pcm))
        there: int = asound.avail(self._pcm)
        if state == asound.DISCONNECTED:
            self._check(-errno.ENODEV)
        if there != XRUN:
            self._check(there)
        return there

    def _taken(self, frames: int) -> tuple[int, bytes]:
        size = frames * self.format.frame_bytes
        if len(self._content) < size:
            self._content = create_string_buffer(size)
        taken: int = asound.read(self._pcm, self._content, frames)
        if self._stopped:  # what it returns may begin anew behind an uncounted gap
            return 0, b""
        if taken == XRUN:
            return self._overrun()
        self._check(taken)
        return taken, string_at(self._content, taken * self.format.frame_bytes)

    def _overrun(self) -> tuple[int, bytes]:
        asound.drop(self._pcm)  # the next read prepares it
        return (0, b"") if self._stopped else (XRUN, b"")

    def _is_rung(self, wanted: int) -> bool:
        """Wait for so many frames, or until somebody is in a hurry; whether it was that. Raises DeviceLost."""
        assert self._pcm is not None
        if wanted != self._wakes_at:
            with suppress(Refused):  # then it wakes as often as it likes
                asound.wake_at(self._pcm, wanted)
            self._wakes_at = wanted
        if not asound.poll(self._polled, self._count + 1, round(_DEAD * 1000)):
            raise self._lost()
        if not self._polled[self._count].revents:
            return False
        self._quiet_bell()
        return True

    def _has_event(self) -> bool:
        """Whether it woke us for sound, and not to let us look on as its timer goes."""
        told = c_ushort()
        asound.revents(self._pcm, self._polled, self._count, byref(told))
        return bool(told.value)

    def hasten(self) -> None:
        self._hastened = True
        self._ring()
