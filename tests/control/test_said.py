"""What a person says of clips, over the socket and on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from appliance.cli.main import root
from appliance.codec import to_json
from appliance.control.client import Client
from appliance.errors import NotFound, UsageError
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp

if TYPE_CHECKING:
    from tests.control.conftest import House


@pytest.fixture
def told(house: House) -> House:
    """A house with two clips, id1 and id2."""
    for clip_id in ("id1", "id2"):
        started = ClockStamp(int(clip_id[-1]), 5, "boot", ClockSource.NTP)
        clip = Clip(clip_id, f"box_{clip_id}", "box", AudioFormat(), 1, 0, started)
        folder = house.store.places.takes / clip_id
        folder.mkdir()
        (folder / "audio.wav").write_bytes(b"")
        (folder / "clip.json").write_text(to_json(clip))
        house.store.clips.adopt(clip_id)
    return house


def run(house: House, *words: str) -> str:
    done = CliRunner().invoke(root, ["--socket", str(house.socket), *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return str(done.output)


def test_words_of_the_socket(told: House) -> None:
    with Client(told.socket) as client:
        assert client.call("clips.title", clip="id1", title=" Anna's\n\x1b[31m  toast ")["title"] == "Anna's [31m toast"
        labels = client.call("clips.label", clip="id1", labels=["b, a", " ", "b"])["labels"]
        assert labels == ["b", "a"] and client.call("clips.labels") == ["a", "b"]
        assert client.call("clips.star", clip="id1")["starred"] is True
        assert client.call("clips.note", clip="id1", note="one\r\n two\n")["note"] == "one\ntwo"
        found = client.call("clips.list", text="toast", label="a", starred=True, verdict="ok")
        assert [each["clip"]["id"] for each in found] == ["id1"]
        assert client.call("clips.list", text="toast", label="c") == []
        assert len(client.call("clips.list", starred=False)) == 2
        with pytest.raises(UsageError, match="21 labels are too many"):
            client.call("clips.label", clip="id1", labels=[",".join(map(str, range(21)))])
        for wrong in ({"title": "x" * 201}, {"title": None}, {}):
            with pytest.raises(UsageError, match=r"clips\.title"):
                client.call("clips.title", clip="id1", **wrong)


def test_marks_are_set_and_taken_away_afterwards(told: House) -> None:
    with Client(told.socket) as client:
        with pytest.raises(UsageError, match="ends at 0"):
            client.call("clips.mark", clip="id1", seconds=1.0)
        assert client.call("clips.mark", clip="id1", seconds=0.00001)["marks"] == [{"offset": 0, "label": ""}]
        assert client.call("clips.mark", clip="id1", seconds=0.00002)["marks"] == [
            {"offset": 0, "label": ""},
            {"offset": 1, "label": ""},
        ]
        assert client.call("clips.unmark", clip="id1", seconds=0.0)["marks"] == [{"offset": 1, "label": ""}]
        with pytest.raises(NotFound, match="no mark at 1"):
            client.call("clips.unmark", clip="id1", seconds=1.0)
    assert run(told, "clips", "mark", "id1", "0") == "box_id1: marked at 0.0 s, 0.0208 ms\n"
    assert run(told, "clips", "unmark", "id1", "0:00") == "box_id1: marked at 0.0208 ms\n"
    assert json.loads(told.store.places.sidecar("box_id1").read_text())["marks"] == [{"offset": 1, "label": ""}]
    assert run(told, "clips", "unmark", "id1", "0:00") == "box_id1: no marks\n"


def test_commands(told: House) -> None:
    assert run(told, "clips", "title", "id1", "Toast") == "box_id1: Toast\n"
    assert run(told, "clips", "label", "id1", "family", "best of") == "box_id1: Toast #family #best of\n"
    assert run(told, "clips", "star", "id1") == "box_id1: * Toast #family #best of\n"
    assert json.loads(run(told, "clips", "note", "id1", "so it was", "--json"))["note"] == "so it was"
    assert "Toast" in run(told, "clips", "list", "--text", "toa", "--label", "best of", "--starred")
    assert run(told, "clips", "list", "--text", "nope") == "no clips\n"
    assert "so it was" in run(told, "clips", "show", "id1")
    assert run(told, "clips", "labels") == "best of\nfamily\n"
    assert run(told, "clips", "label", "id1") == "box_id1: * Toast\n"
    assert run(told, "clips", "star", "id1", "--off") == "box_id1: Toast\n"
    assert run(told, "clips", "title", "id1", "") == "box_id1: nothing is said of it\n"
    assert run(told, "clips", "approve", "id2") == "box_id2: (approved)\n"
    assert run(told, "clips", "list", "--approved").startswith("id2 ")
    assert json.loads(told.store.places.sidecar("box_id2").read_text())["approved"] is True
    assert run(told, "clips", "approve", "id2", "--off") == "box_id2: nothing is said of it\n"
    assert run(told, "clips", "list", "--approved") == "no clips\n"


def test_a_page_of_what_is_found_tells_that_there_is_more(told: House) -> None:
    for clip in ("id1", "id2"):
        run(told, "clips", "label", clip, "a")
    first = run(told, "clips", "list", "--label", "a", "--limit", "1").splitlines()
    assert first[0].startswith("id2") and first[-1] == "there are more: --page 2"
    second = run(told, "clips", "list", "--label", "a", "--limit", "1", "--page", "2").splitlines()
    assert second[0].startswith("id1") and "more" not in second[-1]
