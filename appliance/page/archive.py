"""Many files as one ZIP that is made while it is sent: no temporary file, its size known before, from any byte on.

The format is PKWARE's APPNOTE 6.3.10. Sound does not get smaller, so files are stored as they are. Every entry has its
sizes at once and its CRC-32 behind its bytes (4.3.9), and is ZIP64 where something needs it (4.5.3).
"""

import binascii
import struct
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from appliance.page.pieces import Piece, Stretch, between
from appliance.page.sums import STRETCH, Summing, Sums, key
from appliance.sums import sha256
from appliance.values import frozen

_DESCRIPTOR_FOLLOWS, _UTF8 = 1 << 3, 1 << 11
_FLAGS = _DESCRIPTOR_FOLLOWS | _UTF8
_NEEDS = 45
"""Version 4.5 of the format, the first with ZIP64."""

_MAX_32, _MAX_16 = 0xFFFF_FFFF, 0xFFFF
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_ZIP64_LOCAL = struct.Struct("<HHQQ")
_DESCRIPTOR = struct.Struct("<4sLQQ")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_ZIP64_CENTRAL = struct.Struct("<HHQQQ")
_END_64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR_64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4sHHHHLLH")


@frozen
class Entry:
    """One file of the archive: its name there, and its bytes, from a file or given.

    `size` is what the file had when the archive was begun; one that has become shorter cannot be sent to its end. `key`
    is what its checksum may be known by.
    """

    name: str
    modified: datetime
    path: Path | None
    content: bytes
    size: int
    key: bytes

    @classmethod
    def of(cls, path: Path, modified: datetime) -> "Entry":
        """A file, under its own name. Raises OSError where it is missing."""
        found = path.stat()
        return cls(path.name, modified, path, b"", found.st_size, key(path, found))

    @classmethod
    def given(cls, name: str, modified: datetime, content: bytes) -> "Entry":
        """What is in no file."""
        return cls(name, modified, None, content, len(content), b"")


class _Placed:
    def __init__(self, entry: Entry, offset: int) -> None:
        self.entry = entry
        self.offset = offset
        self.crc: int | None = None

    @property
    def name(self) -> bytes:
        return self.entry.name.encode(errors="replace")

    @property
    def local(self) -> bytes:
        size = self.entry.size
        extra = _ZIP64_LOCAL.pack(1, 16, size, size)
        time, date = _dos(self.entry.modified)
        head = _LOCAL.pack(b"PK\3\4", _NEEDS, _FLAGS, 0, time, date, 0, _MAX_32, _MAX_32, len(self.name), len(extra))
        return head + self.name + extra

    @property
    def length(self) -> int:
        """Its bytes before the directory."""
        return len(self.local) + self.entry.size + _DESCRIPTOR.size

    @property
    def descriptor(self) -> bytes:
        return _DESCRIPTOR.pack(b"PK\7\x08", self.crc or 0, self.entry.size, self.entry.size)

    @property
    def central(self) -> bytes:
        size = self.entry.size
        extra = _ZIP64_CENTRAL.pack(1, 24, size, size, self.offset)
        time, date = _dos(self.entry.modified)
        made_on_unix, regular = _NEEDS | 3 << 8, 0o100644 << 16
        head = _CENTRAL.pack(
            b"PK\1\2", made_on_unix, _NEEDS, _FLAGS, 0, time, date, self.crc or 0, _MAX_32, _MAX_32,
            len(self.name), len(extra), 0, 0, 0, regular, _MAX_32,
        )  # fmt: skip
        return head + self.name + extra


class Archive:
    """A ZIP of `entries`, in their order, whose checksums are known or kept by `sums`."""

    def __init__(self, entries: Sequence[Entry], sums: Sums) -> None:
        self._entries = entries
        self._sums = sums
        placed, self.size = _Directory(), 0
        for entry in entries:
            self.size += placed.add(entry).length
        self.size += placed.length
        told = sha256()
        for entry in entries:
            told.update(f"{entry.name}/{entry.size}/{entry.modified}/".encode(errors="replace"))
            told.update(entry.key or entry.content)
        self.tag = told.hexdigest()[:16]

    def read(self, start: int = 0, count: int | None = None) -> Iterator[Piece]:
        """So many bytes from `start` on. What lies before is read only for checksums that are not known.

        Raises Shorter where a file has become so: whoever downloads sees that the archive is not whole.
        """
        known = self._sums.find({entry.key for entry in self._entries if entry.path})
        end = self.size if count is None else start + count
        with closing(streamed(self._entries, known, self._sums.keep)) as pieces:
            yield from between(pieces, start, end)


def streamed(
    entries: Iterable[Entry],
    known: Mapping[bytes, int] = MappingProxyType({}),
    keep: Callable[[bytes, int], None] = lambda key, crc: None,
) -> Generator[Piece, None, None]:
    """A ZIP of entries that may be made one after the other, while it is sent. Raises OSError as `Archive.read`.

    `known` are checksums by the keys of entries; those that are not there are handed to `keep`.
    """
    directory = _Directory()
    for entry in entries:
        placed = directory.add(entry)
        yield placed.local
        if entry.path is None:
            yield entry.content
            placed.crc = binascii.crc32(entry.content)
        elif (crc := known.get(entry.key)) is not None:
            with entry.path.open("rb") as file:
                yield Stretch(file, 0, entry.size)
            placed.crc = crc
        else:
            placed.crc = yield from _summed(entry.path, entry.size)
            keep(entry.key, placed.crc)
        yield placed.descriptor
    yield from directory.pieces()


def _summed(path: Path, size: int) -> Generator[Piece, None, int]:
    """A file, stretch by stretch, and what its checksum is: each is read for that while the kernel sends it."""
    crc = 0
    with path.open("rb") as file:
        for first in range(0, size, STRETCH):
            stretch = Stretch(file, first, min(STRETCH, size - first))
            with Summing(stretch, crc) as summing:
                yield stretch
            crc = summing.result()
    return crc


class _Directory:
    """What stands at the end of an archive: where in it everything is."""

    def __init__(self) -> None:
        self._placed: list[_Placed] = []
        self._at = 0

    def add(self, entry: Entry) -> _Placed:
        """The next entry, which lies behind all others."""
        placed = _Placed(entry, self._at)
        self._placed.append(placed)
        self._at += placed.length
        return placed

    @property
    def _size(self) -> int:
        return sum(len(placed.central) for placed in self._placed)

    @property
    def length(self) -> int:
        """Its own bytes."""
        return self._size + _END_64.size + _LOCATOR_64.size + _END.size

    def pieces(self) -> Iterator[bytes]:
        """It, as bytes."""
        for placed in self._placed:
            yield placed.central
        count, size, at = len(self._placed), self._size, self._at
        yield _END_64.pack(b"PK\6\6", 44, _NEEDS | 3 << 8, _NEEDS, 0, 0, count, count, size, at)
        yield _LOCATOR_64.pack(b"PK\6\7", 0, at + size, 1)
        few = min(count, _MAX_16)
        yield _END.pack(b"PK\5\6", 0, 0, few, few, min(size, _MAX_32), min(at, _MAX_32), 0)


def _dos(moment: datetime) -> tuple[int, int]:
    """Time and date of MS-DOS, which begins in 1980 and knows even seconds."""
    year = min(max(moment.year, 1980), 2107)
    return moment.hour << 11 | moment.minute << 5 | moment.second // 2, (
        year - 1980
    ) << 9 | moment.month << 5 | moment.day
