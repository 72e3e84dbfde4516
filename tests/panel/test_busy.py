"""The real thread of a panel, beside threads that leave it and the pins' library hardly any time."""

import random
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin

from appliance.clock import SystemClock
from appliance.config.actions import ButtonAction
from appliance.config.settings import ButtonSettings, PanelSettings
from appliance.events import Command, RecordDiscard, RecordStart, RecordStop, RecordToggle
from appliance.panel.gpio import GpioPanel
from appliance.vitals import Vitals

PRESSES = 8
DOWN, PAUSE, BOUNCE = 0.15, 0.2, 0.002
"""Seconds."""


class KernelPin(MockPin):  # type: ignore[misc]
    """A pin that is pulled down and let go at given times, whichever thread sleeps meanwhile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.changes: list[float] = []

    def _get_state(self) -> int:
        return 1 - bisect_right(self.changes, time.monotonic()) % 2

    def hand_over(self, stopping: threading.Event) -> None:
        """Tell the edges, with their times, when this thread comes to it; as lgpio's does."""
        dice = random.Random(1)
        for number, at in enumerate(self.changes):
            stopping.wait(max(0.0, at - time.monotonic()) + dice.choice([0.0, 0.0, 0.0, 0.03]))
            PiPin._call_when_changed(self, at, number % 2)


@pytest.fixture
def busy() -> Iterator[threading.Event]:
    """Three threads that compute until the event is set."""
    stopping = threading.Event()

    def compute() -> None:
        while not stopping.is_set():
            sum(range(1000))

    threads = [threading.Thread(target=compute) for _ in range(3)]
    for thread in threads:
        thread.start()
    yield stopping
    stopping.set()
    for thread in threads:
        thread.join()


@pytest.mark.alone
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (ButtonSettings(ButtonAction.RECORD_TOGGLE), [RecordToggle]),
        (ButtonSettings(ButtonAction.RECORD_TOGGLE, hold=ButtonAction.RECORD_DISCARD), [RecordToggle]),
        (ButtonSettings(ButtonAction.RECORD_WHILE_HELD), [RecordStart, RecordStop]),
    ],
)
def test_bouncing_presses_count_once_on_a_busy_box(
    busy: threading.Event, posted: Any, settings: ButtonSettings, expected: list[type[Command]]
) -> None:
    clock, factory = SystemClock(), MockFactory(pin_class=KernelPin)
    panel = GpioPanel(PanelSettings(buttons={17: settings}), clock, Vitals(clock), factory)
    panel.start(posted.append)
    pin = factory.pin(17)
    begin = clock.monotonic() + 0.5
    times = [begin + number * (DOWN + PAUSE) for number in range(PRESSES)]
    pin.changes = [at + end + bounce * BOUNCE for at in times for end in (0.0, DOWN) for bounce in range(5)]
    pin.hand_over(busy)
    posted.wait(PRESSES * len(expected))
    busy.wait(0.6)
    panel.close()
    assert [type(command) for command in posted] == PRESSES * expected
    assert not [command for command in posted if isinstance(command, RecordDiscard)]
    begun = [command.at for command in posted if not isinstance(command, RecordStop)]
    assert begun == pytest.approx(times, abs=0.002)
