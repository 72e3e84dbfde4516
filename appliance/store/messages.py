"""What to play next."""

from collections.abc import Iterable
from pathlib import Path

from appliance.models import Clip, Track
from appliance.store.catalogue import Catalogue
from appliance.store.clips import clip_in
from appliance.store.places import Places

Message = tuple[Path, str, int | None]
"""Something to play: its file, a title, and the id of the track that it is, if it is one."""


def next_message(places: Places, catalogue: Catalogue) -> Message | None:
    """The oldest track not heard yet, else the newest track, else the newest clip; of those whose file is there."""
    track = _first_there(catalogue.tracks.unheard_first())
    if track:
        return track.path, track.title, track.id
    clip = _newest_clip(places, catalogue)
    return (places.audio(clip.name), clip.name, None) if clip else None


def latest(places: Places, catalogue: Catalogue) -> Message | None:
    """The newest of all clips and tracks, by wall time; of those whose file is there."""
    track = _first_there(catalogue.tracks.newest_first())
    clip = _newest_clip(places, catalogue)
    if clip and not (track and track.fetched_at > clip.began.wall_ns):
        return places.audio(clip.name), clip.name, None
    return (track.path, track.title, track.id) if track else None


def _first_there(tracks: Iterable[Track]) -> Track | None:
    return next((track for track in tracks if track.path.exists()), None)


def _newest_clip(places: Places, catalogue: Catalogue) -> Clip | None:
    clips = (clip_in(body) for body in catalogue.clips.bodies())
    return next((clip for clip in clips if places.audio(clip.name).exists()), None)
