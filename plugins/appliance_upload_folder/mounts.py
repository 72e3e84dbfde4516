"""On which disk a place lies."""

import contextlib
import os
from pathlib import Path

from appliance.plugin import MOUNTINFO, Mount, in_memory, mount_of, parse_mounts

BLOCK_DEVICES = Path("/sys/dev/block")
_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}
_NOT_YET = {"autofs"}
_FAT = {"vfat", "msdos"}


def is_fat(path: Path, mountinfo: Path = MOUNTINFO) -> bool:
    """Whether no file there can have 4 GiB."""
    mount = mounted_at(path, mountinfo)
    return mount is not None and mount.kind in _FAT


def mounted_at(path: Path, mountinfo: Path = MOUNTINFO) -> Mount | None:
    """What is mounted where `path` lies."""
    return mount_of(path.resolve(), parse_mounts(mountinfo.read_text(encoding="utf-8", errors="surrogateescape")))


def on_other_disk(path: Path, mountinfo: Path = MOUNTINFO) -> bool:
    """Whether `path` lies on a disk of its own: not on the root filesystem and not in memory.

    A sandbox shows folders of the root filesystem as mounts of their own; the device tells them apart.
    """
    with contextlib.suppress(OSError):
        path.stat()  # wakes an automount
    mounts = parse_mounts(mountinfo.read_text(encoding="utf-8", errors="surrogateescape"))
    root, here = mount_of(Path("/"), mounts), mount_of(path.resolve(), mounts)
    if root is None or here is None:
        return False
    return here.device != root.device and here.kind not in _MEMORY | _NOT_YET


def on_same_disk(path: Path, other: Path, mountinfo: Path = MOUNTINFO, devices: Path = BLOCK_DEVICES) -> bool:
    """Whether `path` lies on the disk that `other` lies on, on any partition of it, or in memory."""
    mounts = parse_mounts(mountinfo.read_text(encoding="utf-8", errors="surrogateescape"))
    here, there = mount_of(path.resolve(), mounts), mount_of(other.resolve(), mounts)
    if here is None or there is None or here.device == there.device or in_memory(path, mountinfo):
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
