"""The steps of flows, and what every flow is."""

from enum import StrEnum
from typing import Protocol, Self

from appliance.machine import Input
from appliance.status import Status


class Step(StrEnum):
    """Where a flow is."""

    ON_HOOK = "on_hook"
    WAITING = "waiting"
    GREETING = "greeting"
    LISTENING = "listening"
    TONE = "tone"
    RECORDING = "recording"
    OVER = "over"


class Scripted(Protocol):
    """A flow."""

    @property
    def numbers_are_its_own(self) -> bool:
        """Whether what is dialled now is an answer to the flow, and nothing else."""

    def react(self, input: Input, status: Status) -> tuple[Self, tuple[Input, ...]]:
        """See `Reaction`."""
