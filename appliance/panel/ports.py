"""What the appliance needs of a panel."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from appliance.events import Command
from appliance.values import frozen


class Indication(StrEnum):
    """What the status LED says, the most important first."""

    URGENT_FAULT = "urgent_fault"
    ENDING = "ending"
    RECORDING = "recording"
    PAUSED = "paused"
    FAULT = "fault"
    DELIVERING = "delivering"
    NEW_MESSAGE = "new_message"
    IDLE = "idle"


@frozen
class PanelState:
    """Everything that a panel can show. `status` is the most important of the words that hold."""

    status: Indication
    recording: bool = False
    paused: bool = False
    delivering: bool = False
    new_message: bool = False
    fault: bool = False
    listening: bool = False


class Workbench(Protocol):
    """A panel that is being examined."""

    def operated(self, pin: int) -> bool:
        """Whether the button or switch on this pin reads as operated now, the way it is configured."""

    def light(self, pin: int, lit: bool) -> None:
        """Switch the LED on this pin."""


class Panel(Protocol):
    """Buttons, switches and LEDs, real or simulated."""

    def start(self, post: Callable[[Command], None]) -> None:
        """Begin to turn what people do into commands. A switch that is already off the hook counts as just lifted."""

    def show(self, state: PanelState) -> None:
        """Light the LEDs accordingly. Returns at once, from any thread."""

    def examine(self) -> AbstractContextManager[Workbench]:
        """For the length of the block presses ask for nothing, and LEDs may be lit by hand. One block at a time."""

    def close(self) -> None:
        """Let go of the pins, LEDs dark."""
