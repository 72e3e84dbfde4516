"""What people see of clips and of the room that is left."""

import pytest
from attrs import evolve

from appliance.cli import show
from appliance.codec import to_plain
from appliance.machine import Recorder
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp
from appliance.report import DestinationReport, FaultReport, FeedReport, Report, StorageReport
from appliance.status import PlaybackStatus, TakeStatus

CLIP = Clip("c", "box_1970_c", "box", AudioFormat(), 48_000, 96_128, ClockStamp(3600 * 10**9, 5, "b", ClockSource.NONE))
STORAGE = StorageReport(free=10**9, total=10**10, free_seconds=7200, reserve=10**8)
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
    show.status(Report(storage=STORAGE))
    quiet = capsys.readouterr().out
    assert "room for 2:00:00 of sound (1.0 GB free, 100.0 MB of it in reserve)" in quiet and "warning" not in quiet
    warning = "can never free space: there is no destination; full in 12 days"
    show.status(Report(storage=evolve(STORAGE, warning=warning)))
    assert "warning can never free space" in capsys.readouterr().out


def test_one_is_not_many(capsys: pytest.CaptureFixture[str]) -> None:
    failed = {"destination": "cloud", "state": "parked", "receipt": None, "progress": None, "last_error": ""}
    deliveries = [{**failed, "attempts": 1}, {**failed, "attempts": 2}]
    show.clip({"clip": to_plain(CLIP), "path": "/clips/c.wav", "deliveries": deliveries})
    said = " ".join(capsys.readouterr().out.split())
    assert "1 channel " in said and "1 attempt " in said and said.endswith("2 attempts")
    take = TakeStatus("t", "box_t", AudioFormat(), 2.0, 2.0, -9.0, gaps=1)
    show.status(Report(take=take, recorder=Recorder.RECORDING, unheard=1))
    said = capsys.readouterr().out
    assert "peak -9.0 dBFS, 1 gap\n" in said and "1 message not heard yet" in said


HINT = "pip install 'audio-appliance[s3]' [/x]"
"""Rich would take the one for a style that it does not know, and leave it out, and stumble over the other."""


def test_brackets_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    playback, faults = PlaybackStatus("p", HINT, 2.0, 1.0), (FaultReport(name="delivery:cloud", message=HINT),)
    show.status(Report(playback=playback, faults=faults, storage=evolve(STORAGE, warning=HINT)))
    show.tracks([{"id": 7, "feed": "news", "title": HINT, "size": 1, "played": False}])
    plugin = {"name": "s3", "distribution": "", "version": "", "state": "broken", "backends": [], "message": HINT}
    show.plugins([plugin])
    failed = {"destination": "cloud", "state": "parked", "receipt": None, "progress": None, "attempts": 1}
    show.clip({"clip": to_plain(CLIP), "path": "/clips/c.wav", "deliveries": [{**failed, "last_error": HINT}]})
    assert "".join(capsys.readouterr().out.split()).count("audio-appliance[s3]") >= 5


def test_cards_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show.cards([{"name": "Mic [usb]", "words": ["usb"], "capture": "none", "playback": "none"}])
    assert "Mic [usb]" in capsys.readouterr().out


def test_nothing_is_wrong_is_never_said_beside_work_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    refused = DestinationReport(waiting=2, failures=1, last_error="nas refused the connection", next_try=40.0)
    show.status(Report(destinations={"nas": refused}))
    said = capsys.readouterr().out
    assert (
        "2 clips wait for nas: nas refused the connection, next try in 40 s" in said and "nothing is wrong" not in said
    )
    show.status(Report(feeds={"news": FeedReport(failures=3, last_error="no route to host", next_try=90.0)}))
    said = capsys.readouterr().out
    assert "feed news brings nothing: no route to host, next try in 1:30" in said and "nothing is wrong" not in said
    asked = DestinationReport(waiting=1, failures=1, last_error="no answer: is the server up?", next_try=0.0)
    show.status(Report(destinations={"nas": asked}))
    assert "1 clip waits for nas: no answer: is the server up? Trying again now" in capsys.readouterr().out
    show.status(Report(destinations={"nas": DestinationReport(waiting=1)}))
    assert "nothing is wrong" in capsys.readouterr().out


def test_what_is_no_longer_configured_stands_apart(capsys: pytest.CaptureFixture[str]) -> None:
    show.status(Report(removed_destinations={"old": 1, "older": 2}, removed_feeds={"news": 3}))
    said = capsys.readouterr().out
    assert "old is no longer in the configuration: 1 clip still waits for it" in said
    assert "put it back, or run `appliance clips forget --to old`" in said
    assert "older is no longer in the configuration: 2 clips still wait for it" in said
    assert "news is no longer in the configuration: 3 messages of it not heard yet" in said


def test_a_fault_says_how_long_it_has_been_one(capsys: pytest.CaptureFixture[str]) -> None:
    show.status(Report(time=1000.0, faults=(FaultReport(name="panel", message="no pins", since=100.0),)))
    assert "fault panel: no pins (for 15:00)" in capsys.readouterr().out
