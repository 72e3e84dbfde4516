"""The writer without its thread: what it says of the disk."""

from pathlib import Path

import pytest

from appliance.audio.assembler import Assembler
from appliance.audio.capture import Period
from appliance.audio.growing import GrowingTake, follow_nothing
from appliance.audio.journal import Begin
from appliance.audio.placing import Placing
from appliance.audio.stretch import Lost, Opened
from appliance.audio.studio import Faults, Studio
from appliance.audio.takefile import AUDIO, TakeFile
from appliance.audio.writer import TakeWriter
from appliance.config.audio import CaptureSettings, MonitorSettings, RecordingSettings
from appliance.config.options import Seconds
from appliance.events import Command, Event, FaultRaised
from appliance.models import AudioFormat
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

FORMAT = AudioFormat(rate=8000)
PERIOD = 0.25


class Desk:
    """A writer that is handed one thing after the other."""

    def __init__(self, takes: Path, preroll: float = 0.0) -> None:
        self.clock = ManualClock()
        self.posted: list[Command | Event] = []
        begin = Begin("take000001", "name", "box", FORMAT, self.clock.stamp(), 0.0)
        studio = Studio(
            CaptureSettings(rate=FORMAT.rate),
            RecordingSettings(preroll=Seconds(preroll)),
            takes,
            "box",
            self.clock,
            self.posted.append,
            Vitals(self.clock),
            Faults(self.posted.append),
            lambda: False,
            follow_nothing,
            MonitorSettings(),
        )
        self.take = TakeFile.create(takes, begin)
        assembler = Assembler(self.take, studio.recording, studio.post)
        growing = GrowingTake(begin, takes / AUDIO, 60.0)
        self.writer = TakeWriter(assembler, self._opened(), studio, growing)
        self.placing = Placing(self.writer.hear)
        self.placing.hear(self._opened())
        self.sounded = self.clock.monotonic()

    def _opened(self) -> Opened:
        return Opened(self.clock.monotonic(), FORMAT, 2.0, False)

    def hear(self, periods: int, late: float = 0.0) -> None:
        """So many periods, the last of which gets to the writer `late`, and those behind it until it has caught up."""
        for number in range(1, periods + 1):
            called, self.sounded = self.sounded, self.sounded + PERIOD
            self.clock.advance(max(0.0, self.sounded - self.clock.monotonic()))
            if number == periods:
                self.clock.advance(late)
            self.placing.hear(Period(FORMAT.frames(PERIOD), bytes(FORMAT.frames(PERIOD) * 2), called, self.sounded))

    def unplug(self, seconds: float) -> None:
        self.placing.hear(Lost("it was unplugged"))
        self.clock.advance(seconds)
        self.sounded = self.clock.monotonic()
        self.placing.hear(self._opened())

    @property
    def faults(self) -> list[str]:
        return [event.fault.name for event in self.posted if isinstance(event, FaultRaised)]


@pytest.mark.parametrize(("late", "told"), [(0.2, []), (0.9, ["slow_storage"])])
def test_more_than_a_second_of_sound_at_stake_is_told(tmp_path: Path, late: float, told: list[str]) -> None:
    desk = Desk(tmp_path)
    desk.hear(6)
    desk.hear(1, late)
    desk.hear(4)
    assert desk.faults == told
    desk.take.close()


def test_a_card_that_hands_sound_over_late_is_no_slow_disk(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for _ in range(8):
        desk.sounded += 0.4
        desk.hear(1)
    assert desk.faults == []
    desk.take.close()


@pytest.mark.parametrize(("preroll", "told"), [(0.0, ["slow_storage"]), (3.0, [])])
def test_what_sounded_before_the_press_was_never_at_stake(tmp_path: Path, preroll: float, told: list[str]) -> None:
    desk = Desk(tmp_path, preroll)
    desk.hear(1, late=2.5)
    desk.hear(4)
    assert desk.faults == told
    desk.take.close()


def test_the_silence_of_a_gap_is_not_at_stake(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.hear(6)
    desk.unplug(3.0)
    desk.hear(8)
    assert desk.take.frames == FORMAT.frames(6.5)
    assert desk.faults == ["microphone"]
    desk.take.close()
