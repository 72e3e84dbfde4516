"""What the page shows and answers, with a recorder that says whatever a test wants."""

import csv
import http.client
import io
import json
import os
import re
import zipfile
from array import array
from collections.abc import Iterator
from math import sin
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from bottle import HTTPResponse

from appliance.audio.wav import build
from appliance.errors import NotFound, NotRunning, Refused, StorageError
from appliance.models import AudioFormat
from appliance.page import answers, openapi
from appliance.page.keys import Keys
from appliance.verbs import VERBS
from tests.page.conftest import STATUS, Browser, Desk, clip

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def sounds(tmp_path: Path, desk: Desk) -> list[dict[str, Any]]:
    """Three clips, the newest first."""
    found = []
    for number in range(3):
        path = tmp_path / f"clip {number}.wav"
        path.write_bytes(bytes(range(256)) * (number + 1))
        found.append(clip(f"id{number}", path))
    by_id = {each["clip"]["id"]: each for each in found}

    def show(clip: str) -> dict[str, Any]:
        if clip not in by_id:
            raise NotFound(f"there is no clip {clip}")
        return by_id[clip]

    desk.answers["clips.show"] = show
    desk.answers["clips.list"] = lambda after=None, **_: found if after is None else []
    return found


def test_now_says_how_the_box_is(browser: Browser, desk: Desk) -> None:
    text = browser.get("/").text
    for said in ("booth", "Ready", "All is well", "Everything has arrived", "Room for 31 hours"):
        assert said in text
    take = {"seconds": 42.3, "peak_dbfs": -12.0}
    fault = {"name": "microphone", "message": "it is not there", "urgent": True}
    desk.answers["status"] = {
        **STATUS,
        "ok": False,
        "summary": "it is not there",
        "recorder": "recording",
        "take": take,
        "faults": [fault],
    }
    text = browser.get("/").text
    for said in ("Recording 0:42", "Needs a look", "it is not there", "Stop", "Pause", "Mark"):
        assert said in text


def test_a_take_can_be_stopped_before_its_first_sound(browser: Browser, desk: Desk) -> None:
    desk.answers["status"] = {**STATUS, "recorder": "recording"}
    text = browser.get("/").text
    assert "/do/record.stop" in text and "/do/record.start" not in text


def test_what_is_pressed_names_what_the_page_shows(browser: Browser, desk: Desk) -> None:
    """So that a page from before ends nothing that somebody else has begun since."""
    playback = {"id": "p", "title": "Anna"}
    for recorder in ("recording", "paused"):
        desk.answers["status"] = {**STATUS, "recorder": recorder, "recording_id": "began", "playback": playback}
        forms = re.findall('action="/do/((record|player)[.][^"]*)"(.*?)</form>', browser.get("/").text, re.S)
        assert len(forms) == 4
        for word, what, form in forms:
            named = 'name="take_id" value="began"' if what == "record" else 'name="playback_id" value="p"'
            assert named in form, word


def test_work_that_fails_is_said_before_it_is_a_fault(browser: Browser, desk: Desk) -> None:
    desk.answers["status"] = {**STATUS, "summary": "2 clips wait: office refused the connection, next try in 40 s"}
    text = browser.get("/").text
    assert "All is well" not in text and "office refused the connection, next try in 40 s" in text


def test_a_microphone_that_is_open_for_a_trigger_is_said(browser: Browser, desk: Desk) -> None:
    quiet = {"listening": True, "hears": False, "level": -60.0, "threshold": -40.0}
    triggers = {"bats": quiet, "birds": {**quiet, "hears": True}, EVIL: {**quiet, "listening": False}}
    desk.answers["status"] = {**STATUS, "triggers": triggers}
    text = browser.get("/").text
    assert "bats: listens: the microphone is open" in text
    assert "birds: hears something, and has it recorded" in text
    assert "does not listen now" in text and EVIL not in text


def test_clips_by_day_with_their_proof(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    text = browser.get("/clips").text
    assert "2026-01-01" in text and "01:00:00" in text and "0:02" in text
    assert text.count("office has it, byte for byte") == 3
    assert 'src="/api/v1/clips/id0/sound"' in text


def test_foreign_text_is_text(browser: Browser, desk: Desk, sounds: list[dict[str, Any]]) -> None:
    sounds[0]["clip"]["name"] = EVIL
    sounds[0]["deliveries"][0] |= {"state": "parked", "receipt": None, "last_error": EVIL, "destination": EVIL}
    fault = {"name": EVIL, "message": EVIL, "urgent": False}
    desk.answers["status"] = {**STATUS, "device": EVIL, "faults": [fault], "deliveries": {EVIL: {"parked": 1}}}
    desk.answers["feeds.list"] = [
        {"id": 1, "title": EVIL, "feed": EVIL, "size": 1, "played": False, "unplayable": False, "path": "/x"}
    ]
    for path in ("/", "/clips", "/clips/id0", "/messages"):
        text = browser.get(path).text
        assert EVIL not in text and "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("error", "code"), [(NotRunning("it is away"), 503), (Refused("not now"), 409), (StorageError("no disk"), 507)]
)
def test_what_goes_wrong_is_said(error: Exception, code: int, browser: Browser, desk: Desk) -> None:
    desk.answers["status"] = error
    page, answer = browser.get("/"), browser.get("/api/v1/status")
    assert (page.status, answer.status) == (code, code)
    assert str(error) in page.text
    assert json.loads(answer.body) == {"status": code, "detail": str(error)}


@pytest.mark.parametrize(
    ("path", "came", "fields", "again"),
    [
        ("/begin/password", "/begin", {"password": "a few good words"}, "/begin"),
        ("/clips/chosen/delete", "/clips?text=anna", {}, "/clips?text=anna"),
        ("/do/clips.star", "/clips/id0/verify", {"back": "/clips/id0", "clip": "id0", "starred": "true"}, "/clips/id0"),
        ("/settings/use", "/begin/preset", {"back": "/begin"}, "/begin"),
        ("/begin/password", "http://elsewhere.example/begin", {"password": "a few good words"}, "/"),
    ],
)
def test_what_a_form_could_not_do_can_be_tried_again_from_where_it_stands(
    path: str, came: str, fields: dict[str, str], again: str, browser: Browser, desk: Desk
) -> None:
    desk.answers["clips.star"] = Refused("not now")
    sent = {"Origin": browser.origin, "Content_Type": "application/x-www-form-urlencoded"}
    referer = came if came.startswith("http") else f"{browser.origin}{came}"
    answer = browser.ask("POST", path, urlencode(fields).encode(), Referer=referer, **sent)
    assert answer.status in (409, 422, 503, 400), answer.text
    assert f'<a href="{again}">Try again</a>' in answer.text and 'aria-label="Pages"' in answer.text


def test_a_defect_of_the_page_is_no_stack_trace(browser: Browser, desk: Desk) -> None:
    desk.answers["status"] = {}
    for path in ("/", "/api/v1/status?"):
        assert "Traceback" not in browser.get(path).text
    assert browser.get("/").status == 500


# -- words


def test_every_word_can_be_asked_as_it_is_described(browser: Browser) -> None:
    described = json.loads(browser.get("/api/v1/openapi.json").body)
    assert described["openapi"] == "3.1.0"
    for word in VERBS.keys() - set(openapi.HIDDEN):
        ((method, _),) = described["paths"][f"/api/v1/{word}"].items()
        assert method == ("post" if VERBS[word].acts else "get")
        other = "GET" if method == "post" else "POST"
        assert browser.ask(other, f"/api/v1/{word}", b"{}", Origin=browser.origin).status == 405


def test_arguments_reach_the_recorder_checked(browser: Browser, desk: Desk) -> None:
    desk.answers["volume.set"] = {"event": "VolumeChanged", "percent": 30}
    answer = browser.post("/api/v1/volume.set", content=b'{"percent": 30}')
    assert (answer.status, json.loads(answer.body)) == (200, {"event": "VolumeChanged", "percent": 30})
    browser.get("/api/v1/clips.list?limit=5&after=abc")
    assert desk.asked == [("volume.set", {"percent": 30}), ("clips.list", {"limit": 5, "after": "abc"})]


@pytest.mark.parametrize(
    "content",
    [b'{"percent": "loud"}', b'{"percent": 101}', b"{}", b"[]", b"nonsense", b'{"percent": 1, "x": 2}', b"\xff"],
)
def test_what_does_not_fit_is_refused_in_words(content: bytes, browser: Browser, desk: Desk) -> None:
    answer = browser.post("/api/v1/volume.set", content=content)
    assert answer.status == 400 and json.loads(answer.body)["detail"]
    assert desk.asked == []


def test_more_than_fits_is_refused(browser: Browser, desk: Desk) -> None:
    assert browser.post("/api/v1/volume.set", content=b"{" + b" " * 150_000 + b"}").status == 413
    assert browser.post("/api/v1/volume.set", content=b"[" * 90_000).status == 400
    assert desk.asked == []


def test_a_word_that_streams(browser: Browser, desk: Desk) -> None:
    desk.answers["clips.verify"] = [{"clip": "a"}, {"clip": "b"}]
    answer = browser.post("/api/v1/clips.verify", content=b"{}")
    assert [json.loads(line) for line in answer.body.splitlines()] == [{"clip": "a"}, {"clip": "b"}]


def test_what_goes_wrong_in_a_stream_is_its_last_word(browser: Browser, desk: Desk) -> None:
    def heard() -> Iterator[dict[str, Any]]:
        yield {"peak_dbfs": -20.0}
        raise Refused("a take began")

    desk.answers["hear"] = heard
    lines = browser.post("/api/v1/hear", content=b"{}").body.splitlines()
    assert [json.loads(line) for line in lines] == [{"peak_dbfs": -20.0}, {"problem": "a take began"}]


def test_a_form_leads_back(browser: Browser, desk: Desk) -> None:
    answer = browser.post("/do/clips.delete", clip="id0", back="/clips")
    assert (answer.status, answer.headers["location"]) == (303, "/clips?trashed=id0")
    assert desk.asked == [("clips.delete", {"clip": "id0"})]


@pytest.mark.parametrize("word", ["nope", "status", "events", "clips.verify"])
def test_a_form_asks_for_nothing_else(word: str, browser: Browser) -> None:
    assert browser.post(f"/do/{word}").status == 404


# -- sound


def test_sound_in_ranges(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    whole = browser.get("/api/v1/clips/id1/sound")
    assert whole.status == 200 and whole.body == bytes(range(256)) * 2
    part = browser.get("/api/v1/clips/id1/sound", Range="bytes=250-259")
    assert (part.status, part.body) == (206, whole.body[250:260])
    assert part.headers["content-range"] == "bytes 250-259/512"
    assert browser.get("/api/v1/clips/id1/sound", Range="bytes=-2").body == b"\xfe\xff"
    assert browser.get("/api/v1/clips/id1/sound", Range="bytes=510-").body == b"\xfe\xff"
    beyond = browser.get("/api/v1/clips/id1/sound", Range="bytes=512-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */512")
    other = browser.get("/api/v1/clips/id1/sound", Range="bytes=1-2", If_Range='"another"')
    assert (other.status, len(other.body)) == (200, 512)


@pytest.mark.parametrize(
    "range", ["bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=1-2,4-5", "x" * 5000]
)
def test_a_range_that_is_none_is_ignored(range: str, browser: Browser, sounds: list[dict[str, Any]]) -> None:
    assert browser.get("/api/v1/clips/id0/sound", Range=range).status == 200


def test_a_long_inbox_comes_in_pages(browser: Browser, desk: Desk) -> None:
    def listed(limit: int, before: int = 251) -> list[dict[str, Any]]:
        about = {"feed": "news", "size": 1, "played": False, "unplayable": False, "path": "/x"}
        return [{"id": number, "title": f"About {number}.", **about} for number in range(1, before)][-limit:]

    desk.answers["feeds.list"] = listed
    path, seen = "/messages", list[int]()
    while path:
        text = browser.get(path).text
        seen = [int(each) for each in re.findall(r"<strong>About (\d+)\.", text)] + seen
        older = re.search(r'href="(/messages\?before=\d+)" rel="prev">Older messages', text)
        path = older.group(1) if older else ""
    assert seen == list(range(1, 251))


@pytest.mark.parametrize("number", ["x", "0", "-1", "9" * 30, "9" * 5000, "%D9%A3"])
def test_a_page_of_the_inbox_that_is_none_is_the_first(number: str, browser: Browser, desk: Desk) -> None:
    assert browser.get(f"/messages?before={number}").status == 200
    assert desk.asked[-1] == ("feeds.list", {"limit": 101})


def test_a_message_is_heard_on_the_phone(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    desk.answers["feeds.list"] = [{"id": 3, "path": str(tmp_path / "a"), "sha256": "abc"}]
    answer = browser.get("/api/v1/tracks/3/sound", Range="bytes=2-4")
    assert (answer.status, answer.body) == (206, b"234")
    assert browser.get("/api/v1/tracks/4/sound").status == 404


def test_sound_that_is_gone(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    Path(sounds[0]["path"]).unlink()
    assert browser.get("/api/v1/clips/id0/sound").status == 404
    assert browser.get("/api/v1/clips.zip").status == 404


# -- the archive


def test_everything_as_one_archive(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    answer = browser.get("/api/v1/clips.zip")
    assert int(answer.headers["content-length"]) == len(answer.body)
    with zipfile.ZipFile(io.BytesIO(answer.body)) as found:
        assert found.testzip() is None
        assert found.namelist() == ["clip 0.wav", "clip 1.wav", "clip 2.wav", "clips.csv", "index.html"]
        rows = list(csv.DictReader(io.StringIO(found.read("clips.csv").decode())))
    assert [(row["file"], row["seconds"], row["arrived at"]) for row in rows] == [
        (f"clip {number}.wav", "2.000", "office") for number in range(3)
    ]


def test_an_archive_goes_on_where_it_broke_off(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    whole = browser.get("/api/v1/clips.zip")
    rest = browser.get("/api/v1/clips.zip", Range="bytes=300-", If_Range=whole.headers["etag"])
    assert (rest.status, rest.body) == (206, whole.body[300:])
    sounds[0]["clip"]["title"] = "Toast"
    changed = browser.get("/api/v1/clips.zip", Range="bytes=300-", If_Range=whole.headers["etag"])
    assert changed.status == 200


@pytest.mark.parametrize("path", ["/api/v1/clips.zip", "/api/v1/clips/id1/sound"])
def test_a_file_that_became_another_of_the_same_size_is_sent_from_its_beginning(
    path: str, browser: Browser, sounds: list[dict[str, Any]]
) -> None:
    whole, sound = browser.get(path), Path(sounds[1]["path"])
    sound.write_bytes(sound.read_bytes()[::-1])
    os.utime(sound, ns=(1, 1))  # clocks of file systems are coarse
    rest = browser.get(path, Range="bytes=100-", If_Range=whole.headers["etag"])
    assert rest.status == 200 and len(rest.body) == len(whole.body)


def test_of_an_archive_one_may_ask_for_the_headers_alone(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    whole = browser.get("/api/v1/clips.zip")
    asked = browser.ask("HEAD", "/api/v1/clips.zip")
    assert (asked.status, asked.body) == (200, b"")
    assert asked.headers["content-length"] == whole.headers["content-length"]
    beyond = browser.get("/api/v1/clips.zip", Range="bytes=999999999-")
    assert (beyond.status, beyond.body) == (416, b"")


def test_one_connection_carries_archives_and_pages_after_each_other(
    browser: Browser, sounds: list[dict[str, Any]]
) -> None:
    whole = browser.get("/api/v1/clips.zip").body
    line = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=20)
    for path, part, wanted in (
        ("/api/v1/clips.zip", "bytes=5-", whole[5:]),
        ("/api/v1/clips/id0/sound", "bytes=2-3", Path(sounds[0]["path"]).read_bytes()[2:4]),
        ("/api/v1/clips.zip", "bytes=0-9", whole[:10]),
    ):
        line.request("GET", path, headers={"Range": part})
        assert line.getresponse().read() == wanted
    line.close()


@pytest.mark.parametrize("path", ["/api/v1/clips.zip", "/api/v1/clips/id0/sound"])
@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
def test_a_file_that_becomes_shorter_meanwhile_ends_the_download(
    path: str,
    again: bool,
    browser: Browser,
    sounds: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """So that whoever downloads sees that it is not whole; `again`, the checksums of an archive are known."""
    sound, send = Path(sounds[0]["path"]), answers.sent
    sound.write_bytes(bytes(1_000_000))
    if again:
        assert browser.get(path).status == 200

    def shortened(*given: Any) -> HTTPResponse:
        os.truncate(sound, 500_000)
        return send(*given)

    with monkeypatch.context() as patch:
        patch.setattr(answers, "sent", shortened)
        with pytest.raises(http.client.IncompleteRead):
            browser.get(path)
    assert browser.get(path).status == 200
    said = capfd.readouterr().err
    assert said == "a download was broken off: clip 0.wav has become shorter meanwhile\n"


@pytest.mark.parametrize("format", ["original", "flac"])
def test_a_file_that_vanishes_meanwhile_ends_the_download(
    format: str,
    browser: Browser,
    sounds: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("appliance.page.encoder.Encoder.encode", lambda *given: False)
    opened, gone = Path.open, Path(sounds[1]["path"])

    def open_after_it_is_gone(path: Path, *given: Any, **more: Any) -> Any:
        if path == gone:
            gone.unlink(missing_ok=True)
        return opened(path, *given, **more)

    monkeypatch.setattr(Path, "open", open_after_it_is_gone)
    with pytest.raises(http.client.IncompleteRead):
        browser.get(f"/api/v1/clips.zip?format={format}")
    said = capfd.readouterr().err
    assert said == f"a download was broken off: {gone.name} cannot be read: No such file or directory\n"


def test_some_as_one_archive(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    with zipfile.ZipFile(io.BytesIO(browser.get("/api/v1/clips.zip?clip=id2&clip=id0").body)) as found:
        assert found.namelist() == ["clip 2.wav", "clip 0.wav", "clips.csv", "index.html"]
    assert browser.get("/api/v1/clips.zip?clip=nope").status == 404


def test_a_spreadsheet_runs_nothing(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    sounds[0]["clip"]["title"] = "=cmd|' /C calc'!A0"
    with zipfile.ZipFile(io.BytesIO(browser.get("/api/v1/clips.zip").body)) as found:
        assert b",'=cmd" in found.read("clips.csv").replace(b"\r", b"").replace(b'"', b"")


def test_those_that_are_looked_for_as_one_archive(browser: Browser, desk: Desk, sounds: list[dict[str, Any]]) -> None:
    browser.get("/api/v1/clips.zip?label=family&starred=true&format=original&text=")
    (asked,) = (given for word, given in desk.asked if word == "clips.list")
    assert (asked["label"], asked["starred"]) == ("family", True) and "text" not in asked


def test_the_page_in_the_archive_plays_what_lies_beside_it(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    sounds[0]["clip"] |= {"title": EVIL, "note": EVIL, "labels": [EVIL]}
    with zipfile.ZipFile(io.BytesIO(browser.get("/api/v1/clips.zip").body)) as found:
        page = found.read("index.html").decode()
        assert 'src="clip%201.wav"' in page and EVIL not in page and "http" not in page
        assert next(csv.DictReader(io.StringIO(found.read("clips.csv").decode())))["title"] == EVIL


@pytest.mark.slow
@pytest.mark.parametrize(("format", "kind"), [("flac", "FLAC"), ("mp3", "MP3")])
def test_clips_as_something_smaller(
    format: str, kind: str, browser: Browser, desk: Desk, keys: Keys, tmp_path: Path
) -> None:
    """And what cannot be encoded as it is. Nothing of it is left behind."""
    import soundfile

    tone = [round(8000 * sin(at / 5)) for at in range(8000)]
    (tmp_path / "a.wav").write_bytes(build(AudioFormat(8000), 2 * len(tone)) + array("h", tone).tobytes())
    (tmp_path / "b.wav").write_bytes(b"no sound")
    desk.answers["clips.list"] = [clip("id0", tmp_path / "a.wav"), clip("id1", tmp_path / "b.wav")]
    answer = browser.get(f"/api/v1/clips.zip?format={format}")
    assert "content-length" not in answer.headers
    with zipfile.ZipFile(io.BytesIO(answer.body)) as found:
        assert found.testzip() is None
        assert found.namelist() == [f"a.{format}", "b.wav", "clips.csv", "index.html"]
        assert (
            f"a.{format}" in found.read("clips.csv").decode()
            and f'src="a.{format}"' in found.read("index.html").decode()
        )
        with soundfile.SoundFile(io.BytesIO(found.read(f"a.{format}"))) as encoded:
            assert encoded.format == kind
            heard = encoded.read(dtype="int16").tolist()
        assert found.read("b.wav") == b"no sound"
    assert max(heard) == pytest.approx(8000, rel=0.05) and len(heard) >= 8000
    assert heard == tone or format == "mp3"
    assert list(keys.folder.iterdir()) == []


def test_nothing_else_can_be_made_of_them(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    assert browser.get("/api/v1/clips.zip?format=exe").status == 400


# -- files of our own


def test_what_did_not_change_is_not_sent_again(browser: Browser) -> None:
    first = browser.get("/static/page.js", Accept_Encoding="gzip")
    assert first.headers["content-encoding"] == "gzip"
    assert browser.get("/static/page.js", If_None_Match=first.headers["etag"]).status == 304


def test_the_whole_page_is_light(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    names = ("page.css", "page.js", "icon.svg", "page.webmanifest")
    weight = sum(len(browser.get(f"/static/{name}", Accept_Encoding="gzip").body) for name in names)
    assert weight + len(browser.get("/clips").body) < 120_000


def test_a_take_is_described_before_it_begins(browser: Browser, desk: Desk) -> None:
    """By the fields and profiles of the configuration, as they are typed."""
    fields = {
        "title": {"type": "text", "choices": []},
        "room": {"type": "text", "choices": ["hall", "studio"]},
        "guests": {"type": "number", "choices": []},
        "consent": {"type": "yes_no", "choices": []},
    }
    desk.answers["record.choices"] = {"fields": fields, "profiles": ["interview"]}
    text = browser.get("/").text
    for wanted in ('name="fields.title"', '<option value="hall">', 'inputmode="decimal"', "<option>interview</option>"):
        assert wanted in text
    given: dict[str, Any] = {
        "fields.title": "Für Élodie",
        "fields.room": "hall",
        "fields.guests": "3",
        "fields.consent": "",
    }
    assert browser.post("/do/record.start", profile="interview", test="true", **given).status == 303
    assert desk.asked[-1] == (
        "record.start",
        {
            "profile": "interview",
            "test": True,
            "fields": {"title": "Für Élodie", "room": "hall", "guests": "3"},
        },
    )
    browser.post("/do/record.start", profile="")
    assert desk.asked[-1] == ("record.start", {})


def test_clips_become_one_album_with_a_chapter_for_each(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    """The oldest first, each as loud as the others; read back by an independent reader."""
    import mutagen.id3
    import numpy as np
    import soundfile

    found: list[Any] = []
    for number, (seconds, level) in enumerate(((2.0, 0.02), (3.0, 0.4))):
        path = tmp_path / f"{number}.wav"
        noise = np.random.default_rng(number).normal(0, level / 3, round(seconds * 8000))
        soundfile.write(path, noise, 8000, subtype="PCM_16")
        entry = clip(f"id{number}", path)
        started = {**entry["clip"]["started"], "wall_ns": 1_767_225_600_000_000_000 + number * 10**12}
        entry["clip"] |= {"frames": len(noise), "started": started, "title": ("Für Élodie", "")[number]}
        found.insert(0, entry)  # as the list has them: the newest first
    desk.answers["clips.list"] = found
    answer = browser.get("/api/v1/clips.zip?format=album")
    assert answer.status == 200 and answer.headers["content-type"] == "audio/mpeg"
    target = tmp_path / "album.mp3"
    target.write_bytes(answer.body)
    tags: Any = mutagen.id3.ID3(target)  # type: ignore[no-untyped-call]
    assert str(tags["TIT2"]) == "booth"
    (contents,) = tags.getall("CTOC")
    chapters = {each.element_id: each for each in tags.getall("CHAP")}
    said = [chapters[name] for name in contents.child_element_ids]
    assert [(each.start_time, each.end_time) for each in said] == [(0, 2000), (3000, 6000)]
    assert [str(each.sub_frames["TIT2"]) for each in said] == ["Für Élodie", "2026-01-01 01:16:40"]
    heard, rate = soundfile.read(target)
    assert len(heard) / rate == pytest.approx(6.0, abs=0.1)
    first, second = heard[rate // 2 : rate], heard[4 * rate : 5 * rate]
    assert 20 * abs(np.log10(first.std() / second.std())) < 1.5
    assert abs(heard[round(2.3 * rate) : round(2.7 * rate)]).max() < 0.01

    desk.answers["clips.list"] = found[:1] * 256
    assert browser.get("/api/v1/clips.zip?format=album").status == 400


def test_an_album_takes_no_room_from_what_is_recorded_meanwhile(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(build(AudioFormat(8000), 16_000 * 2))
    desk.answers["clips.list"] = [clip("id", path)] * 10  # 20 s, up to 0.8 MB
    desk.answers["status"] = {**STATUS, "storage": {"free": 1_500_000, "free_seconds": 1, "warning": ""}}
    answer = browser.get("/api/v1/clips.zip?format=album")
    assert answer.status == 409 and "no room" in answer.text


def test_a_destination_that_nothing_went_to_yet_is_one_all_the_same(browser: Browser, desk: Desk) -> None:
    desk.answers["status"] = {**STATUS, "deliveries": {}}
    text = browser.get("/").text
    assert "Nothing was to be sent yet" in text and "none yet" in text and ">cloud<" in text
    desk.answers["status"] = {**STATUS, "deliveries": {}, "destinations": {}}
    text = browser.get("/").text
    assert "on this box alone" in text and "<table>" not in text


def test_a_greeting_of_which_there_is_no_copy_is_not_forgotten_by_a_slip(browser: Browser, desk: Desk) -> None:
    recorded = {"path": "/greeting.wav", "seconds": 3.0}
    desk.answers["sounds.list"] = {
        "sounds": [], "removed": [], "recorded": recorded, "configured": {}, "flow": "telephone", "order": "in_turn"
    }  # fmt: skip
    form = browser.get("/sounds").text.partition('action="/do/greeting.forget"')[2].partition("</form>")[0]
    assert 'data-sure="Forget this greeting for good?' in form and "Forget it" in form


@pytest.mark.parametrize("where", ["/", "/sounds", "/messages"])
def test_all_that_can_be_typed_or_chosen_has_a_name_by_which_it_outlives_a_renewal(
    where: str, browser: Browser, desk: Desk
) -> None:
    desk.answers["sounds.list"] = {
        "sounds": [], "removed": [], "recorded": None, "configured": {}, "flow": "telephone", "order": "in_turn"
    }  # fmt: skip
    main = browser.get(where).text.partition("<main")[2].partition("</main>")[0]
    fields = [each for each in re.findall(r"<(?:input|select|textarea)\b[^>]*", main) if 'type="file"' not in each]
    assert fields and [each for each in fields if " name=" not in each] == []
