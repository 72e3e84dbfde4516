"""The last versions of the configuration, and what is proposed as the next one."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from appliance.durable import make_directory, read_object, write_file
from appliance.errors import NotFound, Refused, StorageError
from appliance.values import frozen

KEPT = 10
"""Versions that are kept."""

_PROPOSED = "proposed.json"
_WAITING = "waiting.json"
_LOCK = "lock"


def mark_of(text: str) -> str:
    """What tells one text from every other."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@frozen
class Versions:
    """The versions in a folder, which nobody else may read. Every write raises StorageError where it cannot be."""

    folder: Path
    wall_seconds: Callable[[], float]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all others waiting, each of whom systemd has given a process of its own. Raises StorageError."""
        try:
            make_directory(self.folder, mode=0o700)
            descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"nothing can be kept in {self.folder}: {error.strerror or error}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def keep(self, text: str, changes: list[dict[str, Any]]) -> None:
        """Keep a text that is about to be replaced, and why it is."""
        numbers = self._numbers()
        number = numbers[-1] + 1 if numbers else 1
        self._write(f"{number:08}.json", {"time": self.wall_seconds(), "text": text, "changes": changes})
        for old in numbers[: max(0, len(numbers) + 1 - KEPT)]:
            self._path(old).unlink(missing_ok=True)

    def told(self) -> list[dict[str, Any]]:
        """The number of each that can be read, when it was replaced, and by which changes; the newest first."""
        found: list[dict[str, Any]] = []
        for number in reversed(self._numbers()):
            with suppress(StorageError, KeyError):
                each = self._read(self._path(number))
                found.append({"number": number, "time": each["time"], "changes": each["changes"]})
        return found

    def text(self, number: int) -> str:
        """The text of a version. Raises NotFound."""
        if number not in self._numbers():
            raise NotFound(f"there is no version {number}: the last {KEPT} are kept")
        try:
            return str(self._read(self._path(number))["text"])
        except KeyError as error:
            raise NotFound(f"version {number} is damaged: {self._path(number)} holds no text") from error

    def propose(self, proposal: dict[str, Any]) -> None:
        """Keep what is proposed, in the place of what was before."""
        self._write(_PROPOSED, proposal)

    def proposed(self, id: str) -> dict[str, Any]:
        """What was proposed under this name. Raises Refused where something else was meanwhile."""
        path = self.folder / _PROPOSED
        found = self._read(path) if path.is_file() else {}
        if found.get("id") != id:
            raise Refused("something else was looked at since then. Look at your changes again")
        return found

    def wait_with(self, text: str, before: str) -> None:
        """Remember that a text is to be used later, and which one it replaced."""
        self._write(_WAITING, {"mark": mark_of(text), "before": before})

    def replaced_by(self, text: str) -> str | None:
        """What a text that is to be used later has replaced; None where it is not waited for."""
        path = self.folder / _WAITING
        found = self._read(path) if path.is_file() else {}
        return found["before"] if found.get("mark") == mark_of(text) else None

    def forget(self) -> None:
        """Let go of what is proposed."""
        (self.folder / _PROPOSED).unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self.folder.glob("*.json") if path.stem.isdecimal())

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08}.json"

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            return read_object(path)
        except (OSError, ValueError) as error:
            raise StorageError(f"the version in {path} cannot be read: {error}") from error

    def _write(self, name: str, kept: dict[str, Any]) -> None:
        try:
            make_directory(self.folder, mode=0o700)
            write_file(self.folder / name, json.dumps(kept).encode(), mode=0o600)
        except OSError as error:
            raise StorageError(f"no version can be kept in {self.folder}: {error.strerror or error}") from error
