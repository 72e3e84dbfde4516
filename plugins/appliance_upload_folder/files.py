"""Files in a folder that is open as a descriptor: whatever is mounted over it meanwhile, they stay on its disk."""

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

BLOCK = 1 << 20
_SYNC_EVERY = 16 << 20


def safe_name(name: str) -> str:
    """Replace what FAT, exFAT and NTFS do not take in a name, and the dots and spaces that they drop at its end."""
    plain = re.sub(r'[\x00-\x1f\x7f"*/:<>?\\|]', "_", name)
    return re.sub(r"[. ]+$", lambda match: "_" * len(match[0]), plain) or "_"


def make_folder(path: Path) -> None:
    """Create what is missing of the folder, durably."""
    if not path.exists():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            sync_folder(parent)
        finally:
            os.close(parent)


def write(folder: int, name: str, blocks: Iterable[bytes]) -> None:
    """Write a new file, synced. Syncing on the way keeps progress honest and the last sync short."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(name, flags, 0o644, dir_fd=folder), "wb", buffering=0) as file:
        unsynced = 0
        for block in blocks:
            rest = memoryview(block)
            while rest:
                rest = rest[file.write(rest) :]
            unsynced += len(block)
            if unsynced >= _SYNC_EVERY:
                os.fdatasync(file.fileno())
                unsynced = 0
        os.fsync(file.fileno())


def sync(folder: int, name: str) -> None:
    """Make the bytes of a file durable that somebody else may have written."""
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb", buffering=0) as file:
        os.fsync(file.fileno())


def digest(folder: int, name: str, check: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of what the disk returns, as far as the kernel can be told to forget what it remembers of the file.

    It forgets what is synced only.
    """
    hashed = hashlib.sha256()
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := file.read(BLOCK):
            hashed.update(block)
            check()
    return hashed.hexdigest()


def remove(folder: int, name: str) -> None:
    """Remove a hidden file, where it is there and the disk lets us."""
    with contextlib.suppress(OSError):
        os.unlink(name, dir_fd=folder)


def sync_folder(folder: int) -> None:
    """Make the new name durable. Some network filesystems know no such thing and say EINVAL."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
