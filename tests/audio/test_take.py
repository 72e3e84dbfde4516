import json
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance import codec
from appliance.audio.journal import Begin, History, PauseBegin, PauseEnd, line
from appliance.audio.levels import Meter
from appliance.audio.take import clip_name, new_take_id, repair
from appliance.audio.takefile import TakeFile
from appliance.audio.wav import HEADER_BYTES, build, parse
from appliance.config.profiles import RecordedFormat
from appliance.errors import StorageError
from appliance.models import (
    AudioFormat,
    Clip,
    ClockSource,
    ClockStamp,
    Gap,
    GapCause,
    Levels,
    Mark,
    Pause,
    SampleFormat,
    Verdict,
)
from appliance.simulation.sound import numbered

ID = "abcdefghij"
STARTED = ClockStamp(1_800_000_000 * 10**9, 5, "boot", ClockSource.RTC, 3600)


def begin(format: AudioFormat, take_id: str = ID) -> Begin:
    return Begin(take_id, clip_name("box", STARTED, take_id), "box", format, STARTED, 0.5)


def left_behind(takes: Path, format: AudioFormat, frames: int, tail: bytes = b"", take_id: str = ID) -> Path:
    """A take that nobody sealed: `frames` of numbered sound with a gap, a mark and a pause, then `tail`."""
    take = TakeFile.create(takes, begin(format, take_id))
    take.append(numbered(0, frames, format))
    take.note(Gap(frames, 50, 3, GapCause.OVERRUN))
    take.append_silence(50)
    take.note(Mark(frames // 2))
    take.note(PauseBegin(frames + 50))
    take.note(PauseEnd(1.5))
    take.append(tail)
    take.close()
    return takes / take_id


def test_ids_are_ten_letters_of_base32() -> None:
    ids = {new_take_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(id) == 10 and set(id) <= set("abcdefghijklmnopqrstuvwxyz234567") for id in ids)


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (0, "box_2027-01-15_08-00-00+0000_abcdefghij"),
        (3600, "box_2027-01-15_09-00-00+0100_abcdefghij"),
        (-12600, "box_2027-01-15_04-30-00-0330_abcdefghij"),
        (20700, "box_2027-01-15_13-45-00+0545_abcdefghij"),
    ],
)
def test_names_tell_the_local_time_of_the_press(offset: int, expected: str) -> None:
    assert clip_name("box", evolve(STARTED, utc_offset=offset), ID) == expected


def test_names_can_be_made_of_any_time() -> None:
    assert clip_name("box", evolve(STARTED, wall_ns=-1, utc_offset=0), ID).startswith("box_1969-12-31_23-59-59+0000")


@pytest.mark.parametrize("sample", [SampleFormat(each) for each in RecordedFormat])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_sealed_take_is_whole(tmp_path: Path, sample: SampleFormat, channels: int) -> None:
    format = AudioFormat(44_100, channels, sample)
    take = TakeFile.create(tmp_path, begin(format))
    sound = numbered(0, 4711, format)
    take.append(sound)
    clip = take.seal(Levels(-3, -6), Verdict.OK, drift_ppm=12.5)
    take.close()
    audio = tmp_path / ID / "audio.wav"
    assert audio.stat().st_size == clip.size
    assert parse(audio.read_bytes()).data_bytes == len(sound)
    assert audio.read_bytes()[HEADER_BYTES:].rstrip(b"\0") == sound.rstrip(b"\0")
    assert soundfile.info(audio).frames == clip.frames == 4711
    assert codec.from_json((tmp_path / ID / "clip.json").read_bytes(), Clip) == clip
    assert sorted(path.name for path in (tmp_path / ID).iterdir()) == ["audio.wav", "clip.json", "journal.jsonl"]
    assert repair(tmp_path / ID) == clip


def test_a_take_that_cannot_be_created_leaves_nothing_and_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="the take cannot be written"):
        TakeFile.create(tmp_path / "file", begin(AudioFormat()))
    folder = left_behind(tmp_path, AudioFormat(), 100)
    before = (folder / "audio.wav").read_bytes()
    with pytest.raises(StorageError):
        TakeFile.create(tmp_path, begin(AudioFormat()))
    assert (folder / "audio.wav").read_bytes() == before


def test_a_full_disk_keeps_what_fits(tmp_path: Path) -> None:
    format = AudioFormat(channels=3)
    take = TakeFile.create(tmp_path, begin(format))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match="as long as this filesystem allows"):
            take.append(numbered(0, 1000, format))
            take.note(Gap(1000, 5000, 3, GapCause.OVERRUN))
            take.append_silence(5000)
        clip = take.seal(Levels(), Verdict.OK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    take.close()
    assert clip.frames == (10_000 - HEADER_BYTES) // 6
    assert clip.gaps == (Gap(1000, clip.frames - 1000, 3, GapCause.OVERRUN),)
    sound = numbered(0, 1000, format) + bytes((clip.frames - 1000) * 6)
    assert (tmp_path / ID / "audio.wav").read_bytes()[HEADER_BYTES:] == sound


def remove_file(folder: Path) -> None:
    (folder / "audio.wav").unlink()


def move_file(folder: Path) -> None:
    (folder / "audio.wav").rename(folder.parent / "elsewhere.wav")


def put_another_in_its_place(folder: Path) -> None:
    remove_file(folder)
    (folder / "audio.wav").write_bytes(b"RIFF")


@pytest.mark.parametrize("meddle", [remove_file, move_file, put_another_in_its_place, shutil.rmtree])
@pytest.mark.parametrize("meanwhile", [lambda take: take.sync(), lambda take: take.note(Mark(7)), lambda take: None])
def test_a_take_whose_file_is_removed_goes_on_in_another(
    tmp_path: Path, meddle: Callable[[Path], None], meanwhile: Callable[[TakeFile], None]
) -> None:
    format = AudioFormat(channels=2)
    take = TakeFile.create(tmp_path, begin(format))
    take.append(numbered(0, 700_000, format))
    take.note(PauseBegin(700_000))
    take.note(PauseEnd(1.5))
    take.note(Mark(5))
    meddle(tmp_path / ID)
    meanwhile(take)
    take.append(numbered(700_000, 10, format))
    if take.removed:
        written_anew = (tmp_path / ID / "audio.wav").stat().st_ino
        take.sync()
        assert (tmp_path / ID / "audio.wav").stat().st_ino == written_anew, "once is enough"
        shutil.copytree(tmp_path / ID, tmp_path / "cut" / ID)
        cut = repair(tmp_path / "cut" / ID)
        assert cut and (cut.frames, cut.pauses) == (700_010, (Pause(700_000, 1.5),)) and Mark(5) in cut.marks
    clip = take.seal(Levels(), Verdict.OK)
    take.close()
    assert take.removed and repair(tmp_path / ID) == clip
    assert (tmp_path / ID / "audio.wav").read_bytes()[HEADER_BYTES:] == numbered(0, 700_010, format)


def test_a_take_whose_folder_is_removed_can_be_thrown_away(tmp_path: Path) -> None:
    take = TakeFile.create(tmp_path, begin(AudioFormat()))
    shutil.rmtree(tmp_path / ID)
    take.discard()
    take.close()
    assert list(tmp_path.iterdir()) == []


def test_repair_finds_everything_that_was_written(tmp_path: Path) -> None:
    format = AudioFormat(8000, 2, SampleFormat.S24_3LE)
    folder = left_behind(tmp_path, format, 10_000, tail=b"torn")
    meter = Meter(format)
    meter.add(numbered(0, 10_000, format))
    clip = repair(folder)
    assert clip == Clip(
        id=ID,
        name="box_2027-01-15_09-00-00+0100_abcdefghij",
        device="box",
        format=format,
        frames=10_050,
        size=HEADER_BYTES + 10_050 * 6,
        started=STARTED,
        levels=meter.levels,
        gaps=(Gap(10_000, 50, 3, GapCause.OVERRUN),),
        marks=(Mark(5000),),
        pauses=(Pause(10_050, 1.5),),
        recovered=True,
    )
    content = (folder / "audio.wav").read_bytes()
    assert content[HEADER_BYTES:] == numbered(0, 10_000, format) + bytes(300)
    assert repair(folder) == clip


def test_repair_judges_a_take_by_the_shortest_duration_of_its_time(tmp_path: Path) -> None:
    short = repair(left_behind(tmp_path, AudioFormat(8000), 3000))
    assert short is not None
    assert short.verdict is Verdict.TOO_SHORT


@pytest.mark.parametrize(
    "journal",
    [
        None,
        b"",
        b"\0" * 4096,
        b'{"mark": {"offset": 3}}\n',
        line(begin(AudioFormat(2**31))),
        line(begin(AudioFormat(), "another")),
        line(evolve(begin(AudioFormat()), name="../../etc/passwd")),
    ],
)
def test_without_a_journal_the_header_tells(tmp_path: Path, journal: bytes | None) -> None:
    format = AudioFormat(8000, 3, SampleFormat.S24_3LE)
    folder = left_behind(tmp_path, format, 16_000)
    os.utime(folder / "audio.wav", ns=(0, 1_700_000_000 * 10**9))
    if journal is None:
        (folder / "journal.jsonl").unlink()
    else:
        (folder / "journal.jsonl").write_bytes(journal)
    clip = repair(folder)
    assert clip is not None
    assert (clip.id, clip.format, clip.frames, clip.recovered) == (ID, format, 16_050, True)
    assert clip.started.source is ClockSource.NONE
    assert clip.name == f"recovered_2023-11-14_22-13-17+0000_{ID}"


def test_with_a_journal_the_header_does_not_matter(tmp_path: Path) -> None:
    folder = left_behind(tmp_path, AudioFormat(8000), 8000)
    with (folder / "audio.wav").open("r+b") as file:
        file.write(bytes(HEADER_BYTES))
    clip = repair(folder)
    assert clip is not None
    assert soundfile.info(folder / "audio.wav").frames == clip.frames == 8050


def no_audio(folder: Path) -> None:
    (folder / "audio.wav").unlink()


def no_sound(folder: Path) -> None:
    os.truncate(folder / "audio.wav", HEADER_BYTES + 1)


def part_of_a_header(folder: Path) -> None:
    os.truncate(folder / "audio.wav", 17)


def nothing_known(folder: Path) -> None:
    (folder / "journal.jsonl").unlink()
    with (folder / "audio.wav").open("r+b") as file:
        file.write(bytes(HEADER_BYTES))


def foreign_file(folder: Path) -> None:
    (folder / "journal.jsonl").unlink()
    soundfile.write(folder / "audio.wav", [0.1] * 1000, 8000)


@pytest.mark.parametrize("damage", [no_audio, no_sound, part_of_a_header, nothing_known, foreign_file])
def test_what_cannot_be_repaired_is_left_alone(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = left_behind(tmp_path, AudioFormat(8000), 1000)
    damage(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert repair(folder) is None
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("damage", [('"frames": 100', '"frames": 90'), ("abcdefghij", "abcdefghik"), ("box_", "a/x_")])
def test_metadata_that_contradicts_the_sound_is_not_believed(tmp_path: Path, damage: tuple[str, str]) -> None:
    take = TakeFile.create(tmp_path, begin(AudioFormat(8000)))
    take.append(numbered(0, 100, AudioFormat(8000)))
    sealed = take.seal(Levels(), Verdict.OK)
    take.close()
    metadata = tmp_path / ID / "clip.json"
    metadata.write_text(metadata.read_text().replace(*damage, 1))
    clip = repair(tmp_path / ID)
    assert clip is not None and clip.recovered
    assert (clip.id, clip.name, clip.frames) == (sealed.id, sealed.name, 100)


def without_checksums(journal: Path) -> None:
    """As older releases wrote it."""
    lines = [json.loads(text) for text in journal.read_bytes().splitlines()]
    for entry in lines:
        for body in entry.values():
            del body["crc32"]
    journal.write_text("".join(json.dumps(entry) + "\n" for entry in lines))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["journal.jsonl", "older journal.jsonl", "clip.json"])
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_bit_that_flips_beside_the_sound_costs_none_of_it(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: float, bit: int
) -> None:
    format = AudioFormat(rate=8000)
    folder = left_behind(tmp_path_factory.mktemp("takes"), format, 100, bytes(600))
    sound = (folder / "audio.wav").read_bytes()[HEADER_BYTES:]
    if name == "clip.json":
        repair(folder)
    elif name.startswith("older"):
        without_checksums(folder / "journal.jsonl")
    path = folder / name.split()[-1]
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)
    clip = repair(folder)
    assert clip is not None and (clip.format, clip.frames) == (format, len(sound) // 2)
    assert (folder / "audio.wav").read_bytes()[HEADER_BYTES:] == sound


def test_a_journal_with_checksums_counts_more_than_a_header_and_one_without_less(tmp_path: Path) -> None:
    for name, expected in (("checked", 1), ("older", 3)):
        folder = left_behind(tmp_path / name, AudioFormat(), 96)
        with (folder / "audio.wav").open("r+b") as file:
            file.write(build(AudioFormat(channels=3), None))
        if name == "older":
            without_checksums(folder / "journal.jsonl")
        clip = repair(folder)
        assert clip and clip.format.channels == expected and clip.device == "box"


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_two_torn_files_are_repaired_or_left(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    takes = tmp_path_factory.mktemp("takes")
    format = AudioFormat(8000, 2)
    folder = left_behind(takes, format, 300)
    for name in ("audio.wav", "journal.jsonl"):
        content = bytearray((folder / name).read_bytes())
        for _ in range(data.draw(st.integers(0, 2))):
            content[data.draw(st.integers(0, len(content) - 1 if name != "audio.wav" else HEADER_BYTES - 1))] = (
                data.draw(st.integers(0, 255))
            )
        (folder / name).write_bytes(content[: data.draw(st.integers(0, len(content)))])
    sound = (folder / "audio.wav").read_bytes()[HEADER_BYTES:]
    clip = repair(folder)
    if clip is not None:
        width = clip.format.frame_bytes
        assert clip.frames == len(sound) // width
        assert (folder / "audio.wav").read_bytes()[HEADER_BYTES:][: clip.frames * width] == sound[: clip.frames * width]
        assert soundfile.info(folder / "audio.wav").frames == clip.frames
    shutil.rmtree(takes)


def test_a_take_beyond_four_gigabytes_is_playable(tmp_path: Path) -> None:
    format = AudioFormat(48_000, 2)
    TakeFile.create(tmp_path, begin(format)).close()
    audio = tmp_path / ID / "audio.wav"
    sound = numbered(0, 1000, format)
    frames = 2**32 // 4 + 1000
    with audio.open("r+b") as file:
        file.seek(HEADER_BYTES + 2**32)
        file.write(sound)
    descriptor = os.open(audio, os.O_RDWR)
    clip = TakeFile(tmp_path / ID, begin(format), History(), descriptor, frames * 4).seal(Levels(), Verdict.OK)
    os.close(descriptor)
    assert (clip.frames, clip.size) == (frames, HEADER_BYTES + frames * 4)
    with soundfile.SoundFile(audio) as file:
        assert (file.format, file.frames) == ("RF64", frames)
        file.seek(frames - 1000)
        assert file.read(dtype="int16").tobytes() == sound
