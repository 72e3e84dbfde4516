"""WAVE headers: built with room to grow past 4 GB, and read back from whatever is there.

The header always takes `HEADER_BYTES`, so that it can be rewritten in place once the length is known. A JUNK chunk
keeps the room for the ds64 chunk that turns RIFF into RF64 (EBU Tech 3306). More than two channels or 16 bits are
written as WAVE_FORMAT_EXTENSIBLE (Microsoft, "Multiple Channel Audio Data and WAVE Files").
"""

import struct

from appliance.models import AudioFormat, SampleFormat
from appliance.values import frozen

HEADER_BYTES = 104
"""Size of every header that `build` makes."""

_UNKNOWN = 0xFFFFFFFF
_DS64_BYTES = 28
_PCM = 0x0001
_EXTENSIBLE = 0xFFFE
_PCM_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_CHANNEL_MASKS = {1: 0x4, 2: 0x3}
_SAMPLES = {16: SampleFormat.S16_LE, 24: SampleFormat.S24_3LE, 32: SampleFormat.S32_LE}


@frozen
class Wav:
    """What a header says: the format, where the sound begins, and how many bytes of it there are.

    `data_bytes` is None where the writer did not know the length yet.
    """

    format: AudioFormat
    data_offset: int
    data_bytes: int | None


def padding(data_bytes: int) -> int:
    """Bytes that must follow the sound: RIFF chunks have even lengths."""
    return data_bytes % 2


def build(format: AudioFormat, data_bytes: int | None) -> bytes:
    """The header of a file with `data_bytes` of sound; None claims the longest length, as live streams do.

    Raises ValueError where WAVE has no words for the format.
    """
    fmt = _fmt_chunk(format)
    data = data_bytes or 0
    riff_bytes = HEADER_BYTES - 8 + data + padding(data)
    if riff_bytes < _UNKNOWN:
        size = _UNKNOWN if data_bytes is None else data
        return b"".join(
            (
                struct.pack("<4sI4s", b"RIFF", _UNKNOWN if data_bytes is None else riff_bytes, b"WAVE"),
                struct.pack("<4sI28x", b"JUNK", _DS64_BYTES),
                fmt,
                struct.pack("<4sI", b"data", size),
            )
        )
    return b"".join(
        (
            struct.pack("<4sI4s", b"RF64", _UNKNOWN, b"WAVE"),
            struct.pack("<4sIQQQI", b"ds64", _DS64_BYTES, riff_bytes, data, data // format.frame_bytes, 0),
            fmt,
            struct.pack("<4sI", b"data", _UNKNOWN),
        )
    )


def _fmt_chunk(format: AudioFormat) -> bytes:
    """The fmt chunk, 48 bytes long with what fills it up."""
    if format.sample is SampleFormat.FLOAT_LE:
        raise ValueError("FLOAT_LE is for speakers, no format of a recording")
    bits = format.sample.bytes * 8
    extensible = format.channels > 2 or bits > 16
    try:
        common = struct.pack(
            "<HHIIHH",
            _EXTENSIBLE if extensible else _PCM,
            format.channels,
            format.rate,
            format.byte_rate,
            format.frame_bytes,
            bits,
        )
    except struct.error as error:
        raise ValueError(f"WAVE cannot describe {format}") from error
    if not extensible:
        return struct.pack("<4sI", b"fmt ", len(common)) + common + struct.pack("<4sI16x", b"JUNK", 16)
    mask = _CHANNEL_MASKS.get(format.channels, 0)
    extension = struct.pack("<HHIH", 22, bits, mask, _PCM) + _PCM_GUID_TAIL
    return struct.pack("<4sI", b"fmt ", len(common) + len(extension)) + common + extension


def parse(head: bytes) -> Wav:
    """Read a header from the first bytes of a file.

    Chunks may come in any order as long as `fmt ` precedes `data`. Raises ValueError where this is no WAVE header, it
    is cut short, or its samples are not 16, 24 or 32 bit integers.
    """
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
        raise ValueError("not a WAVE file")
    long_size: int | None = None
    format: AudioFormat | None = None
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        body = head[at + 8 : at + 8 + size]
        if name == b"data":
            if format is None:
                raise ValueError("the WAVE header does not say its format")
            return Wav(format, at + 8, size if size != _UNKNOWN else long_size)
        if name == b"ds64" and len(body) >= 16:
            long_size = struct.unpack_from("<Q", body, 8)[0]
        elif name == b"fmt ":
            format = _parse_fmt(body)
        at += 8 + size + padding(size)
    raise ValueError("the WAVE header is cut short")


def _parse_fmt(body: bytes) -> AudioFormat:
    if len(body) < 16:
        raise ValueError("the WAVE format is cut short")
    tag, channels, rate, byte_rate, frame_bytes, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 40:
        tag = struct.unpack_from("<H", body, 24)[0] if body[26:40] == _PCM_GUID_TAIL else 0
    if tag != _PCM or bits not in _SAMPLES or frame_bytes != channels * bits // 8:
        raise ValueError("the WAVE samples are not 16, 24 or 32 bit integers")
    if byte_rate != rate * frame_bytes:
        raise ValueError("the WAVE header contradicts itself")
    return AudioFormat(rate, channels, _SAMPLES[bits])
