"""What lies in `clips/` and `takes/`."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from appliance import durable
from appliance.recipes import ENCRYPTED
from appliance.store.places import Places, is_text

SOUND, METADATA = 1, 2

EMPTY_AT_ONCE = 500
"""Empty folders that a start removes: they harm nobody, and cards are slow."""

_FILES = {"wav": SOUND, "json": METADATA}
_KEPT = f".wav{ENCRYPTED}"


def listed(places: Places) -> tuple[dict[str, int], list[Path]]:
    """Which files of each clip are in the folder, and what is no file, or has a name that is no text.

    Files that were not written to their end are removed. Raises OSError.
    """
    found: dict[str, int] = {}  # each name once, as there are many
    partial, odd = [], []
    with os.scandir(places.clips) as entries:
        for entry in entries:
            stem, _, suffix = entry.name.rpartition(".")
            if entry.name.startswith("."):
                partial += [entry.name] if entry.name.endswith(durable.PARTIAL) and entry.is_file() else []
            elif not is_text(entry.name) or not (entry.is_file() or entry.is_dir()):
                odd.append(Path(entry.path))
            elif entry.name.endswith(_KEPT):
                name = entry.name.removesuffix(_KEPT)
                found[name] = found.get(name, 0) | SOUND
            elif suffix in _FILES:
                found[stem] = found.get(stem, 0) | _FILES[suffix]
    for name in partial:
        (places.clips / name).unlink()
    return found, odd


def time_in(name: str) -> list[str]:
    """What sorts names of clips by when they began."""
    return name.split("_")[-3:-1]


def takes_in(places: Places, beat: Callable[[], None]) -> tuple[list[Path], set[str]]:
    """The folders of takes that hold something, and the names of those that do not and are left for the next start.

    The other empty ones are removed. Calls `beat` between steps. Raises OSError.
    """
    full, empty, removed = [], set(), 0
    for folder in sorted(path for path in places.takes.iterdir() if path.is_dir()):
        beat()
        if next(folder.iterdir(), None):
            full.append(folder)
        elif removed < EMPTY_AT_ONCE:
            removed += 1
            with suppress(OSError):
                folder.rmdir()
        else:
            empty.add(folder.name)
    return full, empty
