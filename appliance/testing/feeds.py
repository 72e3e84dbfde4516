"""What every feed backend has to keep, as checks that its authors run in their own tests.

    def test_my_feed():
        check_feed_backend(lambda: MyBackend(options), brings=3)

`MemoryInbox` is an inbox in memory, for tests of what pulls.
"""

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from attrs import define, evolve, field

from appliance.errors import Cancelled, Permanent, Transient
from appliance.plugin.feed import FeedBackend, ProbedFeedBackend
from appliance.values import frozen

_MOST_WORDS = 300


@frozen
class Arrived:
    """One track that came."""

    key: str
    title: str
    suffix: str
    content: bytes


@define
class MemoryInbox:
    """Keeps the contract of `FeedJob`, but takes any bytes for sound.

    `stopping` makes it cancelled, and `refuses` lets the block of the next track end with that error, once.
    """

    tracks: list[Arrived] = field(factory=list)
    stopping: bool = False
    refuses: Exception | None = None
    _notes: dict[str, str] = field(factory=dict)
    _begun: dict[str, bytes] = field(factory=dict)

    def has(self, key: str) -> bool:
        """See `FeedJob`."""
        return key in {track.key for track in self.tracks}

    def take_over(self, key: str, version: str) -> str:
        """See `FeedJob`."""
        former = [
            track
            for track in self.tracks
            if track.key.startswith(f"{key} ") and re.fullmatch(version, track.key[len(key) + 1 :])
        ]
        if not former or self.has(key):
            return ""
        self.tracks = [evolve(track, key=key) if track is former[-1] else track for track in self.tracks]
        return former[-1].key[len(key) + 1 :]

    def note(self, key: str) -> dict[str, object]:
        """See `FeedJob`."""
        note: dict[str, object] = json.loads(self._notes.get(key, "{}"))
        return note

    def save_note(self, key: str, note: dict[str, object]) -> None:
        """See `FeedJob`. Raises TypeError where the note is not JSON-able."""
        self._notes[key] = json.dumps(note)

    @contextlib.contextmanager
    def new_track(
        self, key: str, title: str, suffix: str, *, begun: str = "", bounded: bool = True
    ) -> Iterator[BinaryIO]:
        """See `FeedJob`."""
        file = io.BytesIO(self._begun.pop(begun, b""))
        try:
            yield file
            if refusal := self.refuses:
                self.refuses = None
                raise refusal
        except Permanent:
            raise
        except BaseException:
            if begun:
                self._begun[begun] = file.getvalue()
            raise
        arrived = Arrived(key, title, suffix, file.getvalue())
        if all((track.key, track.content) != (key, arrived.content) for track in self.tracks):
            self.tracks = [track for track in self.tracks if track.key != key] + [arrived]

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """See `FeedJob`."""

    def begun(self, name: str) -> int:
        """See `FeedJob`."""
        return len(self._begun.get(name, b""))

    def cancelled(self) -> bool:
        """See `FeedJob`."""
        return self.stopping


def check_feed_backend(make_backend: Callable[[], FeedBackend], brings: int) -> None:
    """Run every check against a feed that works and `brings` so many tracks; AssertionError at the first broken rule.

    The rules: every item comes, whole and under a title; a second pull, by another backend, brings none of them again;
    an inbox that refuses an item is heard of, and gets the item by the next pull; nothing comes once the appliance
    stops; a probe says something in a line and takes nothing.
    """
    for check in (_brings_all, _brings_again_what_was_refused, _stops, _probes):
        try:
            check(make_backend, brings)
        except Exception as error:  # whatever the backend let out, the author wants to know in which check
            raise AssertionError(f"{check.__name__.strip('_')}: {type(error).__name__}: {error}") from error


def _pull(make_backend: Callable[[], FeedBackend], inbox: MemoryInbox) -> None:
    backend = make_backend()
    try:
        backend.pull(inbox)
    finally:
        backend.close()


def _brings_all(make_backend: Callable[[], FeedBackend], brings: int) -> None:
    inbox = MemoryInbox()
    for _ in range(2):
        _pull(make_backend, inbox)
        assert len(inbox.tracks) == brings, f"{len(inbox.tracks)} tracks came, not {brings}"
    assert all(track.content and track.title for track in inbox.tracks), "a track is empty, or without a title"


def _brings_again_what_was_refused(make_backend: Callable[[], FeedBackend], brings: int) -> None:
    inbox = MemoryInbox(refuses=Transient("the inbox takes no more"))
    try:
        _pull(make_backend, inbox)
    except Transient:
        pass
    else:
        raise AssertionError("nothing was said of an item that the inbox refused")
    _pull(make_backend, inbox)
    assert len(inbox.tracks) == brings, f"{len(inbox.tracks)} tracks came after a refusal, not {brings}"


def _stops(make_backend: Callable[[], FeedBackend], brings: int) -> None:
    inbox = MemoryInbox(stopping=True)
    with contextlib.suppress(Cancelled):
        _pull(make_backend, inbox)
    assert not inbox.tracks, "a track came though the appliance stops"


def _probes(make_backend: Callable[[], FeedBackend], brings: int) -> None:
    backend = make_backend()
    if isinstance(backend, ProbedFeedBackend):
        said = backend.probe()
        assert said and "\n" not in said and len(said) < _MOST_WORDS, f"the probe says {said!r}"
    backend.close()
