"""Recordings in several parts: no frame is lost or doubled between one clip and the one that carries it on."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.audio.fulltimes import next_full
from appliance.audio.take import repair
from appliance.config.audio import AtMax, AtPause, CaptureSettings, RecordingSettings
from appliance.config.options import ByteCount, Seconds
from appliance.events import (
    Event,
    GapFound,
    MarkSet,
    TakeContinues,
    TakeDiscarded,
    TakeFailed,
    TakePaused,
    TakeResumed,
    TakeSealed,
    TakeStarted,
)
from appliance.models import Clip, ClockSource, ClockStamp, GapCause, Mark, Pause, Verdict
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import numbered, stretches
from appliance.testing.clock import ManualClock
from tests.audio.conftest import Booth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.events import Command

RATE = 8000


class Parted(Booth):
    """A booth in which the wish for another take is answered as the controller answers it."""

    def __init__(self, takes: Path) -> None:
        super().__init__(takes)
        self.answers = True
        self.made = 1

    def post(self, event: Command | Event) -> None:
        super().post(event)
        if isinstance(event, TakeContinues) and self.answers:
            self.recorder.start(self.next_id(), event.at, event.format, event.take_id)

    def next_id(self) -> str:
        self.made += 1
        return f"take{self.made:06}"

    def split(self, at: float) -> None:
        assert self.recorder.split(self.next_id(), at)

    def finish(self, seconds: float) -> list[Clip]:
        """Stop at that moment: all clips, in the order in which they were sealed."""
        self.recorder.stop(self.at(seconds))
        while len(self.of(TakeSealed)) + len(self.of(TakeDiscarded)) < self.made:
            self.sealed()
        return [event.clip for event in self.of(TakeSealed)]

    def check_chain(self, clips: list[Clip]) -> None:
        assert [clip.continues for clip in clips] == [None, *(clip.id for clip in clips[:-1])]

    def whole(self, clips: list[Clip]) -> bytes:
        return b"".join(self.sound(clip.id)[: clip.frames * self.format.frame_bytes] for clip in clips)


@pytest.fixture
def parted(tmp_path: Path) -> Iterator[Parted]:
    booth = Parted(tmp_path / "takes")
    yield booth
    booth.recorder.close()


# -- as long as it may be ----------------------------------------------------------------------------------------------


def test_a_take_that_is_as_long_as_it_may_be_goes_on_in_linked_clips(parted: Parted) -> None:
    parted.recording = RecordingSettings(max_duration=Seconds(1.1))
    parted.begin()
    parted.run(5.0)
    parted.first(TakeStarted, 5)
    clips = parted.finish(4.9)
    parted.check_chain(clips)
    assert parted.whole(clips) == numbered(0, 39_200, parted.format)
    assert [clip.frames for clip in clips] == [8800, 8800, 8800, 8800, 4000]
    assert all(clip.gaps == () and not clip.cut for clip in clips)
    for number, clip in enumerate(clips[1:], 1):
        assert clip.started.monotonic_ns == pytest.approx(parted.at(number * 1.1) * 1e9, abs=1e9 / RATE)
    assert [event.take_id for event in parted.of(TakeStarted)] == [clip.id for clip in clips]
    assert len(parted.cards.captures) == 1 and parted.of(TakeFailed) == []


def test_the_part_that_a_stop_leaves_over_is_never_too_short(parted: Parted) -> None:
    """It belongs to what was said before it, and must get where that gets."""
    parted.recording = RecordingSettings(max_duration=Seconds(2.0))
    parted.begin()
    parted.run(2.25)
    parted.first(TakeContinues)
    clips = parted.finish(2.01)
    assert [clip.frames for clip in clips] == [16_000, 80]
    assert clips[1].verdict is not Verdict.TOO_SHORT


def test_a_stop_at_the_very_end_leaves_nothing_over(parted: Parted) -> None:
    parted.recording = RecordingSettings(max_duration=Seconds(2.0))
    parted.begin()
    parted.run(1.5)
    (clip,) = parted.finish(2.0)
    assert clip.frames == 16_000 and parted.of(TakeContinues) == []


def test_a_stop_that_came_before_the_wish_for_another_take_loses_nothing(parted: Parted) -> None:
    """The disk stalled, meanwhile the take grew too long and was stopped: the controller makes no other take."""
    parted.answers = False
    parted.recording = RecordingSettings(max_duration=Seconds(2.0))
    parted.begin()
    parted.run(3.0)
    parted.first(TakeContinues)
    (clip,) = parted.finish(2.9)
    assert clip.frames == 23_200 and parted.whole([clip]) == numbered(0, 23_200, parted.format)


def test_the_end_of_the_appliance_loses_nothing_either(parted: Parted) -> None:
    parted.answers = False
    parted.recording = RecordingSettings(max_duration=Seconds(2.0))
    parted.begin()
    parted.run(3.0)
    parted.first(TakeContinues)
    parted.recorder.close(timeout=2.0)
    assert parted.first(TakeSealed).clip.frames == 24_000


def test_presses_are_followed_in_the_part_in_which_their_moment_is(parted: Parted) -> None:
    parted.recording = RecordingSettings(max_duration=Seconds(2.0))
    parted.begin()
    parted.run(1.75)
    for moment in (1.9, 2.1):
        parted.recorder.mark(parted.at(moment))
    parted.recorder.pause(parted.at(2.2))
    parted.recorder.resume(parted.at(3.2))
    parted.run(2.0)
    parted.first(TakeStarted, 2)
    clips = parted.finish(3.7)
    parted.check_chain(clips)
    assert [clip.marks for clip in clips] == [(Mark(15_200),), (Mark(800),)]
    assert [clip.pauses for clip in clips] == [(), (Pause(1600, 1.0),)]
    assert parted.whole(clips) == numbered(0, 17_600, parted.format) + numbered(25_600, 4000, parted.format)
    assert parted.first(TakePaused).take_id == parted.first(TakeResumed).take_id == clips[1].id


def test_a_gap_across_the_end_is_in_both(parted: Parted) -> None:
    parted.recording = RecordingSettings(max_duration=Seconds(2.0))
    parted.begin()
    parted.run(1.5)
    parted.cards.capture.overrun(8000)
    parted.run(1.0, step=1.0)
    parted.run(1.0)
    parted.first(TakeStarted, 2)
    clips = parted.finish(3.4)
    parted.check_chain(clips)
    assert [[(gap.offset, gap.frames) for gap in clip.gaps] for clip in clips] == [[(12_000, 4000)], [(0, 4000)]]
    assert {gap.cause for clip in clips for gap in clip.gaps} == {GapCause.OVERRUN}
    assert sum(event.gap.frames for event in parted.of(GapFound)) == 8000
    data = parted.whole(clips)
    assert data == numbered(0, 12_000, parted.format) + bytes(16_000) + numbered(20_000, 7200, parted.format)


def test_a_discard_spares_the_parts_that_are_clips(parted: Parted) -> None:
    parted.recording = RecordingSettings(max_duration=Seconds(2.0))
    parted.begin()
    parted.run(3.0)
    first = parted.first(TakeSealed).clip
    parted.recorder.discard()
    assert parted.first(TakeDiscarded).take_id == "take000002"
    assert parted.sound(first.id) == numbered(0, 16_000, parted.format)
    assert [path.name for path in parted.takes.iterdir()] == [first.id]


def test_a_crash_keeps_the_link_of_every_part(parted: Parted) -> None:
    parted.recording = RecordingSettings(max_duration=Seconds(1.0))
    parted.begin()
    parted.run(2.5)
    parted.first(TakeStarted, 3)
    clips = parted.finish(2.4)
    for clip in clips:
        (parted.takes / clip.id / "clip.json").unlink()
    repaired = [repair(parted.takes / clip.id) for clip in clips]
    assert [(clip.continues, clip.frames) for clip in repaired if clip] == [(c.continues, c.frames) for c in clips]


def test_what_a_sound_server_lost_moves_the_rest_into_the_next_part(tmp_path: Path) -> None:
    """It comes to light five seconds later, when the take is nearly as long as it may be."""
    booth = Parted(tmp_path / "takes")
    booth.cards = FakeCards(booth.clock, behind_server=True)
    booth.recording = RecordingSettings(max_duration=Seconds(12))
    booth.begin()
    booth.run(6.0, step=0.05)
    booth.cards.capture.swallow(12_000)
    booth.run(0.25, step=0.05)
    booth.run(8.0, step=0.05)
    booth.first(TakeStarted, 2)
    clips = booth.finish(14.0)
    booth.check_chain(clips)
    (gap,) = clips[0].gaps
    assert clips[0].frames == 12 * RATE
    assert gap.offset == 48_000 and abs(gap.frames - 12_000) <= gap.uncertainty
    first, second = stretches(booth.whole(clips), booth.format)
    assert (first.frames, second.first) == (48_000, 60_000)
    assert abs(sum(clip.frames for clip in clips) - 14 * RATE) <= gap.uncertainty
    booth.recorder.close()


# -- split by a person -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [0.0, 0.5])
def test_a_split_is_at_the_frame_of_its_press(parted: Parted, late: float) -> None:
    parted.begin()
    parted.run(1.5 + late)
    parted.wait_until_written(1.5 + late / 2)
    parted.split(parted.at(1.6))
    parted.run(1.0)
    clips = parted.finish(2.0 + late)
    parted.check_chain(clips)
    assert [clip.frames for clip in clips] == [12_800, 3200 + round(late * RATE)]
    assert parted.whole(clips) == numbered(0, 16_000 + round(late * RATE), parted.format)
    assert clips[1].started == parted.clock.stamp(parted.at(1.6))


def test_a_paused_take_is_split_where_it_holds_still_and_stays_paused(parted: Parted) -> None:
    parted.begin()
    parted.run(1.0)
    parted.recorder.pause(parted.at(1.0))
    parted.run(1.0)
    parted.first(TakePaused)
    parted.split(parted.at(1.5))
    parted.recorder.resume(parted.at(2.5))
    parted.run(1.0)
    clips = parted.finish(3.0)
    parted.check_chain(clips)
    assert parted.whole(clips) == numbered(0, 8000, parted.format) + numbered(20_000, 4000, parted.format)
    assert clips[1].pauses == (Pause(0, 1.5),)


def test_two_splits_at_one_moment_leave_no_empty_clip(parted: Parted) -> None:
    parted.begin()
    parted.run(1.0)
    parted.split(parted.at(1.1))
    parted.split(parted.at(1.1))
    parted.run(1.0)
    first, second = parted.finish(1.9)
    assert (first.frames, second.frames, second.continues) == (8800, 6400, first.id)
    assert parted.first(TakeDiscarded).take_id == "take000002"


def test_a_split_that_is_told_already_is_where_a_long_take_ends(parted: Parted) -> None:
    """The controller has the next take already, and makes none for the longest duration."""
    parted.answers = False
    parted.recording = RecordingSettings(max_duration=Seconds(2.0))
    parted.begin()
    parted.run(1.75)
    parted.split(parted.at(2.3))
    parted.run(1.5)
    clips = parted.finish(3.0)
    parted.check_chain(clips)
    assert [clip.frames for clip in clips] == [18_400, 5600] and parted.of(TakeContinues) == []


def test_nothing_is_split_where_nothing_is_recorded(parted: Parted) -> None:
    assert not parted.recorder.split("take000009", parted.at(0.0))
    parted.begin()
    parted.run(1.0)
    parted.finish(0.9)
    parted.wait_for(lambda: not parted.recorder.split("take000009", parted.at(0.95)))
    assert parted.of(MarkSet) == []


moments = st.lists(st.integers(1, 40_000), max_size=6, unique=True).map(sorted)


@pytest.mark.slow
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments, st.integers(8000, 20_000), st.lists(st.integers(0, 7200), min_size=6, max_size=6), st.integers(1, 8000))
def test_no_frame_is_lost_or_doubled_however_it_is_parted(
    tmp_path_factory: pytest.TempPathFactory, splits: list[int], longest: int, late: list[int], rest: int
) -> None:
    """By presses, told in time or up to 0.9 s late, and by the longest duration, in any mixture."""
    booth = Parted(tmp_path_factory.mktemp("parts") / "takes")
    booth.recording = RecordingSettings(max_duration=Seconds(longest / RATE))
    booth.begin()
    told = sorted((split + delay, split) for split, delay in zip(splits, late, strict=False))
    split_at = 0
    for moment, split in told:
        ahead = booth.at(moment / RATE) - booth.clock.monotonic()
        if ahead > 0:
            booth.run(ahead)
        if split > split_at:
            split_at = split
            booth.split(booth.at(split / RATE))
    end = max([40_000, *(moment for moment, _ in told)]) + rest
    booth.run(booth.at(end / RATE) - booth.clock.monotonic())
    clips = booth.finish(end / RATE)
    booth.check_chain(clips)
    frames = sum(clip.frames for clip in clips)
    assert booth.whole(clips) == numbered(0, frames, booth.format)
    assert frames == pytest.approx(end, abs=0.25 * RATE)  # the clock turns in such steps, and reads are as late
    assert all(clip.frames for clip in clips)
    booth.recorder.close()


# -- where somebody or the clock wants it ------------------------------------------------------------------------------


@pytest.mark.parametrize("splits", [25, pytest.param(1000, marks=pytest.mark.slow)])
def test_however_often_it_is_split_no_frame_is_lost(parted: Parted, splits: int) -> None:
    """At random moments, told up to 0.8 s after them."""
    chance = Random(7)
    parted.begin()
    parted.run(1.0)
    parted.first(TakeStarted)
    for _ in range(splits):
        parted.run(0.1, step=0.1)
        parted.recorder.next_part(parted.clock.monotonic() - chance.uniform(0.0, 0.8), "split")
        parted.wait_for(lambda: len(parted.of(TakeSealed)) + len(parted.of(TakeDiscarded)) >= parted.made - 5)
    parted.run(0.25)
    clips = parted.finish(1.0 + splits / 10)
    parted.check_chain(clips)
    assert parted.whole(clips) == numbered(0, RATE + splits * RATE // 10, parted.format)
    assert len(clips) > splits / 2 and all(clip.gaps == () for clip in clips)


def test_a_split_is_at_the_moment_of_its_press(parted: Parted) -> None:
    parted.begin()
    parted.run(2.0)
    parted.wait_until_written(1.5)
    parted.recorder.next_part(parted.at(1.2345), "split")
    parted.run(1.0)
    clips = parted.finish(2.5)
    assert [clip.frames for clip in clips] == [9876, 20_000 - 9876]
    assert parted.first(TakeContinues).reason == "split"


def test_two_splits_in_a_row_make_three_parts(parted: Parted) -> None:
    """Also where the second comes before the first was followed."""
    parted.begin()
    parted.run(1.0)
    parted.first(TakeStarted)
    parted.recorder.next_part(parted.at(0.5), "split")
    parted.recorder.next_part(parted.at(0.75), "split")
    parted.run(0.5)
    clips = parted.finish(1.25)
    parted.check_chain(clips)
    assert [clip.frames for clip in clips] == [4000, 2000, 4000]
    assert [event.take_id for event in parted.of(TakeContinues)] == ["take000001", "take000002"]


def test_a_split_before_the_first_sound_does_nothing(parted: Parted) -> None:
    parted.recorder.next_part(parted.at(0.0), "split")
    assert parted.posted == []


@pytest.mark.parametrize(
    "settings",
    [
        RecordingSettings(split_every=Seconds(1.5)),
        RecordingSettings(split_every=Seconds(1.5), max_duration=None),
        RecordingSettings(split_every=Seconds(1.5), at_max=AtMax.STOP),
        RecordingSettings(split_size=ByteCount(100_000)),
    ],
    ids=["every", "every, without end", "every, and an end", "size"],
)
def test_a_recording_goes_on_in_parts_of_a_length_or_a_size(parted: Parted, settings: RecordingSettings) -> None:
    parted.recording = settings
    if settings.split_size:
        parted.capture = CaptureSettings(rate=RATE, channels=4)  # 64 kB a second
    parted.begin()
    parted.run(5.0)
    parted.first(TakeStarted, 4)
    clips = parted.finish(5.0)
    parted.check_chain(clips)
    part = 12_500 if settings.split_size else 12_000
    assert [clip.frames for clip in clips] == [part, part, part, 40_000 - 3 * part]
    assert parted.whole(clips) == numbered(0, 40_000, parted.format)
    assert not any(clip.cut for clip in clips)


def test_without_a_longest_duration_it_is_one_clip(parted: Parted) -> None:
    parted.recording = RecordingSettings(max_duration=None)
    parted.begin()
    parted.run(5.0)
    (clip,) = parted.finish(5.0)
    assert clip.frames == 40_000


def test_it_is_split_at_full_times_of_the_clock(parted: Parted) -> None:
    parted.clock = ManualClock(wall=1_800_000_000.0 - 1.25)
    parted.clock.utc_offset = 5400
    parted.cards = FakeCards(parted.clock)
    parted.began = parted.clock.monotonic()
    parted.recording = RecordingSettings(split_at=Seconds(2), max_duration=None)
    parted.begin()
    for number in range(1, 4):
        parted.run(2.0)
        parted.first(TakeContinues, number)
    clips = parted.finish(6.0)
    parted.check_chain(clips)
    assert [clip.frames for clip in clips] == [10_000, 16_000, 16_000, 6000]
    assert parted.whole(clips) == numbered(0, 48_000, parted.format)
    full = [1_800_000_000 * 10**9 + 2 * number * 10**9 for number in range(3)]
    assert [clip.started.wall_ns for clip in clips[1:]] == pytest.approx(full, abs=1e6, rel=0)


@pytest.mark.parametrize(("offset", "minutes"), [(0, 17), (19_800, 47), (20_700, 32)])
def test_full_hours_are_those_of_local_time(offset: int, minutes: int) -> None:
    began = ClockStamp((1_800_000_000 + 43 * 60) * 10**9, 5 * 10**9, "boot", ClockSource.NTP, offset)
    assert next_full(3600, began, lambda at: began) == 5 + minutes * 60
    assert next_full(None, began, lambda at: began) == math.inf


BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("zone", "begun", "every", "full"),
    [
        (BERLIN, "2026-03-28T23:59:59.5", 86400, "2026-03-30T00:00"),
        (BERLIN, "2026-03-29T00:00", 86400, "2026-03-30T00:00"),
        (BERLIN, "2026-10-25T00:00", 86400, "2026-10-26T00:00"),
        (BERLIN, "2026-10-25T18:00", 86400, "2026-10-26T00:00"),
        (BERLIN, "2026-03-29T00:30", 7200, "2026-03-29T04:00"),
        (BERLIN, "2026-03-29T01:30", 3600, "2026-03-29T03:00"),
        (BERLIN, "2026-10-25T01:30", 14400, "2026-10-25T04:00"),
        (LORD_HOWE, "2026-10-04T01:30", 3600, "2026-10-04T03:00"),
        (LORD_HOWE, "2026-04-05T01:15", 7200, "2026-04-05T02:00"),
    ],
)
def test_full_hours_are_those_of_local_time_also_where_that_changes_meanwhile(
    zone: ZoneInfo, begun: str, every: float, full: str
) -> None:
    first = datetime.fromisoformat(begun).replace(tzinfo=zone).timestamp()

    def at(moment: float) -> ClockStamp:
        offset = datetime.fromtimestamp(first + moment, zone).utcoffset() or timedelta()
        wall_ns = round((first + moment) * 1e9)
        return ClockStamp(wall_ns, round(moment * 1e9), "boot", ClockSource.NTP, int(offset.total_seconds()))

    due = next_full(every, at(0.0), at)
    assert datetime.fromtimestamp(first + due, zone).replace(tzinfo=None) == datetime.fromisoformat(full)


def test_a_pause_may_end_the_clip(parted: Parted) -> None:
    parted.recording = RecordingSettings(pause=AtPause.SPLIT)
    parted.begin()
    parted.run(2.0)
    parted.recorder.pause(parted.at(1.0))
    parted.run(1.0)
    parted.first(TakePaused)
    parted.recorder.resume(parted.at(2.5))
    parted.run(1.0)
    clips = parted.finish(3.5)
    parted.check_chain(clips)
    assert [clip.frames for clip in clips] == [8000, 8000]
    assert [clip.pauses for clip in clips] == [(Pause(8000, 1.5),), ()]
    assert parted.whole(clips) == numbered(0, 8000, parted.format) + numbered(20_000, 8000, parted.format)


def test_marks_have_labels(parted: Parted) -> None:
    parted.begin()
    parted.run(1.0)
    parted.recorder.mark(parted.at(0.5), "the second song")
    assert parted.first(MarkSet) == MarkSet("take000001", 4000, RATE, "the second song")
    (clip,) = parted.finish(1.0)
    assert clip.marks == (Mark(4000, "the second song"),)
    (parted.takes / clip.id / "clip.json").unlink()
    recovered = repair(parted.takes / clip.id)
    assert recovered and recovered.marks == clip.marks
