"""Where a folder lies, by what the kernel says."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from appliance_upload_folder.backend import FolderBackend
from appliance_upload_folder.mounts import on_other_disk
from hypothesis import given
from hypothesis import strategies as st

from appliance.mounts import Mount, mount_of, parse
from appliance.plugin import BackendContext, Transient, UploadJob

BOX = r"""21 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
22 21 0:5 / /dev rw,nosuid shared:2 - devtmpfs udev rw
23 21 0:25 / /run rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=80000k
24 21 179:1 / /boot/firmware rw,relatime shared:29 - vfat /dev/mmcblk0p1 rw
30 21 8:1 / /media/MY\040STICK rw,relatime - vfat /dev/sda1 rw,uid=1000
31 21 179:2 /mnt /mnt rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
32 31 0:47 / /mnt/nas rw,relatime shared:9 - nfs4 nas:/clips rw
33 31 0:48 / /mnt/auto rw,relatime shared:10 - autofs systemd-1 rw
34 21 8:17 / /media/twice rw - ext4 /dev/sdb1 rw
35 34 0:50 / /media/twice rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("path", "elsewhere"),
    [
        ("/media/MY STICK", True),
        ("/media/MY STICK/recordings/2026", True),
        ("/boot/firmware/clips", True),
        ("/mnt/nas", True),
        ("/", False),
        ("/media", False),
        ("/media/OTHER", False),
        ("/media/MY STICK2", False),
        ("/mnt/stick", False),
        ("/run/media/stick", False),
        ("/mnt/auto", False),
        ("/media/twice", False),
    ],
)
def test_on_other_disk(path: str, elsewhere: bool, tmp_path: Path) -> None:
    """A mount of the root filesystem's own device (as a sandbox makes) and memory are no other disk."""
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(BOX)
    assert on_other_disk(Path(path), mountinfo) is elsewhere


def test_a_link_is_followed(tmp_path: Path) -> None:
    mountinfo, link = tmp_path / "mountinfo", tmp_path / "stick"
    mountinfo.write_text(BOX)
    link.symlink_to("/media/MY STICK")
    assert on_other_disk(link / "recordings", mountinfo)


def test_no_mounts_at_all(tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("")
    assert not on_other_disk(Path("/media/stick"), mountinfo)


def test_the_kernel_is_understood() -> None:
    mounts = parse(Path("/proc/self/mountinfo").read_text())
    assert mount_of(Path("/"), mounts) is not None
    assert mount_of(Path("/proc/self"), mounts) in [mount for mount in mounts if mount.kind == "proc"]


@given(st.text())
def test_any_text_gives_mounts_or_none(text: str) -> None:
    assert all(isinstance(mount, Mount) for mount in parse(text))


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Path]:
    """A disk image of 4 MB, mounted; needs root and a loop device."""
    image, folder = tmp_path / "image", tmp_path / "stick"
    image.write_bytes(bytes(4 << 20))
    folder.mkdir()
    for command in (["mkfs.ext4", "-q", str(image)], ["mount", "-o", "loop", str(image), str(folder)]):
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("no disk image can be mounted here: a real plugged and unplugged disk is not tried")
    yield folder
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


def test_a_real_disk_comes_and_goes(stick: Path, upload_job: Callable[..., UploadJob], tmp_path: Path) -> None:
    backend = FolderBackend(stick / "recordings", BackendContext("stick", "box", tmp_path), require_mount=True)
    assert Path(backend.deliver(upload_job(b"plugged in")).remote_name).read_bytes() == b"plugged in"
    subprocess.run(["umount", stick], check=True)
    with pytest.raises(Transient, match="plug it in"):
        backend.deliver(upload_job(b"unplugged", "another"))
    assert list(stick.iterdir()) == []
