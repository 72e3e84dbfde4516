"""The controller: one inbox, effects in order, answers, listeners."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from appliance import events
from appliance.clock import SystemClock
from appliance.controller import PULSE_LIMIT, Controller, End
from appliance.errors import Refused
from appliance.events import Event
from appliance.faults import CATALOGUE
from appliance.machine import Do, Effect, Recorder
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Fault, Verdict
from appliance.status import Status
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals


class House:
    """A running controller whose effects and events are only remembered."""

    def __init__(self) -> None:
        self.effects: list[tuple[Do, str]] = []
        self.heard: list[Event] = []
        numbers = count()
        self.controller = Controller(SystemClock(), lambda: str(next(numbers)))
        self.controller.connect(dict.fromkeys(Do, self._effect))
        self.controller.listen(self._listen)
        pulse = Vitals(SystemClock()).pulse("controller", PULSE_LIMIT)
        self._thread = threading.Thread(target=self.controller.run, args=(pulse,))

    def _effect(self, effect: Effect) -> None:
        self.effects.append((effect.do, effect.id))

    def _listen(self, event: Event, status: Status) -> None:
        assert status is self.controller.status
        self.heard.append(event)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self.controller.stop()
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    house.start()
    yield house
    house.finish()


@pytest.mark.parametrize(("starts", "unheard"), [(True, 3), (False, 0)])
def test_how_the_box_is_is_known_once_a_start_is_over_unless_that_takes_too_long(starts: bool, unheard: int) -> None:
    clock = ManualClock()
    controller = Controller(clock, str)

    def unheard_then() -> int:
        controller.settle()
        return controller.status.unheard

    with ThreadPoolExecutor(1) as waiting:
        told = waiting.submit(unheard_then)
        clock.waiters()
        if starts:
            for happened in (events.InboxChanged(3), events.ApplianceReady()):
                controller.post(happened)
            controller.stop()
            controller.run(Vitals(clock).pulse("controller", PULSE_LIMIT))
        else:
            clock.advance(5)
        assert told.result(5) == unheard


def test_a_command_starts_its_effects_and_is_answered(house: House) -> None:
    house.controller.request(events.RecordStart(1.0)).result(5)
    assert [do for do, _ in house.effects] == [Do.START_TAKE]
    assert house.controller.status.recorder is Recorder.RECORDING


def test_a_refused_command_raises_and_is_told(house: House) -> None:
    with pytest.raises(Refused, match="no take is in progress"):
        house.controller.request(events.RecordStop(1.0)).result(5)
    house.finish()
    assert house.heard == [events.CommandRefused("RecordStop", "no take is in progress")]


def test_the_answer_is_the_id_of_what_the_command_concerns(house: House) -> None:
    ask = house.controller.request
    take = ask(events.RecordStart(1.0)).result(5)
    assert take and house.effects == [(Do.START_TAKE, take)]
    assert ask(events.RecordMark(2.0)).result(5) == ask(events.RecordStop(3.0, take)).result(5) == take
    assert ask(events.VolumeUp()).result(5) == ""
    asked = ask(events.PlayToggle()).result(5)
    assert asked not in ("", take) and house.effects[-1] == (Do.CHOOSE_NEXT, asked)
    assert ask(events.Play(Path("/a.wav"), "a", None, asked)).result(5) == asked
    assert ask(events.PlayToggle()).result(5) == asked
    other = ask(events.RecordStart(4.0)).result(5)
    assert other not in (take, asked) and house.effects[-2:] == [(Do.STOP_PLAYBACK, asked), (Do.START_TAKE, other)]
    with pytest.raises(Refused, match="ended already"):
        ask(events.RecordStop(5.0, take)).result(5)


def test_a_playback_that_is_refused_after_it_was_chosen_is_told_by_its_id(house: House) -> None:
    house.controller.post(events.RecordStart(1.0))
    house.controller.post(events.Play(Path("/a.wav"), "a", None, "asked"))
    house.finish()
    assert house.heard == [events.CommandRefused("Play", "a take is in progress", "asked")]


def test_everything_posted_before_stop_is_handled(house: House) -> None:
    for _ in range(500):
        house.controller.post(events.RecordToggle(1.0))
    house.finish()
    assert [do for do, _ in house.effects] == [Do.START_TAKE, Do.FINISH_TAKE] * 250


def test_a_listener_that_has_left_hears_nothing(house: House) -> None:
    heard: list[Event] = []
    forget = house.controller.listen(lambda event, _: heard.append(event))
    forget()
    house.controller.post(events.ApplianceReady())
    house.finish()
    assert heard == [] and house.heard == [events.ApplianceReady()]


def test_it_is_watched_while_anybody_listens_closely(house: House) -> None:
    controller = house.controller
    assert not controller.watched()
    forget_one, forget_other = (controller.listen(lambda *_: None, closely=True) for _ in range(2))
    forget_one()
    assert controller.watched()
    forget_other()
    assert not controller.watched()


def finished(controller: Controller) -> End:
    """Run the controller, which must end by itself."""
    ends: list[End] = []
    pulse = Vitals(SystemClock()).pulse("controller", PULSE_LIMIT)
    thread = threading.Thread(target=lambda: ends.append(controller.run(pulse)))
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    return ends[0]


def make(before: Controller | None = None) -> tuple[Controller, list[Do]]:
    effects: list[Do] = []
    controller = Controller(SystemClock(), lambda: "take-1", before)
    controller.connect(dict.fromkeys(Do, lambda effect: effects.append(effect.do)))
    return controller, effects


CLIP = Clip("take-1", "name", "box", AudioFormat(), 1, 2, ClockStamp(0, 0, "boot", ClockSource.NTP))


def test_an_idle_box_reloads_at_once_after_what_was_posted_before() -> None:
    controller, effects = make()
    controller.post(events.PlayNext())
    controller.reload()
    assert finished(controller) is End.RELOAD
    assert effects == [Do.CHOOSE_NEXT]


def test_a_reload_waits_until_the_take_is_a_clip() -> None:
    controller, effects = make()
    story: list[events.Command | Event] = [
        events.RecordPause(2.0),
        events.RecordResume(3.0),
        events.RecordStop(4.0),
        events.TakeSealed("take-1", CLIP),
        events.ClipFinished(CLIP, Verdict.OK),
        events.VolumeUp(),
    ]
    controller.post(events.RecordStart(1.0))
    controller.reload()
    for step in story:
        controller.post(step)
    assert finished(controller) is End.RELOAD
    assert effects == [Do.START_TAKE, Do.PAUSE_TAKE, Do.RESUME_TAKE, Do.FINISH_TAKE, Do.ADOPT_TAKE]


@pytest.mark.parametrize(
    "over",
    [
        events.TakeFailed("take-1", "no microphone"),
        events.TakeDiscarded("take-1"),
        events.FaultRaised(Fault("catalogue", "the disk is full")),
    ],
)
def test_a_take_that_never_becomes_a_clip_does_not_keep_the_reload_away(over: Event) -> None:
    controller, _ = make()
    for step in (events.RecordStart(1.0), events.RecordStop(2.0)):
        controller.post(step)
    controller.reload()
    controller.post(over)
    assert finished(controller) is End.RELOAD


@pytest.mark.parametrize("over", [events.FlowMoved("over"), events.FlowMoved("on_hook"), CATALOGUE.raised("no room")])
def test_a_reload_waits_until_a_story_is_decided_about_but_not_for_one_that_cannot_be_kept(over: Event) -> None:
    controller, effects = make()
    controller.post(events.FlowMoved("review"))
    controller.reload()
    for step in (events.FlowMoved("tone"), events.FlowMoved("saving"), events.VolumeUp(), over, events.PlayNext()):
        controller.post(step)
    assert finished(controller) is End.RELOAD
    assert effects == [Do.RAISE_VOLUME]


def test_a_press_while_everything_is_taken_down_is_followed_after_the_reload() -> None:
    controller, effects = make()
    controller.reload()
    assert finished(controller) is End.RELOAD
    answer = controller.request(events.RecordStart(1.0))
    controller.post(events.TakeSealed("past", CLIP))
    controller.drain()
    assert effects == [Do.ADOPT_TAKE] and not answer.done()
    following, effects = make(controller)
    following.stop()
    finished(following)
    assert effects == [Do.START_TAKE] and answer.done()


def test_a_press_while_the_box_stops_is_refused() -> None:
    controller, effects = make()
    controller.stop()
    assert finished(controller) is End.STOP
    answer = controller.request(events.RecordStart(1.0))
    controller.post(events.RecordStart(1.0))
    controller.drain()
    with pytest.raises(Refused, match="stopping"):
        answer.result(0)
    assert effects == []


def test_a_stop_is_stronger_than_a_reload_that_waits() -> None:
    controller, _ = make()
    controller.post(events.RecordStart(1.0))
    controller.reload()
    controller.stop()
    assert finished(controller) is End.STOP


def test_what_a_reload_does_not_change_is_still_known() -> None:
    controller, _ = make()
    for fault in ("configuration", "microphone"):
        controller.post(events.FaultRaised(Fault(fault, "is bad")))
    controller.post(events.ClipFinished(CLIP, Verdict.SILENT))
    controller.reload()
    finished(controller)
    following, _ = make(controller)
    assert following.status.last_clip == CLIP
    assert [fault.name for fault in following.status.faults] == ["configuration", "last_clip"]
