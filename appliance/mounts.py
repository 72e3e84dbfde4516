"""What is mounted where, as the kernel says in /proc/PID/mountinfo (proc_pid_mountinfo(5)), and what of it lasts."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from appliance.values import frozen

MOUNTINFO = Path("/proc/self/mountinfo")
COMMAND_LINE = Path("/proc/cmdline")

_MEMORY = {"tmpfs", "ramfs", "devtmpfs", "rootfs"}
_MEMORY_DEVICE = re.compile(r"/dev/z?ram\d+$")
_IN_MEMORY_FROM_BOOT = re.compile(r"(^|\s)(boot=overlay|overlayroot=tmpfs)")
"""What `raspi-config` writes to make the root an overlay in memory, in its older and its newer way."""


@frozen
class Mount:
    """A mounted filesystem: where, the `major:minor` of its device, its kind, what was mounted, and how: the options of
    the filesystem, and those of this place `here`.
    """

    point: Path
    device: str
    kind: str
    source: str = ""
    options: str = ""
    here: str = ""

    @property
    def is_read_only(self) -> bool:
        """Whether the filesystem cannot be written, wherever it is mounted."""
        return "ro" in self.options.split(",")

    @property
    def is_closed_here(self) -> bool:
        """Whether it can be written, but not at this place: of a sandbox, or read-only when it began."""
        return not self.is_read_only and "ro" in self.here.split(",")

    @property
    def upper(self) -> Path | None:
        """Where an overlay keeps what is written to it; None where that is not told, and for anything else."""
        found = re.search(r"(?:^|,)upperdir=((?:\\.|[^,\\])*)", self.options) if self.kind == "overlay" else None
        return Path(re.sub(r"\\(.)", r"\1", found[1])) if found else None


def parse(text: str) -> list[Mount]:
    """Every mount in the order of the kernel: where one hides another, the later one is seen."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) >= 6 and after:
            kind, source, options, *_ = (*after.split(" "), "", "")
            mounts.append(
                Mount(Path(_unescape(fields[4])), fields[2], kind, _unescape(source), _unescape(options), fields[5]),
            )
    return mounts


def mount_of(path: Path, mounts: Sequence[Mount]) -> Mount | None:
    """The mount that holds `path`, whether or not `path` exists."""
    within, found, longest = f"{path}/", None, 0
    for mount in mounts:  # as text: a report looks there for each destination, and paths are slow to compare
        point = f"{mount.point}/".replace("//", "/")
        if within.startswith(point) and len(point) >= longest:
            found, longest = mount, len(point)
    return found


def in_memory(path: Path, mountinfo: Path = MOUNTINFO, command_line: Path = COMMAND_LINE) -> str:
    """What keeps `path` in memory only, so that the next power cut takes it; empty where it lasts, or nothing is told.

    An overlay lasts as its upper layer does. Where that cannot be seen from here it is in memory if the kernel was
    started so.
    """
    mounts = parse(_text(mountinfo))
    mount = mount_of(path.resolve(), mounts)
    layers: list[Mount] = []
    while mount is not None and mount.upper is not None and mount not in layers:
        layers.append(mount)
        mount = mount_of(mount.upper, mounts)
    above = "an overlay on " if layers else ""
    if mount is None or mount in layers:
        from_boot = layers and _IN_MEMORY_FROM_BOOT.search(_text(command_line))
        return f"{above}memory" if from_boot else ""
    if mount.kind in _MEMORY:
        return f"{above}{mount.kind}"
    return f"{above}{mount.source}" if _MEMORY_DEVICE.match(mount.source) else ""


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    return ""


def _unescape(text: str) -> str:
    """Undo the octal escapes of space, tab, newline and backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text) if "\\" in text else text
