"""Buttons, switches, dials, a keypad and LEDs on the pins of the 40-pin header.

gpiozero calls back on its own threads; those only hand the edge, with the time that gpiozero gives it, to the worker.
Debouncing is left to the gestures, not to the pin library: lgpio dates a debounced edge at the end of the bouncing,
and gpiozero's mock pins ignore the setting.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Protocol, TypeVar

from appliance.clock import Clock
from appliance.config.keypad import KeypadSettings
from appliance.config.settings import (
    ButtonSettings,
    Contact,
    DialSettings,
    LedSettings,
    PanelSettings,
    SwitchSettings,
    Wiring,
)
from appliance.events import Command
from appliance.panel.factory import default_factory, let_go, patiently, translated
from appliance.panel.facts import Fact
from appliance.panel.gestures import Hook, Key
from appliance.panel.lights import Lamp
from appliance.panel.meanings import means
from appliance.panel.ports import PanelState
from appliance.panel.watch import PinWatch
from appliance.panel.worker import Worker
from appliance.vitals import Vitals

if TYPE_CHECKING:
    from gpiozero import Factory

    from appliance.panel.scanning import Keypad

_AT_ONCE = 0.001
"""Seconds within which a question was answered at once."""


_Wanted = ButtonSettings | SwitchSettings | DialSettings
_Told = Callable[[list[Fact]], list[Fact]]


class _Input:
    """A contact on its pin: of a button, a switch or a dial."""

    def __init__(
        self,
        pin: int,
        settings: _Wanted,
        factory: "Factory",
        clock: Clock,
        worker: Worker,
        told: _Told,
    ) -> None:
        """`told` says which facts are heard."""
        from gpiozero import DigitalInputDevice

        self._clock = clock
        self._closed_when_idle = settings.contact is Contact.NORMALLY_CLOSED
        self._worker = worker
        self._told = told
        self._device = DigitalInputDevice(pin, pull_up=settings.to is Wiring.GROUND, pin_factory=factory)
        key = _key(settings, self.operated)
        self._watch = PinWatch(key, settings.debounce, lambda: self.operated)
        self._means = means(settings, pin)
        worker.put(self, self.operated, clock.monotonic())
        self._device.when_activated = self._activated
        self._device.when_deactivated = self._deactivated

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called."""
        return self._watch.deadline

    def edge(self, level: bool, at: float) -> list[Command]:
        """The pin changed at the time `at`."""
        return self._asks(self._watch.edge(level, at, self._clock.monotonic()))

    def tick(self, now: float) -> list[Command]:
        """What is known by `now`."""
        return self._asks(self._watch.tick(now))

    def close(self) -> None:
        self._device.close()

    @property
    def operated(self) -> bool:
        """Whether it reads as operated now."""
        return bool(self._device.is_active) != self._closed_when_idle

    def _asks(self, facts: list[Fact]) -> list[Command]:
        return self._means(self._told(facts))

    def _activated(self) -> None:
        self._put(not self._closed_when_idle, lambda: self._device.active_time)

    def _deactivated(self) -> None:
        self._put(self._closed_when_idle, lambda: self._device.inactive_time)

    def _put(self, level: bool, age: Callable[[], float | None]) -> None:
        """Hand an edge over. How long ago it was is asked again where this thread had to wait over the question."""
        for _ in range(5):
            now = self._clock.monotonic()
            at = now - (age() or 0.0)
            if self._clock.monotonic() - now < _AT_ONCE:
                break
        self._worker.put(self, level, at)


def _key(settings: _Wanted, level: bool) -> Key:
    match settings:
        case SwitchSettings():
            return Hook(settings)
        case DialSettings():
            from appliance.panel.dialling import Dial

            return Dial(settings, level)
    return Key(settings, level)


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


class _Device(Protocol):
    def close(self) -> None:
        """Let go of the pin."""


D = TypeVar("D", bound=_Device)


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
        if not settings.pins:
            return
        wanted: dict[int, _Wanted] = {**settings.buttons, **settings.switches}
        contacts: list[tuple[int, _Wanted, _Told]] = [(pin, each, self._heard) for pin, each in wanted.items()]
        for pin, dial in settings.dials.items():
            contacts += self._of_dial(pin, dial)
        with ExitStack() as pins:
            factory = self._pin_factory
            if factory is None:
                factory = default_factory()
                pins.callback(let_go, "the chip of the pins", factory.close, self._clock)
            for pin, contact, told in contacts:
                self._inputs[pin] = self._open(
                    pin, partial(_Input, pin, contact, factory, self._clock, self._worker, told), pins
                )
            keypads = [self._keypad(settings.keypad, factory, pins)] if settings.keypad else []
            for pin, led in settings.leds.items():
                self._leds[pin] = self._open(pin, partial(_Led, pin, led, factory), pins)
            self._pins = pins.pop_all()

        self._worker.start([*self._inputs.values(), *keypads], list(self._leds.values()), post)

    def _open(self, pin: int, make: Callable[[], D], pins: ExitStack) -> D:
        with translated(pin):
            device = patiently(make, self._clock)
        pins.callback(let_go, f"pin {pin}", device.close, self._clock)
        return device

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
            self._deaf_until = self._clock.monotonic()

    def operated(self, pin: int) -> bool:
        """Whether the button or switch on this pin reads as operated now."""
        return self._inputs[pin].operated

    def light(self, pin: int, lit: bool) -> None:
        """Switch the LED on this pin, while the panel is examined."""
        self._leds[pin].by_hand(lit)

    def _of_dial(self, pin: int, settings: DialSettings) -> Iterator[tuple[int, _Wanted, _Told]]:
        """The contacts of a dial."""
        if settings.off_normal is None:
            yield pin, settings, self._heard
            return
        from appliance.panel.dialling import Rest

        rest = Rest()
        yield settings.off_normal, ButtonSettings(to=settings.to), rest.told
        yield pin, settings, lambda facts: self._heard(list(filter(rest.moved, facts)))

    def _keypad(self, settings: KeypadSettings, factory: "Factory", pins: ExitStack) -> "Keypad":
        from gpiozero import DigitalInputDevice, InputDevice

        from appliance.panel.scanning import Keypad

        rows, columns = (
            [self._open(pin, partial(kind, pin, pull_up=True, pin_factory=factory), pins) for pin in wanted]
            for kind, wanted in ((DigitalInputDevice, settings.rows), (InputDevice, settings.columns))
        )
        return Keypad(settings, rows, columns, self._clock, self._worker, self._heard)

    def _heard(self, facts: list[Fact]) -> list[Fact]:
        return [fact for fact in facts if fact.at >= self._deaf_until]

    def close(self) -> None:
        """Let go of the pins, LEDs dark. Raises Stuck where the thread does not end."""
        with self._pins:
            self._worker.close()
