"""Room held back beside the catalogue, so that on a full disk clips can still be entered, delivered and deleted."""

import os
from contextlib import suppress
from pathlib import Path

BYTES = 524_288
"""A hundred pages of the catalogue's log, which is used anew once it is full."""


class Ballast:
    """A file of `BYTES` that takes up room until that is needed. On the store thread alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def hold(self) -> None:
        """Take up the room again, where the disk has it."""
        with suppress(OSError):
            if self._path.exists() and self._path.stat().st_size == BYTES:
                return
            try:
                with self._path.open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, BYTES)
            except OSError:
                self._path.unlink(missing_ok=True)

    def give_up(self) -> None:
        """Make room."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
