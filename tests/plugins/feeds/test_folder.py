"""The feed `folder`."""

import errno
import os
import time
from pathlib import Path

import pytest
from appliance_feed_folder.backend import FolderFeed

from appliance.plugin import Permanent, Transient
from appliance.testing.feeds import MemoryInbox, check_feed_backend


def put(path: Path, content: bytes, changed: float = 1_700_000_000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (changed, changed))


def test_conformance(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / "deep" / f"{number}.wav", bytes(number + 1))
    check_feed_backend(lambda: FolderFeed(tmp_path, 10), brings=3)


def test_what_is_new_or_changed_comes_the_oldest_first(tmp_path: Path, inbox: MemoryInbox) -> None:
    put(tmp_path / "b.mp3", b"old", 1_600_000_000)
    put(tmp_path / "a.MP3", b"new")
    feed = FolderFeed(tmp_path, 10)
    feed.pull(inbox)
    put(tmp_path / "b.mp3", b"another")
    feed.pull(inbox)
    assert [(track.title, track.content) for track in inbox.tracks] == [("a", b"new"), ("b", b"another")]


def test_what_an_earlier_release_brought_is_not_brought_again_and_gives_way_once_it_changes(
    tmp_path: Path, inbox: MemoryInbox
) -> None:
    put(tmp_path / "a.wav", b"old")
    with inbox.new_track("a.wav 3 1700000000000000000", "a", ".wav") as file:
        file.write(b"as it was heard")
    feed = FolderFeed(tmp_path, 10)
    feed.pull(inbox)
    assert [(track.key, track.content) for track in inbox.tracks] == [("a.wav", b"as it was heard")]
    put(tmp_path / "a.wav", b"new", 1_600_000_000)
    feed.pull(inbox)
    assert [(track.key, track.content) for track in inbox.tracks] == [("a.wav", b"new")]


def test_what_was_refused_is_read_again_only_once_it_has_changed(tmp_path: Path, inbox: MemoryInbox) -> None:
    put(tmp_path / "a.wav", b"no sound")
    feed = FolderFeed(tmp_path, 10)
    inbox.refuses = Permanent("a is no sound")
    for _ in range(2):
        with pytest.raises(Permanent, match="a is no sound"):
            feed.pull(inbox)
    put(tmp_path / "a.wav", b"sound", 1_600_000_000)
    feed.pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"sound"]


def test_the_first_version_comes_again_where_it_is_put_back(tmp_path: Path, inbox: MemoryInbox) -> None:
    feed = FolderFeed(tmp_path, 10)
    for number, content in enumerate((b"one", b"two", b"one")):
        put(tmp_path / "a.wav", content, 1_600_000_000 + number % 2)
        feed.pull(inbox)
        assert [track.content for track in inbox.tracks] == [content]


def test_what_a_clock_of_the_future_dated_comes_too(tmp_path: Path, inbox: MemoryInbox) -> None:
    put(tmp_path / "tomorrow.mp3", b"new", time.time() + 86_400)
    FolderFeed(tmp_path, 10).pull(inbox)
    assert [track.title for track in inbox.tracks] == ["tomorrow"]


def test_what_is_still_copied_or_no_sound_is_left(tmp_path: Path, inbox: MemoryInbox) -> None:
    for name in (".hidden.mp3", "a.mp3.part", "notes.txt", ".sync/a.mp3"):
        put(tmp_path / name, b"x")
    (tmp_path / "young.mp3").write_bytes(b"x")
    (tmp_path / "gone.mp3").symlink_to(tmp_path / "nowhere")
    FolderFeed(tmp_path, 3600).pull(inbox)
    assert inbox.tracks == []


def test_a_folder_that_is_away_is_waited_for(tmp_path: Path, inbox: MemoryInbox) -> None:
    feed = FolderFeed(tmp_path / "stick", 0)
    for act in (lambda: feed.pull(inbox), feed.probe):
        with pytest.raises(Transient, match="stick cannot be read"):
            act()
    put(tmp_path / "stick" / "a.mp3", b"x")
    assert feed.probe().endswith("with 1 sound file")


def test_a_folder_below_that_cannot_be_read_is_told_and_keeps_no_other(
    tmp_path: Path, inbox: MemoryInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "locked", "z"):
        put(tmp_path / name / f"{name}.mp3", name.encode())
    locked, scandir = str(tmp_path / "locked"), os.scandir

    def refusing(path: str) -> object:
        if str(path) == locked:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root may read everything
    with pytest.raises(Transient, match="locked cannot be read: Permission denied"):
        FolderFeed(tmp_path, 10).pull(inbox)
    assert {track.content for track in inbox.tracks} == {b"a", b"z"}
