"""An inbox in memory for feeds, and a server that offers files."""

import contextlib
import io
from collections.abc import Iterator
from typing import BinaryIO

import pytest
from attrs import define, field, frozen


@frozen
class Arrived:
    key: str
    title: str
    suffix: str
    content: bytes


@define
class Inbox:
    """Keeps the contract of FeedJob. `stopping` makes it cancelled."""

    tracks: list[Arrived] = field(factory=list)
    notes: dict[str, dict[str, object]] = field(factory=dict)
    stopping: bool = False

    def has(self, key: str) -> bool:
        return key in {track.key for track in self.tracks}

    def note(self, key: str) -> dict[str, object]:
        return dict(self.notes.get(key, {}))

    def save_note(self, key: str, note: dict[str, object]) -> None:
        self.notes[key] = dict(note)

    @contextlib.contextmanager
    def new_track(self, key: str, title: str, suffix: str) -> Iterator[BinaryIO]:
        assert not self.has(key), "a key is used twice"
        file = io.BytesIO()
        yield file
        self.tracks.append(Arrived(key, title, suffix, file.getvalue()))

    def cancelled(self) -> bool:
        return self.stopping


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()
