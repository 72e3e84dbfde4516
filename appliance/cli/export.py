"""Copies clips to a folder, so that a person may rely on the copies: whole, the same bytes, and on the disk."""

import errno
import filecmp
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from appliance.durable import PARTIAL, sync_directory
from appliance.errors import StorageError
from appliance.recipes import ENCRYPTED

_REMEDIES = {
    errno.EACCES: "Use sudo",
    errno.EPERM: "Use sudo",
    errno.ENOSPC: "Make room",
    errno.EDQUOT: "Make room",
    errno.EROFS: "Mount it so that it can be written,",
    errno.EFBIG: "Use a disk with exFAT or ext4, as FAT ends at 4 GB,",
    errno.EIO: "Check the disk with `dmesg`",
}

COPIED, THERE, MENDED, FAILED = "copied", "there already", "different there and copied anew", "could not be read here"


def export(
    clips: Iterable[dict[str, Any]],
    target: Path,
    tell: Callable[[str, str], None],
    copying: Callable[[str, int, int], None] = lambda name, copied, whole: None,
) -> Counter[str]:
    """Copy each clip's sound and sidecar to `target`; how many had which outcome, each also told with its name.

    `copying` hears now and then how many bytes of how many of a file are copied.
    What is there with the same bytes is let be. A clip whose file cannot be read here holds up no other. Raises
    StorageError where the target cannot be written.
    """
    outcomes: Counter[str] = Counter()
    try:
        target.mkdir(parents=True, exist_ok=True)
        sync_directory(target.parent)
        for clip in clips:
            sound = Path(clip["path"])
            outcome = _one(sound, target, copying)
            outcomes[outcome] += 1
            tell(sound.name, outcome)
    except OSError as error:
        why = error.strerror or error
        raise StorageError(f"export to {target} stopped: {why}. {elsewhere(error, 'folder')}") from error
    return outcomes


def elsewhere(error: OSError, what: str) -> str:
    """What a person does who cannot write to a `what` of the file system."""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{remedy} or choose another {what}" if remedy else f"Choose another {what}"


def _one(sound: Path, target: Path, copying: Callable[[str, int, int], None]) -> str:
    """Copy the sidecar, then the sound: where that is, both are."""
    is_there = (target / sound.name).exists()
    changed = False
    for source in (_sidecar(sound), sound):
        try:
            file = source.open("rb")
        except OSError:
            if source == sound:
                return FAILED
            continue  # the sound is what counts
        with file:
            changed = _copy(file, source, target, copying) or changed
    sync_directory(target)
    if not changed:
        return THERE
    return MENDED if is_there else COPIED


def _sidecar(sound: Path) -> Path:
    return (sound.with_suffix("") if sound.suffix == ENCRYPTED else sound).with_suffix(".json")


def _copy(file: IO[bytes], source: Path, target: Path, copying: Callable[[str, int, int], None]) -> bool:
    """Copy one file, unless the very same bytes are there; a copy that differs is one that a power cut left."""
    final, whole = target / source.name, os.fstat(file.fileno()).st_size
    copying(source.name, 0, whole)
    if final.is_file():
        with final.open("rb") as copy:
            os.fsync(copy.fileno())
        if filecmp.cmp(source, final, shallow=False):
            return False
    partial = target / f".{source.name}{PARTIAL}"
    try:
        with partial.open("wb") as copy:
            while data := file.read(1 << 20):
                copy.write(data)
                copying(source.name, copy.tell(), whole)
            copy.flush()
            os.fsync(copy.fileno())
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return True
