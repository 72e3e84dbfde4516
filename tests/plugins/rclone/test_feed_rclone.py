"""The feed `rclone`, which runs the real rclone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from appliance_feed_rclone import appliance_feed_backends
from appliance_feed_rclone.options import RcloneFeedOptions

from appliance.config.options import ByteCount
from appliance.plugin import BackendContext, FeedBackend, Permanent, ProbedFeedBackend
from appliance.testing.feeds import MemoryInbox, check_feed_backend

MakeFeed = Callable[..., FeedBackend]


@pytest.fixture
def feed(rclone: str, store: Path, tmp_path: Path) -> MakeFeed:
    config = tmp_path / "rclone.conf"
    config.touch()

    def make(**options: Any) -> FeedBackend:
        wanted: dict[str, Any] = {"remote": str(store), "binary": rclone, "config": config} | options
        [kind] = appliance_feed_backends()
        return kind.create(RcloneFeedOptions(**wanted), BackendContext("drive", "box", tmp_path, lambda: True))

    return make


def probe(backend: FeedBackend) -> str:
    assert isinstance(backend, ProbedFeedBackend)
    return backend.probe()


def put(path: Path, content: bytes, changed: float = 1_700_000_000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (changed, changed))


def test_conformance(feed: MakeFeed, store: Path) -> None:
    for number in range(2):
        put(store / "deep" / f"{number}.wav", bytes(range(256)) * 1000 + bytes(number))
    check_feed_backend(feed, brings=2)


def test_what_is_new_or_changed_comes_the_oldest_first(feed: MakeFeed, store: Path) -> None:
    put(store / "b ü.mp3", b"old", 1_600_000_000)
    put(store / "deep" / "a.MP3", b"new")
    put(store / "notes.txt", b"x")
    put(store / ".hidden" / "c.mp3", b"x")
    inbox = MemoryInbox()
    feed().pull(inbox)
    put(store / "b ü.mp3", b"another")
    feed(newest=1).pull(inbox)
    assert [(track.title, track.content) for track in inbox.tracks] == [
        ("b ü", b"old"),
        ("a", b"new"),
    ], "of two that changed at once the last by name is the newest"
    feed().pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"new", b"another"]


def test_what_an_earlier_release_brought_is_not_brought_again_and_gives_way_once_it_changes(
    feed: MakeFeed, store: Path
) -> None:
    """Its keys ended with the size and the time of change as rclone tells them."""
    put(store / "deep" / "a b.wav", b"old")
    for version in ("3 2022-01-01T00:00:00Z", "3 2023-11-14T22:13:20.000000000Z"):
        inbox = MemoryInbox()
        with inbox.new_track(f"deep/a b.wav {version}", "a b", ".wav") as file:
            file.write(b"as it was heard")
        feed().pull(inbox)
        current = version.startswith("3 2023")
        assert [(track.key, track.content) for track in inbox.tracks] == [
            ("deep/a b.wav", b"as it was heard" if current else b"old")
        ]
    put(store / "deep" / "a b.wav", b"new", 1_600_000_000)
    feed().pull(inbox)
    assert [(track.key, track.content) for track in inbox.tracks] == [("deep/a b.wav", b"new")]


def test_what_was_refused_is_fetched_again_only_once_it_has_changed(feed: MakeFeed, store: Path) -> None:
    put(store / "a.wav", b"no sound")
    inbox, drive = MemoryInbox(refuses=Permanent("a is no sound")), feed()
    for _ in range(2):
        with pytest.raises(Permanent, match="a is no sound"):
            drive.pull(inbox)
    put(store / "a.wav", b"sound", 1_600_000_000)
    drive.pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"sound"]


def test_what_is_wrong_is_said(feed: MakeFeed, store: Path, tmp_path: Path) -> None:
    put(store / "a.mp3", bytes(3000))
    put(store / "b.mp3", b"small")
    inbox = MemoryInbox()
    with pytest.raises(Permanent, match=r"a\.mp3 is larger than max_size allows \(0\.002 MB\)"):
        feed(max_size=ByteCount(2000)).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"small"]
    with pytest.raises(Permanent, match=r"has no such folder\. Correct `remote`"):
        feed(remote=str(tmp_path / "nowhere")).pull(inbox)
    with pytest.raises(Permanent, match="rclone cannot be started"):
        probe(feed(binary="no-rclone"))


def test_over_a_network(feed: MakeFeed, store: Path, serve: Callable[..., int]) -> None:
    put(store / "a.mp3", b"sound")
    remote = f":webdav,url='http://127.0.0.1:{serve('webdav', store)}':"
    inbox = MemoryInbox()
    feed(remote=remote).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"sound"]
    assert probe(feed(remote=remote)) == "rclone remote ':webdav' is there, with 1 sound file"
