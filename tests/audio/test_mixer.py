"""The mixer of the microphone's card: on real libasound with that of the test card, and what is told of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance.audio import card_notes
from appliance.audio.alsa import AlsaCards
from appliance.audio.alsa_mixer import open_mixer
from appliance.audio.card_notes import CardNotes
from appliance.audio.gain import AUTOMATIC, parse, rank
from appliance.audio.ports import Mixer
from appliance.audio.tuner import Tuner
from appliance.circumstances import Gain
from appliance.config.audio import CaptureSettings
from appliance.config.options import GainWish
from appliance.errors import AudioError, DeviceNotFound, Refused
from appliance.events import Event, FaultCleared, FaultRaised, MicrophoneTuned
from appliance.simulation.cards import FakeCards, FakeMixer


class Desk:
    """A tuner with a simulated card, and what it posts."""

    def __init__(self, mixer: FakeMixer | None) -> None:
        self.cards = FakeCards(mixer=mixer)
        self.posted: list[Event] = []
        self.notes = CardNotes()

    def tuner(self, **wishes: Any) -> Tuner:
        return Tuner(self.cards, CaptureSettings(**wishes), self.notes, self.posted.append)

    def faults(self) -> dict[str, str]:
        standing: dict[str, str] = {}
        for event in self.posted:
            if isinstance(event, FaultRaised):
                standing[event.fault.name] = event.fault.message
            elif isinstance(event, FaultCleared):
                del standing[event.name]
        return standing


@pytest.fixture
def mixer() -> FakeMixer:
    return FakeMixer()


@pytest.fixture
def desk(mixer: FakeMixer) -> Desk:
    return Desk(mixer)


def opened(card: Path) -> Mixer:
    mixer = AlsaCards().open_mixer(f"testcard:{card}")
    assert mixer
    return mixer


def state(card: Path) -> list[int]:
    return [int(word) for word in (card / "mixer").read_text().split()]


# -- real libasound


def test_a_real_mixer_tells_how_it_stands_and_is_turned(test_card: Path) -> None:
    (test_card / "mixer").write_text("16 16 0 1\n")
    mixer = opened(test_card)
    try:
        assert mixer.gain() == Gain("Mic", 0.0, "dB", -16.0, 30.0, None, False, "Auto Gain Control", True)
        mixer.set_gain(12.7, "dB")
        mixer.switch(on=True)
        mixer.set_automatic(on=False)
        assert state(test_card) == [28, 28, 1, 0]
        assert mixer.gain() == Gain("Mic", 12.0, "dB", -16.0, 30.0, None, True, "Auto Gain Control", False)
        mixer.set_gain(50, "%")
        assert state(test_card)[:2] == [23, 23]
    finally:
        mixer.close()


def test_a_real_mixer_that_tells_no_decibels_counts_in_percent(test_card: Path) -> None:
    (test_card / "mixer").write_text("23 23 1 0\n")
    (test_card / "no_db").touch()
    mixer = opened(test_card)
    try:
        assert mixer.gain() == Gain("Mic", 50, "%", 0, 100, None, True, "Auto Gain Control", False)
        mixer.set_gain(100, "%")
        assert state(test_card)[:2] == [46, 46]
    finally:
        mixer.close()


def test_a_card_without_a_mixer_has_none(test_card: Path) -> None:
    assert AlsaCards().open_mixer(f"testcard:{test_card}") is None
    assert open_mixer("there is no such mixer") is None


def test_a_mixer_whose_card_is_gone_is_an_error_in_words(test_card: Path) -> None:
    (test_card / "mixer").write_text("16 16 1 0\n")
    mixer = opened(test_card)
    try:
        (test_card / "unplugged").touch()
        with pytest.raises(AudioError, match=r"the mixer of the sound card does not answer: No such device\. Plug"):
            mixer.set_gain(3, "dB")
    finally:
        mixer.close()


# -- which control


@pytest.mark.parametrize(
    ("likely", "unlikely"), [("Mic", "Line"), ("Capture", "Mic Boost"), ("Internal Mic", "ADC"), ("ADC", "IEC958")]
)
def test_the_control_that_turns_a_microphone(likely: str, unlikely: str) -> None:
    assert rank(likely) < rank(unlikely)


@pytest.mark.parametrize("name", ["Auto Gain Control", "AGC", "Mic AGC", "Automatic Gain Control"])
def test_switches_of_automatic_gain(name: str) -> None:
    assert AUTOMATIC.search(name)


@pytest.mark.parametrize(("wish", "told"), [("12dB", (12.0, "dB")), ("-3.5dB", (-3.5, "dB")), ("60%", (60.0, "%"))])
def test_gains_of_the_configuration(wish: str, told: tuple[float, str]) -> None:
    assert parse(wish) == told


# -- what is configured


def test_nothing_is_turned_unasked_and_all_is_told(desk: Desk, mixer: FakeMixer) -> None:
    mixer.stands = before = evolve(mixer.stands, automatic="AGC", automatic_on=True)
    desk.tuner().tune()
    assert desk.posted == [MicrophoneTuned(before)] and mixer.stands == before
    assert mixer.opened == mixer.closed == 1


@pytest.mark.parametrize(("wish", "value"), [("12dB", 12.0), ("-16dB", -16.0), ("50%", 7.0)])
def test_the_gain_of_the_configuration_is_set(desk: Desk, mixer: FakeMixer, wish: str, value: float) -> None:
    desk.tuner(gain=GainWish(wish)).tune()
    assert mixer.stands.value == value
    assert [event.gain for event in desk.posted if isinstance(event, MicrophoneTuned)] == [mixer.stands]
    assert desk.faults() == {}


def test_a_gain_that_the_card_has_not_is_a_fault_with_its_range(desk: Desk, mixer: FakeMixer) -> None:
    desk.tuner(gain=GainWish("40dB")).tune()
    assert mixer.stands.value == 10.0
    assert desk.faults() == {
        "microphone_gain": "the gain cannot be 40dB: the control 'Mic' of the sound card goes from -16dB to 30dB. "
        "Set audio.capture.gain to what it can do"
    }


def test_decibels_of_a_card_that_tells_none_are_a_fault(desk: Desk, mixer: FakeMixer) -> None:
    mixer.stands = Gain("Mic", 40.0, "%", 0, 100)
    desk.tuner(gain=GainWish("3dB")).tune()
    assert "tells no dB. Set audio.capture.gain from 0% to 100%" in desk.faults()["microphone_gain"]


def test_a_gain_for_a_mere_switch_is_a_fault(desk: Desk, mixer: FakeMixer) -> None:
    mixer.stands = Gain("Mic")
    desk.tuner(gain=GainWish("3dB")).tune()
    assert "is a switch alone" in desk.faults()["microphone_gain"]


def test_a_card_without_a_mixer_is_a_fault_only_where_something_is_wanted_of_it() -> None:
    desk = Desk(None)
    desk.tuner().tune()
    assert desk.posted == []
    desk.tuner(gain=GainWish("3dB")).tune()
    assert "has no mixer" in desk.faults()["microphone_gain"]


def test_a_card_that_is_not_plugged_in_is_not_said_to_have_no_mixer(desk: Desk, mixer: FakeMixer) -> None:
    mixer.stands, tuner = evolve(mixer.stands, on=False), desk.tuner(gain=GainWish("3dB"))
    tuner.tune()
    assert set(desk.faults()) == {"microphone_muted"}
    desk.cards.unplug()
    tuner.look_again()
    assert desk.faults() == {}
    with pytest.raises(DeviceNotFound, match="not plugged in"):
        tuner.stands()
    with pytest.raises(DeviceNotFound, match="not plugged in"):
        tuner.set_gain(3, "dB")


def test_notes_are_written_by_one_thread_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on, written = threading.Semaphore(0), threading.Event(), list[bytes]()

    def write(_: Path, content: bytes) -> None:
        begun.release()
        assert goes_on.wait(60)
        written.append(content)

    monkeypatch.setattr(card_notes, "write_file", write)
    notes = CardNotes(tmp_path / "cards.json")
    threads = [threading.Thread(target=notes.save) for _ in range(2)]
    notes.keep_gain("card", 1.0, "dB")
    threads[0].start()
    assert begun.acquire(timeout=60)
    notes.keep_gain("card", 2.0, "dB")
    threads[1].start()
    overlap = begun.acquire(timeout=0.1)
    goes_on.set()
    for thread in threads:
        thread.join(60)
    assert not overlap and b'"value": 2.0' in written[-1]


def test_a_gain_that_does_not_hold_is_a_fault_until_it_does(desk: Desk, mixer: FakeMixer) -> None:
    mixer.stuck, tuner = True, desk.tuner(gain=GainWish("20dB"))
    tuner.tune()
    assert "was set to 20dB and stands at 10 dB (Mic)" in desk.faults()["microphone_gain"]
    mixer.stuck = False
    tuner.look_again()
    assert desk.faults() == {} and mixer.stands.value == 20.0


def test_a_mixer_that_does_not_answer_is_a_fault_and_no_more(desk: Desk, mixer: FakeMixer) -> None:
    mixer.broken = True
    desk.tuner().tune()
    assert "does not answer" in desk.faults()["microphone_gain"]
    assert mixer.opened == mixer.closed


# -- the dead microphone


def test_a_microphone_that_is_switched_off_is_an_urgent_fault(desk: Desk, mixer: FakeMixer) -> None:
    mixer.stands, tuner = evolve(mixer.stands, on=False), desk.tuner()
    tuner.tune()
    assert "the microphone is switched off: control 'Mic'" in desk.faults()["microphone_muted"]
    assert any(isinstance(event, FaultRaised) and event.fault.urgent for event in desk.posted)
    assert not mixer.stands.on
    mixer.switch(on=True)
    tuner.look_again()
    assert desk.faults() == {}


def test_it_is_switched_on_where_that_is_wanted(desk: Desk, mixer: FakeMixer) -> None:
    mixer.stands = evolve(mixer.stands, on=False)
    desk.tuner(unmute=True).tune()
    assert mixer.stands.on and desk.faults() == {}


def test_automatic_gain_is_turned_where_that_is_wanted(desk: Desk, mixer: FakeMixer) -> None:
    mixer.stands = evolve(mixer.stands, automatic="AGC", automatic_on=True)
    desk.tuner(automatic_gain=False).tune()
    assert not mixer.stands.automatic_on and desk.faults() == {}


def test_automatic_gain_of_a_card_without_it_is_a_fault(desk: Desk) -> None:
    desk.tuner(automatic_gain=True).tune()
    assert "has no switch for it" in desk.faults()["microphone_gain"]


# -- kept for each card


def test_a_gain_is_kept_for_the_card_it_was_found_for(desk: Desk, mixer: FakeMixer, tmp_path: Path) -> None:
    desk.notes = CardNotes(tmp_path / "cards.json")
    tuner = desk.tuner()
    mixer.stands = evolve(mixer.stands, on=False)
    assert tuner.set_gain(17, "dB").on
    tuner.keep(17, "dB")
    mixer.stands = evolve(mixer.stands, value=0.0, on=False)  # it was unplugged, and forgot
    desk.notes = CardNotes(tmp_path / "cards.json")
    desk.tuner().tune()
    assert (mixer.stands.value, mixer.stands.on) == (17, True)
    desk.cards.card = "another card"
    mixer.stands = evolve(mixer.stands, value=0.0)
    desk.tuner().tune()
    assert mixer.stands.value == 0.0


def test_the_configuration_comes_before_what_was_kept(desk: Desk, mixer: FakeMixer) -> None:
    tuner = desk.tuner(gain=GainWish("5dB"))
    tuner.keep(17, "dB")
    tuner.tune()
    assert mixer.stands.value == 5.0


def test_what_was_kept_and_cannot_be_done_is_no_fault(desk: Desk, mixer: FakeMixer) -> None:
    tuner = desk.tuner()
    tuner.keep(40, "dB")
    tuner.tune()
    assert desk.faults() == {} and mixer.stands.value == 10.0


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": {"formats": []}}', '{"a": {"gain": {"value": "x"}}}'])
def test_notes_that_cannot_be_read_count_for_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "cards.json").write_text(content)
    notes = CardNotes(tmp_path / "cards.json")
    assert notes.gain("a") is None
    notes.keep_gain("a", 3.0, "dB")
    notes.save()
    assert CardNotes(tmp_path / "cards.json").gain("a") == (3.0, "dB")


def test_no_gain_beyond_the_range_is_set_by_hand(desk: Desk) -> None:
    with pytest.raises(Refused, match="goes from -16dB to 30dB"):
        desk.tuner().set_gain(31, "dB")


# -- a second channel for safety


def test_the_second_channel_of_a_real_mixer_is_turned_20_db_lower(test_card: Path) -> None:
    (test_card / "mixer").write_text("16 16 1 0\n")
    settings = CaptureSettings(device=f"testcard:{test_card}", gain=GainWish("12dB"), safety_channel=True)
    posted: list[Event] = []
    tuner = Tuner(AlsaCards(), settings, CardNotes(), posted.append)
    tuner.tune()
    assert state(test_card)[:2] == [28, 8]
    assert posted == [MicrophoneTuned(Gain("Mic", 12.0, "dB", -16.0, 30.0, -8.0, automatic="Auto Gain Control"))]
    assert tuner.set_gain(20, "dB").second == 0.0
    assert settings.format.channels == 2


@pytest.mark.parametrize("odd", ["joined", "low", "percent"])
def test_a_card_that_cannot_is_a_fault_and_loses_no_gain(desk: Desk, mixer: FakeMixer, odd: str) -> None:
    mixer.joined = odd == "joined"
    mixer.stands = evolve(mixer.stands, value=-10.0 if odd == "low" else 10.0, unit="%" if odd == "percent" else "dB")
    before = mixer.stands
    desk.tuner(safety_channel=True).tune()
    assert mixer.stands == before
    assert "safety_channel cannot be had" in desk.faults()["microphone_gain"]


def test_what_cannot_be_had_keeps_nothing_else_from_being_set(desk: Desk, mixer: FakeMixer) -> None:
    desk.tuner(automatic_gain=False, gain=GainWish("3dB")).tune()
    assert mixer.stands.value == 3.0 and "automatic_gain" in desk.faults()["microphone_gain"]
