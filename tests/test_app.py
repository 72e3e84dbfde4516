"""The whole program in this process: what it hears while it starts, and while it makes room for the next turn."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.app import Hardware, out_of_order, run
from appliance.audio.take import new_take_id
from appliance.clock import SystemClock
from appliance.config.options import AbsolutePath
from appliance.config.settings import ControlSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.controller import Controller, End
from appliance.door import Door
from appliance.errors import AlreadyRunning, StorageError
from appliance.events import (
    ApplianceReady,
    Event,
    FaultRaised,
    RecordStart,
    RecordStop,
    TakeFailed,
    TakeProgress,
    TakeStarted,
)
from appliance.history import History
from appliance.plugin_host import PluginHost
from appliance.reactions import Autoplay, Reactions
from appliance.simulation.cards import simulated_cards
from appliance.simulation.panel import FakePanel
from appliance.status import Status
from appliance.store.lock import DirectoryLock
from appliance.store.places import Places
from appliance.turn import Plan, Turn

Started = Callable[[Controller], Callable[[Event, Status], None]]


class Pressed(FakePanel):
    """A panel on which somebody presses as soon as it listens, and again just before it does not any more.

    `opened` and `closed_last` tell whether nobody else used the state directory in that moment.
    """

    def __init__(self, state: Path, clock: SystemClock, last: bool = True) -> None:
        super().__init__()
        self._state, self._clock, self._last = state, clock, last
        self.opened_first = self.closed_last = False

    def start(self, post: Callable[..., None]) -> None:
        super().start(post)
        self.opened_first = not self._state.exists()
        self.press(RecordStart(self._clock.monotonic()))

    def close(self) -> None:
        if self._last:
            self.closed_last = self._is_free()
            self.press(RecordStart(self._clock.monotonic()))
        super().close()

    def _is_free(self) -> bool:
        lock = DirectoryLock(Places(self._state).lock)
        try:
            lock.acquire()
        except AlreadyRunning:
            return False
        lock.release()
        return True


class Box:
    """Runs turns on a panel that is given, each with a listener that ends it."""

    def __init__(self, root: Path) -> None:
        self.state = root / "state"
        self.clock = SystemClock()
        self.plan = Plan(
            Settings(
                storage=StorageSettings(directory=AbsolutePath(self.state)),
                control=ControlSettings(socket=AbsolutePath(root / "control.sock")),
            ),
            PluginHost(),
        )
        self.controller: Controller | None = None
        self.door = Door()

    def turn(self, started: Started) -> Turn:
        self.controller = controller = Controller(self.clock, new_take_id, self.controller)

        def ready() -> None:
            controller.listen(started(controller))

        read = (lambda: self.plan, lambda: True)
        machines, history = Reactions(Autoplay()), History(self.clock)
        return Turn(1, self.clock.monotonic(), controller, machines, *read, ready, history, self.door)

    def hardware(self, panel: FakePanel) -> Hardware:
        return Hardware(simulated_cards(self.clock), lambda *_: panel)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


@pytest.mark.slow
def test_a_press_is_heard_before_all_else_has_started_and_after_it_has_stopped(box: Box) -> None:
    heard: list[Event] = []

    def record(controller: Controller) -> Callable[[Event, Status], None]:
        def listen(event: Event, _: Status) -> None:
            heard.append(event)
            if isinstance(event, TakeProgress):
                controller.post(RecordStop(box.clock.monotonic()))
                controller.reload()

        return listen

    panel = Pressed(box.state, box.clock)
    assert run(box.plan, box.hardware(panel), box.clock, box.turn(record)) is End.RELOAD
    assert panel.opened_first and panel.closed_last
    assert len([event for event in heard if isinstance(event, TakeStarted)]) == 1

    def stop(controller: Controller) -> Callable[[Event, Status], None]:
        return lambda event, _: controller.stop() if isinstance(event, TakeStarted) else None

    assert run(box.plan, box.hardware(FakePanel()), box.clock, box.turn(stop)) is End.STOP


def test_a_press_while_a_start_fails_is_refused_with_the_reason(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    box.state.write_text("no folder")
    heard: list[Event] = []

    def listening(controller: Controller) -> Callable[[Event, Status], None]:
        def listen(event: Event, _: Status) -> None:
            heard.append(event)
            if isinstance(event, TakeFailed):
                controller.stop()

        return listen

    turn = box.turn(listening)
    with pytest.raises(StorageError) as refused:
        run(box.plan, box.hardware(Pressed(box.state, box.clock, last=False)), box.clock, turn)
    assert out_of_order(box.plan, box.hardware(FakePanel()), box.clock, turn, refused.value) is End.STOP
    [failed] = [event for event in heard if isinstance(event, TakeFailed)]
    assert str(refused.value) in failed.message
    assert len([line for line in caplog.messages if "recording failed" in line]) == 1, "nothing is logged twice"


class Broken(FakePanel):
    """A panel whose library fails when it is to let go of the pins."""

    def close(self) -> None:
        super().close()
        raise OSError("GPIO busy")


def test_a_panel_that_does_not_let_go_of_its_pins_neither_ends_the_process_nor_keeps_others_from_stopping(
    box: Box,
) -> None:
    heard: list[Event] = []

    def reload(controller: Controller) -> Callable[[Event, Status], None]:
        def listen(event: Event, _: Status) -> None:
            heard.append(event)
            if isinstance(event, ApplianceReady):
                controller.reload()

        return listen

    assert run(box.plan, box.hardware(Broken()), box.clock, box.turn(reload)) is End.RELOAD
    [fault] = [event.fault for event in heard if isinstance(event, FaultRaised)]
    assert "GPIO busy" in fault.message
    assert run(box.plan, box.hardware(FakePanel()), box.clock, box.turn(reload)) is End.RELOAD
