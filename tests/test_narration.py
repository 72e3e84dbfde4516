"""What sounds over and over: round after round, giving way to everything else, and quiet where somebody wants that."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import events
from appliance.config.feeds import Order
from appliance.errors import TroubleKind
from appliance.events import Event
from appliance.faults import SPEAKER
from appliance.machine import Input, Player, Recorder
from appliance.models import Fault, Track
from appliance.narration import Narration
from appliance.reactions import Reactions
from appliance.status import Status

FREE = Status()
PLAYING = Status(player=Player.PLAYING)
RECORDING = Status(recorder=Recorder.RECORDING)


def track(number: int, key: str = "", feed: str = "museum") -> Track:
    return Track(number, feed, key or str(number), f"track {number}", Path(f"/{number}.flac"), 1, "", 0)


def begins(*numbers: int) -> events.LoopBegins:
    return events.LoopBegins("museum", tuple(track(number) for number in numbers))


class House:
    """A box in which nothing but the narration plays, unless the test says so."""

    def __init__(self, order: Order = Order.OLDEST) -> None:
        self.asked: list[Input] = []
        self.playing: str | None = None
        self.ready: events.Play | None = None
        self.heard: list[int] = []
        self._hear = Reactions(Narration({"museum": order}, seed=0.5)).listener(self.asked.append)

    def hear(self, event: Event, status: Status | None = None) -> None:
        """Tell of an event, and do what is asked for then."""
        self._hear(event, status or (PLAYING if self.playing else FREE))
        while self.asked:
            self._do(self.asked.pop(0))

    def _do(self, asked: Input) -> None:
        match asked:
            case events.PlayIfFree():
                assert self.playing is None, "it is free"
                self._sounds(asked)
                self.hear(events.PlaybackStarted(self.playing or "", asked.title, 1.0, asked.track_id))
            case events.PlayAfter():
                assert asked.playback_id == self.playing
                self.ready = asked.then

    def _sounds(self, play: events.Play) -> None:
        assert play.playback_id and play.track_id
        self.playing, self.ready = play.playback_id, None
        self.heard.append(play.track_id)

    def ends(self) -> None:
        """What plays comes to its end."""
        assert self.playing
        over, following = self.playing, self.ready
        if following:
            self._sounds(following)
            self.hear(events.PlaybackContinues(over, self.playing))
        else:
            self.playing = None
            self.hear(events.PlaybackFinished(over, completed=True))

    def is_stopped(self, status: Status = FREE) -> None:
        over, self.playing, self.ready = self.playing or "", None, None
        self.hear(events.PlaybackFinished(over, completed=False), status)


def rounds(house: House, count: int) -> list[int]:
    while len(house.heard) < count:
        house.ends()
    return house.heard


@pytest.mark.parametrize(
    ("order", "heard"), [(Order.OLDEST, [1, 2, 3, 1, 2, 3, 1]), (Order.NEWEST, [3, 2, 1, 3, 2, 1, 3])]
)
def test_all_sound_round_after_round(order: Order, heard: list[int]) -> None:
    house = House(order)
    house.hear(begins(1, 2, 3))
    assert rounds(house, 7) == heard


def test_at_random_all_sound_and_none_twice_in_a_row() -> None:
    house = House(Order.RANDOM)
    house.hear(begins(1, 2, 3, 4, 5))
    heard = rounds(house, 50)
    assert all(one != other for one, other in pairwise(heard))
    assert all(heard.count(number) >= 7 for number in range(1, 6)) and heard[:5] != heard[5:10]


def test_one_alone_sounds_again_and_again() -> None:
    house = House()
    house.hear(begins(1))
    assert rounds(house, 3) == [1, 1, 1]


def test_what_is_replaced_sounds_once_what_plays_has_ended() -> None:
    house = House()
    house.hear(begins(1))
    house.hear(events.TrackArrived(track(7, key="1"), play_now=False))
    assert rounds(house, 3) == [1, 7, 7]


def test_it_begins_once_something_arrives() -> None:
    house = House()
    house.hear(begins())
    assert house.heard == []
    house.hear(events.TrackArrived(track(1), play_now=False))
    assert house.heard == [1]


def test_it_gives_way_to_a_recording_and_goes_on_after_it() -> None:
    house = House()
    house.hear(begins(1, 2))
    house.is_stopped(RECORDING)
    assert house.playing is None
    house.hear(events.StorageFree(), FREE)
    assert house.playing and house.heard == [1, 2]


def test_whoever_stops_it_has_quiet_until_something_else_was_played() -> None:
    house = House()
    house.hear(begins(1, 2))
    house.is_stopped()
    house.hear(events.StorageFree())
    assert house.playing is None
    house.hear(events.PlaybackStarted("a clip", "", 1.0), PLAYING)
    house.hear(events.PlaybackFinished("a clip", completed=True), FREE)
    assert house.playing


def test_it_lets_a_message_play_between_two() -> None:
    house = House()
    house.hear(begins(1, 2))
    message = track(9, feed="family")
    house.hear(events.TrackArrived(message, play_now=True))
    assert house.ready is None
    house.ends()
    assert house.playing is None, "the message comes first"
    house.hear(events.PlaybackStarted("autoplay-9", "", 1.0, 9), PLAYING)
    house.hear(events.PlaybackFinished("autoplay-9", completed=True), FREE)
    assert house.playing and house.heard == [1, 2]


def test_it_rests_in_quiet_hours() -> None:
    house = House()
    house.hear(begins(1, 2))
    house.hear(events.LoopRests("museum"))
    house.ends()
    assert house.playing is None and house.heard == [1]
    house.hear(begins(1, 2))
    assert house.playing


@given(st.sets(st.integers(1, 4)))
def test_what_cannot_be_played_is_passed_over_and_never_tried_for_ever(broken: set[int]) -> None:
    house = House()
    tried = list[int]()

    def play(asked: Input) -> None:
        if not isinstance(asked, events.PlayIfFree):
            return House._do(house, asked)
        assert asked.track_id and asked.playback_id
        tried.append(asked.track_id)
        if asked.track_id in broken:
            assert len(tried) < 20, "it is tried over and over"
            failed = events.PlaybackFailed(asked.playback_id, "no sound", kind=TroubleKind.FORMAT)
            house.hear(failed, FREE)
        else:
            House._do(house, asked)

    house._do = play  # type: ignore[method-assign]
    house.hear(begins(1, 2, 3, 4))
    assert bool(house.playing) == (broken != {1, 2, 3, 4})
    assert tried == [number for number in range(1, 5) if all(each in broken for each in range(1, number))]


def test_a_speaker_that_fails_is_waited_for() -> None:
    house = House()
    house.hear(begins(1))
    over, house.playing = house.playing or "", None
    house.hear(events.PlaybackFailed(over, "unplugged", kind=TroubleKind.SYSTEM), FREE)
    assert house.playing is None
    away = Status(faults=(Fault(SPEAKER.name, "away"),))
    house.hear(events.StorageFree(), away)
    house.hear(SPEAKER.cleared(), FREE)
    assert house.playing


def test_it_is_quiet_during_a_call_and_begins_again_after_it() -> None:
    house, greeted = House(), Status(engaged=True)
    house.hear(begins(1, 2))
    house.is_stopped(greeted)
    house.hear(events.FlowMoved("recording"), Status(recorder=Recorder.RECORDING, engaged=True))
    house.hear(events.FlowMoved("over"), greeted)
    assert house.heard == [1]
    house.hear(events.FlowMoved("on_hook"))
    assert house.heard == [1, 2]
