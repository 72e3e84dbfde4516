"""Prompts: which event is told by which sound, when the box keeps quiet, and where the sounds come from."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from attrs import evolve

from appliance import events
from appliance.circumstances import Begun, Starter
from appliance.config.loader import parse
from appliance.config.prompts import INTO_TAKES, Prompt, PromptSettings
from appliance.errors import NoSpeaker
from appliance.faults import FEED, LAST_CLIP, PROMPT
from appliance.machine import Input, Player, Recorder, State
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Receipt, Track, Verdict
from appliance.prompts import Prompts, sounds_of
from appliance.prompts.sounds import SHIPPED
from appliance.prompts.synthesis import SCORE, tone
from appliance.status import Status, advance

CLIP = Clip("x", "x", "box", AudioFormat(), 0, 0, ClockStamp(0, 0, "boot", ClockSource.NONE))
TRACK = Track(1, "family", "1", "message", Path("/1.flac"), 1, "", 0)
RECEIPT = Receipt("x.wav", 1, verified=True)
IDLE = Status()
RECORDING, PAUSED = Status(recorder=Recorder.RECORDING), Status(recorder=Recorder.PAUSED)
PLAYING = Status(player=Player.PLAYING)
FAILING = Status(faults=(FEED.fault("away", "family"),))
SOUNDS = {prompt: Path(f"/{prompt}.wav") for prompt in Prompt}

HAPPENS: tuple[tuple[Input, Status, Prompt], ...] = (
    (events.ApplianceReady(), IDLE, Prompt.READY),
    (events.TakeStarted("take", "x", AudioFormat(), 0.5), RECORDING, Prompt.RECORDING),
    (events.TakeResumed("take", 1), RECORDING, Prompt.RECORDING),
    (events.TakePaused("take", 1), PAUSED, Prompt.PAUSED),
    (events.TakeNearlyUp("take", 10.0), RECORDING, Prompt.TIME_IS_NEARLY_UP),
    (events.RecordStop(1.0), IDLE, Prompt.STOPPED),
    (events.RecordToggle(1.0), IDLE, Prompt.STOPPED),
    (events.TakeSealed("take", evolve(CLIP, cut=True)), IDLE, Prompt.STOPPED),
    (events.ClipFinished(CLIP, Verdict.TOO_SHORT), IDLE, Prompt.TOO_SHORT),
    (events.ClipFinished(CLIP, Verdict.OK), IDLE, Prompt.SAVED),
    (events.DeliverySucceeded("x", "shelf", RECEIPT), IDLE, Prompt.DELIVERED),
    (events.TrackArrived(TRACK, play_now=False), IDLE, Prompt.NEW_MESSAGE),
    (events.StorageNearlyFull(900.0), IDLE, Prompt.CARD_NEARLY_FULL),
    (FEED.raised("away", "family"), FAILING, Prompt.FAULT),
)


class House:
    """The machine, in a box that is as the test says."""

    def __init__(self) -> None:
        self.machine = Prompts(SOUNDS)

    def hear(self, happened: Input, status: Status = IDLE) -> list[object]:
        """The prompts that are said then, and what else is asked for or told."""
        self.machine, asked = self.machine.react(happened, status)
        return [Prompt(each.title) if isinstance(each, events.Say) else each for each in asked]

    def said(self) -> list[object]:
        """As `hear`, after the end of what was said last."""
        return self.hear(events.Said(self.machine.saying or "", 1.0, completed=True))


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize(("happened", "status", "prompt"), HAPPENS, ids=lambda value: type(value).__name__)
def test_each_event_is_told_by_its_sound(house: House, happened: Input, status: Status, prompt: Prompt) -> None:
    assert house.hear(happened, status) == [prompt]


def test_every_prompt_is_told_of_something() -> None:
    assert {prompt for _, _, prompt in HAPPENS} == set(Prompt) == set(SCORE) - {"tone"}


def test_what_is_wrong_with_a_clip_is_heard_behind_what_becomes_of_it(house: House) -> None:
    for verdict, prompt in ((Verdict.SILENT, Prompt.SAVED), (Verdict.TOO_SHORT, Prompt.TOO_SHORT)):
        happened = events.ClipFinished(CLIP, verdict)
        status = evolve(IDLE, faults=(LAST_CLIP.fault(f"clip x is {verdict}"),))
        assert house.hear(happened, status) == [prompt]
        assert house.said() == [Prompt.FAULT]
        assert house.said() == []


def test_what_guests_send_from_their_phones_is_told_by_no_sound(house: House) -> None:
    theirs = evolve(CLIP, begun=Begun(Starter.GUEST))
    assert house.hear(events.ClipFinished(theirs, Verdict.OK)) == []


def test_what_goes_on_recording_in_another_clip_has_not_stopped(house: House) -> None:
    assert house.hear(events.TakeSealed("take", CLIP), RECORDING) == []


@pytest.mark.parametrize("busy", [RECORDING, PLAYING, evolve(PLAYING, player=Player.PAUSED)])
def test_nothing_is_said_into_a_take_or_a_message_and_nothing_too_late(house: House, busy: Status) -> None:
    assert house.hear(events.DeliverySucceeded("x", "shelf", RECEIPT), busy) == []
    assert house.hear(events.TrackArrived(TRACK, play_now=False), busy) == []
    assert house.hear(events.QueueChanged(0)) == []


def test_one_is_said_after_the_other_each_once_and_what_waits_gives_way_to_a_take(house: House) -> None:
    saved = events.ClipFinished(CLIP, Verdict.OK)
    assert house.hear(events.RecordStop(1.0)) == [Prompt.STOPPED]
    assert house.hear(saved) == house.hear(saved) == []
    assert house.said() == [Prompt.SAVED]
    assert house.said() == []
    assert house.hear(saved) == [Prompt.SAVED]
    assert house.hear(events.DeliverySucceeded("x", "shelf", RECEIPT)) == []
    assert house.hear(events.RecordStart(2.0), RECORDING) == []
    assert house.said() == []


def test_one_that_is_refused_does_not_silence_those_after_it(house: House) -> None:
    assert house.hear(events.ApplianceReady()) == [Prompt.READY]
    refused = events.CommandRefused("Say", "something else is playing", house.machine.saying)
    assert house.hear(refused, PLAYING) == []
    assert house.hear(events.RecordStop(1.0)) == [Prompt.STOPPED]


def test_while_the_handset_is_off_the_hook_its_flow_alone_speaks(house: House) -> None:
    lifted = advance(IDLE, State(), events.HandsetLift(1.0))
    assert house.hear(events.DeliverySucceeded("x", "shelf", RECEIPT), lifted) == []
    assert house.hear(events.HandsetHangUp(2.0), advance(lifted, State(), events.HandsetHangUp(2.0))) == []
    assert house.hear(events.DeliverySucceeded("x", "shelf", RECEIPT)) == [Prompt.DELIVERED]


def test_a_file_that_cannot_be_said_is_a_fault_until_one_can() -> None:
    status = advance(IDLE, State(), events.Said("prompt-0", 1.0, False, "cannot play 'ready.wav'", "Unplayable"))
    assert [fault.name for fault in status.faults] == [PROMPT.name]
    assert advance(status, State(), events.Said("prompt-1", 2.0, completed=False)).faults
    assert not advance(status, State(), events.Said("prompt-2", 3.0, completed=True)).faults


def test_a_file_that_cannot_be_said_is_a_fault_until_that_one_can() -> None:
    """Not only until another one sounds, such as the prompt that tells of the fault."""

    def hear(status: Status, sound: str, message: str = "") -> Status:
        said = events.Said("prompt", 1.0, not message, message, message and "AudioError", sound)
        return advance(status, State(), said)

    status = hear(hear(IDLE, "saved.wav", "there is no such file"), "stopped.wav", "this is no sound")
    assert [fault.message for fault in status.faults] == ["this is no sound"]
    status = hear(hear(status, "fault.wav"), "stopped.wav")
    assert [fault.name for fault in status.faults] == [PROMPT.name]
    assert not hear(status, "saved.wav").faults
    lost = hear(IDLE, "", "the speaker is gone")
    assert lost.faults and not hear(lost, "stopped.wav").faults


def test_a_box_without_a_speaker_complains_of_nothing() -> None:
    said = events.Said("prompt-0", 1.0, False, "this box has no speaker", NoSpeaker.__name__)
    assert advance(IDLE, State(), said).ok


@pytest.mark.parametrize("name", SCORE)
def test_the_tones_that_come_with_the_appliance_are_those_of_the_score(name: str) -> None:
    samples, rate = soundfile.read(SHIPPED / f"{name}.flac", dtype="int16")
    assert rate == 48_000 and np.array_equal(samples, tone(SCORE[name]))
    assert 0.1 < len(samples) / rate < 1


def settings(text: str) -> PromptSettings:
    return parse(f"prompts: {text}", "test", {}, {}).prompts


def test_by_default_the_box_is_quiet() -> None:
    assert sounds_of(PromptSettings()) == {}


def test_tones_sound_for_everything_but_into_a_take() -> None:
    tones = settings("tones")
    assert set(sounds_of(tones)) == set(Prompt) - {*INTO_TAKES}
    assert set(sounds_of(tones, at_the_ear=True)) == set(Prompt)


def test_a_file_counts_before_the_language_and_that_before_the_folder(tmp_path: Path) -> None:
    for name in ("saved.wav", "ready.mp3", "stopped.flac", "de/saved.wav", "de/ready.ogg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = sounds_of(settings(f"{{sounds: {tmp_path}, language: de, ready: /own.wav, time_is_nearly_up: /soon.wav}}"))
    assert found == {
        Prompt.READY: Path("/own.wav"),
        Prompt.SAVED: tmp_path / "de/saved.wav",
        Prompt.STOPPED: tmp_path / "stopped.flac",
        Prompt.TIME_IS_NEARLY_UP: Path("/soon.wav"),
    }
