"""What a person deleted waits in the trash, and can be brought back until room is needed or its time is over."""

import os
from typing import Any

import pytest
from attrs import evolve

from appliance.errors import NotFound
from appliance.events import ClipDeleted, ClipRestored, QueueChanged
from appliance.models import ClockSource, DeliveryState, Receipt
from appliance.store import Footprint

Box = Any  # tests/store/conftest.py is not importable
DAY = 86_400.0
ENOUGH, LACKING = Footprint(), Footprint(-1)


def test_a_clip_in_the_trash_is_gone_until_it_is_restored_with_its_deliveries(box: Box) -> None:
    clip, other = box.clip(), box.clip()
    store = box.store
    store.outbox.enqueue([clip.id], "office", "original")
    store.outbox.delivered(store.outbox.take_next("office", "oldest", now=0.0).id, Receipt("x", 1, True))
    sound = store.clips.path(clip).read_bytes()
    store.clips.trash(clip.id)
    assert store.clips.newest_first() == [other] and not store.clips.path(clip).exists()
    with pytest.raises(NotFound):
        store.clips.find(clip.id)
    assert [each.clip for each in store.clips.trashed()] == [clip]
    assert box.posted(ClipDeleted) and box.posted(QueueChanged)[-1] == QueueChanged(1)
    store = box.restart()
    assert store.clips.restore(clip.id[:6]) == clip
    assert store.clips.path(clip).read_bytes() == sound and store.clips.trashed() == []
    assert store.clips.newest_first() == [other, clip]
    states = {each.destination: each.state for each in store.outbox.find(clip_id=clip.id)}
    assert states == {"cloud": DeliveryState.PENDING, "office": DeliveryState.DELIVERED}
    assert box.posted(ClipRestored) == [ClipRestored(clip)] and box.posted(QueueChanged)[-1] == QueueChanged(2)
    assert box.restart().clips.newest_first() == [other, clip]


def test_what_can_be_brought_back_is_named_as_elsewhere(box: Box) -> None:
    clip = box.clip()
    box.store.clips.trash(clip.id)
    for reference in (clip.id, clip.name, clip.id[:1]):
        assert box.store.clips.find_trashed(reference) == clip
    for reference in ("", "zzzz", clip.name[:5]):
        with pytest.raises(NotFound, match="appliance clips trash"):
            box.store.clips.restore(reference)


def test_what_was_destroyed_does_not_come_back(box: Box) -> None:
    clip = box.clip()
    box.store.clips.trash(clip.id)
    box.store.clips.destroy(clip)
    assert box.store.clips.trashed() == [] and list(box.store.places.trash.iterdir()) == []
    with pytest.raises(NotFound):
        box.store.clips.restore(clip.id)
    assert box.restart().clips.newest_first() == []


def test_the_trash_gives_room_that_is_needed_the_oldest_first(box: Box) -> None:
    clips = [box.clip() for _ in range(3)]
    for clip in clips:
        box.store.clips.trash(clip.id)
        box.clock.advance(1)
    room = Footprint(-clips[0].size - 1)
    assert box.store.upkeep.empty_trash(room, box.clock.stamp()) == Footprint(clips[1].size - 1, 4)
    assert [each.clip for each in box.store.clips.trashed()] == clips[2:]
    assert len(list(box.store.places.trash.iterdir())) == 2


def test_the_trash_keeps_a_clip_for_thirty_days(box: Box) -> None:
    clip = box.clip()
    box.store.clips.trash(clip.id)
    box.clock.advance(30 * DAY - 1)
    assert box.store.upkeep.empty_trash(ENOUGH, box.clock.stamp()) == ENOUGH
    assert box.store.clips.trashed()
    box.clock.advance(2)
    unset = evolve(box.clock.stamp(), source=ClockSource.NONE)
    box.store.upkeep.empty_trash(ENOUGH, unset)
    assert box.store.clips.trashed(), "a clock that nobody has set tells nothing"
    box.store.upkeep.empty_trash(ENOUGH, box.clock.stamp())
    assert box.store.clips.trashed() == []


def test_what_no_clock_dated_counts_from_when_one_was_set(box: Box) -> None:
    clip = box.clip()
    box.clock.source = ClockSource.NONE
    box.store.clips.trash(clip.id)
    box.clock.source = ClockSource.NTP
    for _ in range(2):
        box.store.upkeep.empty_trash(ENOUGH, box.clock.stamp())
        assert box.store.clips.trashed()
        box.clock.advance(30 * DAY - 1)
    box.clock.advance(2)
    box.store.upkeep.empty_trash(ENOUGH, box.clock.stamp())
    assert box.store.clips.trashed() == []


def test_a_lost_catalogue_makes_no_clip_of_what_was_deleted_and_it_can_still_be_brought_back(box: Box) -> None:
    kept, clip = box.clip(), box.clip()
    box.store.clips.trash(clip.id)
    box.close()
    box.lose_catalogue()
    store = box.start()
    assert store.clips.newest_first() == [kept]
    assert [each.clip for each in store.clips.trashed()] == [clip]
    assert store.clips.restore(clip.id) == clip and store.clips.newest_first() == [clip, kept]


def test_sound_that_somebody_took_out_of_the_trash_cannot_be_brought_back(box: Box) -> None:
    clip = box.clip()
    box.store.clips.trash(clip.id)
    (box.store.places.trash / f"{clip.name}.wav").unlink()
    with pytest.raises(NotFound, match="is not in"):
        box.store.clips.restore(clip.id)


@pytest.mark.parametrize("name", ["read me.txt", os.fsdecode(b"caf\xe9.wav"), "strange.wav", "strange.json"])
def test_what_somebody_put_into_the_trash_keeps_nobody_from_starting(box: Box, name: str) -> None:
    clip = box.clip()
    box.store.clips.trash(clip.id)
    (box.store.places.trash / name).write_bytes(b"x")
    store = box.restart()
    assert [each.clip for each in store.clips.trashed()] == [clip]
    assert store.clips.adopt(box.take())
