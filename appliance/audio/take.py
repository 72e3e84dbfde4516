"""Takes from outside: their ids, the names of their clips, and the repair of those left behind."""

import base64
import os
from pathlib import Path

from attrs import evolve

from appliance import codec, durable
from appliance.audio import wav
from appliance.audio.journal import Begin, replay
from appliance.audio.takefile import AUDIO, CLIP, JOURNAL, TakeFile, disk
from appliance.config.audio import RecordingSettings
from appliance.errors import NewerWord
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Gap, Levels

_BLOCK_BYTES = 1_048_576
_MEASURED_BYTES = 32 << 20
"""Most that is read of a take to be repaired: an hour of sound would keep a slow card busy longer than a start may."""

_MOST_BYTES = 16 << 20
"""More than anything beside the sound has to tell."""

_UNKNOWN_DEVICE = "recovered"


def new_take_id() -> str:
    """Ten characters of lower-case base32 (RFC 4648) at random: 50 bits."""
    return base64.b32encode(os.urandom(7)).decode()[:10].lower()


def clip_name(device: str, started: ClockStamp, take_id: str) -> str:
    """`DEVICE_YYYY-MM-DD_HH-MM-SS±HHMM_ID`, in the local time of the press. Safe on FAT."""
    sign = "-" if started.utc_offset < 0 else "+"
    hours, minutes = divmod(abs(started.utc_offset) // 60, 60)
    return f"{device}_{started.local:%Y-%m-%d_%H-%M-%S}{sign}{hours:02}{minutes:02}_{take_id}"


def repair(folder: Path) -> Clip | None:
    """Seal a take that a crash or a power cut left behind; one that is sealed already is left as it is.

    The size of the file is the truth, not its header; a torn last frame is cut off. Where the journal is lost the
    header tells the format and the file's time the start; it also counts more than a journal without checksums. None,
    and nothing touched, where there is no sound to keep or nothing says what it is made of. Raises StorageError, and
    NewerWord where only a newer release knows what the sound is made of.
    """
    with disk():
        if clip := _sealed(folder):
            return clip
        try:
            audio = os.open(folder / AUDIO, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            begin, history = replay(_content(folder / JOURNAL))
            if begin and not history.checked:
                begin = evolve(begin, format=_format(audio) or begin.format)
            if begin is None or not _plausible(begin, folder.name):
                begin = _begin_of(audio, folder.name)
            if begin is None:
                return None
            frames = (os.fstat(audio).st_size - wav.HEADER_BYTES) // begin.format.frame_bytes
            if frames <= 0:
                return None
            history.cut(frames)
            take = TakeFile(folder, begin, history, audio, frames * begin.format.frame_bytes)
            from appliance.audio.levels import verdict

            levels = _measure(audio, begin, frames, history.gaps)
            judged = verdict(levels, take.seconds, begin.min_seconds, take.lost_seconds)
            return take.seal(levels, judged, recovered=True)
        finally:
            os.close(audio)


def _sealed(folder: Path) -> Clip | None:
    """The clip that it is already, where its metadata agrees with its sound and with itself."""
    try:
        clip = codec.from_json(_content(folder / CLIP), Clip)
        size, header = (folder / AUDIO).stat().st_size, _parsed(durable.read_file(folder / AUDIO, wav.HEADER_BYTES))
    except (ValueError, FileNotFoundError):
        return None
    agrees = (clip.id, clip.name) == (folder.name, Path(clip.name).name) and clip.size == size
    told = told_size(clip)
    agrees &= header is None if told is None else (clip.format, told) == (header, size)
    return clip if agrees else None


def told_size(clip: Clip) -> int | None:
    """Bytes that the file of a clip must have by its length; None where only a newer release knows."""
    try:
        data_bytes = clip.frames * clip.format.frame_bytes
    except NewerWord:
        return None
    return wav.HEADER_BYTES + data_bytes + wav.padding(data_bytes)


def _content(path: Path) -> bytes:
    try:
        return durable.read_file(path, _MOST_BYTES)
    except (FileNotFoundError, ValueError):
        return b""


def _plausible(begin: Begin, take_id: str) -> bool:
    """Whether a journal says what can be: it may be damaged where it still parses."""
    try:
        wav.build(begin.format, None)
    except NewerWord:
        raise
    except ValueError:
        return False
    return begin.take_id == take_id and begin.name == Path(begin.name).name


def _format(audio: int) -> AudioFormat | None:
    return _parsed(os.pread(audio, wav.HEADER_BYTES, 0))


def _parsed(header: bytes) -> AudioFormat | None:
    """What a header says, where it is one of ours."""
    try:
        found = wav.parse(header)
    except ValueError:
        return None
    return found.format if found.data_offset == wav.HEADER_BYTES else None


def _begin_of(audio: int, take_id: str) -> Begin | None:
    """What the header and the file's time tell where the journal does not."""
    format = _format(audio)
    if format is None:
        return None
    status = os.fstat(audio)
    length_ns = (status.st_size - wav.HEADER_BYTES) * 10**9 // format.byte_rate
    started = ClockStamp(status.st_mtime_ns - length_ns, 0, "", ClockSource.NONE)
    name = clip_name(_UNKNOWN_DEVICE, started, take_id)
    return Begin(take_id, name, _UNKNOWN_DEVICE, format, started, RecordingSettings().min_duration)


def _measure(audio: int, begin: Begin, frames: int, gaps: list[Gap]) -> Levels:
    """Levels of the sound without the silence that fills gaps; of a long take only of blocks spread evenly over it."""
    from appliance.audio.levels import Meter

    meter = Meter(begin.format)
    width = begin.format.frame_bytes
    stride = 1 + frames * width // _MEASURED_BYTES
    position = blocks = 0
    for gap in [*(gap for gap in gaps if gap.filled), None]:
        end = gap.offset if gap else frames
        while position < end:
            wanted = min(end - position, _BLOCK_BYTES // width or 1)
            if blocks % stride == 0:
                meter.add(os.pread(audio, wanted * width, wav.HEADER_BYTES + position * width))
            blocks += 1
            position += wanted
        if gap:
            position = max(position, gap.offset + gap.frames)
    return meter.levels
