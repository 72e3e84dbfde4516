"""A pull that somebody waits to hear: it begins early, ends with whoever listens, and keeps what is whole."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import soundfile

from appliance.audio.arriving import Arrivals
from appliance.errors import Cancelled, Permanent, Transient, WrongKind
from appliance.feeds.listening import ListeningPull
from appliance.models import Track
from appliance.plugin import ListeningFeedJob

Box = Any


class Listener:
    """Somebody at the speaker."""

    def __init__(self, box: Box) -> None:
        self.arrivals = Arrivals()
        self.heard: list[tuple[Path, str]] = []
        self.tracks: list[Track] = []
        self.pull = ListeningPull(
            box.store,
            "url",
            box.clock,
            lambda _: True,
            lambda: False,
            self.tracks.append,
            fresh=True,
            arrivals=self.arrivals,
            begins=lambda path, title: self.heard.append((path, title)),
        )


@pytest.fixture
def listener(box: Box) -> Listener:
    return Listener(box)


@pytest.fixture
def song(tmp_path: Path) -> bytes:
    import numpy as np

    noise = np.random.default_rng(0).normal(0, 0.1, (48_000 * 12, 2))
    soundfile.write(tmp_path / "song", noise, 48_000, format="MP3", subtype="MPEG_LAYER_III")
    return (tmp_path / "song").read_bytes()


def test_it_can_be_played_before_it_is_whole_and_is_kept_as_heard(box: Box, listener: Listener, song: bytes) -> None:
    with listener.pull.new_track("1", "A song", ".mp3") as file:
        for at in range(0, len(song), 10_000):
            file.write(song[at : at + 10_000])
            if not listener.heard:
                assert at < 120_000, "64 kB are enough"
    [(path, title)] = listener.heard
    [track] = listener.tracks
    assert (title, track.path, path.read_bytes()) == ("A song", path, song)
    assert box.store.inbox.unheard() == 0
    arrival = listener.arrivals.take(path)
    assert arrival and arrival.over and arrival.final == path and arrival.read(0, 1 << 20) == song


def test_what_breaks_off_is_told_to_whoever_listens(listener: Listener, song: bytes) -> None:
    with pytest.raises(Transient), listener.pull.new_track("1", "A song", ".mp3") as file:
        file.write(song[:100_000])
        file.write(song[100_000:150_000])
        raise Transient("the line went dead")
    arrival = listener.arrivals.take(listener.heard[0][0])
    assert arrival and arrival.over and arrival.error == "the line went dead"
    assert listener.tracks == []


def test_it_ends_with_whoever_listens_but_not_once_it_is_whole(listener: Listener, song: bytes) -> None:
    with pytest.raises(Cancelled), listener.pull.new_track("1", "A song", ".mp3") as file:
        file.write(song[:100_000])
        file.write(song[100_000:120_000])
        arrival = listener.arrivals.take(listener.heard[0][0])
        assert arrival and not listener.pull.cancelled()
        arrival.leave()
        assert listener.pull.cancelled()
        raise Cancelled("stopped")
    with listener.pull.new_track("2", "Another", ".mp3") as file:
        file.write(song)
    assert [track.title for track in listener.tracks] == ["Another"]
    assert not listener.pull.cancelled()


def test_what_is_no_sound_begins_nothing(listener: Listener) -> None:
    with pytest.raises(Permanent), listener.pull.new_track("1", "A page", ".mp3") as file:
        file.write(b"<html>" * 50_000)
        file.write(b"<html>" * 50_000)
    assert not listener.heard and not listener.tracks


def test_radio_is_heard_and_kept_nowhere(box: Box, listener: Listener, song: bytes) -> None:
    assert isinstance(listener.pull, ListeningFeedJob)
    with pytest.raises(Cancelled), listener.pull.new_stream("Radio Wave") as radio:
        while not listener.heard:
            radio.write(song[:20_000])
        [(path, title)] = listener.heard
        stream = listener.arrivals.take(path)
        assert stream and title == "Radio Wave" and not path.exists()
        threading.Timer(0.05, stream.leave).start()
        for _ in range(1000):
            radio.write(song)
    assert list(box.store.places.inbox.iterdir()) == []


def test_radio_that_nobody_plays_ends(box: Box, listener: Listener, song: bytes) -> None:
    with pytest.raises(Cancelled), listener.pull.new_stream("Radio Wave") as radio:
        for _ in range(10):
            radio.write(song[:20_000])
        assert listener.heard and not listener.pull.cancelled()
        box.clock.advance(31)
        assert listener.pull.cancelled()
        radio.write(song)


def test_what_needs_something_installed_says_so_as_it_begins_to_come(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    frame = b"\xff\xf1\x50\x80\x20\x1f\xfc" + bytes(249)  # of 256 bytes
    needed = r"cannot play 'Wave': this is AAC, which needs PyAV\. Install it: sudo apt install python3-av, or .*\[av\]"
    with pytest.raises(Permanent, match=needed), listener.pull.new_stream("Wave") as radio:
        for _ in range(30):
            radio.write(frame[100:] + frame * 10)
    needed = needed.replace("AAC", "M4A")
    with pytest.raises(Permanent, match=needed), listener.pull.new_track("1", "Wave", ".m4a") as file:
        for _ in range(10):
            file.write(b"\0\0\0\x20ftypM4A " + bytes(20_000))
    assert file.closed and listener.heard == []


def test_what_came_whole_and_needs_something_installed_says_so(
    box: Box, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with (
        pytest.raises(WrongKind, match=r"^For you: this is M4A, which needs PyAV\. Install it: sudo apt"),
        listener.pull.new_track("1", "For you", ".m4a") as file,
    ):
        file.write(b"\0\0\0\x20ftypM4A " + bytes(2_000))


def test_radio_of_a_kind_that_cannot_be_played_is_said(listener: Listener) -> None:
    with pytest.raises(WrongKind, match="use one in MP3, Ogg, Opus or AAC"), listener.pull.new_stream("Radio") as radio:
        while True:
            radio.write(bytes(100_000))
    assert listener.heard == []
