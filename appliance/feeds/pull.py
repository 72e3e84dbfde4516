"""One pull of one feed: how its items get into the inbox."""

import hashlib
import io
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from appliance.audio.decode import check_sound, check_whole
from appliance.clock import Clock
from appliance.durable import PARTIAL, move
from appliance.errors import AudioError, Permanent, Transient
from appliance.models import Track
from appliance.store import Store

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BLOCK = 1 << 20

BEGUN = ".begun"
"""How the names of files end that broke off and are gone on with; they begin with a dot."""

Room = Callable[[int], bool]
"""Whether so many bytes can be written beside the room that recordings have in reserve. May wait, raises OSError."""

_NO_ROOM = (
    "there is no room for new tracks beside the reserve for recordings, and nothing may be deleted for them. "
    "Delete clips, use a larger card, or set a smaller storage.reserve"
)


class Pull:
    """What a feed backend sees of the inbox (`appliance.plugin.FeedJob`), and what it brought.

    A `fresh` pull knows nothing of earlier ones: it brings the item anew, which replaces the one pulled before.
    """

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
        self.cancelled = stopping
        self.tracks: list[Track] = []

    def has(self, key: str) -> bool:
        """Whether the item is in the inbox already, or was."""
        return not self._fresh and self._store.inbox.has(self._feed, key)

    def note(self, key: str) -> dict[str, object]:
        """What `save_note` kept for this key last, or an empty dict."""
        return {} if self._fresh else self._store.inbox.note(self._feed, key)

    def save_note(self, key: str, note: dict[str, object]) -> None:
        """Keep a JSON-able note for the next pull."""
        if not self._fresh:
            self._store.inbox.save_note(self._feed, key, note)

    @contextmanager
    def new_track(
        self, key: str, title: str, suffix: str, *, begun: str = "", bounded: bool = True
    ) -> Iterator[BinaryIO]:
        """Open a file for the item's bytes. The track enters the inbox, synced, when the block ends without error.

        Writing raises Permanent where that would take room that recordings have in reserve. So does the end of the
        block where the bytes are no sound: a message that cannot be played would stand before all others for ever.
        """
        path = self._store.places.inbox / self._new_name(suffix)
        partial = self._begun(begun) if begun and not self._fresh else path.with_name(f".{path.name}{PARTIAL}")
        with _disk_errors():
            file = io.BufferedRandom(_Considerate(partial, self._has_room), _BLOCK)
        keep = False
        try:
            try:
                yield file
                with _disk_errors():
                    _sync(file)
            except Permanent:
                raise
            except BaseException:
                with suppress(OSError, Permanent):
                    _sync(file)
                    keep = bool(begun) and not self._fresh
                raise
            finally:
                with suppress(OSError):
                    file.raw.close()  # closing `file` would write once more what the disk has refused, and say so
            with _disk_errors():
                size, sha256 = _measure(partial)
            if size == 0:
                raise Transient(f"{title} is empty")
            try:
                check_sound(partial)
                if not bounded and not check_whole(partial):
                    raise Transient(f"{title} broke off: it does not end as such a file does")
            except AudioError as error:
                raise Permanent(f"{title} is no sound that can be played: serve WAV, FLAC, Ogg, Opus or MP3") from error
            with _disk_errors():
                move(partial, path)
        finally:
            if not keep:
                _remove(partial)
        self._enter(key, title, path, size, sha256)

    def begun(self, name: str) -> int:
        """How many bytes of a track that broke off are there to be gone on with."""
        try:
            return 0 if self._fresh else self._begun(name).stat().st_size
        except OSError:
            return 0

    def _begun(self, name: str) -> Path:
        digest = hashlib.sha256(f"{self._feed}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()
        return self._store.places.inbox / f".{digest[:32]}{BEGUN}"

    def _enter(self, key: str, title: str, path: Path, size: int, sha256: str) -> None:
        replaced = [track.path for track in self._store.inbox.tracks(self._feed) if track.key == key]
        try:
            track = self._store.inbox.add(self._feed, key, title, path, size, sha256)
        except BaseException:
            _remove(path)
            raise
        for old in replaced:
            _remove(old)
        self.tracks.append(track)
        self._arrived(track)

    def _new_name(self, suffix: str) -> str:
        """A name of harmless characters that no other file in the inbox has."""
        feed = re.sub(r"[^A-Za-z0-9-]", "-", self._feed)[:40]
        now = datetime.fromtimestamp(self._clock.wall_ns() // 10**9, UTC)
        known = suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ""
        return f"{feed}_{now:%Y-%m-%d_%H-%M-%S}Z_{secrets.token_hex(5)}{known}"


class _Considerate(io.FileIO):
    """A file, new or begun before, that grows only where there is room for it."""

    def __init__(self, path: Path, has_room: Room) -> None:
        super().__init__(path, "r+b" if path.exists() else "x+b")
        self._has_room = has_room
        self._refused = False

    def write(self, data: "ReadableBuffer") -> int:
        self._refused = self._refused or not self._has_room(memoryview(data).nbytes)
        if self._refused:
            raise Permanent(_NO_ROOM)
        return super().write(data)


def _sync(file: io.BufferedRandom) -> None:
    file.flush()
    os.fsync(file.fileno())


def _remove(path: Path) -> None:
    """Remove a file that is of no use any more. One that the disk keeps is put away at the next start."""
    with suppress(OSError):
        path.unlink()


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Transient(f"the inbox cannot be written: {error.strerror}") from error


def _measure(path: Path) -> tuple[int, str]:
    """Size and SHA-256: the backend may have sought in the file, so it is read again."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
