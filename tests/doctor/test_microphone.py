"""The microphone: what it granted and what it hears."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from appliance.audio.ports import Direction
from appliance.audio.shared import SharedCards
from appliance.clock import SystemClock
from appliance.config.audio import AudioSettings, CaptureSettings
from appliance.config.settings import Settings
from appliance.doctor import Box, Finding, Prompt, Result
from appliance.doctor.microphone import microphone
from appliance.errors import DeviceBusy
from appliance.models import AudioFormat
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import pack, speech

Make = Callable[..., Box]
Findings = Callable[..., list[Finding]]


def silence(first: int, frames: int, format: AudioFormat) -> bytes:
    return bytes(frames * format.frame_bytes)


def level(value: int) -> Callable[[int, int, AudioFormat], bytes]:
    """A square wave of that many 16-bit steps."""

    def sound(first: int, frames: int, format: AudioFormat) -> bytes:
        import numpy as np

        wave = np.where(np.arange(first, first + frames) & 1, value, -value).astype(np.int32) << 16
        return pack(np.repeat(wave[:, np.newaxis], format.channels, axis=1), format.sample)

    return sound


def test_what_was_granted_is_said(make_box: Make, findings: Findings) -> None:
    settings = Settings(audio=AudioSettings(capture=CaptureSettings(rate=44_100, channels=2)))
    cards = FakeCards(sound=speech, max_buffer=0.5)
    opened, heard = findings(microphone(make_box(settings, cards)))
    assert (opened.name, opened.result) == ("microphone", Result.PASS)
    assert opened.words == "usb: 44100 Hz S16_LE stereo, 0.5 s of buffer in periods of 250 ms"
    assert (heard.name, heard.result) == ("microphone level", Result.PASS)
    assert cards.capture.closed


@pytest.mark.parametrize(
    ("sound", "result", "word"),
    [
        (silence, Result.FAIL, "silence"),
        (level(5), Result.FAIL, "silence"),
        (level(100), Result.WARN, "quiet"),
        (level(10_000), Result.PASS, "peak -10.3 dBFS"),
        (level(32_767), Result.WARN, "clipped"),
    ],
)
def test_what_is_heard_is_judged(make_box: Make, findings: Findings, sound: Any, result: Result, word: str) -> None:
    _, heard = findings(microphone(make_box(cards=FakeCards(sound=sound))))
    assert heard.result is result and word in heard.words
    assert bool(heard.next_step) == (result is not Result.PASS)


@pytest.mark.parametrize(
    ("word", "warned"), [("hw:1,0", True), ("plughw:CARD=1", True), ("hw:CARD=Device,DEV=0", False), ("usb", False)]
)
def test_a_card_that_is_named_by_its_number_is_told_of(
    make_box: Make, findings: Findings, word: str, warned: bool
) -> None:
    settings = Settings(audio=AudioSettings(capture=CaptureSettings(device=word)))
    found = findings(microphone(make_box(settings, FakeCards(sound=speech))))
    told = [each.next_step for each in found if each.result is Result.WARN and "by its number" in each.words]
    assert told == (["Run `appliance devices` and set audio.capture.device"] if warned else [])


def test_a_person_is_asked_to_speak_first(make_box: Make) -> None:
    first = next(microphone(make_box()))
    assert isinstance(first, Prompt) and "speak" in first.words


def test_losses_are_told(make_box: Make, findings: Findings) -> None:
    class Lossy(FakeCards):
        def open_capture(self, *arguments: Any) -> Any:
            stream = super().open_capture(*arguments)
            stream.overrun(100)
            return stream

    *_, lost = findings(microphone(make_box(cards=Lossy(sound=speech))))
    assert lost.result is Result.WARN and "once" in lost.words


def test_a_missing_microphone_fails(make_box: Make, findings: Findings) -> None:
    cards = FakeCards()
    cards.unplug()
    (missing,) = findings(microphone(make_box(cards=cards)))
    assert missing.result is Result.FAIL and "unplugged" in missing.words


def test_a_microphone_that_somebody_else_holds_fails(make_box: Make, findings: Findings) -> None:
    cards = FakeCards()
    cards.refuse(Direction.CAPTURE, DeviceBusy("microphone 'usb' is in use by arecord. Stop that program"))
    (busy,) = findings(microphone(make_box(cards=cards)))
    assert busy.result is Result.FAIL and "arecord" in busy.words


def test_a_take_in_progress_is_left_alone(make_box: Make, findings: Findings) -> None:
    cards = FakeCards()
    (skipped,) = findings(microphone(make_box(cards=cards, occupied=lambda: "a take is in progress")))
    assert skipped.result is Result.SKIP and cards.captures == []


def test_a_take_that_begins_meanwhile_gets_the_card(make_box: Make, findings: Findings) -> None:
    cards = FakeCards(SystemClock(), sound=speech)
    shared = SharedCards(cards, SystemClock())
    found: list[Finding] = []
    doctor = threading.Thread(target=lambda: found.extend(findings(microphone(make_box(cards=shared.lent)))))
    doctor.start()
    limit = time.monotonic() + 5
    while not cards.captures:
        assert time.monotonic() < limit
        time.sleep(0.001)
    shared.open_capture("usb", AudioFormat(), 0.25, 2.0).close()
    doctor.join(5)
    (skipped,) = found
    assert skipped.result is Result.SKIP and "needed for a take" in skipped.words
    assert cards.captures[0].closed


def test_nothing_is_lent_while_the_appliance_stops(make_box: Make, findings: Findings) -> None:
    shared = SharedCards(FakeCards(), SystemClock())
    shared.close()
    (skipped,) = findings(microphone(make_box(cards=shared.lent)))
    assert skipped.result is Result.SKIP
