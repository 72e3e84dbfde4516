"""A microphone on libasound itself, as alsaaudio reads one period at a time, and to wake costs more than to read."""

import errno
from contextlib import suppress
from ctypes import POINTER, Array, c_char, c_ushort, cast, create_string_buffer, pointer

from appliance.audio import asound
from appliance.audio.asound import OpenPcm, Refused
from appliance.audio.devices import NOUNS
from appliance.audio.ports import XRUN, Direction
from appliance.errors import DeviceLost
from appliance.models import AudioFormat

_DEAD = 10_000
"""Milliseconds without sound after which the card is given up, as the kernel does it where it waits itself."""

_MOST_EMPTY = 100
"""Times in a row that it may wake us and have nothing more."""


class AlsaReader(OpenPcm):
    """See `ports.Capture`. `word` is what the configuration calls it. Raises Refused where it is not so to be had."""

    def __init__(
        self, word: str, name: str, format: AudioFormat, period: float, buffer: float, *, behind_server: bool
    ) -> None:
        super().__init__(Direction.CAPTURE, word, name, format, period, buffer)
        self.behind_server = behind_server
        self._hastened = self._runs = False
        self._left = 0
        self._most = 1 if behind_server else max(1, self.buffer_frames // 2 // self.period_frames)
        self._wakes_at = self.period_frames
        self._count = asound.descriptors_count(self._pcm)
        polled = (asound.PollFd * (self._count + 1))()
        asound.descriptors(self._pcm, polled, self._count)
        self._rung = polled[self._count]
        self._rung.fd, self._rung.events = self._bell, asound.POLLIN
        self._polled, self._told = cast(polled, POINTER(asound.PollFd)), pointer(c_ushort())  # cheap to hand over
        self._frame_bytes = format.frame_bytes
        self._content: Array[c_char] = create_string_buffer(0)

    def read(self, frames: int = 0) -> tuple[int, bytes]:
        wanted = min(max(1, frames // self.period_frames), self._most) * self.period_frames
        if not (self._runs or self._stopped):
            self._run()
        there, empty, before = self._left, 0, 0
        while not self._stopped and empty < _MOST_EMPTY:
            if self._hastened:
                self._hastened = False
                there = self._there()
                wanted = min(wanted, self._whole(there) + self.period_frames)
            if there == XRUN:
                return self._overrun()
            if there > before:
                empty, before = 0, there
            if there >= wanted:
                taken = self._taken(wanted)
                if taken[0]:
                    self._left = there - taken[0]
                    return taken
                empty += 1
                there = self._there()
            elif self._is_rung(wanted):
                there = self._there()
            else:
                empty += 1
                has_event = self._has_event()
                there = self._there()
                if has_event and there < wanted:
                    self._check_presence()
                    wanted = max(self.period_frames, self._whole(there))
        if self._stopped:
            return 0, b""
        noun = NOUNS[Direction.CAPTURE]
        raise DeviceLost(f"{noun} '{self._word}' hands over nothing, again and again. Unplug it and plug it in again")

    def _whole(self, frames: int) -> int:
        return frames - frames % self.period_frames

    def _run(self) -> None:
        """Let the stream run, which does so until an overrun. Raises DeviceLost."""
        self._left = 0
        state = asound.state(self._pcm)
        if state == asound.SETUP:
            asound.prepare(self._pcm)
        if state in (asound.SETUP, asound.PREPARED):
            self._check(asound.start(self._pcm))
        self._runs = True

    def _there(self) -> int:
        """Frames that wait in the ring; XRUN after an overrun. Raises DeviceLost."""
        there: int = asound.avail(self._pcm)
        if there != XRUN:
            self._check(there)
        return there

    def _check_presence(self) -> None:
        if asound.state(self._pcm) == asound.DISCONNECTED:
            self._check(-errno.ENODEV)

    def _taken(self, frames: int) -> tuple[int, bytes]:
        size = frames * self._frame_bytes
        if len(self._content) < size:
            self._content = create_string_buffer(size)
        taken: int = asound.read(self._pcm, self._content, frames)
        if self._stopped:  # what it returns may begin anew behind an uncounted gap
            return 0, b""
        if taken == XRUN:
            return self._overrun()
        self._check(taken)
        return taken, memoryview(self._content)[: taken * self._frame_bytes].tobytes()

    def _overrun(self) -> tuple[int, bytes]:
        asound.drop(self._pcm)
        self._runs = False
        return (0, b"") if self._stopped else (XRUN, b"")

    def _is_rung(self, wanted: int) -> bool:
        """Wait for so many frames, or until somebody is in a hurry; whether it was that. Raises DeviceLost."""
        assert self._pcm is not None
        if wanted != self._wakes_at:
            with suppress(Refused):  # then it wakes as often as it likes
                asound.wake_at(self._pcm, wanted)
            self._wakes_at = wanted
        if not asound.poll(self._polled, self._count + 1, _DEAD):
            raise self._lost()
        if not self._rung.revents:
            return False
        self._quiet_bell()
        return True

    def _has_event(self) -> bool:
        """Whether it woke us for sound, and not to let us look on as its timer goes."""
        asound.revents(self._pcm, self._polled, self._count, self._told)
        return bool(self._told[0])

    def hasten(self) -> None:
        self._hastened = True
        self._ring()
