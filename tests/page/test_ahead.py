"""Checksums that are there before somebody downloads."""

import io
import threading
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.config.page import WebSettings
from appliance.errors import NotRunning
from appliance.page import ahead, sums
from appliance.page.ahead import EVERY, Ahead
from appliance.page.archive import Archive, Entry
from appliance.page.keys import Keys
from appliance.page.pieces import Stretch, read
from appliance.page.recorder import Recorder
from appliance.page.server import Serving
from appliance.page.sums import STRETCH, Sums, key
from appliance.testing.clock import ManualClock
from tests.page.conftest import Desk, clip

MOMENT = datetime(2026, 1, 2, 3, 4, 6)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    return folder


def made(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def looking(clips: Path, kept: Sums, clock: ManualClock | None = None) -> Ahead:
    def some() -> list[dict[str, Any]]:
        return [{"path": str(path)} for path in [*clips.iterdir()][:1]]

    return Ahead(some, kept, clock or ManualClock())


def known(kept: Sums, *paths: Path) -> list[int | None]:
    keys = [key(path, path.stat()) for path in paths]
    found = kept.find(set(keys))
    return [found.get(each) for each in keys]


def unzipped(kept: Sums, *paths: Path) -> dict[str, bytes]:
    content = b"".join(read(Archive([Entry.of(path, MOMENT) for path in paths], kept).read()))
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        return {each.filename: found.read(each) for each in found.infolist()}


def test_a_first_download_is_summed_already_and_whole(tmp_path: Path, clips: Path) -> None:
    kept = Sums(tmp_path / "sums")
    paths = [
        made(clips, "a.wav", bytes(range(256)) * (2 * STRETCH // 256) + b"end"),
        made(clips, "b.wav.age", b"x" * 9),
    ]
    described = made(clips, "a.json", b"{}")
    looking(clips, kept).look()
    assert known(kept, *paths, described) == [*(zlib.crc32(path.read_bytes()) for path in paths), None]
    pieces = [*Archive([Entry.of(path, MOMENT) for path in paths], kept).read()]
    assert [each.count for each in pieces if isinstance(each, Stretch)] == [path.stat().st_size for path in paths]
    assert unzipped(kept, *paths) == {path.name: path.read_bytes() for path in paths}


def test_what_somebody_changed_afterwards_is_summed_anew(tmp_path: Path, clips: Path) -> None:
    kept, path = Sums(tmp_path / "sums"), made(clips, "a.wav", b"recorded")
    looking(clips, kept).look()
    made(clips, "a.wav", b"tampered")
    assert known(kept, path) == [None]
    assert unzipped(kept, path) == {"a.wav": b"tampered"}


def test_what_changes_while_it_is_read_is_not_kept(
    tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, path = Sums(tmp_path / "sums"), made(clips, "a.wav", bytes(3 << 20))

    def meanwhile(stretch: Stretch, before: int) -> int:
        with path.open("r+b") as file:
            file.write(b"other")
        return sums.summed(stretch, before)

    monkeypatch.setattr(ahead, "summed", meanwhile)
    looking(clips, kept).look()
    assert known(kept, path) == [None]
    assert unzipped(kept, path) == {"a.wav": path.read_bytes()}


def test_what_cannot_be_read_keeps_nothing_else_from_it(tmp_path: Path, clips: Path) -> None:
    kept = Sums(tmp_path / "sums")
    (clips / "a.wav").mkdir()
    (clips / "b.wav").symlink_to("nowhere")
    path = made(clips, "c.wav", b"sound")
    Ahead(lambda: [{"path": str(path)}], kept, ManualClock()).look()
    assert known(kept, path) == [zlib.crc32(b"sound")]


def test_it_goes_on_by_itself_whatever_the_recorder_does(tmp_path: Path, clips: Path) -> None:
    kept, clock, away = Sums(tmp_path / "sums"), ManualClock(), [True]
    asked: list[None] = []

    def some() -> list[dict[str, Any]]:
        asked.append(None)
        if away[0]:
            raise NotRunning("no appliance answers")
        return [{"path": str(clips / "a.wav")}]

    Ahead(some, kept, clock).start()
    first = made(clips, "a.wav", b"first")
    for _ in range(2):
        assert clock.waiters()
        clock.advance(EVERY)
    assert clock.waiters() and len(asked) == 2
    away[0] = False
    clock.advance(EVERY)
    assert clock.waiters() and known(kept, first) == [zlib.crc32(b"first")]
    second = made(clips, "b.wav", b"second")
    clock.advance(EVERY)
    assert clock.waiters() and known(kept, second) == [zlib.crc32(b"second")]


def test_it_rests_longer_than_it_works(tmp_path: Path, clips: Path) -> None:
    """A download, the recorder, whoever: everybody comes before it."""

    class Busy(ManualClock):
        rested = worked = 0.0

        def monotonic(self) -> float:
            self.worked += 0.5
            return super().monotonic() + self.worked

        def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
            self.rested += timeout or 0
            return False

    clock, path = Busy(), made(clips, "a.wav", bytes(5 << 20))
    looking(clips, Sums(tmp_path / "sums"), clock).look()
    assert path.exists() and clock.rested >= clock.worked > 5


def test_it_lets_go_of_no_sum_to_keep_another(tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More clips than there is room for would be summed for ever."""
    monkeypatch.setattr(sums, "_MOST_BYTES", 32)
    kept = Sums(tmp_path / "sums")
    paths = [made(clips, f"{number}.wav", b"%d" % number) for number in range(5)]
    for _ in range(3):
        looking(clips, kept).look()
        assert (tmp_path / "sums").stat().st_size == 32
    assert unzipped(kept, *paths) == {path.name: path.read_bytes() for path in paths}


def test_the_page_sums_what_its_downloads_ask_for(
    desk: Desk, keys: Keys, clips: Path, monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Any]
) -> None:
    path = made(clips, "a.wav", b"sound")
    desk.answers["clips.list"] = [clip("a", path)]
    monkeypatch.setattr(Recorder, "call", lambda self, word, **given: desk.answer(word, given))
    Serving(WebSettings(), Path("none"), keys, Path("none")).ahead().look()
    kept = keys.folder / "sums"
    before = kept.read_bytes()
    assert len(before) == 16
    with zipfile.ZipFile(io.BytesIO(serve().get("/api/v1/clips.zip").body)) as found:
        assert found.testzip() is None and found.read("a.wav") == b"sound"
    assert kept.read_bytes() == before
