"""What is mounted where, as the kernel says in /proc/PID/mountinfo (proc_pid_mountinfo(5)), and on which disk."""

import contextlib
import os
import re
from pathlib import Path

from attrs import frozen

MOUNTINFO = Path("/proc/self/mountinfo")
BLOCK_DEVICES = Path("/sys/dev/block")
_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}
_NOT_YET = {"autofs"}
_FAT = {"vfat", "msdos"}


@frozen
class Mount:
    """A mounted filesystem: where, the `major:minor` of its device, its kind, and what was mounted."""

    point: Path
    device: str
    kind: str
    source: str = ""

    @property
    def is_fat(self) -> bool:
        """Whether no file on it can have 4 GiB."""
        return self.kind in _FAT


def parse(text: str) -> list[Mount]:
    """Every mount in the order of the kernel: where one hides another, the later one is seen."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) >= 6 and after:
            kind, _, rest = after.partition(" ")
            mounts.append(Mount(Path(_unescape(fields[4])), fields[2], kind, _unescape(rest.split(" ")[0])))
    return mounts


def mount_of(path: Path, mounts: list[Mount]) -> Mount | None:
    """The mount that holds `path`, whether or not `path` exists."""
    found: Mount | None = None
    for mount in mounts:
        if path.is_relative_to(mount.point) and (found is None or len(mount.point.parts) >= len(found.point.parts)):
            found = mount
    return found


def on_other_disk(path: Path, mountinfo: Path = MOUNTINFO) -> bool:
    """Whether `path` lies on a disk of its own: not on the root filesystem and not in memory.

    A sandbox shows folders of the root filesystem as mounts of their own; the device tells them apart.
    """
    with contextlib.suppress(OSError):
        path.stat()  # wakes an automount
    mounts = parse(mountinfo.read_text(encoding="utf-8", errors="surrogateescape"))
    root, here = mount_of(Path("/"), mounts), mount_of(path.resolve(), mounts)
    if root is None or here is None:
        return False
    return here.device != root.device and here.kind not in _MEMORY | _NOT_YET


def on_same_disk(path: Path, other: Path, mountinfo: Path = MOUNTINFO, devices: Path = BLOCK_DEVICES) -> bool:
    """Whether `path` lies on the disk that `other` lies on, on any partition of it, or in memory."""
    mounts = parse(mountinfo.read_text(encoding="utf-8", errors="surrogateescape"))
    here, there = mount_of(path.resolve(), mounts), mount_of(other.resolve(), mounts)
    if here is None or there is None or here.device == there.device or here.kind in _MEMORY:
        return True
    return not _disks(here, devices).isdisjoint(_disks(there, devices))


def _disks(mount: Mount, devices: Path) -> set[str]:
    """The disks that a filesystem lies on; itself where it lies on none, as a network disk."""
    device = mount.device
    with contextlib.suppress(OSError):
        if device.startswith("0:") and mount.source.startswith("/dev/"):  # btrfs hides the device behind its own number
            number = Path(mount.source).stat().st_rdev
            device = f"{os.major(number)}:{os.minor(number)}"
    entry = devices / device
    return _whole(entry.resolve()) if entry.exists() else {mount.device}


def _whole(entry: Path) -> set[str]:
    """The disks that a block device is made of: below an encrypted or joined one, and around a partition."""
    below = entry / "slaves"
    parts = [part.resolve() for part in below.iterdir()] if below.is_dir() else []
    if parts:
        return set().union(*(_whole(part) for part in parts))
    return {entry.parent.name if (entry / "partition").exists() else entry.name}


def _unescape(text: str) -> str:
    """Undo the octal escapes of space, tab, newline and backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
