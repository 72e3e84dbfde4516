"""A recorder in a booth: simulated card, clock turned by hand, everything it posts kept."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from appliance.audio.growing import GrowingTake
from appliance.audio.recorder import Recorder
from appliance.audio.wav import HEADER_BYTES
from appliance.config.audio import CaptureSettings, MonitorSettings, RecordingSettings
from appliance.events import Command, Event, TakeFailed, TakeSealed
from appliance.models import AudioFormat, Clip
from appliance.simulation.cards import FakeCards
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

T = TypeVar("T")


class Booth:
    def __init__(self, takes: Path) -> None:
        self.takes = takes
        self.clock = ManualClock()
        self.vitals = Vitals(self.clock)
        self.cards = FakeCards(self.clock)
        self.capture = CaptureSettings(rate=8000)
        self.recording = RecordingSettings()
        self.monitor = MonitorSettings()
        self.posted: list[Command | Event] = []
        self.watched = True
        self.growing: list[GrowingTake] = []
        self._recorder: Recorder | None = None
        self.began = self.clock.monotonic()

    @property
    def recorder(self) -> Recorder:
        if self._recorder is None:
            self._recorder = Recorder(
                self.cards,
                self.capture,
                self.recording,
                self.takes,
                "box",
                self.clock,
                self.post,
                self.vitals,
                lambda: self.watched,
                self.growing.append,
                self.monitor,
            )
        return self._recorder

    @property
    def format(self) -> AudioFormat:
        return self.capture.format

    def post(self, event: Command | Event) -> None:
        self.posted.append(event)

    def wait_for(self, condition: Callable[[], T], timeout: float = 5.0) -> T:
        limit = time.monotonic() + timeout
        while not (found := condition()):
            if time.monotonic() > limit:
                raise TimeoutError(f"it did not happen; posted: {self.posted}")
            time.sleep(0.001)
        return found

    def turn_until(self, condition: Callable[[], object], step: float) -> None:
        """Let time pass, whatever the card does, until the condition holds."""

        def turn() -> object:
            self.clock.advance(step)
            with suppress(TimeoutError):
                self.clock.waiters(0.1)
            return condition()

        self.wait_for(turn)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.posted if isinstance(event, kind)]

    def first(self, kind: type[T], number: int = 1) -> T:
        """The event of that kind, or the `number`th, as soon as it was posted."""
        return self.wait_for(lambda: self.of(kind)[number - 1 :])[0]

    def at(self, seconds: float) -> float:
        """The moment `seconds` after the booth was opened, when the stream begins too."""
        return self.began + seconds

    def begin(self, take_id: str = "take000001") -> None:
        opened = len(self.cards.captures)
        self.recorder.start(take_id, self.clock.monotonic())
        self.wait_for(lambda: len(self.cards.captures) > opened)

    def run(self, seconds: float, step: float = 0.25) -> None:
        """Let time pass in steps, and wait after each until everything that sounded has been read."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 1e-9:
            self.clock.advance(min(step, left))
            self.cards.capture.wait_until_read()

    def sealed(self) -> Clip:
        """The clip of the take that is being stopped: time goes on until it is there."""
        count = len(self.of(TakeSealed))
        failed = len(self.of(TakeFailed))

        def over() -> bool:
            assert len(self.of(TakeFailed)) == failed, self.of(TakeFailed)
            if len(self.of(TakeSealed)) > count:
                return True
            with suppress(TimeoutError):
                if not self.cards.capture.closed:
                    self.cards.capture.wait_until_read(0)
                self.clock.advance(0.01)
            return False

        self.wait_for(over)
        return self.of(TakeSealed)[-1].clip

    def wait_until_written(self, seconds: float) -> None:
        """Wait until the first take is at least as long as that."""
        size = HEADER_BYTES + self.format.frames(seconds) * self.format.frame_bytes
        audio = self.takes / "take000001" / "audio.wav"
        self.wait_for(lambda: audio.exists() and audio.stat().st_size >= size)

    def sound(self, take_id: str = "take000001") -> bytes:
        return (self.takes / take_id / "audio.wav").read_bytes()[HEADER_BYTES:]


@pytest.fixture
def booth(tmp_path: Path) -> Iterator[Booth]:
    booth = Booth(tmp_path / "takes")
    yield booth
    booth.recorder.close()
