"""How a sealed take becomes a clip.

The order is such that a crash between any two steps leaves something that can be told apart and carried on:

1. takes/ID/audio.wav and takes/ID/clip.json get second names, clips/NAME.wav and clips/NAME.json
2. the folder clips/ is synced: from here on the clip survives the loss of the catalogue
3. the clip and its deliveries enter the catalogue, in one transaction
4. the folder of the take is removed; should it come back after a power cut, the next start removes it again
"""

import logging
import shutil
from contextlib import suppress
from pathlib import Path

from appliance import durable
from appliance.audio.take import told_size
from appliance.audio.takefile import AUDIO, CLIP
from appliance.codec import from_json
from appliance.errors import NotFound
from appliance.models import Clip
from appliance.phrases import counted
from appliance.store.catalogue import Catalogue, Wanted
from appliance.store.places import Places

_MOST_BYTES = 16 << 20
"""More than any clip has to tell."""

log = logging.getLogger(__name__)


def adopt(places: Places, catalogue: Catalogue, wanted: Wanted, take_id: str) -> tuple[Clip, bool]:
    """Take over a sealed take; the clip, and whether it is new to the catalogue.

    May be called again at any time. Raises NotFound where there is no such take, sealed or adopted; ValueError where
    it cannot be used; OSError and sqlite3.Error as the disk does.
    """
    if not take_id or Path(take_id).name != take_id:
        raise NotFound(f"{take_id!r} is not the id of a take")
    folder = places.takes / take_id
    clip = moved_in(places, catalogue, take_id)
    if clip is None:
        if not (folder / CLIP).exists():
            raise NotFound(f"no finished take {take_id!r}: it is still being recorded, or was discarded or deleted")
        clip, _ = read_sidecar(folder / CLIP)
        _move_in(places, folder, clip)
    added = False
    if catalogue.clips.get(take_id) is None:
        _, body = read_sidecar(places.sidecar(clip.name))
        with catalogue.transaction():
            added = catalogue.enter(clip, body, wanted)
    remove_take(folder)
    return clip, added


def read_sidecar(path: Path) -> tuple[Clip, str]:
    """The clip that a sidecar describes, and its text, which may hold more than we know.

    Raises ValueError where it describes none, or names a file outside its folder.
    """
    text = durable.read_file(path, _MOST_BYTES).decode()
    clip = from_json(text, Clip)
    if Path(clip.name).name != clip.name or clip.name.startswith("."):
        raise ValueError(f"{clip.name!r} cannot be the name of a clip")
    return clip, text


def read_clip(places: Places, name: str) -> tuple[Clip, str]:
    """As `read_sidecar`, of a clip in `clips/`. Raises ValueError also where its metadata contradicts its sound."""
    clip, body = read_sidecar(places.sidecar(name))
    if clip.name != name or not name.endswith(f"_{clip.id}"):
        raise ValueError(f"it describes the clip {clip.name}, {clip.id}")
    if places.sound(name) != places.audio(name):  # what is inside only whoever has the key could compare
        return clip, body
    size = places.audio(name).stat().st_size
    if {clip.size, told_size(clip) or clip.size} != {size}:
        raise ValueError(f"it tells of {counted(clip.frames, 'frame')} in {clip.size} bytes, and there are {size}")
    return clip, body


def remove_take(folder: Path) -> None:
    """Remove what is left of an adopted take. A failure waits until the next start: nothing in it is needed."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("the emptied folder of take %s could not be removed: %s", folder.name, error)


def moved_in(places: Places, catalogue: Catalogue, take_id: str) -> Clip | None:
    """The clip that a take has become already as far as its files go, if it has."""
    clip = catalogue.clips.get(take_id)
    if clip is None and not (places.takes / take_id / CLIP).exists():
        for sidecar in (path for path in places.clips.glob("*.json") if path.stem.endswith(f"_{take_id}")):
            with suppress(ValueError):
                clip, _ = read_sidecar(sidecar)
    return clip if clip and places.sound(clip.name).exists() else None


def _move_in(places: Places, folder: Path, clip: Clip) -> None:
    audio, sidecar = places.audio(clip.name), places.sidecar(clip.name)
    places.make()  # somebody may have removed a folder
    try:
        durable.add_name(folder / AUDIO, audio)
    except FileExistsError as error:
        raise ValueError(f"there is another clip of the name {clip.name}") from error
    except FileNotFoundError as error:
        if not audio.exists():
            raise ValueError("its sound is missing") from error
    try:
        durable.add_name(folder / CLIP, sidecar)
    except FileExistsError:  # of an attempt that a power cut undid, but for this name
        durable.replace_file(sidecar, (folder / CLIP).read_bytes())
    durable.sync_directory(places.clips)
