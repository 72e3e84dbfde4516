"""A new greeting, recorded on the box itself: in every order of lift, hang-up, word and failure the right one."""

import random

import pytest
from attrs import evolve

from appliance import events
from appliance.config.prompts import PromptSettings
from appliance.events import Command
from appliance.faults import MICROPHONE_LOST
from appliance.flow import flow_of
from appliance.flow.rehearsal import PATIENCE, UNDECIDED, WISHES, Part
from appliance.machine import Recorder
from tests.test_flow import CLIP, FOUND, GREETING, PLACES, READY, SETTINGS, TONE, World, clips


class Studio(World):
    """A telephone whose greeting is recorded."""

    def at(self, part: Part) -> bool:
        """Whether it is there."""
        assert self.handset.rehearsal
        return self.handset.rehearsal.part is part

    def record(self, seconds: float = 5.0) -> None:
        """Ask for a new greeting, lift, speak after the tone, hang up."""
        self.post(events.GreetingRecord(self.now))
        self.lift()
        self.until(self.now + TONE + seconds)
        self.hang_up()
        self.until(self.now + 1)


def test_what_is_heard_to_its_end_and_hung_up_is_the_greeting() -> None:
    studio = Studio()
    studio.record()
    assert studio.at(Part.DRAFT) and studio.used == []
    studio.lift()
    studio.until(studio.now + 2 * GREETING)
    assert studio.at(Part.HEARD) and studio.said[-1].startswith("clip-")
    studio.hang_up()
    studio.until(studio.now + 1)
    (used,) = studio.used
    assert studio.wishes[used] is WISHES and studio.at(Part.OFF) and studio.dropped == []


def test_who_hangs_up_before_its_end_hears_it_again_and_it_is_thrown_away_when_nobody_does() -> None:
    studio = Studio()
    studio.record()
    for _ in range(2):
        studio.lift()
        studio.until(studio.now + TONE / 2)
        studio.hang_up()
        studio.until(studio.now + 1)
        assert studio.at(Part.DRAFT)
    studio.until(studio.now + UNDECIDED)
    assert studio.at(Part.OFF) and studio.used == [] and len(studio.dropped) == 1


def test_one_from_before_a_start_waits_as_long_as_any_other() -> None:
    studio = Studio()
    draft = evolve(CLIP, id="before", name="clip-before")
    studio.handset = flow_of(SETTINGS, PromptSettings(), {}, PLACES, undecided=lambda: draft, now=studio.now)
    studio.post(events.ApplianceReady())
    studio.lift()
    studio.until(studio.now + 2)
    assert studio.said == ["clip-before"] and studio.at(Part.HEARD)
    studio.handset = flow_of(SETTINGS, PromptSettings(), {}, PLACES, undecided=lambda: draft, now=studio.now)
    studio.post(events.ApplianceReady())
    studio.until(studio.now + UNDECIDED - 1)
    assert studio.dropped == [] and studio.status.engaged
    studio.until(studio.now + 2)
    assert studio.dropped == ["before"] and not studio.status.engaged


def test_one_that_somebody_has_deleted_is_waited_for_no_more() -> None:
    studio = Studio()
    studio.record()
    (draft,) = studio.lengths
    studio.post(events.ClipDeleted(draft, "by hand"))
    assert studio.at(Part.OFF) and studio.dropped == [] and not studio.status.engaged


def test_another_one_replaces_what_is_not_kept_yet() -> None:
    studio = Studio()
    studio.record()
    studio.lift()
    studio.post(events.GreetingRecord(studio.now))
    studio.until(studio.now + TONE + 5)
    studio.hang_up()
    studio.until(studio.now + 1)
    assert studio.at(Part.DRAFT) and len(studio.dropped) == 1
    studio.post(events.GreetingKeep(studio.now))
    assert studio.at(Part.OFF) and len(studio.used) == 1 and not set(studio.used) & set(studio.dropped)


@pytest.mark.parametrize("word", [events.GreetingDiscard(), events.GreetingRecord(0.0)])
def test_one_that_is_thrown_away_while_it_becomes_a_clip_leaves_none(word: Command) -> None:
    studio = Studio()
    studio.post(events.GreetingRecord(studio.now))
    studio.lift()
    studio.until(studio.now + TONE + 5)
    studio.hang_up()
    studio.until(studio.now + 0.17)
    assert studio.at(Part.SAVING) and studio.lengths
    studio.post(word)
    studio.until(studio.now + UNDECIDED)
    assert studio.at(Part.OFF) and studio.dropped == list(studio.lengths) and studio.used == []


@pytest.mark.parametrize("word", [events.GreetingKeep(0.0), events.GreetingDiscard()])
def test_the_handset_that_was_lifted_for_it_is_told_to_be_hung_up(word: Command) -> None:
    studio = Studio()
    studio.record()
    studio.lift()
    studio.until(studio.now + 1)
    studio.post(word)
    assert studio.status.engaged and studio.at(Part.OFF)
    studio.until(studio.now + 1)
    studio.hang_up()
    studio.until(studio.now + 1)
    assert not studio.status.engaged


def test_it_is_kept_by_a_word_as_it_is_spoken() -> None:
    studio = Studio()
    studio.post(events.GreetingRecord(studio.now))
    studio.lift()
    studio.until(studio.now + TONE + 5)
    studio.post(events.GreetingKeep(studio.now))
    studio.until(studio.now + 1)
    assert len(studio.used) == 1 and studio.state.recorder is Recorder.IDLE


@pytest.mark.parametrize("seconds", [0.2, 0.6])
def test_what_is_too_short_is_no_greeting(seconds: float) -> None:
    studio = Studio()
    studio.record(seconds)
    assert studio.at(Part.OFF) and studio.used == []


def test_whoever_asks_for_one_and_does_not_lift_is_forgotten() -> None:
    studio = Studio()
    studio.post(events.GreetingRecord(studio.now))
    studio.until(studio.now + PATIENCE)
    began = studio.now
    studio.lift()
    studio.until(began + 20)
    studio.hang_up()
    studio.until(began + 30)
    assert studio.wishes and WISHES not in studio.wishes.values()
    assert clips(studio, (began - 100 + READY, began - 100 + 20.0))


def test_whoever_speaks_it_into_no_microphone_is_told() -> None:
    studio = Studio()
    studio.post(events.GreetingRecord(studio.now))
    studio.lift()
    studio.until(studio.now + 2)
    studio.post(MICROPHONE_LOST.raised("went away"))
    assert studio.said == ["tone", "fault"]


def test_a_guest_who_speaks_is_not_interrupted() -> None:
    studio = Studio()
    studio.lift()
    studio.until(110.0)
    studio.post(events.GreetingRecord(110.0))
    studio.until(120.0)
    studio.hang_up()
    studio.until(130.0)
    assert clips(studio, (READY, 20.0)) and studio.at(Part.OFF)


def test_a_guest_in_the_greeting_gives_way() -> None:
    studio = Studio()
    studio.lift()
    studio.until(102.0)
    studio.post(events.GreetingRecord(102.0))
    studio.until(110.0)
    studio.hang_up()
    studio.until(120.0)
    assert studio.at(Part.DRAFT) and list(studio.wishes.values()) == [WISHES]


def test_nothing_is_kept_where_there_is_nothing() -> None:
    studio = Studio()
    heard: list[events.NothingToPlay] = []
    for word in (events.GreetingKeep(100.0), events.GreetingDiscard()):
        _, asked = studio.handset.react(word, studio.status)
        heard += [each for each in asked if isinstance(each, events.NothingToPlay)]
    assert len(heard) == 2 and studio.at(Part.OFF)


KINDS = (*("hook",) * 5, *("record",) * 3, "keep", "discard", "0", "press", "speaker", "microphone", "room")


def live(seed: int) -> None:
    chance, studio = random.Random(seed), Studio()
    lifted = False
    for _ in range(chance.randint(3, 12)):
        studio.until(studio.now + chance.choice((0.2, 0.5, 1.0, 3.0, 6.0, 40.0, 130.0)) + chance.random() / 8)
        match chance.choice(KINDS):
            case "hook":
                lifted = not lifted
                studio.lift() if lifted else studio.hang_up()
            case "record":
                studio.post(events.GreetingRecord(studio.now))
            case "keep":
                studio.post(events.GreetingKeep(studio.now))
            case "discard":
                studio.post(events.GreetingDiscard())
            case "0":
                studio.post(events.GreetingPlay(studio.now))
            case "press":
                studio.press()
            case kind:
                studio.befall(kind)
    studio.speaker = studio.microphone = True
    studio.post(events.StorageFree())
    if lifted:
        studio.until(studio.now + 1)
        studio.hang_up()
    studio.until(studio.now + 1)
    if studio.state.recorder is not Recorder.IDLE:  # by a button
        studio.press()
    studio.until(studio.now + 2 * UNDECIDED)
    assert studio.at(Part.OFF) and studio.state.recorder is Recorder.IDLE and not studio.attended, seed
    new = [take for take, wishes in studio.wishes.items() if wishes is WISHES and take in studio.lengths]
    decided = studio.used + studio.dropped
    assert len(decided) == len(set(decided)), (seed, "decided twice")
    assert set(decided) == set(new), (seed, "a clip of a guest, or one that nobody decided about")
    assert all(studio.lengths[take] >= 1 for take in studio.used), (seed, "too short")
    began, before = studio.now, len(studio.clips)
    studio.lift()
    studio.until(began + 20)
    studio.hang_up()
    studio.until(began + 25)
    assert studio.clips[before:] == [pytest.approx((began + READY, began + 20), abs=FOUND)], seed


def test_every_life_leaves_each_greeting_kept_or_thrown_away_and_every_guest_recorded() -> None:
    for seed in range(300):
        live(seed)


@pytest.mark.slow
def test_three_thousand_lives() -> None:
    for seed in range(3_000):
        live(seed)
