"""How long a file says that its sound is, and whether it ends so.

Sources: Microsoft RIFF, EBU Tech 3306 (RF64), Apple AIFF and CAF, Sony Wave64, NeXT .snd, RFC 3533, 6 (Ogg pages).
"""

import mmap
from typing import Literal

from appliance.values import frozen

_HEADER = 1 << 16
"""Bytes in front of the sound, at most, in which it is looked for."""

_UNKNOWN = {4: 0x7000_0000, 8: 1 << 62}
"""From here on a length of so many bytes means that it was not known; programs differ in what they write then."""

_OGG_PAGE = 27 + 255 + 255 * 255
"""The largest page of Ogg in bytes."""

_SLOPPY = 64
"""Bytes by which some programs are mistaken."""


@frozen
class _Layout:
    """How chunks lie one behind the other."""

    begin: int
    name: int
    """Length of a chunk's name."""
    size: int
    """Length of its length."""
    order: Literal["little", "big"]
    sound: bytes
    """How the name of the chunk with the sound begins."""
    align: int
    own: int = 0
    """How much of its own head a chunk counts."""


_LAYOUTS = {
    b"RIFF": _Layout(12, 4, 4, "little", b"data", 2),
    b"RF64": _Layout(12, 4, 4, "little", b"data", 2),
    b"FORM": _Layout(12, 4, 4, "big", b"SSND", 2),
    b"caff": _Layout(8, 4, 8, "big", b"data", 1),
    b"riff": _Layout(40, 16, 8, "little", b"data", 8, 24),
}


def sound_chunk(data: mmap.mmap | bytes) -> tuple[int, int] | None:
    """Where the sound begins, and its length in bytes as the file tells it; None where none is found."""
    if data[:4] == b".snd":
        return int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
    if (layout := _LAYOUTS.get(data[:4])) is None:
        return None
    large = 0
    offset = layout.begin
    while offset + layout.name + layout.size <= min(len(data), _HEADER):
        name = data[offset : offset + layout.name]
        size = _number(data, offset + layout.name, layout) - layout.own
        offset += layout.name + layout.size
        if name.startswith(layout.sound):
            return offset, large or size
        if name == b"ds64":
            large = int.from_bytes(data[offset + 8 : offset + 16], "little")
        if size < 0:
            return None
        offset += size + -(size + layout.own) % layout.align
    return None


def _number(data: mmap.mmap | bytes, at: int, layout: _Layout) -> int:
    return int.from_bytes(data[at : at + layout.size], layout.order)


def breaks_off(data: mmap.mmap | bytes) -> bool:
    """Whether it says that there is more sound than there is."""
    if data[:4] == b"OggS":
        page = _last_page(data)
        return len(page) < 27 or len(page) < _page_length(page)
    if (found := sound_chunk(data)) is None:
        return False
    begin, told = found
    known = told < _UNKNOWN[8 if told > 0xFFFF_FFFF else 4]
    return known and begin + told > len(data) + _SLOPPY


def ends_whole(data: mmap.mmap | bytes) -> bool:
    """Whether nothing is missing at its end, as far as its format tells; MP3 may end after any of its frames."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        told = int.from_bytes(data[4:8], "little")
        return told in (0, 0xFFFF_FFFF) or told + 8 <= len(data)
    if data[:4] == b"OggS":
        return not breaks_off(data) and bool(_last_page(data)[5] & 4)
    return not breaks_off(data)


def _last_page(data: mmap.mmap | bytes) -> bytes:
    begin = data.rfind(b"OggS", max(0, len(data) - _OGG_PAGE))
    return data[begin:] if begin >= 0 else b""


def _page_length(page: bytes) -> int:
    """As its head of 27 bytes and more tells it."""
    return 27 + page[26] + sum(page[27 : 27 + page[26]])
