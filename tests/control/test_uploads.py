"""Sound that a person sends to the inbox: whole and as it was, or not there at all."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from appliance.audio.wav import build
from appliance.cli.main import root
from appliance.control.client import Client
from appliance.errors import ApplianceError, NotFound, Refused, StorageError, UsageError
from appliance.feeds.uploads import MOST_BYTES, Uploads
from appliance.models import AudioFormat, Track
from appliance.testing.clock import ManualClock
from appliance.verbs import MOST_LETTERS

if TYPE_CHECKING:
    from tests.control.conftest import House

SOUND = build(AudioFormat(8000), 100_000) + bytes(range(250)) * 400


def send(client: Client, sound: bytes, title: str = "from Anna", whole: int | None = None) -> dict[str, Any]:
    upload, sent = client.call("feeds.send", title=title, size=whole or len(sound)), 0
    while sent < len(sound):
        piece = sound[sent : sent + MOST_LETTERS * 3 // 4]
        sent = client.call("feeds.piece", upload=upload, offset=sent, data=b64encode(piece).decode())
    track: dict[str, Any] = client.call("feeds.sent", upload=upload)
    return track


def files(house: House) -> list[Path]:
    return list(house.store.places.inbox.iterdir())


def test_what_is_sent_is_a_message_that_nobody_has_heard(house: House) -> None:
    with Client(house.socket) as client:
        track = send(client, SOUND, "../../etc/passwd\n")
        assert client.call("feeds.list") == [track]
    assert (track["feed"], track["played"]) == ("phone", False)
    (file,) = files(house)
    assert file.read_bytes() == SOUND and file == Path(track["path"]) and "passwd" not in file.name
    assert house.store.inbox.unheard() == 1


def test_a_piece_that_comes_twice_counts_once(house: House) -> None:
    with Client(house.socket) as client:
        upload = client.call("feeds.send", title="a", size=len(SOUND))
        piece = b64encode(SOUND[:1000]).decode()
        assert client.call("feeds.piece", upload=upload, offset=0, data=piece) == 1000
        assert client.call("feeds.piece", upload=upload, offset=0, data=piece) == 1000
        with pytest.raises(UsageError, match=f"1000 of {len(SOUND)} bytes are there"):
            client.call("feeds.piece", upload=upload, offset=2000, data=piece)
        with pytest.raises(UsageError, match="only 1000 of"):
            client.call("feeds.sent", upload=upload)
        with pytest.raises(UsageError, match="Base64"):
            client.call("feeds.piece", upload=upload, offset=1000, data="%")
        for at in range(1000, len(SOUND), 40_000):
            client.call("feeds.piece", upload=upload, offset=at, data=b64encode(SOUND[at : at + 40_000]).decode())
        track = client.call("feeds.sent", upload=upload)
        assert client.call("feeds.sent", upload=upload) == track, "its answer may have got lost"
        with pytest.raises(NotFound, match="begin anew"):
            client.call("feeds.sent", upload="0" * 16)
        assert client.call("feeds.list") == [track]
    assert files(house)[0].read_bytes() == SOUND


def test_the_last_piece_may_come_twice_too(house: House) -> None:
    sound = build(AudioFormat(8000), 20_000) + bytes(range(250)) * 80
    with Client(house.socket) as client:
        upload = client.call("feeds.send", title="a", size=len(sound))
        for _ in range(2):  # an answer was lost on its way
            piece = b64encode(sound).decode()
            assert client.call("feeds.piece", upload=upload, offset=0, data=piece) == len(sound)
        client.call("feeds.sent", upload=upload)
    assert files(house)[0].read_bytes() == sound


@pytest.mark.parametrize("sound", [b"no sound at all", b"#!/bin/sh\n" * 50, SOUND[:20]])
def test_what_is_no_sound_is_not_kept(sound: bytes, house: House) -> None:
    with Client(house.socket) as client:
        with pytest.raises(ApplianceError, match="no sound that can be played"):
            send(client, sound)
        assert client.call("feeds.list") == []
    assert files(house) == []


def test_there_are_limits(house: House) -> None:
    with Client(house.socket) as client:
        with pytest.raises(UsageError, match="up to 200 MB"):
            client.call("feeds.send", title="a", size=MOST_BYTES + 1)
        with pytest.raises(UsageError, match="0 of 5 bytes"):
            send(client, SOUND, whole=5)
    assert house.store.inbox.tracks() == []


def uploads(house: House, clock: ManualClock, room: bool = True) -> Uploads:
    arrived: list[Track] = []
    return Uploads(house.store, clock, lambda _: room, arrived.append)


def test_one_that_was_given_up_gives_way(house: House) -> None:
    clock = ManualClock()
    some = uploads(house, clock)
    names = [some.begin("a", 10) for _ in range(4)]
    with pytest.raises(Refused, match="others are sending"):
        some.begin("a", 10)
    clock.advance(100)
    some.write(names[0], 0, b"12345")
    clock.advance(100)
    some.begin("a", 10)
    assert some.write(names[0], 5, b"67890") == 10
    with pytest.raises(NotFound):
        some.write(names[1], 0, b"1")
    some.close()
    assert files(house) == []


@pytest.mark.parametrize("size", [100, 3 << 20], ids=["at its end", "on the way"])
def test_recordings_keep_their_reserve(size: int, house: House) -> None:
    """Whoever sends is told that the disk is what refuses: over HTTP that has a status code of its own."""
    some = uploads(house, ManualClock(), room=False)
    name = some.begin("a", size)
    with pytest.raises(StorageError, match="no room"):
        for at in range(0, size, 1 << 20):
            some.write(name, at, bytes(min(size, 1 << 20)))
        some.end(name)
    assert files(house) == []


def test_a_file_is_sent_from_the_shell(house: House, tmp_path: Path) -> None:
    (tmp_path / "greeting.wav").write_bytes(SOUND)
    words = ["--socket", str(house.socket), "feeds", "send", str(tmp_path / "greeting.wav")]
    assert CliRunner().invoke(root, words, catch_exceptions=False).output == "track 1: greeting\n"
    done = CliRunner().invoke(root, [*words, "--title", "Hello", "--json"], catch_exceptions=False)
    assert json.loads(done.output)["title"] == "Hello" and len(files(house)) == 2
