"""Copies on the box's own disk are told from those elsewhere, and FAT from what takes large files."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from appliance_upload_folder.backend import FolderBackend
from appliance_upload_folder.mounts import on_same_disk
from attrs import evolve

from appliance.plugin import BackendContext, Permanent, UploadJob
from appliance.plugin.upload import on_own_disk

MakeJob = Callable[..., UploadJob]

BOX = """21 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw
22 21 179:3 / /var/lib/appliance rw - ext4 /dev/mmcblk0p3 rw
23 21 0:25 / /run rw - tmpfs tmpfs rw
24 21 179:1 / /boot/firmware rw - vfat /dev/mmcblk0p1 rw
30 21 8:1 / /media/stick rw - vfat /dev/sda1 rw
31 21 253:0 / /media/vault rw - ext4 /dev/mapper/vault rw
32 21 253:1 / /media/safe rw - ext4 /dev/mapper/safe rw
33 21 0:47 / /mnt/nas rw - nfs4 nas:/clips rw
"""


@pytest.fixture
def mountinfo(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(BOX)
    return path


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    """/sys/dev/block of a Pi with a stick and two encrypted volumes: `vault` on the card, `safe` on the stick."""
    sys, numbers = tmp_path / "devices", tmp_path / "block"
    numbers.mkdir()
    for number, name in {
        "179:1": "mmcblk0/mmcblk0p1",
        "179:2": "mmcblk0/mmcblk0p2",
        "179:3": "mmcblk0/mmcblk0p3",
    }.items():
        _partition(sys / name, numbers / number)
    _partition(sys / "sda/sda1", numbers / "8:1")
    for number, name, below in (("253:0", "dm-0", "mmcblk0/mmcblk0p3"), ("253:1", "dm-1", "sda/sda1")):
        slaves = sys / name / "slaves"
        slaves.mkdir(parents=True)
        (slaves / Path(below).name).symlink_to(sys / below)
        (numbers / number).symlink_to(sys / name)
    return numbers


def _partition(entry: Path, link: Path) -> None:
    entry.mkdir(parents=True)
    (entry / "partition").write_text("1\n")
    link.symlink_to(entry)


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("/home/copies", True),
        ("/var/lib/appliance/copies", True),
        ("/boot/firmware/copies", True),
        ("/run/copies", True),
        ("/media/other", True),
        ("/media/vault", True),
        ("/media/stick/clips", False),
        ("/media/safe", False),
        ("/mnt/nas", False),
    ],
)
def test_every_partition_of_the_card_and_memory_are_the_same_disk(
    path: str, same: bool, mountinfo: Path, devices: Path
) -> None:
    assert on_same_disk(Path(path), Path("/var/lib/appliance"), mountinfo, devices) is same


def test_an_overlay_in_memory_is_no_other_disk(tmp_path: Path, devices: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    below = "40 21 0:50 / /srv rw - overlay overlay rw,lowerdir=/a,upperdir=/run/upper,workdir=/run/work\n"
    mountinfo.write_text(BOX + below)
    assert on_same_disk(Path("/srv/copies"), Path("/var/lib/appliance"), mountinfo, devices)
    mountinfo.write_text(BOX + below.replace("/run/upper", "/media/stick/upper"))
    assert not on_same_disk(Path("/srv/copies"), Path("/var/lib/appliance"), mountinfo, devices)


def test_without_any_mount_nothing_is_taken_for_another_disk(tmp_path: Path) -> None:
    empty = tmp_path / "mountinfo"
    empty.write_text("")
    assert on_same_disk(Path("/media/stick"), tmp_path, empty)


def test_a_copy_beside_the_clips_says_so(tmp_path: Path, upload_job: MakeJob) -> None:
    backend = FolderBackend(tmp_path / "shelf", BackendContext("shelf", "box", tmp_path), require_mount=False)
    assert on_own_disk(backend)
    job = upload_job(b"sound")
    receipt = backend.deliver(job)
    assert receipt.verified and receipt.on_own_disk
    assert backend.verify(job.rendition, receipt).on_own_disk


def test_a_mount_that_is_required_and_missing_is_waited_for(tmp_path: Path) -> None:
    backend = FolderBackend(tmp_path / "stick", BackendContext("stick", "box", tmp_path), require_mount=True)
    assert not on_own_disk(backend)


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own; needs root and a loop device."""
    image, folder = tmp_path / "image", tmp_path / "stick"
    image.write_bytes(bytes(4 << 20))
    folder.mkdir()
    made = subprocess.run(["mkfs.ext4", "-q", image], capture_output=True, check=False)
    mounted = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, check=False)
    if made.returncode or mounted.returncode:
        pytest.skip("a disk image can be mounted by root only")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_copy_on_a_stick_is_elsewhere_until_it_is_unplugged(stick: Path, tmp_path: Path, upload_job: MakeJob) -> None:
    backend = FolderBackend(stick, BackendContext("stick", "box", tmp_path), require_mount=False)
    assert not on_own_disk(backend)
    assert not backend.deliver(upload_job(b"sound")).on_own_disk
    subprocess.run(["umount", stick], check=True)
    try:
        assert backend.deliver(upload_job(b"more sound", "more")).on_own_disk
    finally:
        subprocess.run(["mount", "-o", "loop", tmp_path / "image", stick], check=True)


def test_fat_is_spared_what_it_cannot_hold(tmp_path: Path, upload_job: MakeJob, mountinfo: Path) -> None:
    """The file is never opened for writing: its size is known before."""
    folder = tmp_path / "stick"
    mountinfo.write_text(f"21 1 179:2 / / rw - ext4 /dev/root rw\n22 21 8:1 / {folder} rw - vfat /dev/sda1 rw\n")
    backend = FolderBackend(folder, BackendContext("stick", "box", tmp_path), require_mount=False, mountinfo=mountinfo)
    job = upload_job(b"sound")
    large = evolve(job, rendition=evolve(job.rendition, size=1 << 32))
    with pytest.raises(Permanent, match="4 GB"):
        backend.deliver(large)
    assert list(folder.iterdir()) == []
    assert "FAT" in backend.probe()
    assert backend.deliver(job).verified
