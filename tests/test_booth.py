"""The booth: step by step to a story, which goes nowhere before it is kept, and nowhere without consent."""

import random
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance import events
from appliance.circumstances import WITHDRAWAL_CODE as CODE
from appliance.config.booth import BoothSettings, Given
from appliance.config.flow import FlowSettings, Script
from appliance.config.options import AbsolutePath, Seconds
from appliance.config.prompts import Prompt, PromptSettings
from appliance.faults import MICROPHONE_LOST
from appliance.flow import flow_of
from appliance.flow.booth import Booth
from appliance.flow.handset import Handset
from appliance.flow.steps import Step
from appliance.flow.story import spelled
from appliance.flow.world import World as Around
from appliance.machine import Do, Effect, Recorder
from appliance.models import AudioFormat, Verdict
from tests.test_flow import CLIP, DELAY, GUARD, PLACES, TONE, World

FULL = BoothSettings(
    language=AbsolutePath(Path("/language")),
    questions=AbsolutePath(Path("/questions")),
    consent=AbsolutePath(Path("/consent")),
    consent_version="2026-1",
    listen_back=True,
    thanks=AbsolutePath(Path("/thanks")),
    codes=True,
)
QUESTIONS = tuple(Path(f"/questions/{name}.wav") for name in ("childhood", "work", "hope"))
SETTINGS = FlowSettings(Script.BOOTH, Seconds(DELAY), AbsolutePath(Path("/greetings")), languages=("de", "en"))


class Room(World):
    """A booth. `kept` are the takes that may go where clips go, each with its fields."""

    def __init__(self, booth: BoothSettings = FULL, settings: FlowSettings = SETTINGS) -> None:
        self.booth_settings = evolve(settings, booth=booth)
        self.released: list[str] = []
        self.codes: dict[str, str] = {}
        super().__init__()

    def plug_in(self) -> None:
        super().plug_in()
        languages = self.booth_settings.languages or ("",)
        sounds = {each: {prompt: Path(f"/{each}/{prompt}.wav") for prompt in Prompt} for each in languages}
        codes = (f"{number:08}" for number in range(10**6))
        questions = dict.fromkeys(languages, QUESTIONS if self.booth_settings.booth.questions else ())
        around = Around(
            Path("/tone.wav"), sounds, questions, {}, PLACES.audio, lambda at: f"time {at:g}", codes.__next__
        )
        self.handset = Handset(Booth(self.booth_settings, around), {})

    @property
    def booth(self) -> Booth:
        assert isinstance(self.handset.script, Booth)
        return self.handset.script

    def at(self, step: Step) -> bool:
        return self.booth.step is step

    def start(self, effect: Effect) -> None:
        if effect.do is Do.RELEASE_CLIP:
            assert isinstance(effect.cause, events.ClipRelease)
            self.released.append(effect.cause.clip_id)
        else:
            super().start(effect)

    def finish(self, take_id: str) -> None:
        verdict = Verdict.OK if self.lengths[take_id] >= 1 else Verdict.TOO_SHORT
        clip = evolve(CLIP, id=take_id, name=f"clip-{take_id}", fields=self.wishes[take_id].fields)
        self.post(events.ClipFinished(clip, verdict))

    @property
    def kept(self) -> list[dict[str, Any]]:
        """What is known of the clips that go where clips go."""
        goes = [take for take in self.lengths if not self.wishes[take].begun.draft or take in self.released]
        return [dict(self.wishes[take].fields) for take in goes]

    def dial(self, number: int) -> None:
        self.post(events.Dial(self.now, str(number)))
        self.until(self.now + 0.3)

    def wait_for(self, step: Step) -> None:
        for _ in range(1000):
            if self.at(step):
                return
            self.until(self.now + 0.1)
        raise AssertionError(f"{self.booth.step}, never {step}")

    def tell(self, seconds: float = 5.0) -> None:
        """From the lift to the end of the story: in English, the second question, with consent."""
        self.lift()
        self.wait_for(Step.LANGUAGE)
        self.dial(2)
        self.wait_for(Step.QUESTION)
        self.dial(2)
        self.wait_for(Step.CONSENT)
        self.dial(1)
        self.wait_for(Step.RECORDING)
        self.until(self.now + seconds)
        self.post(events.FlowNext(self.now))
        self.until(self.now + 1)


def test_a_story_goes_from_step_to_step_and_everything_about_it_is_kept() -> None:
    room = Room()
    room.tell()
    assert room.at(Step.REVIEW) and room.kept == [] and room.said[-1].startswith("clip-")
    room.dial(1)
    (fields,) = room.kept
    time = fields.pop("consent_time")
    assert time.startswith("time 1") and fields == {
        "language": "en",
        "question": "work",
        "consent_version": "2026-1",
        "consent_given": "pressed",
        CODE: "00000000",
    }
    assert room.at(Step.OVER) and room.said[-1] == "thanks"
    room.hang_up()
    room.until(room.now + 1)
    assert room.at(Step.ON_HOOK) and len(room.released) == 1


def test_a_code_is_spoken_where_no_files_do_that() -> None:
    asked: list[str] = []

    def spell(language: str) -> dict[str, Path]:
        asked.append(language)
        return {digit: Path(f"/spoken/{language}/{digit}.wav") for digit in "0123456789"}

    booth = BoothSettings(codes=True)
    machine = flow_of(evolve(SETTINGS, booth=booth), PromptSettings(), {}, PLACES, spell=spell).script
    assert isinstance(machine, Booth) and asked == ["de", "en"]
    said = spelled(machine.world, "en", evolve(CLIP, fields={CODE: "40"}))
    assert said == (Path("/spoken/en/4.wav"), Path("/spoken/en/0.wav"))


@pytest.mark.parametrize("how", ["2", "nothing", "hang up"])
def test_without_consent_nothing_is_recorded(how: str) -> None:
    room = Room()
    room.lift()
    room.wait_for(Step.CONSENT)
    if how == "2":
        room.dial(2)
    elif how == "hang up":
        room.hang_up()
    room.until(room.now + 60)
    assert room.wishes == {} and not room.attended


@pytest.mark.parametrize("given", Given)
def test_consent_is_pressed_or_spoken(given: Given) -> None:
    room = Room(BoothSettings(consent=AbsolutePath(Path("/consent")), consent_given=given))
    room.lift()
    if given is Given.PRESSED:
        room.wait_for(Step.CONSENT)
        room.post(events.FlowNext(room.now))
    room.wait_for(Step.RECORDING)
    room.until(room.now + 5)
    room.hang_up()
    room.until(room.now + 2)
    ((version, how),) = [(fields["consent_version"], fields["consent_given"]) for fields in room.kept]
    assert (version, how) == ("1", given)


def test_whoever_tells_a_story_to_no_microphone_is_told() -> None:
    room = Room()
    room.tell()
    room.dial(2)
    room.wait_for(Step.RECORDING)
    room.until(room.now + 1)
    room.post(MICROPHONE_LOST.raised("went away"))
    assert room.said[-1] == "fault" and room.at(Step.RECORDING)


def test_what_is_told_again_takes_the_place_of_what_was_told_before() -> None:
    room = Room()
    room.tell()
    room.dial(2)
    room.wait_for(Step.RECORDING)
    room.until(room.now + 3)
    room.post(events.FlowAgain(room.now))
    room.wait_for(Step.RECORDING)
    room.until(room.now + 3)
    room.hang_up()
    room.until(room.now + 2)
    assert len(room.kept) == 1 and len(room.dropped) == 1 and not set(room.dropped) & set(room.released)
    assert {wishes.fields[CODE] for wishes in room.wishes.values()} == {"00000000"}, "one word withdraws all of it"
    room.tell()
    assert list(room.wishes.values())[-1].fields[CODE] == "00000001"
    assert room.lengths[room.released[0]] == pytest.approx(3 - GUARD, abs=0.3)


@pytest.mark.parametrize("when", [Step.RECORDING, Step.SAVING, Step.REVIEW])
def test_hanging_up_keeps_the_story(when: Step) -> None:
    room = Room()
    room.tell(5.0) if when is Step.REVIEW else None
    if when is not Step.REVIEW:
        room.lift()
        room.wait_for(Step.CONSENT)
        room.dial(1)
        room.wait_for(Step.RECORDING)
        room.until(room.now + 5)
        if when is Step.SAVING:
            room.post(events.FlowNext(room.now))
    room.post(events.HandsetHangUp(room.now))
    room.until(room.now + 2)
    assert len(room.released) == len(room.kept) == 1 and room.at(Step.ON_HOOK)


def test_of_a_story_that_somebody_deletes_meanwhile_nothing_is_kept_and_no_code_is_told() -> None:
    room = Room()
    room.tell()
    assert room.at(Step.REVIEW)
    (told,) = room.lengths
    room.post(events.ClipDeleted(told, "by hand"))
    room.dial(1)
    assert room.at(Step.OVER) and room.released == []
    assert events.WithdrawalCode not in map(type, room.booth.react(events.FlowNext(room.now), room.status)[1])


def test_a_booth_waits_for_no_clip_of_a_take_that_becomes_none() -> None:
    """However often somebody hangs up before the microphone delivers, nothing of it is remembered."""
    room = Room()
    room.microphone = False
    for _ in range(3):
        room.lift()
        for step in (Step.LANGUAGE, Step.QUESTION, Step.CONSENT):
            room.wait_for(step)
            room.post(events.Dial(room.now, "1"))
        room.wait_for(Step.RECORDING)
        room.hang_up()
        room.until(room.now + 2)
        assert room.at(Step.ON_HOOK)
    assert room.booth.unkept == frozenset()


STEPS = {"language": Step.LANGUAGE, "questions": Step.QUESTION, "consent": Step.CONSENT, "listen_back": Step.REVIEW}


@pytest.mark.parametrize("missing", list(product((False, True), repeat=5)))
def test_any_steps_may_be_left_out(missing: tuple[bool, ...]) -> None:
    names, empty = (*STEPS, "thanks"), BoothSettings()
    left_out = {name: getattr(empty, name) for name, gone in zip(names, missing, strict=True) if gone}
    room, steps = Room(evolve(FULL, **left_out)), list[Step]()
    room.lift()
    room.wait_for(Step.WAITING)
    while Step.OVER not in steps and room.now < 200:
        if room.booth.step not in steps:
            steps.append(room.booth.step)
        if room.booth.step in (*STEPS.values(), Step.RECORDING):
            room.until(room.now + 2)
            room.post(events.FlowNext(room.now))
        room.until(room.now + 0.05)
    asked = [STEPS[name] for name in ("language", "questions", "consent") if name not in left_out]
    review = [] if "listen_back" in left_out else [Step.REVIEW]
    assert steps == [
        *(Step.WAITING, Step.GREETING, *asked, Step.TONE, Step.RECORDING, Step.SAVING),
        *(*review, Step.OVER),
    ]
    (told,) = room.kept
    assert ("question" in told) is ("questions" not in left_out)
    assert ("consent_time" in told) is ("consent" not in left_out)
    assert room.said[-1] == ("saved" if "thanks" in left_out else "thanks")


def test_questions_come_in_turn_and_the_first_language_is_the_default() -> None:
    room = Room(BoothSettings(questions=FULL.questions))
    for _ in range(4):
        room.lift()
        room.wait_for(Step.RECORDING)
        room.until(room.now + 3)
        room.hang_up()
        room.until(room.now + 2)
    assert [fields["question"] for fields in room.kept] == ["childhood", "work", "hope", "childhood"]
    assert {fields["language"] for fields in room.kept} == {"de"}


def test_a_booth_without_steps_is_a_telephone() -> None:
    room = Room(BoothSettings(), evolve(SETTINGS, greeting=None, languages=()))
    room.lift()
    room.until(110.0)
    room.hang_up()
    room.until(120.0)
    ((begin, end),) = room.clips
    assert (begin, end) == pytest.approx((100 + DELAY + TONE + GUARD, 110.0)) and room.kept == [{}]


def test_the_greeting_that_was_recorded_on_the_box_is_heard() -> None:
    room = Room(BoothSettings(), evolve(SETTINGS, greeting=None))
    room.post(events.GreetingChanged(Path("/state/greeting.wav")))
    room.lift()
    room.wait_for(Step.RECORDING)
    assert room.said == ["greeting", "tone"]
    room.post(events.GreetingChanged(None), events.HandsetHangUp(room.now))
    room.until(room.now + 2)
    room.post(events.HandsetLift(room.now))
    room.wait_for(Step.RECORDING)
    assert room.said == ["greeting", "tone", "tone"]


def test_one_button_leads_through_it_without_a_handset() -> None:
    room = Room(BoothSettings(consent=FULL.consent))
    room.post(events.FlowNext(room.now))
    room.wait_for(Step.CONSENT)
    room.post(events.FlowNext(room.now))
    room.wait_for(Step.RECORDING)
    room.until(room.now + 4)
    room.post(events.FlowNext(room.now))
    room.until(room.now + 5)
    assert room.at(Step.ON_HOOK) and len(room.kept) == 1


KINDS = (*("hook",) * 4, *("next",) * 5, "again", "1", "2", "3", "press", "speaker", "microphone", "room", "restart")


def live(seed: int) -> None:
    """Nothing without consent, nothing that is not kept, and nothing that was told is lost."""
    chance = random.Random(seed)
    room = Room(evolve(FULL, listen_back=chance.random() < 0.7))
    lifted, by_button, undecided = False, set[str](), set[str]()
    for _ in range(chance.randint(4, 16)):
        room.until(room.now + chance.choice((0.4, 0.6, 1.0, 3.0, 6.0, 12.0, 40.0)) + chance.random() / 8)
        before = set(room.wishes)
        match chance.choice(KINDS):
            case "hook":
                lifted = not lifted
                room.lift() if lifted else room.hang_up()
            case "next":
                room.post(events.FlowNext(room.now))
            case "again":
                room.post(events.FlowAgain(room.now))
            case "1" | "2" | "3" as number:
                room.post(events.Dial(room.now, number))
            case "press":
                room.press()
                by_button |= set(room.wishes) - before
            case "restart":
                room.restart(lifted)
                good = {take for take in room.lengths if room.lengths[take] >= 1} - by_button
                undecided |= good - set(room.released) - set(room.dropped)
            case kind:
                room.befall(kind)
    room.speaker = room.microphone = True
    room.until(room.now + 1)
    room.post(events.HandsetHangUp(room.now))
    room.until(room.now + 1)
    if room.state.recorder is not Recorder.IDLE:
        room.press()
    room.until(room.now + 100)
    assert room.at(Step.ON_HOOK) and room.state.recorder is Recorder.IDLE and not room.attended, seed
    told = {take for take in room.lengths if take not in by_button}
    assert all("consent_time" in room.wishes[take].fields for take in room.wishes if take not in by_button), seed
    assert len(room.released) == len(set(room.released)) and not set(room.released) & set(room.dropped), seed
    if room.booth_settings.booth.listen_back:
        decided = set(room.released) | set(room.dropped)
        assert not decided & undecided, (seed, "somebody else decided")
        assert decided | undecided == {take for take in told if room.lengths[take] >= 1}, (
            seed,
            "nobody decided about a story",
        )
    else:
        assert room.released == room.dropped == [], seed


def test_every_life_of_a_booth_keeps_exactly_the_right_stories() -> None:
    for seed in range(300):
        live(seed)


@pytest.mark.slow
def test_three_thousand_lives() -> None:
    for seed in range(3_000):
        live(seed)


@pytest.mark.parametrize("listen_back", [True, False])
def test_a_story_that_goes_on_in_another_part_is_over_with_its_last(listen_back: bool) -> None:
    room = Room(evolve(FULL, listen_back=listen_back))
    room.lift()
    room.wait_for(Step.LANGUAGE)
    for step in (Step.QUESTION, Step.CONSENT, Step.RECORDING):
        room.dial(1)
        room.wait_for(step)
    room.until(room.now + 3)
    first = room.booth.take
    room.post(events.TakeContinues(first, room.now, AudioFormat(), "split"))
    room.post(events.ClipFinished(evolve(CLIP, id=first), Verdict.OK))
    assert room.at(Step.RECORDING) and room.booth.take not in ("", first) and not room.released
    last = room.booth.take
    room.lengths[last], room.wishes[last] = 5.0, room.wishes[first]
    room.post(events.FlowNext(room.now), events.TakeSealed(last, CLIP))
    room.until(room.now + 0.2)
    if listen_back:
        assert room.at(Step.REVIEW)
        room.dial(1)
    assert room.at(Step.OVER) and room.released == [last] * listen_back
