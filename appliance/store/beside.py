"""What is known of each track beside its sound, kept in a file of its own for the day when the catalogue is lost."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from attrs import evolve

from appliance import codec, durable
from appliance.models import Track
from appliance.store.catalogue import Catalogue
from appliance.store.places import Places

_SUFFIX = ".json"
_MOST_BYTES = 65_536
_AT_ONCE = 20
"""Notes that one look through the inbox writes, where they are missing: each waits for the disk."""

log = logging.getLogger(__name__)


def names_in(folder: Path) -> set[str]:
    """The names of what is in a folder, of which there may be very many. Raises OSError."""
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries}


def note_of(places: Places, track: Path) -> Path:
    """Where that of a track in the inbox is."""
    return places.tracks / f"{track.name}{_SUFFIX}"


def keep(places: Places, track: Track) -> None:
    """Write down what the catalogue knows of a track. Where the disk refuses that, the next start does it."""
    if track.path.parent != places.inbox:
        return
    note = note_of(places, track.path)
    try:
        durable.write_file(note, codec.to_json(evolve(track, path=Path(track.path.name))).encode())
    except OSError as error:
        log.warning("%s cannot be written: %s", note, error.strerror)
        with suppress(OSError):  # rather none than a wrong one
            note.unlink(missing_ok=True)


def compare(places: Places, catalogue: Catalogue, beat: Callable[[], None] = lambda: None) -> None:
    """Enter tracks that only their notes speak of, write notes that are missing, remove those whose track is gone.

    Raises OSError, sqlite3.Error.
    """
    files = names_in(places.inbox)
    known = catalogue.tracks.names()
    noted = {name.removesuffix(_SUFFIX) for name in names_in(places.tracks)}
    for gone in noted - files:
        with suppress(OSError):
            note_of(places, Path(gone)).unlink()
    strays = sorted(_strays(places, (noted & files) - known), key=lambda track: track.fetched_at, reverse=True)
    for track in strays:  # the newest first, which the others of its feed and key gave way to
        beat()
        with suppress(ValueError, OverflowError), catalogue.transaction():  # what no catalogue can hold
            catalogue.tracks.enter(track)
    for name in sorted(known & (files - noted))[:_AT_ONCE]:
        beat()
        for track in catalogue.tracks.named(name):
            keep(places, track)


def _strays(places: Places, names: set[str]) -> Iterator[Track]:
    for name in names:
        path = places.inbox / name
        with suppress(ValueError, OSError):
            track = codec.from_json(durable.read_file(note_of(places, path), _MOST_BYTES), Track)
            if track.path.name == name and path.is_file() and path.stat().st_size == track.size:
                yield evolve(track, path=path)
