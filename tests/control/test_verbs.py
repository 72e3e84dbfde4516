"""One table: a word that is added to it is a button's, a call, a command and a line of the description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from appliance import verbs
from appliance.cli.main import root
from appliance.config.flow import Script
from appliance.config.loader import parse
from appliance.control.client import Client
from appliance.errors import NotFound, Refused, UsageError
from appliance.events import MarkSet, RecordMark
from appliance.panel.facts import Fact, Gesture
from appliance.panel.meanings import means
from appliance.report import Report
from appliance.verbs import VERBS, Verb

if TYPE_CHECKING:
    from tests.control.conftest import House


@pytest.fixture
def flag() -> Iterator[None]:
    """A word of tomorrow, put into the table as a new entry of it would be."""
    VERBS["record.flag"] = Verb("record.flag", "Put up a flag.", RecordMark, (MarkSet,), since=9)
    yield
    del VERBS["record.flag"]


@pytest.fixture(params=["clips", "feeds", "handset", "play", "player", "playlist", "record", "volume"])
def family(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The first part of a word, of which there is one more: `flag`."""
    word = f"{request.param}.flag"
    monkeypatch.setitem(VERBS, word, Verb(word, "Put up a flag.", RecordMark, (MarkSet,), since=9))
    return str(request.param)


def test_a_word_more_is_a_command_in_every_family(family: str, house: House) -> None:
    group = "player" if family == "play" else family
    CliRunner().invoke(root, ["--socket", str(house.socket), "record", "start"], catch_exceptions=False)
    done = CliRunner().invoke(root, ["--socket", str(house.socket), group, "flag"], catch_exceptions=False)
    assert done.output.startswith("mark set at")


def test_whoever_asks_hears_that_it_failed() -> None:
    for verb in VERBS.values():
        for event in verb.failed:
            assert {"take_id", "playback_id"} & set(event.__match_args__), f"{verb.word}: {event} names no one's answer"


def test_a_word_that_no_flow_of_this_box_hears_is_refused_in_words(house: House) -> None:
    refused = 0
    with Client(house.socket) as client:
        for verb in VERBS.values():
            if verb.flows:
                given = {argument.name: "de" for argument in verb.arguments}
                with pytest.raises(
                    Refused, match=rf"{verb.word} is for .*and this box has no flow: set `flow\.script`"
                ):
                    client.call(verb.word, **given)
                refused += 1
    assert refused >= 6


def test_each_word_of_a_flow_names_scripts_that_there_are() -> None:
    named = {script for verb in VERBS.values() for script in verb.flows}
    assert named == {*Script} - {Script.NONE}


class TestAWordMore:
    def test_a_button_may_be_given_it(self, flag: None) -> None:
        settings = parse("panel: {buttons: {17: record.flag}}", "file", {})
        assert means(settings.panel.buttons[17], 17)([Fact(Gesture.PRESSED, 7.0)]) == [RecordMark(7.0)]

    def test_it_can_be_called(self, flag: None, house: House) -> None:
        with Client(house.socket) as client:
            client.call("record.start")
            answer = client.call("record.flag")
            assert answer == {"event": "MarkSet", "take_id": "id1", "offset": 5, "rate": 48_000, "label": ""}

    def test_it_is_a_command(self, flag: None, house: House) -> None:
        CliRunner().invoke(root, ["--socket", str(house.socket), "record", "start"], catch_exceptions=False)
        done = CliRunner().invoke(root, ["--socket", str(house.socket), "record", "flag"], catch_exceptions=False)
        assert done.output == "mark set at 0.104 ms\n"
        assert "Put up a flag." in CliRunner().invoke(root, ["record", "--help"]).output

    def test_it_is_described(self, flag: None, house: House) -> None:
        with Client(house.socket) as client:
            [method] = [each for each in client.call("describe")["methods"] if each["name"] == "record.flag"]
        assert (method["acts"], method["button"], method["done"], method["since"]) == (True, True, ["MarkSet"], 9)


def test_every_word_can_be_called(house: House) -> None:
    assert house.methods.table().keys() == VERBS.keys()


def test_every_acting_word_is_answered_by_what_happened(house: House) -> None:
    with Client(house.socket) as client:
        for word, event in (
            ("record.toggle", "TakeStarted"),
            ("record.pause_toggle", "TakePaused"),
            ("record.pause_toggle", "TakeResumed"),
            ("record.mark", "MarkSet"),
            ("record.split", "TakeContinues"),
            ("record.toggle", "ClipFinished"),
            ("record.start", "TakeStarted"),
            ("record.discard", "TakeDiscarded"),
            ("play.next", "PlaybackStarted"),
            ("play.stop", "PlaybackFinished"),
            ("volume.up", "VolumeChanged"),
            ("volume.down", "VolumeChanged"),
        ):
            assert client.call(word)["event"] == event, word
        assert client.call("volume.set", percent=5) == {"event": "VolumeChanged", "percent": 5}
        assert client.call("play.toggle")["event"] == "PlaybackStarted"
        with pytest.raises(NotFound, match="nothing was recorded"):
            client.call("play.latest")


def test_whoever_lifts_a_handset_without_a_flow_hears_what_becomes_of_it(house: House) -> None:
    with Client(house.socket) as client:
        assert client.call("handset.lift")["event"] == "TakeStarted"
        with pytest.raises(Refused, match="a take is in progress"):
            client.call("handset.lift")
        assert client.call("handset.hang_up")["event"] == "ClipFinished"


def test_only_words_without_anything_to_say_are_for_buttons() -> None:
    assert {"record.mark", "play.next", "volume.up"} <= set(verbs.button_words())
    assert not {"player.seek", "volume.set", "play", "status", "clips.delete"} & set(verbs.button_words())


def test_a_client_may_ask_for_its_version(house: House) -> None:
    with Client(house.socket) as client:
        assert client.call("hello", version=1)["versions"] == [1, 2]
        assert client.call("hello")["version"] == 2
        with pytest.raises(Refused, match=r"version 3 of the control protocol is not spoken here, but 1 and 2"):
            client.call("hello", version=3)


def test_what_is_described_is_what_is_checked(house: House) -> None:
    with Client(house.socket) as client:
        methods: dict[str, Any] = {each["name"]: each for each in client.call("describe")["methods"]}
        [percent] = methods["volume.set"]["params"]
        assert percent["schema"] == {"type": "integer", "minimum": 0, "maximum": 100} and percent["required"]
        for wrong in (-1, 101, 1.5, True, "50", None, [50], float("nan"), 10**30):
            with pytest.raises(UsageError, match=r"volume\.set: percent: found .*, expected a whole number from 0 to"):
                client.call("volume.set", percent=wrong)
        with pytest.raises(UsageError, match="needs the argument percent"):
            client.call("volume.set")
        with pytest.raises(UsageError, match='has no argument "loud": it takes percent'):
            client.call("volume.set", percent=5, loud=True)


def test_every_field_of_the_report_is_described(house: House) -> None:
    with Client(house.socket) as client:
        fields = {each["path"]: each for each in client.call("describe")["report"]}
    assert set(Report().plain()) == {path for path in fields if not set(path) & set(".[{")}
    assert fields["storage.free"] | {"words": ""} == {
        "path": "storage.free",
        "words": "",
        "kind": "gauge",
        "unit": "bytes",
    }


def test_who_names_a_take_never_ends_another(house: House) -> None:
    with Client(house.socket) as client:
        mine = client.call("record.start")["take_id"]
        with pytest.raises(Refused, match="the take that was meant has ended already"):
            client.call("record.stop", take_id="another")
        assert client.call("record.stop", take_id=mine)["event"] == "ClipFinished"
