"""What to play."""

from collections.abc import Iterable
from pathlib import Path

from appliance.models import Track
from appliance.store.places import Places

Message = tuple[Path, str, int | None, str]
"""Something to play: its file, a title, and the id and feed of the track that it is, if it is one."""


def message_of(tracks: Iterable[Track]) -> Message | None:
    """The first whose file is there."""
    return next(((track.path, track.title, track.id, track.feed) for track in tracks if track.path.exists()), None)


def recording_of(places: Places, names: Iterable[str]) -> Message | None:
    """The first of the clips with these names whose file is there."""
    paths = ((places.audio(name), name) for name in names)
    return next(((path, name, None, "") for path, name in paths if path.exists()), None)
