"""What is sent piece by piece: bytes, and stretches of files, which the kernel sends without a copy made here."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from appliance.values import frozen

CHUNK = 1 << 18
"""Bytes that are read at once."""


@frozen
class Stretch:
    """`count` bytes of an open file from byte `first` on. It is sent before the next piece is asked for."""

    file: BinaryIO
    first: int
    count: int


class Shorter(OSError):
    """Less of a file is there than was said before."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(f"{Path(file.name).name} has become shorter meanwhile")


Piece = bytes | Stretch


def length(piece: Piece) -> int:
    """Bytes of a piece."""
    return piece.count if isinstance(piece, Stretch) else len(piece)


def between(pieces: Iterable[Piece], start: int, end: int) -> Iterator[Piece]:
    """What lies from byte `start` to before byte `end` of all pieces. Those before are asked for, and not read."""
    position = 0
    for piece in pieces:
        if end <= position:
            return
        first, last = max(0, start - position), min(length(piece), end - position)
        if first < last:
            yield _part(piece, first, last)
        position += length(piece)


def _part(piece: Piece, first: int, last: int) -> Piece:
    if isinstance(piece, Stretch):
        return Stretch(piece.file, piece.first + first, last - first)
    return piece[first:last]


def read(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """All of it as bytes, for what cannot be sent by the kernel. Raises Shorter where a file ends too soon."""
    for piece in pieces:
        if isinstance(piece, Stretch):
            yield from _bytes(piece)
        else:
            yield piece


def _bytes(stretch: Stretch) -> Iterator[bytes]:
    at, end = stretch.first, stretch.first + stretch.count
    while at < end:
        found = os.pread(stretch.file.fileno(), min(CHUNK, end - at), at)
        if not found:
            raise Shorter(stretch.file)
        at += len(found)
        yield found


def of_file(file: BinaryIO, first: int, count: int) -> Iterator[Piece]:
    """Some bytes of an open file, which is closed then."""
    with file:
        yield Stretch(file, first, count)
