"""Files in a folder that is open as a descriptor: whatever is mounted over it meanwhile, they stay on its disk."""

import contextlib
import errno
import grp
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from appliance.plugin import Permanent

if TYPE_CHECKING:
    from hashlib import _Hash

BLOCK = 1 << 20
_SYNC_EVERY = 16 << 20


def safe_name(name: str) -> str:
    """Replace what FAT, exFAT and NTFS do not take in a name, and the dots and spaces that they drop at its end."""
    plain = re.sub(r'[\x00-\x1f\x7f"*/:<>?\\|]', "_", name)
    return re.sub(r"[. ]+$", lambda match: "_" * len(match[0]), plain) or "_"


@frozen
class Ownership:
    """Who may do what with a copy: its permission bits, and the name of its group ("" for that of the service).

    The umask of the service does not count: it is for what the box keeps to itself. Filesystems that know no
    permissions, as FAT, are let be.
    """

    mode: int = 0o644
    group: str = ""

    def give(self, descriptor: int) -> None:
        """Hand over an open file or folder. Raises Permanent where the group cannot be given."""
        mode = self.mode
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            mode |= 0o700 | (mode & 0o444) >> 2
        if self.group:
            self._give_to_group(descriptor)
        with contextlib.suppress(PermissionError, NotImplementedError):
            os.fchmod(descriptor, mode)

    def _give_to_group(self, descriptor: int) -> None:
        try:
            os.fchown(descriptor, -1, grp.getgrnam(self.group).gr_gid)
        except KeyError as error:
            raise Permanent(f"there is no group {self.group!r} on this box: correct the option group") from error
        except PermissionError as error:
            raise Permanent(
                f"the copies cannot be given to the group {self.group!r}: the service is not in it "
                f"(`sudo usermod -aG {self.group} appliance`, then restart it), or the disk knows no groups"
            ) from error


READABLE = Ownership()
"""Everybody may read."""


def make_folder(path: Path, ownership: Ownership) -> None:
    """Create what is missing of the folder, durably."""
    if not path.exists():
        make_folder(path.parent, ownership)
        path.mkdir(exist_ok=True)
        own = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            ownership.give(own)
        finally:
            os.close(own)
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            sync_folder(parent)
        finally:
            os.close(parent)


def write(folder: int, name: str, blocks: Iterable[bytes], ownership: Ownership) -> None:
    """Write a new file, synced. Syncing on the way keeps progress honest and the last sync short."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(name, flags, 0o644, dir_fd=folder), "wb", buffering=0) as file:
        ownership.give(file.fileno())
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


def sha256(data: bytes = b"") -> "_Hash":
    """Of these bytes. OpenSSL comes with the first."""
    import hashlib

    return hashlib.sha256(data)


def digest(folder: int, name: str, check: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of what the disk returns, as far as the kernel can be told to forget what it remembers of the file.

    It forgets what is synced only.
    """
    hashed = sha256()
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
