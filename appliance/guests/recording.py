"""What has come of a recording of a guest, in its files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance import durable
from appliance.errors import StorageError
from appliance.feeds.safefile import Room
from appliance.models import ClockStamp
from appliance.values import frozen

_SYNCED = 1 << 20


@frozen
class Coming:
    """A recording on its way: the take that it will be, when it began to come, and how many bytes it has."""

    take_id: str
    started: ClockStamp
    size: int


class Recording:
    """A recording on its way, of which all but the last mebibyte is there after a power cut too."""

    def __init__(self, note: Path, coming: Coming, has_room: Room) -> None:
        self.coming = coming
        self.size = coming.size
        self.note = note
        self._part = note.with_suffix(".part")
        self.sound = note.with_suffix(".sound")
        self._has_room = has_room
        self.received = coming.size
        if not self.sound.exists():
            there = self._part.stat().st_size if self._part.exists() else 0
            self.received = there // _SYNCED * _SYNCED  # what came behind that may be anything after a power cut

    def write(self, data: bytes) -> None:
        """Add the next bytes. Raises StorageError, after which they can be sent again."""
        with disk_errors():
            if not self._has_room(len(data)):
                raise StorageError("there is no room for more beside what recordings have in reserve")
            self._append(data)
        self.received += len(data)

    def finish(self) -> None:
        """Let it be whole, if it is not yet. Raises StorageError."""
        with disk_errors():
            if not self.sound.exists():
                durable.move(self._part, self.sound)

    def drop(self) -> None:
        """Remove what is there of it, unless it is whole: then the next start goes on with it."""
        if not self.sound.exists():
            remove(self.note)

    def _append(self, data: bytes) -> None:
        file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.ftruncate(file, self.received)
            end, rest = self.received, memoryview(data)
            while rest:
                written = os.pwrite(file, rest, end)
                end, rest = end + written, rest[written:]
            if self.received // _SYNCED != end // _SYNCED or end == self.size:
                os.fdatasync(file)
        finally:
            os.close(file)


def remove(note: Path) -> None:
    """Remove all that is there of the recording with this note."""
    for path in (note.with_suffix(".part"), note.with_suffix(".sound"), note):
        with suppress(OSError):
            path.unlink()


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise StorageError where the disk refuses."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"what a guest sent cannot be written: {error.strerror or error}") from error
