"""What people type goes through the same door, and ends in a line in words and a documented exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner, Result

from appliance.cli.main import root
from appliance.cli.remote import Remote
from appliance.clock import SystemClock
from appliance.control.server import ControlServer
from appliance.errors import ApplianceError, NotFound
from tests.cli.commands import FOR_PEOPLE, without_json

if TYPE_CHECKING:
    from tests.control.conftest import House

Type = Callable[..., Result]


@pytest.fixture
def typed(house: House) -> Type:
    """Runs the command line in this process; what it does not mean to raise ends the test."""

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(root, ["--socket", str(house.socket), *arguments])
        if result.exception is not None and not isinstance(result.exception, ApplianceError | SystemExit):
            raise result.exception
        return result

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("player", "seek", "nan"),
        ("player", "seek", "1e400"),
        ("player", "volume", "1e3"),
        ("player", "rate", "2.5"),
        ("play", "clip", "--start-at", "-1"),
        ("volume", "set", "101"),
        ("clips", "list", "--since", "9" * 5000 + "d"),
        ("clips", "list", "--since", "2026-11-22T14:30+99:00"),
        ("clips", "list", "--limit", "0"),
        ("clips", "show", "a" * 1000),
        ("clips", "deliver", "--to", "caf\udce9", "--all"),
        ("play", "x" * 5000),
        ("play", "/" + "x" * 5000),
    ],
    ids=lambda arguments: " ".join(arguments)[:40].encode("ascii", "replace").decode(),
)
def test_what_does_not_fit_is_a_usage_error(typed: Type, arguments: tuple[str, ...]) -> None:
    assert typed(*arguments).exit_code == click.UsageError.exit_code


@pytest.mark.parametrize(
    "moment", ["99999999999w", "0001-01-01", "9999-12-31T23:59:59", "1677-01-01", "2300-01-01", "9" * 30 + "d"]
)
def test_a_time_before_or_after_all_clips_is_a_time(typed: Type, moment: str) -> None:
    assert typed("clips", "list", "--since", moment, "--until", moment).exit_code == 0


def test_any_number_of_clips_may_be_asked_for(typed: Type) -> None:
    assert typed("clips", "list", "--limit", "9" * 30).exit_code == 0


def test_a_file_whose_name_is_no_utf8_is_no_stack_trace(typed: Type, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"mod\xe0.wav")
    path.write_text("no sound")
    result = typed("play", str(path))
    assert isinstance(result.exception, ApplianceError) and "no sound that can be read" in str(result.exception)
    assert isinstance(typed("play", os.fsdecode(b"gone\xe0.wav")).exception, NotFound)


def test_a_word_is_played_from_a_folder_that_one_may_not_read(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: object, *args: object, **named: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "stat", closed)
    assert isinstance(typed("play", "latest").exception, NotFound)


def test_words_are_told_as_they_happen(typed: Type) -> None:
    assert typed("record", "start").output.startswith("recording box_id1")
    assert typed("record", "pause-toggle").output == "paused\n"
    assert typed("record", "pause-toggle").output == "recording\n"
    assert "is safe" in typed("record", "toggle").output
    assert typed("player", "next").output == "playing next, 5.0 s\n"
    assert typed("player", "seek", "1:30").output == "playback is at 1:30\n"
    assert typed("player", "skip", "-15").output == "playback is at 1:15\n"
    assert typed("player", "back").output == "playback is at 1:15\n"
    assert typed("volume", "set", "50%").output == typed("volume", "50%").output == "volume 50%\n"
    assert json.loads(typed("volume", "7", "--json").output) == {"event": "VolumeChanged", "percent": 7}
    assert typed("player", "volume", "50").output == "volume 50%\n"
    assert typed("volume", "up").output == "volume 90%\n"


def test_a_long_list_comes_page_by_page(tmp_path: Path) -> None:
    """However many there are, each page is small."""
    known = [{"clip": {"id": f"id{number}"}} for number in range(2500)]
    asked: list[int] = []

    def find(limit: int, after: str | None, **_: object) -> list[dict[str, dict[str, str]]]:
        asked.append(limit)
        start = 0 if after is None else int(after.removeprefix("id")) + 1
        return known[start : start + limit]

    server = ControlServer(tmp_path / "s", "nogroup", SystemClock())
    server.start({"clips.list": find})
    remote = Remote(tmp_path / "s")
    assert list(remote.clips(None, None)) == known
    assert list(remote.clips(None, None, 2001)) == known[:2001]
    assert list(remote.clips(None, None, 0)) == []
    assert asked == [1000, 1000, 1000, 1000, 1000, 1]
    server.close()


def test_a_message_is_heard_again_and_removed(house: House, typed: Type) -> None:
    path = house.store.places.inbox / "news.wav"
    path.write_bytes(b"sound")
    track = house.store.inbox.add("news", "key", "News", path, 5, "0" * 64)
    house.store.inbox.mark_played(track.id)
    assert f"\n{track.id} " in typed("feeds", "list").output
    assert typed("feeds", "unheard", str(track.id)).output == f"track {track.id} counts as not heard\n"
    assert house.store.inbox.unheard() == 1
    assert typed("feeds", "remove", str(track.id)).output == f"track {track.id} is removed\n"
    assert house.store.inbox.tracks() == [] and not path.exists()
    for word in ("unheard", "remove"):
        result = typed("feeds", word, str(track.id))
        assert isinstance(result.exception, NotFound) and "`appliance feeds list`" in str(result.exception)
    assert typed("feeds", "remove", "0").exit_code == 2


def test_a_long_inbox_comes_in_pages_the_last_first(house: House, typed: Type) -> None:
    inbox = house.store.inbox
    ids = [inbox.add("news", str(number), f"About {number}", Path("a.wav"), 5, "0" * 64).id for number in range(120)]
    inbox.remove(ids.pop(80))

    def page(*words: str) -> list[int]:
        return [track["id"] for track in json.loads(typed("feeds", "list", *words, "--json").output)]

    assert page() == ids[-50:]
    assert page("--limit", "100", "--before", str(ids[-50])) == ids[:-50]
    told = typed("feeds", "list", "--limit", "3", "--before", str(ids[-3])).output
    assert f"About {ids[-4] - 1}" in told and told.endswith(f"there are older ones: --before {ids[-6]}\n")
    assert typed("feeds", "list", "--before", str(ids[50])).output.splitlines()[-1].endswith("About 49")
    assert typed("feeds", "list", "--before", str(ids[0])).output == f"nothing came before track {ids[0]}\n"


def test_what_people_are_told_programs_are_told_too(typed: Type) -> None:
    assert {*without_json()} == FOR_PEOPLE


def test_what_was_done_is_told_to_programs(typed: Type) -> None:
    assert json.loads(typed("clips", "forget", "--to", "attic", "--json").output) == {"forgotten": 0}


def test_lists_for_programs(typed: Type) -> None:
    for words in (("feeds", "list"), ("devices",), ("plugins",), ("clips", "list")):
        assert json.loads(typed(*words, "--json").output) == []
