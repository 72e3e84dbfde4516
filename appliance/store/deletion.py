"""How clips are deleted and brought back: in such an order that a start after a power cut knows what to finish."""

from contextlib import suppress

from appliance import durable
from appliance.errors import NotFound
from appliance.models import Clip, ClockSource, ClockStamp
from appliance.store.adoption import remove_take
from appliance.store.catalogue import Catalogue
from appliance.store.places import Places
from appliance.store.trash import described, put_away, strays, take_out, throw_out


def delete_clip(places: Places, catalogue: Catalogue, clip_id: str, at_ns: int, reason: str) -> None:
    """Make the clip a tombstone, take back its open deliveries, and remove its files. Raises NotFound, OSError."""
    with catalogue.transaction():
        clip = _get(catalogue, clip_id)
        encodings = _bury(catalogue, clip_id, at_ns, reason)
    remove_files(places, clip.name)
    _clear_up(places, clip_id, encodings)


def trash_clip(places: Places, catalogue: Catalogue, clip_id: str, now: ClockStamp, reason: str) -> None:
    """As `delete_clip`, but its files go to the trash."""
    with catalogue.transaction():
        clip = _get(catalogue, clip_id)
        encodings = _bury(catalogue, clip_id, now.wall_ns, reason)
        catalogue.trash.add(clip_id, 0 if now.source is ClockSource.NONE else now.wall_ns)
    put_away(places, clip.name)
    _clear_up(places, clip_id, encodings)


def restore_clip(places: Places, catalogue: Catalogue, clip: Clip) -> None:
    """Bring a clip back from the trash. Raises NotFound where its sound is gone, OSError.

    Its files come first: without the word of the catalogue the next start puts them back into the trash.
    """
    take_out(places, clip.name)
    with catalogue.transaction():
        catalogue.trash.bring_back(clip.id)


def destroy_clip(places: Places, catalogue: Catalogue, clip: Clip) -> None:
    """Remove a clip from the trash for good. Raises OSError."""
    with catalogue.transaction():
        catalogue.trash.remove(clip.id)
    remove_files(places, clip.name)
    throw_out(places, clip.name)


def finish_deletion(places: Places, catalogue: Catalogue, name: str) -> None:
    """Do what is left of it where there is a tombstone of this name, and files in `clips/`. Raises OSError."""
    if catalogue.trash.holds(name):
        put_away(places, name)
    else:
        remove_files(places, name)


def _bury(catalogue: Catalogue, clip_id: str, at_ns: int, reason: str) -> set[str]:
    """Make it a tombstone; paths of what was encoded of it."""
    encodings = catalogue.clips.encoding_paths(clip_id)
    catalogue.outbox.cancel(clip_id, None)
    catalogue.clips.delete(clip_id, at_ns, reason)
    return encodings


def _clear_up(places: Places, clip_id: str, encodings: set[str]) -> None:
    for path in (places.directory / encoding for encoding in encodings):
        if path.parent == places.renditions:
            path.unlink(missing_ok=True)
    remove_take(places.takes / clip_id)
    durable.sync_directory(places.takes)


def remove_files(places: Places, name: str) -> None:
    """Remove all files of a clip: sound first, so that what may be left is not taken for a clip."""
    places.audio(name).unlink(missing_ok=True)
    places.encrypted(name).unlink(missing_ok=True)
    places.sidecar(name).unlink(missing_ok=True)
    durable.sync_directory(places.clips)


def _get(catalogue: Catalogue, clip_id: str) -> Clip:
    clip = catalogue.clips.get(clip_id)
    if clip is None:
        raise NotFound(f"no clip {clip_id!r}: `appliance clips list` shows those there are")
    return clip


def sweep_trash(places: Places, catalogue: Catalogue) -> None:
    """Finish what was begun with clips in the trash, and learn of those that a lost catalogue knew. Raises OSError."""
    for name in strays(places):
        if catalogue.trash.holds(name):
            continue
        if not catalogue.clips.is_deleted(name) and not places.sound(name).exists():
            with suppress(ValueError, FileNotFoundError):
                _know_again(catalogue, *described(places, name))
            continue
        throw_out(places, name)


def _know_again(catalogue: Catalogue, clip: Clip, body: str) -> None:
    with catalogue.transaction():
        catalogue.clips.add(clip, body)
        catalogue.search.enter(clip)
        catalogue.clips.delete(clip.id, 0, "deleted by hand")
        catalogue.trash.add(clip.id, 0)
