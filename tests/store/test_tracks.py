from pathlib import Path
from typing import Any

import pytest

from appliance.errors import NotFound
from appliance.events import InboxChanged, TrackRemoved
from appliance.models import ClockSource, Track


def add(box: Any, key: str, *, there: bool = True, feed: str = "news") -> Track:
    path = box.store.places.inbox / f"{key}.mp3"
    if there:
        path.write_bytes(b"ID3")
    box.clock.advance(1)
    track: Track = box.store.inbox.add(feed, key, f"About {key}", path, 3, "ab")
    return track


def test_a_track_is_kept_as_it_was_entered(box: Any) -> None:
    track = add(box, "one")
    path = box.store.places.inbox / "one.mp3"
    assert track == Track(track.id, "news", "one", "About one", path, 3, "ab", box.clock.wall_ns())
    assert box.restart().inbox.tracks() == [track]


def test_tracks_are_listed_by_arrival_and_feed(box: Any) -> None:
    first, second, third = add(box, "b"), add(box, "a", feed="other"), add(box, "c")
    assert box.store.inbox.tracks() == [first, second, third]
    assert box.store.inbox.tracks("other") == [second]
    assert box.store.inbox.has("news", "b") and not box.store.inbox.has("other", "b")


def test_a_track_of_the_same_key_gives_way_and_is_unheard_again(box: Any) -> None:
    old = add(box, "one")
    box.store.inbox.mark_played(old.id)
    new = add(box, "one")
    assert new.id > old.id and box.store.inbox.tracks() == [new] and box.store.inbox.unheard() == 1


def test_the_number_of_unheard_tracks_is_told_when_it_changes(box: Any) -> None:
    first, _ = add(box, "a"), add(box, "b")
    for _ in range(2):
        box.store.inbox.mark_played(first.id)
    assert [event.unheard for event in box.posted(InboxChanged)] == [0, 1, 2, 1]
    assert box.store.inbox.unheard() == 1
    assert [track.played for track in box.store.inbox.tracks()] == [True, False]


def test_the_next_message_is_the_oldest_unheard_then_the_newest_and_never_a_recording(box: Any) -> None:
    box.clip()
    assert box.store.inbox.next_message() is None
    first, second = add(box, "a"), add(box, "b")
    for track in (first, second):
        assert box.store.inbox.next_message()[:4] == (track.path, track.title, track.id, track.feed)
        box.store.inbox.mark_played(track.id)
    assert box.store.inbox.next_message()[:4] == (second.path, second.title, second.id, second.feed)


def test_a_message_whose_file_vanished_holds_nobody_up(box: Any) -> None:
    clip, gone = box.clip(), box.clip()
    box.store.clips.path(gone).unlink()
    add(box, "gone", there=False)
    assert box.store.inbox.next_message() is None and box.store.inbox.latest() is None
    assert box.store.clips.latest()[:4] == (box.store.clips.path(clip), clip.name, None, "")
    there = add(box, "there")
    assert box.store.inbox.next_message()[2] == there.id


def test_the_latest_message_and_the_latest_recording_are_two_things(box: Any) -> None:
    assert box.store.inbox.latest() is None and box.store.clips.latest() is None
    track = add(box, "a")
    assert (
        box.store.inbox.latest()[:4] == (track.path, track.title, track.id, track.feed)
        and box.store.clips.latest() is None
    )
    clip = box.clip()
    assert box.store.clips.latest()[:4] == (box.store.clips.path(clip), clip.name, None, "")
    assert box.store.inbox.latest()[:4] == (track.path, track.title, track.id, track.feed)
    assert add(box, "b").id == box.store.inbox.latest()[2]


def test_recordings_are_heard_backwards_one_before_the_other(box: Any) -> None:
    assert box.store.clips.earlier("") is None and box.store.clips.at_random("") is None
    first, gone, third = box.clip(), box.clip(), box.clip()
    box.store.clips.path(gone).unlink()
    assert [item.path for item in box.store.clips.all_recordings(9)] == list(map(box.store.clips.path, (first, third)))
    assert [item.title for item in box.store.clips.all_recordings(1)] == [third.name]
    heard = [box.store.clips.earlier("some story")]
    while heard[-1]:
        heard.append(box.store.clips.earlier(heard[-1][1]))
    assert [message[1] for message in heard[:-1]] == [third.name, first.name]
    assert {box.store.clips.at_random(third.name)[1] for _ in range(20)} == {first.name}
    assert {box.store.clips.at_random("some story")[1] for _ in range(100)} == {first.name, third.name}


def test_what_nobody_approved_of_is_not_heard_where_that_is_wanted(box: Any) -> None:
    good, bad, better = box.clip(), box.clip(), box.clip()
    clips = box.store.clips

    def heard() -> set[str]:
        listed = {item.title for item in clips.all_recordings(9, approved=True)}
        last, found = clips.earlier("some story", True), set()
        while last:
            found.add(last[1])
            last = clips.earlier(last[1], True)
        assert listed == found == {message[1] for _ in range(30) if (message := clips.at_random("", True))}
        return found

    assert heard() == set()
    for clip in (good, better):
        clips.say(clip.id, approved=True)
    assert heard() == {good.name, better.name}
    assert clips.earlier(bad.name, True) is not None and len(clips.all_recordings(9)) == 3
    clips.say(better.id, approved=False)
    assert heard() == {good.name}
    box.store.close()
    box.lose_catalogue()
    box.start()
    clips = box.store.clips
    assert heard() == {good.name}, "it outlives the catalogue"


def test_it_is_known_when_what_is_played_came_or_was_recorded(box: Any) -> None:
    clip, track = box.clip(), add(box, "a")
    assert box.store.clips.latest().at_ns == box.store.clips.all_recordings(1)[0].at_ns == clip.began.wall_ns > 0
    assert box.store.inbox.latest().at_ns == track.fetched_at > 0


def number(message: Any) -> int | None:
    return message[2] if message else None


def test_whoever_goes_on_comes_to_every_message_that_nobody_has_heard(box: Any) -> None:
    one, two, three = (add(box, key).id for key in "abc")
    inbox = box.store.inbox
    assert [number(inbox.next_message(after)) for after in (None, one, two, three)] == [one, two, three, one]
    inbox.mark_played(one)
    assert number(inbox.next_message(three)) == two
    inbox.mark_played(two)
    assert number(inbox.next_message(three)) == three, "the only one left"
    inbox.mark_played(three)
    assert number(inbox.next_message(one)) == three


def test_a_message_can_be_heard_again_and_the_one_before_it(box: Any) -> None:
    one, two, three = (add(box, key).id for key in "abc")
    inbox = box.store.inbox
    assert inbox.again(None) is None and inbox.previous(one) is None
    assert [number(inbox.again(two)), number(inbox.previous(three))] == [two, two]
    inbox.mark_played(one)
    assert number(inbox.again(None)) == number(inbox.previous(None)) == one


def test_a_message_that_cannot_be_played_is_kept_and_holds_nobody_up(box: Any) -> None:
    bad, good = add(box, "a"), add(box, "b")
    inbox = box.store.inbox
    inbox.mark_unplayable(bad.id)
    assert inbox.unheard() == 1 and number(inbox.next_message()) == good.id
    inbox.mark_played(good.id)
    inbox.mark_unplayable(good.id)
    assert [(track.played, track.unplayable) for track in inbox.tracks()] == [(False, True), (True, False)]
    assert number(inbox.next_message()) == number(inbox.latest()) == good.id and inbox.previous(good.id) is None
    assert bad.path.exists()


def test_a_message_may_count_as_not_heard_again(box: Any) -> None:
    track = add(box, "a")
    box.store.inbox.mark_played(track.id)
    box.store.inbox.mark_unheard(track.id)
    assert box.store.inbox.unheard() == 1 and box.posted(InboxChanged)[-1] == InboxChanged(1)
    box.store.inbox.remove(track.id)
    with pytest.raises(NotFound, match="feeds list"):
        box.store.inbox.mark_unheard(track.id)


def test_notes_are_kept_by_feed_and_key(box: Any) -> None:
    assert box.store.inbox.note("news", "one") == {}
    box.store.inbox.save_note("news", "one", {"etag": "x"})
    box.store.inbox.save_note("news", "one", {"etag": "ÿ", "tries": [1, None]})
    assert box.restart().inbox.note("news", "one") == {"etag": "ÿ", "tries": [1, None]}
    assert box.store.inbox.note("other", "one") == {}


def test_a_file_outside_the_inbox_keeps_its_path(box: Any, tmp_path: Path) -> None:
    elsewhere = tmp_path / "x.mp3"
    assert box.store.inbox.add("f", "k", "t", elsewhere, 1, "").path == elsewhere


def test_a_track_is_removed_with_its_file_and_not_pulled_again(box: Any) -> None:
    heard, other = add(box, "a"), add(box, "b")
    box.store.inbox.mark_played(heard.id)
    for track in (heard, other):
        told = len(box.posted(InboxChanged))
        box.store.inbox.remove(track.id)
        assert not track.path.exists() and track not in box.store.inbox.tracks()
        assert len(box.posted(InboxChanged)) == told + 1
        assert box.posted(TrackRemoved)[-1] == TrackRemoved(track.id)
        with pytest.raises(NotFound):
            box.store.inbox.remove(track.id)
    assert box.store.inbox.unheard() == 0 and box.store.inbox.next_message() is None
    assert box.restart().inbox.has("news", "a") and box.store.inbox.tracks() == []
    again = add(box, "a")
    assert box.store.inbox.tracks() == [again] and box.store.inbox.unheard() == 1


def test_what_came_before_the_clock_was_set_is_kept_for_as_long_as_the_rest(box: Any) -> None:
    """It would seem half a century old once the clock is right."""
    box.clock.source = ClockSource.NONE
    box.clock.set_wall(100.0)
    early = add(box, "early")
    box.store.inbox.mark_played(early.id)
    box.store.inbox.clear("news", keep=10, keep_unheard=None, keep_for=3600.0)
    box.clock.set_wall(1_800_000_000.0)
    box.store.inbox.clear("news", keep=10, keep_unheard=None, keep_for=3600.0)
    box.clock.source = ClockSource.NTP
    for passed, left in ((0, 1), (3500, 1), (200, 0)):
        box.clock.advance(passed)
        box.store.inbox.clear("news", keep=10, keep_unheard=None, keep_for=3600.0)
        assert len(box.store.inbox.tracks()) == left, passed


def test_what_the_power_left_of_a_removed_track_is_removed_at_the_start(box: Any) -> None:
    track = add(box, "a")
    box.store.inbox.remove(track.id)
    track.path.write_bytes(b"ID3")
    box.crash()
    assert not track.path.exists() and box.quarantined() == {}


def test_messages_of_a_feed_play_in_its_order(box: Any) -> None:
    """The oldest message says which feed is heard, and its feed which message of it."""
    for number in range(1, 7):
        add(box, str(number), feed="news" if number % 2 else "mail")
    inbox = box.store.inbox

    def heard(orders: dict[str, str]) -> list[str]:
        order, last = list[str](), None
        for _ in range(6):
            message = inbox.next_message(last, orders)
            assert message and message[2]
            order.append(message[1].removeprefix("About "))
            last = message[2]
            inbox.mark_played(last)
        for track in inbox.tracks():
            inbox.mark_unheard(track.id)
        return order

    assert heard({}) == ["1", "2", "3", "4", "5", "6"]
    assert heard({"news": "newest"}) == ["5", "6", "3", "4", "1", "2"]
    assert sorted(heard({"news": "random", "mail": "random"})) == ["1", "2", "3", "4", "5", "6"]


def test_what_was_kept_by_version_is_taken_over_and_only_older_ones_that_were_heard_go(box: Any) -> None:
    heard, unheard, newest = (add(box, f"a.wav {number}") for number in (1, 2, 3))
    other = add(box, "a.wav 4.wav")
    box.store.inbox.mark_played(heard.id)
    box.store.inbox.mark_played(newest.id)
    assert box.store.inbox.take_over("news", "a.wav", r"\d") == "3"
    assert [(track.id, track.key, track.played) for track in box.store.inbox.tracks()] == [
        (unheard.id, "a.wav 2", False),
        (newest.id, "a.wav", True),
        (other.id, "a.wav 4.wav", False),
    ]
    assert not heard.path.exists() and newest.path.exists()
    assert box.store.inbox.take_over("news", "a.wav", r"\d") == ""
