"""What reads bytes that may be anything: each target takes some, and fails where that breaks a promise."""

import struct
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from attrs import frozen

from appliance import codec
from appliance.audio import wav
from appliance.audio.journal import Begin, PauseBegin, PauseEnd, line, replay
from appliance.audio.take import repair
from appliance.audio.takefile import AUDIO, CLIP, JOURNAL
from appliance.config.loader import parse
from appliance.config.options import Extensions
from appliance.config.reference import example
from appliance.errors import ConfigError
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Gap, GapCause, Mark
from appliance.plugin_host import PluginHost

TAKE = "abcdefghij"
FORMAT = AudioFormat(8000, 2)
STARTED = ClockStamp(1_800_000_000 * 10**9, 5, "boot", ClockSource.RTC, 3600)
BEGIN = Begin(TAKE, f"box_2027-01-15_09-00-00+0100_{TAKE}", "box", FORMAT, STARTED, 0.5)
JOURNAL_SEED = b"".join(
    line(entry) for entry in (BEGIN, Gap(10, 5, 1, GapCause.DEVICE), Mark(3), PauseBegin(20), PauseEnd(1.5))
)
CLIP_SEED = codec.to_json(Clip(TAKE, BEGIN.name, "box", FORMAT, 40, 264, STARTED)).encode()
SOUND = bytes(range(160))
_MEMORY = Path("/dev/shm")


@frozen
class Target:
    """What to call with bytes, and bytes to begin with."""

    check: Callable[[bytes], None]
    seeds: Callable[[], tuple[bytes, ...]]


def read_header(data: bytes) -> None:
    """A header is understood, or refused with ValueError; what is understood is within the format's bounds."""
    try:
        found = wav.parse(data)
    except ValueError:
        return
    assert found.format.rate > 0 and found.format.channels > 0 and found.data_offset >= 0


def read_journal(data: bytes) -> None:
    """A journal never raises, and what it tells of a take fits into the take."""
    _, history = replay(data)
    history.cut(20)
    assert all(0 <= gap.offset <= 20 and gap.frames > 0 for gap in history.gaps)
    assert all(0 <= mark.offset <= 20 for mark in history.marks)


def read_clip(data: bytes) -> None:
    """Metadata is understood, or refused with ValueError; what is understood can be written again."""
    try:
        clip = codec.from_json(data, Clip)
    except ValueError:
        return
    assert isinstance(clip, Clip)


def repair_take(data: bytes) -> None:
    """A take is repaired without a change to its sound, or left as it is. The files come packed, as by `pack`."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as root:
        folder = Path(root) / TAKE
        folder.mkdir()
        for name, content in zip((AUDIO, JOURNAL, CLIP), unpack(data), strict=False):
            if content is not None:
                (folder / name).write_bytes(content)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        clip = repair(folder)
        after = {path.name: path.read_bytes() for path in folder.iterdir()}
        if clip is None:
            assert after == before
        elif AUDIO in before:
            sound = before[AUDIO][wav.HEADER_BYTES :]
            kept = min(len(sound), clip.frames * clip.format.frame_bytes)
            assert after[AUDIO][wav.HEADER_BYTES :][:kept] == sound[:kept]
            assert len(after[AUDIO]) == clip.size and len(sound) - kept < clip.format.frame_bytes


def pack(*files: bytes | None) -> bytes:
    """Files behind their lengths; None for one that is missing."""
    return b"".join(struct.pack("<h", -1) if each is None else struct.pack("<h", len(each)) + each for each in files)


def unpack(data: bytes) -> list[bytes | None]:
    """The inverse of `pack`, of any bytes."""
    files: list[bytes | None] = []
    while len(data) >= 2:
        (length,) = struct.unpack_from("<h", data)
        files.append(None if length < 0 else data[2 : 2 + length])
        data = data[2 + max(0, length) :]
    return files


@cache
def _extensions() -> Extensions:
    plugins = PluginHost.installed()
    plugins.discover()
    return plugins.extensions


def read_configuration(data: bytes) -> None:
    """A configuration is used, or every problem with it is one plain line."""
    text = data.decode("utf-8", "replace")
    try:
        parse(text, "box.yaml", _extensions(), {"A": "1"})
    except ConfigError as error:
        assert error.problems and all(each.startswith("box.yaml") and each.isprintable() for each in error.problems)


TARGETS = {
    "header": Target(
        read_header, lambda: (wav.build(FORMAT, None), wav.build(FORMAT, 160), wav.build(FORMAT, 1 << 33))
    ),
    "journal": Target(read_journal, lambda: (JOURNAL_SEED,)),
    "clip": Target(read_clip, lambda: (CLIP_SEED,)),
    "take": Target(
        repair_take,
        lambda: (
            pack(wav.build(FORMAT, None) + SOUND, JOURNAL_SEED),
            pack(wav.build(FORMAT, None) + SOUND, None),
            pack(wav.build(FORMAT, 160) + SOUND, JOURNAL_SEED, CLIP_SEED),
        ),
    ),
    "configuration": Target(read_configuration, lambda: (example(_extensions()).encode(),)),
}
