"""Copies clips to a folder, so that a person may rely on the copies: whole, the same bytes, and on the disk."""

import filecmp
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from appliance.durable import PARTIAL, sync_directory
from appliance.errors import StorageError

COPIED, THERE, MENDED, FAILED = "copied", "there already", "damaged there and copied anew", "could not be read here"


def export(clips: Iterable[dict[str, Any]], target: Path, tell: Callable[[str, str], None]) -> Counter[str]:
    """Copy each clip's sound and sidecar to `target`; how many had which outcome, each also told with its name.

    What is there with the same bytes is let be. A clip whose file cannot be read here holds up no other. Raises
    StorageError where the target cannot be written.
    """
    outcomes: Counter[str] = Counter()
    try:
        target.mkdir(parents=True, exist_ok=True)
        sync_directory(target.parent)
        for clip in clips:
            sound = Path(clip["path"])
            outcome = _one(sound, target)
            outcomes[outcome] += 1
            tell(sound.name, outcome)
    except OSError as error:
        why = error.strerror or error
        raise StorageError(f"export to {target} stopped: {why}. Make room or choose another folder") from error
    return outcomes


def _one(sound: Path, target: Path) -> str:
    """Copy the sidecar, then the sound: where that is, both are."""
    is_there = (target / sound.name).exists()
    changed = False
    for source in (sound.with_suffix(".json"), sound):
        try:
            file = source.open("rb")
        except OSError:
            if source == sound:
                return FAILED
            continue  # the sound is what counts
        with file:
            changed = _copy(file, source, target) or changed
    sync_directory(target)
    if not changed:
        return THERE
    return MENDED if is_there else COPIED


def _copy(file: Any, source: Path, target: Path) -> bool:
    """Copy one file, unless the very same bytes are there; a copy that differs is one that a power cut left."""
    final = target / source.name
    if final.is_file():
        with final.open("rb") as copy:
            os.fsync(copy.fileno())
        if filecmp.cmp(source, final, shallow=False):
            return False
    partial = target / f".{source.name}{PARTIAL}"
    try:
        with partial.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return True
