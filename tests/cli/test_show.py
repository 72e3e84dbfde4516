"""What people see of clips and of the room that is left."""

from typing import Any

import pytest
from attrs import evolve

from appliance.cli import show
from appliance.codec import to_plain
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp

CLIP = Clip("c", "box_1970_c", "box", AudioFormat(), 48_000, 96_128, ClockStamp(3600 * 10**9, 5, "b", ClockSource.NONE))
RIGHT = ClockStamp(1_800_000_000 * 10**9, 5, "b", ClockSource.NTP, 3600)


def shown(clip: Clip, capsys: pytest.CaptureFixture[str]) -> str:
    show.clip({"clip": to_plain(clip), "path": "/clips/c.wav", "deliveries": []})
    return " ".join(capsys.readouterr().out.split())


def test_a_clip_shows_which_clock_told_its_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert "recorded 1970-01-01 01:00:00 (clock: none, it was not set)" in shown(CLIP, capsys)
    corrected = shown(evolve(CLIP, corrected=RIGHT), capsys)
    assert "recorded 2027-01-15 09:00:00 (clock: ntp, set later; at the press it said 1970-01-01 01:00:00)" in corrected


def test_lists_show_the_true_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert show.started(to_plain(evolve(CLIP, corrected=RIGHT))) == "2027-01-15 09:00:00"
    assert show.started(to_plain(CLIP)) == "1970-01-01 01:00:00"


def test_a_linked_clip_names_the_one_before(capsys: pytest.CaptureFixture[str]) -> None:
    assert "continues clip abc" in shown(evolve(CLIP, continues="abc"), capsys)
    assert "continues" not in shown(CLIP, capsys)


def test_the_room_that_is_left_and_the_warning(capsys: pytest.CaptureFixture[str]) -> None:
    storage: dict[str, Any] = {"free": 10**9, "total": 10**10, "free_seconds": 7200, "reserve": 10**8, "warning": ""}
    answer: dict[str, Any] = {"device": "box", "take": None, "playback": None, "recorder": "idle", "faults": []}
    answer |= {
        "deliveries": {},
        "sending": [],
        "unheard": 0,
        "version": "1",
        "uptime": 5.0,
        "pid": 7,
        "storage": storage,
    }
    show.status(answer)
    quiet = capsys.readouterr().out
    assert "room for 2:00:00 of sound (1.0 GB free, 100.0 MB of it in reserve)" in quiet and "warning" not in quiet
    storage["warning"] = "can never free space: there is no destination; full in 12 days"
    show.status(answer)
    assert "warning can never free space" in capsys.readouterr().out


def test_one_is_not_many(capsys: pytest.CaptureFixture[str]) -> None:
    failed = {"destination": "cloud", "state": "parked", "receipt": None, "progress": None, "last_error": ""}
    deliveries = [{**failed, "attempts": 1}, {**failed, "attempts": 2}]
    show.clip({"clip": to_plain(CLIP), "path": "/clips/c.wav", "deliveries": deliveries})
    said = " ".join(capsys.readouterr().out.split())
    assert "1 channel " in said and "1 attempt " in said and said.endswith("2 attempts")
    storage = {"free": 10**9, "total": 10**10, "free_seconds": 7200, "reserve": 10**8, "warning": ""}
    take = {"seconds": 2.0, "peak_dbfs": -9.0, "gaps": 1}
    answer: dict[str, Any] = {"device": "box", "take": take, "playback": None, "recorder": "recording"}
    answer |= {"faults": [], "deliveries": {}}
    show.status(answer | {"sending": [], "unheard": 1, "version": "1", "uptime": 5.0, "pid": 7, "storage": storage})
    said = capsys.readouterr().out
    assert "peak -9.0 dBFS, 1 gap\n" in said and "1 message not heard yet" in said


HINT = "pip install 'audio-appliance[s3]' [/x]"
"""Rich would take the one for a style that it does not know, and leave it out, and stumble over the other."""


def test_brackets_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    storage = {"free": 10**9, "total": 10**10, "free_seconds": 7200, "reserve": 10**8, "warning": HINT}
    playback = {"title": HINT, "position": 1.0, "seconds": 2.0}
    answer: dict[str, Any] = {"device": "box", "take": None, "playback": playback, "player": "playing"}
    answer |= {
        "recorder": "idle",
        "faults": [{"name": "delivery:cloud", "message": HINT}],
        "deliveries": {},
        "storage": storage,
    }
    show.status({**answer, "sending": [], "unheard": 0, "version": "1", "uptime": 5.0, "pid": 7})
    show.tracks([{"id": 7, "feed": "news", "title": HINT, "size": 1, "played": False}])
    plugin = {"name": "s3", "distribution": "", "version": "", "state": "broken", "backends": [], "message": HINT}
    show.plugins([plugin])
    failed = {"destination": "cloud", "state": "parked", "receipt": None, "progress": None, "attempts": 1}
    show.clip({"clip": to_plain(CLIP), "path": "/clips/c.wav", "deliveries": [{**failed, "last_error": HINT}]})
    assert "".join(capsys.readouterr().out.split()).count("audio-appliance[s3]") >= 5


def test_cards_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show.cards([{"name": "Mic [usb]", "words": ["usb"], "capture": "none", "playback": "none"}])
    assert "Mic [usb]" in capsys.readouterr().out
