"""The housekeeper at work: what it deletes, what it says, and how it finds out that the disk works again."""

from __future__ import annotations

import errno
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from appliance.config.settings import DeleteAfter
from appliance.errors import StorageError
from appliance.events import (
    ClipDeleted,
    DeliverySucceeded,
    FaultCleared,
    FaultRaised,
    StorageFree,
    StorageFull,
    StorageNearlyFull,
    TakeFailed,
)
from appliance.faults import MEMORY, MISSING_CLIPS, QUARANTINE, RECORDING_UNKEPT, STORAGE_READ_ONLY
from appliance.housekeeping.housekeeper import CALM_EVERY, LOOK_EVERY, TRY_EVERY
from appliance.housekeeping.outlook import Prospect
from appliance.housekeeping.policy import Rules
from appliance.models import Fault, Receipt, Rendition
from appliance.recipes import FLAC
from appliance.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.housekeeping.conftest import Household

PROOF, WORD = Receipt("there", 1, True), Receipt("there", 1, False)
MEGABYTE = 1_000_000


def test_nothing_goes_before_the_reserve_is_reached(household: Household) -> None:
    clips = [household.clip() for _ in range(9)]
    household.deliver(*clips[:-1])
    household.disk.other = -2048  # nine clips fit exactly, and their headers
    household.start()
    assert household.clips() == [clip.id for clip in clips]
    assert household.of(ClipDeleted, StorageFull, StorageFree) == []


def test_the_oldest_that_are_safe_make_room_until_the_reserve_is_met(household: Household) -> None:
    clips = [household.clip() for _ in range(9)]
    household.deliver(clips[1], clips[2], clips[4], clips[5])
    household.disk.other = 15 * MEGABYTE
    household.start()
    gone = {clips[1].id, clips[2].id}
    assert household.clips() == [clip.id for clip in clips if clip.id not in gone]
    assert household.disk.free >= 10 * MEGABYTE
    first = household.of(ClipDeleted)[0]
    assert first == ClipDeleted(clips[1].id, "made room: it is safe at office")
    assert household.of(StorageFull) == []
    household.disk.other += 6 * MEGABYTE
    household.look()
    assert clips[4].id not in household.clips() and clips[5].id in household.clips()


def test_the_trash_goes_before_any_clip(household: Household) -> None:
    clips = [household.clip() for _ in range(9)]
    household.deliver(*clips[:2])
    household.store.clips.trash(clips[5].id)
    household.disk.other = 5 * MEGABYTE
    household.start()
    assert household.clips() == [clip.id for clip in clips if clip is not clips[5]]
    assert household.store.clips.trashed() == []
    household.store.clips.trash(clips[8].id)
    household.look(30 * 86_400.0 + 1)
    assert household.store.clips.trashed() == []


def test_a_card_without_inodes_is_as_full_as_one_without_bytes(household: Household) -> None:
    clips = [household.clip(0.1) for _ in range(9)]
    household.disk.inodes = 18 + 16
    household.start()
    (full,) = household.of(StorageFull, StorageFree)
    assert isinstance(full, StorageFull) and "no more files (inodes)" in full.message
    household.deliver(*clips[:5])
    household.tell(DeliverySucceeded(clips[0].id, "office", PROOF))
    assert household.clips() == [clip.id for clip in clips[2:]]
    assert household.of(StorageFull, StorageFree) == [full, StorageFree()]
    assert household.housekeeper and household.housekeeper.has_room_for(1)
    assert household.clips() == [clip.id for clip in clips[3:]], "a file for which a clip went"


def test_a_look_at_a_card_with_much_room_comes_later_than_at_one_that_may_be_full_soon(household: Household) -> None:
    def looks(seconds: float) -> int:
        before = household.disk.looks
        for _ in range(int(seconds)):
            household.clock.advance(1.0)
            household.clock.waiters()
        return household.disk.looks - before

    household.start()
    assert looks(20 * LOOK_EVERY) == 20, "as much could be written within a second"
    household.disk.total = 10_000 * MEGABYTE
    household.look()
    assert looks(2 * CALM_EVERY) == 2
    household.disk.refusal = OSError(errno.EIO, "I/O error")
    household.tell(FaultRaised(Fault("storage", "", urgent=True)))
    assert looks(5 * LOOK_EVERY) == 5, "whether it takes writes again is found out soon"


@pytest.mark.slow
def test_many_clips_are_gone_through(household: Household) -> None:
    clips = [household.clip(0.5) for _ in range(120)]
    household.deliver(clips[60], receipt=WORD)
    household.deliver(*clips[61:])
    household.disk.other = 35 * MEGABYTE
    household.start()
    assert household.clips() == [clip.id for clip in (*clips[:61], *clips[71:])]


def test_a_card_that_only_a_person_can_empty_is_told_of_ahead_and_once(household: Household) -> None:
    household.start()
    household.disk.other = 85 * MEGABYTE
    household.look()
    assert household.of(StorageNearlyFull) == [], "clips would make room"
    household.prospects = ()
    household.look()
    household.look()
    (nearly,) = household.of(StorageNearlyFull)
    assert isinstance(nearly, StorageNearlyFull) and nearly.seconds == pytest.approx(5 * MEGABYTE / 16_000)
    household.disk.other = 0
    household.look()
    household.disk.other = 95 * MEGABYTE
    household.look()
    assert household.of(StorageNearlyFull) == [nearly] and household.of(StorageFull), "it is full at once"


def test_a_full_card_is_told_once_and_is_over_when_something_arrives(household: Household) -> None:
    clips = [household.clip() for _ in range(9)]
    household.disk.other = 5 * MEGABYTE
    household.start()
    (full,) = household.of(StorageFull, StorageFree)
    assert isinstance(full, StorageFull) and "have not arrived everywhere" in full.message
    household.look()
    assert household.of(StorageFull, StorageFree) == [full]
    household.deliver(clips[3])
    household.tell(DeliverySucceeded(clips[3].id, "office", PROOF))
    assert household.of(StorageFull, StorageFree) == [full, StorageFree()]
    assert len(household.clips()) == 8 and clips[3].id not in household.clips()


def test_why_the_card_stays_full_is_said(household: Household) -> None:
    household.prospects = (Prospect("office", DeleteAfter.VERIFIED, proves=False),)
    household.deliver(household.clip(), receipt=WORD)
    household.disk.other = 85 * MEGABYTE
    household.start()
    (full,) = household.of(StorageFull)
    assert isinstance(full, StorageFull)
    assert "destination office gives no proof. Let it prove" in full.message
    assert len(household.clips()) == 1


def test_room_made_by_others_ends_it_too(household: Household) -> None:
    household.disk.other = 95 * MEGABYTE
    household.start()
    household.disk.other = 0
    household.look()
    assert [type(event) for event in household.of(StorageFull, StorageFree)] == [StorageFull, StorageFree]


def test_an_accepted_receipt_is_enough_where_a_person_said_so(make_household: Callable[[], Household]) -> None:
    household = make_household()
    household.rules = Rules({"office": DeleteAfter.ACCEPTED})
    household.open()
    household.deliver(household.clip(), receipt=WORD)
    household.disk.other = 85 * MEGABYTE
    household.start()
    assert household.clips() == []


def test_a_clip_that_was_never_meant_for_a_destination_stays(make_household: Callable[[], Household]) -> None:
    """A destination that was added later must get it first: `appliance clips deliver`."""
    household = make_household()
    household.open()
    clip = household.clip()
    household.deliver(clip)
    household.rules = Rules({"office": DeleteAfter.VERIFIED, "cloud": DeleteAfter.VERIFIED})
    household.disk.other = 85 * MEGABYTE
    household.start()
    assert household.clips() == [clip.id] and household.of(StorageFull)


def test_encodings_go_before_clips(household: Household) -> None:
    clips = [household.clip() for _ in range(3)]
    for clip in clips:
        path = household.store.places.renditions / f"{clip.name}.flac"
        path.write_bytes(bytes(5 * MEGABYTE))
        household.store.clips.add_rendition(Rendition(clip.id, FLAC, path, 5 * MEGABYTE, "0" * 64))
    household.deliver(clips[0])
    household.store.outbox.enqueue([clips[1].id], "later", "flac")
    household.disk.other = 53 * MEGABYTE
    household.start()
    assert household.clips() == [clip.id for clip in clips]
    left = {path.stem for path in household.store.places.renditions.iterdir()}
    assert left == {clips[1].name}, "what a delivery waits for stays"
    household.disk.other += 3 * MEGABYTE
    household.look()
    assert household.clips() == [clip.id for clip in clips[1:]]


def test_clips_that_cannot_go_are_not_looked_at_again_and_again(household: Household) -> None:
    clip = household.clip()
    household.disk.other = 85 * MEGABYTE
    household.start()
    household.deliver(clip)
    household.look()
    assert household.clips() == [clip.id], "nobody told that it has arrived"
    household.look(600)
    assert household.clips() == []


def test_a_disk_that_refused_is_tried_until_it_works(household: Household) -> None:
    household.disk.refusal = OSError(errno.ENOSPC, "full")
    household.start()
    assert household.disk.tried == 0, "a good disk is left alone"
    household.tell(FaultRaised(Fault("storage", "the disk is full", urgent=True)))
    household.tell(TakeFailed("none", "the disk is full", error="StorageError"))
    household.look()
    assert household.worked == 0 and household.disk.tried >= 2
    household.disk.refusal = None
    household.look()
    assert household.worked == 1 and RECORDING_UNKEPT.cleared() in household.events
    household.look()
    assert household.worked == 1


def test_a_failure_that_is_none_of_the_disk_stays_told(household: Household) -> None:
    household.start().hear(FaultRaised(Fault("microphone", "gone", urgent=True)), Status())
    household.tell(TakeFailed("none", "no microphone"))
    assert household.disk.tried == 0 and household.of(FaultCleared) == []


def test_a_read_only_disk_is_told_before_anyone_records(household: Household) -> None:
    household.disk.read_only = True
    household.disk.refusal = OSError(errno.EROFS, "read-only")
    household.start()
    household.look()
    (fault,) = household.of(FaultRaised)
    assert isinstance(fault, FaultRaised) and fault.fault.urgent and "read-only" in fault.fault.message
    household.disk.read_only, household.disk.refusal = False, None
    household.look()
    assert household.of(FaultCleared) == [STORAGE_READ_ONLY.cleared()]


def test_a_disk_that_is_none_is_an_urgent_fault_while_it_is(household: Household) -> None:
    household.disk.memory = "tmpfs"
    household.start()
    household.look()
    (fault,) = household.of(FaultRaised)
    assert isinstance(fault, FaultRaised) and fault.fault.urgent and "in memory only (tmpfs)" in fault.fault.message
    household.disk.memory = ""
    household.look()
    assert household.of(FaultCleared) == [MEMORY.cleared()]


def test_a_take_left_behind_is_finished_when_the_disk_works(household: Household) -> None:
    household.start()
    take = household.clip()  # as if: its folder comes back
    folder = household.store.places.takes / "left000001"
    folder.mkdir()
    household.tell(TakeFailed("left000001", "the disk is full"))
    limit = time.monotonic() + 5
    while not household.worked:
        household.look()
        assert time.monotonic() < limit
    assert take.id in household.clips()


def test_what_is_left_is_tried_soon_and_then_less_often(household: Household) -> None:
    """As while somebody else holds the lock of the catalogue: each try fails with the same words."""
    household.start()
    (household.store.places.takes / "left000001").mkdir()
    household.store.upkeep.leave("left000001")
    tries: list[float] = []
    for turn in range(60):
        worked = household.worked
        household.look(LOOK_EVERY)
        tries += [LOOK_EVERY * turn] if household.worked > worked else []
    waits = [after - before for before, after in pairwise(tries)]
    assert waits[:4] == [2, 4, 8, 16] and max(waits) == TRY_EVERY


def test_the_outlook(household: Household) -> None:
    housekeeper = household.start()
    assert housekeeper.outlook().warning == "" and housekeeper.outlook().days is None
    household.prospects = ()
    household.clip(45.0)
    seen = housekeeper.outlook()
    assert seen.reserve == 10 * MEGABYTE and seen.days == pytest.approx(1.0, rel=0.01)
    assert "there is no destination; full in 24 hours" in seen.warning
    household.store.clips.delete(household.clips()[0], "test")
    assert housekeeper.outlook().days == pytest.approx(2.0, rel=0.01), "what was deleted was recorded too"


def test_the_outlook_on_a_disk_that_cannot_be_asked(household: Household) -> None:
    """Whoever tells how the box is, tells that: the status, and the heartbeat, whose thread nothing else may end."""
    housekeeper = household.start()
    household.disk.broken = OSError(errno.EIO, "Input/output error")
    with pytest.raises(StorageError, match="does not tell how full it is: Input/output error"):
        housekeeper.outlook()
    household.disk.broken = None


@pytest.mark.parametrize(
    ("error", "told"), [(OSError(errno.EIO, "broken"), []), (KeyError("a"), ["defect:housekeeper"])]
)
def test_an_error_does_not_end_the_thread(household: Household, error: Exception, told: list[str]) -> None:
    household.disk.broken = error
    household.start()
    household.look()
    household.disk.broken = None
    household.disk.other = 95 * MEGABYTE
    household.look()
    assert household.of(StorageFull)
    assert [event.fault.name for event in household.of(FaultRaised) if isinstance(event, FaultRaised)] == told
    assert [event.name for event in household.of(FaultCleared) if isinstance(event, FaultCleared)] == told


def test_what_is_no_recording_keeps_out_of_the_reserve(household: Household) -> None:
    clips = [household.clip() for _ in range(3)]
    household.disk.other = 59 * MEGABYTE
    housekeeper = household.start()
    assert housekeeper.has_room_for(MEGABYTE // 2)
    assert not housekeeper.has_room_for(2 * MEGABYTE)
    assert household.of(StorageFull) == [] and len(household.clips()) == 3

    household.deliver(clips[0])
    household.tell(DeliverySucceeded(clips[0].id, "office", PROOF))
    assert len(household.clips()) == 3, "nobody needs the room"
    assert housekeeper.has_room_for(2 * MEGABYTE)
    assert household.clips() == [clip.id for clip in clips[1:]]


def test_whoever_asks_for_room_is_not_kept_when_housekeeping_ends(household: Household) -> None:
    household.disk.other = 95 * MEGABYTE
    housekeeper = household.start()
    housekeeper.close()
    assert not housekeeper.has_room_for(1)


def test_what_lies_in_quarantine_is_a_fault_until_it_is_dealt_with(household: Household) -> None:
    place = household.store.places.quarantine
    for name in ("one", "two"):
        (place / name).mkdir()
    household.start()
    household.look()
    (place / "one").rmdir()
    household.look()
    (place / "two").rmdir()
    household.look()
    two, one, none = household.of(FaultRaised, FaultCleared)
    assert isinstance(two, FaultRaised) and isinstance(one, FaultRaised)
    assert not two.fault.urgent and two.fault.message.startswith("2 things that could not be used: read note.txt")
    assert one.fault.message.startswith("1 thing ") and str(place) in one.fault.message
    assert none == QUARANTINE.cleared()


def test_a_clip_whose_sound_is_missing_is_a_fault_until_it_is_given_up(make_household: Callable[[], Household]) -> None:
    household = make_household()
    household.open()
    clip = household.clip()
    household.store.clips.path(clip).unlink()
    household.reopen()
    household.start()
    household.look()
    (fault,) = household.of(FaultRaised)
    assert isinstance(fault, FaultRaised) and not fault.fault.urgent
    assert f"the sound of clip {clip.name} is missing: put it back into" in fault.fault.message
    household.store.clips.delete(clip.id, "as asked")
    household.look()
    assert household.of(FaultCleared) == [MISSING_CLIPS.cleared()]
