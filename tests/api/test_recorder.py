"""The recorder of scripts, on real libasound with the test card."""

import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import soundfile

from appliance import Recorder, Recording
from appliance.api.recording import TAKES
from appliance.audio.wav import HEADER_BYTES
from appliance.circumstances import Gain
from appliance.errors import AlreadyRunning, AudioError, FormatUnsupported, NotFound, Refused, StorageError, UsageError
from appliance.events import (
    Event,
    FaultCleared,
    FaultRaised,
    MarkSet,
    TakeFailed,
    TakePaused,
    TakeProgress,
    TakeResumed,
    TakeSealed,
    TakeStarted,
)
from appliance.models import AudioFormat, SampleFormat
from appliance.simulation.cards import FakeCards, FakeMixer
from appliance.simulation.sound import missing, numbered, stretches
from appliance.testing.clock import ManualClock
from tests.api.conftest import Heard

FORMAT = AudioFormat(8000, 1)


@contextmanager
def recorder(folder: Path, card: Path, **options: Any) -> Iterator[Recorder]:
    with Recorder(folder, device=f"testcard:{card}", **{"rate": 8000, **options}) as opened:
        yield opened


def sound(recording: Recording) -> bytes:
    return recording.path.read_bytes()[HEADER_BYTES:]


def test_a_recording_from_start_to_stop(test_card: Path, tmp_path: Path, heard: Heard) -> None:
    with recorder(tmp_path, test_card, on_event=heard, name="walk") as walk:
        assert walk.start() == FORMAT and walk.recording and not walk.paused
        heard.until(TakeProgress)
        walk.mark()
        recording = walk.stop()
        assert not walk.recording and walk.seconds == recording.seconds
    assert recording.path.parent == tmp_path and recording.path.name.startswith("walk_")
    (piece,) = stretches(sound(recording), FORMAT)
    assert piece.frames == recording.clip.frames and recording.size == recording.path.stat().st_size
    assert [mark.offset for mark in recording.clip.marks] == [heard.until(MarkSet).offset]
    assert recording.verdict == str(recording.clip.verdict) and recording.earlier == ()
    assert Recording.read(recording.path) == recording
    assert json.loads(recording.path.with_suffix(".json").read_text())["frames"] == recording.clip.frames
    assert [type(event) for event in heard.events[:1] + heard.events[-1:]] == [TakeStarted, TakeSealed]
    assert list((tmp_path / TAKES).iterdir()) == []


@pytest.mark.parametrize(
    ("rate", "channels", "sample_format", "subtype"),
    [(16_000, 2, "S16_LE", "PCM_16"), (44_100, 1, "S24_3LE", "PCM_24"), (96_000, 2, "S32_LE", "PCM_32")],
)
def test_the_file_has_the_format_that_was_asked_for(
    rate: int, channels: int, sample_format: str, subtype: str, test_card: Path, tmp_path: Path
) -> None:
    with recorder(tmp_path, test_card, rate=rate, channels=channels, sample_format=sample_format) as asked:
        assert asked.start() == AudioFormat(rate, channels, SampleFormat(sample_format))
        recording = asked.stop()
    info = soundfile.info(recording.path)
    assert (info.samplerate, info.channels, info.subtype) == (rate, channels, subtype)
    assert info.frames == recording.clip.frames and recording.seconds == pytest.approx(info.duration)


def test_its_import_waits_for_nothing_that_the_first_frame_does_not_need() -> None:
    code = "import sys; from appliance import Recorder; print({'numpy', 'cattrs', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_what_is_said_of_a_recording_stays_with_it(test_card: Path, tmp_path: Path) -> None:
    with recorder(tmp_path, test_card) as opened:
        with pytest.raises(UsageError, match="expected a name of up to 32 letters"):
            opened.start(fields={"no name": "x"})
        opened.start(fields={"title": "A day", "consent": True, "take": 2})
        recording = opened.stop()
    clip = Recording.read(recording.path).clip
    assert (clip.title, clip.fields) == ("A day", {"title": "A day", "consent": True, "take": 2})


@pytest.mark.slow
def test_a_pause_is_left_out_and_told(test_card: Path, tmp_path: Path, heard: Heard) -> None:
    with recorder(tmp_path, test_card, on_event=heard) as paused:
        paused.start()
        paused.pause()
        paused.pause()
        assert paused.paused
        paused.resume()
        assert not paused.paused
        recording = paused.stop()
    assert len(heard.of(TakePaused)) == 1
    (pause,) = recording.clip.pauses
    assert missing(sound(recording), FORMAT) == pytest.approx(pause.seconds * 8000, abs=400)
    assert heard.until(TakeResumed).offset == pause.offset


@pytest.mark.slow
def test_the_blocks_are_the_file(test_card: Path, tmp_path: Path, heard: Heard) -> None:
    with recorder(tmp_path, test_card, on_event=heard, max_duration=1) as recording:
        recording.start()
        blocks = list(recording.blocks(700))
        whole = recording.wait()
    assert b"".join(block.data for block in blocks) == sound(whole)
    assert [block.offset for block in blocks] == list(range(0, 8000, 700))
    assert [block.is_last for block in blocks] == [False] * 11 + [True] and len(blocks[-1].data) == 600
    assert whole.clip.cut and whole.seconds == 1


@pytest.mark.slow
def test_blocks_that_fit_end_with_a_full_one(test_card: Path, tmp_path: Path) -> None:
    with recorder(tmp_path, test_card, max_duration=1) as recording:
        recording.start()
        assert [(block.offset, block.is_last) for block in recording.blocks(4000)] == [(0, False), (4000, True)]


@pytest.mark.slow
def test_who_reads_blocks_late_gets_all_of_them(test_card: Path, tmp_path: Path) -> None:
    with recorder(tmp_path, test_card, max_duration=1) as recording:
        recording.start()
        blocks = recording.blocks(1000)
        first = next(blocks)
        whole = recording.wait()
        assert first.data + b"".join(block.data for block in blocks) == sound(whole)


KILLED = """
import os, signal, sys
from appliance import Recorder
from appliance.events import TakeProgress

recorder = Recorder(sys.argv[1], device=sys.argv[2], rate=8000)
recorder.start()
for block in recorder.blocks(4000):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_what_a_crash_left_is_made_whole(test_card: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), f"testcard:{test_card}"])
    assert done.returncode == -9 and not list(tmp_path.glob("*.wav"))
    with recorder(tmp_path, test_card) as after:
        (recovered,) = after.recovered
    assert recovered.clip.recovered and recovered.clip.frames >= 4000
    (piece,) = stretches(sound(recovered), FORMAT)
    assert piece.frames == recovered.clip.frames
    with recorder(tmp_path, test_card) as again:
        assert again.recovered == ()
    assert len(list(tmp_path.glob("*.wav"))) == 1


@pytest.mark.parametrize("at", ["before the name", "after the name"])
def test_a_crash_while_the_file_gets_its_name(test_card: Path, tmp_path: Path, at: str) -> None:
    """Whatever stands at any moment in between is made whole, once."""
    with recorder(tmp_path, test_card) as first:
        first.start()
        whole = first.stop()
    take = tmp_path / TAKES / whole.clip.id
    take.mkdir()
    (take / "clip.json").write_bytes(whole.path.with_suffix(".json").read_bytes())
    os.link(whole.path, take / "audio.wav")
    if at == "before the name":
        whole.path.unlink()
    with recorder(tmp_path, test_card) as second:
        assert second.recovered == (whole,)
    assert whole.path.exists() and not take.exists()


def test_a_folder_has_one_recorder(test_card: Path, tmp_path: Path) -> None:
    with recorder(tmp_path, test_card) as first:
        first.start()
        with pytest.raises(AlreadyRunning, match="another recorder uses"), recorder(tmp_path, test_card):
            pass
        assert first.stop().verdict != "gaps"
    with recorder(tmp_path, test_card):
        pass


def test_what_makes_no_sense_now_is_refused(test_card: Path, tmp_path: Path) -> None:
    with recorder(tmp_path, test_card) as idle:
        for ask in (idle.stop, idle.pause, idle.resume, idle.mark, idle.discard, lambda: next(idle.blocks(10))):
            with pytest.raises(Refused):
                ask()
        idle.start()
        with pytest.raises(Refused, match="stop it first"):
            idle.start()
        idle.discard()
        with pytest.raises(Refused):
            idle.stop()
    assert not list(tmp_path.glob("*.wav")) and not list((tmp_path / TAKES).iterdir())


def test_a_block_of_nothing_is_refused_and_disturbs_nothing(test_card: Path, tmp_path: Path) -> None:
    odd: list[Any] = [0, -5, 1.5]
    with recorder(tmp_path, test_card) as walk:
        walk.start()
        for frames in odd:
            with pytest.raises(UsageError, match=f"frames is {frames}, expected a whole number"):
                walk.blocks(frames)
        assert len(next(walk.blocks(10)).data) == 20


def test_a_recorder_that_is_closed_says_so_and_may_be_closed_again(test_card: Path, tmp_path: Path) -> None:
    with recorder(tmp_path, test_card) as walk:
        walk.start()
        walk.close()
        with pytest.raises(Refused, match="closed: make another one"):
            walk.start()
        own = os.open(tmp_path, os.O_RDONLY)  # it may get the number of what was let go
    assert os.fstat(own), "and closing again closes nothing of somebody else's"
    os.close(own)
    assert len(list(tmp_path.glob("*.wav"))) == 1


@pytest.mark.slow
def test_a_microphone_that_cannot_be_used_says_why(test_card: Path, tmp_path: Path, heard: Heard) -> None:
    (test_card / "unplugged").touch()
    with recorder(tmp_path, test_card, on_event=heard) as silent:
        with pytest.raises(AudioError) as raised:
            silent.start()
        assert heard.until(TakeFailed).message == str(raised.value)
        (test_card / "unplugged").unlink()
        silent.start()
        assert silent.stop().clip.frames
    (test_card / "rate").write_text("44100")
    with recorder(tmp_path, test_card) as strict, pytest.raises(FormatUnsupported, match="44100"):
        strict.start()
    with recorder(tmp_path, test_card, rate=None) as loose:
        assert loose.start().rate == 44_100


@pytest.mark.parametrize("wish", [{"rate": 5}, {"sample_format": "S8"}, {"max_duration": 0}])
def test_a_wish_that_nobody_can_fulfil(test_card: Path, tmp_path: Path, wish: dict[str, Any]) -> None:
    with pytest.raises(UsageError), recorder(tmp_path, test_card, **wish):
        pass


def test_a_folder_that_cannot_be_written(test_card: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="nothing can be recorded"), recorder(tmp_path / "file", test_card):
        pass


def test_a_broken_callback_harms_no_recording(
    test_card: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: object) -> None:
        raise RuntimeError("my own mistake")

    with recorder(tmp_path, test_card, on_event=broken) as unharmed:
        unharmed.start()
        assert unharmed.stop().clip.frames
    assert "my own mistake" in caplog.text


def test_a_callback_may_ask_for_more(test_card: Path, tmp_path: Path) -> None:
    made: list[Recording] = []

    def stop_soon(event: Event) -> None:
        if isinstance(event, TakeProgress) and not made:
            made.append(asking.stop())
            asking.close()

    with recorder(tmp_path, test_card, on_event=stop_soon) as asking:
        asking.start()
        assert asking.wait().clip.frames
    assert [recording.path for recording in made] == list(tmp_path.glob("*.wav"))


@pytest.mark.slow
def test_a_callback_that_takes_its_time_costs_no_sound(test_card: Path, tmp_path: Path) -> None:
    go_on = threading.Event()

    def slow(event: Event) -> None:
        go_on.wait(20)

    with recorder(tmp_path, test_card, on_event=slow, max_duration=1) as unharmed:
        unharmed.start()
        recording = unharmed.wait()
        go_on.set()
    (piece,) = stretches(sound(recording), FORMAT)
    assert piece.frames == 8000 and not recording.clip.gaps


@pytest.mark.slow
def test_blocks_are_there_after_the_end_too(test_card: Path, tmp_path: Path) -> None:
    with recorder(tmp_path, test_card) as ended:
        ended.start()
        recording = ended.stop()
        blocks = list(ended.blocks(1000))
        assert b"".join(block.data for block in blocks) == sound(recording)
        assert [block.is_last for block in blocks][-1] and sum(block.is_last for block in blocks) == 1
        ended.start()
        ended.discard()
        with pytest.raises(Refused, match="thrown away"):
            list(ended.blocks(1000))


ODD: dict[str, list[Any]] = {
    "device": [3, None, b"x", "", "x\0"],
    "name": [3, None, "", "a/b", "../a", ".hidden", "x\0", "é" * 60],
    "sample_format": [3, "", []],
    "folder": [3, None, b"x", "x\0"],
    "on_event": [3],
}


@pytest.mark.parametrize(("argument", "odd"), [(argument, value) for argument in ODD for value in ODD[argument]])
def test_what_makes_no_sense_is_refused_in_words(
    argument: str, odd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"^{argument} is .*, expected "):
        Recorder(**{"cards": FakeCards(), "folder": tmp_path / "new", argument: odd})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("odd", [3, [1], {3: "x"}, {"a": None}, {"a": math.nan}, {"a": 10**20}, {"a": "x\0"}])
def test_fields_that_cannot_be_kept_are_refused_in_words(odd: Any, test_card: Path, tmp_path: Path) -> None:
    with recorder(tmp_path, test_card) as described:
        with pytest.raises(UsageError):
            described.start(fields=odd)
        described.start(fields={"take": 10**14, "level": 0.5})
        described.mark("here")
        with pytest.raises(UsageError, match="label is 3, expected text"):
            described.mark(3)  # type: ignore[arg-type]
        clip = described.stop().clip
    assert clip.fields == {"take": 10**14, "level": 0.5} and [mark.label for mark in clip.marks] == ["here"]


def test_leaving_the_block_keeps_what_is_in_progress(test_card: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), recorder(tmp_path, test_card) as interrupted:
        interrupted.start()
        raise KeyboardInterrupt
    (file,) = tmp_path.glob("*.wav")
    assert Recording.read(file).clip.frames


def test_a_file_of_which_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"other\.json"):
        Recording.read(tmp_path / "other.wav")


def test_a_recording_goes_on_with_another_microphone(tmp_path: Path, heard: Heard) -> None:
    clock = ManualClock()
    cards = FakeCards(clock, sound=numbered)
    other = AudioFormat(44_100, 2, SampleFormat.S24_3LE)

    def run(seconds: float) -> None:
        for _ in range(round(seconds / 0.25)):
            clock.advance(0.25)
            cards.capture.wait_until_read()

    with Recorder(tmp_path, cards=cards, clock=clock, on_event=heard) as patient:
        starting = threading.Thread(target=patient.start)
        starting.start()
        while not cards.captures:
            starting.join(0.001)
        run(1)
        starting.join(5)
        cards.formats = (other,)
        cards.unplug()
        heard.until(FaultRaised)
        cards.replug()
        clock.advance(0.5)
        heard.until(TakeSealed)
        while len(cards.captures) < 2 or cards.capture.format != other:
            starting.join(0.001)
        run(1)
        heard.until(FaultCleared)
        stopping: list[Recording] = []
        ended = threading.Thread(target=lambda: stopping.append(patient.stop()))
        ended.start()
        while ended.is_alive():
            clock.advance(0.01)
            ended.join(0.001)
    (last,) = stopping
    (first,) = last.earlier
    assert (first.clip.format.rate, last.clip.format) == (48_000, other)
    assert last.clip.continues == first.clip.id and first.path.exists()


def test_the_gain_is_set_at_the_mixer_and_kept_with_the_recording(tmp_path: Path) -> None:
    mixer = FakeMixer(Gain("Mic", 0.0, "dB", -20.0, 20.0))
    with Recorder(tmp_path, gain="12dB", cards=FakeCards(mixer=mixer)) as loud:
        loud.start()
        recording = loud.stop()
    assert mixer.gain().value == 12.0
    assert recording.clip.gain and recording.clip.gain.value == 12.0


@pytest.mark.parametrize(
    ("gain", "mixer", "said"),
    [("50dB", FakeMixer(Gain("Mic", 0.0, "dB", -20.0, 20.0)), "50 ?dB"), ("12dB", None, "has no mixer")],
)
def test_a_gain_that_the_card_cannot_have_is_said_at_once(
    gain: str, mixer: FakeMixer | None, said: str, tmp_path: Path
) -> None:
    with pytest.raises(AudioError, match=said):
        Recorder(tmp_path, gain=gain, cards=FakeCards(mixer=mixer))
    Recorder(tmp_path, cards=FakeCards()).close()  # the folder is free again


@pytest.mark.parametrize("odd", ["x", 1.5, True, math.nan])
def test_what_is_no_whole_number_is_refused_in_words(odd: Any, tmp_path: Path) -> None:
    for name in ("rate", "channels"):
        with pytest.raises(UsageError, match=f"{name} is {odd!r}, expected a whole number"):
            Recorder(tmp_path, cards=FakeCards(), **{name: odd})


@pytest.mark.parametrize("odd", ["x", math.nan, math.inf])
def test_a_duration_that_is_no_number_is_refused_in_words(odd: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"max_duration is {odd!r}, expected a number"):
        Recorder(tmp_path, cards=FakeCards(), max_duration=odd)
    with pytest.raises(UsageError, match="neither dB"):
        Recorder(tmp_path, cards=FakeCards(), gain=odd)
    Recorder(tmp_path, cards=FakeCards()).close()  # the folder is free


def test_a_gain_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither dB"):
        Recorder(tmp_path, gain="loud", cards=FakeCards())
