"""The watchdog: a thread that hangs is a fault until it moves again, and systemd is fed only while none does."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import watchdog
from appliance.controller import PULSE_LIMIT, Controller
from appliance.events import Event, FaultCleared, FaultRaised
from appliance.faults import HANGING, RECORDING_HANGS
from appliance.front import panel_state
from appliance.machine import State
from appliance.panel.ports import Indication
from appliance.status import Status, advance
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals
from appliance.watchdog import LOOK_EVERY, Watchdog

ROOT = Path(__file__).parents[1]


class Kennel:
    """A watchdog whose time is turned by hand."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.posted: list[Event] = []
        self.fed = 0
        self.vitals = Vitals(self.clock, self.posted.append)
        self.watchdog = Watchdog(self.clock, self.posted.append, self.vitals, self._feed)
        self.watchdog.start()
        self.clock.waiters()

    def _feed(self, message: str) -> None:
        assert message == "WATCHDOG=1"
        self.fed += 1

    def look(self, times: int = 1) -> None:
        """Let it look once it is time to."""
        for _ in range(times):
            self.clock.advance(LOOK_EVERY)
            self.clock.waiters()

    @property
    def status(self) -> Status:
        status = Status()
        for event in self.posted:
            status = advance(status, State(), event)
        return status


@pytest.fixture
def kennel() -> Iterator[Kennel]:
    kennel = Kennel()
    yield kennel
    kennel.watchdog.close()


def test_systemd_is_fed_while_all_threads_move(kennel: Kennel) -> None:
    pulse = kennel.vitals.pulse("capture", 2 * LOOK_EVERY)
    for _ in range(5):
        pulse.beat()
        kennel.look()
    pulse.rest()
    kennel.look(5)
    assert kennel.fed == 11 and kennel.posted == []


@pytest.mark.parametrize(("name", "urgent"), [("capture", True), ("store", True), ("feed:news", False)])
def test_a_thread_that_hangs_is_a_fault_until_it_moves_again(kennel: Kennel, name: str, urgent: bool) -> None:
    pulse = kennel.vitals.pulse(name, 1.0)
    pulse.beat()
    kennel.look(3)
    [raised] = kennel.posted
    assert isinstance(raised, FaultRaised) and name in raised.fault.message and raised.fault.urgent is urgent
    assert not kennel.status.ok and kennel.fed == 1, "systemd must not be told that all is well"
    shown = panel_state(kennel.status).status
    assert shown is (Indication.URGENT_FAULT if urgent else Indication.FAULT)
    pulse.rest()
    kennel.look()
    assert kennel.status.ok and kennel.fed == 2
    assert isinstance(kennel.posted[-1], FaultCleared)


def test_a_thread_that_has_ended_hangs_no_longer(kennel: Kennel) -> None:
    pulse = kennel.vitals.pulse("writer", 1.0)
    pulse.beat()
    kennel.look()
    kennel.vitals.remove(pulse)
    kennel.look()
    assert kennel.status.ok


def test_each_thread_that_hangs_is_named(kennel: Kennel) -> None:
    for name in ("writer", "feed:news"):
        kennel.vitals.pulse(name, 1.0).beat()
    kennel.look()
    assert {fault.name for fault in kennel.status.faults} == {
        RECORDING_HANGS.named("writer"),
        HANGING.named("feed:news"),
    }


def test_a_controller_that_hangs_is_noticed_and_one_with_nothing_to_do_is_not() -> None:
    clock = ManualClock()
    vitals = Vitals(clock)
    controller = Controller(clock, lambda: "id")
    overdue = []

    def hang(*_: object) -> None:
        clock.advance(PULSE_LIMIT + 1)
        overdue.append(vitals.overdue())

    controller.listen(hang)
    controller.post(FaultCleared("nothing"))
    controller.stop()
    controller.run(vitals.pulse("controller", PULSE_LIMIT))
    assert overdue == [("controller",)]


@pytest.mark.slow
def test_the_threads_that_recording_needs_are_called_so() -> None:
    """Each name stands where its pulse is made."""
    words = {
        node.value
        for path in (ROOT / "appliance").rglob("*.py")
        if path.name != "watchdog.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("pulse")
        for node in node.args
        if isinstance(node, ast.Constant)
    }
    assert words >= watchdog.NEEDED
