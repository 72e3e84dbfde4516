"""Where pins come from: those of this machine through lgpio, or simulated ones; and what may be wrong with them."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from appliance.clock import Clock
from appliance.errors import PanelError
from appliance.sparing import later, spared, whole

if TYPE_CHECKING:
    from gpiozero import Factory

T = TypeVar("T")

_UNUSED = later(
    "colorzero",
    "gpiozero.boards",
    "gpiozero.internal_devices",
    "gpiozero.spi_devices",
    "importlib.metadata",
    "statistics",
)
"""Of what gpiozero loads."""

_BUSY_FOR = 1.0
"""Seconds for which a busy pin may become free."""
_BUSY_AGAIN = 0.05
"""Seconds between two tries."""

log = logging.getLogger(__name__)


def simulated_factory(ticks: Callable[[], float]) -> "Factory":
    """Pins made of nothing, which `drive_low()` and `drive_high()` move as a finger would, at the time of `ticks`.

    One that is `held` stays low whoever takes it or lets go of it, as a handset does that is off its hook.
    """
    with _library():
        from gpiozero.pins.mock import MockFactory, MockPin
        from gpiozero.pins.pi import PiPin

    class Pin(MockPin):  # type: ignore[misc]
        held = False

        def _set_pull(self, value: str) -> None:
            super()._set_pull(value)
            if self.held:
                self.drive_low()

        def _call_when_changed(self) -> None:
            PiPin._call_when_changed(self, ticks(), self._state)

    factory = MockFactory(pin_class=Pin)
    factory.ticks = ticks
    return factory


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
        with _library(), _lgpio_folder():
            from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError:
        raise PanelError("GPIO pins need lgpio, which is not installed: sudo apt install python3-lgpio") from None
    try:
        return LGPIOFactory()
    except _foreign_errors() as error:
        raise PanelError(f"GPIO pins cannot be used: {error}. They are supported on the Raspberry Pi") from error


@contextmanager
def _library() -> Iterator[None]:
    """While it lasts gpiozero comes in without boards and colours, which no panel has."""
    with spared(_UNUSED):
        import gpiozero

        yield
    whole(gpiozero)


@contextmanager
def _lgpio_folder() -> Iterator[None]:
    """Give lgpio a folder while it is imported: it makes a pipe there, and changes the working directory to it.

    Once both ends of the pipe are open nobody needs its name any more.
    """
    import tempfile

    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="appliance-gpio-") as folder:
        os.environ["LG_WD"] = folder
        try:
            yield
        finally:
            del os.environ["LG_WD"]
            os.chdir(here)


def patiently(do: Callable[[], T], clock: Clock) -> T:
    """Do it, and again for a moment where a pin is said to be busy: the kernel may not be through with letting go."""
    from gpiozero import GPIOPinInUse

    until, nobody = clock.monotonic() + _BUSY_FOR, threading.Condition()
    while True:
        try:
            return do()
        except _foreign_errors() as error:
            if isinstance(error, GPIOPinInUse) or not _is_busy(error) or clock.monotonic() >= until:
                raise
        with nobody:
            clock.wait(nobody, _BUSY_AGAIN)


def let_go(what: str, close: Callable[[], None], clock: Clock) -> None:
    """Close it. That this cannot be done is written down, and no reason to stop: closing is a way out."""
    try:
        patiently(close, clock)
    except _foreign_errors() as error:
        log.warning("panel: %s cannot be let go: %s", what, error)


def _is_busy(error: Exception) -> bool:
    return "busy" in str(error).lower()


def _foreign_errors() -> tuple[type[Exception], ...]:
    from gpiozero import GPIOZeroError

    lgpio = sys.modules.get("lgpio")
    return (GPIOZeroError, OSError, lgpio.error) if lgpio else (GPIOZeroError, OSError)


@contextmanager
def translated(pin: int) -> Iterator[None]:
    """Turn what the pin libraries raise about this pin into a PanelError that says what to do."""
    from gpiozero import GPIOPinInUse, PinFixedPull

    try:
        yield
    except PinFixedPull as error:
        raise PanelError(f"pin {pin} has a fixed pull-up resistor: wire it `to: ground`, or use another pin") from error
    except _foreign_errors() as error:
        if isinstance(error, GPIOPinInUse) or _is_busy(error):
            raise PanelError(
                f"pin {pin} is in use already: by another program, or twice in the panel section. Use another pin"
            ) from error
        raise PanelError(f"pin {pin} cannot be used: {error}. Use another pin") from error
