import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.codec import from_json
from appliance.describe import describe
from appliance.errors import AlreadyRunning, NotFound, StorageError, Stuck
from appliance.events import ClipDeleted, ClipFinished, QueueChanged
from appliance.models import Clip, DeliveryState, Rendition, Verdict
from appliance.recipes import FLAC, ORIGINAL
from appliance.store import Store
from appliance.vitals import Vitals


def test_folders_are_made_for_the_appliance_and_its_group_only(box: Any) -> None:
    folders = [
        box.store.places.takes,
        box.store.places.clips,
        box.store.places.inbox,
        box.store.places.renditions,
        box.store.places.quarantine,
    ]
    assert {folder.parent for folder in folders} == {box.directory}
    assert {folder.stat().st_mode & 0o777 for folder in [box.directory, *folders]} == {0o750}


def test_a_second_store_on_the_directory_is_refused_with_directory_and_process(box: Any) -> None:
    other = Store(box.directory, box.clock, box.events.append, Vitals(box.clock))
    with pytest.raises(AlreadyRunning, match=f"{box.directory} .* process {os.getpid()}"):
        other.start()
    box.store.close()
    other.start()
    other.close()


def test_a_directory_that_cannot_be_made_is_a_storage_error(tmp_path: Path, box: Any) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "state", box.clock, box.events.append, Vitals(box.clock))
    with pytest.raises(StorageError, match="cannot be used"):
        store.start()
    store.close()


def test_after_close_everything_is_refused_and_close_is_harmless(box: Any) -> None:
    box.store.close()
    box.store.close()
    with pytest.raises(StorageError, match="closed"):
        box.store.clips.newest_first()


def test_a_clip_in_memory_is_not_said_to_be_safe(box: Any, box_type: Any, memory: Path) -> None:
    other = box_type(memory)
    other.start()
    for each in (box, other):
        each.clip()
    other.close()
    (safe,), (gone,) = box.posted(ClipFinished), other.posted(ClipFinished)
    assert safe.lasting and " is safe" in describe(safe)
    assert not gone.lasting and "in memory only" in describe(gone)


def test_work_runs_on_one_thread_in_order_and_may_call_the_store(box: Any) -> None:
    clip = box.clip()
    futures = [box.store.submit(lambda: (threading.current_thread().name, box.store.clips.find(clip.id).id))] * 2
    assert [future.result(5) for future in futures] == [("store", clip.id)] * 2


def test_what_was_submitted_before_close_is_done(box: Any) -> None:
    take = box.take()
    future = box.store.submit(lambda: box.store.clips.adopt(take))
    box.store.close()
    assert future.result(0).id == take


def test_work_that_fails_tells_whoever_waits_and_the_thread_goes_on(box: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        box.store.submit(lambda: 1 // 0).result(5)
    assert box.store.clips.newest_first() == []


def test_the_store_thread_is_at_rest_between_work_and_gone_after_close(new_box: Callable[[], Any]) -> None:
    box = new_box()
    vitals = Vitals(box.clock)
    store = Store(box.directory, box.clock, box.events.append, vitals)
    store.start()
    store.clips.newest_first()
    box.clock.advance(1000)
    assert vitals.overdue() == ()
    began, release = threading.Event(), threading.Event()

    def hang() -> None:
        began.set()
        release.wait(10)

    hanging = store.submit(hang)
    assert began.wait(5)
    box.clock.advance(1000)
    assert vitals.overdue() == ("store",)
    with pytest.raises(Stuck, match=r"did not stop within 0\.01 s"):
        store.close(timeout=0.01)
    release.set()
    hanging.result(5)


# -- adoption ----------------------------------------------------------------------------------------------------------


def test_an_adopted_take_is_a_clip_with_both_files_a_row_and_a_delivery_to_each_destination(box: Any) -> None:
    box.store.set_destinations({"cloud": "flac", "stick": "original"})
    take = box.take(b"\x01\x02" * 50)
    sound = (box.store.places.takes / take / "audio.wav").read_bytes()
    clip = box.store.clips.adopt(take)

    assert clip.id == take and box.store.clips.find(take) == clip
    assert box.store.clips.path(clip).read_bytes() == sound
    assert from_json((box.store.places.clips / f"{clip.name}.json").read_bytes(), Clip) == clip
    assert list(box.store.places.takes.iterdir()) == []
    found = {(delivery.destination, delivery.recipe, delivery.state) for delivery in box.store.outbox.find(take)}
    assert found == {
        ("cloud", "flac", DeliveryState.PENDING),
        ("stick", "original", DeliveryState.PENDING),
    }
    assert box.events[-2:] == [ClipFinished(clip, clip.verdict), QueueChanged(2)]


def test_adopting_again_changes_nothing_and_tells_nothing(box: Any) -> None:
    clip = box.clip()
    events = list(box.events)
    assert box.store.clips.adopt(clip.id) == clip
    assert box.events == events and len(box.store.outbox.find()) == 1


def test_what_is_too_short_is_kept_but_not_queued(box: Any) -> None:
    clip = box.clip(verdict=Verdict.TOO_SHORT)
    assert box.store.clips.newest_first() == [clip] and box.store.outbox.find() == []
    assert box.store.outbox.enqueue([clip.id], "cloud", "original") == 1


@pytest.mark.parametrize("take_id", ["nosuchtake", "../clips", "", ".", "*"])
def test_a_take_that_is_not_there_is_not_found(box: Any, take_id: str) -> None:
    box.clip()
    with pytest.raises(NotFound):
        box.store.clips.adopt(take_id)


def test_a_take_in_progress_is_not_adopted(box: Any) -> None:
    take = box.take(sealed=False)
    with pytest.raises(NotFound, match="still being recorded"):
        box.store.clips.adopt(take)
    assert (box.store.places.takes / take / "audio.wav").exists()


@pytest.mark.parametrize("name", ["../outside", ".hidden", "a/b"])
def test_a_sidecar_that_names_a_file_elsewhere_is_refused_and_kept(box: Any, name: str) -> None:
    take = box.take()
    sidecar = box.store.places.takes / take / "clip.json"
    text = sidecar.read_text()
    sidecar.write_text(text.replace(from_json(text, Clip).name, name))
    with pytest.raises(StorageError, match="It is kept"):
        box.store.clips.adopt(take)
    assert (box.store.places.takes / take / "audio.wav").exists()


def test_a_clip_is_never_overwritten_by_another_of_its_name(box: Any) -> None:
    clip = box.clip()
    sound = box.store.clips.path(clip).read_bytes()
    take = box.take(b"\x03\x04" * 7)
    sidecar = box.store.places.takes / take / "clip.json"
    text = sidecar.read_text()
    sidecar.write_text(text.replace(from_json(text, Clip).name, clip.name))
    with pytest.raises(StorageError, match="another clip"):
        box.store.clips.adopt(take)
    assert box.store.clips.path(clip).read_bytes() == sound


# -- clips -------------------------------------------------------------------------------------------------------------


def test_clips_are_found_by_id_name_and_beginning_of_an_id(box: Any) -> None:
    clip = box.clip()
    for reference in (clip.id, clip.name, clip.id[:6]):
        assert box.store.clips.find(reference) == clip
    for reference in ("", "?", clip.id + "a", clip.name[:-1], "%", "*"):
        with pytest.raises(NotFound, match="clips list"):
            box.store.clips.find(reference)


def test_a_beginning_that_several_ids_share_is_refused(box: Any) -> None:
    ids: list[str] = []
    while len(ids) == len({clip_id[0] for clip_id in ids}):
        ids.append(box.clip().id)
    with pytest.raises(NotFound, match="several clips"):
        box.store.clips.find(ids[-1][0])


def test_clips_are_listed_newest_first_within_a_time(box: Any) -> None:
    first, second, third = (box.clip() for _ in range(3))
    assert box.store.clips.newest_first() == [third, second, first]
    assert box.store.clips.newest_first(limit=1) == [third]
    times = [clip.started.wall_ns for clip in (first, second, third)]
    assert box.store.clips.newest_first(since_ns=times[1]) == [third, second]
    assert box.store.clips.newest_first(until_ns=times[1]) == [first]
    assert box.store.clips.newest_first(since_ns=times[1], until_ns=times[2]) == [second]
    assert box.store.clips.count(since_ns=times[1], until_ns=times[2]) == 1
    assert (box.store.clips.count(), box.store.clips.count(times[1])) == (3, 2)


def test_a_deleted_clip_leaves_a_tombstone_and_no_open_delivery(box: Any) -> None:
    clip, other = box.clip(), box.clip()
    encoded = box.store.places.renditions / f"{clip.name}.flac"
    encoded.write_bytes(b"fLaC")
    box.store.clips.add_rendition(Rendition(clip.id, FLAC, encoded, 4, "00"))
    box.store.clips.delete(clip.id, "by hand")

    assert box.store.clips.newest_first() == [other]
    assert not encoded.exists() and not list(box.store.places.clips.glob(f"{clip.name}*"))
    assert [delivery.state for delivery in box.store.outbox.find(clip.id)] == [DeliveryState.CANCELLED]
    assert box.events[-2:] == [ClipDeleted(clip.id, "by hand"), QueueChanged(1)]
    assert box.store.outbox.enqueue([clip.id], "elsewhere", "original") == 0
    assert box.store.clips.rendition(clip.id, FLAC) is None
    for again in (box.store.clips.find, box.store.clips.adopt, lambda clip_id: box.store.clips.delete(clip_id, "")):
        with pytest.raises(NotFound):
            again(clip.id)
    assert box.restart().clips.newest_first() == [other]


def test_deleting_a_clip_never_removes_a_rendition_that_lies_elsewhere(box: Any, tmp_path: Path) -> None:
    clip = box.clip()
    elsewhere = tmp_path / "precious.flac"
    elsewhere.write_bytes(b"fLaC")
    box.store.clips.add_rendition(Rendition(clip.id, FLAC, elsewhere, 4, "00"))
    box.store.clips.delete(clip.id, "by hand")
    assert elsewhere.exists()


def test_renditions_are_kept_replaced_and_refused_for_deleted_clips(box: Any) -> None:
    clip = box.clip()
    assert box.store.clips.rendition(clip.id, ORIGINAL) is None
    old = Rendition(clip.id, ORIGINAL, box.store.clips.path(clip), 1, "aa")
    new = Rendition(clip.id, ORIGINAL, box.store.clips.path(clip), 2, "bb")
    for rendition in (old, new):
        box.store.clips.add_rendition(rendition)
    assert box.restart().clips.rendition(clip.id, ORIGINAL) == new
    box.store.clips.delete(clip.id, "")
    with pytest.raises(NotFound):
        box.store.clips.add_rendition(new)


def test_the_state_directory_can_move(box: Any) -> None:
    clip = box.clip()
    box.store.clips.add_rendition(Rendition(clip.id, ORIGINAL, box.store.clips.path(clip), 1, "aa"))
    box.store.close()
    box.directory = box.directory.rename(box.root / "moved")
    box.start()
    rendition = box.store.clips.rendition(clip.id, ORIGINAL)
    assert rendition is not None and rendition.path == box.store.clips.path(clip) and rendition.path.exists()


def test_the_parts_of_a_recording_are_found_from_any_of_them(box: Any) -> None:
    parts = [box.clip()]
    for _ in range(3):
        box.clip()  # another recording
        parts.append(box.store.clips.adopt(box.take(continues=parts[-1].id)))
    for part in parts:
        assert box.store.clips.parts(part.id) == parts
    box.store.clips.delete(parts[1].id, "test")
    for part in parts:
        assert box.store.clips.parts(part.id) == [parts[0], *parts[2:]]
    box.store.close()
    box.lose_catalogue()
    box.start()
    assert box.store.clips.parts(parts[3].id) == parts[2:], "what is deleted is not known any more"
    assert box.store.clips.parts("nothing") == []
