"""The message box: new messages are heard the oldest first, and each answer goes to whom it answers."""

import random
from datetime import datetime
from pathlib import Path

import pytest
from attrs import frozen

from appliance import events
from appliance.circumstances import Wishes
from appliance.config.feeds import FeedSettings
from appliance.config.flow import FlowSettings, Script
from appliance.config.loader import parse, usable
from appliance.config.prompts import PromptSettings
from appliance.config.settings import DestinationSettings
from appliance.errors import ConfigError, TroubleKind
from appliance.faults import MICROPHONE_LOST
from appliance.flow import flow_of
from appliance.flow.bell import Bell
from appliance.flow.heard import Heard, KeptHeard
from appliance.flow.message_box import MessageBox
from appliance.flow.steps import Step
from appliance.machine import Do, Effect, Player, Recorder
from appliance.store.places import Places
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals
from tests.test_flow import FOUND, GUARD, MESSAGE, PLACES, TONE, World

REPLIES = {"family": "family", "club": "club"}
FEEDS = ("family", "club", "radio")


class Inbox(World):
    """A message box, whose inbox holds what the test brings."""

    def plug_in(self) -> None:
        super().plug_in()
        self.handset = flow_of(FlowSettings(Script.MESSAGE_BOX), PromptSettings(), REPLIES, PLACES)
        self.tracks: list[tuple[str, bool]] = getattr(self, "tracks", [])
        """Each with its feed, and whether somebody has heard it."""
        self.heard: list[int] = getattr(self, "heard", [])
        """What began to sound."""

    @property
    def box(self) -> MessageBox:
        assert isinstance(self.handset.script, MessageBox)
        return self.handset.script

    def bring(self, *feeds: str) -> None:
        self.tracks += [(feed, False) for feed in feeds]
        self.tell()

    def tell(self) -> None:
        self.post(events.InboxChanged(sum(not heard for _, heard in self.tracks)))

    def start(self, effect: Effect) -> None:
        match effect.do:
            case Do.CHOOSE_NEW | Do.CHOOSE_NEXT:
                self.later(FOUND, lambda: self.find(effect))
            case Do.START_PLAYBACK if self.speaker:
                super().start(effect)
                assert isinstance(effect.cause, events.Play)
                number = effect.cause.track_id
                if number is not None:
                    self.heard.append(number)
                    feed = self.tracks[number][0]
                    started = events.PlaybackStarted(effect.id, f"message {number}", MESSAGE, number, feed=feed)
                    self.later(0.0, lambda: self.post(started))
                    self.later(MESSAGE - 0.1, lambda: self.listened(effect.id, number))
            case _:
                super().start(effect)

    def find(self, effect: Effect) -> None:
        new = [number for number, (_, heard) in enumerate(self.tracks) if not heard]
        found = new or ([len(self.tracks) - 1] if self.tracks and effect.do is Do.CHOOSE_NEXT else [])
        if found:
            self.post(events.Play(Path("/m.wav"), "message", found[0], effect.id, feed=self.tracks[found[0]][0]))
        else:
            self.post(events.NothingToPlay(effect.id, "nothing"))

    def listened(self, playback_id: str, number: int) -> None:
        if self.state.playback_id == playback_id and self.state.player is Player.PLAYING:
            self.tracks[number] = (self.tracks[number][0], True)
            self.tell()

    def hear(self, seconds: float = 0.0) -> None:
        self.post(events.MessageHear())
        self.until(self.now + seconds)

    def answer(self, seconds: float) -> None:
        """Speak for so long."""
        self.post(events.MessageAnswer(self.now))
        self.until(self.now + TONE + GUARD + seconds)
        self.post(events.MessageAnswer(self.now))
        self.until(self.now + 1)

    @property
    def destinations(self) -> list[tuple[str, ...] | None]:
        """Where each of the clips may go."""
        return [self.wishes[take].begun.destinations for take in self.lengths]


def test_new_messages_are_heard_the_oldest_first_and_once() -> None:
    box = Inbox()
    box.bring("family", "club", "family")
    box.hear(4 * MESSAGE)
    assert box.heard == [0, 1, 2] and box.box.step is Step.IDLE
    box.bring("radio")
    box.hear(2 * MESSAGE)
    assert box.heard == [0, 1, 2, 3]
    box.hear(2 * MESSAGE)
    assert box.heard == [0, 1, 2, 3, 3], "where all was heard it is the newest"


def test_pressing_again_repeats_what_plays() -> None:
    box = Inbox()
    box.bring("family")
    box.hear(2.0)
    before = box.box
    after, asked = before.react(events.MessageHear(), box.status)
    assert asked == (events.PlayerSeek(0.0),) and after is before


def test_an_answer_goes_to_whom_it_answers_and_to_nobody_else() -> None:
    box = Inbox()
    box.bring("family", "club", "radio")
    box.hear(MESSAGE - 1)
    box.answer(3.0)
    assert box.destinations == [("family",)] and box.clips[0][1] - box.clips[0][0] == pytest.approx(3.0)
    box.hear(FOUND + MESSAGE * 1.5)
    box.answer(3.0)
    box.hear(FOUND + MESSAGE * 1.5)
    box.answer(3.0)
    assert box.heard == [0, 0, 1, 1, 2] and box.destinations == [("family",), ("club",), None]
    titles = [box.wishes[take].fields["title"] for take in box.lengths]
    assert titles == ["answer to message 0", "answer to message 1", "answer to message 2"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "\0", "[" * 10_000])
def test_what_was_heard_last_is_known_after_a_start(text: str, tmp_path: Path) -> None:
    places = Places(tmp_path)
    KeptHeard(places.heard).keep(Heard("family", "A song"))
    box = flow_of(FlowSettings(Script.MESSAGE_BOX), PromptSettings(), REPLIES, places).script
    assert isinstance(box, MessageBox) and (box.feed, box.title) == ("family", "A song")
    places.heard.write_text(text)
    box = flow_of(FlowSettings(Script.MESSAGE_BOX), PromptSettings(), REPLIES, places).script
    assert isinstance(box, MessageBox) and (box.feed, box.title) == ("", "")


def test_where_nothing_was_heard_it_is_a_recording_like_any_other() -> None:
    box = Inbox()
    box.answer(2.0)
    assert box.destinations == [None] and list(box.wishes.values()) == [Wishes()]


def test_whoever_answers_into_no_microphone_is_told() -> None:
    box = Inbox()
    box.post(events.MessageAnswer(box.now))
    box.until(box.now + 2)
    box.post(MICROPHONE_LOST.raised("went away"))
    assert box.said == ["tone", "fault"] and box.box.step is Step.ANSWERING


def test_pressing_again_before_the_tone_is_over_records_nothing() -> None:
    box = Inbox()
    box.post(events.MessageAnswer(box.now))
    box.until(box.now + TONE / 2)
    box.post(events.MessageAnswer(box.now))
    box.until(box.now + 10)
    assert box.clips == [] and box.box.step is Step.IDLE and not box.attended


@pytest.mark.parametrize(("kind", "step"), [(TroubleKind.FILE, Step.HEARING), (TroubleKind.SYSTEM, Step.IDLE)])
def test_what_cannot_be_played_is_passed_over_and_a_speaker_that_fails_ends_it(kind: TroubleKind, step: Step) -> None:
    box = Inbox()
    box.bring("family", "club")
    box.hear(1.0)
    box.post(events.PlaybackFailed(box.state.playback_id or "", "no", kind=kind))
    assert box.box.step is step


def test_whoever_stops_a_message_ends_it_all() -> None:
    box = Inbox()
    box.bring("family", "club")
    box.hear(1.0)
    box.post(events.PlayerStop())
    box.until(box.now + 3 * MESSAGE)
    assert box.heard == [0] and box.box.step is Step.IDLE


def test_the_bell_rings_while_a_message_waits_and_nobody_is_disturbed() -> None:
    box = Inbox()
    box.post(events.BellDue())
    assert box.said == []
    box.bring("family")
    box.post(events.BellDue())
    assert box.said == ["new_message"]
    box.until(box.now + 5)
    box.hear(1.0)
    box.post(events.BellDue())
    assert box.said == ["new_message"]


def test_a_handset_that_is_off_the_hook_has_no_bell_before_it_is_hung_up() -> None:
    box = Inbox()
    box.post(events.HandsetLift(box.now))
    box.until(box.now + 5)
    box.bring("family")
    box.post(events.BellDue())
    box.until(box.now + 5)
    assert box.said == [] and box.box.step is Step.IDLE
    box.post(events.HandsetHangUp(box.now))
    assert box.said == ["new_message"]
    box.until(box.now + 5)
    box.post(events.HandsetLift(box.now), events.HandsetHangUp(box.now))
    assert box.said == ["new_message"], "once"


def test_who_has_heard_everything_before_hanging_up_hears_no_bell() -> None:
    box = Inbox()
    box.post(events.HandsetLift(box.now))
    box.until(box.now + 5)
    box.bring("family")
    box.post(events.BellDue())
    box.hear(2 * MESSAGE)
    box.post(events.HandsetHangUp(box.now))
    box.until(box.now + 5)
    assert box.heard == [0] and box.said == []


def ring_into(kind: str) -> Inbox:
    """A box whose time to ring comes in the midst of something."""
    box = Inbox()
    box.bring("family")
    match kind:
        case "an answer at the handset":
            box.post(events.HandsetLift(box.now))
            box.until(box.now + 2 * MESSAGE)
            box.bring("family")
            box.post(events.BellDue(), events.MessageAnswer(box.now))
            box.until(box.now + 5)
        case "an answer by a button":
            box.post(events.MessageAnswer(box.now))
            box.until(box.now + 5)
            box.post(events.BellDue())
        case "a recording by another button":
            box.press()
            box.post(events.BellDue())
        case "something else that plays":
            box.post(events.Play(Path("/radio.mp3"), "radio"), events.BellDue())
    box.until(box.now + 0.1)
    return box


@pytest.mark.parametrize(
    "kind",
    [
        "an answer at the handset",
        "an answer by a button",
        "a recording by another button",
        "something else that plays",
    ],
)
def test_the_bell_waits_until_it_disturbs_nobody(kind: str) -> None:
    box = ring_into(kind)
    assert "new_message" not in box.said
    match kind:
        case "an answer at the handset":
            box.post(events.HandsetHangUp(box.now))
        case "an answer by a button":
            box.post(events.MessageAnswer(box.now))
        case "a recording by another button":
            box.press()
        case _:
            box.post(events.PlayerStop())
    box.until(box.now + 5)
    assert box.said.count("new_message") == 1
    assert box.said[-1] == "new_message", "what else is said comes before it"


def test_the_bell_that_waits_is_forgotten_once_somebody_listens() -> None:
    box = Inbox()
    box.post(events.HandsetLift(box.now))
    box.until(box.now + 5)
    box.bring("family", "club")
    box.post(events.BellDue())
    box.hear(MESSAGE / 2)
    box.post(events.HandsetHangUp(box.now))
    box.until(box.now + 5)
    assert box.heard == [0] and box.said == [] and box.status.unheard == 2


def test_the_bell_tells_its_times_once_each_day_and_none_that_was_long_ago() -> None:
    clock = ManualClock()
    due: list[events.BellDue] = []
    clock.set_wall(_local(8, 0))
    bell = Bell(("09:00", "18:30"), clock, due.append, Vitals(clock))
    bell.start()
    try:
        rung: list[int] = []
        for number in range(24 * 4):
            clock.waiters()
            clock.advance(15 * 60)
            clock.waiters()
            if len(due) > len(rung):
                rung.append((number + 1) * 15)
        assert rung == [60, 10 * 60 + 30]
        clock.waiters()
        clock.set_wall(_local(20, 0, day=5))
        clock.advance(60)
        clock.waiters()
        assert len(due) == 2, "the clock was set"
    finally:
        bell.close()


def _local(hour: int, minute: int, day: int = 1) -> float:
    return datetime(2026, 11, day, hour, minute).timestamp()


def test_replies_go_to_destinations_that_there_are() -> None:
    text = "feeds: {family: {backend: news, reply_to: %s}}\ndestinations: {shelf: {backend: local, path: /srv/shelf}}"
    with pytest.raises(ConfigError, match="reply_to is attic, expected the name of a destination: shelf"):
        parse(text % "attic", "test", extensions(), {})
    assert parse(text % "shelf", "test", extensions(), {}).feeds["family"].reply_to == "shelf"


@pytest.mark.parametrize(
    ("destinations", "told"),
    [("{shelf: {backend: nonesuch}}", "destinations.shelf"), ("{}", "feeds.family.reply_to")],
)
def test_where_replies_cannot_go_feeds_go_on(destinations: str, told: str) -> None:
    feeds = "{family: {backend: news, reply_to: shelf}, club: {backend: news}}"
    found = usable(f"feeds: {feeds}\ndestinations: {destinations}", "test", extensions(), {})
    assert list(found.settings.feeds) == ["family", "club"] and list(found.left_out) == [told]


@frozen
class ShelfOptions:
    path: str = ""


def extensions() -> dict[type, dict[str, type]]:
    return {DestinationSettings: {"local": ShelfOptions}, FeedSettings: {"news": NoOptions}}


@frozen
class NoOptions:
    pass


KINDS = (*("hear",) * 4, *("answer",) * 4, *("bring",) * 3, "stop", "lift", "hang_up", "press", "speaker", "microphone")


def live(seed: int) -> None:
    """Every answer goes to whom it answers, whatever happens; nothing else is recorded."""
    chance, box = random.Random(seed), Inbox()
    wanted: dict[str, tuple[str, ...] | None] = {}
    for _ in range(chance.randint(3, 14)):
        box.until(box.now + chance.choice((0.1, 0.5, 1.0, 3.0, 6.0, 40.0)) + chance.random() / 8)
        last = box.heard[-1] if box.heard else None
        before = set(box.wishes)
        match chance.choice(KINDS):
            case "hear":
                box.post(events.MessageHear())
            case "answer":
                box.post(events.MessageAnswer(box.now))
            case "bring":
                box.bring(chance.choice(FEEDS))
            case "stop":
                box.post(events.PlayerStop())
            case "lift":
                box.post(events.HandsetLift(box.now))
            case "hang_up":
                box.post(events.HandsetHangUp(box.now))
            case "press":
                box.press()
                wanted.update(dict.fromkeys(set(box.wishes) - before, None))
                continue
            case kind:
                box.befall(kind)
        if box.box.step is Step.TONE:
            feed = "" if last is None else box.tracks[last][0]
            box.until(box.now + TONE)
            reply = REPLIES.get(feed)
            wanted.update(dict.fromkeys(set(box.wishes) - before, (reply,) if reply else None))
    box.until(box.now + 1)
    if box.state.recorder is not Recorder.IDLE:
        box.press()
    box.post(events.HandsetHangUp(box.now))
    box.until(box.now + 100)
    assert box.box.step is Step.IDLE and box.state.recorder is Recorder.IDLE and not box.attended, seed
    assert {take: wishes.begun.destinations for take, wishes in box.wishes.items()} == wanted, seed
    box.speaker = True
    box.hear(MESSAGE * (len(box.tracks) + 2))
    assert all(heard for _, heard in box.tracks) and box.box.step is Step.IDLE, (seed, "a message was not heard")


def test_every_life_of_a_message_box_sends_each_answer_where_it_belongs() -> None:
    for seed in range(300):
        live(seed)


@pytest.mark.slow
def test_three_thousand_lives() -> None:
    for seed in range(3_000):
        live(seed)
