"""The disk of the state directory: how full it is, whether it takes writes, and whether they last."""

import os
from math import inf
from pathlib import Path
from typing import Protocol

from appliance.mounts import in_memory
from appliance.store import Footprint
from appliance.store.places import Places
from appliance.values import frozen

RESERVED_FILES = 20
"""Files kept free beside the reserve: a take needs five, and what is made of it some more."""


@frozen
class Space:
    """Bytes that the appliance may still write, bytes of the whole disk, and whether it takes writes at all.

    `files` are those that may still be made; infinitely many where the file system does not count them. `memory` is
    what keeps it in memory, where the next power cut takes all of it; empty for a disk that lasts.
    """

    free: int
    total: int
    read_only: bool = False
    memory: str = ""
    files: float = inf

    def beyond(self, reserve: int) -> Footprint:
        """Room beside a reserve of so many bytes and of files for the next takes; below nothing where it is reached."""
        return Footprint(self.free - reserve, self.files - RESERVED_FILES)

    @property
    def in_vain(self) -> str:
        """Why nothing that is recorded lasts, and what a person can do about it; empty where it does."""
        if not self.memory:
            return ""
        return (
            f"recordings are kept in memory only ({self.memory}), and gone when the power is cut. "
            "Switch the overlay file system off (`sudo raspi-config`), or set storage.directory to a place on a disk"
        )


class Disk(Protocol):
    """What housekeeping asks of a disk; tests give one of their own size. Both may raise OSError."""

    def space(self) -> Space:
        """How full it is."""

    def try_out(self) -> None:
        """Write a little and sync it, and see that all folders are there. Raises OSError where the disk refuses."""


class StateDisk:
    """The disk that holds `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = str(directory)  # looked at again and again
        self._memory: str | None = None

    def space(self) -> Space:
        told = os.statvfs(self._path)
        read_only = bool(told.f_flag & os.ST_RDONLY)
        free, total = told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize
        return Space(free, total, read_only, self._in_memory(), told.f_favail if told.f_files else inf)

    def remounted(self) -> None:
        """Another disk may be there now: nothing else looks that up anew, as it costs as much as recording does."""
        self._memory = None

    def _in_memory(self) -> str:
        memory = self._memory
        if memory is None:
            places = Places(self._directory)
            memory = in_memory(places.directory) or in_memory(places.takes) or in_memory(places.clips)
            self._memory = memory
        return memory

    def try_out(self) -> None:
        self._directory.stat()  # one that is gone is not for us to make
        Places(self._directory).make()  # what refused may be something else in the place of a folder
        trial = self._directory / ".trial"
        try:
            with trial.open("wb") as file:
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
        finally:
            trial.unlink(missing_ok=True)
