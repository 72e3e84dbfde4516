"""The status: folded from events, and what the panel shows of it."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from appliance import events
from appliance.circumstances import Begun, Starter
from appliance.codec import from_plain, to_plain
from appliance.faults import MICROPHONE_AWAY, MICROPHONE_LOST, RECORDING, RECORDING_UNKEPT, SPEAKER, STORAGE_FULL
from appliance.front import panel_state
from appliance.machine import Player, Recorder, State
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Fault, Gap, GapCause, Receipt, Verdict
from appliance.panel.ports import Indication
from appliance.status import Status, advance

IN_TAKE = State(Recorder.RECORDING, take_id="t")
PLAYS = State(player=Player.PLAYING, playback_id="p")
CLIP = Clip("c", "box_c", "box", AudioFormat(), 480, 1000, ClockStamp(0, 0, "boot", ClockSource.NONE))


def follow(*happened: events.Event, state: State | None = None) -> Status:
    status = Status()
    for event in happened:
        status = advance(status, state or State(), event)
    return status


def test_the_take_in_progress() -> None:
    status = follow(
        events.TakeStarted("t", "box_t", AudioFormat(), 2.0),
        events.TakeProgress("t", 48_000, 1.0, -6.0, -20.0),
        events.GapFound("t", Gap(5, 6, 1, GapCause.OVERRUN)),
        events.MarkSet("t", 7),
        events.TakeProgress("another", 1, 9.0, 0.0, 0.0),
        state=IN_TAKE,
    )
    assert status.take
    assert (status.take.seconds, status.take.peak_dbfs, status.take.gaps, status.take.marks) == (1.0, -6.0, 1, 1)
    assert advance(status, State(), events.TakeSealed("t", CLIP)).take is None


def test_a_take_that_will_be_ended_soon_says_so() -> None:
    status = follow(
        events.TakeStarted("t", "box_t", AudioFormat(), 2.0),
        events.TakeNearlyUp("t", 60.0),
        state=IN_TAKE,
    )
    assert status.take and status.take.seconds_left == 60.0
    assert panel_state(status).status is Indication.ENDING
    status = advance(status, IN_TAKE, events.TakeProgress("t", 48_000, 1.0, -6.0, -20.0))
    assert status.take and status.take.seconds_left == 59.0
    assert advance(status, State(), events.TakeSealed("t", CLIP)).ok


def test_a_clip_that_was_cut_is_a_fault_until_a_whole_one() -> None:
    cut = events.ClipFinished(evolve(CLIP, cut=True), Verdict.OK)
    assert "recording.max_duration" in follow(cut).faults[0].message
    assert follow(cut, events.ClipFinished(CLIP, Verdict.OK)).ok


def test_a_take_that_was_stopped_before_its_first_sound_is_no_fault() -> None:
    assert follow(events.TakeFailed("t", "nothing was recorded", fault=False)).ok


def test_a_failed_take_is_an_urgent_fault_until_one_starts() -> None:
    failed = follow(events.TakeFailed("t", "no microphone"))
    assert failed.faults == (RECORDING.fault("no microphone"),)
    assert panel_state(failed).status is Indication.URGENT_FAULT
    assert follow(events.TakeFailed("t", "x"), events.TakeStarted("u", "n", AudioFormat(), 2.0)).ok


def names(status: Status) -> list[tuple[str, str]]:
    return [(fault.name, fault.message) for fault in status.faults]


def test_a_take_that_found_no_microphone_is_no_fault_any_more_once_that_is_there() -> None:
    gone = MICROPHONE_AWAY.raised("gone")
    failed = follow(gone, events.TakeFailed("t", "no microphone", error="DeviceNotFound"))
    assert len(failed.faults) == 2
    assert advance(failed, State(), MICROPHONE_AWAY.cleared()).ok


@pytest.mark.parametrize("error", ["StorageError", "", "OfANewerRelease"])
def test_a_take_that_failed_by_something_else_stays_a_fault_though_the_microphone_comes_back(error: str) -> None:
    failed = follow(MICROPHONE_AWAY.raised("gone"), events.TakeFailed("t", "the disk is full", error=error))
    for back in (MICROPHONE_AWAY, MICROPHONE_LOST):
        assert ("recording", "the disk is full") in names(advance(failed, State(), back.cleared()))


def test_what_could_not_be_recorded_for_two_reasons_is_over_with_both() -> None:
    failed = follow(
        events.TakeFailed("t", "no microphone", error="DeviceNotFound"),
        events.TakeFailed("u", "the disk is full", error="StorageError"),
    )
    assert names(failed) == [("recording", "no microphone"), ("recording", "the disk is full")]
    assert names(advance(failed, State(), RECORDING_UNKEPT.cleared())) == [("recording", "no microphone")]
    assert advance(failed, IN_TAKE, events.TakeStarted("v", "n", AudioFormat(), 2.0)).ok


def test_a_microphone_that_a_take_lost_for_a_moment_is_still_the_one_that_it_was() -> None:
    """Whose fault is over within a moment, before anybody looks at the card again."""
    status = follow(events.MicrophoneReady(AudioFormat()), MICROPHONE_LOST.raised("it went away"))
    assert advance(status, State(), MICROPHONE_LOST.cleared()).microphone == AudioFormat()
    assert follow(events.MicrophoneReady(AudioFormat()), MICROPHONE_AWAY.raised("gone")).microphone is None


def test_what_could_not_be_played_is_no_fault_any_more_once_a_speaker_is_there() -> None:
    failed = follow(events.PlaybackFailed("p", "speaker not found", error="DeviceNotFound"))
    assert [fault.name for fault in failed.faults] == ["playback"]
    assert advance(failed, State(), SPEAKER.cleared()).ok


def test_a_damaged_file_stays_a_fault_though_the_speaker_comes_back() -> None:
    failed = follow(SPEAKER.raised("gone"), events.PlaybackFailed("p", "no sound in it", error="Unplayable"))
    failed = advance(failed, State(), events.PlaybackFailed("q", "nothing at all", error="DecoderMissing"))
    assert names(advance(failed, State(), SPEAKER.cleared())) == [("playback", "nothing at all")]
    assert "playback" not in dict(names(advance(failed, PLAYS, events.PlaybackStarted("r", "x", 1.0))))


def test_what_waits_and_is_given_up_by_hand_is_a_fault_no_more() -> None:
    started, waits = events.PlaybackStarted("p", "x", 9.0), events.PlaybackWaiting("p", 1.0, "it has not come so far")
    waiting = follow(started, waits, state=PLAYS)
    assert names(waiting) == [("playback", "it has not come so far")]
    assert advance(waiting, State(), events.PlaybackFinished("p", completed=False)).ok
    assert not advance(waiting, State(), events.PlaybackFinished("p", completed=False, given_up=True)).ok
    assert not advance(waiting, PLAYS, events.PlaybackFinished("q", completed=False)).ok


def test_a_box_that_is_said_to_have_no_speaker_is_in_no_fault() -> None:
    assert follow(events.PlaybackFailed("p", "no speaker", error="NoSpeaker")).ok


def test_a_silent_clip_is_a_fault_until_a_good_one() -> None:
    silent = events.ClipFinished(evolve(CLIP, verdict=Verdict.SILENT), Verdict.SILENT)
    assert "silent" in follow(silent).faults[0].message
    assert follow(silent, events.ClipFinished(CLIP, Verdict.OK)).ok
    theirs = evolve(CLIP, verdict=Verdict.SILENT, begun=Begun(Starter.GUEST))
    assert follow(events.ClipFinished(theirs, Verdict.SILENT)).ok, "the phone of a guest is no part of the box"


def test_a_clip_with_gaps_is_a_fault_where_what_made_them_may_go_on() -> None:
    def after(*causes: GapCause) -> Status:
        gaps = tuple(Gap(0, 96_000, 100, cause, filled=True) for cause in causes)
        return follow(events.ClipFinished(evolve(CLIP, gaps=gaps, verdict=Verdict.GAPS), Verdict.GAPS))

    assert "has gaps" in after(GapCause.DEVICE, GapCause.OVERRUN).faults[0].message
    assert after(GapCause.DEVICE).ok


def test_a_full_card_is_shown_until_there_is_room_but_never_over_a_take_that_goes_on() -> None:
    full = events.StorageFull("no clip may go")
    assert follow(full).faults == (STORAGE_FULL.fault("no clip may go"),)
    assert panel_state(follow(full)).status is Indication.URGENT_FAULT
    in_take = panel_state(follow(full, state=IN_TAKE))
    assert in_take.status is Indication.RECORDING and in_take.fault
    lost = MICROPHONE_AWAY.raised("gone")
    assert panel_state(follow(full, lost, state=IN_TAKE)).status is Indication.URGENT_FAULT
    assert follow(full, events.StorageFree()).ok


def test_the_last_clip_gets_its_true_start() -> None:
    corrected = evolve(CLIP, corrected=ClockStamp(9, 0, "boot", ClockSource.NTP))
    status = follow(events.ClipFinished(CLIP, Verdict.OK), events.ClipCorrected(corrected))
    assert status.last_clip == corrected and corrected.began.wall_ns == 9
    assert advance(status, State(), events.ClipCorrected(evolve(corrected, id="other"))).last_clip == corrected


def test_a_fault_raised_again_replaces_its_message() -> None:
    status = follow(events.FaultRaised(Fault("a", "one")), events.FaultRaised(Fault("a", "two")))
    assert status.faults == (Fault("a", "two"),)
    assert advance(status, State(), events.FaultCleared("a")).ok


def test_what_is_being_sent() -> None:
    begun = (events.DeliveryStarted("c", "office", 1, 100), events.DeliveryStarted("c", "shelf", 1, 100))
    progress = events.DeliveryProgress("c", "office", 40, 100, 10.0, 6.0)
    done = events.DeliverySucceeded("c", "shelf", Receipt("c.wav", 100, True))
    status = follow(*begun, progress, done)
    assert status.sending == (progress,)
    assert panel_state(status).status is Indication.DELIVERING


@given(
    st.sampled_from(Recorder), st.booleans(), st.booleans(), st.integers(0, 2), st.booleans(),
)  # fmt: skip
def test_the_panel_shows_the_most_important_word(
    recorder: Recorder, fault: bool, urgent: bool, unheard: int, sending: bool
) -> None:
    status = Status(
        recorder=recorder,
        faults=(Fault("f", "m", urgent),) if fault else (),
        unheard=unheard,
        sending=(events.DeliveryProgress("c", "d", 0, 1, 0.0, None),) if sending else (),
    )
    shown = panel_state(status)
    if fault and urgent:
        assert shown.status is Indication.URGENT_FAULT
    elif recorder is Recorder.RECORDING:
        assert shown.status is Indication.RECORDING
    elif recorder is Recorder.PAUSED:
        assert shown.status is Indication.PAUSED
    elif fault:
        assert shown.status is Indication.FAULT
    assert shown.fault == fault
    assert (shown.status is Indication.IDLE) == (
        recorder is Recorder.IDLE and not fault and not sending and not unheard
    )


def test_the_status_travels_as_json() -> None:
    status = follow(
        events.TakeStarted("t", "n", AudioFormat(), 2.0), events.ClipFinished(CLIP, Verdict.OK), state=IN_TAKE
    )
    assert from_plain(to_plain(status), Status) == status
