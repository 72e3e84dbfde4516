"""Checksums (CRC-32) of files that never change: computed once, and kept in one file.

A record has 16 bytes, a key of 12 and the checksum, so that none of them lies on two sectors of a disk. Records are
only added; what a power cut leaves half written has a key that nobody asks for, or begins the file anew.
"""

import binascii
import os
import struct
import threading
from collections.abc import Set
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from appliance.durable import make_directory
from appliance.page.pieces import Shorter, Stretch

SUMS = "sums"
"""The name of the file in the page's folder."""

_RECORD = struct.Struct("<12sL")
_BLOCK = _RECORD.size * 4096
_MOST_BYTES = _BLOCK * 64
"""Some 260,000 checksums; then all of them are computed anew."""

STRETCH = 1 << 23
"""Bytes that are summed at once while they are sent: so much is read in advance for one who takes them slowly."""

_ROOM = 3 << 14
"""Bytes that are read at once: as few as are not given back to the system, which costs as much as to sum them."""


def key(path: Path, found: os.stat_result) -> bytes:
    """What tells a file from all others, and from what it was before somebody changed it."""
    from hashlib import blake2b

    told = f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {path}"
    return blake2b(told.encode(errors="surrogateescape"), digest_size=12).digest()


class Sums:
    """The checksums that are kept at `path`. What the disk refuses is computed again another time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def full(self) -> bool:
        """Whether the next that is kept takes the place of all others."""
        with suppress(OSError):
            return self._path.stat().st_size >= _MOST_BYTES
        return False

    def find(self, keys: Set[bytes]) -> dict[bytes, int]:
        """Those that are known."""
        found: dict[bytes, int] = {}
        with suppress(OSError), self._path.open("rb") as file:
            while block := file.read(_BLOCK):
                whole = memoryview(block)[: len(block) // _RECORD.size * _RECORD.size]
                found.update(each for each in _RECORD.iter_unpack(whole) if each[0] in keys)
        return found

    def keep(self, key: bytes, crc: int) -> None:
        """Remember one."""
        with suppress(OSError):
            make_directory(self._path.parent, mode=0o700)
            with suppress(FileNotFoundError):
                size = self._path.stat().st_size
                if size >= _MOST_BYTES or size % _RECORD.size:
                    self._path.unlink()
            with self._path.open("ab", buffering=0) as file:
                file.write(_RECORD.pack(key, crc))


def summed(stretch: Stretch, before: int) -> int:
    """The checksum of a stretch, which goes on that of what lies before. Raises OSError, and Shorter."""
    file, at, crc, room = stretch.file, stretch.first, before, memoryview(bytearray(_ROOM))
    end = at + stretch.count
    while at < end:
        count = os.preadv(file.fileno(), [room[: min(_ROOM, end - at)]], at)
        if not count:
            raise Shorter(file)
        crc = binascii.crc32(room[:count], crc)
        at += count
    return crc


class Summing(threading.Thread):
    """Computes the checksum of a stretch, which goes on that of what lies before; it is done when this is left.

    The stretch may be sent meanwhile: neither reading nor summing it holds up other threads.
    """

    def __init__(self, stretch: Stretch, before: int) -> None:
        super().__init__(name="sum", daemon=True)
        self._stretch = stretch
        self._crc = before
        self._error: OSError | None = None

    def __enter__(self) -> "Summing":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.join()

    def run(self) -> None:
        try:
            self._crc = summed(self._stretch, self._crc)
        except OSError as error:
            self._error = error

    def result(self) -> int:
        """The checksum. Raises OSError where the stretch cannot be read, and Shorter."""
        if self._error is not None:
            raise self._error
        return self._crc
