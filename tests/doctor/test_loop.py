"""The loop from the speaker to the microphone, in a room that is made of nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from appliance.audio.ports import Direction
from appliance.clock import SystemClock
from appliance.config.audio import AudioSettings, CaptureSettings, PlaybackSettings, VolumeSettings
from appliance.config.options import Percent
from appliance.config.settings import Settings
from appliance.doctor import Box, Finding, Result
from appliance.doctor.loop import loop
from appliance.errors import DeviceBusy
from appliance.models import AudioFormat, SampleFormat
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import pack

Make = Callable[..., Box]
Findings = Callable[..., list[Finding]]


class Room:
    """A microphone that hears the speaker `delay` seconds late and `gain` times as loud, in a little noise."""

    def __init__(self, delay: float, gain: float) -> None:
        self.clock = SystemClock()
        self.cards = FakeCards(self.clock, sound=self.hear)
        self._delay = delay
        self._gain = gain
        self._since: float | None = None
        self._began: float | None = None
        self._random = np.random.default_rng(1)

    def hear(self, first: int, frames: int, format: AudioFormat) -> bytes:
        if self._since is None:
            self._since = self.clock.monotonic() - (first + frames) / format.rate
        heard = self._random.standard_normal(frames) * 0.001
        if self.cards.playbacks and self._began is None:
            self._began = self.cards.playback._began
        if self._began is not None:
            played = np.frombuffer(self.cards.playback.written, "<i2").reshape(-1, 2)[:, 0] / 2**15
            rate = self.cards.playback.format.rate
            at = self._since + (first + np.arange(frames)) / format.rate
            place = np.round((at - self._began - self._delay) * rate).astype(int)
            inside = (place >= 0) & (place < len(played))
            heard[inside] += self._gain * played[place[inside]]
        samples = (np.clip(heard, -1, 1) * 0x7FFFFF00).astype(np.int32)
        return pack(np.repeat(samples[:, np.newaxis], format.channels, axis=1), format.sample)


def settings(volume: int = 100, rate: int | None = None, **capture: Any) -> Settings:
    playback = PlaybackSettings(volume=VolumeSettings(Percent(volume)), rate=rate)
    return Settings(audio=AudioSettings(CaptureSettings(**capture), playback))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("volume", "rate", "capture"),
    [
        (90, None, {}),
        (60, 44_100, {"channels": 2, "sample_format": SampleFormat.S32_LE}),
    ],
)
def test_delay_and_loss_are_measured(
    make_box: Make, findings: Findings, volume: int, rate: int | None, capture: dict[str, Any]
) -> None:
    room = Room(delay=0.25, gain=0.1)
    box = make_box(settings(volume, rate, **capture), room.cards, clock=room.clock)
    (found,) = findings(loop(box))
    assert found.result is Result.PASS, found
    milliseconds, decibels = (int(word) for word in found.words.split() if word.lstrip("+-").isdigit())
    assert milliseconds == pytest.approx(280, abs=80), "a busy machine begins late"
    assert decibels == pytest.approx(-20, abs=3)
    assert room.cards.capture.closed and room.cards.playback.closed


@pytest.mark.slow
def test_a_speaker_that_is_not_heard_is_a_warning(make_box: Make, findings: Findings) -> None:
    room = Room(delay=0.1, gain=0.0)
    (found,) = findings(loop(make_box(settings(), room.cards, clock=room.clock)))
    assert found.result is Result.WARN and "no sound came back" in found.words and found.next_step


def test_without_a_speaker_there_is_nothing_to_do(make_box: Make, findings: Findings) -> None:
    cards = FakeCards()
    cards.unplug(Direction.PLAYBACK)
    (found,) = findings(loop(make_box(cards=cards)))
    assert found.result is Result.SKIP and "no speaker 'usb'" in found.words


def test_a_speaker_that_is_turned_down_is_not_tried(make_box: Make, findings: Findings) -> None:
    (found,) = findings(loop(make_box(settings(volume=0))))
    assert found.result is Result.SKIP and "volume is 0" in found.words


def test_what_plays_or_records_is_left_alone(make_box: Make, findings: Findings) -> None:
    cards = FakeCards()
    (found,) = findings(loop(make_box(cards=cards, occupied=lambda: "a message is playing")))
    assert found.result is Result.SKIP and not (cards.captures or cards.playbacks)


@pytest.mark.parametrize("direction", Direction)
def test_a_card_that_cannot_be_opened_fails_and_the_other_is_given_back(
    make_box: Make, findings: Findings, direction: Direction
) -> None:
    cards = FakeCards(SystemClock())
    cards.refuse(direction, DeviceBusy("it is in use by aplay. Stop that program"))
    (found,) = findings(loop(make_box(cards=cards, clock=SystemClock())))
    assert found.result is Result.FAIL and "aplay" in found.words
    assert all(stream.closed for stream in (*cards.captures, *cards.playbacks))


@pytest.mark.slow
def test_a_microphone_that_goes_away_fails(make_box: Make, findings: Findings) -> None:
    class Fragile(FakeCards):
        def open_playback(self, *arguments: Any) -> Any:
            stream = super().open_playback(*arguments)
            self.unplug(Direction.CAPTURE)
            return stream

    (found,) = findings(loop(make_box(cards=Fragile(SystemClock()), clock=SystemClock())))
    assert found.result is Result.FAIL and "unplugged" in found.words


class Overrunning(Room):
    """A room whose microphone overruns `after` seconds of sound, and loses as much as it is told."""

    def __init__(self, after: float, lost: float) -> None:
        super().__init__(delay=0.25, gain=0.1)
        self._after = after
        self._lost = lost
        self._overran = False

    def hear(self, first: int, frames: int, format: AudioFormat) -> bytes:
        if not self._overran and first >= self._after * format.rate:
            self._overran = True
            self.cards.capture.overrun(format.frames(self._lost))
        return super().hear(first, frames, format)


@pytest.mark.slow
def test_after_an_overrun_it_listens_on(make_box: Make, findings: Findings) -> None:
    room = Overrunning(after=0.1, lost=0.1)
    (found,) = findings(loop(make_box(settings(), room.cards, clock=room.clock)))
    assert found.result is Result.PASS, found
    assert 230 < int(found.words.split()[5]) < 330


@pytest.mark.slow
def test_a_chirp_that_an_overrun_swallows_is_no_silent_speaker(make_box: Make, findings: Findings) -> None:
    room = Overrunning(after=0.4, lost=0.8)
    (found,) = findings(loop(make_box(settings(), room.cards, clock=room.clock)))
    assert found.result is Result.WARN and "the card lost sound" in found.words and found.next_step
