"""What to play."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from appliance.models import Track
from appliance.store.places import Places


class Message(NamedTuple):
    """Something to play: its file, a title, and the id and feed of the track that it is, if it is one.

    `at_ns` is when it came or was recorded, in wall time; 0 where no clock told.
    """

    path: Path
    title: str
    track_id: int | None
    feed: str
    at_ns: int


def message_of(tracks: Iterable[Track]) -> Message | None:
    """The first whose file is there."""
    there = (track for track in tracks if track.path.exists())
    return next((Message(track.path, track.title, track.id, track.feed, track.fetched_at) for track in there), None)


def recording_of(places: Places, names: Iterable[str], began: Callable[[str], int]) -> Message | None:
    """The first of the clips with these names whose file is there; `began` says when it was recorded."""
    paths = ((places.sound(name), name) for name in names)
    return next((Message(path, name, None, "", began(name)) for path, name in paths if path.exists()), None)
