"""The level of the take in progress is read from its file, and is what the recorder would measure."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.audio.levels import Meter
from appliance.audio.wav import HEADER_BYTES
from appliance.codec import event_to_plain, to_plain
from appliance.events import TakeProgress, TakeSealed, TakeStarted
from appliance.models import SILENCE_DBFS, AudioFormat, Clip, ClockSource, ClockStamp, SampleFormat
from appliance.page.levels import LOOK_EVERY, Levels, measured, others
from appliance.page.news import News
from appliance.testing.clock import ManualClock

FORMAT = AudioFormat(8000, 2)
FORMATS = [FORMAT, AudioFormat(8000, 1, SampleFormat.S24_3LE), AudioFormat(8000, 2, SampleFormat.S32_LE)]


def speech(format: AudioFormat, loud: float = 0.5) -> bytes:
    """A second of noise that comes and goes."""
    wave = np.random.default_rng(1).uniform(-loud, loud, (format.rate, format.channels))
    wave *= np.sin(np.arange(format.rate) / 900)[:, np.newaxis]
    scaled = np.rint(wave * (1 << 8 * format.sample.bytes - 1)).astype("<i4").reshape(-1)
    return scaled.view(np.uint8).reshape(-1, 4)[:, : format.sample.bytes].tobytes()


class Take:
    """A take in progress, as its file and the recorder tell it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audio.wav"
        self.path.write_bytes(bytes(HEADER_BYTES))
        self.recorded: dict[str, Any] | None = None
        self.started = event_to_plain(TakeStarted("t", "box_t", FORMAT, 2.0, str(self.path)))
        self.clock = ManualClock()
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        self.levels = Levels(lambda: {"take": self.recorded}, self.clock)

    def grow(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def look(self) -> list[dict[str, Any]]:
        """What is told after the next look."""
        self.clock.waiters()
        self.clock.advance(LOOK_EVERY)
        self.clock.waiters()
        return [self.told.get() for _ in range(self.told.qsize())]


@pytest.fixture
def take(tmp_path: Path) -> Iterator[Take]:
    take = Take(tmp_path)
    yield take
    take.levels.end()


@pytest.mark.parametrize("format", FORMATS, ids=str)
@pytest.mark.parametrize("loud", [1.0, 0.5, 0.01])
def test_it_is_what_the_recorder_measures(format: AudioFormat, loud: float) -> None:
    data, meter = speech(format, loud), Meter(format)
    meter.add(data)
    peak, rms = meter.stretch()
    assert measured(data, format)[0] == pytest.approx(peak, abs=0.05)
    assert measured(data, format)[1] == pytest.approx(rms, abs=0.5)
    assert measured(bytes(len(data)), format) == (SILENCE_DBFS, SILENCE_DBFS)


def test_what_is_written_is_told_as_the_recorder_would_tell_it(take: Take) -> None:
    take.levels.begin(take.told.put)
    take.clock.waiters()
    take.clock.advance(LOOK_EVERY)  # nothing is recorded
    take.levels.hear(take.started)
    take.grow(speech(FORMAT))
    [told] = take.look()
    expected = event_to_plain(TakeProgress("t", 8000, 1.0, told["peak_dbfs"], told["rms_dbfs"]))
    assert told == expected and -7 < told["peak_dbfs"] < -6
    assert take.look() == [], "it holds still, as while it is paused"
    take.grow(bytes(4000))
    assert [(each["frames"], each["peak_dbfs"]) for each in take.look()] == [(9000, SILENCE_DBFS)]
    take.path.unlink()
    assert take.look() == []


def test_who_comes_in_the_midst_of_a_take_hears_of_it_too_and_of_none_that_is_over(take: Take, tmp_path: Path) -> None:
    take.recorded = {"id": "t", "format": to_plain(FORMAT), "path": str(take.path)}
    take.grow(speech(FORMAT))
    take.levels.begin(take.told.put)
    assert [told["seconds"] for told in take.look()] == [1.0]
    clip = Clip("t", "box_t", "box", FORMAT, 8000, 1, ClockStamp(0, 0, "", ClockSource.NONE))
    take.levels.hear(event_to_plain(TakeSealed("t", clip)))
    take.grow(speech(FORMAT))
    other = tmp_path / "other.wav"
    other.write_bytes(bytes(HEADER_BYTES + FORMAT.frame_bytes))
    take.levels.hear(event_to_plain(TakeStarted("u", "box_u", FORMAT, 2.0, str(other))))
    assert [(told["take_id"], told["frames"]) for told in take.look()] == [("u", 1)]


def test_it_is_read_only_while_somebody_looks_on(take: Take) -> None:
    def stream() -> Iterator[dict[str, Any]]:
        yield take.started
        yield {"event": "A"}

    before = set(threading.enumerate())
    news = News(stream, take.clock, levels=take.levels)
    ear = news.listen()
    heard = (item.event for item in ear if item)
    assert [next(heard)["event"] for _ in range(2)] == ["TakeStarted", "A"]
    take.clock.waiters(at_least=2)
    take.grow(speech(FORMAT))
    take.clock.advance(LOOK_EVERY)
    assert next(heard)["event"] == "TakeProgress"
    [reading] = [each for each in threading.enumerate() if each not in before and each.name == "levels"]
    ear.close()  # type: ignore[attr-defined]
    reading.join(5.0)
    assert not reading.is_alive()


def test_the_recorder_is_asked_for_all_other_events() -> None:
    assert "TakeProgress" not in others() and {"TakeStarted", "TakeSealed", "ClipFinished"} <= set(others())
