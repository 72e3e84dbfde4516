"""The controller: one inbox, effects in order, answers, listeners, heartbeat."""

import threading
from collections.abc import Iterator
from itertools import count

import pytest

from appliance import events
from appliance.clock import SystemClock
from appliance.controller import Controller
from appliance.errors import Refused
from appliance.events import Event
from appliance.machine import Do, Effect, Recorder
from appliance.status import Status


class House:
    """A running controller whose effects and events are only remembered."""

    def __init__(self) -> None:
        self.effects: list[tuple[Do, str]] = []
        self.heard: list[Event] = []
        self.beats = 0
        numbers = count()
        self.controller = Controller(SystemClock(), lambda: str(next(numbers)))
        self.controller.connect(dict.fromkeys(Do, self._effect))
        self.controller.listen(self._listen)
        self._thread = threading.Thread(target=self.controller.run, args=(self._beat, 0.01))

    def _effect(self, effect: Effect) -> None:
        self.effects.append((effect.do, effect.id))

    def _listen(self, event: Event, status: Status) -> None:
        assert status is self.controller.status
        self.heard.append(event)

    def _beat(self) -> None:
        self.beats += 1

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


def test_a_command_starts_its_effects_and_is_answered(house: House) -> None:
    house.controller.request(events.RecordStart(1.0)).result(5)
    assert [do for do, _ in house.effects] == [Do.START_TAKE]
    assert house.controller.status.recorder is Recorder.RECORDING


def test_a_refused_command_raises_and_is_told(house: House) -> None:
    with pytest.raises(Refused, match="no take is in progress"):
        house.controller.request(events.RecordStop(1.0)).result(5)
    house.finish()
    assert house.heard == [events.CommandRefused("RecordStop", "no take is in progress")]


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


def test_the_heart_beats_while_nothing_happens(house: House) -> None:
    deadline = threading.Event()
    while house.beats < 3:
        assert not deadline.wait(0.005) and house.beats < 1000
