"""A Broadcast Wave file of a clip: the same sound, with everything that is known in chunks around it.

`bext` version 2 (EBU Tech 3285), `iXML` (ixml.info 2.0), `guan` (GUANO 1.0, for bats and birds), and for marks `cue `
with names in `LIST adtl` (IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0"). Past
4 GB it is RF64 (EBU Tech 3306). No other program need know any of it to play the file.
"""

import struct
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from attrs import evolve

from appliance.audio import wav
from appliance.metadata.facts import SOFTWARE, began, cleaned, facts, named, position
from appliance.models import Clip, Mark

if TYPE_CHECKING:
    from appliance.audio.loudness import Loudness

_BLOCK = 1 << 20
_FIRST_BYTES = 4096
_UNKNOWN = 0xFFFFFFFF
_NO_LOUDNESS = 0x7FFF
_MOST_TOLD = 327.0
_DS64_BYTES = 28
_NAMESPACE = "AudioAppliance"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # xml.sax.saxutils would load all of TLS


def with_metadata(
    source: Path, target: Path, clip: Clip, check: Callable[[], None], loudness: "Loudness | None" = None
) -> None:
    """Write the sound of a clip's own file to `target`, as `write` does; calls `check` between blocks.

    Raises ValueError where the source is no such file, OSError.
    """
    with source.open("rb") as file:
        head = file.read(_FIRST_BYTES)
        found = wav.parse(head)
        file.seek(found.data_offset)
        blocks = _blocks(file, clip.frames * found.format.frame_bytes, check)
        write(target, evolve(clip, format=found.format), blocks, loudness, _chunk_of(head, b"fmt "))


def write(
    target: Path,
    clip: Clip,
    blocks: Iterable[bytes],
    loudness: "Loudness | None" = None,
    fmt: bytes = b"",
) -> int:
    """Write blocks of sound in the format of a clip as Broadcast Wave; the number of frames. Raises OSError."""
    clip, size = cleaned(clip), 0
    fmt = fmt or _chunk_of(wav.build(clip.format, 0), b"fmt ")
    with target.open("wb") as made:
        made.write(header(clip, fmt, 0, 0, loudness))
        for block in blocks:
            made.write(block)
            size += len(block)
        clip = evolve(clip, frames=size // clip.format.frame_bytes)
        tail = _chunks(
            (b"iXML", _ixml(clip).encode()),
            (b"guan", _guano(clip).encode()),
            (b"cue ", _cue(clip.marks)),
            (b"LIST", _names_of(clip.marks)),
        )
        made.write(bytes(wav.padding(size)) + tail)
        made.seek(0)
        made.write(header(clip, fmt, size, len(tail), loudness))
    return clip.frames


def _blocks(file: BinaryIO, left: int, check: Callable[[], None]) -> Iterator[bytes]:
    while left and (block := file.read(min(left, _BLOCK))):
        check()
        yield block
        left -= len(block)
    if left:
        raise ValueError("it is shorter than its clip")


def header(clip: Clip, fmt: bytes, data_bytes: int, tail_bytes: int, loudness: "Loudness | None" = None) -> bytes:
    """Everything before the sound; what may be long follows it, in `tail_bytes`: libsndfile reads no long header."""
    chunks = _chunks((b"bext", _bext(clip, loudness)), (b"fmt ", fmt))
    size = 4 + 8 + _DS64_BYTES + len(chunks) + 8 + data_bytes + wav.padding(data_bytes) + tail_bytes
    if size < _UNKNOWN:
        start = struct.pack("<4sI4s4sI28x", b"RIFF", size, b"WAVE", b"JUNK", _DS64_BYTES)
        return start + chunks + struct.pack("<4sI", b"data", data_bytes)
    start = struct.pack("<4sI4s4sI", b"RF64", _UNKNOWN, b"WAVE", b"ds64", _DS64_BYTES)
    lengths = struct.pack("<QQQI", size, data_bytes, clip.frames, 0)
    return start + lengths + chunks + struct.pack("<4sI", b"data", _UNKNOWN)


def _chunks(*named: tuple[bytes, bytes]) -> bytes:
    return b"".join(_chunk(name, body) for name, body in named if body)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + bytes(wav.padding(len(body)))


def _chunk_of(head: bytes, wanted: bytes) -> bytes:
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        if name == wanted:
            return head[at + 8 : at + 8 + size]
        at += 8 + size + wav.padding(size)
    raise ValueError("the WAVE header does not say its format")


def _ascii(text: str, size: int) -> bytes:
    """What of a text ASCII can tell, in so many bytes: bext knows no other."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    kept = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(kept.encode("ascii", "replace").decode().split()).encode()[:size]


def _since_midnight(clip: Clip) -> int:
    moment = began(clip)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return round((seconds + moment.microsecond / 1e6) * clip.format.rate)


def _hundredths(value: float) -> int:
    """A loudness as bext tells it."""
    return round(100 * value) if abs(value) < _MOST_TOLD else _NO_LOUDNESS


def _bext(clip: Clip, loudness: "Loudness | None") -> bytes:
    """EBU Tech 3285 version 2. Loudness that is not known is marked so; there is no UMID."""
    moment, format = began(clip), clip.format
    told = loudness and (
        *(loudness.integrated, loudness.range, loudness.true_peak),
        *(loudness.momentary, loudness.short_term),
    )
    about = ". ".join(part for part in (clip.title, clip.note, clip.place.name if clip.place else "") if part)
    mode = {1: "mono", 2: "stereo"}.get(format.channels, f"{format.channels} channels")
    history = f"A=PCM,F={format.rate},W={format.sample.bytes * 8},M={mode},T={clip.device}; {SOFTWARE}"
    return (
        struct.pack(
            "<256s32s32s10s8sQH64s5h180x",
            _ascii(about or clip.name, 256),
            _ascii(clip.device, 32),
            _ascii(clip.id, 32),
            f"{moment:%Y-%m-%d}".encode(),
            f"{moment:%H:%M:%S}".encode(),
            _since_midnight(clip),
            2,
            b"",
            *(map(_hundredths, told) if told else 5 * [_NO_LOUDNESS]),
        )
        + _ascii(history, 1000)
        + b"\r\n"
    )


def _ixml(clip: Clip) -> str:
    """iXML 2.0: what sound recorders and editors exchange."""
    rate, samples = clip.format.rate, _since_midnight(clip)
    place = clip.place
    known = facts(clip)
    location = ""
    if place:
        gps = position(clip).replace(" ", ", ")
        location = _tag("LOCATION", _tag("LOCATION_NAME", _escaped(place.name)) + _tag("LOCATION_GPS", gps), raw=True)
    points = "".join(
        _tag(
            "SYNC_POINT",
            _tag("SYNC_POINT_TYPE", "RELATIVE")
            + _tag("SYNC_POINT_FUNCTION", "MARKER")
            + _tag("SYNC_POINT_COMMENT", _escaped(name))
            + _tag("SYNC_POINT_LOW", str(mark.offset & _UNKNOWN))
            + _tag("SYNC_POINT_HIGH", str(mark.offset >> 32)),
            raw=True,
        )
        for name, mark in named(clip.marks)
    )
    count = _tag("SYNC_POINT_COUNT", str(len(clip.marks)))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<BWFXML>'
        + _tag("IXML_VERSION", "2.0")
        + _tag("PROJECT", _escaped(clip.device))
        + _tag("SCENE", _escaped(clip.title))
        + _tag("TAKE", clip.id)
        + _tag("NOTE", _escaped(clip.note))
        + _tag("FILE_UID", clip.id)
        + _tag(
            "SPEED",
            _tag("FILE_SAMPLE_RATE", str(rate))
            + _tag("AUDIO_BIT_DEPTH", str(clip.format.sample.bytes * 8))
            + _tag("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI", str(samples >> 32))
            + _tag("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO", str(samples & _UNKNOWN))
            + _tag("TIMESTAMP_SAMPLE_RATE", str(rate)),
            raw=True,
        )
        + _tag("HISTORY", _tag("ORIGINAL_FILENAME", _escaped(clip.file_name)), raw=True)
        + location
        + (_tag("SYNC_POINT_LIST", count + points, raw=True) if points else "")
        + _tag("USER", _escaped("; ".join(f"{name}={text}" for name, text in known.items())))
        + "</BWFXML>\n"
    )


def _tag(name: str, content: str, *, raw: bool = False) -> str:
    return f"<{name}>{content}</{name}>" if content or raw else ""


def _escaped(text: str) -> str:
    return text.translate(_ENTITIES)


def _guano(clip: Clip) -> str:
    """GUANO 1.0 (guano-md.org): one `Key: value` a line, what has no name of its own in a namespace of ours."""
    lines = {
        "GUANO|Version": "1.0",
        "Timestamp": began(clip).isoformat(timespec="milliseconds"),
        "Length": f"{clip.seconds:.6f}",
        "Samplerate": str(clip.format.rate),
        "Make": "Audio Appliance",
        "Model": clip.device,
        "Original Filename": clip.file_name,
        "Note": _line(clip.note),
        "Tags": ",".join(label.replace(",", " ") for label in clip.labels),
        "Loc Position": position(clip),
        "Firmware Version": SOFTWARE,
        f"{_NAMESPACE}|Title": _line(clip.title),
    }
    lines |= {f"{_NAMESPACE}|{name.replace('_', ' ').title()}": _line(text) for name, text in facts(clip).items()}
    return "".join(f"{name}: {text}\n" for name, text in lines.items() if text)


def _line(text: str) -> str:
    """GUANO writes a line break as a backslash and an n."""
    return text.replace("\n", "\\n")


def _cue(marks: tuple[Mark, ...]) -> bytes:
    """One cue point for each mark that the chunk can tell: it counts frames with 32 bits."""
    points = [
        struct.pack("<II4sIII", number, mark.offset, b"data", 0, 0, mark.offset)
        for number, mark in enumerate(marks, 1)
        if mark.offset <= _UNKNOWN
    ]
    return struct.pack("<I", len(points)) + b"".join(points) if points else b""


def _names_of(marks: tuple[Mark, ...]) -> bytes:
    labels = b"".join(
        _chunk(b"labl", struct.pack("<I", number) + name.encode() + b"\0")
        for number, (name, mark) in enumerate(named(marks), 1)
        if mark.offset <= _UNKNOWN
    )
    return b"adtl" + labels if labels else b""
