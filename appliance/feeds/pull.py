"""One pull of one feed: how its items get into the inbox."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from appliance.audio.decode import check_ends, check_sound, check_whole
from appliance.clock import Clock
from appliance.errors import AudioError, DecoderMissing, Permanent, Transient, WrongKind
from appliance.feeds.safefile import Room, SafeFile, remove
from appliance.foreign import one_line
from appliance.models import Track
from appliance.store import Store
from appliance.store.beside import note_of
from appliance.sums import sha256

BEGUN = ".begun"
"""How the names of files end that broke off and are gone on with; they begin with a dot."""

_LONGEST_KEY, _LONGEST_TITLE = 1000, 200


class Pull:
    """What a feed backend sees of the inbox (`appliance.plugin.FeedJob`), and what it brought.

    `heard` is when the backend showed last that it moves. A `fresh` pull knows nothing of earlier ones: it brings the
    item anew, which replaces the one pulled before.
    """

    _buffer = 1 << 20
    """Bytes that are written at once."""

    def __init__(
        self,
        store: Store,
        feed: str,
        clock: Clock,
        has_room: Room,
        stopping: Callable[[], bool],
        arrived: Callable[[Track], None],
        *,
        fresh: bool = False,
    ) -> None:
        self._store = store
        self._feed = feed
        self._clock = clock
        self._has_room = has_room
        self._arrived = arrived
        self._fresh = fresh
        self._stopping = stopping
        self.heard = clock.monotonic()
        self.tracks: list[Track] = []

    def cancelled(self) -> bool:
        """Whether it is to end."""
        self.heard = self._clock.monotonic()
        return self._stopping()

    def has(self, key: str) -> bool:
        """Whether the item is in the inbox already, or was."""
        return not self._fresh and self._store.inbox.has(self._feed, _kept(key))

    def take_over(self, key: str, version: str) -> str:
        """Keep under `key` what was kept under it with a version behind; which that was, or an empty text."""
        return "" if self._fresh else self._store.inbox.take_over(self._feed, _kept(key), version)

    def note(self, key: str) -> dict[str, object]:
        """What `save_note` kept for this key last, or an empty dict."""
        return {} if self._fresh else self._store.inbox.note(self._feed, _kept(key))

    def save_note(self, key: str, note: dict[str, object]) -> None:
        """Keep a JSON-able note for the next pull."""
        if not self._fresh:
            self._store.inbox.save_note(self._feed, _kept(key), note)

    @contextmanager
    def new_track(
        self, key: str, title: str, suffix: str, *, begun: str = "", bounded: bool = True
    ) -> Iterator[BinaryIO]:
        """Open a file for the item's bytes. The track enters the inbox, synced, when the block ends without error, and
        takes the place of the one of its key, unless that has the same bytes.

        Writing raises Permanent where that would take room that recordings have in reserve. So does the end of the
        block where the bytes are no sound: a message that cannot be played would stand before all others for ever.
        """
        key, title = _kept(key), one_line(title, _LONGEST_TITLE)
        begun_as = self._begun(begun) if begun and not self._fresh else None
        file = SafeFile(self._store.places.inbox / self._new_name(suffix), self._grows, begun_as, self._buffer)

        with (
            self._arriving(file, title),
            file.filled(lambda path, size: whole_sound(path, size, title, bounded=bounded)) as raw,
        ):
            yield raw
            self._arrived_whole(raw)
        if not self._fresh and self._store.inbox.holds(self._feed, key, file.sha256):
            remove(file.path)
            return
        self._enter(key, title, file)

    def _arriving(self, file: SafeFile, title: str) -> AbstractContextManager[None]:
        """While the file comes in."""
        return nullcontext()

    def _arrived_whole(self, file: BinaryIO) -> None:
        """All that was to come is written."""

    def _grows(self, size: int) -> bool:
        self.heard = self._clock.monotonic()
        return self._has_room(size)

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Nobody asks what a feed's server says."""

    def begun(self, name: str) -> int:
        """How many bytes of a track that broke off are there to be gone on with."""
        try:
            return 0 if self._fresh else self._begun(name).stat().st_size
        except OSError:
            return 0

    def _begun(self, name: str) -> Path:
        digest = sha256(f"{self._feed}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()
        return self._store.places.inbox / f".{digest[:32]}{BEGUN}"

    def _enter(self, key: str, title: str, file: SafeFile) -> Track:
        replaced = self._store.inbox.files(self._feed, key)
        try:
            track = self._store.inbox.add(self._feed, key, title, file.path, file.size, file.sha256)
        except BaseException:
            remove(file.path)
            raise
        for old in replaced:
            remove(old)
            remove(note_of(self._store.places, old))
        self.tracks.append(track)
        self._arrived(track)
        return track

    def _new_name(self, suffix: str) -> str:
        """A name of harmless characters that no other file in the inbox has."""
        feed = re.sub(r"[^A-Za-z0-9-]", "-", self._feed)[:40]
        now = datetime.fromtimestamp(self._clock.wall_ns() // 10**9, UTC)
        known = suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ""
        return f"{feed}_{now:%Y-%m-%d_%H-%M-%S}Z_{os.urandom(5).hex()}{known}"


def whole_sound(path: Path, size: int, title: str, *, bounded: bool) -> None:
    """Raise Permanent unless a file is sound that can be played, and Transient where it is empty, or broke off: that is
    looked at where it is not `bounded`, as its sender told no length.
    """
    if size == 0:
        raise Transient(f"{title} is empty")
    try:
        check_sound(path)
        if not bounded and not check_whole(path):
            raise Transient(f"{title} broke off: it does not end as such a file does")
    except DecoderMissing as error:
        raise WrongKind(f"{title}: {error.needed}", needs=error.module) from error
    except AudioError as error:
        raise WrongKind(f"{title} is no sound that can be played: serve WAV, FLAC, Ogg, Opus or MP3") from error
    try:
        check_ends(path)
    except AudioError as error:
        raise Permanent(f"{title} is damaged, or not all there: offer the file anew") from error


def _kept(key: str) -> str:
    """A key as the inbox keeps it: as it is, or told apart from others like it by a digest."""
    shown = one_line(key, _LONGEST_KEY)
    if shown == key:
        return key
    return f"{shown} {sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
