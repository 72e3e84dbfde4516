"""What of a sound file the decoder is given, where the file does not tell its own length truly.

libsndfile reads as far as headers say. Streams that were written to a file, files that were joined, and junk in front
make them say too little: the end of the sound would be missing, or all of it. Here the file's own frames and pages are
counted, and the decoder gets pieces of the file, each behind a header that is true.

- MP3 (ISO/IEC 11172-3, 13818-3) has no length at all, but for a first frame without sound that many programs write
  (Xing, VBRI). Where that is missing, or speaks of another number of bytes than there are, the frames are walked.
- Ogg (RFC 3533) may chain streams, one after the other; each is a piece.
- WAV written to a pipe says that it holds nothing, or more than any file: the sound goes to the end of the file.
"""

import io
import mmap
import struct
from collections.abc import Iterator
from typing import BinaryIO

from appliance.values import frozen

_BITRATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s by version (2 stands for 2.5 too) and layer; the index in a header counts from 1."""

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Frames per second by the version bits of a header."""

_SURE = 3
"""So many frames in a row are no accident."""

_LOOK = 1 << 20
"""Bytes of junk in front, at most, among which the first frame is looked for."""

_TAG = b"Xing"
_WAV_HEADER = 1 << 16


@frozen
class Piece:
    """`head`, followed by the bytes of the file from `begin` to `end`."""

    head: bytes
    begin: int
    end: int


class PieceFile(io.RawIOBase):
    """A piece as a file of its own."""

    def __init__(self, file: BinaryIO, piece: Piece) -> None:
        self._file = file
        self._piece = piece
        self._length = len(piece.head) + piece.end - piece.begin
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        head = self._piece.head
        data = head[self._at : self._at + len(buffer)]
        if not data and self._at < self._length:
            self._file.seek(self._piece.begin + self._at - len(head))
            data = self._file.read(min(len(buffer), self._length - self._at))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def pieces_of(file: BinaryIO) -> list[Piece]:
    """The pieces that an open file is to be read as; none where it is good as it is."""
    start = file.read(12)
    try:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if start[:4] == b"OggS":
                return _ogg(data)
            if start[:4] in (b"RIFF", b"RF64") or start[:4] in (b"fLaC", b"FORM", b"caff", b".snd", b"riff"):
                return _wav(data) if start[:4] == b"RIFF" and start[8:12] == b"WAVE" else []
            return _mp3(data)
    except (ValueError, OSError):  # an empty file, or one that cannot be mapped
        return []
    finally:
        file.seek(0)


# -- Ogg ---------------------------------------------------------------------------------------------------------------


def _ogg(data: mmap.mmap) -> list[Piece]:
    """A piece for each link of a chain: it begins with pages that begin streams, after others that did not."""
    begins = [0]
    in_heads = True
    for offset, flags in _pages(data):
        is_head = bool(flags & 0x02)
        if is_head and not in_heads:
            begins.append(offset)
        in_heads = is_head
    ends = [*begins[1:], len(data)]
    return [Piece(b"", begin, end) for begin, end in zip(begins, ends, strict=True)] if len(begins) > 1 else []


def _pages(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Offset and flags of every page; where one is damaged, of those behind it too."""
    offset = 0
    while (offset := data.find(b"OggS", offset)) >= 0 and offset + 27 <= len(data):
        segments = data[offset + 26]
        yield offset, data[offset + 5]
        offset += 27 + segments + sum(data[offset + 27 : offset + 27 + segments])


# -- WAV ---------------------------------------------------------------------------------------------------------------


def _wav(data: mmap.mmap) -> list[Piece]:
    """Where the chunk of the sound says that it is empty, and is not: a header that says how much there is."""
    offset = 12
    while offset + 8 <= min(len(data), _WAV_HEADER):
        name, size = data[offset : offset + 4], int.from_bytes(data[offset + 4 : offset + 8], "little")
        offset += 8
        if name == b"data":
            rest = len(data) - offset
            if size or rest <= 0:
                return []
            head = bytearray(data[:offset])
            struct.pack_into("<I", head, 4, min(len(data) - 8, 0xFFFFFFFF))
            struct.pack_into("<I", head, offset - 4, min(rest, 0xFFFFFFFF))
            return [Piece(bytes(head), offset, len(data))]
        offset += size + size % 2
    return []


# -- MP3 ---------------------------------------------------------------------------------------------------------------


@frozen
class _Header:
    """What four bytes tell of an MPEG audio frame: its length in bytes, and whether others can belong to it."""

    length: int
    kind: tuple[int, int, int]
    mono: bool


def _header(word: int) -> _Header | None:
    """The frame that these 32 bits begin, if they do."""
    version, layer = word >> 19 & 3, 4 - (word >> 17 & 3)
    bitrate, rate = word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    kbits = _BITRATES[1 if version == 3 else 2, layer][bitrate - 1]
    frames = _RATES[version][rate]
    padding = word >> 9 & 1
    if layer == 1:
        length = (12_000 * kbits // frames + padding) * 4
    else:
        length = (72_000 if layer == 3 and version != 3 else 144_000) * kbits // frames + padding
    return _Header(length, (version, layer, rate), word >> 6 & 3 == 3)


def _mp3(data: mmap.mmap) -> list[Piece]:
    begin = after_tags(data)
    first = _first_frame(data, begin)
    if first is None:
        return []
    told = _told(data, first)
    end = len(data) - (128 if data[-128:-125] == b"TAG" else 0)
    if told is not None and first == begin and (told[1] == 0 or told[1] >= end - first - _SLACK):
        return []
    count, last = _walk(data, first, end)
    if told is not None:
        if told[0] >= count - 1:
            return [Piece(b"", first, len(data))] if first > begin else []
        count -= 1
        first += _length_at(data, first)
    header = _header(int.from_bytes(data[first : first + 4], "big"))
    if header is None or header.kind[1] != 3:
        return [Piece(b"", first, last)]
    return [Piece(_information(data[first : first + 4], count, last - first), first, last)]


_SLACK = 4096
"""Bytes behind the sound that the tag of a program need not count: tags of other kinds."""


def after_tags(data: mmap.mmap | bytes) -> int:
    """Where the ID3v2 tags in front end (id3.org, ID3v2.4.0 3.1)."""
    offset = 0
    while data[offset : offset + 3] == b"ID3" and offset + 10 <= len(data):
        size = 0
        for byte in data[offset + 6 : offset + 10]:
            size = size << 7 | byte & 0x7F
        offset += 10 + size + (10 if data[offset + 5] & 0x10 else 0)
    return offset


def first_frame(data: bytes, *, told: bool = True) -> int | None:
    """Where the MPEG audio frames of a stream begin, behind its tags; None where there are none.

    The one that tells how many there are counts where that is `told` truly.
    """
    first = _first_frame(data, after_tags(data))
    if first is None or told or _told(data, first) is None:
        return first
    return first + _length_at(data, first)


def _first_frame(data: mmap.mmap | bytes, begin: int) -> int | None:
    """Where frames begin that follow each other; None where there are none."""
    offset = begin
    while (offset := data.find(b"\xff", offset, min(len(data), begin + _LOOK))) >= 0:
        at, kind = offset, None
        for number in range(_SURE):
            header = _header(int.from_bytes(data[at : at + 4], "big")) if at + 4 <= len(data) else None
            if header is None or kind not in (None, header.kind):
                if number and at >= len(data) - 4:
                    return offset
                break
            at, kind = at + header.length, header.kind
        else:
            return offset
        offset += 1
    return None


def _length_at(data: mmap.mmap | bytes, offset: int) -> int:
    header = _header(int.from_bytes(data[offset : offset + 4], "big"))
    return header.length if header else 0


def _told(data: mmap.mmap | bytes, first: int) -> tuple[int, int] | None:
    """How many frames and bytes the first frame, one without sound, speaks of (0 where it does not)."""
    frame = data[first : first + max(_length_at(data, first), 200)]
    for name in (_TAG, b"Info"):
        if (at := frame.find(name, 4, 60)) >= 0:
            flags = int.from_bytes(frame[at + 4 : at + 8], "big")
            at += 8
            frames = int.from_bytes(frame[at : at + 4], "big") if flags & 1 else 0
            at += 4 if flags & 1 else 0
            return frames, int.from_bytes(frame[at : at + 4], "big") if flags & 2 else 0
    if (at := frame.find(b"VBRI", 4, 60)) >= 0:
        return int.from_bytes(frame[at + 14 : at + 18], "big"), int.from_bytes(frame[at + 10 : at + 14], "big")
    return None


def _walk(data: mmap.mmap, first: int, end: int) -> tuple[int, int]:
    """How many frames there are from `first` on, and where the last one ends. What is no frame is stepped over."""
    count, offset, last = 0, first, first
    lengths: dict[int, int] = {}
    while offset >= 0 and offset + 4 <= end:
        word = int.from_bytes(data[offset : offset + 4], "big")
        if (length := lengths.get(word)) is None:
            header = _header(word)
            length = lengths[word] = header.length if header else 0
        if length:
            count, offset = count + 1, offset + length
            last = min(offset, end)
        else:
            found = _first_frame(data, offset + 1)
            if found is None:
                break
            offset = found
    return count, last


def _information(word: bytes, count: int, size: int) -> bytes:
    """A frame without sound that tells how many follow it (the Xing tag), of the kind of the frame `word` begins."""
    version_one = word[1] >> 3 & 3 == 3
    mono = word[3] >> 6 == 3
    for bitrate in range(1, 15):
        head = bytes((word[0], word[1] | 1, bitrate << 4 | word[2] & 0x0C, word[3]))
        header = _header(int.from_bytes(head, "big"))
        side = (17 if mono else 32) if version_one else (9 if mono else 17)
        body = bytes(side) + _TAG + struct.pack(">III", 3, count, size + (header.length if header else 0))
        if header is not None and header.length >= 4 + len(body):
            return (head + body).ljust(header.length, b"\0")
    return b""
