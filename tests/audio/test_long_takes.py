"""Takes longer than the 4 GB that a RIFF header can tell."""

from __future__ import annotations

import os
import shutil
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile

from appliance.audio import wav
from appliance.audio.journal import Begin
from appliance.audio.take import repair
from appliance.audio.takefile import TakeFile
from appliance.audio.wav import HEADER_BYTES
from appliance.config.audio import CaptureSettings
from appliance.config.options import Seconds
from appliance.models import AudioFormat, ClockSource, ClockStamp, SampleFormat, Verdict
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import numbered

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

ID = "take000001"
LIMIT = 2**32
WIDE = AudioFormat(384_000, 32, SampleFormat.S32_LE)
"""49 MB a second: 4 GB are 88 seconds."""


def check(audio: Path, frames: int, end: bytes) -> None:
    """Another program plays it: its length is exact, and so is its end."""
    with soundfile.SoundFile(audio) as file:
        assert (file.format, file.frames) == ("RF64", frames)
        file.seek(frames - 1000)
        assert file.read(dtype="int32").tobytes() == end


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_take_beyond_four_gigabytes_is_recorded_and_repaired_to_the_frame(booth: Booth, tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < 6 * 10**9:
        pytest.skip("this needs 6 GB of disk")
    second = numbered(0, WIDE.rate, WIDE) * 2

    def sound(first: int, frames: int, format: AudioFormat) -> bytes:
        begin = first % WIDE.rate * WIDE.frame_bytes
        return second[begin : begin + frames * WIDE.frame_bytes]

    booth.capture = CaptureSettings(period=Seconds(1.0), buffer=Seconds(2.0)).in_format(WIDE)
    booth.cards = FakeCards(booth.clock, sound=sound, remember=False)
    audio = booth.takes / ID / "audio.wav"

    def written(seconds: int) -> bool:
        return audio.exists() and audio.stat().st_size >= HEADER_BYTES + seconds * WIDE.byte_rate

    booth.begin()
    for seconds in range(1, 91):
        booth.clock.advance(1.0)
        booth.wait_for(partial(written, seconds), timeout=60)
    booth.recorder.stop(booth.at(90.0))
    clip = booth.sealed()
    assert (clip.frames, clip.size, clip.gaps) == (90 * WIDE.rate, HEADER_BYTES + 90 * WIDE.byte_rate, ())
    assert clip.size > LIMIT
    end = second[-1000 * WIDE.frame_bytes :]
    check(audio, clip.frames, end)

    (booth.takes / ID / "clip.json").unlink()
    with audio.open("r+b") as file:
        file.write(wav.build(WIDE, None))
    repaired = repair(booth.takes / ID)
    assert repaired and repaired.recovered and (repaired.frames, repaired.size) == (clip.frames, clip.size)
    check(audio, clip.frames, end)
    audio.unlink()


def test_the_repair_of_a_long_take_is_quick(tmp_path: Path) -> None:
    """It reads parts of it only, evenly spread."""
    format = AudioFormat(48_000, 2)
    begin = Begin(ID, f"box_{ID}", "box", format, ClockStamp(10**18, 0, "", ClockSource.NONE), 0.5)
    TakeFile.create(tmp_path, begin).close()
    audio = tmp_path / ID / "audio.wav"
    os.truncate(audio, HEADER_BYTES + LIMIT + 4002)
    with audio.open("r+b") as file:
        file.seek(LIMIT // 2)
        sound = numbered(0, 1 << 20, format)
        for _ in range(40):
            file.write(sound)
    begun = time.process_time()
    clip = repair(tmp_path / ID)
    assert time.process_time() - begun < 3
    assert clip and (clip.frames, clip.size) == (LIMIT // 4 + 1000, HEADER_BYTES + LIMIT + 4000)
    assert clip.verdict is not Verdict.SILENT and clip.levels.peak_dbfs > -1
    assert 0.9 < clip.levels.silent < 1
    with soundfile.SoundFile(audio) as file:
        assert (file.format, file.frames) == ("RF64", clip.frames)
