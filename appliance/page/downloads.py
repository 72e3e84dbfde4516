"""Many clips as one download: what lies in it, as what, and how it is made."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.durable import make_directory
from appliance.errors import Refused, UsageError
from appliance.page import answers, words
from appliance.page.archive import Archive, Entry, streamed
from appliance.page.encoder import ALBUM, RECIPES, Encoder
from appliance.page.pieces import read
from appliance.page.sums import SUMS, Sums
from appliance.recipes import ORIGINAL

if TYPE_CHECKING:
    from appliance.renditions.album import Track

Plain = dict[str, Any]

_PREFIX = "download-"

FORMATS = {ORIGINAL.name: "as recorded", "flac": "as FLAC", "mp3": "as MP3", ALBUM: "as one album, with chapters"}
"""What clips may be downloaded as, in words."""


MOST_CHAPTERS = 255
"""As many as a table of contents of ID3 has."""

MOST_BYTES_A_SECOND = 40_000
"""Of MP3, however hard the sound is to encode."""


class Downloads:
    """Archives of clips. Where they are encoded, one download is made at a time: the box has other things to do."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where checksums are kept, and where an encoded clip may lie while it is sent."""
        self._folder = folder
        self._sums = Sums(folder / SUMS)
        for left in folder.glob(f"{_PREFIX}*"):
            from shutil import rmtree

            rmtree(left, ignore_errors=True)
        self._encoding = threading.Lock()

    def as_recorded(self, found: Sequence[Plain]) -> Archive:
        """Clips as they are: of a known size, and from any byte on. Raises OSError where one is missing."""
        entries = [Entry.of(Path(each["path"]), words.began(each["clip"])) for each in found]
        return Archive([*entries, *_about(found, [entry.name for entry in entries])], self._sums)

    def encoded(self, found: Sequence[Plain], format: str) -> Iterator[bytes]:
        """Clips as something else, each made when its turn comes; what cannot be encoded is sent as it is.

        Raises UsageError, and Refused where another one is being made.
        """
        if format not in RECIPES:
            raise UsageError(f"{format!r} is nothing that clips can be downloaded as: {', '.join(FORMATS)}")
        self._check_free()
        return self._made(found, format)

    def album(self, found: Sequence[Plain], title: str, free: int) -> Iterator[bytes]:
        """Clips as one MP3, the oldest first: the chapters at once, the sound when all of it is made.

        Raises UsageError where they are too many, and Refused where another download is being made, or where it could
        need more than half of the `free` bytes: what is recorded meanwhile has the other.
        """
        from appliance.renditions.album import Track

        if len(found) > MOST_CHAPTERS:
            raise UsageError(f"these are {len(found)} clips: an album has up to {MOST_CHAPTERS}. Choose some of them")
        self._check_free()
        seconds = sum(each["clip"]["frames"] / each["clip"]["format"]["rate"] for each in found)
        if seconds * MOST_BYTES_A_SECOND > free / 2:
            raise Refused("the box has no room to make this album. Choose fewer clips, or take them as recorded")
        oldest_first = sorted(found, key=lambda each: words.began(each["clip"]))
        tracks = [
            Track(each["path"], each["clip"]["frames"], each["clip"]["format"]["rate"], _chapter(each))
            for each in oldest_first
        ]
        return self._album(tracks, title)

    def _album(self, tracks: "Sequence[Track]", title: str) -> Iterator[bytes]:
        from appliance.metadata.tags import album_tag
        from appliance.renditions.album import chapters

        with self._encoding, ExitStack() as undo:
            yield album_tag(title, chapters(tracks))
            folder = Path(undo.enter_context(self._room()))
            encoder, target = undo.enter_context(Encoder()), folder / "album.mp3"
            if not encoder.album(tracks, target):
                raise OSError("the album cannot be made")
            with target.open("rb") as file:
                while block := file.read(1 << 16):
                    yield block

    def _room(self) -> AbstractContextManager[str]:
        """A folder for what is being made, which goes with it."""
        from tempfile import TemporaryDirectory

        make_directory(self._folder, mode=0o700)
        return TemporaryDirectory(prefix=_PREFIX, dir=self._folder)

    def _check_free(self) -> None:
        if self._encoding.locked():
            raise Refused("clips are being encoded for another download. Wait for its end, or take them as recorded")

    def _made(self, found: Sequence[Plain], format: str) -> Iterator[bytes]:
        with self._encoding, ExitStack() as undo:
            folder = Path(undo.enter_context(self._room()))
            encoder = undo.enter_context(Encoder())
            yield from read(streamed(_encoded(found, format, folder, encoder)))


def _encoded(found: Sequence[Plain], format: str, folder: Path, encoder: Encoder) -> Iterator[Entry]:
    names = []
    for each in found:
        sound, recipe = Path(each["path"]), RECIPES[format]
        target = folder / f"{sound.stem}{recipe.suffix}"
        made = target if encoder.encode(sound, target, recipe, each["clip"]) else sound
        names.append(made.name)
        yield Entry.of(made, words.began(each["clip"]))
        target.unlink(missing_ok=True)
    yield from _about(found, names)


def _chapter(found: Plain) -> str:
    entry = words.entry({**found, "deliveries": []})
    return str(entry["title"] or f"{entry['date']} {entry['time']}")


def _about(found: Sequence[Plain], names: Sequence[str]) -> list[Entry]:
    """A table of the clips, and a page that plays them from the folder where they were unpacked."""
    latest = max(words.began(each["clip"]) for each in found)
    listed = [(name, words.entry(each)) for name, each in zip(names, found, strict=True)]
    page = answers.rendered("offline", listed=listed)
    return [
        Entry.given("clips.csv", latest, words.table(found, names)),
        Entry.given("index.html", latest, page.encode(errors="replace")),
    ]
