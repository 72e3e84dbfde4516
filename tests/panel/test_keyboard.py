import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import pytest

from appliance.config.actions import ButtonAction
from appliance.config.settings import (
    ButtonSettings,
    Contact,
    LedSettings,
    Light,
    PanelSettings,
    SwitchSettings,
    Wiring,
)
from appliance.events import (
    PlayToggle,
    RecordDiscard,
    RecordMark,
    RecordPauseToggle,
    RecordStart,
    RecordStop,
    RecordToggle,
)
from appliance.panel.factory import simulated_factory
from appliance.panel.ports import Indication, PanelState
from appliance.simulation.keyboard import SIMULATED, KeyboardPanel
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

Passing = Callable[[Callable[[], object]], None]


class Typist:
    """A panel, the keys that move it, and what came of it."""

    def __init__(self, settings: PanelSettings, clock: ManualClock, pins: Any, posted: Any, passing: Passing) -> None:
        read, self._write = os.pipe()
        self._keys: TextIO = os.fdopen(read)
        self.said: list[str] = []
        self.others: list[str] = []
        self.panel = KeyboardPanel(
            settings, clock, Vitals(clock), pins, self._keys, self.said.append, self.others.append
        )
        self.panel.start(posted.append)
        self._posted, self._passing = posted, passing

    def type(self, keys: str, count: int) -> None:
        """Type, and let time pass until so many commands are there."""
        os.write(self._write, keys.encode())
        self._passing(lambda: len(self._posted) >= count)

    def hang_up(self) -> None:
        os.close(self._write)

    def close(self) -> None:
        self.panel.close()
        self._keys.close()


@pytest.fixture
def typist(clock: ManualClock, posted: Any, passing: Passing) -> Iterator[Callable[[PanelSettings], Typist]]:
    typists: list[Typist] = []
    pins = simulated_factory(clock.monotonic)

    def make(settings: PanelSettings) -> Typist:
        """A panel that takes the place of the one before."""
        while typists:
            typists.pop().close()
        typists.append(Typist(settings, clock, pins, posted, passing))
        return typists[-1]

    yield make
    for one in typists:
        one.close()


def test_without_settings_there_are_five_buttons(typist: Callable[..., Typist], posted: Any) -> None:
    one = typist(PanelSettings())
    one.type("12345", 5)
    expected = [RecordToggle, RecordPauseToggle, PlayToggle, RecordDiscard, RecordMark]
    assert [type(command) for command in posted] == expected
    assert one.panel.legend[:2] == ("1  record.toggle", "2  record.pause_toggle")
    assert len(SIMULATED.buttons) == 5 and len(SIMULATED.leds) == 1


def test_a_digit_taps_once_and_line_ends_are_passed_over(typist: Callable[..., Typist], posted: Any) -> None:
    one = typist(PanelSettings())
    one.type("1\n\n1\n", 2)
    assert [type(command) for command in posted] == [RecordToggle, RecordToggle]


def test_h_keeps_a_button_down(typist: Callable[..., Typist], posted: Any) -> None:
    one = typist(PanelSettings(buttons={17: ButtonSettings(ButtonAction.RECORD_WHILE_HELD)}))
    one.type("h1", 1)
    assert isinstance(posted[0], RecordStart)
    one.type("1", 2)
    assert isinstance(posted[1], RecordStop)
    assert posted[1].at > posted[0].at


def test_o_lifts_the_handset_and_hangs_up_whatever_its_wiring(typist: Callable[..., Typist], posted: Any) -> None:
    wired = SwitchSettings(contact=Contact.NORMALLY_CLOSED, to=Wiring.POWER)
    one = typist(PanelSettings(switches={22: wired}))
    one.type("o", 1)
    one.type("o", 2)
    assert [type(command) for command in posted] == [RecordStart, RecordStop]
    assert "o  record.while_off_hook" in one.panel.legend


def test_what_is_lifted_or_kept_down_stays_so_for_the_next_panel(typist: Callable[..., Typist], posted: Any) -> None:
    held = {17: ButtonSettings(ButtonAction.RECORD_TOGGLE)}
    settings = PanelSettings(buttons=held, switches={22: SwitchSettings()})
    first = typist(settings)
    first.type("o", 1)
    first.type("h1", 2)
    second = typist(settings)
    second.type("", 3)
    second.type("1o", 4)
    second.type("1", 5)
    expected = [RecordStart, RecordToggle, RecordStart, RecordStop, RecordToggle]
    assert [type(command) for command in posted] == expected


def test_two_quick_taps_are_a_double_press(typist: Callable[..., Typist], posted: Any) -> None:
    both = ButtonSettings(ButtonAction.RECORD_TOGGLE, double_press=ButtonAction.RECORD_MARK)
    one = typist(PanelSettings(buttons={17: both}))
    one.type("11", 1)
    assert [type(command) for command in posted] == [RecordMark]


def test_other_keys_are_for_others(typist: Callable[..., Typist], posted: Any, passing: Passing) -> None:
    one = typist(PanelSettings(buttons={17: ButtonSettings(ButtonAction.RECORD_TOGGLE)}))
    one.type("q9hxo1", 1)
    assert one.others == ["q", "9", "x", "o"]


def test_lights_are_said_where_they_change(typist: Callable[..., Typist]) -> None:
    leds = {18: LedSettings(), 23: LedSettings(Light.FAULT)}
    one = typist(PanelSettings(buttons={17: ButtonSettings(ButtonAction.RECORD_TOGGLE)}, leds=leds))
    one.panel.show(PanelState(Indication.RECORDING, recording=True))
    one.panel.show(PanelState(Indication.RECORDING, recording=True, delivering=True))
    one.panel.show(PanelState(Indication.PAUSED, paused=True))
    assert one.said == ["LED 18 (status): on", "LED 23 (fault): dark", "LED 18 (status): even blinking, once a second"]


def test_the_end_of_the_keys_is_not_the_end_of_the_panel(typist: Callable[..., Typist], posted: Any) -> None:
    one = typist(PanelSettings())
    one.type("1", 1)
    one.hang_up()
    one.panel.show(PanelState(Indication.RECORDING))
    assert one.said == ["LED 18 (status): on"]


def test_a_panel_closes_in_the_middle_of_a_tap(typist: Callable[..., Typist], clock: ManualClock) -> None:
    one = typist(PanelSettings())
    one.type("1", 0)
    clock.waiters()


def test_a_terminal_that_is_not_ours_is_left_alone(clock: ManualClock, posted: Any) -> None:
    leader, follower = pty.openpty()
    before = termios.tcgetattr(follower)
    with os.fdopen(leader, "rb"), os.fdopen(follower) as terminal:
        panel = KeyboardPanel(
            PanelSettings(), clock, Vitals(clock), simulated_factory(clock.monotonic), terminal, print
        )
        panel.start(posted.append)
        assert termios.tcgetattr(terminal) == before
        panel.close()


A_PROGRAM_IN_ITS_TERMINAL = """
import os, sys, termios
terminal = os.fdopen(os.open(os.ttyname(0), os.O_RDWR), closefd=False)
from appliance.config.actions import ButtonAction
from appliance.config.settings import PanelSettings
from appliance.panel.factory import simulated_factory
from appliance.simulation.keyboard import KeyboardPanel
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

before = termios.tcgetattr(terminal)
clock = ManualClock()
panel = KeyboardPanel(PanelSettings(), clock, Vitals(clock), simulated_factory(clock.monotonic), terminal, print)
panel.start(lambda command: None)
assert not termios.tcgetattr(terminal)[3] & termios.ICANON
if "close" in sys.argv:
    panel.close()
"""


@pytest.mark.parametrize("end", ["close", "forget to close"])
def test_a_terminal_gives_single_keys_and_gets_its_ways_back(end: str) -> None:
    leader, follower = pty.openpty()
    before = termios.tcgetattr(follower)
    command = [sys.executable, "-c", A_PROGRAM_IN_ITS_TERMINAL, end]
    try:
        done = subprocess.run(
            command, stdin=follower, stdout=subprocess.PIPE, text=True, start_new_session=True, check=True, timeout=30
        )
        assert done.stdout.startswith("1  record.toggle\n2  record.pause_toggle\n")
        assert termios.tcgetattr(follower) == before
    finally:
        os.close(leader)
        os.close(follower)
