"""Reactions: what a feed with `autoplay` brings is played once, the oldest first, and never into a recording."""

from collections import deque
from pathlib import Path

import pytest
from attrs import evolve, frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from appliance import events
from appliance.events import Command, Event
from appliance.machine import Do, Input, Player, Recorder, State, step
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Fault, Track
from appliance.reactions import Autoplay, Reactions
from appliance.status import Status, advance

CLIP = Clip("x", "x", "box", AudioFormat(), 0, 0, ClockStamp(0, 0, "boot", ClockSource.NONE))
FREE = Status()


def track(number: int, key: str = "") -> Track:
    return Track(number, "family", key or str(number), f"message {number}", Path(f"/{number}.flac"), 1, "", 0)


def arrived(number: int, key: str = "") -> events.TrackArrived:
    return events.TrackArrived(track(number, key), play_now=True)


def play(number: int) -> events.PlayIfFree:
    name = f"autoplay-{number}"
    return events.PlayIfFree(Path(f"/{number}.flac"), f"message {number}", number, name, feed="family", at_ns=0)


def sounds(number: int, playback_id: str = "") -> events.PlaybackStarted:
    return events.PlaybackStarted(playback_id or f"autoplay-{number}", f"message {number}", 1.0, number)


class House:
    """Autoplay, in a box that is as the test says."""

    def __init__(self) -> None:
        self.asked: list[Input] = []
        self.reactions = Reactions(Autoplay())
        self._hear = self.reactions.listener(self.asked.append)

    def hear(self, *happened: Input, status: Status = FREE) -> list[Input]:
        """What is asked for after these events."""
        self.asked.clear()
        for event in happened:
            self._hear(event, status)
        return list(self.asked)


@pytest.fixture
def house() -> House:
    return House()


RECORDING = Status(recorder=Recorder.RECORDING)
PLAYING = Status(player=Player.PLAYING)


def test_a_message_is_played_as_it_arrives(house: House) -> None:
    assert house.hear(arrived(1)) == [play(1)]
    assert house.hear(sounds(1), status=PLAYING) == []
    assert house.hear(events.PlaybackFinished("autoplay-1", completed=True)) == []


def test_a_message_of_a_feed_that_does_not_play_by_itself_waits_for_a_person(house: House) -> None:
    assert house.hear(events.TrackArrived(track(1), play_now=False), events.InboxChanged(1)) == []


def test_what_came_in_quiet_hours_is_played_when_it_is_due(house: House) -> None:
    assert house.hear(events.TrackArrived(track(1), play_now=False)) == []
    assert house.hear(events.TrackDue(track(1))) == [play(1)]


@pytest.mark.parametrize("busy", [RECORDING, PLAYING, Status(recorder=Recorder.PAUSED), Status(player=Player.PAUSED)])
def test_what_arrives_meanwhile_is_played_afterwards_oldest_first(house: House, busy: Status) -> None:
    assert house.hear(arrived(2), arrived(1), arrived(3), status=busy) == []
    assert house.hear(events.TakeSealed("take", CLIP)) == [play(1)]
    for number in (1, 2, 3):
        assert house.hear(sounds(number), status=PLAYING) == []
        following = house.hear(events.PlaybackFinished(f"autoplay-{number}", completed=True))
        assert following == ([play(number + 1)] if number < 3 else [])


def test_a_message_that_was_refused_or_stopped_before_it_sounded_is_played_later(house: House) -> None:
    house.hear(arrived(1))
    assert (
        house.hear(events.CommandRefused("PlayIfFree", "a take is in progress", "autoplay-1"), status=RECORDING) == []
    )
    assert house.hear(events.TakeDiscarded("take")) == [play(1)]
    assert house.hear(events.PlaybackFinished("autoplay-1", completed=False), status=RECORDING) == []
    assert house.hear(events.TakeDiscarded("take")) == [play(1)]


def test_a_message_that_was_interrupted_is_left_to_the_button(house: House) -> None:
    house.hear(arrived(1), sounds(1))
    assert house.hear(events.PlaybackFinished("autoplay-1", completed=False), events.TakeDiscarded("take")) == []


def test_a_message_that_the_box_itself_interrupted_is_played_again(house: House) -> None:
    given_up = events.PlaybackFinished("autoplay-1", completed=False, given_up=True)
    assert house.hear(arrived(1), arrived(2)) == [play(1)]
    house.hear(events.PlaybackReady("autoplay-1", "message 1", 1.0), sounds(1), status=PLAYING)
    assert house.hear(given_up) == [play(1)]
    house.hear(sounds(1), events.TrackHeard("autoplay-1", 1), status=PLAYING)
    assert house.hear(given_up) == [play(2)], "it was heard"


@pytest.mark.parametrize(
    "over", [events.PlaybackFailed("autoplay-1", "damaged"), events.PlaybackFinished("autoplay-1", completed=True)]
)
def test_a_message_without_sound_keeps_no_other_waiting_and_is_not_tried_again(house: House, over: Event) -> None:
    house.hear(arrived(1), arrived(2))
    assert house.hear(over) == [play(2)]
    assert house.hear(sounds(2), events.PlaybackFinished("autoplay-2", completed=True)) == []


def test_a_message_that_somebody_plays_meanwhile_is_not_played_again(house: House) -> None:
    house.hear(arrived(1), arrived(2), status=RECORDING)
    assert house.hear(sounds(1, "by-hand"), status=PLAYING) == []
    assert house.hear(events.PlaybackFinished("by-hand", completed=True)) == [play(2)]


def test_a_message_that_is_gone_before_the_box_is_free_is_not_waited_for(house: House) -> None:
    """A feed that keeps the newest alone goes on for months in a box whose speaker is away."""
    for number in range(1, 100):
        house.hear(arrived(number), *[events.TrackRemoved(number - 1)] * (number > 1), status=RECORDING)
    assert house.hear(events.TakeDiscarded("take")) == [play(99)]
    assert house.hear(sounds(99), events.PlaybackFinished("autoplay-99", completed=True)) == []


def test_of_a_message_that_was_pulled_anew_only_the_new_one_is_played(house: House) -> None:
    assert house.hear(arrived(1, "news"), arrived(2, "news"), status=RECORDING) == []
    assert house.hear(events.TakeDiscarded("take")) == [play(2)]


@pytest.mark.parametrize("rest", ["on_hook", "idle"])
def test_a_message_waits_for_the_end_of_a_call(rest: str, house: House) -> None:
    greeted = advance(FREE, State(), events.FlowMoved("greeting"))
    assert house.hear(arrived(1), status=greeted) == []
    over = events.FlowMoved(rest)
    assert house.hear(over, status=advance(greeted, State(), over)) == [play(1)]


def test_a_message_waits_until_the_handset_is_hung_up_although_no_flow_leads_anybody(house: House) -> None:
    lifted = advance(FREE, State(), events.HandsetLift(1.0))
    assert house.hear(arrived(1), events.TrackDue(track(2)), status=lifted) == []
    assert house.hear(sounds(3, "by-hand"), events.PlaybackFinished("by-hand", completed=True), status=lifted) == []
    hung_up = events.HandsetHangUp(2.0)
    assert house.hear(hung_up, status=advance(lifted, State(), hung_up)) == [play(1)]


def test_all_wait_for_a_speaker_that_is_away(house: House) -> None:
    away = Status(faults=(Fault("speaker", "unplugged"),))
    assert house.hear(arrived(1), arrived(2), status=away) == []
    assert house.hear(events.FaultCleared("speaker")) == [play(1)]


def test_what_waits_is_played_under_the_next_configuration(house: House) -> None:
    house.hear(arrived(1), status=RECORDING)
    asked: list[Input] = []
    hear = house.reactions.listener(asked.append)
    hear(events.ApplianceReady(), FREE)
    assert asked == [play(1)]


def test_nothing_is_asked_for_twice(house: House) -> None:
    assert house.hear(arrived(1)) == [play(1)]
    assert house.hear(events.ApplianceReady(), arrived(2), events.InboxChanged(2)) == []


@frozen
class Playback:
    """What the player of the model has."""

    id: str
    track_id: int | None
    began: bool = False
    heard: bool = False


class AutoplayInTheHouse(RuleBasedStateMachine):
    """The table, the status and autoplay around one inbox; people, feeds and the player in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox: deque[Input] = deque()
        self.state, self.status = State(), Status()
        self.reactions = Reactions(Autoplay())
        self.hear = self.reactions.listener(self.asked_by_itself)
        self.playing: Playback | None = None
        self.fresh = 0
        self.waiting: set[int] = set()
        """Messages that arrived to be played, and neither sounded nor failed, as far as was told."""
        self.own = ""
        """The playback that autoplay began and nobody has heard yet, as far as was told."""
        self.sounded_by_itself: list[int] = []

    def asked_by_itself(self, command: Input) -> None:
        assert isinstance(command, events.PlayIfFree)
        assert command.track_id == min(self.waiting), "the oldest first"
        self.inbox.append(command)

    def fresh_number(self) -> int:
        self.fresh += 1
        return self.fresh

    # -- the world

    @rule(play_now=st.booleans())
    def a_message_arrives(self, play_now: bool) -> None:
        number = self.fresh_number()
        self.inbox.append(events.TrackArrived(track(number), play_now))

    @rule(
        command=st.sampled_from(
            [
                events.RecordToggle(1.0),
                events.RecordPauseToggle(1.0),
                events.RecordDiscard(),
                events.PlayerPause(),
                events.PlayerResume(),
                events.PlayerStop(),
                events.Play(Path("/other.wav"), "other"),
            ]
        )
    )
    def somebody_presses(self, command: Command) -> None:
        self.inbox.append(command)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def somebody_plays_a_message(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.waiting)))
        self.inbox.append(events.Play(Path("/m.flac"), "m", number))

    @rule()
    def the_configuration_is_new(self) -> None:
        self.inbox.append(events.ApplianceReady())

    @precondition(lambda self: self.playing and not self.playing.began)
    @rule()
    def it_sounds(self) -> None:
        assert self.playing
        assert self.state.recorder is Recorder.IDLE, "nothing is played into a recording"
        if self.playing.id.startswith("autoplay"):
            assert self.playing.track_id not in self.sounded_by_itself, "nothing is played twice"
            self.sounded_by_itself.append(self.playing.track_id or 0)
        self.inbox.append(events.PlaybackReady(self.playing.id, "m", 1.0))
        self.inbox.append(events.PlaybackStarted(self.playing.id, "m", 1.0, self.playing.track_id))
        self.playing = evolve(self.playing, began=True)

    @precondition(lambda self: self.playing and self.playing.began and not self.playing.heard)
    @rule()
    def it_is_heard(self) -> None:
        assert self.playing
        if self.playing.track_id is not None:
            self.inbox.append(events.TrackHeard(self.playing.id, self.playing.track_id))
            self.playing = evolve(self.playing, heard=True)

    @precondition(lambda self: self.playing)
    @rule()
    def the_configuration_ends(self) -> None:
        assert self.playing
        if self.playing.began and not self.playing.heard and self.playing.track_id in self.sounded_by_itself:
            self.sounded_by_itself.remove(self.playing.track_id)
        self.inbox.append(events.PlaybackFinished(self.playing.id, completed=False, given_up=True))
        self.playing = None

    @precondition(lambda self: self.playing)
    @rule(fails=st.booleans())
    def it_ends(self, fails: bool) -> None:
        assert self.playing
        over = events.PlaybackFailed(self.playing.id, "damaged") if fails else self.finished(completed=True)
        self.inbox.append(over)
        self.playing = None

    def finished(self, *, completed: bool) -> Event:
        assert self.playing
        return events.PlaybackFinished(self.playing.id, completed)

    # -- the house

    @precondition(lambda self: self.inbox)
    @rule()
    def the_controller_takes_one_step(self) -> None:
        input = self.inbox.popleft()
        self.state, effects, refusal = step(self.state, input, f"id-{self.fresh_number()}")
        happened = events.CommandRefused.of(input, refusal) if refusal else input
        self.status = advance(self.status, self.state, happened)
        for effect in effects:
            self.do(effect.do, effect.id, effect.cause)
        if isinstance(happened, Event):
            self.note(happened)
            self.hear(happened, self.status)

    def do(self, what: Do, id: str, cause: object) -> None:
        if what in (Do.START_PLAYBACK, Do.STOP_PLAYBACK) and self.playing:
            self.inbox.append(self.finished(completed=False))
            self.playing = None
        if what is Do.START_PLAYBACK:
            assert isinstance(cause, events.Play)
            self.playing = Playback(id, cause.track_id)
        if what is Do.FINISH_TAKE:
            self.inbox.append(events.TakeSealed(id, CLIP))
        if what is Do.DISCARD_TAKE:
            self.inbox.append(events.TakeDiscarded(id))

    def note(self, event: Event) -> None:
        match event:
            case events.TrackArrived(play_now=True):
                self.waiting.add(event.track.id)
            case events.PlaybackStarted(track_id=int(number)):
                self.waiting.discard(number)
                self.own = event.playback_id if event.playback_id.startswith("autoplay") else self.own
            case events.TrackHeard() if event.playback_id == self.own:
                self.own = ""
            case events.PlaybackFinished(given_up=True) if event.playback_id == self.own:
                self.waiting.add(int(self.own.removeprefix("autoplay-")))
            case events.PlaybackFailed() | events.PlaybackFinished(completed=True):
                self.waiting = {number for number in self.waiting if event.playback_id != f"autoplay-{number}"}

    def teardown(self) -> None:
        """Once nobody does anything any more, nothing waits."""
        for _ in range(10_000):
            if self.inbox:
                self.the_controller_takes_one_step()
            elif self.state.recorder is not Recorder.IDLE:
                self.inbox.append(events.RecordStop(2.0))
            elif self.state.player is Player.PAUSED:
                self.inbox.append(events.PlayerStop())
            elif self.playing and not self.playing.began:
                self.it_sounds()
            elif self.playing:
                self.it_ends(fails=False)
            else:
                break
        assert self.state == State() and not self.waiting
        before = len(self.inbox)
        self.hear(events.ApplianceReady(), self.status)
        assert len(self.inbox) == before


TestAutoplayInTheHouse = AutoplayInTheHouse.TestCase
