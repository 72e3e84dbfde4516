"""Whatever lies in the state directory, and whatever a bit that flips makes of a small file: a box starts, records, and
keeps every sound. What it cannot use is in quarantine."""

import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.events import ClipFinished

Box = Any  # tests/store/conftest.py is not importable
Oddity = Callable[[Path], object]
SOUND = bytes(range(1, 251)) * 8
MEMORY = Path("/dev/shm")
"""Where it takes no time to sync."""
ODD_NAME = os.fsdecode(b"caf\xe9")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, box_type: type) -> Path:
    """A state directory with two clips, a take that is sealed and one that a power cut left."""
    box: Box = box_type(tmp_path_factory.mktemp("used"))
    box.start()
    for number in range(2):
        box.store.clips.adopt(box.take(SOUND + bytes([number, 1])))
    box.close()
    box.take(SOUND + b"\x02\x01")
    box.take(SOUND + b"\x03\x01", sealed=False)
    directory: Path = box.directory
    return directory


@contextmanager
def copied(used: Path, box_type: type) -> Iterator[Box]:
    """A box on a copy of the directory."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        shutil.copytree(used, Path(folder) / "state")
        box: Box = box_type(Path(folder))
        try:
            yield box
        finally:
            box.close()


def sounds(directory: Path) -> set[int]:
    """A checksum of the sound in each file, whatever its name and its header."""
    files = (path for path in directory.rglob("*") if path.is_file() and path.stat().st_size > len(SOUND))
    contents = (path.read_bytes() for path in files)
    return {zlib.crc32(content[104 : 104 + len(SOUND) + 2]) for content in contents if SOUND in content}


def other_id(state: Path) -> None:
    """The metadata of the first clip names the id of the second."""
    second = max((state / "clips").glob("*.json"))
    metadata(id=json.loads(second.read_text())["id"])(state)


def starts_and_records(box: Box, kept: set[int]) -> None:
    store = box.start()
    clip = store.clips.adopt(box.take(SOUND + b"\x09\x01"))
    assert clip in store.clips.newest_first()
    assert box.posted(ClipFinished)[-1].clip == clip
    silent = [each.name for each in store.clips.newest_first() if not store.clips.path(each).is_file()]
    assert sorted(silent) == sorted(store.upkeep.missing()), "what is not there is told"
    assert kept <= sounds(box.directory)


def take(name: str, **files: object) -> Oddity:
    """A folder among the takes: bytes are content, a path is what a link leads to."""

    def make(state: Path) -> None:
        folder = state / "takes" / name
        folder.mkdir()
        for path, content in ((folder / key.replace("_", "."), value) for key, value in files.items()):
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif isinstance(content, str):
                path.symlink_to(content)
            elif callable(content):
                content(path)

    return make


def instead(name: str, make: Oddity) -> Oddity:
    """Something else in the place of a file or a folder."""

    def replace(state: Path) -> None:
        path = state / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        make(path)

    return replace


def metadata(**changes: object) -> Oddity:
    """The metadata of a clip changed, and the catalogue lost."""

    def change(state: Path) -> None:
        for path in state.glob("catalogue.db*"):
            path.unlink()
        sidecar = min((state / "clips").glob("*.json"))
        told = json.loads(sidecar.read_text())
        for name, value in changes.items():
            told[name] = told[name] | value if isinstance(value, dict) else value
        sidecar.write_text(json.dumps(told))

    return change


def touch(name: str, content: bytes = b"x") -> Oddity:
    return lambda state: (state / name).write_bytes(content)


def fifo(name: str) -> Oddity:
    return lambda state: os.mkfifo(state / name)


def nowhere(path: Path) -> None:
    path.symlink_to("/nonexistent/place")


TAKE = "abcdefghij"
SPARE = "inbox", "renditions", "quarantine", "trash"
ODDITIES: dict[str, Oddity] = {
    "sound whose name is no text": touch(f"clips/{ODD_NAME}.wav"),
    "metadata whose name is no text": touch(f"clips/{ODD_NAME}.json", b"{}"),
    "a take whose name is no text": take(ODD_NAME, audio_wav=SOUND),
    "an empty take whose name is no text": take(ODD_NAME),
    "a stray among the takes whose name is no text": touch(f"takes/{ODD_NAME}"),
    "a track whose name is no text": touch(f"inbox/{ODD_NAME}.mp3"),
    "an encoding whose name is no text": touch(f"renditions/{ODD_NAME}.flac"),
    "a name of two lines": touch("clips/a\nb.wav"),
    "a name of control characters": touch("clips/a\x1b[31m.wav"),
    "the longest name": touch(f"clips/{'x' * 251}.wav"),
    "a take of the longest name": take("x" * 255, audio_wav=SOUND),
    "a FIFO in the trash": lambda state: ((state / "trash").mkdir(exist_ok=True), fifo("trash/f.json")(state)),
    "a FIFO among the clips": fifo("clips/f.wav"),
    "a FIFO for metadata": lambda state: (fifo("clips/f.json")(state), touch("clips/f.wav")(state)),
    "a FIFO for the metadata of a take": take(TAKE, clip_json=os.mkfifo, audio_wav=SOUND),
    "a FIFO for a journal": take(TAKE, journal_jsonl=os.mkfifo, audio_wav=SOUND),
    "a FIFO for sound": take(TAKE, journal_jsonl=b"", audio_wav=os.mkfifo),
    "a folder for sound": take(TAKE, journal_jsonl=b"", audio_wav=Path.mkdir),
    "a folder for the metadata of a take": take(TAKE, clip_json=Path.mkdir, audio_wav=SOUND),
    "a folder for a journal": take(TAKE, journal_jsonl=Path.mkdir, audio_wav=SOUND),
    "folders for a clip": lambda state: ((state / "clips/d.wav").mkdir(), (state / "clips/d.json").mkdir()),
    "a folder for what is half written": lambda state: (state / "clips/.x.partial").mkdir(),
    "a link for a take": lambda state: (state / "takes/etc").symlink_to("/etc"),
    "a link in a circle": lambda state: (state / "takes/loop").symlink_to("loop"),
    "endless sound": take(TAKE, audio_wav="/dev/zero"),
    "somebody else's file for sound": take(TAKE, audio_wav="/etc/passwd"),
    "endless metadata": lambda state: ((state / "clips/z.json").symlink_to("/dev/zero"), touch("clips/z.wav")(state)),
    "a name outside": metadata(name="../../evil"),
    "a name in a folder": metadata(name="a/b"),
    "the id of another clip": other_id,
    "another size than the sound has": metadata(size=2, frames=1),
    "a length below nothing": metadata(frames=-1),
    "a size that no disk has": metadata(frames=10**30, size=10**30),
    "a start that no calendar has": metadata(started={"wall_ns": 10**30}),
    "an offset that no zone has": metadata(started={"utc_offset": 10**9}),
    "metadata that is no text": metadata(device="\udcff"),
    "levels that are no numbers": metadata(levels={"peak_dbfs": float("nan"), "rms_dbfs": float("inf")}),
    "a folder for the catalogue": instead("catalogue.db", Path.mkdir),
    "a FIFO for the catalogue": instead("catalogue.db", os.mkfifo),
    "a link to nowhere for the catalogue": instead("catalogue.db", nowhere),
    "a folder for its log": instead("catalogue.db-wal", Path.mkdir),
    "a folder for its index": instead("catalogue.db-shm", Path.mkdir),
    "a folder for the lock": instead("appliance.lock", Path.mkdir),
    "a FIFO for the lock": instead("appliance.lock", os.mkfifo),
    "a folder for the room held back": instead("ballast", Path.mkdir),
    "a FIFO for the room held back": instead("ballast", os.mkfifo),
    **{f"a file for {name}": instead(name, Path.touch) for name in SPARE},
    **{
        f"a link to nowhere for {name}": instead(name, nowhere)
        for name in ("inbox", "renditions", "quarantine", "trash")
    },
    "a file for clips": lambda state: ((state / "clips").rename(state / "away"), touch("clips")(state)),
    "a file for takes": lambda state: ((state / "takes").rename(state / "away"), touch("takes")(state)),
}


@pytest.mark.parametrize("oddity", ODDITIES.values(), ids=ODDITIES)
def test_no_start_fails_for_what_lies_in_a_folder(oddity: Oddity, used: Path, box_type: type) -> None:
    with copied(used, box_type) as box:
        kept = sounds(box.directory)
        assert len(kept) == 4
        oddity(box.directory)
        starts_and_records(box, kept)
        assert not any("Traceback" in note for note in box.quarantined().values())


HEADER_BITS = 104 * 8


def sealed(state: Path) -> Path:
    return next((state / "takes").glob("*/clip.json")).parent


def torn(state: Path) -> Path:
    return next(folder for folder in (state / "takes").iterdir() if folder != sealed(state))


def first(suffix: str) -> Callable[[Path], Path]:
    return lambda state: min((state / "clips").glob(f"*.{suffix}"))


SMALL_FILES: dict[str, Callable[[Path], Path]] = {
    "metadata of a take": lambda state: sealed(state) / "clip.json",
    "journal of a sealed take": lambda state: sealed(state) / "journal.jsonl",
    "journal": lambda state: torn(state) / "journal.jsonl",
    "metadata of a clip": first("json"),
    "lock": lambda state: state / "appliance.lock",
}
HEADERS: dict[str, Callable[[Path], Path]] = {
    "header of a sealed take": lambda state: sealed(state) / "audio.wav",
    "header": lambda state: torn(state) / "audio.wav",
    "header of a clip": first("wav"),
}
ALL = SMALL_FILES | HEADERS


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.mark.parametrize("which", ALL)
@pytest.mark.parametrize("every", [397, pytest.param(13, marks=pytest.mark.slow)])
def test_a_bit_that_flips_keeps_nobody_from_recording_and_costs_no_sound(
    which: str, every: int, used: Path, box_type: type
) -> None:
    bits = HEADER_BITS if which in HEADERS else ALL[which](used).stat().st_size * 8
    for bit in range(every // 2, bits, every):
        with copied(used, box_type) as box:
            kept = sounds(box.directory)
            flip(ALL[which](box.directory), bit)
            if "clip" in which:
                box.lose_catalogue()
            starts_and_records(box, kept)


@pytest.mark.parametrize("which", SMALL_FILES)
@pytest.mark.parametrize("left", [lambda content: bytes(len(content)), lambda content: content[: len(content) // 2]])
def test_nor_does_a_file_that_a_power_cut_left_empty_or_torn(
    which: str, left: Callable[[bytes], bytes], used: Path, box_type: type
) -> None:
    with copied(used, box_type) as box:
        kept = sounds(box.directory)
        path = ALL[which](box.directory)
        path.write_bytes(left(path.read_bytes()))
        box.lose_catalogue()
        starts_and_records(box, kept)


@pytest.mark.parametrize(
    "oddity", [name for name, oddity in ODDITIES.items() if oddity.__qualname__.startswith("meta")]
)
def test_sound_is_a_clip_whatever_its_metadata_says(oddity: str, used: Path, box_type: type) -> None:
    with copied(used, box_type) as box:
        ODDITIES[oddity](box.directory)
        lengths = [clip.frames for clip in box.start().clips.newest_first()]
        assert lengths == [len(SOUND) // 2 + 1] * 4


def test_a_copy_under_a_name_with_the_same_id_is_kept(box: Box) -> None:
    clip = box.store.clips.adopt(box.take(SOUND))
    copy = box.store.places.clips / f"other_2027-01-15_08-00-01+0000_{clip.id}.wav"
    shutil.copy(box.store.clips.path(clip), copy)
    copy.write_bytes(copy.read_bytes() + bytes(2))
    assert box.restart().clips.newest_first() == [clip]
    assert (box.store.places.quarantine / copy.stem / copy.name).read_bytes()[-2:] == bytes(2)
