"""The steps of flows, and what every flow is."""

from enum import StrEnum
from typing import Protocol, Self

from appliance.faults import HANGING, MICROPHONE_LOST
from appliance.machine import Input
from appliance.status import Status

PLAYER_HANGS = HANGING.named("player")
"""The fault of a player that tells the end of no sound."""


def hangs(status: Status) -> bool:
    """Whether the end of no sound would be told."""
    return any(fault.name == PLAYER_HANGS for fault in status.faults)


def is_deaf(status: Status) -> bool:
    """Whether the microphone is not there."""
    return any(fault.name == MICROPHONE_LOST.name for fault in status.faults)


class Step(StrEnum):
    """Where a flow is."""

    ON_HOOK = "on_hook"
    WAITING = "waiting"
    GREETING = "greeting"
    LISTENING = "listening"
    TONE = "tone"
    RECORDING = "recording"
    OVER = "over"
    LANGUAGE = "language"
    QUESTION = "question"
    CONSENT = "consent"
    SAVING = "saving"
    REVIEW = "review"
    IDLE = "idle"
    HEARING = "hearing"
    ANSWERING = "answering"


class Scripted(Protocol):
    """A flow."""

    @property
    def numbers_are_its_own(self) -> bool:
        """Whether what is dialled now is an answer to the flow, and nothing else."""

    def react(self, input: Input, status: Status) -> tuple[Self, tuple[Input, ...]]:
        """See `Reaction`."""
