"""What all takes of a recorder share: the settings, where takes go, and how to tell what happens."""

import threading
from collections.abc import Callable
from pathlib import Path

from attrs import evolve, field

from appliance.audio.growing import GrowingTake
from appliance.circumstances import Gain, Place
from appliance.clock import Clock
from appliance.config.audio import CaptureSettings, MonitorSettings, RecordingSettings
from appliance.config.takes import AS_CONFIGURED, Brief
from appliance.events import Command, Event
from appliance.faultkind import FaultKind
from appliance.faults import SLOW_STORAGE
from appliance.values import frozen
from appliance.vitals import Vitals

_SLOW = 1.0
"""Seconds of sound at stake from which on the disk is called slow, unless the settings alone bring it near that."""

_BEHIND = "the disk does not keep up: sound waits in memory, which a power cut would cost. Use a faster card"


class Faults:
    """The faults that the recorder has raised: each is told once, and cleared once. Any thread may use it."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._raised: set[FaultKind] = set()

    def begin(self, kind: FaultKind, message: str) -> None:
        """Tell a fault, unless it is known already."""
        with self._lock:
            if kind not in self._raised:
                self._raised.add(kind)
                self._post(kind.raised(message))

    def end(self, kind: FaultKind) -> None:
        """Tell that the fault is over, where it was told."""
        with self._lock:
            if kind in self._raised:
                self._raised.remove(kind)
                self._post(kind.cleared())


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
    monitor: MonitorSettings
    place: Place | None = None
    gain: Callable[[], Gain | None] = lambda: None
    """How the mixer of the sound card turns the microphone, as far as that is known."""
    brief: Brief = AS_CONFIGURED

    slow_after: float = field(init=False)
    """Seconds of sound at stake from which on the disk is called slow."""

    @slow_after.default
    def _slow_after(self) -> float:
        return max(_SLOW, self.recording.sync_interval + 2 * self.capture.period)

    def briefed(self, brief: Brief) -> "Studio":
        """The same for a take that is made so."""
        capture, recording = brief.capture or self.capture, brief.recording or self.recording
        return evolve(self, brief=brief, capture=capture, recording=recording)

    def heed_backlog(self, behind: float, seconds: float) -> None:
        """So much sound waits for the disk: to be told while it stalls, when the thread that writes cannot tell it.

        `behind` is by how many seconds of sound the take had to catch up as it began.
        """
        if seconds > self.slow_after + max(0.0, behind):
            self.faults.begin(SLOW_STORAGE, _BEHIND)
