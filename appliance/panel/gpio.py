"""Buttons, switches and LEDs on the pins of the 40-pin header.

gpiozero calls back on its own threads; those only hand the edge, with the time that gpiozero gives it, to the worker.
Debouncing is left to the gestures, not to the pin library: lgpio dates a debounced edge at the end of the bouncing,
and gpiozero's mock pins ignore the setting.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from math import inf
from typing import TYPE_CHECKING

from appliance.clock import Clock
from appliance.config.settings import ButtonSettings, Contact, LedSettings, PanelSettings, SwitchSettings, Wiring
from appliance.events import Command
from appliance.panel.factory import default_factory, translated
from appliance.panel.gestures import Hook, Key
from appliance.panel.lights import Lamp
from appliance.panel.meanings import means
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
        self._means = means(settings)
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
        return self._means(self._key.edge(level, at))

    def tick(self, now: float) -> list[Command]:
        """What is due by `now`."""
        if self._look_at is not None and now >= self._look_at:
            self._look_at = None
            if self._read() != self._level:
                return self.edge(not self._level, now)
        return self._means(self._key.tick(now))

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
                with translated(pin):
                    contact_at = _Input(pin, contact, factory, self._clock, self._worker)
                    self._inputs[pin] = pins.enter_context(closing(contact_at))
            for pin, led in settings.leds.items():
                with translated(pin):
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
