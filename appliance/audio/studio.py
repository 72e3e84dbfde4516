"""What all takes of a recorder share: the settings, where takes go, and how to tell what happens."""

import threading
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from appliance.audio.growing import GrowingTake
from appliance.clock import Clock
from appliance.config.audio import CaptureSettings, RecordingSettings
from appliance.events import Command, Event, FaultCleared, FaultRaised
from appliance.models import Fault
from appliance.vitals import Vitals

_SLOW = 1.0
"""Seconds of sound at stake from which on the disk is called slow, unless the settings alone bring it near that."""

_BEHIND = "the disk does not keep up: sound waits in memory, which a power cut would cost. Use a faster card"


class Faults:
    """The faults that the recorder has raised: each is told once, and cleared once. Any thread may use it."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._raised: set[str] = set()

    def begin(self, name: str, message: str, *, urgent: bool = False) -> None:
        """Tell a fault, unless it is known already."""
        with self._lock:
            if name not in self._raised:
                self._raised.add(name)
                self._post(FaultRaised(Fault(name, message, urgent)))

    def end(self, name: str) -> None:
        """Tell that the fault is over, where it was told."""
        with self._lock:
            if name in self._raised:
                self._raised.remove(name)
                self._post(FaultCleared(name))


@frozen
class Studio:
    """Everything that a take needs from outside."""

    capture: CaptureSettings
    recording: RecordingSettings
    takes: Path
    device_label: str
    clock: Clock
    post: Callable[[Command | Event], None]
    vitals: Vitals
    faults: Faults
    watched: Callable[[], bool]
    """Whether anybody follows the progress of takes closely."""
    follow: Callable[[GrowingTake], None]

    @property
    def slow_after(self) -> float:
        """Seconds of sound at stake from which on the disk is called slow."""
        return max(_SLOW, self.recording.sync_interval + 2 * self.capture.period)

    def heed_backlog(self, seconds: float) -> None:
        """So much sound waits for the disk: to be told while it stalls, when the thread that writes cannot tell it."""
        if seconds > self.slow_after:
            self.faults.begin("slow_storage", _BEHIND)
