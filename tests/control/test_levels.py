"""The assistant for levels, on sound as it comes from a microphone whose mixer turns it."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from appliance.audio.activity import active_level
from appliance.audio.card_notes import CardNotes
from appliance.audio.levels import Meter
from appliance.audio.stretch import Ended, Heard, Opened, Stretch
from appliance.audio.tuner import Tuner
from appliance.circumstances import Gain
from appliance.config.audio import CaptureSettings
from appliance.config.options import GainWish
from appliance.control.levels import Leveller
from appliance.errors import AudioError, DeviceLost, Refused
from appliance.models import AudioFormat
from appliance.simulation.cards import FakeCards, FakeMixer
from appliance.simulation.sound import speech
from appliance.testing.clock import ManualClock

FORMAT = AudioFormat(16_000)
QUARTER = 4_000
AT_0_DB = -45.0
"""How loud the speech of these tests is at a gain of 0 dB, in dBFS."""


def loudness(data: bytes) -> float:
    meter = Meter(FORMAT)
    meter.add(data)
    return active_level(meter.tally().blocks)


def samples(data: bytes) -> Any:
    return np.frombuffer(data, "<i2").astype(float)


SPEECH = samples(speech(0, 20 * 16_000, FORMAT))
SPEECH *= 10 ** ((AT_0_DB - loudness(SPEECH.astype("<i2").tobytes())) / 20)


def spoken(first: int, frames: int, format: AudioFormat) -> Any:
    return SPEECH[np.arange(first, first + frames) % len(SPEECH)]


def silence(first: int, frames: int, format: AudioFormat) -> Any:
    return np.zeros(frames)


class Room:
    """A microphone in a room. It is its own line: time goes on as it is heard."""

    format = FORMAT

    def __init__(self, mixer: FakeMixer | None = None) -> None:
        self.clock = ManualClock()
        self.mixer = mixer
        self.cards = FakeCards(mixer=mixer)
        self.notes = CardNotes()
        self.sound: Callable[[int, int, AudioFormat], Any] = spoken
        self.heard = bytearray()
        self.position = 0
        self.own_until = 0.0
        self.in_take = False
        self.lines = 0
        self.next: list[Heard] = []

    def leveller(self, **wishes: Any) -> Leveller:
        tuner = Tuner(self.cards, CaptureSettings(**wishes), self.notes, lambda _: None)
        return Leveller(self.open_line, tuner, lambda: self.own_until, lambda: self.in_take, self.clock)

    def open_line(self) -> Any:
        self.lines += 1
        self.next.append(Opened(self.clock.monotonic(), FORMAT, 2.0))
        return self

    def leave(self) -> None:
        self.lines -= 1

    def hear(self, timeout: float | None) -> Heard | None:
        if self.next:
            return self.next.pop(0)
        plain = self.sound(self.position, QUARTER, FORMAT)
        factor = self.mixer.factor if self.mixer else 1.0
        data = np.clip(np.round(plain * factor), -32768, 32767).astype("<i2").tobytes()
        self.position += QUARTER
        self.heard = (self.heard + data)[-4 * 32_000 :]
        self.clock.advance(0.25)
        return Stretch(QUARTER, self.clock.monotonic(), memoryview(data))


@pytest.fixture
def mixer() -> FakeMixer:
    return FakeMixer(Gain("Mic", 10.0, "dB", -16.0, 40.0))


@pytest.fixture
def room(mixer: FakeMixer) -> Room:
    return Room(mixer)


def told(steps: Iterator[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(step["advice"] for step in steps))


def assert_right(room: Room) -> None:
    """What is spoken now is at -18 dBFS, or would not have its headroom there."""
    list(islice(room.leveller().hear(), 40))
    level, peak = loudness(bytes(room.heard)), 20 * np.log10(max(abs(samples(bytes(room.heard)))) / 32768)
    assert peak <= -1.0 and level <= -16.0
    assert level >= -20.0 or peak >= -5.0


# -- setting the gain


@pytest.mark.parametrize("begin", [-16.0, 10.0, 27.0, 40.0])
def test_the_gain_is_set_for_18_dbfs_of_speech_with_headroom(room: Room, mixer: FakeMixer, begin: float) -> None:
    mixer.stands = evolve(mixer.stands, value=begin)
    steps = list(room.leveller().levels())
    assert steps[-1]["done"] and room.lines == 0
    assert_right(room)
    assert f"done: the gain is {mixer.stands.value:g} dB (Mic), it was {begin:g}dB" in steps[-1]["words"]
    assert room.notes.gain(room.cards.card) == (mixer.stands.value, "dB")


def test_silence_sets_nothing_and_says_so(room: Room, mixer: FakeMixer) -> None:
    room.sound, before = silence, mixer.stands
    steps = list(room.leveller().levels())
    assert told(iter(steps)) == ["speak", "silent"] and not steps[-1]["done"]
    assert mixer.stands == before and room.notes.gain(room.cards.card) is None


def test_pauses_do_not_make_speech_quieter(room: Room, mixer: FakeMixer) -> None:
    """Three seconds of silence behind each second of speech: the mean would be 6 dB lower."""

    def hesitant(first: int, frames: int, format: AudioFormat) -> Any:
        return spoken(first, frames, format) if first // 16_000 % 4 == 0 else silence(first, frames, format)

    list(room.leveller().levels())
    fluent, mixer.stands = mixer.stands.value, evolve(mixer.stands, value=10.0)
    room.sound = hesitant
    assert list(room.leveller().levels())[-1]["done"]
    assert mixer.stands.value == pytest.approx(fluent, abs=2.5)


def test_a_gain_that_was_not_found_is_as_it_was(room: Room, mixer: FakeMixer) -> None:
    steps = room.leveller().levels()
    while next(steps)["advice"] != "turned":
        pass
    assert mixer.stands.value != 10.0
    steps.close()
    assert mixer.stands.value == 10.0 and room.lines == 0


def test_at_the_end_of_its_range_the_person_must_move(room: Room, mixer: FakeMixer) -> None:
    mixer.stands = evolve(mixer.stands, highest=15.0)
    steps = list(room.leveller().levels())
    closer = next(step for step in steps if step["advice"] == "closer")
    assert closer["words"] == "a little closer, or louder: the gain is 15 dB (Mic), and goes no further"
    assert not steps[-1]["done"] and mixer.stands.value == 10.0


@pytest.mark.parametrize("decibels", [0.3, 0.5, 1.0])
def test_a_mixer_that_knows_no_decibels_gets_there_too(decibels: float) -> None:
    mixer = FakeMixer(Gain("Mic", 20.0, "%", 0.0, 100.0), decibels)
    room = Room(mixer)
    assert list(room.leveller().levels())[-1]["done"]
    assert_right(room)


def test_a_microphone_that_is_switched_off_is_switched_on(room: Room, mixer: FakeMixer) -> None:
    mixer.stands = evolve(mixer.stands, on=False)
    steps = list(room.leveller().levels())
    assert mixer.stands.on and "and switched off" in steps[-1]["words"]


# -- when it may not be set


def test_a_card_without_a_mixer_is_refused_with_what_can_be_done() -> None:
    with pytest.raises(Refused, match=r"no mixer .*knob.*--advice"):
        next(Room().leveller().levels())
    assert next(Room().leveller().levels(advice=True))["advice"] == "speak"


def test_a_configured_gain_is_not_fought_with(room: Room) -> None:
    with pytest.raises(Refused, match=r"audio\.capture\.gain is 12dB.*--advice"):
        next(room.leveller(gain=GainWish("12dB")).levels())


def test_in_a_take_it_is_refused_unless_asked(room: Room, mixer: FakeMixer) -> None:
    room.in_take = True
    with pytest.raises(Refused, match=r"a take is in progress.*--in-take"):
        next(room.leveller().levels())
    assert list(room.leveller().levels(in_take=True))[-1]["done"]
    assert mixer.stands.value != 10.0


def test_a_take_that_begins_meanwhile_keeps_the_gain(room: Room, mixer: FakeMixer) -> None:
    steps = room.leveller().levels()
    next(steps)
    room.in_take = True
    assert "take" in told(steps)
    assert mixer.stands.value == 10.0


def test_two_do_not_set_it_at_once(room: Room) -> None:
    leveller = room.leveller()
    first = leveller.levels()
    next(first)
    with pytest.raises(Refused, match="somebody sets the gain already"):
        next(leveller.levels())
    first.close()
    assert next(leveller.levels())


# -- advice alone


@pytest.mark.parametrize(("gain", "advice"), [(10.0, "closer"), (27.0, "well"), (37.0, "quieter")])
def test_advice_by_what_is_spoken(room: Room, mixer: FakeMixer, gain: float, advice: str) -> None:
    mixer.stands = evolve(mixer.stands, value=gain)
    assert told(room.leveller().hear())[-1] == advice
    assert mixer.stands.value == gain


def test_speech_in_a_loud_room_is_to_come_closer(room: Room, mixer: FakeMixer) -> None:
    noise = np.random.default_rng(1).normal(0, 80, 16_000 * 5)

    def loud(first: int, frames: int, format: AudioFormat) -> Any:
        return spoken(first, frames, format) + noise[np.arange(first, first + frames) % len(noise)]

    mixer.stands, room.sound = evolve(mixer.stands, value=24.0), loud
    assert "noisy" in told(room.leveller().hear())


def test_our_own_sound_is_not_measured(room: Room, mixer: FakeMixer) -> None:
    room.own_until = room.clock.monotonic() + 5.0
    steps = list(islice(room.leveller().hear(), 20))
    assert told(iter(steps)) == ["wait"]
    room.sound = silence
    assert "closer" not in told(room.leveller().hear())


def test_the_peak_is_held_for_a_moment(room: Room, mixer: FakeMixer) -> None:
    steps = room.leveller().hear()
    loud = next(steps)["peak_dbfs"]
    room.sound = silence
    held = [step["held_dbfs"] for step in islice(steps, 12)]
    assert held[:5] == [loud] * 5 and held[-1] == -144.0


def test_it_ends_after_a_minute(room: Room) -> None:
    assert len(list(room.leveller().hear())) == 240 and room.lines == 0


# -- what the microphone does


def test_it_goes_on_where_a_take_wants_another_format(room: Room) -> None:
    steps = room.leveller().hear()
    next(steps)
    room.next.append(Ended(0.0, None))
    assert next(steps) and room.lines == 1


def test_a_microphone_that_is_lost_is_an_error(room: Room) -> None:
    steps = room.leveller().hear()
    next(steps)
    room.next.append(Ended(0.0, DeviceLost("the microphone is gone")))
    with pytest.raises(AudioError, match="is gone"):
        next(steps)
    assert room.lines == 0
