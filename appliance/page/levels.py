"""How loud the take in progress is, read from its file: so the recorder need not measure and tell it for the page.

With nothing but the standard library, as the page must stay small: the upper 16 bits of samples tell enough.
"""

import logging
import math
import threading
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.audio.wav import HEADER_BYTES
from appliance.clock import Clock
from appliance.errors import ApplianceError
from appliance.models import SILENCE_DBFS, AudioFormat, SampleFormat

LOOK_EVERY = 0.25
"""Seconds between two looks whether the file has grown."""

_PROGRESS = "TakeProgress"
"""The event that is made here; the recorder tells all others."""

_MOST_SECONDS = 1.0
"""Of what has come since the last look no more is measured."""

_THINNED = 15
"""Of so many samples one tells the RMS well enough; an odd number, so that all channels have a share."""

_ENDS = ("TakeSealed", "TakeDiscarded", "TakeFailed")

log = logging.getLogger(__name__)


def others() -> tuple[str, ...]:
    """The names of all events that the recorder has to tell itself."""
    from appliance.events import EVENTS

    return tuple(kind.__name__ for kind in EVENTS if kind.__name__ != _PROGRESS)


class Levels:
    """Tells TakeProgress while somebody looks on. `hear` is called with what else happens; any thread may call."""

    def __init__(self, status: Callable[[], dict[str, Any]], clock: Clock) -> None:
        """`status` asks the recorder how it is; it may raise an ApplianceError."""
        self._status = status
        self._clock = clock
        self._changed = threading.Condition()
        self._round = 0
        self._take: dict[str, Any] | None = None
        self._known = False
        self._frames = 0

    def hear(self, event: dict[str, Any]) -> None:
        """What happens in the box: takes begin and end."""
        with self._changed:
            if event["event"] == "TakeStarted":
                self._begin({**event, "id": event["take_id"]})
                self._changed.notify_all()
            elif event["event"] in _ENDS and self._take and event["take_id"] == self._take["id"]:
                self._take = None

    def begin(self, tell: Callable[[dict[str, Any]], None]) -> None:
        """Look on from now on: what is recorded is told to `tell`."""
        with self._changed:
            self._round += 1
            self._known = False
            threading.Thread(target=self._run, args=(self._round, tell), name="levels", daemon=True).start()

    def end(self) -> None:
        """Look on no more. Returns at once."""
        with self._changed:
            self._round += 1
            self._changed.notify_all()

    def _begin(self, take: dict[str, Any] | None) -> None:
        self._take, self._known, self._frames = take, True, 0

    def _run(self, round: int, tell: Callable[[dict[str, Any]], None]) -> None:
        while True:
            with self._changed:
                if round == self._round:
                    self._clock.wait(self._changed, None if self._known and not self._take else LOOK_EVERY)
                if round != self._round:
                    return
            if not self._known:
                self._ask()
            try:
                if progress := self._look():
                    tell(progress)
            except (OSError, ValueError) as error:
                log.debug("the level of the take cannot be read: %s", error)

    def _ask(self) -> None:
        """What is recorded already: after the first wait, so that nothing falls between this and what happens."""
        with suppress(ApplianceError):
            take = self._status()["take"]
            with self._changed:
                if not self._known:
                    self._begin(take)

    def _look(self) -> dict[str, Any] | None:
        """TakeProgress of what came since the last look; None where nothing did, or nothing is recorded."""
        take = self._take
        if take is None or not take.get("path"):
            return None
        told = take["format"]
        format = AudioFormat(told["rate"], told["channels"], SampleFormat(told["sample"]))
        width = format.frame_bytes
        with suppress(FileNotFoundError), Path(take["path"]).open("rb", buffering=0) as file:
            frames = (file.seek(0, 2) - HEADER_BYTES) // width
            before, self._frames = self._frames, frames
            if frames <= before:
                return None
            first = max(before, frames - format.frames(_MOST_SECONDS))
            file.seek(HEADER_BYTES + first * width)
            peak, rms = measured(file.read((frames - first) * width), format)
            length = {"take_id": take["id"], "frames": frames, "seconds": format.seconds(frames)}
            return {"event": _PROGRESS, **length, "peak_dbfs": peak, "rms_dbfs": rms}
        return None


def measured(data: bytes, format: AudioFormat) -> tuple[float, float]:
    """Peak and RMS of whole frames, in dBFS."""
    size = format.sample.bytes
    upper = bytearray(len(data) // size * 2)
    upper[0::2], upper[1::2] = data[size - 2 :: size], data[size - 1 :: size]
    samples = array("h", bytes(upper))
    some = samples[::_THINNED]
    return _decibels(max(max(samples), -min(samples))), _decibels(math.sqrt(sum(x * x for x in some) / len(some)))


def _decibels(amplitude: float) -> float:
    return round(max(SILENCE_DBFS, 20 * math.log10(amplitude / 2**15)), 2) if amplitude > 0 else SILENCE_DBFS
