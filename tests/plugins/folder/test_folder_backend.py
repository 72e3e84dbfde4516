"""The folder backend on real filesystems."""

import errno
import grp
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from appliance_upload_folder.backend import FolderBackend
from appliance_upload_folder.errors import translate
from appliance_upload_folder.files import Ownership, safe_name
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from appliance.codec import from_json
from appliance.plugin import BackendContext, Cancelled, Clip, CopyDiffers, Mount, Permanent, Transient, UploadJob
from appliance.recipes import BWF, FLAC, Recipe, encrypted
from appliance.testing.backends import check_upload_backend, make_upload_job

MakeJob = Callable[..., UploadJob]
SOUND = b"".join(number.to_bytes(4, "big") for number in range(800_000))
"""Three blocks and a bit that repeat nowhere."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "stick"


@pytest.fixture
def context(tmp_path: Path) -> BackendContext:
    return BackendContext("stick", "box", tmp_path)


@pytest.fixture
def backend(folder: Path, context: BackendContext) -> FolderBackend:
    return FolderBackend(folder, context, require_mount=False)


@pytest.fixture
def job(upload_job: MakeJob) -> UploadJob:
    return upload_job(SOUND)


@pytest.fixture
def disk(folder: Path) -> Iterator[Callable[[str], None]]:
    """`disk(options)` mounts a disk of its own at the folder, with these mount options; needs root."""
    if os.geteuid() != 0:
        pytest.skip("not root, so nothing can be mounted: full and write-protected disks are not tried")
    mounted = []

    def mount(options: str) -> None:
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "disk", folder], check=True)
        mounted.append(folder)

    yield mount
    for path in mounted:
        subprocess.run(["umount", path], check=True)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_keeps_the_contract(folder: Path, context: BackendContext, tmp_path: Path) -> None:
    def spoil(name: str) -> None:
        content = bytearray(Path(name).read_bytes())
        content[-1] ^= 1
        Path(name).write_bytes(content)

    check_upload_backend(
        lambda: FolderBackend(folder, context, require_mount=False),
        fetch=lambda name: Path(name).read_bytes(),
        directory=tmp_path / "source",
        listing=lambda: names(folder) if folder.exists() else [],
        spoil=spoil,
    )


def test_what_is_there_is_there_already(backend: FolderBackend, folder: Path, job: UploadJob) -> None:
    first = backend.deliver(job)
    before = Path(first.remote_name).stat()
    second = backend.deliver(evolve(job, attempt=2))
    assert (second.remote_name, second.checksum, second.verified) == (first.remote_name, job.rendition.sha256, True)
    assert Path(first.remote_name).stat().st_ino == before.st_ino
    assert Path(first.remote_name).stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("content", [b"", b"other", SOUND[:-1] + b"!"], ids=["empty", "shorter", "same length"])
def test_another_file_of_the_name_is_never_overwritten(
    content: bytes, backend: FolderBackend, folder: Path, job: UploadJob
) -> None:
    folder.mkdir()
    there = folder / job.rendition.file_name
    there.write_bytes(content)
    with pytest.raises(Permanent, match="never overwritten"):
        backend.deliver(job)
    assert there.read_bytes() == content
    assert names(folder) == {there.name}


def test_a_folder_or_a_link_of_the_name(backend: FolderBackend, folder: Path, job: UploadJob) -> None:
    (folder / job.rendition.file_name).mkdir(parents=True)
    with pytest.raises(Permanent, match="never overwritten"):
        backend.deliver(job)
    (folder / job.rendition.file_name).rmdir()
    (folder / job.rendition.file_name).symlink_to(job.rendition.path)
    with pytest.raises(Permanent, match="never overwritten"):
        backend.deliver(job)


def test_nothing_stays_of_what_is_taken_back(backend: FolderBackend, folder: Path, job: UploadJob) -> None:
    sent: list[int] = []
    with pytest.raises(Cancelled):
        backend.deliver(evolve(job, progress=sent.append, cancelled=lambda: len(sent) == 2))
    assert 0 < sent[-1] < len(SOUND)
    assert names(folder) == set()


def half_written(folder: Path, context: BackendContext, job: UploadJob) -> tuple[str, bytes]:
    """Name and content of the file that an attempt has in hand while it runs."""
    seen: list[tuple[str, bytes]] = []

    def look(_: int) -> None:
        (partial,) = folder.iterdir()
        seen.append((partial.name, partial.read_bytes()))
        raise Cancelled("seen")

    with pytest.raises(Cancelled):
        FolderBackend(folder, context, require_mount=False).deliver(evolve(job, progress=look))
    return seen[0]


def test_what_a_power_cut_left_is_removed_but_only_ones_own(
    folder: Path, context: BackendContext, job: UploadJob, tmp_path: Path
) -> None:
    another_job = make_upload_job(tmp_path / "more", SOUND, "another clip")
    own = half_written(folder, context, another_job)
    others = half_written(folder, evolve(context, device="another-box"), another_job)
    for name, content in (own, others):
        assert name.startswith(".")
        (folder / name).write_bytes(content)
    FolderBackend(folder, context, require_mount=False).deliver(job)
    assert names(folder) == {job.rendition.file_name, others[0]}


def test_a_disk_that_returns_other_bytes_is_caught(backend: FolderBackend, folder: Path, job: UploadJob) -> None:
    def spoil(sent: int) -> None:
        if sent == len(SOUND):
            (hidden,) = folder.iterdir()
            with hidden.open("r+b") as file:
                file.write(b"!")

    with pytest.raises(Permanent, match="other bytes than were written"):
        backend.deliver(evolve(job, progress=spoil))
    assert names(folder) == set()


def test_a_clip_that_changed_is_not_delivered(backend: FolderBackend, folder: Path, job: UploadJob) -> None:
    job.rendition.path.write_bytes(SOUND[:-1] + b"!")
    with pytest.raises(Permanent, match="changed on this box"):
        backend.deliver(job)
    job.rendition.path.unlink()
    with pytest.raises(Permanent, match="cannot be read on this box"):
        backend.deliver(job)
    assert names(folder) == set()


def test_a_full_disk_is_waited_for(
    backend: FolderBackend, folder: Path, disk: Callable[[str], None], job: UploadJob
) -> None:
    disk("size=4m")
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(2_000_000))
    with pytest.raises(Transient, match="is full"):
        backend.deliver(job)

    def fill(sent: int) -> None:
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(bytes(4_000_000))

    ballast.unlink()
    with pytest.raises(Transient, match="is full"):
        backend.deliver(evolve(job, progress=fill))
    ballast.unlink()
    assert names(folder) == set()
    assert Path(backend.deliver(job).remote_name).read_bytes() == SOUND


def test_a_disk_that_is_write_protected(backend: FolderBackend, disk: Callable[[str], None], job: UploadJob) -> None:
    disk("ro")
    with pytest.raises(Permanent, match=r"the disk is read-only.* Mount it so that it can be written"):
        backend.deliver(job)
    with pytest.raises(Permanent, match="the disk is read-only"):
        backend.probe()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/media/stick/clips", "mounted read-only when the service started. Run `sudo systemctl restart appliance`"),
        ("/srv/clips", "add the lines [Service] and ReadWritePaths=/srv/clips"),
    ],
)
def test_what_only_the_service_may_not_write(path: str, words: str) -> None:
    mount = Mount(Path(path), "8:1", "ext4", options="rw", here="ro,noatime")
    assert words in str(translate(OSError(errno.EROFS, ""), Path(path), mount))


def test_a_file_too_large_for_the_filesystem(backend: FolderBackend, folder: Path, job: UploadJob) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        with pytest.raises(Permanent, match="4 GB"):
            backend.deliver(job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(folder) == set()


def test_missing_folders_are_made(folder: Path, context: BackendContext, job: UploadJob) -> None:
    backend = FolderBackend(folder / "a" / "b", context, require_mount=False)
    assert Path(backend.deliver(job).remote_name).parent == folder / "a" / "b"


def test_a_path_through_a_file(folder: Path, context: BackendContext, job: UploadJob) -> None:
    folder.write_bytes(b"")
    for path in (folder, folder / "below"):
        with pytest.raises(Permanent, match="not a folder"):
            FolderBackend(path, context, require_mount=False).deliver(job)


def test_without_its_disk_nothing_is_written(folder: Path, context: BackendContext, job: UploadJob) -> None:
    backend = FolderBackend(folder, context, require_mount=True)
    for attempt in (backend.probe, lambda: backend.deliver(job)):
        with pytest.raises(Transient, match="plug it in"):
            attempt()
    assert not folder.exists()


def test_a_disk_that_went_between_look_and_write(
    folder: Path, context: BackendContext, job: UploadJob, tmp_path: Path
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"1 0 8:1 / / rw - ext4 /dev/root rw\n2 1 8:17 / {folder} rw - vfat /dev/sdb1 rw\n")
    backend = FolderBackend(folder, context, require_mount=True, mountinfo=mountinfo)
    with pytest.raises(Transient, match="plug it in"):
        backend.deliver(job)
    assert names(folder) == set()


def test_delivery_goes_on_when_the_disk_is_back(
    folder: Path, context: BackendContext, job: UploadJob, disk: Callable[[str], None], tmp_path: Path
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("1 0 8:1 / / rw - ext4 /dev/root rw\n")
    backend = FolderBackend(folder / "recordings", context, require_mount=True, mountinfo=mountinfo)
    with pytest.raises(Transient):
        backend.deliver(job)
    disk("size=16m")
    with mountinfo.open("a") as file:
        file.write(f"2 1 8:17 / {folder} rw - vfat /dev/sdb1 rw\n")
    assert Path(backend.deliver(job).remote_name).read_bytes() == SOUND


def test_verify_looks_at_the_disk(backend: FolderBackend, folder: Path, job: UploadJob) -> None:
    receipt = backend.deliver(job)
    assert backend.verify(job.rendition, receipt).verified
    Path(receipt.remote_name).unlink()
    with pytest.raises(Permanent, match="not in"):
        backend.verify(job.rendition, receipt)


def test_probe_says_what_room_there_is(backend: FolderBackend, folder: Path) -> None:
    assert "GB free" in backend.probe()
    assert names(folder) == set()


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_every_error_of_the_system_has_words(code: int) -> None:
    message = str(translate(OSError(code, os.strerror(code)), Path("/media/stick")))
    assert "/media/stick" in message
    assert "\n" not in message


@given(st.text(min_size=1))
def test_any_name_fits_on_a_stick(name: str) -> None:
    safe = safe_name(name)
    assert len(safe) == len(name)
    assert not set(safe) & set('"*/:<>?\\|\x00\n\x7f')
    assert safe[-1] not in ". "
    assert safe_name(safe) == safe


def test_names_of_clips_stay_as_they_are() -> None:
    name = "box_2026-01-31_12-00-00+0100_abcdefghij.wav"
    assert safe_name(name) == name


_CHILD = """
import os, signal, sys
from pathlib import Path
from appliance.plugin import BackendContext
from appliance.testing.backends import make_upload_job
from appliance_upload_folder.backend import FolderBackend
from appliance_upload_folder.files import Ownership

folder, point = Path(sys.argv[1]), int(sys.argv[2])
job = make_upload_job(folder, (folder / "sound").read_bytes(), "clip")
backend = FolderBackend(folder / "stick", BackendContext("stick", "box", folder), require_mount=False)
calls = 0
def count(frame, event, function):
    global calls
    if event == "c_call" and (function.__module__ == "posix" or function.__name__ in ("write", "read", "close")):
        calls += 1
        if calls > point:
            os.kill(os.getpid(), signal.SIGKILL)
sys.setprofile(count)
backend.deliver(job)
sys.setprofile(None)
"""


@pytest.mark.slow
def test_killed_before_any_call_to_the_system_the_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """The box dies before each call in turn that the backend makes; after that the next attempt makes it good."""
    (tmp_path / "sound").write_bytes(SOUND)
    job, stick = make_upload_job(tmp_path, SOUND, "clip"), tmp_path / "stick"
    point, finished = 0, False
    while not finished:
        child = subprocess.run([sys.executable, "-c", _CHILD, tmp_path, str(point)], check=False, timeout=60)
        finished = child.returncode == 0
        assert finished or child.returncode == -signal.SIGKILL
        target = stick / job.rendition.file_name
        assert not target.exists() or target.read_bytes() == SOUND
        backend = FolderBackend(stick, BackendContext("stick", "box", tmp_path), require_mount=False)
        assert Path(backend.deliver(job).remote_name).read_bytes() == SOUND
        assert names(stick) == {job.rendition.file_name}
        target.unlink()
        stick.rmdir()
        point += 1
    assert point > 10


@pytest.fixture
def service_umask() -> Iterator[None]:
    """The umask of the unit, which is for what the box keeps to itself."""
    before = os.umask(0o027)
    yield
    os.umask(before)


def modes(folder: Path) -> tuple[int, int]:
    (copy,) = [path for path in folder.iterdir() if path.is_file()]
    return stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(copy.stat().st_mode)


@pytest.mark.parametrize(
    ("ownership", "wanted"),
    [(Ownership(), (0o755, 0o644)), (Ownership(0o660), (0o770, 0o660)), (Ownership(0o600), (0o700, 0o600))],
    ids=str,
)
@pytest.mark.usefixtures("service_umask")
def test_who_may_read_the_copies(
    ownership: Ownership, wanted: tuple[int, int], folder: Path, context: BackendContext, job: UploadJob
) -> None:
    inner = folder / "clips"
    FolderBackend(inner, context, require_mount=False, ownership=ownership).deliver(job)
    assert modes(inner) == wanted


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give to any group")
def test_copies_are_given_to_a_group(folder: Path, context: BackendContext, job: UploadJob) -> None:
    inner = folder / "clips"
    FolderBackend(inner, context, require_mount=False, ownership=Ownership(0o640, "audio")).deliver(job)
    audio = grp.getgrnam("audio").gr_gid
    assert {path.stat().st_gid for path in (inner, *inner.iterdir())} == {audio}


def test_a_group_that_is_not_there_is_named(folder: Path, context: BackendContext, job: UploadJob) -> None:
    with pytest.raises(Permanent, match="no group 'nobodyknows'"):
        FolderBackend(folder / "x", context, require_mount=False, ownership=Ownership(group="nobodyknows")).deliver(job)


def test_a_sidecar_lies_beside_the_sound_and_tells_what_is_known_last(
    folder: Path, context: BackendContext, job: UploadJob
) -> None:
    backend = FolderBackend(folder, context, require_mount=False, sidecar=True)
    receipt = backend.deliver(job)
    beside = Path(receipt.remote_name).with_suffix(".json")
    assert job.clip and from_json(beside.read_bytes(), Clip) == job.clip
    named = evolve(job, clip=evolve(job.clip, title="Anna"))
    assert backend.deliver(named).checksum == receipt.checksum
    assert from_json(beside.read_bytes(), Clip).title == "Anna"
    assert names(folder) == {job.rendition.file_name, beside.name}


def test_an_attempt_that_fails_leaves_no_sidecar(folder: Path, context: BackendContext, job: UploadJob) -> None:
    """Nobody would delete it once the clip is withdrawn: there is no receipt."""
    folder.mkdir(exist_ok=True)
    (folder / job.rendition.file_name).write_bytes(b"of somebody else")
    with pytest.raises(CopyDiffers):
        FolderBackend(folder, context, require_mount=False, sidecar=True).deliver(job)
    assert names(folder) == {job.rendition.file_name}


def test_no_sidecar_lies_there_where_none_is_wanted(folder: Path, backend: FolderBackend, job: UploadJob) -> None:
    backend.deliver(job)
    assert names(folder) == {job.rendition.file_name}


@pytest.mark.parametrize("recipe", [BWF, encrypted(BWF, ()), encrypted(FLAC, ())], ids=lambda recipe: recipe.suffix)
def test_a_copy_of_several_endings_is_deleted_with_what_lies_beside_it(
    folder: Path, context: BackendContext, job: UploadJob, recipe: Recipe
) -> None:
    backend = FolderBackend(folder, context, require_mount=False, sidecar=True)
    made = evolve(job.rendition, recipe=recipe, called=f"27.11.2026 Anna{recipe.suffix}")
    receipt = backend.deliver(evolve(job, rendition=made))
    (folder / "27.11.json").write_text("of another")
    assert (folder / "27.11.2026 Anna.json").exists()
    backend.delete(receipt)
    assert {path.name for path in folder.iterdir()} == {"27.11.json"}


@pytest.mark.parametrize("sidecar", [True, False])
def test_a_copy_is_deleted_with_what_lies_beside_it_and_nothing_else_is(
    folder: Path, context: BackendContext, job: UploadJob, sidecar: bool
) -> None:
    backend = FolderBackend(folder, context, require_mount=False, sidecar=sidecar)
    receipt = backend.deliver(job)
    beside = folder / f"{Path(receipt.remote_name).stem}.json"
    if not sidecar:
        beside.write_text("of somebody else")
    (folder / "other.wav").write_bytes(b"other")
    backend.delete(receipt)
    assert {path.name for path in folder.iterdir()} == {"other.wav"} | (set() if sidecar else {beside.name})
    backend.delete(receipt)
