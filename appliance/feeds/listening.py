"""A pull by the word of a person who waits to hear it: it plays while it still comes, and ends once nobody listens."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from appliance.audio.arriving import ENOUGH, Arrival, Arrivals, GrowingFile, Stream
from appliance.audio.live import can_begin
from appliance.errors import DecoderMissing, Permanent, WrongKind
from appliance.feeds.pull import Pull
from appliance.feeds.safefile import SafeFile
from appliance.foreign import one_line, words
from appliance.models import Track
from appliance.plugin.feed import Sink

Begins = Callable[[Path, str], None]
"""Told once, where something can be played now: under which path and title."""

_LONGEST_WAIT = 64 * ENOUGH
"""Bytes after which a file is no longer tried: what does not begin with so much needs its end."""

_LONGEST_TITLE = 200

_UNHEARD = 30.0
"""Seconds after which it ends where nobody plays what has begun."""


class _Heard:
    """What comes, and is tried whether it can be heard already."""

    def __init__(self, stream: Stream, try_it: Callable[[], bool]) -> None:
        self._stream = stream
        self._try = try_it
        self._began = False

    def write(self, block: bytes) -> int:
        """Bring the next bytes."""
        if not self._began and self._stream.is_full:
            raise WrongKind("this is a live stream of a kind that cannot be played: use one in MP3, Ogg, Opus or AAC")
        count = self._stream.write(block)
        self._began = self._began or self._try()
        return count


class ListeningPull(Pull):
    """Keeps the contract of `appliance.plugin.ListeningFeedJob`. The first thing that comes can sound at once."""

    _buffer = 16_384

    def __init__(self, *arguments: Any, arrivals: Arrivals, begins: Begins, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._arrivals = arrivals
        self._begins = begins
        self._arrival: Arrival | None = None
        self._path = Path()
        self._title = ""
        self._due = ENOUGH
        """How many bytes are to be there when it is tried next."""
        self.began = False
        self._began_at = 0.0

    def cancelled(self) -> bool:
        """Whether it is to end: also where whoever listened to what comes no longer does."""
        over, arrival = super().cancelled(), self._arrival
        if arrival is None or arrival.over:
            return over
        unheard = self.began and not arrival.taken and self._clock.monotonic() - self._began_at > _UNHEARD
        if over or unheard:
            arrival.leave()
        return over or arrival.left

    @contextmanager
    def new_stream(self, title: str) -> Iterator[Sink]:
        """What never ends and is heard as it comes; nothing of it is kept. Writing waits for whoever listens.

        It raises Cancelled once nobody does, WrongKind where it is no sound that can be played.
        """
        stream, title = Stream(), one_line(title, _LONGEST_TITLE)
        self._come(stream, self._store.places.inbox / f".stream-{os.urandom(8).hex()}", title)
        try:
            yield _Heard(stream, self._try)
        except BaseException as error:
            stream.end(words(error))
            if not self.began:
                self._arrival = None
            raise
        stream.end()

    @contextmanager
    def _arriving(self, file: SafeFile, title: str) -> Iterator[None]:
        if self.began:
            yield
            return
        self._opened = file, title
        try:
            yield
        except BaseException as error:
            if self._arrival:
                self._arrival.end(words(error))
            self._arrival = None
            raise
        if self._arrival:
            self._arrival.final = file.path
        if not self.began:
            self._arrival = None

    def _arrived_whole(self, file: BinaryIO) -> None:
        file.flush()
        if self._arrival:
            self._arrival.end()

    def _grows(self, size: int) -> bool:
        grows = super()._grows(size)
        if not self.began and self._arrival is None:
            file, title = self._opened
            self._come(GrowingFile(file.partial), file.path, title)
        if self._arrival:
            self._arrival.came()
        self._try()
        return grows

    def _come(self, arrival: Arrival, path: Path, title: str) -> None:
        arrival.title = title
        self._arrival, self._path, self._title, self._due = arrival, path, title, ENOUGH

    def _try(self) -> bool:
        """Let it sound as soon as it can; whether it does."""
        arrival = self._arrival
        if self.began or arrival is None or not self._due <= arrival.size() <= _LONGEST_WAIT:
            return self.began
        self._due *= 2
        try:
            can = can_begin(arrival, self._title)
        except DecoderMissing as error:
            raise Permanent(str(error)) from error
        if can:
            self.began, self._began_at = True, self._clock.monotonic()
            self._arrivals.put(self._path, arrival)
            self._begins(self._path, self._title)
        return self.began

    def _enter(self, key: str, title: str, file: SafeFile) -> Track:
        track = super()._enter(key, title, file)
        if self.began and file.path == self._path:
            self._store.inbox.mark_played(track.id)
        return track
