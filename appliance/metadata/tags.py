"""Tags in encoded files: Vorbis comments in FLAC and Opus, ID3 in MP3. Each rewrites the file, in constant memory."""

import os
import shutil
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import BinaryIO

from attrs import evolve

from appliance.codec import to_json
from appliance.metadata.facts import SOFTWARE, began, cleaned, facts, named
from appliance.models import Clip

_MOST = 60_000
"""Bytes that all comments may take: they must fit a page of Ogg, which holds 65,025."""

_MOST_CHAPTERS = 255
_LAST_BLOCK = 0x80
_COMMENTS, _PADDING = 4, 1
_PAGE = struct.Struct("<4sBBqIIIB")


_ID3_NAMES = {
    "ALBUM": b"TALB",
    "ARTIST": b"TPE1",
    "COMPOSER": b"TCOM",
    "COPYRIGHT": b"TCOP",
    "GENRE": b"TCON",
    "LANGUAGE": b"TLAN",
    "PERFORMER": b"TPE1",
    "SPEAKER": b"TPE1",
}
"""Fields that have a place of their own in ID3v2.4."""


def tag(path: Path, suffix: str, clip: Clip) -> None:
    """Put what is known of a clip into an encoding of it, whose name ends in `suffix`.

    Raises OSError, and ValueError where it is no such file.
    """
    clip, made = cleaned(clip), path.with_name(f"{path.name}.tagged")
    try:
        with path.open("rb") as source, made.open("wb") as target:
            {".flac": _tag_flac, ".opus": _tag_opus, ".mp3": _tag_mp3}[f".{suffix.rpartition('.')[2]}"](
                source, target, clip
            )
            shutil.copyfileobj(source, target, 1 << 20)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def comments(clip: Clip) -> list[tuple[str, str]]:
    """The Vorbis comments of a clip: the proposed minimal list of names, chapters for marks, then everything else."""
    known = facts(clip)
    first = {
        "TITLE": clip.title or clip.name,
        "DATE": began(clip).isoformat(timespec="milliseconds"),
        "DESCRIPTION": known.pop("NOTE", ""),
        "ENCODER": SOFTWARE,
    }
    found = [(name, text) for name, text in first.items() if text]
    for number, (said, mark) in enumerate(named(clip.marks[:999]), 1):
        found += [(f"CHAPTER{number:03}", _clock(clip.format.seconds(mark.offset)))]
        found += [(f"CHAPTER{number:03}NAME", said)]
    return found + list(known.items())


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes // 60):02}:{int(minutes % 60):02}:{rest:06.3f}"


def _vorbis(clip: Clip) -> bytes:
    """The comment header (Xiph.Org, "Ogg Vorbis I format specification: comment field"); too much is left out whole."""
    vendor, entries, size = SOFTWARE.encode(), list[bytes](), 0
    for name, text in comments(clip):
        entry = f"{name}={text}".encode()
        if size + len(entry) + 4 <= _MOST:
            size += len(entry) + 4
            entries.append(struct.pack("<I", len(entry)) + entry)
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(entries)) + b"".join(entries)


def _tag_flac(source: BinaryIO, target: BinaryIO, clip: Clip) -> None:
    """RFC 9639, 8: the metadata blocks, with our comments in place of others."""
    if source.read(4) != b"fLaC":
        raise ValueError("it is no FLAC")
    blocks, last = list[tuple[int, bytes]](), False
    while not last:
        head = source.read(4)
        if len(head) < 4:
            raise ValueError("its header breaks off")
        last, kind = bool(head[0] & _LAST_BLOCK), head[0] & ~_LAST_BLOCK
        body = source.read(int.from_bytes(head[1:], "big"))
        if kind not in (_COMMENTS, _PADDING):
            blocks.append((kind, body))
    blocks.append((_COMMENTS, _vorbis(clip)))
    target.write(b"fLaC")
    for number, (kind, body) in enumerate(blocks, 1):
        is_last = _LAST_BLOCK if number == len(blocks) else 0
        target.write(bytes([kind | is_last]) + len(body).to_bytes(3, "big") + body)


def _tag_opus(source: BinaryIO, target: BinaryIO, clip: Clip) -> None:
    """RFC 7845, 5.2: the comment header is the second page; where it was more than one, the pages move up."""
    _, head = _page(source)
    target.write(head)
    fields, page = _page(source)
    if b"OpusTags" not in page[: 27 + 255 + 8]:
        raise ValueError("it is no Opus in Ogg")
    serial, pages = fields[4], 1
    while page[26 + page[26]] == 255:  # the packet goes on
        _, page = _page(source)
        pages += 1
    body = b"OpusTags" + _vorbis(clip)
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    target.write(_with_checksum(_PAGE.pack(b"OggS", 0, 0, 0, serial, 1, 0, len(lacing)) + lacing + body))
    if pages > 1:
        for fields, page in _pages(source):
            renumbered = bytearray(page)
            struct.pack_into("<I", renumbered, 18, fields[5] - pages + 1)
            target.write(_with_checksum(bytes(renumbered)))


def _page(source: BinaryIO) -> tuple[tuple[int, ...], bytes]:
    """The fields of the next page (RFC 3533, 6) and the page. Raises ValueError where there is none."""
    head = source.read(_PAGE.size)
    if len(head) < _PAGE.size or head[:4] != b"OggS":
        raise ValueError("its pages break off")
    lacing = source.read(head[26])
    return _PAGE.unpack(head), head + lacing + source.read(sum(lacing))


def _pages(source: BinaryIO) -> Iterator[tuple[tuple[int, ...], bytes]]:
    while source.read(1):
        source.seek(-1, os.SEEK_CUR)
        yield _page(source)


def _with_checksum(page: bytes) -> bytes:
    """A page with its checksum: a CRC-32 of the polynomial 0x04C11DB7, neither reflected nor inverted."""
    table, crc = _table(), 0
    page = page[:22] + bytes(4) + page[26:]
    for octet in page:
        crc = (crc << 8) & 0xFFFFFFFF ^ table[crc >> 24 ^ octet]
    return page[:22] + struct.pack("<I", crc) + page[26:]


@cache
def _table() -> tuple[int, ...]:
    found = []
    for number in range(256):
        crc = number << 24
        for _ in range(8):
            crc = crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        found.append(crc & 0xFFFFFFFF)
    return tuple(found)


def _tag_mp3(source: BinaryIO, target: BinaryIO, clip: Clip) -> None:
    """An ID3v2.4 tag (id3.org) before the sound; one that is there already is left out."""
    head = source.read(10)
    has = head[:3] == b"ID3"
    source.seek(10 + sum(octet << 7 * (3 - place) for place, octet in enumerate(head[6:10])) if has else 0)
    places = {"TITLE": b"TIT2", "DATE": b"TDRC", "ENCODER": b"TSSE", **_ID3_NAMES}
    found = tuple(named(clip.marks[:_MOST_CHAPTERS]))
    times = [*(clip.format.seconds(mark.offset) for _, mark in found), clip.seconds]
    frames = _id3_chapters([(times[at], times[at + 1], said) for at, (said, _) in enumerate(found)])
    taken = set[bytes]()
    for name, text in comments(evolve(clip, marks=())) + ([("MARKS", to_json(clip.marks))] if clip.marks else []):
        place = places.get(name)
        if name == "DATE":
            frames += _id3_frame(b"TXXX", b"\3DATE\0" + text.encode())
            text = began(clip).astimezone(UTC).isoformat()[:19]  # ID3v2.4.0-structure: "all time stamps are UTC"
        if name == "DESCRIPTION":
            frames += _id3_frame(b"COMM", b"\3und\0" + text.encode())
        elif place and place not in taken:  # ID3 has each of them once, and so one artist
            taken.add(place)
            frames += _id3_frame(place, b"\3" + text.encode())
        else:
            frames += _id3_frame(b"TXXX", b"\3" + name.encode() + b"\0" + text.encode())
    target.write(b"ID3\4\0\0" + _synchsafe(len(frames)) + frames)


def album_tag(title: str, chapters: Sequence[tuple[float, float, str]]) -> bytes:
    """An ID3v2.4 tag with chapters (id3.org, "ID3v2 Chapter Frame Addendum"): begin and end in seconds, and a name.

    There may be 255 of them.
    """
    frames = _id3_frame(b"TIT2", b"\3" + title.encode()) + _id3_frame(b"TSSE", b"\3" + SOFTWARE.encode())
    frames += _id3_chapters(chapters)
    return b"ID3\4\0\0" + _synchsafe(len(frames)) + frames


def _id3_chapters(chapters: Sequence[tuple[float, float, str]]) -> bytes:
    names = [f"c{number}".encode() + b"\0" for number in range(len(chapters))]
    frames = _id3_frame(b"CTOC", b"toc\0\3" + bytes([len(names)]) + b"".join(names)) if names else b""
    for name, (begin, end, said) in zip(names, chapters, strict=True):
        times = struct.pack(">4I", round(begin * 1000), round(end * 1000), 0xFFFFFFFF, 0xFFFFFFFF)
        frames += _id3_frame(b"CHAP", name + times + _id3_frame(b"TIT2", b"\3" + said.encode()))
    return frames


def _id3_frame(name: bytes, body: bytes) -> bytes:
    return name + _synchsafe(len(body)) + b"\0\0" + body


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
