"""How only the encrypted file of a clip is kept: the plain one goes once that cannot be lost any more.

1. what was encoded of it in the clear is removed; the next start does that where the power goes in between
2. the encrypted file, whole and synced, gets a second name in `clips/`; its hash goes into the metadata beside it,
   where a lost catalogue costs nothing of it. The folder is synced
3. the plain file is removed, and the folder synced

A crash leaves the plain file, both, or the encrypted one. While the plain file is there it is what counts, and all of
this is done again; so nothing is lost, and nothing plain stays for ever.
"""

from collections.abc import Iterable

from appliance import durable
from appliance.models import Clip, Rendition
from appliance.recipes import ORIGINAL
from appliance.store.catalogue import Catalogue
from appliance.store.places import Places
from appliance.store.sidecars import freshen


def plain_names(places: Places) -> list[str]:
    """Names of the clips whose sound lies there in the clear, the oldest first. Raises OSError."""
    found = ((path.stat().st_mtime_ns, path.stem) for path in places.clips.glob("*.wav"))
    return [name for _, name in sorted(found)]


def keep_encrypted(places: Places, catalogue: Catalogue, clip: Clip, made: Rendition, wanted: Iterable[str]) -> bool:
    """Let `made` be all that is kept of the sound of a clip; whether it is.

    It is not where the clip was deleted meanwhile, or where a delivery by one of the recipes `wanted` still needs the
    plain file. Raises OSError.
    """
    kinds = {*wanted, made.recipe.name, ORIGINAL.name}  # of the original its hash
    if catalogue.clips.get(clip.id) is None or not kinds <= catalogue.clips.encoded_as(clip.id):
        return False
    kept, plain = places.encrypted(clip.name), places.audio(clip.name)
    if plain.exists():
        kept.unlink(missing_ok=True)  # of an attempt that a crash ended
    with catalogue.transaction():
        in_the_clear = catalogue.forget_clear(clip.id)
        catalogue.said.change(clip.id, kept_sha256=made.sha256)
    for path in in_the_clear:
        path.unlink(missing_ok=True)
    durable.add_name(made.path, kept)
    freshen(places, catalogue)
    durable.sync_directory(places.clips)
    plain.unlink(missing_ok=True)
    durable.sync_directory(places.clips)
    return True
