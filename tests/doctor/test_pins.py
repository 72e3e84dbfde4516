"""Buttons, switches and LEDs, on a fake panel and on simulated pins."""

import queue
from collections.abc import Callable
from typing import Any

import pytest

from appliance.clock import SystemClock
from appliance.config.actions import ButtonAction
from appliance.config.settings import (
    ButtonSettings,
    Contact,
    LedSettings,
    PanelSettings,
    Settings,
    SwitchSettings,
    Wiring,
)
from appliance.doctor import Box, Finding, Prompt, Result
from appliance.doctor.pins import buttons, leds, panel
from appliance.events import Command, RecordToggle
from appliance.panel.factory import simulated_factory
from appliance.panel.gpio import GpioPanel
from appliance.simulation.panel import FakePanel
from appliance.vitals import Vitals

Make = Callable[..., Box]
Findings = Callable[..., list[Finding]]

TOGGLE = ButtonSettings(ButtonAction.RECORD_TOGGLE)
TWO = Settings(panel=PanelSettings(buttons={17: TOGGLE, 27: ButtonSettings(ButtonAction.RECORD_MARK)}))
HOOK = Settings(panel=PanelSettings(switches={22: SwitchSettings()}))


def press(clock: Any, fake: FakePanel, pin: int, after: float, seconds: float = 0.3) -> None:
    """Let somebody press a pin `after` seconds from now, for `seconds`."""
    begin = clock.monotonic() + after
    before = clock.later

    def later(now: float) -> None:
        before(now)
        if begin <= now < begin + seconds:
            fake.pressed ^= {pin} - fake.pressed
        elif begin + seconds <= now < begin + seconds + 0.1:
            fake.pressed -= {pin}

    clock.later = later


def test_buttons_that_work(make_box: Make, findings: Findings, clock: Any, panel: FakePanel) -> None:
    press(clock, panel, 17, after=2)
    press(clock, panel, 27, after=5)
    steps = list(buttons(make_box(TWO)))
    asked = [step.words for step in steps if isinstance(step, Prompt)]
    assert asked[0].startswith("button 17 (record.toggle): press it now") and asked[1].startswith("button 27")
    first, second = findings(iter(steps))
    assert (first.name, first.result, second.result) == ("button 17", Result.PASS, Result.PASS)
    assert "held for 0.3 s" in first.words and "normally_open" in first.words
    assert not panel.examined


def test_a_button_nobody_presses(make_box: Make, findings: Findings, clock: Any, panel: FakePanel) -> None:
    press(clock, panel, 27, after=12)
    first, second = findings(buttons(make_box(TWO)))
    assert first.result is Result.FAIL and "within 10 seconds" in first.words
    assert "GPIO 17" in first.next_step and "ground" in first.next_step
    assert second.result is Result.PASS


def test_two_buttons_that_were_swapped(make_box: Make, findings: Findings, clock: Any, panel: FakePanel) -> None:
    press(clock, panel, 27, after=2)
    first, _ = findings(buttons(make_box(TWO)))
    assert first.result is Result.FAIL and "pin 27 did" in first.words and "GPIO 17" in first.next_step


@pytest.mark.parametrize("contact", Contact)
def test_a_button_that_is_wired_the_other_way_round(
    make_box: Make, findings: Findings, clock: Any, panel: FakePanel, contact: Contact
) -> None:
    other = next(word for word in Contact if word is not contact)
    settings = Settings(panel=PanelSettings(buttons={17: ButtonSettings(ButtonAction.PLAY_NEXT, contact=contact)}))
    panel.pressed = {17}
    begin = clock.monotonic() + 1

    def later(now: float) -> None:
        panel.pressed = set() if begin <= now < begin + 0.5 else {17}

    clock.later = later
    (found,) = findings(buttons(make_box(settings)))
    assert found.result is Result.FAIL and "other way round" in found.words
    assert f"set panel.buttons.17 to `contact: {other}`" in found.next_step


def test_a_button_that_sticks(make_box: Make, findings: Findings, clock: Any, panel: FakePanel) -> None:
    press(clock, panel, 17, after=1, seconds=100)
    first, _ = findings(buttons(make_box(TWO)))
    assert first.result is Result.WARN and "does not come back" in first.words


def test_a_hook_switch(make_box: Make, findings: Findings, clock: Any, panel: FakePanel) -> None:
    press(clock, panel, 22, after=7)
    steps = list(buttons(make_box(HOOK)))
    assert isinstance(steps[0], Prompt) and "on its hook" in steps[0].words
    (found,) = findings(iter(steps))
    assert (found.name, found.result) == ("switch 22", Result.PASS)


def test_a_hook_switch_the_other_way_round(make_box: Make, findings: Findings, clock: Any, panel: FakePanel) -> None:
    panel.pressed = {22}
    begin = clock.monotonic() + 7

    def later(now: float) -> None:
        panel.pressed = set() if begin <= now < begin + 1 else {22}

    clock.later = later
    (found,) = findings(buttons(make_box(HOOK)))
    assert found.result is Result.FAIL
    assert "set panel.switches.22 to `contact: normally_closed`" in found.next_step


def test_who_asks_to_press_buttons_where_there_are_none_is_told_so(make_box: Make, findings: Findings) -> None:
    (found,) = findings(buttons(make_box()))
    assert (found.name, found.result) == ("buttons", Result.SKIP)
    assert found.words == "no buttons or switches are configured"


def test_buttons_are_not_tried_in_mid_take(make_box: Make, findings: Findings) -> None:
    (found,) = findings(buttons(make_box(TWO, occupied=lambda: "a take is in progress")))
    assert found.result is Result.SKIP


def test_a_panel_at_rest(make_box: Make, findings: Findings) -> None:
    (found,) = findings(panel(make_box(TWO)))
    assert found.result is Result.PASS and "17, 27" in found.words


def test_a_button_that_is_down_is_named(make_box: Make, findings: Findings) -> None:
    fake = FakePanel()
    fake.pressed = {27}
    first, _ = findings(panel(make_box(TWO, panel=fake)))
    assert (first.name, first.result) == ("button 27", Result.WARN) and "contact: normally_closed" in first.next_step


def test_a_panel_that_could_not_start(make_box: Make, findings: Findings) -> None:
    box = make_box(TWO, panel=None, panel_error="pin 17 is in use already")
    (found,) = findings(panel(box))
    assert found.result is Result.FAIL and found.words == "pin 17 is in use already"
    assert findings(buttons(box)) == findings(leds(box)) == []


def test_a_box_without_a_panel(make_box: Make, findings: Findings) -> None:
    (found,) = findings(panel(make_box()))
    assert found.result is Result.SKIP


def test_leds_are_lit_in_turn(make_box: Make, findings: Findings, panel: FakePanel) -> None:
    settings = Settings(panel=PanelSettings(leds={18: LedSettings(), 5: LedSettings(to=Wiring.POWER)}))
    first, second = findings(leds(make_box(settings)))
    assert panel.lit == [(18, True), (18, False), (5, True), (5, False)]
    assert first.result is Result.PASS and "panel.leds.18.to: 3v3" in first.next_step
    assert "panel.leds.5.to: ground" in second.next_step


def test_on_simulated_pins(make_box: Make, findings: Findings, clock: Any) -> None:
    """The real panel: a normally closed button that the configuration calls normally open."""
    factory = simulated_factory(SystemClock().monotonic)
    posted: queue.SimpleQueue[Command] = queue.SimpleQueue()
    real = GpioPanel(PanelSettings(buttons={17: TOGGLE}), SystemClock(), Vitals(SystemClock()), factory)
    settings = Settings(panel=PanelSettings(buttons={17: TOGGLE}))
    real.start(posted.put)
    factory.pin(17).drive_low()
    assert isinstance(posted.get(timeout=10), RecordToggle), "what a press does while nobody examines"
    begin = clock.monotonic() + 1

    def later(now: float) -> None:
        pin = factory.pin(17)
        if begin <= now < begin + 0.5:
            pin.drive_high()
        else:
            pin.drive_low()

    clock.later = later
    (found,) = findings(buttons(make_box(settings, panel=real)))
    real.close()
    assert found.result is Result.FAIL and "normally_closed" in found.next_step
    assert posted.empty()
