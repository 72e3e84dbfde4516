"""Parts of one recording: shown as one, and joined to one file with every frame of theirs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import soundfile
from attrs import evolve
from wavinfo import WavInfoReader

from appliance.audio import wav
from appliance.cli import show
from appliance.cli.join import join
from appliance.codec import to_plain
from appliance.control.client import recordings
from appliance.errors import StorageError, UsageError
from appliance.models import (
    AudioFormat,
    Clip,
    ClockSource,
    ClockStamp,
    Gap,
    GapCause,
    Mark,
    Pause,
    SampleFormat,
    Verdict,
)
from appliance.simulation.sound import numbered

FORMAT = AudioFormat(8000, 1, SampleFormat.S24_3LE)
LENGTHS = (4001, 1, 12_345)


def clip(number: int, frames: int, continues: str | None) -> Clip:
    size = wav.HEADER_BYTES + frames * FORMAT.frame_bytes
    stamp = ClockStamp((1_800_000_000 + number) * 10**9, 5, "b", ClockSource.NTP)
    return Clip(f"part{number}", f"box_{number}", "box", FORMAT, frames, size, stamp, continues=continues)


@pytest.fixture
def parts(tmp_path: Path) -> list[dict[str, object]]:
    found, done = [], 0
    for number, frames in enumerate(LENGTHS):
        data = numbered(done, frames, FORMAT)
        path = tmp_path / f"{number}.wav"
        path.write_bytes(wav.build(FORMAT, len(data)) + data + bytes(wav.padding(len(data))))
        before = f"part{number - 1}" if number else None
        found.append({"clip": to_plain(clip(number, frames, before)), "path": str(path), "deliveries": []})
        done += frames
    return found


def test_every_frame_is_there_and_no_other(parts: list[dict[str, object]], tmp_path: Path) -> None:
    target = tmp_path / "whole.wav"
    told: list[tuple[int, int]] = []
    assert join(parts, target, lambda *how_far: told.append(how_far)) == sum(LENGTHS)
    data = numbered(0, sum(LENGTHS), FORMAT)
    content = target.read_bytes()
    begin = wav.parse(content[:8192]).data_offset
    assert wav.parse(content[:8192]) == wav.Wav(FORMAT, begin, len(data))
    assert content[begin : begin + len(data)] == data
    assert told[-1] == (len(data), len(data))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.wav", "1.wav", "2.wav", "whole.wav"]


@pytest.mark.parametrize("name", ["0.wav", "2.wav", "another.wav", "elsewhere/link.wav", "elsewhere/anna.wav"])
def test_nothing_that_is_there_is_written_over(parts: list[dict[str, object]], tmp_path: Path, name: str) -> None:
    (tmp_path / "another.wav").write_bytes(b"another clip")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link.wav").symlink_to(tmp_path / "1.wav")
    (elsewhere / "anna.wav").write_bytes(b"of somebody's own")
    target = tmp_path / name
    before = target.read_bytes()
    with pytest.raises(UsageError, match="is there already: choose another file"):
        join(parts, target)
    assert target.read_bytes() == before


@pytest.mark.parametrize("name", ["whole.flac", "-", "folder", "folder.wav", "pipe.wav", "away.wav"])
def test_what_is_no_wav_file_is_not_written(parts: list[dict[str, object]], tmp_path: Path, name: str) -> None:
    place = tmp_path / "place"
    (place / "folder").mkdir(parents=True)
    (place / "folder.wav").mkdir()
    os.mkfifo(place / "pipe.wav")
    (place / "away.wav").symlink_to("/dev/null")
    before = sorted(place.iterdir())
    with pytest.raises(UsageError, match="no name of a WAV file"):
        join(parts, place / name)
    assert sorted(place.iterdir()) == before


def test_marks_gaps_and_pauses_of_the_parts_are_where_they_are_in_the_whole(
    parts: list[dict[str, object]], tmp_path: Path
) -> None:
    for number, part in enumerate(parts):
        part["clip"] = to_plain(
            evolve(
                clip(number, LENGTHS[number], f"part{number - 1}" if number else None),
                marks=(Mark(number * 2), Mark(number * 3 + 1)) if number != 1 else (),
                gaps=(Gap(number, 1, 0, GapCause.OVERRUN),),
                pauses=(Pause(number, 1.5),),
            )
        )
    target = tmp_path / "whole.wav"
    join(parts, target)
    info = WavInfoReader(str(target))
    assert [cue.sample_offset for cue in info.cues.cues] == [0, 1, 4006, 4009]
    [guano] = [line for line in target.read_bytes().split(b"guan")[1].split(b"\n") if b"|Gaps" in line]
    assert [gap["offset"] for gap in json.loads(guano.split(b": ", 1)[1])] == [0, 4002, 4004]
    [guano] = [line for line in target.read_bytes().split(b"guan")[1].split(b"\n") if b"|Pauses" in line]
    assert [pause["offset"] for pause in json.loads(guano.split(b": ", 1)[1])] == [0, 4002, 4004]
    assert info.bext.originator_ref == "part0"
    sound, _ = soundfile.read(target, dtype="int32")
    assert len(sound) == sum(LENGTHS)


def test_what_is_no_whole_is_not_joined(
    parts: list[dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "whole.wav"
    with pytest.raises(UsageError, match="the part before box_2 was deleted"):
        join([parts[0], parts[2]], target)
    other = {**parts[1], "clip": to_plain(evolve(clip(1, 1, "part0"), format=AudioFormat()))}
    with pytest.raises(
        UsageError, match=r"box_1 is 48000 Hz S16_LE mono, the parts before it are 8000 Hz S24_3LE mono"
    ):
        join([parts[0], other, parts[2]], target)
    Path(str(parts[2]["path"])).write_bytes(b"short")
    with pytest.raises(StorageError, match=r"box_2\.wav is shorter than it was recorded"):
        join(parts, target)
    monkeypatch.chdir(tmp_path)
    for odd in (tmp_path / "nowhere" / "whole.wav", tmp_path / f"{'x' * 250}.wav", tmp_path / f"{'x' * 300}.wav"):
        with pytest.raises(StorageError, match="cannot be joined"):
            join(parts[:2], odd)
    assert not target.exists()


def entry(number: int, continues: int | None, verdict: Verdict = Verdict.OK) -> dict[str, Any]:
    before = None if continues is None else f"part{continues}"
    return {"clip": to_plain(evolve(clip(number, 8000 * 60, before), verdict=verdict)), "deliveries": []}


def test_parts_are_listed_as_one_recording(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = entry(3, 1, Verdict.TOO_QUIET)
    show.clips([entry(5, None), entry(4, 3), quiet, entry(2, None), entry(1, None)])
    said = " ".join(capsys.readouterr().out.split())
    assert [word for word in said.split() if word.startswith("part") and word != "parts"] == ["part5", "part2", "part1"]
    assert "part1 2027-01-15 08:00:01 3:00 too_quiet, 3 parts" in said


def test_however_clips_point_to_each_other_each_is_listed_once() -> None:
    found = [entry(4, 1), entry(3, 1), entry(2, 9), entry(1, 3)]
    assert [[part["clip"]["id"] for part in parts] for parts in recordings(found, lambda entry: entry["clip"])] == [
        ["part4"],
        ["part2"],
        ["part1", "part3"],
    ]
