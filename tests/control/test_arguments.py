"""One door for what comes with a word: whatever it is, it is taken, or refused in words; nothing fails inside."""

from __future__ import annotations

import inspect
import json
import random
import re
import socket
from base64 import b64decode, b64encode
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import appliance
from appliance.arguments import Argument, Kind
from appliance.codec import to_json
from appliance.control import protocol
from appliance.control.client import Client
from appliance.errors import ApplianceError, NotFound, StorageError, UsageError
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp
from appliance.verbs import MOST_BYTES, VERBS

if TYPE_CHECKING:
    from tests.control.conftest import House

LONE = {"status", "doctor", "support"}
"""Words whose answer needs a whole appliance."""

texts = st.text(max_size=20) | st.sampled_from(
    ["", "x" * 5000, "a\x00b", "\x1b[31m", "caf\udce9", "/", "/caf\udce9", "%"]
)
numbers = st.integers() | st.floats() | st.sampled_from([nan, inf, -inf, 10**30, -(10**400), 1 << 63, 0.5, -0.0, True])
values = st.recursive(
    texts | numbers | st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, Any]:
    verb = draw(st.sampled_from([verb for verb in VERBS.values() if not verb.streams and verb.word not in LONE]))
    names = [argument.name for argument in verb.arguments]
    known = st.dictionaries(st.sampled_from(names), values) if names else st.just({})
    return verb.word, draw(known | st.dictionaries(texts, values, max_size=2) | values)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(call=calls())
def test_whatever_comes_with_a_word_nothing_fails_inside(house: House, call: tuple[str, Any]) -> None:
    word, params = call
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(20)
        caller.connect(str(house.socket))
        caller.sendall(protocol.encode({"id": 1, "method": word, "params": params}))
        answer = json.loads(caller.makefile("rb").readline())
    if "error" in answer:
        assert answer["error"]["code"] in (protocol.APPLIANCE_ERROR, protocol.INVALID_PARAMS), answer
        assert answer["error"]["message"].isprintable()
        assert len(answer["error"]["message"]) < 6000


def test_a_stream_refuses_as_well(house: House) -> None:
    for word, params in (
        ("clips.verify", {"clips": 5}),
        ("clips.verify", {"resend": "yes"}),
        ("doctor", {"buttons": 1}),
        ("subscribe", {}),
        ("events", {"x": 1}),
    ):
        with Client(house.socket) as client, pytest.raises(UsageError, match=f"^{word}"):
            next(client.stream(word, **params))


def test_every_word_has_what_answers_it(house: House) -> None:
    """And that takes the very arguments that the table has."""
    own = house.methods.own()
    for verb in VERBS.values():
        if verb.word in own:
            inspect.signature(own[verb.word]).bind(**{argument.name: None for argument in verb.arguments})
            required = {argument.name: None for argument in verb.arguments if argument.required}
            inspect.signature(own[verb.word]).bind(**required)
        else:
            fields = (
                [name for name in verb.command.__match_args__ if name not in ("at", "wishes")] if verb.command else None
            )
            assert fields == [argument.name for argument in verb.arguments], verb.word


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90.0), ("1:30", 90.0), ("1:00:05.5", 3605.5), ("0", 0.0), ("2.25", 2.25)]
)
def test_a_person_writes_times_as_they_are_shown(text: str, value: float) -> None:
    assert Argument("seconds", Kind.NUMBER, "").read(text) == value


@pytest.mark.parametrize("text", ["nan", "inf", "1e400", "-1", "", "1:75", "x", "\u0661"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a number from 0"):
        Argument("seconds", Kind.NUMBER, "").read(text)


def test_a_percentage_may_have_its_sign() -> None:
    percent = Argument("percent", Kind.WHOLE, "", most=100)
    assert (percent.read("50%"), percent.read("7")) == (50, 7)
    for wrong in ("1e3", "-1", "101", "50 %%", ""):
        with pytest.raises(UsageError, match="expected a whole number from 0 to 100"):
            percent.read(wrong)


def add_clip(house: House, clip_id: str, start_ns: int, sound: bytes = b"") -> None:
    """A take that has become a clip."""
    started = ClockStamp(start_ns, 5, "boot", ClockSource.NTP)
    clip = Clip(clip_id, f"box_{clip_id}", "box", AudioFormat(), 1, len(sound), started)
    folder = house.store.places.takes / clip_id
    folder.mkdir()
    (folder / "audio.wav").write_bytes(sound)
    (folder / "clip.json").write_text(to_json(clip))
    house.store.clips.adopt(clip_id)


def test_the_bytes_of_a_clip_come_in_pieces(house: House) -> None:
    sound = random.Random(1).randbytes(MOST_BYTES + 5)
    add_clip(house, "id1", 1000, sound)
    with Client(house.socket) as client:
        first = client.call("clips.read", clip="id1")
        assert (first["offset"], first["size"]) == (0, len(sound))
        rest = client.call("clips.read", clip="box_id1", offset=MOST_BYTES, length=MOST_BYTES)
        assert b64decode(first["data"]) + b64decode(rest["data"]) == sound
        assert client.call("clips.read", clip="id1", offset=3, length=2)["data"] == b64encode(sound[3:5]).decode()
        assert client.call("clips.read", clip="id1", offset=len(sound))["data"] == ""
        for wrong in ({"length": MOST_BYTES + 1}, {"length": 0}, {"offset": -1}, {"offset": 1 << 63}):
            with pytest.raises(UsageError, match=r"^clips\.read: "):
                client.call("clips.read", clip="id1", **wrong)
        house.store.clips.path(house.store.clips.find("id1")).unlink()
        with pytest.raises(StorageError, match=r"box_id1\.wav cannot be read: No such file"):
            client.call("clips.read", clip="id1")


def test_what_deletes_must_be_meant(house: House) -> None:
    for clip_id in ("abcdefghij", "abcdefgklm", "zyxwvutsrq"):
        add_clip(house, clip_id, start_ns=1)
    with Client(house.socket) as client:
        for wrong, words in (("zyxwv", "too little to delete by"), ("z", "too little"), ("", "no clip")):
            with pytest.raises(ApplianceError, match=words):
                client.call("clips.delete", clip=wrong)
        with pytest.raises(NotFound, match="begins the ids of several clips"):
            client.call("clips.delete", clip="abcdefg")
        assert len(client.call("clips.list")) == 3
        assert client.call("clips.delete", clip="zyxwvu")["clip"]["id"] == "zyxwvutsrq"
        client.call("clips.delete", clip="abcdefghij")
        client.call("clips.delete", clip="box_abcdefgklm")
        assert client.call("clips.list") == []


def test_clips_come_in_pages(house: House) -> None:
    for number in range(5):
        add_clip(house, f"id{number}", start_ns=1000 + number // 2)
    with Client(house.socket) as client:
        whole = [entry["clip"]["id"] for entry in client.call("clips.list")]
        assert whole == ["id4", "id3", "id2", "id1", "id0"]
        first = [entry["clip"]["id"] for entry in client.call("clips.list", limit=2)]
        client.call("clips.delete", clip=first[-1])
        rest = [entry["clip"]["id"] for entry in client.call("clips.list", limit=2, after=first[-1])]
        last = [entry["clip"]["id"] for entry in client.call("clips.list", limit=2, after=rest[-1])]
        assert first + rest + last == whole
        assert client.call("clips.list", after=last[-1]) == []
        assert [entry["clip"]["id"] for entry in client.call("clips.list", after="id4", until_ns=1001)] == [
            "id1",
            "id0",
        ]
        with pytest.raises(NotFound, match="no clip 'nobody' to go on after"):
            client.call("clips.list", after="nobody")


def test_a_word_lives_in_few_rooms() -> None:
    """Its command, what that does, and the table; the keyboard's own panel gives it a key. Beyond that, who does it."""
    rooms = Path(appliance.__file__).parent
    names = re.compile(r"RecordMark|record\.mark|RECORD_MARK|MARK_TAKE")
    named = {str(path.relative_to(rooms)) for path in rooms.rglob("*.py") if names.search(path.read_text())}
    assert named == {"events.py", "states.py", "table.py", "effects.py", "verbs.py", "simulation/keyboard.py"}
