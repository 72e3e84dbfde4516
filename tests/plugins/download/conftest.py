"""An inbox in memory for feeds, and a server that offers files."""

import contextlib
import errno
import io
import os
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pytest
from attrs import define, field, frozen

from appliance.plugin import Permanent, Transient


@frozen
class Arrived:
    key: str
    title: str
    suffix: str
    content: bytes


class _File(io.BytesIO):
    def __init__(self, room: int, begun: bytes) -> None:
        super().__init__(begun)
        self._room = room

    def write(self, content: Any) -> int:
        if self.tell() + len(content) > self._room:
            raise Transient(f"the inbox takes no more ({os.strerror(errno.ENOSPC)}): free some space")
        return super().write(content)


@define
class Inbox:
    """Keeps the contract of FeedJob. `stopping` makes it cancelled; a file has `room` for so many bytes.

    `left` is what broke off, `doubted` are the keys of what came without an end.
    """

    tracks: list[Arrived] = field(factory=list)
    notes: dict[str, dict[str, object]] = field(factory=dict)
    stopping: bool = False
    room: int = 1 << 30
    left: dict[str, bytes] = field(factory=dict)
    doubted: list[str] = field(factory=list)
    answers: list[int] = field(factory=list)

    def has(self, key: str) -> bool:
        return key in {track.key for track in self.tracks}

    def note(self, key: str) -> dict[str, object]:
        return dict(self.notes.get(key, {}))

    def save_note(self, key: str, note: dict[str, object]) -> None:
        self.notes[key] = dict(note)

    @contextlib.contextmanager
    def new_track(
        self, key: str, title: str, suffix: str, *, begun: str = "", bounded: bool = True
    ) -> Iterator[BinaryIO]:
        assert not self.has(key), "a key is used twice"
        file = _File(self.room, self.left.pop(begun, b""))
        try:
            yield file
        except Permanent:
            raise
        except BaseException:
            if begun:
                self.left[begun] = file.getvalue()
            raise
        if not bounded:
            self.doubted.append(key)
        self.tracks.append(Arrived(key, title, suffix, file.getvalue()))

    def begun(self, name: str) -> int:
        return len(self.left.get(name, b""))

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        self.answers.append(status)

    def cancelled(self) -> bool:
        return self.stopping


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()
