"""An inbox in memory for feeds, and a server that offers files."""

import contextlib
import errno
import io
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pytest
from attrs import define, evolve, field, frozen

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

    def take_over(self, key: str, version: str) -> str:
        former = [each for each in self.tracks if re.fullmatch(f"{re.escape(key)} ({version})", each.key)]
        for each in former:
            self.tracks[self.tracks.index(each)] = evolve(each, key=key)
        return former[0].key.removeprefix(f"{key} ") if former else ""

    def note(self, key: str) -> dict[str, object]:
        return dict(self.notes.get(key, {}))

    def save_note(self, key: str, note: dict[str, object]) -> None:
        self.notes[key] = dict(note)

    @contextlib.contextmanager
    def new_track(
        self, key: str, title: str, suffix: str, *, begun: str = "", bounded: bool = True
    ) -> Iterator[BinaryIO]:
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
        if (arrived := Arrived(key, title, suffix, file.getvalue())) not in self.tracks:
            self.tracks = [*(track for track in self.tracks if track.key != key), arrived]

    def begun(self, name: str) -> int:
        return len(self.left.get(name, b""))

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        self.answers.append(status)

    def cancelled(self) -> bool:
        return self.stopping


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()
