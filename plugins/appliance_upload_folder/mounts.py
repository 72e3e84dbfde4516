"""What is mounted where, as the kernel says in /proc/PID/mountinfo (proc_pid_mountinfo(5))."""

import contextlib
import re
from pathlib import Path

from attrs import frozen

MOUNTINFO = Path("/proc/self/mountinfo")
_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}
_NOT_YET = {"autofs"}


@frozen
class Mount:
    """A mounted filesystem: where, the `major:minor` of its device, and its kind."""

    point: Path
    device: str
    kind: str


def parse(text: str) -> list[Mount]:
    """Every mount in the order of the kernel: where one hides another, the later one is seen."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) >= 6 and after:
            mounts.append(Mount(Path(_unescape(fields[4])), fields[2], after.split(" ")[0]))
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


def _unescape(text: str) -> str:
    """Undo the octal escapes of space, tab, newline and backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
