"""What to play."""

from collections.abc import Iterable
from pathlib import Path

from appliance.models import Track
from appliance.store.catalogue import Catalogue
from appliance.store.clips import clip_in
from appliance.store.places import Places

Message = tuple[Path, str, int | None]
"""Something to play: its file, a title, and the id of the track that it is, if it is one."""


def message_of(tracks: Iterable[Track]) -> Message | None:
    """The first whose file is there."""
    return next(((track.path, track.title, track.id) for track in tracks if track.path.exists()), None)


def latest_recording(places: Places, catalogue: Catalogue) -> Message | None:
    """The newest clip whose file is there."""
    clips = (clip_in(body) for body in catalogue.clips.bodies())
    paths = ((places.audio(clip.name), clip.name) for clip in clips)
    return next(((path, name, None) for path, name in paths if path.exists()), None)
