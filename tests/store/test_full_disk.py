"""A disk without any room: nothing is lost, what must be written down is, and all goes on once there is room."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import AlreadyRunning, StorageError
from appliance.events import ClipFinished
from appliance.models import Receipt, Rendition
from appliance.recipes import ORIGINAL
from appliance.store import Store
from appliance.store.ballast import BYTES
from appliance.vitals import Vitals

Box = Any  # tests/store/conftest.py is not importable
PROOF = Receipt("there", 1, True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def fill(small_disk: Path) -> Callable[[], None]:
    """Leaves not a byte of room, until `small_disk / "other"` is removed."""

    def work() -> None:
        with pytest.raises(OSError), (small_disk / "other").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    return work


@pytest.fixture
def box(small_disk: Path, box_type: type[Any]) -> Iterator[Box]:
    box = box_type(small_disk)
    box.start()
    yield box
    (small_disk / "other").unlink(missing_ok=True)
    box.close()


def exhaust(box: Box) -> None:
    """Use up what is held back as well."""
    with pytest.raises(StorageError, match="is full"):
        for number in range(1000):
            box.store.inbox.save_note("feed", str(number), {"text": "x" * 8000})


def test_nothing_is_lost_and_all_goes_on_with_room(box: Box, small_disk: Path, fill: Callable[[], None]) -> None:
    clips = [box.clip() for _ in range(3)]
    take = box.take()
    fill()
    exhaust(box)
    fill()
    with pytest.raises(StorageError, match="is full"):
        box.store.clips.adopt(take)
    assert box.store.clips.newest_first() == clips[::-1]
    (small_disk / "other").unlink()
    adopted = box.store.clips.adopt(take)
    assert box.store.clips.newest_first() == [adopted, *clips[::-1]]
    assert len(box.store.outbox.find()) == 4


def test_clips_can_be_deleted_from_a_full_disk(box: Box, small_disk: Path, fill: Callable[[], None]) -> None:
    clips = [box.clip() for _ in range(30)]
    for clip in clips:
        fill()
        box.store.clips.delete(clip.id, "test")
    assert box.store.clips.newest_first() == []
    assert list(box.store.places.clips.iterdir()) == []


def test_clips_are_delivered_from_a_full_disk(box: Box, fill: Callable[[], None]) -> None:
    """Else nothing could ever be deleted. The log of the catalogue is used over and over."""
    clips = [box.clip() for _ in range(100)]
    fill()
    for number, clip in enumerate(clips):
        delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
        assert delivery and delivery.clip_id == clip.id
        path = box.store.clips.path(clip)
        box.store.clips.add_rendition(Rendition(clip.id, ORIGINAL, path, clip.size, f"{number:064}"))
        box.store.outbox.delivered(delivery.id, PROOF)
    assert len(box.store.upkeep.arrived(["cloud"], 0, 1000)) == 100


def test_a_sealed_take_becomes_a_clip_on_a_full_disk(box: Box, fill: Callable[[], None]) -> None:
    take = box.take()
    fill()
    assert box.store.clips.adopt(take).id == take
    assert box.posted(ClipFinished)


def test_the_box_starts_on_a_full_disk(box: Box, small_disk: Path, fill: Callable[[], None]) -> None:
    clips = [box.clip() for _ in range(3)]
    take = box.take(sealed=False)
    box.close()
    fill()
    store = box.start()
    assert [clip.id for clip in store.clips.newest_first()] == [take, *(clip.id for clip in clips[::-1])]
    for _ in range(3):
        store.close()
        store = box.start()
    store.clips.delete(clips[0].id, "test")
    (small_disk / "other").unlink()
    store.upkeep.hold_ballast()
    assert (box.directory / "ballast").stat().st_size == BYTES


def test_what_a_full_disk_kept_from_being_finished_at_start_is_finished_later(
    box: Box, small_disk: Path, fill: Callable[[], None]
) -> None:
    """Clips unknown to the catalogue, of which one has no sidecar: there is no room for all that must be written."""
    box.close()
    files = box.files(300)
    (box.directory / "clips" / f"{files[0].name}.json").unlink()
    (box.directory / "ballast").unlink()
    fill()
    (small_disk / "other").open("r+b").truncate((small_disk / "other").stat().st_size - 65_536)
    store = box.start()
    assert store.upkeep.unfinished and len(store.clips.newest_first()) < 299
    with pytest.raises(StorageError):
        store.upkeep.take_up()
    (small_disk / "other").unlink()
    store.upkeep.take_up()
    assert not store.upkeep.unfinished
    assert {clip.id for clip in store.clips.newest_first()} == {clip.id for clip in files[1:]}


def test_a_second_daemon_is_still_refused_by_its_process(box: Box, fill: Callable[[], None]) -> None:
    box.close()
    fill()
    box.start()
    with pytest.raises(AlreadyRunning, match=r"process \d+"):
        Store(box.directory, box.clock, box.events.append, Vitals(box.clock)).start()


def test_without_room_for_the_first_start_it_says_so(
    small_disk: Path, box_type: type[Any], fill: Callable[[], None]
) -> None:
    fill()
    box = box_type(small_disk)
    with pytest.raises(StorageError, match="is full"):
        box.start()


@pytest.fixture
def read_only(box: Box, tmp_path: Path) -> Iterator[Path]:
    """The directory of the box, seen as if its disk had turned read-only."""
    seen = tmp_path / "seen"
    seen.mkdir()
    if subprocess.run(["mount", "--bind", box.directory, seen], capture_output=True, check=False).returncode:
        pytest.skip("a disk can be mounted by root only")
    subprocess.run(["mount", "-o", "remount,bind,ro", seen], check=True)
    yield seen
    subprocess.run(["umount", "-l", seen], check=True)


def test_a_second_store_is_refused_on_a_disk_that_has_turned_read_only(box: Box, read_only: Path) -> None:
    with pytest.raises(AlreadyRunning, match="process"):
        Store(read_only, box.clock, box.events.append, Vitals(box.clock)).start()


def test_a_disk_that_is_read_only_at_the_start_is_said_to_be_so(box: Box, read_only: Path) -> None:
    box.store.close()
    with pytest.raises(StorageError, match="its disk is read-only"):
        Store(read_only, box.clock, box.events.append, Vitals(box.clock)).start()
