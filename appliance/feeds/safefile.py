"""Bytes from elsewhere on their way to a file that is whole and safe, or is not there."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.durable import PARTIAL, move
from appliance.errors import Permanent, Transient
from appliance.feeds.behind import Behind
from appliance.sums import sha256

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BLOCK = 1 << 20
_BUFFER = 1 << 17

Room = Callable[[int], bool]
"""Whether so many bytes can be written beside the room that recordings have in reserve. May wait, raises OSError."""

_NO_ROOM = (
    "there is no room for new tracks beside the reserve for recordings, and nothing may be deleted for them. "
    "Delete clips, use a larger card, or set a smaller storage.reserve"
)


class SafeFile:
    """A file that gets its name once it is whole, synced and was checked.

    Until then it is partial, and goes where that fails; with `begun`, it stays there for the next attempt, unless the
    failure is Permanent. `size` and `sha256` (lower-case hex) are known once it is whole.
    """

    def __init__(self, path: Path, has_room: Room, begun: Path | None = None, buffer: int = _BUFFER) -> None:
        """`buffer` is how many bytes are written at once, unless more come at once."""
        self.path = path
        self._buffer = buffer
        self.size = 0
        self.sha256 = ""
        self._has_room = has_room
        self._begun = begun
        self.partial = begun or path.with_name(f".{path.name}{PARTIAL}")

    @contextmanager
    def filled(self, check: Callable[[Path, int], None]) -> "Iterator[NewFile]":
        """The file to write to; whole when the block ends without error, and `check(path, size)` raises none.

        Writing raises Permanent where that would take room that recordings have in reserve, and Transient where the
        disk refuses.
        """
        keep = False
        with _disk_errors():
            raw = _Considerate(self.partial, self._has_room)
            file = NewFile(raw, self._buffer)
        try:
            try:
                yield file
                with _disk_errors():
                    _sync(file)
                    self.size, self.sha256 = os.fstat(file.fileno()).st_size, file.sha256()
            except Permanent:
                raise
            except BaseException:
                with suppress(OSError, Permanent, Transient):
                    _sync(file)
                    keep = self._begun is not None
                raise
            finally:
                with suppress(OSError):
                    raw.close()  # closing `file` would write once more what the disk has refused, and say so
            check(self.partial, self.size)
            with _disk_errors():
                move(self.partial, self.path)
        finally:
            if not keep:
                remove(self.partial)


class _Considerate(io.FileIO):
    """A file, new or begun before, that grows only where there is room for it; `behind` it is its sum computed."""

    def __init__(self, path: Path, has_room: Room) -> None:
        super().__init__(path, "r+b" if path.exists() else "x+b")
        self._has_room = has_room
        self._refused = False
        self.behind = Behind(os.dup(self.fileno()))

    def write(self, data: "ReadableBuffer") -> int:
        try:
            self._refused = self._refused or not self._has_room(memoryview(data).nbytes)
            if self._refused:
                raise Permanent(_NO_ROOM)
            begin = self.tell()
            self._changes(begin)
            count = super().write(data)
            self.behind.grown(begin + count)
            return count
        except OSError as error:
            raise Transient(f"the inbox takes no more ({error.strerror}): free some space") from error

    def truncate(self, size: int | None = None, /) -> int:
        self._changes(self.tell() if size is None else size)
        return super().truncate(size)

    def close(self) -> None:
        if not self.closed:
            self.behind.close()
        super().close()

    def _changes(self, begin: int) -> None:
        """What is there from `begin` on becomes something else."""
        if begin < self.behind.there:
            self.behind.close()
            self.behind = Behind(os.dup(self.fileno()))


class NewFile(io.BufferedRandom):
    """A file to write to, which knows its own sum."""

    raw: _Considerate

    def sha256(self) -> str:
        """See `appliance.plugin.SummedFile`. Raises as writing does."""
        self.flush()
        with _disk_errors():
            return self.raw.behind.sha256(os.fstat(self.fileno()).st_size)


def remove(path: Path) -> None:
    """Remove a file that is of no use any more. One that the disk keeps is put away at the next start."""
    with suppress(OSError):
        path.unlink()


def _sync(file: io.BufferedRandom) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Transient(f"the inbox cannot be written: {error.strerror}") from error


def measured(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 in hex of a file. Raises OSError."""
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
