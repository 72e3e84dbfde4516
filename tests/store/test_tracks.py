from pathlib import Path
from typing import Any

from appliance.events import InboxChanged
from appliance.models import Track


def add(box: Any, key: str, *, there: bool = True, feed: str = "news") -> Track:
    path = box.store.inbox_directory / f"{key}.mp3"
    if there:
        path.write_bytes(b"ID3")
    box.clock.advance(1)
    track: Track = box.store.add_track(feed, key, f"About {key}", path, 3, "ab")
    return track


def test_a_track_is_kept_as_it_was_entered(box: Any) -> None:
    track = add(box, "one")
    path = box.store.inbox_directory / "one.mp3"
    assert track == Track(track.id, "news", "one", "About one", path, 3, "ab", box.clock.wall_ns())
    assert box.restart().tracks() == [track]


def test_tracks_are_listed_by_arrival_and_feed(box: Any) -> None:
    first, second, third = add(box, "b"), add(box, "a", feed="other"), add(box, "c")
    assert box.store.tracks() == [first, second, third]
    assert box.store.tracks("other") == [second]
    assert box.store.has_track("news", "b") and not box.store.has_track("other", "b")


def test_a_track_of_the_same_key_gives_way_and_is_unheard_again(box: Any) -> None:
    old = add(box, "one")
    box.store.mark_played(old.id)
    new = add(box, "one")
    assert new.id > old.id and box.store.tracks() == [new] and box.store.unheard() == 1


def test_the_number_of_unheard_tracks_is_told_when_it_changes(box: Any) -> None:
    first, _ = add(box, "a"), add(box, "b")
    for _ in range(2):
        box.store.mark_played(first.id)
    assert [event.unheard for event in box.posted(InboxChanged)] == [0, 1, 2, 1]
    assert box.store.unheard() == 1
    assert [track.played for track in box.store.tracks()] == [True, False]


def test_the_next_message_is_the_oldest_unheard_then_the_newest_then_the_newest_clip(box: Any) -> None:
    assert box.store.next_message() is None
    clip = box.clip()
    assert box.store.next_message() == (box.store.clip_path(clip), clip.name, None)
    first, second = add(box, "a"), add(box, "b")
    for track in (first, second):
        assert box.store.next_message() == (track.path, track.title, track.id)
        box.store.mark_played(track.id)
    assert box.store.next_message() == (second.path, second.title, second.id)


def test_a_message_whose_file_vanished_holds_nobody_up(box: Any) -> None:
    clip, gone = box.clip(), box.clip()
    box.store.clip_path(gone).unlink()
    add(box, "gone", there=False)
    assert box.store.next_message() == box.store.latest() == (box.store.clip_path(clip), clip.name, None)
    there = add(box, "there")
    assert box.store.next_message()[2] == there.id


def test_the_latest_is_the_newest_of_clips_and_tracks(box: Any) -> None:
    assert box.store.latest() is None
    track = add(box, "a")
    assert box.store.latest() == (track.path, track.title, track.id)
    clip = box.clip()
    assert box.store.latest() == (box.store.clip_path(clip), clip.name, None)
    assert add(box, "b").id == box.store.latest()[2]


def test_notes_are_kept_by_feed_and_key(box: Any) -> None:
    assert box.store.note("news", "one") == {}
    box.store.save_note("news", "one", {"etag": "x"})
    box.store.save_note("news", "one", {"etag": "ÿ", "tries": [1, None]})
    assert box.restart().note("news", "one") == {"etag": "ÿ", "tries": [1, None]}
    assert box.store.note("other", "one") == {}


def test_a_file_outside_the_inbox_keeps_its_path(box: Any, tmp_path: Path) -> None:
    elsewhere = tmp_path / "x.mp3"
    assert box.store.add_track("f", "k", "t", elsewhere, 1, "").path == elsewhere
