"""What of a sound file the decoder is given, where the file does not tell its own length truly.

libsndfile reads as far as headers say. Streams that were written to a file, files that were joined, and junk in front
make them say too little: the end of the sound would be missing, or all of it. Here the file's own frames and pages are
counted, and the decoder gets pieces of the file, each behind a header that is true.

- MP3 may tell no length, or that of the first of several files: see `appliance.audio.mpeg`.
- Ogg (RFC 3533) may chain streams, one after the other; each is a piece.
- WAV written to a pipe says that it holds nothing, or more than any file: the sound goes to the end of the file.
- WAV with something behind its end, as another one, is read to its end; CAF that was cut off, to where it was.
"""

import io
import mmap
import struct
from collections.abc import Iterator
from typing import BinaryIO

from appliance.audio.ends import sound_chunk
from appliance.audio.mpeg import after_tags, streams
from appliance.values import frozen


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
    try:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            begin = after_tags(data)
            match data[begin : begin + 4]:
                case b"OggS":
                    return _ogg(data, begin)
                case b"RIFF":
                    return _wav(data)
                case b"caff":
                    return _caf(data)
                case b"RF64" | b"fLaC" | b"FORM" | b".snd" | b"riff":
                    return []
            return [Piece(*each) for each in streams(data)]
    except (ValueError, OSError):  # an empty file, or one that cannot be mapped
        return []


# -- Ogg ---------------------------------------------------------------------------------------------------------------


def _ogg(data: mmap.mmap, start: int) -> list[Piece]:
    """A piece for each link of a chain: it begins with pages that begin streams, after others that did not."""
    begins = [start]
    in_heads = True
    for offset, flags in _pages(data):
        is_head = bool(flags & 0x02)
        if is_head and not in_heads:
            begins.append(offset)
        in_heads = is_head
    ends = [*begins[1:], len(data)]
    pieces = [Piece(b"", begin, end) for begin, end in zip(begins, ends, strict=True)]
    return pieces if len(pieces) > 1 or start else []


def _pages(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Offset and flags of every page; where one is damaged, of those behind it too."""
    offset = 0
    while (offset := data.find(b"OggS", offset)) >= 0 and offset + 27 <= len(data):
        segments = data[offset + 26]
        yield offset, data[offset + 5]
        offset += 27 + segments + sum(data[offset + 27 : offset + 27 + segments])


# -- WAV, CAF ----------------------------------------------------------------------------------------------------------


def _wav(data: mmap.mmap) -> list[Piece]:
    found = sound_chunk(data)
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE" or found is None:
        return []
    begin, told = found
    rest = len(data) - begin
    if told or rest <= 0:
        end = int.from_bytes(data[4:8], "little") + 8
        return [Piece(b"", 0, end)] if told and begin + told <= end < len(data) else []
    head = bytearray(data[:begin])
    struct.pack_into("<I", head, 4, min(len(data) - 8, 0xFFFFFFFF))
    struct.pack_into("<I", head, begin - 4, min(rest, 0xFFFFFFFF))
    return [Piece(bytes(head), begin, len(data))]


def _caf(data: mmap.mmap) -> list[Piece]:
    found = sound_chunk(data)
    if data[:4] != b"caff" or found is None or found[0] + found[1] <= len(data):
        return []
    head = bytearray(data[: found[0]])
    struct.pack_into(">q", head, found[0] - 8, len(data) - found[0])
    return [Piece(bytes(head), found[0], len(data))]
