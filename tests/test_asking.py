"""Asking: the answer is about the very take or playback that was asked for, and is true."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import cast

import pytest

from appliance import events
from appliance.asking import PATIENCE, SOON, Asking
from appliance.clock import SystemClock
from appliance.controller import Controller
from appliance.errors import ApplianceError, DecoderMissing, DeviceNotFound, NotFound, Refused
from appliance.events import Command, Event
from appliance.machine import Do
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Verdict
from appliance.status import Status
from appliance.testing.clock import ManualClock
from appliance.verbs import VERBS
from appliance.vitals import Vitals

FORMAT = AudioFormat()
BEGIN, END, PLAY = ((VERBS[word].done, VERBS[word].failed) for word in ("record.start", "record.stop", "play.next"))
Kinds = tuple[tuple[type[Event], ...], ...]


def clip(take_id: str) -> events.ClipFinished:
    made = Clip(take_id, take_id, "box", FORMAT, 1, 2, ClockStamp(0, 0, "boot", ClockSource.NTP))
    return events.ClipFinished(made, Verdict.OK)


def started(take_id: str) -> events.TakeStarted:
    return events.TakeStarted(take_id, take_id, FORMAT, 2.0)


class House:
    """A running controller whose effects do nothing: people ask, and the test posts what happens."""

    def __init__(self) -> None:
        numbers = count(1)
        self.clock = ManualClock()
        self.controller = Controller(SystemClock(), lambda: f"id-{next(numbers)}")
        self.controller.connect(dict.fromkeys(Do, lambda effect: self._begun.put(effect.id)))
        self._asking = Asking(self.controller, self.clock)
        self._people = ThreadPoolExecutor()
        self._begun: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(
            target=self.controller.run, args=(Vitals(SystemClock()).pulse("controller", 60.0),)
        )

    def start(self) -> None:
        self._thread.start()

    def ask(self, command: Command, kinds: Kinds = ()) -> tuple["Future[Event | None]", str]:
        """Let somebody ask: the answer to come, and the id of what it concerns, once the command has its effect."""
        answer = self._people.submit(self._asking.ask, command, *kinds)
        return answer, self._begun.get(timeout=5)

    def post(self, *happened: Event) -> None:
        for event in happened:
            self.controller.post(event)

    def settle(self) -> None:
        """Return once everything posted was handled."""
        with suppress(Refused):
            self.controller.request(events.RecordPause(0.0, "nobody's")).result(5)

    def finish(self) -> None:
        self.controller.stop()
        self._thread.join(5)
        self._people.shutdown()
        assert not self._thread.is_alive()


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    house.start()
    yield house
    house.finish()


def test_a_stop_is_never_answered_with_the_clip_of_an_older_take(house: House) -> None:
    start, first = house.ask(events.RecordStart(1.0), BEGIN)
    stop, _ = house.ask(events.RecordStop(2.0), END)
    start_again, second = house.ask(events.RecordStart(3.0), BEGIN)
    stop_again, _ = house.ask(events.RecordStop(4.0), END)
    house.post(started(first), clip(first))
    assert (start.result(5), stop.result(5)) == (started(first), clip(first))
    house.settle()
    assert not start_again.done() and not stop_again.done()
    house.post(started(second), clip(second))
    assert (start_again.result(5), stop_again.result(5)) == (started(second), clip(second))


def test_a_start_never_tells_the_failure_of_an_older_take(house: House) -> None:
    old, first = house.ask(events.RecordStart(1.0), BEGIN)
    house.ask(events.RecordStop(2.0))
    start, second = house.ask(events.RecordToggle(3.0), BEGIN)
    house.post(events.TakeFailed(first, "the disk is full"), started(second))
    assert start.result(5) == started(second)
    with pytest.raises(ApplianceError, match="the disk is full"):
        old.result(5)


def test_a_press_that_ends_a_take_is_not_answered_with_its_late_beginning(house: House) -> None:
    either = VERBS["record.toggle"]
    start, take = house.ask(events.RecordToggle(1.0), (either.done, either.failed))
    stop, _ = house.ask(events.RecordToggle(2.0), (either.done, either.failed))
    house.post(started(take), clip(take))
    assert start.result(5) == stop.result(5) == clip(take)


@pytest.mark.parametrize(
    ("over", "error", "words"),
    [
        (lambda take: events.TakeFailed(take, "no microphone", error="DeviceNotFound"), DeviceNotFound, "no micro"),
        (lambda take: events.TakeFailed(take, "newer", error="OfANewerRelease"), ApplianceError, "newer"),
        (lambda take: events.TakeFailed(take, "install it", error="DecoderMissing"), DecoderMissing, "^install it$"),
        (lambda take: events.TakeDiscarded(take), ApplianceError, "discarded"),
    ],
)
def test_what_cannot_happen_any_more_is_said_at_once(
    house: House, over: Callable[[str], Event], error: type[ApplianceError], words: str
) -> None:
    start, take = house.ask(events.RecordStart(1.0), BEGIN)
    house.post(over(take))
    with pytest.raises(error, match=words) as raised:
        start.result(5)
    assert type(raised.value) is error


def test_a_refusal_is_raised_at_once(house: House) -> None:
    with pytest.raises(Refused, match="no take is in progress"):
        Asking(house.controller, house.clock).ask(events.RecordStop(1.0), *END)


def test_the_next_message_is_followed_from_the_asking_to_its_sound(house: House) -> None:
    play, asked = house.ask(events.PlayNext(), PLAY)
    house.post(events.PlaybackStarted("another", "b", 2.0))
    house.controller.post(events.Play(Path("/a.wav"), "a", 5, asked))
    sounds = events.PlaybackStarted(asked, "a", 2.0, 5)
    house.post(sounds)
    assert play.result(5) == sounds


def test_a_choice_that_finds_nothing_answers_only_whoever_asked_for_it(house: House) -> None:
    play, asked = house.ask(events.PlayNext(), PLAY)
    house.post(events.NothingToPlay("another", "no message"))
    house.settle()
    assert not play.done()
    house.post(events.NothingToPlay(asked, "no message"))
    with pytest.raises(NotFound, match="no message"):
        play.result(5)


def test_a_take_that_comes_before_the_chosen_message_refuses_it(house: House) -> None:
    play, asked = house.ask(events.PlayNext(), PLAY)
    _, _ = house.ask(events.RecordStart(1.0))
    house.controller.post(events.Play(Path("/a.wav"), "a", 5, asked))
    with pytest.raises(Refused, match="a take is in progress"):
        play.result(5)


def test_a_split_of_nothing_is_refused_to_whoever_asked_for_it_alone(house: House) -> None:
    start, take = house.ask(events.RecordStart(1.0), BEGIN)
    verb = VERBS["record.split"]
    split, _ = house.ask(events.RecordSplit(2.0), (verb.done, verb.failed))
    house.post(events.NothingToSplit(take, "no sound yet"), started(take))
    with pytest.raises(Refused, match="no sound yet"):
        split.result(5)
    assert start.result(5) == started(take)


def test_what_bears_no_id_answers_whoever_waits_for_it(house: House) -> None:
    louder, _ = house.ask(events.VolumeSet(30), ((events.VolumeChanged,),))
    house.post(events.VolumeChanged(30))
    assert louder.result(5) == events.VolumeChanged(30)


class Flow:
    """A controller whose flow makes of every word what it is told to."""

    def __init__(self, *makes: Event) -> None:
        self.status = Status()
        self._makes = makes

    def listen(self, hear: Callable[[Event, Status], None]) -> Callable[[], None]:
        self._hear = hear
        return lambda: None

    def request(self, _: Command) -> "Future[str]":
        for event in self._makes:
            self._hear(event, self.status)
        done: Future[str] = Future()
        done.set_result("")
        return done


def test_what_a_flow_makes_of_a_word_is_told_whatever_its_id() -> None:
    verb, clock = VERBS["message.hear"], ManualClock()

    def ask(*makes: Event) -> Event | None:
        asking = Asking(cast("Controller", Flow(*makes)), clock)
        return asking.ask(events.MessageHear(), verb.done, verb.failed, indirect=verb.indirect)

    began = events.PlaybackStarted("by the flow", "hello", 2.0, 5)
    assert ask(events.FlowMoved("hearing"), began) == began
    with pytest.raises(NotFound, match="no message"):
        ask(events.NothingToPlay("by the flow", "no message"))
    with ThreadPoolExecutor() as people:
        answer = people.submit(ask)
        clock.waiters()
        clock.advance(SOON + 1)
        assert answer.result(5) is None


@pytest.mark.parametrize(
    ("command", "kinds", "words"),
    [
        (events.RecordStart(1.0), BEGIN, "the microphone has not delivered its first sound yet"),
        (events.Play(Path("/a.wav"), "a"), PLAY, "the speaker does not sound yet"),
        (events.VolumeSet(3), ((events.VolumeChanged,),), "not done yet"),
    ],
)
def test_whoever_waits_too_long_hears_what_is_true(house: House, command: Command, kinds: Kinds, words: str) -> None:
    answer, _ = house.ask(command, kinds)
    house.clock.waiters()
    house.clock.advance(PATIENCE + 1)
    with pytest.raises(ApplianceError, match=words):
        answer.result(5)


def test_a_stop_that_lasts_says_that_the_take_has_ended(house: House) -> None:
    house.ask(events.RecordStart(1.0))
    stop, _ = house.ask(events.RecordStop(2.0), END)
    house.clock.waiters()
    house.clock.advance(PATIENCE + 1)
    with pytest.raises(ApplianceError, match="the take has ended, but its clip is not safe yet"):
        stop.result(5)


def test_a_box_that_does_not_take_the_command_up_says_so() -> None:
    clock = ManualClock()
    deaf = Controller(SystemClock(), lambda: "id")
    with ThreadPoolExecutor() as people:
        answer = people.submit(Asking(deaf, clock).ask, events.RecordStart(1.0), *BEGIN)
        clock.waiters()
        clock.advance(PATIENCE + 1)
        with pytest.raises(ApplianceError, match="busy or changes its configuration"):
            answer.result(5)
