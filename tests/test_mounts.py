"""What lasts, and what is gone with the power, by what the kernel says of mounts."""

from pathlib import Path

import pytest

from appliance.mounts import in_memory

CARD = "21 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw\n"
"""A box as it should be."""

OVERLAYROOT = """\
21 1 0:20 / / rw - overlay overlayroot rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay
22 21 179:2 / /media/root-ro ro - ext4 /dev/mmcblk0p2 ro
23 21 0:19 / /media/root-rw rw - tmpfs tmpfs-root rw
24 21 8:1 / /media/stick rw - vfat /dev/sda1 rw
"""
"""What `raspi-config` makes today."""

RASPI_CONFIG = "21 1 0:20 / / rw - overlay overlay rw,lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work\n"
"""What it made before: the memory is hidden below, so the overlay seems to lie on itself. So does a container's."""

STATE = Path("/var/lib/appliance")


@pytest.mark.parametrize(
    ("mounts", "command_line", "path", "memory"),
    [
        (CARD, "", STATE, ""),
        (f"{CARD}22 21 0:25 / /run rw - tmpfs tmpfs rw\n", "", Path("/run/appliance"), "tmpfs"),
        (f"{CARD}22 21 0:25 / /run rw - tmpfs tmpfs rw\n", "", STATE, ""),
        (f"{CARD}22 21 252:0 / /var rw - ext4 /dev/zram0 rw\n", "", STATE, "/dev/zram0"),
        (f"{CARD}22 21 0:2 / / rw - ramfs ramfs rw\n", "", STATE, "ramfs"),
        (OVERLAYROOT, "", STATE, "an overlay on tmpfs"),
        (OVERLAYROOT, "", Path("/media/stick/clips"), ""),
        (OVERLAYROOT.replace("tmpfs tmpfs-root", "ext4 /dev/sda2"), "", STATE, ""),
        (OVERLAYROOT.replace("root-rw", "root\\040rw"), "", STATE, "an overlay on tmpfs"),
        (OVERLAYROOT.replace("root-rw/overlay", "root-ro/overlay"), "", STATE, ""),
        (RASPI_CONFIG, "console=tty1 boot=overlay root=PARTUUID=1", STATE, "an overlay on memory"),
        (RASPI_CONFIG, "overlayroot=tmpfs:recurse=0 quiet", STATE, "an overlay on memory"),
        (RASPI_CONFIG, "console=tty1 reboot=overlay", STATE, ""),
        ("21 1 0:20 / / ro - overlay overlay ro,lowerdir=/lower\n", "", STATE, ""),
        ("", "", STATE, ""),
    ],
)
def test_what_lasts(tmp_path: Path, mounts: str, command_line: str, path: Path, memory: str) -> None:
    (tmp_path / "mountinfo").write_text(mounts)
    (tmp_path / "cmdline").write_text(command_line)
    assert in_memory(path, tmp_path / "mountinfo", tmp_path / "cmdline") == memory


def test_nothing_is_told_where_the_kernel_tells_nothing(tmp_path: Path) -> None:
    assert in_memory(STATE, tmp_path / "nothing") == ""


def test_memory_of_this_machine() -> None:
    assert in_memory(Path("/dev/shm/appliance")) in ("tmpfs", "an overlay on tmpfs")
