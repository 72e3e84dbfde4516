import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.circumstances import Begun, Starter, Wishes
from appliance.config.actions import ButtonAction
from appliance.config.options import Seconds
from appliance.config.settings import (
    ButtonSettings,
    Contact,
    LedSettings,
    Light,
    PanelSettings,
    SwitchSettings,
    Wiring,
)
from appliance.errors import PanelError
from appliance.events import (
    Command,
    Event,
    FaultCleared,
    FaultRaised,
    RecordDiscard,
    RecordMark,
    RecordStart,
    RecordStop,
    RecordToggle,
)
from appliance.panel.factory import default_factory, simulated_factory
from appliance.panel.gpio import GpioPanel
from appliance.panel.lights import Lamp
from appliance.panel.ports import Indication, PanelState
from appliance.panel.watch import LOOK_AGAIN
from appliance.panel.worker import Worker
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals
from tests.panel.conftest import ClockedPin

BUTTON = Wishes(Begun(Starter.BUTTON, "17"))
TOGGLE = ButtonAction.RECORD_TOGGLE
Start = Callable[[PanelSettings], GpioPanel]


@pytest.fixture
def start(clock: ManualClock, factory: Any, posted: Any) -> Iterator[Start]:
    panels: list[GpioPanel] = []

    def begin(settings: PanelSettings) -> GpioPanel:
        panel = GpioPanel(settings, clock, Vitals(clock), factory)
        panels.append(panel)
        panel.start(posted.append)
        settle(clock, LOOK_AGAIN)
        return panel

    yield begin
    for panel in panels:
        panel.close()


def settle(clock: ManualClock, seconds: float = 0.03) -> None:
    """Let the time of a debounce pass, once the panel waits for it."""
    clock.waiters()
    clock.advance(seconds)


def test_a_button_to_ground_takes_one_line(start: Start, factory: Any, posted: Any, clock: ManualClock) -> None:
    start(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}))
    assert factory.pin(17).pull == "up"
    factory.pin(17).drive_low()
    pressed = clock.monotonic()
    settle(clock)
    assert posted.wait(1) == [RecordToggle(pytest.approx(pressed), BUTTON)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("to", "contact", "idle", "pull"),
    [
        (Wiring.GROUND, Contact.NORMALLY_OPEN, True, "up"),
        (Wiring.GROUND, Contact.NORMALLY_CLOSED, False, "up"),
        (Wiring.POWER, Contact.NORMALLY_OPEN, False, "down"),
        (Wiring.POWER, Contact.NORMALLY_CLOSED, True, "down"),
    ],
)
def test_every_wiring(
    start: Start, factory: Any, posted: Any, clock: ManualClock, to: Wiring, contact: Contact, idle: bool, pull: str
) -> None:
    def drive(high: bool) -> None:
        factory.pin(17).drive_high() if high else factory.pin(17).drive_low()

    start(PanelSettings(buttons={17: ButtonSettings(ButtonAction.RECORD_WHILE_HELD, to=to, contact=contact)}))
    assert factory.pin(17).pull == pull
    if factory.pin(17).state != idle:
        drive(idle)
        settle(clock)
    drive(not idle)
    settle(clock)
    drive(idle)
    settle(clock)
    begin, end = posted.wait(2)
    assert isinstance(begin, RecordStart) and isinstance(end, RecordStop)
    assert len(posted) == 2


def test_the_time_of_a_press_is_that_of_the_pin(start: Start, factory: Any, posted: Any, clock: ManualClock) -> None:
    start(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}))
    clock.advance(5)
    factory.late = 0.3
    factory.pin(17).drive_low()
    assert posted.wait(1)[0].at == pytest.approx(clock.monotonic() - 0.3)


def test_a_bouncing_button_is_one_press(start: Start, factory: Any, posted: Any, clock: ManualClock) -> None:
    start(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}))
    pressed = clock.monotonic()
    for _ in range(5):
        factory.pin(17).drive_low()
        clock.advance(0.002)
        factory.pin(17).drive_high()
        clock.advance(0.001)
    factory.pin(17).drive_low()
    clock.waiters()
    clock.advance(0.05)
    clock.waiters()
    clock.advance(1)
    assert posted.wait(1) == [RecordToggle(pytest.approx(pressed), BUTTON)]  # type: ignore[arg-type]


def test_holding_acts_by_itself(
    start: Start, factory: Any, posted: Any, clock: ManualClock, passing: Callable[[Callable[[], object]], None]
) -> None:
    start(PanelSettings(buttons={17: ButtonSettings(TOGGLE, hold=ButtonAction.RECORD_MARK)}))
    pressed = clock.monotonic()
    factory.pin(17).drive_low()
    passing(lambda: posted)
    assert posted == [RecordMark(pytest.approx(pressed))]  # type: ignore[arg-type]


def test_a_handset_off_the_hook_at_the_start_records(clock: ManualClock, factory: Any, posted: Any) -> None:
    factory.pin(22)
    panel = GpioPanel(
        PanelSettings(switches={22: SwitchSettings(contact=Contact.NORMALLY_CLOSED)}), clock, Vitals(clock), factory
    )
    panel.start(posted.append)
    settle(clock, 0.2)
    assert isinstance(posted.wait(1)[0], RecordStart)
    factory.pin(22).drive_low()
    settle(clock, 0.2)
    assert isinstance(posted.wait(2)[1], RecordStop)
    panel.close()


def test_a_button_stuck_at_the_start_does_nothing(clock: ManualClock, factory: Any, posted: Any) -> None:
    stuck = ButtonSettings(TOGGLE, contact=Contact.NORMALLY_CLOSED)
    panel = GpioPanel(PanelSettings(buttons={17: stuck}), clock, Vitals(clock), factory)
    panel.start(posted.append)
    settle(clock, 1)
    factory.pin(17).drive_low()
    settle(clock)
    pressed = clock.monotonic()
    factory.pin(17).drive_high()
    settle(clock)
    assert posted.wait(1) == [RecordToggle(pytest.approx(pressed), BUTTON)]  # type: ignore[arg-type]
    panel.close()


def test_an_edge_that_the_kernel_dropped_is_found(
    start: Start, factory: Any, posted: Any, clock: ManualClock, passing: Callable[[Callable[[], object]], None]
) -> None:
    start(PanelSettings(buttons={17: ButtonSettings(ButtonAction.RECORD_WHILE_HELD)}))
    pin = factory.pin(17)
    pin.drive_low()
    settle(clock)
    posted.wait(1)
    pin.edges = "none"
    pin.drive_high()
    passing(lambda: len(posted) == 2)
    assert isinstance(posted[1], RecordStop)


def test_leds_follow_the_state(
    start: Start, factory: Any, clock: ManualClock, eventually: Callable[[Callable[[], object]], None]
) -> None:
    leds = {18: LedSettings(), 23: LedSettings(Light.RECORDING, to=Wiring.POWER)}
    panel = start(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}, leds=leds))
    assert not factory.pin(18).state and factory.pin(23).state
    panel.show(PanelState(Indication.RECORDING, recording=True))
    eventually(lambda: factory.pin(18).state and not factory.pin(23).state)
    panel.show(PanelState(Indication.PAUSED, paused=True))
    eventually(lambda: factory.pin(23).state and factory.pin(18).state)
    settle(clock, 0.5)
    eventually(lambda: not factory.pin(18).state)
    settle(clock, 0.5)
    eventually(lambda: factory.pin(18).state)
    panel.show(PanelState(Indication.IDLE))
    eventually(lambda: not factory.pin(18).state)


def test_an_idle_panel_sleeps(clock: ManualClock, factory: Any, posted: Any) -> None:
    class Counting(ManualClock):
        waits = 0

        def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
            Counting.waits += 1
            return super().wait(condition, timeout)

    counting = Counting()
    panel = GpioPanel(
        PanelSettings(buttons={17: ButtonSettings(TOGGLE)}, leds={18: LedSettings()}),
        counting,
        Vitals(counting),
        simulated_factory(counting.monotonic),
    )
    panel.start(posted.append)
    panel.show(PanelState(Indication.RECORDING))
    counting.waiters()
    counting.advance(1)
    before = Counting.waits
    counting.advance(3600)
    assert Counting.waits <= before + 1
    panel.close()


@pytest.mark.slow
def test_a_panel_that_hangs_is_noticed(clock: ManualClock, factory: Any, passing: Any) -> None:
    stuck, vitals = threading.Event(), Vitals(clock)
    panel = GpioPanel(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}), clock, vitals, factory)

    def hang(_: Command) -> None:
        stuck.wait()

    panel.start(hang)
    settle(clock, LOOK_AGAIN)
    clock.advance(3600)
    passing(lambda: vitals.overdue() == ())  # nobody presses anything
    factory.pin(17).drive_low()
    passing(lambda: vitals.overdue() == ("panel",))
    stuck.set()
    panel.close()
    assert vitals.overdue() == ()


@pytest.mark.parametrize("broken", ["edge", "tick", "deadline"])
def test_a_defect_costs_no_press_of_another_button(
    clock: ManualClock, posted: Any, passing: Any, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    class Button:
        deadline: float | None = None

        def edge(self, level: bool, at: float) -> list[Command]:
            return [RecordStart(at)]

        def tick(self, now: float) -> list[Command]:
            return []

    class Broken(Button):
        repaired = False

        @property
        def deadline(self) -> float | None:  # type: ignore[override]
            return None if self.repaired else self._fail("deadline") or clock.monotonic()

        def edge(self, level: bool, at: float) -> list[Command]:
            self._fail("edge")
            return []

        def tick(self, now: float) -> list[Command]:
            if not self.repaired:
                self._fail("tick")
            return []

        def _fail(self, here: str) -> None:
            if here == broken:
                raise RuntimeError(f"{here} is broken")

    told: list[Event] = []
    vitals, bad, good = Vitals(clock, told.append), Broken(), Button()
    worker = Worker(clock, vitals)
    worker.put(bad, True, 1.0)
    worker.put(good, True, 2.0)
    worker.start([bad, good], [], posted.append)
    passing(lambda: told)
    bad.repaired = True
    passing(lambda: posted)
    assert posted == [RecordStart(2.0)]
    worker.put(good, True, 3.0)
    assert posted.wait(2)[1] == RecordStart(3.0)
    passing(lambda: len(told) > 1)
    [raised, cleared] = told
    assert isinstance(raised, FaultRaised) and isinstance(cleared, FaultCleared) and raised.fault.name == "defect:panel"
    assert len([record for record in caplog.records if record.exc_info]) == 1
    worker.close()
    assert vitals.overdue() == ()


def test_a_pin_that_is_gone_disturbs_no_other_button_and_no_light(
    clock: ManualClock, factory: Any, posted: Any, passing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Event] = []
    buttons = {17: ButtonSettings(TOGGLE), 27: ButtonSettings(hold=ButtonAction.RECORD_DISCARD)}
    leds = {18: LedSettings(), 23: LedSettings()}
    panel = GpioPanel(PanelSettings(buttons=buttons, leds=leds), clock, Vitals(clock, told.append), factory)
    panel.start(posted.append)
    settle(clock, LOOK_AGAIN)
    gone = {17, 18}
    read, write = ClockedPin._get_state, ClockedPin._set_state

    def reads(pin: Any) -> Any:
        return read(pin) if pin.info.name not in {f"GPIO{number}" for number in gone} else fail()

    def writes(pin: Any, value: object) -> None:
        if pin.info.name in {f"GPIO{number}" for number in gone}:
            fail()
        write(pin, value)

    def fail() -> None:
        raise OSError("the chip is gone")

    monkeypatch.setattr(ClockedPin, "_get_state", reads)
    monkeypatch.setattr(ClockedPin, "_set_state", writes)
    factory.pin(17).drive_low()
    panel.show(PanelState(Indication.RECORDING))
    passing(lambda: told and factory.pin(23)._state)
    factory.pin(27).drive_low()
    passing(lambda: posted)
    assert posted == [RecordDiscard()]
    [raised] = told
    assert isinstance(raised, FaultRaised)
    gone.clear()
    passing(lambda: len(told) == 2)
    assert factory.pin(18)._state and isinstance(told[-1], FaultCleared)
    panel.close()


def test_a_panel_that_fails_again_and_again_shows_it_and_does_not_run_hot(
    clock: ManualClock, posted: Any, eventually: Any
) -> None:
    class Broken:
        deadline = 0.0
        ticks = 0

        def edge(self, level: bool, at: float) -> list[Command]:
            return []

        def tick(self, now: float) -> list[Command]:
            self.ticks += 1
            raise RuntimeError("broken")

    shown: list[bool] = []
    broken, worker = Broken(), Worker(clock, Vitals(clock))
    worker.start([broken], [Lamp(Light.FAULT, shown.append)], posted.append)
    worker.show(PanelState(Indication.FAULT, fault=True))
    eventually(lambda: shown == [True])
    for _ in range(10):
        clock.waiters()
        clock.advance(0.1)
    clock.waiters()
    assert broken.ticks <= 5
    worker.close()


def test_close_leaves_the_leds_dark_and_the_pins_free(clock: ManualClock, factory: Any, posted: Any) -> None:
    settings = PanelSettings(buttons={17: ButtonSettings(TOGGLE)}, leds={18: LedSettings()})
    panel = GpioPanel(settings, clock, Vitals(clock), factory)
    panel.start(posted.append)
    panel.show(PanelState(Indication.RECORDING))
    clock.waiters()
    panel.close()
    assert not factory.pin(18).state and factory.pin(18).function == "input"
    again = GpioPanel(settings, clock, Vitals(clock), factory)
    again.start(posted.append)
    again.close()


class Hurried(ManualClock):
    """Time passes as it is waited for."""

    def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
        if threading.current_thread() is threading.main_thread():
            self.advance(timeout or 0.0)
            return False
        return super().wait(condition, timeout)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # gpiozero tries to close it again
def test_a_pin_that_is_busy_for_a_moment_is_waited_for(factory: Any, posted: Any) -> None:
    clock = Hurried()
    factory.ticks = clock.monotonic
    panel = GpioPanel(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}), clock, Vitals(clock), factory)
    factory.busy = 3
    panel.start(posted.append)
    assert factory.busy == 0
    factory.pin(17).drive_low()
    settle(clock)
    posted.wait(1)
    panel.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # gpiozero tries to close it again
def test_a_pin_that_stays_busy_is_named(factory: Any, posted: Any) -> None:
    clock = Hurried()
    panel = GpioPanel(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}), clock, Vitals(clock), factory)
    factory.busy = 1000
    with pytest.raises(PanelError, match="pin 17 is in use already"):
        panel.start(posted.append)
    factory.busy = 0
    panel.close()


@pytest.mark.parametrize(("busy", "words"), [(3, []), (10_000, ["panel: pin 18", "panel: pin 17"])])
def test_closing_ends_well_whatever_the_pins_say(
    factory: Any, posted: Any, caplog: pytest.LogCaptureFixture, busy: int, words: list[str]
) -> None:
    clock = Hurried()
    settings = PanelSettings(buttons={17: ButtonSettings(TOGGLE)}, leds={18: LedSettings()})
    panel = GpioPanel(settings, clock, Vitals(clock), factory)
    panel.start(posted.append)
    factory.busy = busy
    panel.close()
    factory.busy = 0
    assert [record.message.partition(" cannot be let go")[0] for record in caplog.records] == words


def test_a_panel_without_pins_touches_none(clock: ManualClock, posted: Any) -> None:
    panel = GpioPanel(PanelSettings(), clock, Vitals(clock))
    panel.start(posted.append)
    panel.show(PanelState(Indication.RECORDING))
    panel.close()
    assert posted == []


def test_a_panel_that_never_started_closes(clock: ManualClock) -> None:
    GpioPanel(PanelSettings(leds={18: LedSettings()}), clock, Vitals(clock)).close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (PanelSettings(buttons={17: ButtonSettings(TOGGLE)}, leds={17: LedSettings()}), "pin 17 is in use already"),
        (PanelSettings(buttons={2: ButtonSettings(TOGGLE, to=Wiring.POWER)}), "pin 2 has a fixed pull-up"),
        (PanelSettings(leds={99: LedSettings()}), "pin 99 cannot be used"),
    ],
)
def test_a_pin_that_cannot_be_used_is_named(
    clock: ManualClock, factory: Any, posted: Any, settings: PanelSettings, words: str
) -> None:
    with pytest.raises(PanelError, match=words):
        GpioPanel(settings, clock, Vitals(clock), factory).start(posted.append)
    ok = GpioPanel(
        PanelSettings(buttons={17: ButtonSettings(TOGGLE, debounce=Seconds(0.0))}), clock, Vitals(clock), factory
    )
    ok.start(posted.append)
    ok.close()


def test_a_machine_without_gpio_says_so(tmp_path: Path) -> None:
    with pytest.raises(PanelError, match=r"no GPIO pins.*--simulate"):
        default_factory(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every device")
def test_missing_permission_names_the_group(tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").touch(mode=0)
    with pytest.raises(PanelError, match="group gpio"):
        default_factory(tmp_path)


def test_a_machine_that_is_no_pi_is_told_what_to_do_and_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").touch()
    here = Path.cwd()
    with pytest.raises(PanelError, match=r"python3-lgpio|Raspberry Pi"):
        default_factory(tmp_path)
    assert Path.cwd() == here
    assert "LG_WD" not in os.environ


def test_an_examined_panel_asks_for_nothing(start: Start, factory: Any, posted: Any, clock: ManualClock) -> None:
    panel = start(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}))
    with panel.examine() as bench:
        assert not bench.operated(17)
        factory.pin(17).drive_low()
        assert bench.operated(17)
        settle(clock)
        factory.pin(17).drive_high()
    settle(clock)
    settle(clock)
    assert posted == []
    factory.pin(17).drive_low()
    settle(clock)
    assert len(posted.wait(1)) == 1


def test_what_was_pressed_during_an_examination_is_not_asked_for_after_it(
    start: Start, factory: Any, posted: Any, clock: ManualClock
) -> None:
    settings = ButtonSettings(TOGGLE, double_press=ButtonAction.RECORD_MARK)
    panel = start(PanelSettings(buttons={17: settings}))
    with panel.examine():
        factory.pin(17).drive_low()
        settle(clock)
        factory.pin(17).drive_high()
    settle(clock)
    settle(clock, settings.double_press_time)
    settle(clock)
    assert posted == []


def test_an_examined_normally_closed_button(start: Start, factory: Any) -> None:
    panel = start(PanelSettings(buttons={17: ButtonSettings(TOGGLE, contact=Contact.NORMALLY_CLOSED)}))
    with panel.examine() as bench:
        assert bench.operated(17)
        factory.pin(17).drive_low()
        assert not bench.operated(17)


def test_leds_lit_by_hand_show_the_state_again_afterwards(
    start: Start, factory: Any, clock: ManualClock, eventually: Callable[..., None]
) -> None:
    panel = start(PanelSettings(buttons={17: ButtonSettings(TOGGLE)}, leds={18: LedSettings(Light.RECORDING)}))
    panel.show(PanelState(Indication.RECORDING, recording=True))
    eventually(lambda: factory.pin(18).state)
    with panel.examine() as bench:
        bench.light(18, False)
        assert not factory.pin(18).state
        panel.show(PanelState(Indication.IDLE))
        panel.show(PanelState(Indication.RECORDING, recording=True))
        assert not factory.pin(18).state
    assert factory.pin(18).state
