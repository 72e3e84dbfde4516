"""A panel on the keyboard of a terminal: its keys move simulated pins, so that the rest is the real panel."""

import atexit
import os
import select
import termios
import threading
import tty
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TextIO, TypeVar

from attrs import evolve

from appliance.clock import Clock, wait_for
from appliance.config.actions import ButtonAction
from appliance.config.settings import (
    ButtonSettings,
    Contact,
    DialSettings,
    LedSettings,
    PanelSettings,
    SwitchSettings,
    Wiring,
)
from appliance.errors import Stuck
from appliance.events import Command, Dial
from appliance.flow_verbs import NUMBERS
from appliance.panel.gpio import GpioPanel
from appliance.panel.lights import pattern
from appliance.panel.ports import PanelState, Workbench
from appliance.vitals import Vitals

SIMULATED = PanelSettings(
    buttons={
        17: ButtonSettings(ButtonAction.RECORD_TOGGLE),
        27: ButtonSettings(ButtonAction.RECORD_PAUSE_TOGGLE),
        22: ButtonSettings(ButtonAction.PLAY_TOGGLE),
        23: ButtonSettings(ButtonAction.RECORD_DISCARD),
        24: ButtonSettings(ButtonAction.RECORD_MARK),
    },
    leds={18: LedSettings()},
)
"""The panel where none is configured: keys 1 to 5 and a status LED."""

_TAP = 0.05
"""Seconds that a tapped button stays down, on top of the time that its debouncing takes."""

_PULSE = 0.05
"""Seconds that a dial is open, and closed."""

_JOIN_TIMEOUT = 2.0
_Settings = TypeVar("_Settings", ButtonSettings, SwitchSettings, DialSettings)


class KeyboardPanel:
    """`1` to `9` tap a button, `h` and a digit keep it down until the digit comes again, `o` lifts or hangs up.

    `d` and a digit dial it, `?` says what each does.

    `keys` is a terminal, which gives single keys until `close`, or any other file with a descriptor; line ends are
    passed over. `pins` are simulated ones, which stay as they are from panel to panel. `say` gets a line whenever a
    light changes its pattern, `other_key` every key without a meaning here. Wiring and polarity of the settings make no
    difference.
    """

    def __init__(
        self,
        settings: PanelSettings,
        clock: Clock,
        vitals: Vitals,
        pins: Any,
        keys: TextIO,
        say: Callable[[str], None],
        other_key: Callable[[str], None] = lambda key: None,
        more: tuple[str, ...] = (),
    ) -> None:
        """`more` are the lines of the legend about other keys."""
        wired = settings.buttons or settings.switches or settings.dials or settings.keypad
        wanted = settings if wired else SIMULATED
        self._settings = evolve(
            wanted,
            buttons={pin: _plain(button) for pin, button in wanted.buttons.items()},
            switches={pin: _plain(switch) for pin, switch in wanted.switches.items()},
            dials={pin: _plain(dial) for pin, dial in wanted.dials.items()},
        )
        self._clock = clock
        self._keys = keys.fileno()
        self._say = say
        self._other_key = other_key
        self._more = more
        self._pins = pins
        self._post: Callable[[Command], None] = lambda _: None
        self._panel = GpioPanel(self._settings, clock, vitals, pins)
        self._hold_next = self._dial_next = False
        self._shown: dict[int, str] = {}
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._tap_over = threading.Condition()
        self._thread = threading.Thread(target=self._listen, name="keyboard", daemon=True)
        self._terminal: list[Any] | None = None

    @property
    def legend(self) -> tuple[str, ...]:
        """What each key does, a line each."""
        buttons = [
            f"{number}  {' / '.join(action for action in (button.press, button.hold, button.double_press) if action)}"
            for number, button in enumerate(list(self._settings.buttons.values())[:9], start=1)
        ]
        switches = [f"o  {switch.action}" for switch in list(self._settings.switches.values())[:1]]
        dials = ["d  and a digit: dial it"] if self._settings.dials or self._settings.keypad else []
        hold = "h  and a digit: keep that button down until the digit comes again"
        return (*buttons, *switches, *dials, hold, "?  show these keys", *self._more)

    def start(self, post: Callable[[Command], None]) -> None:
        """Begin to read keys. A terminal gives single keys from now on; in its background nothing is read.

        At a terminal the legend is said first.
        """
        self._post = post
        self._panel.start(post)
        if os.isatty(self._keys):
            if not _in_foreground(self._keys):
                return
            self._terminal = termios.tcgetattr(self._keys)
            atexit.register(self._restore)
            tty.setcbreak(self._keys, termios.TCSANOW)
            self._say_legend()
        self._thread.start()

    def _say_legend(self) -> None:
        for line in self.legend:
            self._say(line)

    def show(self, state: PanelState) -> None:
        """Blink the simulated LEDs, and say what has changed."""
        self._panel.show(state)
        for pin, led in self._settings.leds.items():
            words = pattern(led.shows, state).words
            if words != self._shown.get(pin):
                self._shown[pin] = words
                self._say(f"LED {pin} ({led.shows}): {words}")

    def examine(self) -> AbstractContextManager[Workbench]:
        """As the panel on real pins does."""
        return self._panel.examine()

    def close(self) -> None:
        """Give the terminal back as it was. Raises Stuck where a thread does not end."""
        self._stopping.set()
        os.write(self._wake_write, b"!")
        with self._tap_over:
            self._tap_over.notify_all()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_TIMEOUT)
        self._restore()
        if self._thread.is_alive():
            raise Stuck("the keyboard thread does not end")
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._panel.close()

    def _restore(self) -> None:
        if self._terminal is not None:
            termios.tcsetattr(self._keys, termios.TCSANOW, self._terminal)
            self._terminal = None
            atexit.unregister(self._restore)

    def _listen(self) -> None:
        while True:
            readable, _, _ = select.select([self._keys, self._wake_read], [], [])
            if self._stopping.is_set():
                return
            typed = os.read(self._keys, 64) if self._keys in readable else b""
            if not typed:
                return
            for key in typed.decode("ascii", "ignore"):
                self._type(key)

    def _type(self, key: str) -> None:
        hold, self._hold_next = self._hold_next, False
        dial, self._dial_next = self._dial_next, False
        pins = list(self._settings.buttons)
        if dial and key in NUMBERS and self._settings.keypad:
            self._post(Dial(self._clock.monotonic(), key))
        elif dial and key.isdigit():
            self._dial(int(key) or 10)
        elif key in "123456789" and int(key) <= len(pins):
            pin = pins[int(key) - 1]
            kept_down = self._pins.pin(pin).held
            self._move(pin)
            if not (hold or kept_down):
                self._pass(_TAP + self._settings.buttons[pin].debounce)
                self._move(pin)
                self._pass(_TAP + self._settings.buttons[pin].debounce)
        elif key == "h":
            self._hold_next = True
        elif key == "d" and (self._settings.dials or self._settings.keypad):
            self._dial_next = True
        elif key == "o" and self._settings.switches:
            self._move(next(iter(self._settings.switches)))
        elif key == "?":
            self._say_legend()
        elif not key.isspace():
            self._other_key(key)

    def _dial(self, pulses: int) -> None:
        """Turn the first dial, and let it go."""
        pin, settings = next(iter(self._settings.dials.items()))
        moved = [] if settings.off_normal is None else [settings.off_normal]
        for contact in moved:
            self._move(contact)
        self._pass(_PULSE + 2 * settings.gap)
        for _ in range(2 * pulses):
            self._move(pin)
            self._pass(_PULSE)
        for contact in moved:
            self._move(contact)
        self._pass(_PULSE + settings.gap)

    def _move(self, pin: int) -> None:
        """Press what is up, let go of what is down."""
        moved = self._pins.pin(pin)
        moved.held = not moved.held
        if moved.held:
            moved.drive_low()
        else:
            moved.drive_high()

    def _pass(self, seconds: float) -> None:
        """Let the time of a tap pass, or the end come."""
        with self._tap_over:
            wait_for(self._clock, self._tap_over, self._stopping.is_set, seconds)


def _in_foreground(terminal: int) -> bool:
    """Whether this process may read from the terminal; in its background the attempt would stop the process."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False


def _plain(settings: _Settings) -> _Settings:
    """As if wired in the plainest way."""
    return evolve(settings, to=Wiring.GROUND, contact=Contact.NORMALLY_OPEN)
