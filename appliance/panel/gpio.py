"""Buttons, switches and LEDs on the pins of the 40-pin header. The only module that imports gpiozero.

gpiozero calls back on its own threads; those only hand the edge, with the time that gpiozero gives it, to the worker.
Debouncing is left to the gestures, not to the pin library: lgpio dates a debounced edge at the end of the bouncing,
and gpiozero's mock pins ignore the setting.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.clock import Clock
from appliance.config.settings import ButtonSettings, Contact, LedSettings, PanelSettings, SwitchSettings, Wiring
from appliance.errors import PanelError
from appliance.events import Command
from appliance.panel.gestures import Hook, Key
from appliance.panel.lights import Lamp
from appliance.panel.ports import PanelState
from appliance.panel.worker import Worker
from appliance.vitals import Vitals

if TYPE_CHECKING:
    from gpiozero import Factory

LOOK_AGAIN = 0.25
"""Seconds after an edge when the pin itself is read: the kernel drops edges where a contact bounces too wildly."""


class _Input:
    """A button or switch on its pin."""

    def __init__(
        self,
        pin: int,
        settings: ButtonSettings | SwitchSettings,
        factory: "Factory",
        clock: Clock,
        worker: Worker,
    ) -> None:
        from gpiozero import DigitalInputDevice

        self._clock = clock
        self._settings = settings
        self._closed_when_idle = settings.contact is Contact.NORMALLY_CLOSED
        self._worker = worker
        self._device = DigitalInputDevice(pin, pull_up=settings.to is Wiring.GROUND, pin_factory=factory)
        self._level = self._read()
        self._look_at: float | None = clock.monotonic() + LOOK_AGAIN
        self._key = Hook(settings) if isinstance(settings, SwitchSettings) else Key(settings, self._level)
        worker.put(self, self._level, clock.monotonic())
        self._device.when_activated = self._activated
        self._device.when_deactivated = self._deactivated

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called."""
        return min((at for at in (self._key.deadline, self._look_at) if at is not None), default=None)

    def edge(self, level: bool, at: float) -> list[Command]:
        """The pin changed at the time `at`."""
        self._level = level
        self._look_at = self._clock.monotonic() + LOOK_AGAIN
        return self._key.edge(level, at)

    def tick(self, now: float) -> list[Command]:
        """What is due by `now`."""
        if self._look_at is not None and now >= self._look_at:
            self._look_at = None
            if self._read() != self._level:
                return self.edge(not self._level, now)
        return self._key.tick(now)

    def close(self) -> None:
        self._device.close()

    @property
    def operated(self) -> bool:
        """Whether it reads as operated now."""
        return self._read()

    @property
    def longest_gesture(self) -> float:
        """Seconds after its last edge within which everything is decided that was asked for by then."""
        settings = self._settings
        if isinstance(settings, ButtonSettings) and settings.double_press:
            return settings.debounce + settings.double_press_time
        return settings.debounce

    def _read(self) -> bool:
        return bool(self._device.is_active) != self._closed_when_idle

    def _activated(self) -> None:
        self._worker.put(self, not self._closed_when_idle, self._clock.monotonic() - (self._device.active_time or 0.0))

    def _deactivated(self) -> None:
        self._worker.put(self, self._closed_when_idle, self._clock.monotonic() - (self._device.inactive_time or 0.0))


class _Led(Lamp):
    """An LED on its pin."""

    def __init__(self, pin: int, settings: LedSettings, factory: "Factory") -> None:
        from gpiozero import LED

        self._device = LED(pin, active_high=settings.to is Wiring.GROUND, pin_factory=factory)
        super().__init__(settings.shows, self._set)
        self._by_hand: bool | None = None
        self._wanted = False

    def by_hand(self, lit: bool | None) -> None:
        """Be lit or dark whatever it should show; None ends that."""
        self._by_hand = lit
        self._set(self._wanted)

    def close(self) -> None:
        self._device.off()
        self._device.close()

    def _set(self, lit: bool) -> None:
        self._wanted = lit
        self._device.value = lit if self._by_hand is None else self._by_hand


class GpioPanel:
    """A panel on real pins, or on those of the given `pin_factory`.

    A button that is down at the start counts from its next press on; a handset that is off the hook counts as lifted.
    """

    def __init__(
        self, settings: PanelSettings, clock: Clock, vitals: Vitals, pin_factory: "Factory | None" = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._pin_factory = pin_factory
        self._worker = Worker(clock, vitals)
        self._pins = ExitStack()
        self._inputs: dict[int, _Input] = {}
        self._leds: dict[int, _Led] = {}
        self._deaf_until = 0.0

    def start(self, post: Callable[[Command], None]) -> None:
        """Take the pins and begin. Without any pin nothing is touched. Raises PanelError."""
        settings = self._settings
        if not (settings.buttons or settings.switches or settings.leds):
            return
        contacts: list[tuple[int, ButtonSettings | SwitchSettings]] = [
            *settings.buttons.items(),
            *settings.switches.items(),
        ]
        with ExitStack() as pins:
            factory = self._pin_factory
            if factory is None:
                factory = default_factory()
                pins.callback(factory.close)
            for pin, contact in contacts:
                with _translated(pin):
                    contact_at = _Input(pin, contact, factory, self._clock, self._worker)
                    self._inputs[pin] = pins.enter_context(closing(contact_at))
            for pin, led in settings.leds.items():
                with _translated(pin):
                    self._leds[pin] = pins.enter_context(closing(_Led(pin, led, factory)))
            self._pins = pins.pop_all()

        def post_unless_examined(command: Command) -> None:
            if getattr(command, "at", self._clock.monotonic()) >= self._deaf_until:
                post(command)

        self._worker.start(list(self._inputs.values()), list(self._leds.values()), post_unless_examined)

    def show(self, state: PanelState) -> None:
        """Light the LEDs accordingly. Returns at once, from any thread."""
        self._worker.show(state)

    @contextmanager
    def examine(self) -> Iterator["GpioPanel"]:
        """Post nothing for the length of the block, nor what presses in it ask for later."""
        self._deaf_until = inf
        try:
            yield self
        finally:
            for led in self._leds.values():
                led.by_hand(None)
            longest = max((contact.longest_gesture for contact in self._inputs.values()), default=0.0)
            self._deaf_until = self._clock.monotonic() + longest

    def operated(self, pin: int) -> bool:
        """Whether the button or switch on this pin reads as operated now."""
        return self._inputs[pin].operated

    def light(self, pin: int, lit: bool) -> None:
        """Switch the LED on this pin, while the panel is examined."""
        self._leds[pin].by_hand(lit)

    def close(self) -> None:
        """Let go of the pins, LEDs dark."""
        self._worker.close()
        self._pins.close()


def simulated_factory() -> "Factory":
    """Pins made of nothing, which `drive_low()` and `drive_high()` move as a finger would."""
    from gpiozero.pins.mock import MockFactory, MockPin

    return MockFactory(pin_class=MockPin)


def default_factory(devices: Path = Path("/dev")) -> "Factory":
    """The pins of this machine, through lgpio. Raises PanelError with what to do."""
    chips = list(devices.glob("gpiochip*"))
    if not chips:
        raise PanelError(
            "this machine has no GPIO pins: take the panel's pins out of the configuration, "
            "or try them with `appliance run --simulate`"
        )
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        raise PanelError(
            "GPIO pins cannot be used: no permission. Put the user into the group gpio (`sudo usermod -aG gpio USER`)"
        )
    try:
        with _lgpio_folder():
            from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError:
        raise PanelError("GPIO pins need lgpio, which is not installed: sudo apt install python3-lgpio") from None
    try:
        return LGPIOFactory()
    except _foreign_errors() as error:
        raise PanelError(f"GPIO pins cannot be used: {error}. They are supported on the Raspberry Pi") from error


@contextmanager
def _lgpio_folder() -> Iterator[None]:
    """Give lgpio a folder while it is imported: it makes a pipe there, and changes the working directory to it.

    Once both ends of the pipe are open nobody needs its name any more.
    """
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="appliance-gpio-") as folder:
        os.environ["LG_WD"] = folder
        try:
            yield
        finally:
            del os.environ["LG_WD"]
            os.chdir(here)


def _foreign_errors() -> tuple[type[Exception], ...]:
    from gpiozero import GPIOZeroError

    lgpio = sys.modules.get("lgpio")
    return (GPIOZeroError, OSError, lgpio.error) if lgpio else (GPIOZeroError, OSError)


@contextmanager
def _translated(pin: int) -> Iterator[None]:
    """Turn what the pin libraries raise into a PanelError that says what to do."""
    from gpiozero import GPIOPinInUse, PinFixedPull

    try:
        yield
    except PinFixedPull as error:
        raise PanelError(f"pin {pin} has a fixed pull-up resistor: wire it `to: ground`, or use another pin") from error
    except _foreign_errors() as error:
        if isinstance(error, GPIOPinInUse) or "busy" in str(error).lower():
            raise PanelError(
                f"pin {pin} is in use already: by another program, or twice in the panel section. Use another pin"
            ) from error
        raise PanelError(f"pin {pin} cannot be used: {error}. Use another pin") from error
