"""How loud it was, minute by minute, in a file that a person can read."""

from pathlib import Path

import numpy as np
import pytest
from appliance_level_history.options import LevelHistoryOptions
from appliance_level_history.service import BLOCK, LevelHistory

from appliance.config.options import Seconds
from appliance.events import FaultCleared, FaultRaised
from appliance.models import AudioFormat, SampleFormat
from appliance.plugin import FrameBlock, House
from appliance.testing.services import FakeHouse, check_service

FORMAT = AudioFormat(48_000, 1)
OPTIONS = LevelHistoryOptions(every=Seconds(1))


def tone(number: int, share: float, format: AudioFormat = FORMAT, *, is_last: bool = False) -> FrameBlock:
    """A tenth of a second of a square wave of that share of full scale."""
    wave = np.where(np.arange(BLOCK) % 2, share, -share) * (2 ** (8 * format.sample.bytes - 1) - 1)
    octets = wave.astype("<i4").view(np.uint8).reshape(-1, 4)[:, : format.sample.bytes]
    data = np.repeat(octets.reshape(BLOCK, 1, -1), format.channels, axis=1).tobytes()
    return FrameBlock(data, number * BLOCK, 1000 + number / 10, format, is_last)


def lines(house: FakeHouse) -> list[str]:
    return [line for path in sorted(house.folder.glob("*.csv")) for line in path.read_text().splitlines()]


def service(house: House, options: LevelHistoryOptions = OPTIONS) -> LevelHistory:
    return LevelHistory(options, house)


@pytest.mark.parametrize("sample", [SampleFormat.S16_LE, SampleFormat.S24_3LE, SampleFormat.S32_LE])
def test_each_line_tells_of_what_sounded(tmp_path: Path, sample: SampleFormat) -> None:
    house, format = FakeHouse(tmp_path), AudioFormat(48_000, 2, sample)
    with house.running(service(house)):
        house.sound(*(tone(number, 0.5 if number < 10 else 0.1, format) for number in range(20)))
        house.until(lambda: len(lines(house)) == 3)
    assert house.wanted == [(BLOCK, True)]
    assert lines(house) == [
        "began,seconds,peak_dbfs,rms_dbfs",
        "2027-01-15T08:00:00Z,1.0,-6.0,-6.0",
        "2027-01-15T08:00:01Z,1.0,-20.0,-20.0",
    ]


def test_what_is_not_full_at_the_end_is_written_too(tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    with house.running(service(house)):
        house.sound(tone(0, 0.5), tone(1, 0.0, is_last=True), FrameBlock(b"", 0, 1000.2, FORMAT, is_last=True))
        house.until(lambda: len(lines(house)) == 2)
    assert lines(house)[1:] == ["2027-01-15T08:00:00Z,0.2,-6.0,-9.0"]


@pytest.mark.parametrize(
    ("left", "kept"), [("", []), ("began,seconds,peak_dbfs,rms_dbfs\n2027-01-15T07:", ["2027-01-15T07:"])]
)
def test_a_line_that_a_power_cut_broke_off_spoils_no_other(tmp_path: Path, left: str, kept: list[str]) -> None:
    house = FakeHouse(tmp_path)
    (house.folder / "levels-2027-01-15.csv").write_text(left)
    with house.running(service(house)):
        house.sound(*(tone(number, 0.5) for number in range(10)))
        house.until(lambda: "2027-01-15T08:00:00Z" in "".join(lines(house)))
    assert lines(house) == ["began,seconds,peak_dbfs,rms_dbfs", *kept, "2027-01-15T08:00:00Z,1.0,-6.0,-6.0"]


def test_the_oldest_days_go_and_files_of_others_stay(tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    others = {"levels-mine.csv", "note.txt"}
    for name in ("levels-2025-01-01.csv", "levels-2025-02-01.csv", "levels-2027-01-14.csv", *others):
        (house.folder / name).write_text("x")
    with house.running(service(house, LevelHistoryOptions(every=Seconds(1), keep=Seconds(3 * 86_400)))):
        house.sound(*(tone(number, 0.5) for number in range(10)))
        house.until(lambda: (house.folder / "levels-2027-01-15.csv").exists())
        house.sound(*(tone(number, 0.5) for number in range(10, 20)))
        house.until(lambda: len((house.folder / "levels-2027-01-15.csv").read_text().splitlines()) == 3)
    names = {path.name for path in house.folder.iterdir()}
    assert names == {"levels-2025-02-01.csv", "levels-2027-01-14.csv", "levels-2027-01-15.csv", *others}


def test_a_disk_that_refuses_is_told_and_ends_nothing(tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    there = house.folder / "levels-2027-01-15.csv"
    there.mkdir()
    with house.running(service(house)):
        house.sound(*(tone(number, 0.5) for number in range(10)))
        house.until(lambda: any(isinstance(event, FaultRaised) for event in house.said))
        there.rmdir()
        house.sound(*(tone(number, 0.5) for number in range(10, 20)))
        house.until(lambda: isinstance(house.said[-1], FaultCleared))
    assert len(lines(house)) == 2


def test_it_is_a_service(tmp_path: Path) -> None:
    check_service(service, folder=tmp_path)
