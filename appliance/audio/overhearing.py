"""Live frames for whoever listens beside the recorder: the sound of the microphone, in blocks of the size he wants."""

import threading
from collections.abc import Callable, Generator, Iterator

from appliance.audio.stream import Line
from appliance.audio.stretch import Ended, Opened, Stretch
from appliance.clock import Clock, wait_for
from appliance.models import AudioFormat, GapCause
from appliance.plugin.service import FrameBlock

LOOK_EVERY = 0.5
"""Seconds between two looks whether the microphone is open."""

FAILED_PAUSE = 5.0
"""Seconds after which a microphone that could not be used is tried again."""

FILLED = 10.0
"""Seconds of what the card lost that are silence at most; whatever is longer is passed over."""

_OVER = 60.0
"""Seconds without loss after which a listener is no longer called slow."""


class Overhearing:
    """One thread iterates over the blocks until `close`, which may come from any.

    He who is slow loses blocks, which are counted, and harms nobody.
    """

    def __init__(
        self,
        open_line: Callable[[], Line | None],
        frames: int,
        clock: Clock,
        dropped: Callable[[int], None],
        over: Callable[[], None] = lambda: None,
    ) -> None:
        """`open_line` begins to listen, where that can be; `dropped` is told of frames that are lost to him, `over` of
        the end.
        """
        self.failed = False
        """Whether the microphone was lost, where the last block says that it is the last."""
        self._over = over
        self._open_line = open_line
        self._frames = frames
        self._clock = clock
        self._tell_dropped = dropped
        self._changed = threading.Condition()
        self._closed = False
        self._line: Line | None = None
        self._dropped = 0
        self._dropped_at: float | None = None

    def __iter__(self) -> Generator[FrameBlock, None, None]:
        try:
            while not self._closed:
                pause, line = LOOK_EVERY, self._open_line()
                if line is not None:
                    with self._changed:
                        self._line = line
                    try:
                        pause = yield from self._blocks(line)
                    finally:
                        line.leave()
                with self._changed:
                    wait_for(self._clock, self._changed, lambda: self._closed, pause)
        finally:
            self._over()

    def close(self) -> None:
        """No more of them. Returns at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            line = self._line
        if line:
            line.wake()

    def _blocks(self, line: Line) -> Generator[FrameBlock, None, float]:
        """Those of one opening of the microphone; in how many seconds to look for the next one."""
        pieces, pause = _Pieces(self._frames), LOOK_EVERY
        while not self._closed:
            item = line.hear(None)
            if isinstance(item, Opened):
                pieces.format = item.format
            elif isinstance(item, Ended):
                self.failed = item.error is not None
                pause = FAILED_PAUSE if self.failed else LOOK_EVERY
                break
            elif isinstance(item, Stretch):
                pieces.format = pieces.format or line.format
                self._note(pieces.add(item))
                yield from pieces.take()
        if pieces.format:
            yield pieces.rest()
        return pause

    def _note(self, lost: int) -> None:
        now = self._clock.monotonic()
        if lost:
            self._dropped += lost
            self._dropped_at = now
            self._tell_dropped(self._dropped)
        elif self._dropped_at is not None and now - self._dropped_at > _OVER:
            self._dropped_at = None
            self._tell_dropped(0)


class _Pieces:
    """Puts stretches together to blocks."""

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self.format: AudioFormat | None = None
        self._content = bytearray()
        self._offset = 0
        self._end = 0.0
        self._dropped = 0

    def add(self, stretch: Stretch) -> int:
        """Take the next stretch in; how many frames were lost to a listener who is too slow."""
        assert self.format
        self._end = stretch.end
        if stretch.data is not None:
            self._content += stretch.data
            return 0
        slow = stretch.cause is GapCause.STORAGE
        if not slow and stretch.frames <= FILLED * self.format.rate:
            self._content += bytes(stretch.frames * self.format.frame_bytes)
            return 0
        passed = stretch.frames + len(self._content) // self.format.frame_bytes
        self._content.clear()
        self._offset += passed
        self._dropped += passed if slow else 0
        return passed if slow else 0

    def take(self) -> Iterator[FrameBlock]:
        """The blocks that are full."""
        assert self.format
        size = self._frames * self.format.frame_bytes
        while len(self._content) >= size:
            yield self._block(size, is_last=False)

    def rest(self) -> FrameBlock:
        """What is left, as the last block."""
        return self._block(len(self._content), is_last=True)

    def _block(self, size: int, *, is_last: bool) -> FrameBlock:
        assert self.format
        frames, held = size // self.format.frame_bytes, len(self._content) // self.format.frame_bytes
        at = self._end - held / self.format.rate
        block = FrameBlock(bytes(self._content[:size]), self._offset, at, self.format, is_last, self._dropped)
        del self._content[:size]
        self._offset += frames
        self._dropped = 0
        return block
