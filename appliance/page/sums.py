"""Checksums (CRC-32) of files that never change: computed once, and kept in one file.

A record has 16 bytes, a key of 12 and the checksum, so that none of them lies on two sectors of a disk. Records are
only added; what a power cut leaves half written has a key that nobody asks for, or begins the file anew.
"""

import hashlib
import os
import struct
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from appliance.durable import make_directory

_RECORD = struct.Struct("<12sL")
_BLOCK = _RECORD.size * 4096
_MOST_BYTES = _BLOCK * 64
"""Some 260,000 checksums; then all of them are computed anew."""


def key(path: Path, found: os.stat_result) -> bytes:
    """What tells a file from all others, and from what it was before somebody changed it."""
    told = f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {path}"
    return hashlib.blake2b(told.encode(errors="surrogateescape"), digest_size=12).digest()


class Sums:
    """The checksums that are kept at `path`. What the disk refuses is computed again another time."""

    def __init__(self, path: Path) -> None:
        self._path = path

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
