"""The recorder as the controller uses it: what it posts and what is on the disk, to the frame.

The simulated microphone hears its own frame numbers from the moment the booth is opened, so `at(1.5)` is frame 12000.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import threading
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from appliance.audio import stretch
from appliance.audio.journal import Begin
from appliance.audio.ports import Direction
from appliance.audio.recorder import Recorder
from appliance.audio.take import repair
from appliance.audio.takefile import TakeFile
from appliance.audio.wav import HEADER_BYTES
from appliance.clock import SystemClock
from appliance.config.audio import AtMax, CaptureSettings, MonitorSettings, RecordingSettings
from appliance.config.options import Seconds
from appliance.errors import DeviceBusy, FormatUnsupported
from appliance.events import (
    Command,
    Event,
    FaultCleared,
    FaultRaised,
    GapFound,
    MarkSet,
    RecordStop,
    TakeDiscarded,
    TakeFailed,
    TakeNearlyUp,
    TakePaused,
    TakeProgress,
    TakeResumed,
    TakeSealed,
    TakeStarted,
)
from appliance.faults import MICROPHONE_LOST, MICROPHONE_RATE, NOTHING_HEARD, STORAGE
from appliance.models import AudioFormat, Gap, GapCause, Levels, Mark, Pause, SampleFormat, Verdict
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import Stretch, missing, numbered, stretches
from appliance.vitals import Vitals

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

RATE = 8000
FIRST = "take000001"
SECOND = "take000002"


def pieces(booth: Booth, take_id: str = FIRST) -> list[Stretch]:
    return list(stretches(booth.sound(take_id), booth.format))


# -- presses -----------------------------------------------------------------------------------------------------------


def test_a_take_holds_exactly_what_sounded_until_the_stop(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.stop(booth.at(1.3))
    clip = booth.sealed()
    assert booth.sound() == numbered(0, 10_400, booth.format)
    assert (clip.id, clip.frames, clip.format) == (FIRST, 10_400, booth.format)
    assert clip.name == f"box_2027-01-15_08-00-00+0000_{FIRST}"
    assert clip.started == booth.clock.stamp(booth.began)
    assert booth.first(TakeStarted) == TakeStarted(
        FIRST, clip.name, booth.format, 2.0, str(booth.takes / FIRST / "audio.wav")
    )
    assert repair(booth.takes / FIRST) == clip


@pytest.mark.parametrize(
    "format",
    [AudioFormat(8000, 2), AudioFormat(44_100, 1, SampleFormat.S24_3LE), AudioFormat(8000, 8, SampleFormat.S32_LE)],
)
def test_every_format_is_kept_to_the_bit(booth: Booth, format: AudioFormat) -> None:
    booth.capture = CaptureSettings().in_format(format)
    booth.begin()
    booth.run(1.0)
    booth.recorder.stop(booth.at(0.999))
    frames = booth.sealed().frames
    assert frames == round(0.999 * format.rate)
    assert booth.sound()[: frames * format.frame_bytes] == numbered(0, frames, format)


def test_a_stop_that_is_told_late_cuts_what_came_after_it(booth: Booth) -> None:
    booth.begin()
    booth.run(2.0)
    booth.wait_until_written(2.0)
    booth.recorder.stop(booth.at(1.99))
    booth.sealed()
    assert booth.sound() == numbered(0, 15_920, booth.format)


def test_sound_goes_to_the_file_as_soon_as_it_was_read(booth: Booth) -> None:
    booth.begin()
    for periods in range(1, 5):
        booth.run(0.25)
        booth.wait_until_written(periods / 4)


@pytest.mark.parametrize("told", ["in time", "late"])
def test_a_pause_leaves_out_what_sounded_meanwhile(booth: Booth, told: str) -> None:
    late = 0.5 if told == "late" else 0.0
    booth.begin()
    booth.run(1.0 + late)
    booth.recorder.pause(booth.at(1.1))
    booth.run(1.0)
    assert booth.first(TakePaused) == TakePaused(FIRST, 8800)
    booth.recorder.resume(booth.at(2.6 - late))
    booth.run(1.0)
    assert booth.first(TakeResumed) == TakeResumed(FIRST, 8800)
    booth.recorder.stop(booth.at(3.0))
    clip = booth.sealed()
    assert clip.pauses == (Pause(8800, 1.5 - late),)
    resumed = round((2.6 - late) * RATE)
    assert booth.sound() == numbered(0, 8800, booth.format) + numbered(resumed, 24_000 - resumed, booth.format)
    assert len(booth.cards.captures) == 1


@pytest.mark.slow
def test_a_long_pause_keeps_no_more_than_a_late_resume_needs(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.pause(booth.at(1.0))
    booth.run(30.0)
    booth.first(TakePaused)
    gc.collect()
    kept = [thing.data for thing in gc.get_objects() if isinstance(thing, stretch.Stretch)]
    assert len({id(data.obj) for data in kept if data}) < 10


def test_a_stop_while_paused_adds_nothing(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.pause(booth.at(1.0))
    booth.run(1.0)
    booth.first(TakePaused)
    booth.recorder.stop(booth.at(1.9))
    assert booth.sealed().frames == 8000
    assert pieces(booth) == [Stretch(0, 0, 8000)]


def test_presses_in_one_period_are_followed_in_their_order(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.pause(booth.at(1.05))
    booth.recorder.resume(booth.at(1.10))
    booth.recorder.mark(booth.at(1.12))
    booth.recorder.pause(booth.at(1.15))
    booth.recorder.resume(booth.at(1.20))
    booth.recorder.stop(booth.at(1.22))
    clip = booth.sealed()
    assert pieces(booth) == [Stretch(0, 0, 8400), Stretch(8400, 8800, 400), Stretch(8800, 9600, 160)]
    assert clip.pauses == (Pause(8400, 0.05), Pause(8800, 0.05))
    assert clip.marks == (Mark(8560),)


@pytest.mark.parametrize("ahead", [0.0, 0.75])
def test_a_mark_is_set_where_it_was_pressed(booth: Booth, ahead: float) -> None:
    booth.begin()
    booth.run(0.5 + ahead)
    booth.wait_until_written(0.5 + ahead)
    booth.recorder.mark(booth.at(0.6))
    booth.run(0.25)
    assert booth.first(MarkSet) == MarkSet(FIRST, 4800, 8000)
    booth.recorder.stop(booth.at(1.0))
    assert booth.sealed().marks == (Mark(4800),)


def test_a_late_press_from_before_the_resume_stays_behind_it(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.pause(booth.at(1.0))
    booth.recorder.resume(booth.at(2.0))
    booth.run(1.25)
    booth.wait_until_written(1.25)
    booth.recorder.mark(booth.at(1.9))
    booth.recorder.stop(booth.at(2.5))
    assert booth.sealed().marks == (Mark(8000),)


def test_a_pause_and_resume_out_of_turn_change_nothing(booth: Booth) -> None:
    booth.begin()
    booth.run(0.5)
    booth.recorder.resume(booth.at(0.6))
    booth.recorder.pause(booth.at(0.7))
    booth.recorder.pause(booth.at(0.8))
    booth.run(0.5)
    booth.recorder.stop(booth.at(1.0))
    assert booth.sealed().frames == 5600
    assert (len(booth.of(TakePaused)), len(booth.of(TakeResumed))) == (1, 0)


def test_a_stop_before_the_first_sound_leaves_nothing(booth: Booth) -> None:
    booth.begin()
    booth.recorder.stop(booth.at(0.0))
    booth.clock.waiters()
    booth.clock.advance(0.25)
    failed = booth.first(TakeFailed)
    assert "nothing was recorded" in failed.message and not failed.fault
    assert list(booth.takes.iterdir()) == []


def test_a_discarded_take_leaves_nothing(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.discard()
    assert booth.first(TakeDiscarded) == TakeDiscarded(FIRST)
    assert list(booth.takes.iterdir()) == []
    booth.wait_for(lambda: booth.cards.capture.closed)
    assert booth.of(TakeSealed) == []


# -- one take after the other ------------------------------------------------------------------------------------------


def test_the_next_take_begins_while_the_last_one_is_not_sealed_yet(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.stop(booth.at(1.1))
    booth.recorder.start(SECOND, booth.at(1.11))
    assert booth.sealed().frames == 8800
    booth.run(1.0, step=0.01)
    second = booth.clock.monotonic() - booth.began
    booth.recorder.stop(booth.at(second + 0.5))
    clip = booth.sealed()
    (piece,) = pieces(booth, SECOND)
    assert (clip.id, clip.frames) == (SECOND, piece.frames)
    assert clip.started == booth.clock.stamp(booth.at(1.11))
    assert piece.first == 8880
    assert piece.first + piece.frames == pytest.approx((second + 0.5) * RATE, abs=0.01 * RATE)
    assert len(booth.cards.captures) == 1


@pytest.mark.parametrize("error", [DeviceBusy("the microphone is used by arecord"), FormatUnsupported("no 24 bits")])
def test_a_microphone_that_cannot_be_opened_fails_the_take(booth: Booth, error: DeviceBusy) -> None:
    booth.cards.refuse(Direction.CAPTURE, error)
    booth.recorder.start(FIRST, booth.at(0))
    booth.turn_until(lambda: booth.of(TakeFailed), 0.1)
    assert booth.first(TakeFailed) == TakeFailed(FIRST, str(error), error=type(error).__name__)
    assert not booth.takes.exists()
    booth.cards.refuse(Direction.CAPTURE, None)
    booth.recorder.start(SECOND, booth.at(0))
    booth.wait_for(lambda: booth.cards.captures)
    booth.run(1.0)
    booth.recorder.stop(booth.clock.monotonic())
    assert booth.sealed().id == SECOND


def test_a_folder_that_cannot_be_written_fails_the_take(booth: Booth) -> None:
    booth.takes.write_text("not a folder")
    booth.begin()
    assert "cannot be written" in booth.first(TakeFailed).message
    assert booth.first(FaultRaised).fault.name == "storage"
    booth.wait_for(lambda: booth.cards.capture.closed)


# -- losses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", [True, False])
def test_an_overrun_is_a_gap(booth: Booth, fill: bool) -> None:
    booth.recording = RecordingSettings(fill_gaps=fill)
    booth.begin()
    booth.run(1.0)
    booth.cards.capture.overrun(1234)
    booth.recorder.mark(booth.at(1.05))
    booth.run(1234 / RATE)
    booth.run(1.0)
    booth.recorder.mark(booth.at(2.0))
    booth.recorder.stop(booth.at(2.1))
    clip = booth.sealed()
    silence = 1234 if fill else 0
    (gap,) = clip.gaps
    assert gap == Gap(8000, 1234, gap.uncertainty, GapCause.OVERRUN, fill)
    assert gap.uncertainty <= 0.01 * RATE
    assert sum(event.gap.frames for event in booth.of(GapFound)) == 1234
    assert clip.marks == (Mark(8400 if fill else 8000), Mark(16_000 - 1234 + silence))
    assert booth.sound() == numbered(0, 8000, booth.format) + bytes(2 * silence) + numbered(9234, 7566, booth.format)


def test_a_reader_that_comes_too_late_knows_how_long_it_was(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.cards.capture.stall()
    booth.clock.advance(7.3)
    booth.cards.capture.go_on()
    booth.cards.capture.wait_until_read()
    booth.run(1.0)
    booth.recorder.stop(booth.at(9.0))
    gaps = booth.sealed().gaps
    lost = missing(booth.sound(), booth.format)
    assert len(gaps) == 1
    assert abs(gaps[0].frames - lost) <= gaps[0].uncertainty < 0.02 * RATE
    assert (gaps[0].offset, lost) == (8000, round(7.3 * RATE))


def test_a_reader_that_is_late_again_after_an_overrun_knows_it_too(booth: Booth) -> None:
    """The first reads after an overrun come late; a second overrun comes before that is clear."""
    booth.begin()
    booth.run(1.0)
    for lost in (800, 400):
        booth.cards.capture.overrun(lost)
        booth.run(lost / RATE)
        booth.cards.capture.stall()
        booth.clock.advance(0.6)
        booth.cards.capture.go_on()
        booth.cards.capture.wait_until_read()
    booth.run(1.5, step=0.05)
    booth.recorder.stop(booth.at(3.5))
    clip = booth.sealed()
    assert [piece.frames for piece in pieces(booth)[:2]] == [8000, 4000]
    assert missing(booth.sound(), booth.format) == 800 + 400
    first, second = clip.gaps
    assert abs(first.frames - 800) <= first.uncertainty
    assert abs(second.frames - 400) <= second.uncertainty
    assert second.uncertainty <= 0.11 * RATE
    assert clip.frames == pytest.approx(3.5 * RATE, abs=0.06 * RATE)


def test_an_overrun_while_paused_is_no_gap(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.recorder.pause(booth.at(1.0))
    booth.run(1.0)
    booth.cards.capture.overrun(4000)
    booth.run(0.5, step=0.5)
    booth.run(1.0)
    booth.recorder.resume(booth.at(3.5))
    booth.run(1.0)
    booth.recorder.stop(booth.at(4.5))
    assert booth.sealed().gaps == ()
    assert pieces(booth) == [Stretch(0, 0, 8000), Stretch(8000, 28_000, 8000)]


@pytest.mark.parametrize("off", [0.9, -0.03])
def test_a_microphone_that_does_another_rate_than_it_says_is_a_fault(booth: Booth, off: float) -> None:
    booth.cards = FakeCards(booth.clock, drift_ppm=off * 1e6)
    booth.begin()
    booth.run(45.0)
    booth.wait_for(lambda: [event for event in booth.of(FaultRaised) if event.fault.name == "microphone_rate"])
    rate = [event.fault.message for event in booth.of(FaultRaised) if event.fault.name == "microphone_rate"]
    assert len(rate) == 1
    assert int(rate[0].partition("and does about ")[2].partition(":")[0]) == pytest.approx(RATE * (1 + off), rel=0.02)
    booth.recorder.stop(booth.at(44.0))
    booth.sealed()
    booth.begin("take000002")
    booth.wait_for(lambda: MICROPHONE_RATE.cleared() in booth.of(FaultCleared))


def test_crystal_drift_is_told_and_never_filled(booth: Booth) -> None:
    booth.cards = FakeCards(booth.clock, drift_ppm=80.0)
    booth.begin()
    period = 0.25 / (1 + 80e-6)
    for seconds in range(10, 100, 10):
        booth.run(40 * period, step=period)
        booth.wait_until_written(seconds - 1)
    booth.recorder.stop(booth.at(89.0))
    clip = booth.sealed()
    assert clip.gaps == ()
    assert clip.frames == pytest.approx(89.0 * RATE * (1 + 80e-6), abs=2)
    assert clip.drift_ppm == pytest.approx(80.0, abs=5)


class Stall:
    """Holds the writer thread up in the middle of a take, as a slow card does: it posts from there."""

    def __init__(self, booth: Booth) -> None:
        self._post = booth.post
        self.stalled = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        booth.post = self  # type: ignore[method-assign]

    def begin(self) -> None:
        self.go_on.clear()

    def __call__(self, event: object) -> None:
        self._post(event)  # type: ignore[arg-type]
        if isinstance(event, FaultRaised):
            return  # told under a lock that the capture takes as well
        if not self.go_on.is_set() and threading.current_thread().name == "writer":
            self.stalled.set()
            assert self.go_on.wait(30.0)


def test_a_disk_that_stalls_for_twenty_seconds_costs_nothing(booth: Booth) -> None:
    stall = Stall(booth)
    booth.begin()
    booth.run(1.0)
    stall.begin()
    booth.run(20.0)
    assert stall.stalled.wait(5.0)
    assert booth.first(FaultRaised).fault.name == "slow_storage"
    booth.recorder.stop(booth.at(21.5))
    stall.go_on.set()
    clip = booth.sealed()
    assert clip.gaps == ()
    assert booth.sound() == numbered(0, 172_000, booth.format)
    assert len(booth.of(TakeProgress)) < 12


def test_a_disk_that_stalls_for_longer_is_a_gap_of_known_length(booth: Booth) -> None:
    stall = Stall(booth)
    booth.begin()
    booth.run(1.0)
    stall.begin()
    booth.run(0.25)
    assert stall.stalled.wait(5.0)
    booth.run(40.0)
    booth.recorder.mark(booth.at(40.0))
    stall.go_on.set()
    booth.wait_until_written(30.0)
    booth.run(2.75)
    for quarters in range(44 * 4, 47 * 4):
        booth.wait_until_written(quarters / 4)
        booth.run(0.25)
    assert booth.first(FaultCleared).name == "slow_storage"
    booth.recorder.stop(booth.at(46.0))
    clip = booth.sealed()
    (gap,) = clip.gaps
    assert (gap.cause, gap.uncertainty) == (GapCause.STORAGE, 0)
    assert gap.frames == missing(booth.sound(), booth.format)
    assert clip.frames == 46 * RATE
    assert clip.marks == (Mark(40 * RATE),)
    assert {event.fault.name for event in booth.of(FaultRaised)} == {"slow_storage"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_ends_the_take_and_not_the_recorder(booth: Booth) -> None:
    post = booth.post

    def broken(event: object) -> None:
        if isinstance(event, MarkSet):
            raise ZeroDivisionError
        post(event)  # type: ignore[arg-type]

    booth.post = broken  # type: ignore[method-assign]
    booth.begin()
    booth.run(1.0)
    booth.recorder.mark(booth.at(0.5))
    assert "a defect of the appliance ended the take" in booth.first(TakeFailed).message
    assert (booth.takes / "take000001" / "audio.wav").stat().st_size >= HEADER_BYTES + 8000
    booth.wait_for(lambda: booth.cards.capture.closed)
    assert not booth.vitals.overdue()
    booth.begin("take000002")
    booth.run(1.0)
    booth.recorder.stop(booth.clock.monotonic())
    assert booth.sealed().id == "take000002"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_while_the_microphone_is_read_ends_the_take_with_a_sign(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)

    def broken(frames: int = 0) -> tuple[int, bytes]:
        raise ZeroDivisionError

    booth.cards.capture.read = broken  # type: ignore[method-assign]
    booth.clock.advance(0.25)
    assert booth.sealed().frames >= RATE
    [fault] = [event.fault for event in booth.of(FaultRaised) if event.fault.name == "microphone"]
    assert fault.urgent and "a defect of the appliance" in fault.message
    assert booth.cards.capture.closed and not booth.vitals.overdue()


# -- an unplugged microphone -------------------------------------------------------------------------------------------


def test_an_unplugged_microphone_is_a_gap_until_it_is_back(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.cards.unplug()
    fault = booth.first(FaultRaised).fault
    assert (fault.name, fault.urgent) == ("microphone", True)
    assert fault.message.endswith("was unplugged. Plug it in again")
    booth.clock.waiters()
    booth.clock.advance(2.25)
    booth.recorder.mark(booth.at(2.5))
    assert booth.first(MarkSet).offset == 20_000
    booth.cards.replug()
    booth.clock.advance(0.5)
    booth.wait_for(lambda: len(booth.cards.captures) == 2)
    booth.run(2.0, step=0.01)
    booth.wait_for(lambda: MICROPHONE_LOST.cleared() in booth.of(FaultCleared))
    booth.recorder.stop(booth.at(5.0))
    clip = booth.sealed()
    (gap,) = clip.gaps
    assert (gap.offset, gap.cause, gap.filled) == (8000, GapCause.DEVICE, True)
    assert abs(gap.frames - missing(booth.sound(), booth.format)) <= gap.uncertainty <= 0.02 * RATE
    assert clip.frames == pytest.approx(5 * RATE, abs=0.02 * RATE)
    assert len(booth.of(TakeSealed)) == 1


@pytest.mark.parametrize("unplugged", ["before", "after"])
def test_presses_are_followed_while_the_microphone_is_away(booth: Booth, unplugged: str) -> None:
    booth.begin()
    booth.run(1.0)
    if unplugged == "after":
        booth.recorder.mark(booth.at(1.05))
        booth.recorder.pause(booth.at(1.1))
    booth.cards.unplug()
    booth.first(FaultRaised)
    booth.clock.advance(0.4)
    if unplugged == "before":
        booth.recorder.mark(booth.at(1.05))
        booth.recorder.pause(booth.at(1.1))
    assert booth.first(TakePaused).offset == 8800
    booth.recorder.resume(booth.at(1.3))
    assert booth.first(TakeResumed).offset == 8800
    booth.recorder.stop(booth.at(1.4))
    clip = booth.sealed()
    assert clip.frames == 8800
    assert clip.marks == (Mark(8400),)
    assert clip.pauses == (Pause(8800, 0.2),)
    assert [(gap.offset, gap.frames, gap.filled) for gap in clip.gaps] == [(8000, 800, True), (8800, 800, False)]


def test_a_microphone_that_stays_away_finishes_the_take(booth: Booth) -> None:
    booth.recording = RecordingSettings(reconnect=Seconds(3))
    booth.begin()
    booth.run(1.0)
    booth.cards.unplug()
    booth.first(FaultRaised)
    clip = booth.sealed()
    (gap,) = clip.gaps
    assert (clip.frames, gap.offset, gap.filled) == (8000, 8000, False)
    assert gap.frames == pytest.approx(3 * RATE, abs=0.6 * RATE)
    assert booth.of(FaultCleared) == []
    booth.cards.replug()
    booth.begin(SECOND)
    booth.run(1.0)
    booth.wait_for(lambda: MICROPHONE_LOST.cleared() in booth.of(FaultCleared))
    booth.recorder.discard()


def test_a_microphone_that_comes_back_with_another_format_finishes_the_take(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.cards.formats = (AudioFormat(44_100),)
    booth.cards.capture.unplug()
    clip = booth.sealed()
    assert clip.frames == 8000
    assert booth.sound() == numbered(0, 8000, booth.format)


def test_a_microphone_that_hangs_does_not_hold_the_stop_up(booth: Booth) -> None:
    booth.begin()
    booth.run(1.0)
    booth.cards.capture.stall()
    booth.clock.advance(0.5)
    booth.recorder.stop(booth.at(1.5))
    booth.turn_until(lambda: booth.of(TakeSealed), 0.1)
    clip = booth.first(TakeSealed).clip
    assert clip.frames == 8000
    assert [(gap.offset, gap.frames, gap.filled) for gap in clip.gaps] == [(8000, 4000, False)]


def mute_faults(booth: Booth) -> list[str]:
    return [event.fault.message for event in booth.of(FaultRaised) if event.fault.name == "microphone"]


@pytest.mark.parametrize("before", [0.0, 2.0])
def test_a_microphone_that_delivers_nothing_is_a_fault_until_it_does(booth: Booth, before: float) -> None:
    booth.begin()
    booth.run(before)
    booth.cards.capture.stall()
    booth.wait_until_written(before) if before else booth.wait_for(lambda: booth.growing)
    booth.clock.waiters()
    booth.clock.advance(2.2)
    assert mute_faults(booth) == []
    booth.turn_until(lambda: mute_faults(booth), 0.02)
    assert booth.clock.monotonic() - booth.began <= before + 2.0 + 0.25 + 0.5
    (message,) = mute_faults(booth)
    assert "delivers no sound" in message
    assert MICROPHONE_LOST.raised(message) in booth.posted
    booth.cards.capture.go_on()
    booth.turn_until(lambda: MICROPHONE_LOST.cleared() in booth.posted, 0.05)
    booth.recorder.discard()


def test_a_slow_disk_is_no_mute_microphone(booth: Booth) -> None:
    stall = Stall(booth)
    booth.begin()
    booth.run(1.0)
    stall.begin()
    booth.run(6.0)
    stall.go_on.set()
    booth.recorder.stop(booth.clock.monotonic())
    booth.sealed()
    assert mute_faults(booth) == []


def test_a_take_for_which_no_thread_can_be_had_fails_and_the_next_one_works(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("capture", "writer"):
        with monkeypatch.context() as patch:
            refuse_threads(patch, name)
            booth.recorder.start(FIRST, booth.at(0))
        failed = booth.of(TakeFailed)[-1]
        assert failed.take_id == FIRST and "no thread" in failed.message and failed.fault
    assert booth.vitals.overdue() == ()
    booth.begin(SECOND)
    booth.run(1.0)
    booth.recorder.stop(booth.clock.monotonic())
    assert booth.sealed().id == SECOND


def refuse_threads(patch: pytest.MonkeyPatch, name: str) -> None:
    """Let no thread of that name start, as where the system has none left."""
    start = threading.Thread.start

    def refuse(self: threading.Thread) -> None:
        if self.name == name:
            raise RuntimeError("can't start new thread")
        start(self)

    patch.setattr(threading.Thread, "start", refuse)


# -- limits, levels, storage -------------------------------------------------------------------------------------------


def test_a_take_is_as_long_as_it_may_be_whatever_of_it_was_paused(booth: Booth) -> None:
    booth.recording = RecordingSettings(max_duration=Seconds(2.1), at_max=AtMax.STOP)
    booth.begin()
    booth.run(1.0)
    booth.recorder.pause(booth.at(1.0))
    booth.run(1.0)
    booth.recorder.resume(booth.at(2.0))
    booth.run(1.0)
    clip = booth.sealed()
    assert (clip.frames, clip.cut) == (16_800, True)
    assert booth.of(RecordStop) == []


def test_it_is_cut_where_nobody_answers(booth: Booth) -> None:
    booth.recording = RecordingSettings(max_duration=Seconds(2), at_max=AtMax.STOP)
    booth.begin()
    booth.run(2.0)
    clip = booth.sealed()
    assert (clip.frames, clip.cut) == (16_000, True)
    assert booth.sound() == numbered(0, 16_000, booth.format)
    booth.recorder.stop(booth.at(2.6))


def test_a_take_that_is_stopped_in_time_is_not_cut(booth: Booth) -> None:
    booth.recording = RecordingSettings(max_duration=Seconds(2), at_max=AtMax.STOP)
    booth.begin()
    booth.run(1.75)
    booth.recorder.stop(booth.at(2.0))
    clip = booth.sealed()
    assert (clip.frames, clip.cut) == (16_000, False)


def test_a_hard_end_is_told_some_time_before(booth: Booth) -> None:
    booth.recording = RecordingSettings(max_duration=Seconds(10), at_max=AtMax.STOP)
    booth.begin()
    booth.run(8.75)
    booth.wait_until_written(8.75)
    assert booth.of(TakeNearlyUp) == []
    booth.run(1.25)
    assert booth.first(TakeNearlyUp) == TakeNearlyUp(FIRST, 1.0)
    booth.sealed()
    assert len(booth.of(TakeNearlyUp)) == 1


def test_a_gap_makes_no_take_longer_than_it_may_be(booth: Booth) -> None:
    booth.recording = RecordingSettings(max_duration=Seconds(2), at_max=AtMax.STOP)
    booth.begin()
    booth.run(1.0)
    booth.cards.capture.stall()
    booth.clock.advance(30.0)
    booth.cards.capture.go_on()
    clip = booth.sealed()
    assert clip.frames == 16_000
    assert booth.first(GapFound).gap.frames == 8000
    assert [gap.frames for gap in clip.gaps] == [8000]


@pytest.mark.parametrize(("watched", "least", "most"), [(True, 6, 8), (False, 1, 2)])
def test_progress_comes_as_often_as_it_is_watched_with_the_levels_of_its_stretch(
    booth: Booth, watched: bool, least: int, most: int
) -> None:
    booth.watched = watched
    booth.capture = CaptureSettings(rate=RATE, period=Seconds(0.05))
    booth.cards = FakeCards(booth.clock, sound=lambda first, frames, format: b"\x00\x40" * frames)
    booth.begin()
    for _ in range(8):
        booth.run(0.25, step=0.05)
        booth.wait_until_written(booth.clock.monotonic() - booth.began)
    booth.recorder.stop(booth.at(2.0))
    booth.sealed()
    progress = booth.of(TakeProgress)
    assert least <= len(progress) <= most
    assert {(event.peak_dbfs, event.rms_dbfs) for event in progress} == {(-6.02, -6.02)}
    assert all(event.seconds == event.frames / RATE for event in progress)


def test_what_nobody_watches_is_told_every_ten_seconds_and_how_long_it_is_whenever_somebody_asks(booth: Booth) -> None:
    booth.watched = False
    booth.begin()
    assert booth.recorder.seconds("another") is None
    for second in range(1, 23):
        booth.run(1.0)
        booth.wait_until_written(float(second))
        assert booth.recorder.seconds("take000001") == second
    booth.recorder.stop(booth.at(22.0))
    booth.sealed()
    assert [round(event.seconds) for event in booth.of(TakeProgress)] == [1, 11, 21]


@pytest.mark.parametrize(
    ("sample", "length", "verdict"),
    [
        (b"\x00\x20\x00\xe0", 1.0, Verdict.OK),
        (b"\x00\x20", 1.0, Verdict.SILENT),
        (b"\x00\x00", 1.0, Verdict.SILENT),
        (b"\x00\x01", 1.0, Verdict.TOO_QUIET),
        (b"\xff\x7f", 1.0, Verdict.CLIPPING),
        (b"\x00\x20\x00\xe0", 0.4, Verdict.TOO_SHORT),
    ],
)
def test_the_clip_is_judged_and_a_repaired_one_alike(
    booth: Booth, sample: bytes, length: float, verdict: Verdict
) -> None:
    booth.cards = FakeCards(booth.clock, sound=lambda first, frames, format: (sample * frames)[: 2 * frames])
    booth.begin()
    booth.run(0.5)
    booth.cards.capture.overrun(1000)
    booth.run(0.5, step=0.125)
    booth.recorder.stop(booth.at(length))
    clip = booth.sealed()
    assert clip.verdict is verdict
    (booth.takes / FIRST / "clip.json").unlink()
    assert repair(booth.takes / FIRST) == evolve(clip, recovered=True)


def test_a_full_disk_finishes_the_take_and_the_next_one_works(booth: Booth) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_001, hard))
    try:
        booth.begin()
        booth.run(6.0)
        clip = booth.sealed()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ("storage", True) in [(event.fault.name, event.fault.urgent) for event in booth.of(FaultRaised)]
    assert clip.frames == (100_001 - HEADER_BYTES) // 2
    assert booth.sound() == numbered(0, clip.frames, booth.format)
    booth.begin(SECOND)
    booth.turn_until(lambda: STORAGE.cleared() in booth.posted, 0.05)
    assert booth.vitals.overdue() == ()


# -- the end -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_close_seals_the_take(booth: Booth) -> None:
    booth.begin()
    booth.run(1.1)
    booth.recorder.close(timeout=2.0)
    (sealed,) = booth.of(TakeSealed)
    assert sealed.clip.frames == 8000
    assert not [thread.name for thread in threading.enumerate() if thread.name in ("capture", "writer")]
    booth.recorder.stop(booth.at(1.0))
    booth.recorder.close()


def test_close_waits_for_the_sound_of_its_moment(tmp_path: Path) -> None:
    clock = SystemClock()
    posted: list[Command | Event] = []
    cards = FakeCards(clock)
    capture = CaptureSettings(rate=RATE, period=Seconds(0.1))
    recorder = Recorder(cards, capture, RecordingSettings(), tmp_path, "box", clock, posted.append, Vitals(clock))
    recorder.start(FIRST, clock.monotonic())
    limit = clock.monotonic() + 5
    while not any(isinstance(event, TakeProgress) for event in posted):
        assert clock.monotonic() < limit
        cards.capture.wait_until_read() if cards.captures else None
    closed = clock.monotonic()
    recorder.close()
    (sealed,) = (event for event in posted if isinstance(event, TakeSealed))
    lasted = closed - sealed.clip.started.monotonic_ns / 1e9
    assert sealed.clip.seconds == pytest.approx(lasted, abs=0.08)
    assert clock.monotonic() - closed < 2.0


def test_close_without_a_take_does_nothing(booth: Booth) -> None:
    booth.recorder.close()
    assert booth.posted == []


CHILD = """
import sys, time
from pathlib import Path
from appliance.audio.recorder import Recorder
from appliance.clock import SystemClock
from appliance.config.audio import AtMax, CaptureSettings, MonitorSettings, RecordingSettings
from appliance.simulation.cards import FakeCards
from appliance.vitals import Vitals

clock = SystemClock()
def post(event):
    print(type(event).__name__, getattr(event, "frames", 0), flush=True)
recorder = Recorder(FakeCards(clock), CaptureSettings(rate=8000, period=0.05), RecordingSettings(),
                    Path(sys.argv[1]), "box", clock, post, Vitals(clock))
recorder.start("take000001", clock.monotonic())
time.sleep(30)
"""


@pytest.mark.slow
def test_a_killed_take_is_repaired_to_the_bit(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        told = 0
        while told < 6000:
            _, frames = child.stdout.readline().split()
            told = int(frames)
        child.kill()
    clip = repair(tmp_path / FIRST)
    assert clip is not None
    assert clip.recovered
    assert clip.frames >= told
    sound = (tmp_path / FIRST / "audio.wav").read_bytes()[HEADER_BYTES:]
    assert sound == numbered(0, clip.frames, AudioFormat(8000))


@pytest.mark.alone
def test_sealing_takes_as_long_for_an_hour_as_for_a_minute(tmp_path: Path) -> None:
    format = AudioFormat(48_000, 2)

    def seconds(minutes: int, number: int) -> float:
        take_id = f"take{minutes}{number}"
        begin = Begin(take_id, take_id, "box", format, SystemClock().stamp(), 0.5)
        take = TakeFile.create(tmp_path, begin)
        for _ in range(minutes):
            take.append_silence(60 * 48_000)
        take.sync()
        before = SystemClock().monotonic()
        take.seal(Levels(), Verdict.OK)
        after = SystemClock().monotonic()
        take.discard()
        take.close()
        return after - before

    minute, hour = (median([seconds(length, number) for number in range(3)]) for length in (1, 60))
    assert hour - minute < 0.020


def test_a_take_that_hears_nothing_for_too_long_says_so_until_it_hears_something(booth: Booth) -> None:
    somebody = threading.Event()

    def sound(first: int, frames: int, format: AudioFormat) -> bytes:
        """Silence until somebody comes; then a quarter of a second of noise, and one of silence, in turns."""
        bursts = [number * 7919 % 20_000 * (number // 2000 % 2) for number in range(first, first + frames)]
        return b"".join((each * somebody.is_set()).to_bytes(2, "little") for each in bursts)

    def told(kind: type[FaultRaised | FaultCleared]) -> list[object]:
        return [event for event in booth.of(kind) if "nothing_heard" in str(event)]

    booth.cards = FakeCards(booth.clock, sound=sound)
    booth.monitor = MonitorSettings(Seconds(2))
    booth.begin()
    booth.run(1.5)
    assert told(FaultRaised) == []
    (event,) = booth.wait_for(lambda: booth.run(0.25) or told(FaultRaised))
    somebody.set()
    assert event == NOTHING_HEARD.raised(
        "for 2s nothing was heard but silence, a steady hum or clipping. Speak into the microphone; check its switch, "
        "its gain, its cable, and that it is the right one"
    )
    assert booth.wait_for(lambda: booth.run(0.25) or told(FaultCleared)) == [NOTHING_HEARD.cleared()]
    booth.recorder.discard()


def test_that_nothing_was_heard_is_over_with_the_take(booth: Booth) -> None:
    booth.cards = FakeCards(booth.clock, sound=lambda _, frames, format: bytes(frames * format.frame_bytes))
    booth.monitor = MonitorSettings(Seconds(1))
    booth.begin()
    booth.wait_for(lambda: booth.run(0.25) or "nothing_heard" in str(booth.of(FaultRaised)))
    booth.recorder.stop(booth.clock.monotonic())
    assert booth.sealed().verdict is Verdict.SILENT
    assert booth.posted[-2:-1] == [NOTHING_HEARD.cleared()]
