"""A file on its way from the web into a folder of somebody's own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from appliance.durable import PARTIAL, make_directory
from appliance.errors import Refused, StorageError
from appliance.feeds.pull import whole_sound
from appliance.feeds.safefile import SafeFile, remove
from appliance.foreign import one_line

_LONGEST_NAME = 60


class Fetch:
    """What a feed backend sees of that (`appliance.plugin.FeedJob`); `file` is there once it is whole.

    Raises Refused where the target is there already, StorageError where its folder cannot be made.
    """

    def __init__(
        self,
        to: Path,
        progress: Callable[[int, int | None], None] | None,
        headers: Callable[[int, Mapping[str, str]], None] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self._to = to
        self._progress = progress
        self._told = headers
        self.cancelled = cancelled
        self.file: SafeFile | None = None
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._notes: dict[str, dict[str, object]] = {}
        self._received = 0
        self._folder = to if to.is_dir() else to.parent
        if to.exists() and not to.is_dir():
            raise Refused(f"{to} is there already: remove it, or choose another name")
        try:
            make_directory(self._folder)
        except OSError as error:
            raise StorageError(f"nothing can be fetched into {self._folder}: {error.strerror}") from error
        self._begun = self._folder / f".{to.name}.begun{PARTIAL}"
        remove(self._begun)

    def has(self, key: str) -> bool:
        """Nothing was fetched before."""
        return False

    def take_over(self, key: str, version: str) -> str:
        """Nothing was fetched before."""
        return ""

    def note(self, key: str) -> dict[str, object]:
        """What was kept of an earlier attempt."""
        return self._notes.get(key, {})

    def save_note(self, key: str, note: dict[str, object]) -> None:
        """Keep it for the next attempt."""
        self._notes[key] = dict(note)

    def begun(self, name: str) -> int:
        """Bytes that an earlier attempt left."""
        return self._begun.stat().st_size if self._begun.exists() else 0

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """The server answers."""
        self.status, self.headers = status, dict(headers)
        if self._told:
            self._told(status, self.headers)

    def new_track(
        self, key: str, title: str, suffix: str, *, begun: str = "", bounded: bool = True
    ) -> AbstractContextManager[BinaryIO]:
        """Open the file, under the name that was asked for or one from its title."""
        return self._filled(self._path(title, suffix), title, begun, bounded)

    @contextmanager
    def _filled(self, path: Path, title: str, begun: str, bounded: bool) -> Iterator[BinaryIO]:
        remove(path.with_name(f".{path.name}{PARTIAL}"))
        self._received = self.begun(begun)
        file = SafeFile(path, self._grows, self._begun if begun else None)
        with file.filled(lambda partial, size: whole_sound(partial, size, title, bounded=bounded)) as opened:
            yield opened
        self.file = file

    def close(self) -> None:
        """No further attempt is made."""
        remove(self._begun)

    def _grows(self, size: int) -> bool:
        self._received += size
        if self._progress:
            self._progress(self._received, self._announced())
        return True

    def _announced(self) -> int | None:
        """Bytes of the whole file, where the server tells them."""
        named = {name.lower(): text for name, text in self.headers.items()}
        whole = named.get("content-range", "").rpartition("/")[2] or named.get("content-length", "")
        return int(whole) if whole.isascii() and whole.isdigit() else None

    def _path(self, title: str, suffix: str) -> Path:
        if self._to != self._folder:
            return self._to
        stem = one_line(title, _LONGEST_NAME).replace("/", "-").lstrip(".") or "sound"
        path, number = self._folder / f"{stem}{suffix}", 1
        while path.exists():
            number += 1
            path = self._folder / f"{stem} ({number}){suffix}"
        return path
