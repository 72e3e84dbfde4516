"""The disk of the state directory: how full it is, and whether it takes writes."""

import os
from pathlib import Path
from typing import Protocol

from attrs import frozen


@frozen
class Space:
    """Bytes that the appliance may still write, bytes of the whole disk, and whether it takes writes at all."""

    free: int
    total: int
    read_only: bool = False


class Disk(Protocol):
    """What housekeeping asks of a disk; tests give one of their own size. Both may raise OSError."""

    def space(self) -> Space:
        """How full it is."""

    def try_out(self) -> None:
        """Write a little and sync it. Raises OSError where the disk refuses."""


class StateDisk:
    """The disk that holds `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def space(self) -> Space:
        told = os.statvfs(self._directory)
        read_only = bool(told.f_flag & os.ST_RDONLY)
        return Space(told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize, read_only)

    def try_out(self) -> None:
        trial = self._directory / ".trial"
        try:
            with trial.open("wb") as file:
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
        finally:
            trial.unlink(missing_ok=True)
