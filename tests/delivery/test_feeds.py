"""Tracks come into the inbox whole or not at all, and a feed that fails says so."""

import hashlib
import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from appliance.audio import wav
from appliance.config.feeds import FeedSettings, Pulled
from appliance.config.options import ByteCount, Seconds
from appliance.errors import Cancelled, NotFound, Permanent, PluginError, Transient, WrongKind
from appliance.events import (
    FaultCleared,
    FaultRaised,
    InboxChanged,
    LoopBegins,
    LoopRests,
    PlayRecording,
    PlayToggle,
    TrackArrived,
    TrackDue,
)
from appliance.faults import FEED
from appliance.feeds.pull import Pull
from appliance.feeds.puller import FIRST_RETRY, Feed
from appliance.machine import Player
from appliance.models import AudioFormat
from appliance.plugin import FeedJob
from appliance.status import Status

SOON = 10.0
Box = Any


def sound(frames: int) -> bytes:
    """The least that can be played."""
    return wav.build(AudioFormat(), 2 * frames) + bytes(2 * frames)


SOUND = sound(1)
WHOLE = [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]


class Puller:
    """Does what it is told, one thing for each pull, and the last thing ever after."""

    def __init__(self, *pulls: Callable[[FeedJob], None] | Exception) -> None:
        self.pulls = 0
        self.closed = False
        self._todo = list(pulls)

    def pull(self, job: FeedJob) -> None:
        self.pulls += 1
        todo = self._todo.pop(0) if len(self._todo) > 1 else self._todo[0]
        if isinstance(todo, BaseException):
            raise todo
        todo(job)

    def close(self) -> None:
        self.closed = True


def nothing(job: FeedJob) -> None:
    """There is nothing new."""


def brings(key: str, content: bytes = SOUND, title: str = "News", suffix: str = ".mp3") -> Callable[[FeedJob], None]:
    def pull(job: FeedJob) -> None:
        if not job.has(key):
            with job.new_track(key, title, suffix) as file:
                file.write(content)

    return pull


def feed(puller: Puller, autoplay: bool = False) -> Feed:
    return Feed("news", FeedSettings("urls", Seconds(900), autoplay), puller)


def test_a_track_enters_the_inbox(box: Box) -> None:
    box.pull(news=feed(Puller(brings("a/1?x"))))
    [arrived] = box.events.wait(TrackArrived)
    track = arrived.track
    assert not arrived.play_now
    assert box.store.inbox.tracks() == [track]
    assert (track.feed, track.key, track.title, track.size) == ("news", "a/1?x", "News", len(SOUND))
    assert track.path.parent == box.store.places.inbox
    assert track.path.read_bytes() == SOUND
    assert track.path.suffix == ".mp3"
    assert track.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert list(box.store.places.inbox.iterdir()) == [track.path]
    assert box.events.of(InboxChanged)[-1] == InboxChanged(1)


def test_what_arrives_on_an_autoplay_feed_is_to_be_played(box: Box) -> None:
    box.pull(news=feed(Puller(brings("1")), autoplay=True))
    assert box.events.wait(TrackArrived)[0].play_now


@pytest.mark.parametrize(
    "suffix", ["", ".mp3", ".MP3", "../../etc/x", ".mp3/..", ".a b", "mp3", ".x\0y", "." + "a" * 300]
)
def test_no_suffix_leads_out_of_the_inbox(box: Box, suffix: str) -> None:
    box.pull(news=feed(Puller(brings("1", suffix=suffix))))
    [arrived] = box.events.wait(TrackArrived)
    assert list(box.store.places.inbox.iterdir()) == [arrived.track.path]
    assert arrived.track.path.suffix in ("", ".mp3")


def test_a_feed_is_pulled_on_its_schedule_and_knows_what_it_brought(box: Box) -> None:
    puller = Puller(brings("1"), brings("1"), brings("2"), nothing)
    box.pull(news=feed(puller))
    begin = box.clock.monotonic()
    for number in range(1, 4):
        box.settle(lambda number=number: puller.pulls == number)
        box.clock.waiters()
        assert box.clock.monotonic() == begin + 900 * (number - 1)
        box.clock.advance(899)
        box.clock.waiters()
        assert puller.pulls == number
        box.clock.advance(1)
    assert [event.track.key for event in box.events.wait(TrackArrived, 2)] == ["1", "2"]


def test_a_feed_can_be_pulled_at_once(box: Box) -> None:
    puller = Puller(nothing)
    feeds = box.pull(news=feed(puller))
    box.clock.waiters()
    feeds.pull_now("news")
    box.settle(lambda: puller.pulls == 2)
    box.clock.waiters()
    feeds.pull_now()
    box.settle(lambda: puller.pulls == 3)
    with pytest.raises(NotFound, match="no feed 'weather'"):
        feeds.pull_now("weather")


def test_notes_are_kept(box: Box) -> None:
    seen: list[dict[str, object]] = []

    def notes(job: FeedJob) -> None:
        seen.append(job.note("http://x"))
        job.save_note("http://x", {"etag": "abc"})

    puller = Puller(notes)
    feeds = box.pull(news=feed(puller))
    box.settle(lambda: puller.pulls == 1)
    box.clock.waiters()
    feeds.pull_now()
    box.settle(lambda: len(seen) == 2)
    assert seen == [{}, {"etag": "abc"}]


@pytest.mark.parametrize("error", [Transient("line went dead"), Permanent("gone"), ConnectionResetError("reset")])
def test_nothing_stays_of_a_track_that_broke_off(box: Box, error: Exception) -> None:
    def breaks_off(job: FeedJob) -> None:
        with job.new_track("1", "News", ".mp3") as file:
            file.write(b"half of")
            file.flush()
            raise error

    puller = Puller(breaks_off, brings("1"))
    feeds = box.pull(news=feed(puller))
    box.settle(lambda: puller.pulls == 1)
    box.clock.waiters()
    assert not list(box.store.places.inbox.iterdir())
    feeds.pull_now()
    box.events.wait(TrackArrived)


def test_a_track_takes_no_room_that_recordings_have_in_reserve(box: Box) -> None:
    box.room = 5 << 20
    most = []

    def large(job: FeedJob) -> None:
        if not job.has("1"):
            with job.new_track("1", "News", ".mp3") as file:
                file.write(wav.build(AudioFormat(), 8_000_000))
                for _ in range(80):
                    file.write(bytes(100_000))
                    most.append(sum(path.stat().st_size for path in box.store.places.inbox.iterdir()))

    feeds = box.pull(lambda _: [Puller(large)], news=feed(Puller(large)))
    [raised] = box.events.wait(FaultRaised)
    assert "feed news: there is no room for new tracks beside the reserve for recordings" in raised.fault.message
    assert 4 << 20 <= max(most) <= 5 << 20
    assert not list(box.store.places.inbox.iterdir())
    with pytest.raises(Permanent, match="no room"):
        feeds.fetch("http://x")

    box.room = 10 << 20
    feeds.pull_now()
    [arrived] = box.events.wait(TrackArrived)
    assert arrived.track.size == arrived.track.path.stat().st_size == wav.HEADER_BYTES + 8_000_000
    box.events.wait(FaultCleared)


@pytest.mark.parametrize("size", [3_000_000, 3_000])
def test_a_disk_that_takes_no_more_of_a_track_is_told_so(box: Box, size: int) -> None:
    job = Pull(box.store, "news", box.clock, lambda _: True, lambda: False, lambda _: None)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with (
            pytest.raises(Transient, match=r"the inbox takes no more \(.+\): free some space"),
            job.new_track("1", "News", ".wav") as file,
        ):
            file.write(bytes(size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(box.store.places.inbox.iterdir())


def test_an_empty_track_is_none(box: Box) -> None:
    puller = Puller(brings("1", b""))
    box.pull(news=feed(puller))
    box.settle(lambda: puller.pulls == 1)
    box.clock.waiters()
    assert not box.store.inbox.tracks() and not list(box.store.places.inbox.iterdir())


def test_what_cannot_be_played_is_no_message(box: Box) -> None:
    puller = Puller(brings("1", b"<html>Sign in to the guests' network</html>"), brings("1"))
    feeds = box.pull(news=feed(puller))
    [raised] = box.events.wait(FaultRaised)
    assert raised.fault.message == ("feed news: News is no sound that can be played: serve WAV, FLAC, Ogg, Opus or MP3")
    assert not list(box.store.places.inbox.iterdir()) and box.store.inbox.unheard() == 0
    feeds.pull_now()
    box.events.wait(TrackArrived)


@pytest.mark.parametrize(("format", "subtype"), WHOLE)
def test_what_is_damaged_is_no_message_though_its_line_was_sound(
    box: Box, tmp_path: Path, format: str, subtype: str
) -> None:
    times = np.arange(3 * 48_000) / 48_000
    tone = (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    soundfile.write(tmp_path / "whole", tone, 48_000, subtype, format=format)
    whole = (tmp_path / "whole").read_bytes()
    puller = Puller(brings("1", whole[: len(whole) // 2]), brings("2", whole))
    feeds = box.pull(news=feed(puller))
    [raised] = box.events.wait(FaultRaised)
    said = {"damaged, or not all there: offer", "no sound that can be played"}
    assert any(words in raised.fault.message for words in said)
    assert not list(box.store.places.inbox.iterdir())
    feeds.pull_now()
    box.settle(lambda: box.events.of(TrackArrived) and box.events.of(TrackArrived)[-1].track.key == "2")


@pytest.mark.parametrize("claimed", [0, 0xFFFFFFFF])
def test_a_wav_whose_header_claims_nothing_or_4_gb_is_taken_as_long_as_it_is(box: Box, claimed: int) -> None:
    content = bytearray(sound(4800))
    for place in (4, content.index(b"data") + 4):
        content[place : place + 4] = claimed.to_bytes(4, "little")
    box.pull(news=feed(Puller(brings("1", bytes(content)))))
    [arrived] = box.events.wait(TrackArrived)
    assert arrived.track.path.read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0" + bytes(5000), b"\xff\xfb\x90\x00" * 3, b"RIFF\xff\xff\xff\xffWAVE"]
)
def test_what_only_looks_like_sound_is_no_message(box: Box, content: bytes) -> None:
    box.pull(news=feed(Puller(brings("1", content))))
    assert "no sound that can be played" in box.events.wait(FaultRaised)[0].fault.message


def test_a_transient_failure_is_tried_again_soon_and_is_no_fault(box: Box) -> None:
    puller = Puller(*[Transient("no route")] * 3, brings("1"))
    box.pull(news=feed(puller))
    begin = box.clock.monotonic()
    box.pass_time(0.5, lambda: box.events.of(TrackArrived))
    assert box.clock.monotonic() - begin == pytest.approx(2.5 + 5 + 10, abs=5)
    assert not box.events.of(FaultRaised)


@pytest.mark.parametrize(("asked", "waits"), [(1200.0, 1200.0), (1e9, 3600.0)])
def test_a_server_may_ask_for_a_longer_wait_up_to_an_hour(box: Box, asked: float, waits: float) -> None:
    puller = Puller(Transient("busy", retry_after=asked), nothing)
    box.pull(news=feed(puller))
    box.settle(lambda: puller.pulls == 1)
    box.clock.waiters()
    box.clock.advance(waits - 1)
    box.clock.waiters()
    assert puller.pulls == 1
    box.clock.advance(1)
    box.settle(lambda: puller.pulls == 2)


def test_failures_alone_never_make_it_slower_than_its_schedule(box: Box) -> None:
    puller = Puller(Transient("busy"), nothing)
    box.pull(news=feed(puller))
    box.settle(lambda: puller.pulls == 1)
    box.clock.waiters()
    box.clock.advance(900)
    box.settle(lambda: puller.pulls == 2)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Permanent("there is no such page.\nCheck urls"), "feed news: there is no such page. Check urls"),
        (ValueError("oh"), "defect in the backend: ValueError: oh. Update its plugin"),
        (KeyboardInterrupt(), "defect in the backend: KeyboardInterrupt. Update its plugin"),
        (ValueError("\udcff\x1b[31m"), "\\udcff\\x1b[31m"),
    ],
)
def test_what_does_not_pass_by_itself_is_a_fault_until_it_works(box: Box, error: Exception, words: str) -> None:
    puller = Puller(error, error, nothing)
    feeds = box.pull(news=feed(puller))
    [raised] = box.events.wait(FaultRaised)
    assert raised.fault.name == "feed:news"
    assert words in raised.fault.message
    for number in (2, 3):
        box.clock.waiters()
        feeds.pull_now()
        box.settle(lambda number=number: puller.pulls == number)
    assert box.events.wait(FaultCleared) == [FEED.cleared("news")]
    assert len(box.events.of(FaultRaised)) == 1


def test_feeds_do_not_wait_for_each_other_and_stop(box: Box) -> None:
    inside, left = threading.Event(), threading.Event()

    def waits(job: FeedJob) -> None:
        inside.set()
        limit = time.monotonic() + SOON
        while not job.cancelled():
            assert time.monotonic() < limit
            time.sleep(0.001)
        left.set()

    slow, quick = Puller(waits), Puller(brings("1"))
    feeds = box.pull(slow=Feed("slow", FeedSettings(), slow), news=feed(quick))
    assert inside.wait(SOON)
    box.events.wait(TrackArrived)
    box.clock.advance(86_400)
    box.settle(lambda: not box.vitals.overdue())
    feeds.close()
    assert left.is_set() and slow.closed and quick.closed
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("feed:")]


def breaks_off(error: Exception, content: bytes = SOUND[:20]) -> Callable[[FeedJob], None]:
    def pull(job: FeedJob) -> None:
        with job.new_track("1", "News", ".wav", begun="http://x") as file:
            file.write(content)
            raise error

    return pull


@pytest.mark.parametrize("error", [Transient("line went dead"), Cancelled("stopped"), ConnectionResetError("reset")])
def test_what_was_begun_is_gone_on_with_after_a_restart_too(box: Box, error: Exception) -> None:
    def goes_on(job: FeedJob) -> None:
        with job.new_track("1", "News", ".wav", begun="http://x") as file:
            assert file.read() == SOUND[: job.begun("http://x")] == SOUND[:20]
            file.write(SOUND[20:])
        assert not job.begun("http://x")

    puller = Puller(breaks_off(error), nothing)
    box.pull(news=feed(puller))
    box.settle(lambda: puller.pulls == 1)
    box.clock.waiters()
    [left] = box.store.places.inbox.iterdir()
    os.utime(left, ns=(box.clock.wall_ns(), box.clock.wall_ns()))
    box.restart()
    box.pull(news=feed(Puller(goes_on)))
    [arrived] = box.events.wait(TrackArrived)
    assert arrived.track.path.read_bytes() == SOUND
    assert list(box.store.places.inbox.iterdir()) == [arrived.track.path]


def test_what_needs_a_person_is_not_gone_on_with(box: Box) -> None:
    puller = Puller(breaks_off(Permanent("too large")))
    box.pull(news=feed(puller))
    box.events.wait(FaultRaised)
    assert not list(box.store.places.inbox.iterdir())


def test_what_nobody_goes_on_with_is_removed_at_start(box: Box) -> None:
    puller = Puller(breaks_off(Transient("line went dead")), nothing)
    box.pull(news=feed(puller))
    box.settle(lambda: puller.pulls == 1)
    box.clock.waiters()
    [begun] = box.store.places.inbox.iterdir()
    week = box.clock.wall_ns() / 1e9 - 8 * 86_400
    os.utime(begun, (week, week))
    box.restart()
    box.pull(news=feed(Puller(nothing)))
    assert not begun.exists()


def test_a_fetch_by_a_persons_word_begins_anew(box: Box) -> None:
    feeds = box.pull(lambda _: [Puller(breaks_off(Transient("line went dead")))])
    with pytest.raises(Transient, match="line went dead"):
        feeds.fetch("http://x")
    assert not list(box.store.places.inbox.iterdir())


@pytest.mark.parametrize(("format", "subtype"), WHOLE)
def test_what_has_no_announced_end_is_taken_only_whole(box: Box, tmp_path: Path, format: str, subtype: str) -> None:
    path = tmp_path / "sound"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.1, 0.1, 160_000), 8000, format=format, subtype=subtype)
    whole = path.read_bytes()

    def brings_unbounded(content: bytes) -> Callable[[FeedJob], None]:
        def pull(job: FeedJob) -> None:
            with job.new_track("1", "News", "", bounded=False) as file:
                file.write(content)

        return pull

    for share in (0.7, 0.95):
        feeds = box.pull(lambda _, share=share: [Puller(brings_unbounded(whole[: int(len(whole) * share)]))])
        with pytest.raises(Transient, match="News broke off"):
            feeds.fetch("http://x")
        assert not list(box.store.places.inbox.iterdir())
    assert box.pull(lambda _: [Puller(brings_unbounded(whole))]).fetch("http://x").size == len(whole)


def test_what_a_crash_left_half_pulled_is_removed_at_start(box: Box) -> None:
    left = box.store.places.inbox / ".news_2026-01-01_00-00-00Z_0123456789.mp3.partial"
    left.write_bytes(b"half")
    box.pull(news=feed(Puller(nothing)))
    assert not left.exists()


@pytest.mark.parametrize(("keep_unheard", "left"), [(None, "3456789"), (2, "3489")])
def test_the_inbox_does_not_grow_for_ever(box: Box, keep_unheard: int | None, left: str) -> None:
    """Numbers 1 to 4 are heard, 5 to 9 are not."""
    settings = FeedSettings("urls", Seconds(900), keep=2, keep_unheard=keep_unheard)
    puller = Puller(*[brings(str(number)) for number in range(1, 10)])
    feeds = box.pull(news=Feed("news", settings, puller))
    for number in range(1, 10):
        track = box.events.wait(TrackArrived, number)[-1].track
        box.clock.waiters()
        if number <= 4:
            box.store.inbox.mark_played(track.id)
        feeds.pull_now()
    box.settle(lambda: puller.pulls >= 10)
    box.clock.waiters()
    assert "".join(track.key for track in box.store.inbox.tracks()) == left
    assert {track.path for track in box.store.inbox.tracks()} == set(box.store.places.inbox.iterdir())
    assert box.store.inbox.has("news", "1")


@pytest.mark.parametrize(
    ("kept", "left"), [({"keep_for": Seconds(1000)}, "45"), ({"keep_size": ByteCount(3 * len(SOUND))}, "2345")]
)
def test_what_was_heard_goes_by_its_age_or_its_size(box: Box, kept: dict[str, Any], left: str) -> None:
    """Numbers 1 to 4 are heard, 5 is not; each comes 400 seconds after the one before."""
    puller = Puller(*[brings(str(number)) for number in range(1, 6)], nothing)
    feeds = box.pull(news=Feed("news", FeedSettings("urls", Seconds(86_000), **kept), puller))
    for number in range(1, 6):
        track = box.events.wait(TrackArrived, number)[-1].track
        if number <= 4:
            box.store.inbox.mark_played(track.id)
        box.clock.advance(400)
        feeds.pull_now()
    box.settle(lambda: puller.pulls >= 6 and "".join(track.key for track in box.store.inbox.tracks()) == left)


def test_what_comes_in_quiet_hours_is_due_after_them(box: Box) -> None:
    now = box.clock.stamp().wall_ns // 10**9 % 86_400
    clock = [f"{(now + ahead) // 3600 % 24:02}:{(now + ahead) // 60 % 60:02}" for ahead in (-3600, 3600)]
    settings = FeedSettings("urls", Seconds(3610), autoplay=True, quiet_hours=("-".join(clock),))
    puller = Puller(brings("1"), brings("2"))
    box.pull(news=Feed("news", settings, puller))
    [arrived] = box.events.wait(TrackArrived)
    assert not arrived.play_now and not box.events.of(TrackDue)
    for _ in range(6):
        box.clock.waiters()
        box.clock.advance(590)
    box.clock.waiters()
    assert not box.events.of(TrackDue) and puller.pulls == 1
    box.pass_time(62, lambda: box.events.of(TrackDue))
    assert box.events.of(TrackDue) == [TrackDue(arrived.track)]
    box.pass_time(20, lambda: len(box.events.of(TrackArrived)) == 2)
    assert box.events.of(TrackArrived)[-1].play_now


def test_what_came_in_quiet_hours_is_due_after_them_also_where_the_box_was_started_meanwhile(box: Box) -> None:
    settings = FeedSettings("urls", Seconds(3000), autoplay=True, quiet_hours=(hours(box, -1, 1), hours(box, 5, 7)))
    feeds = box.pull(news=Feed("news", settings, Puller(brings("1"), brings("2", SOUND + b"2"))))
    box.events.wait(TrackArrived)
    feeds.pull_now()
    [heard, unheard] = [arrived.track for arrived in box.events.wait(TrackArrived, 2)]
    box.store.inbox.mark_played(heard.id)
    box.restart()
    box.pull(news=Feed("news", settings, Puller(nothing)))
    box.clock.waiters()
    assert not box.events.of(TrackDue)
    box.clock.advance(3700)
    assert box.events.wait(TrackDue) == [TrackDue(unheard)]
    box.restart()
    box.clock.advance(5 * 3600)
    box.pull(news=Feed("news", settings, Puller(nothing)))
    for _ in range(3):
        box.clock.waiters()
        box.clock.advance(3000)
    box.clock.waiters()
    assert not box.events.of(TrackDue), "it had its morning"


def test_what_was_heard_or_removed_in_quiet_hours_is_not_due_after_them(box: Box) -> None:
    settings = FeedSettings("urls", Seconds(90_000), autoplay=True, quiet_hours=(hours(box, -1, 1),))
    feeds = box.pull(news=Feed("news", settings, Puller(*[brings(f"{n}", SOUND + b"%d" % n) for n in range(3)])))
    for number in (1, 2, 3):
        arrived = box.events.wait(TrackArrived, number)
        feeds.pull_now() if number < 3 else None
    heard, removed, left = (each.track for each in arrived)
    box.store.inbox.mark_played(heard.id)
    box.store.inbox.remove(removed.id)
    box.clock.waiters()
    box.clock.advance(3700)
    assert box.events.wait(TrackDue) == [TrackDue(left)]


def test_by_default_no_message_is_removed_that_nobody_has_heard() -> None:
    assert (FeedSettings().keep, FeedSettings().keep_unheard) == (100, None)


def test_a_message_may_be_heard_again(box: Box) -> None:
    box.pull(news=feed(Puller(brings("1"))))
    [arrived] = box.events.wait(TrackArrived)
    box.store.inbox.mark_played(arrived.track.id)
    box.store.inbox.mark_unheard(arrived.track.id)
    assert box.store.inbox.unheard() == 1
    box.store.inbox.remove(arrived.track.id)
    with pytest.raises(NotFound, match="no track"):
        box.store.inbox.mark_unheard(arrived.track.id)
    assert box.store.inbox.unheard() == 0


# -- `appliance play URL` ----------------------------------------------------------------------------------------------


def test_fetching_a_url(box: Box) -> None:
    asked: list[str] = []

    def build(url: str) -> list[Puller]:
        asked.append(url)
        return [puller]

    other = sound(2)
    puller = Puller(brings("http://x/a.mp3", SOUND), brings("http://x/a.mp3", other))
    feeds = box.pull(build)
    first = feeds.fetch("http://x/a.mp3")
    assert first.path.read_bytes() == SOUND
    assert puller.closed
    again = feeds.fetch("http://x/a.mp3")
    assert again.path.read_bytes() == other
    assert not first.path.exists()
    assert box.store.inbox.tracks() == [again]
    assert asked == ["http://x/a.mp3"] * 2
    assert box.events.of(TrackArrived) == [TrackArrived(first, False), TrackArrived(again, False)]


@pytest.mark.parametrize(
    ("pull", "error", "words"),
    [
        (Permanent("404"), Permanent, "404"),
        (Transient("no route"), Transient, "no route"),
        (KeyError("x"), PluginError, "fetching http://x failed: KeyError"),
        (SystemExit(2), PluginError, "fetching http://x failed: SystemExit: 2"),
        (nothing, NotFound, "nothing to play at http://x"),
    ],
)
def test_fetching_fails_with_words(box: Box, pull: Any, error: type[Exception], words: str) -> None:
    feeds = box.pull(lambda _: [Puller(pull)])
    with pytest.raises(error, match=words):
        feeds.fetch("http://x")


def test_a_url_is_fetched_as_the_first_kind_that_it_is_of(box: Box) -> None:
    kinds = [Puller(WrongKind("no podcast")), Puller(brings("http://x/a", SOUND)), Puller(KeyError("asked too far"))]
    assert box.pull(lambda _: kinds).fetch("http://x/a").path.read_bytes() == SOUND
    assert [kind.closed for kind in kinds] == [True, True, False]


def test_of_what_is_of_no_kind_the_most_specific_is_heard(box: Box) -> None:
    with pytest.raises(WrongKind, match="no podcast"):
        box.pull(lambda _: [Puller(WrongKind("no podcast")), Puller(WrongKind("no playlist"))]).fetch("http://x/a")


def test_fetching_without_a_plugin_that_can(box: Box) -> None:
    with pytest.raises(NotFound, match="no plugin can fetch http://x"):
        box.pull().fetch("http://x")


def test_a_leftover_that_cannot_be_removed_keeps_nobody_from_starting(box: Box) -> None:
    (box.store.places.inbox / ".news_2026-01-01_00-00-00Z_0123456789.mp3.partial").mkdir()
    box.pull(news=feed(Puller(brings("a"))))
    box.events.wait(TrackArrived)


def test_a_disk_that_fails_in_the_middle_of_a_track_is_no_defect_of_the_backend(box: Box) -> None:
    inbox = box.store.places.inbox
    aside = inbox.with_name("aside")

    def pull(job: FeedJob) -> None:
        with job.new_track("a", "News", ".mp3") as file:
            file.write(SOUND)
            inbox.rename(aside)
            inbox.touch()

    box.pull(news=feed(Puller(pull, nothing)))
    box.clock.waiters(SOON)
    inbox.unlink()
    aside.rename(inbox)
    assert not box.events.of(FaultRaised)


@pytest.mark.parametrize("error", [Transient("no route"), Permanent("that may be the login page of this network")])
def test_when_the_network_is_back_what_failed_is_pulled_at_once_and_soon_again(box: Box, error: Exception) -> None:
    puller, other = Puller(*[error] * 9, Transient("no name server"), brings("1")), Puller(*[nothing] * 9)
    feeds = box.pull(news=feed(puller), well=feed(other))
    for number in range(1, 10):
        box.settle(lambda number=number: puller.pulls == number and other.pulls == 1)
        box.clock.waiters(at_least=2)
        if number < 9:
            feeds.pull_now("news")
    feeds.hurry()
    box.settle(lambda: puller.pulls == 10)
    box.clock.waiters(at_least=2)
    box.clock.advance(FIRST_RETRY)
    box.events.wait(TrackArrived)
    assert other.pulls == 1


def test_what_sounds_over_and_over_begins_at_the_start_and_rests_in_quiet_hours(box: Box) -> None:
    settings = FeedSettings("folder", Seconds(900), autoplay=True, loop=True, quiet_hours=(hours(box, 1, 2),))
    box.pull(museum=Feed("museum", settings, Puller(brings("1"), nothing)))
    [arrived] = box.events.wait(TrackArrived)
    assert not arrived.play_now, "it plays in its round"
    assert box.events.wait(LoopBegins)[0] == LoopBegins("museum", ())
    box.clock.waiters()
    for seconds in (3600, 3600):
        box.clock.advance(seconds)
        box.clock.waiters()
    assert box.events.wait(LoopRests) == [LoopRests("museum")]
    assert box.events.wait(LoopBegins, 2)[1] == LoopBegins("museum", (arrived.track,))
    box.restart()
    box.pull(museum=Feed("museum", settings, Puller(nothing)))
    assert box.events.wait(LoopBegins)[0].tracks == (arrived.track,)


def test_what_takes_the_place_of_another_is_told_and_nothing_else_sounds_any_more(box: Box) -> None:
    def replaces(content: bytes) -> Callable[[FeedJob], None]:
        def pull(job: FeedJob) -> None:
            with job.new_track("1", "Narration", ".wav") as file:
                file.write(content)

        return pull

    puller = Puller(replaces(SOUND), replaces(SOUND), replaces(sound(400)))
    box.pull(museum=Feed("museum", FeedSettings("folder", Seconds(900), loop=True), puller))
    for pulls in (1, 2, 3):
        box.settle(lambda: puller.pulls == pulls)  # noqa: B023
        box.clock.waiters()
        box.clock.advance(900)
    first, second = box.events.wait(TrackArrived, 2)
    box.settle(lambda: puller.pulls == 4)
    told = [event.tracks for event in box.events.wait(LoopBegins, 3)]
    assert told == [(), (first.track,), (second.track,)], "the same bytes begin nothing anew"


def hours(box: Box, begin: float, end: float) -> str:
    """A span of the day that begins and ends in so many hours."""
    now = box.clock.stamp()
    times = [int((now.wall_ns / 1e9 + now.utc_offset) // 60 + 60 * each) % 1440 for each in (begin, end)]
    return "-".join(f"{time // 60:02}:{time % 60:02}" for time in times)


def test_a_feed_that_waits_for_a_button_is_pulled_when_somebody_wants_to_hear(box: Box) -> None:
    puller = Puller(brings("1"), brings("2"), nothing)
    settings = FeedSettings("urls", Seconds(900), pulled=Pulled.ON_BUTTON)
    feeds = box.pull(news=Feed("news", settings, puller))
    box.clock.waiters()
    box.clock.advance(10_000)
    box.clock.waiters()
    assert puller.pulls == 0
    for input, status in (
        (PlayToggle(), Status(player=Player.PAUSED)),
        (PlayToggle(), Status(player=Player.PLAYING)),
        (PlayRecording(), Status()),
    ):
        feeds.hear(input, status)
    feeds.hear(PlayToggle(), Status())
    assert box.events.wait(TrackArrived)[0].play_now
    box.settle(lambda: puller.pulls == 1)
    box.clock.waiters()
    feeds.pull_now("news")
    assert not box.events.wait(TrackArrived, 2)[1].play_now, "nobody asked to hear it"


def test_the_same_bytes_change_nothing_and_others_take_the_place_of_the_old_ones_unheard(box: Box) -> None:
    job = Pull(box.store, "news", box.clock, lambda _: True, lambda: False, lambda _: None)

    def put(content: bytes) -> None:
        with job.new_track("one", "News", ".wav") as file:
            file.write(content)

    put(SOUND)
    (first,) = box.store.inbox.tracks()
    box.store.inbox.mark_played(first.id)
    put(SOUND)
    (same,) = box.store.inbox.tracks()
    assert same.id == first.id and same.played and first.path.exists()
    put(sound(400))
    (other,) = box.store.inbox.tracks()
    assert other.id != first.id and not other.played and not first.path.exists()
    assert list(box.store.places.inbox.iterdir()) == [other.path]
