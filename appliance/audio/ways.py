"""How sound that still comes reaches what decodes it.

What libsndfile can read without a look at its end goes through a pipe (WAV, AIFF, Ogg, MP3), the others (FLAC, CAF) are
read as a file that is longer than what is there, and AAC by `appliance.audio.adts`. See `appliance.audio.live`.
"""

import fcntl
import io
import os
import re
import struct
import termios
import threading
from contextlib import suppress
from typing import Any

from appliance.audio.aac import begin_of_aac
from appliance.audio.adts import AdtsStream, Alone
from appliance.audio.arriving import ENOUGH, Arrival
from appliance.audio.beyond import kind_of, look_for_av
from appliance.audio.mpeg import after_tags, first_frame
from appliance.audio.sndfile import sequential
from appliance.errors import Unplayable

_BLOCK = 4096
_LARGEST_PIPE = 65_536
_PIPED = (b"RIFF", b"FORM", b"OggS")
_WHOLE = (b"fLaC", b"caff", b"riff", b"RF64", b".snd")
_LENGTH = 1 << 40
"""Longer than whatever comes."""

_FIRST_PAGE = re.compile(rb"OggS\x00[\x02\x06]")
"""Of a stream (RFC 3533, 6)."""

_READ_AHEAD = 65_536
"""Bytes that libsndfile may have read beyond the end of a stream, at most."""

_IN_HAND = 16_384
"""Bytes on their way into the pipe, at most, which count as read already."""

_SPARE = 32_768
"""Bytes that are to be there before libsndfile decodes more, where that is compressed."""

_LONGEST_TAG = 4_000_000


class Pipe:
    """The bytes of an arrival through a pipe of the system, which a thread fills."""

    endless = True
    spare = _SPARE

    def __init__(self, arrival: Arrival, begin: int) -> None:
        self._arrival = arrival
        self._begin = self._at = self._handed_over = begin
        self._out, self._in = os.pipe()
        self._thread = threading.Thread(target=self._fill, name="arriving", daemon=True)
        self._thread.start()

    def open(self) -> Any:
        return sequential(self._out)

    def has_more(self) -> bool:
        """Whether something may follow what was read."""
        return not self._arrival.over or self._arrival.size() > self._begin_of_rest()

    def next(self) -> "Pipe":
        """The rest, from where it can be read. Raises Unplayable."""
        rest = self._begin_of_rest()
        self.abandon()
        at = max(self._begin + 1, rest - _READ_AHEAD)
        before = self._arrival.read(at, rest - at + ENOUGH)
        page = _FIRST_PAGE.search(before)
        begin = page.start() if page else _begin(before[rest - at :], rest - at)
        if begin is None:
            raise Unplayable("what follows is no sound")
        return Pipe(self._arrival, at + begin)

    def read_so_far(self) -> int:
        """Bytes from the start that were read; those in hand count as read, as in `ahead`."""
        in_pipe = self._in_pipe() if self._out >= 0 else 0
        return self._handed_over - in_pipe  # looked at last: else what is handed over meanwhile would count as not read

    def ahead(self) -> int:
        """Bytes that have come and were not read yet."""
        return self._arrival.size() - self._handed_over + self._in_pipe()

    def _begin_of_rest(self) -> int:
        return self._at - self._in_pipe()

    def _in_pipe(self) -> int:
        return int(struct.unpack("i", fcntl.ioctl(self._out, termios.FIONREAD, bytes(4)))[0])

    def abandon(self) -> None:
        """Read no further this way."""
        if self._out >= 0:
            os.close(self._out)
            self._out = -1
            self._arrival.came()
            self._thread.join(5)

    def _fill(self) -> None:
        with suppress(OSError), open(self._in, "wb", buffering=0) as pipe:  # noqa: PTH123  a descriptor
            while block := self._arrival.read(self._at, _IN_HAND, lambda: self._out < 0):
                self._handed_over += len(block)
                while block:
                    written = pipe.write(block)
                    self._at += written
                    block = block[written:]
                self._arrival.passed(self._at - _LARGEST_PIPE - _READ_AHEAD)


class LongFile(Alone, io.RawIOBase):
    """The bytes of an arrival as a file that is longer than it will be. While it is opened it ends where they do."""

    endless = False
    spare = _SPARE

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival
        self._at = self._far = 0
        self._opening = True

    def open(self) -> Any:
        file = sequential(io.BufferedReader(self, _BLOCK))
        self._opening = False
        return file

    def ahead(self) -> int:
        return self._arrival.size() - self._far

    def read_so_far(self) -> int:
        """See `Pipe`."""
        return self._far

    def abandon(self) -> None:
        """See `Pipe`."""

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: _LENGTH}[whence]
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._opening and self._at >= self._arrival.size():
            return 0
        block = self._arrival.read(self._at, len(buffer))
        buffer[: len(block)] = block
        self._at += len(block)
        self._far = max(self._far, self._at)
        if not self._opening:
            self._arrival.passed(self._at)
        return len(block)


def way_of(arrival: Arrival, name: str) -> Pipe | LongFile | AdtsStream:
    """How it is read. Raises Unplayable for what begins as no sound does, DecoderMissing where PyAV would be needed."""
    head = arrival.read(0, max(ENOUGH, min(arrival.size(), _LONGEST_TAG)))
    if head.startswith(_WHOLE):
        return LongFile(arrival)
    tags = after_tags(head)
    if not head.startswith(_PIPED) and (at := begin_of_aac(head[tags : tags + ENOUGH])) is not None:
        return AdtsStream(arrival, name, tags + at)
    if kind := kind_of(head):
        look_for_av(name, kind)
    begin = _begin(head, told=not arrival.endless)
    if begin is None:
        raise Unplayable(f"cannot play '{name}': this is no sound that can be played while it comes")
    return Pipe(arrival, begin)


def _begin(head: bytes, skipped: int = 0, *, told: bool = False) -> int | None:
    """Where sound begins that can be read through a pipe, counted from `skipped` bytes before; None where it does not.
    MP3 without the frame that tells its length, unless that is `told` truly.
    """
    if head.startswith(_PIPED):
        return skipped
    page = _FIRST_PAGE.search(head)
    begin = page.start() if page else first_frame(head, told=told)
    return None if begin is None else skipped + begin
