"""What people name to be heard: words, URLs, clips, files, folders."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from appliance import events
from appliance.errors import NotFound, UsageError
from appliance.events import Command
from appliance.feeds.feeds import Feeds
from appliance.listed import PlaylistItem
from appliance.store import Store

_WORDS: dict[str, type[Command]] = {
    "recording": events.PlayRecording,
    "next": events.PlayNext,
    "latest": events.PlayLatest,
}
"""What may be named instead of a file."""

_SOUNDS = {".wav", ".aif", ".aiff", ".caf", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac"}
"""Files of a folder that are put on the playlist, by the ends of their names."""


class Sources:
    """Finds what is named. Raises NotFound."""

    def __init__(self, store: Store, feeds: Feeds) -> None:
        self._store = store
        self._feeds = feeds

    def command(self, source: str, start_at: float = 0.0, loop: bool = False) -> Command:
        """What plays it. Raises UsageError where it can be neither begun in its middle nor looped."""
        if source not in _WORDS:
            item = self._item(source)
            return events.Play(item.path, item.title, item.track_id, None, start_at, loop)
        if start_at or loop:
            raise UsageError(f"play: {source} begins at its start and sounds once; name a file, a clip or a URL")
        return _WORDS[source]()

    def items(self, sources: list[str]) -> tuple[PlaylistItem, ...]:
        """Tracks for the playlist: of a folder all sound files in the order of their names, numbers by their value."""
        return tuple(item for source in sources for item in self._items(source))

    def _items(self, source: str) -> Iterator[PlaylistItem]:
        if not os.path.isdir(source) or not Path(source).is_absolute():  # noqa: PTH112  as below
            yield self._item(source)
            return
        found = [path for path in Path(source).rglob("*") if path.suffix.lower() in _SOUNDS and path.is_file()]
        if not found:
            raise NotFound(f"there is no sound file in the folder {source}")
        for path in sorted(found, key=_in_order):
            yield PlaylistItem(path, _title(path))

    def _item(self, source: str) -> PlaylistItem:
        if source.startswith(("http://", "https://")):
            track = self._feeds.fetch(source)
            return PlaylistItem(track.path, track.title, track.id)
        if Path(source).is_absolute():
            if not os.path.isfile(source):  # noqa: PTH113  `Path.is_file` raises where a name is too long
                raise NotFound(
                    f"the appliance sees no file {source}. Check its name, or put it into /srv: "
                    "/home and /tmp are hidden from the service"
                )
            return PlaylistItem(Path(source), _title(Path(source)))
        clip = self._store.clips.find(source)
        return PlaylistItem(self._store.clips.path(clip), clip.name)


def _title(path: Path) -> str:
    return os.fsencode(path.name).decode(errors="replace")


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Chapter 2 before chapter 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", str(path).casefold())
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts]
