"""How a clip is deleted: the tombstone first, so that a start after a power cut knows what to finish."""

from appliance import durable
from appliance.errors import NotFound
from appliance.models import Clip
from appliance.store.adoption import remove_take
from appliance.store.catalogue import Catalogue
from appliance.store.places import Places


def delete_clip(places: Places, catalogue: Catalogue, clip_id: str, at_ns: int, reason: str) -> None:
    """Make the clip a tombstone, take back its open deliveries, and remove its files. Raises NotFound, OSError."""
    with catalogue.transaction():
        clip = _get(catalogue, clip_id)
        encodings = catalogue.clips.encoding_paths(clip_id)
        catalogue.outbox.cancel(clip_id, None)
        catalogue.clips.delete(clip_id, at_ns, reason)
    for path in (places.directory / encoding for encoding in encodings):
        if path.parent == places.renditions:
            path.unlink(missing_ok=True)
    remove_files(places, clip.name)
    remove_take(places.takes / clip_id)
    durable.sync_directory(places.takes)


def remove_files(places: Places, name: str) -> None:
    """Remove both files of a clip: sound first, so that what may be left is not taken for a clip."""
    places.audio(name).unlink(missing_ok=True)
    places.sidecar(name).unlink(missing_ok=True)
    durable.sync_directory(places.clips)


def _get(catalogue: Catalogue, clip_id: str) -> Clip:
    clip = catalogue.clips.get(clip_id)
    if clip is None:
        raise NotFound(f"no clip {clip_id!r}: `appliance clips list` shows those there are")
    return clip
