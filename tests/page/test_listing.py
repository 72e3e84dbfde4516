"""Clips on the page: what is looked for, what is put together, what a person says of them, and what was deleted."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from appliance.errors import NotFound, UsageError
from appliance.page import listing
from tests.page.conftest import Answer, Browser, Desk, clip


@pytest.fixture
def sounds(tmp_path: Path, desk: Desk) -> list[dict[str, Any]]:
    """Clips 0 to 4, the newest first; 1 carries on 2, which carries on 3."""
    found = []
    for number in range(5):
        path = tmp_path / f"clip {number}.wav"
        path.write_bytes(bytes(100))
        found.append(clip(f"id{number}", path))
    for number in (1, 2):
        found[number]["clip"]["continues"] = f"id{number + 1}"
    ids = [each["clip"]["id"] for each in found]

    def some(limit: int = 1000, after: str | None = None, **_: object) -> list[dict[str, Any]]:
        first = ids.index(after) + 1 if after else 0
        return found[first : first + limit]

    desk.answers["clips.list"] = some
    desk.answers["clips.show"] = lambda clip: found[ids.index(clip)]
    return found


def test_what_a_form_asks_for_is_what_the_recorder_is_asked(browser: Browser, desk: Desk) -> None:
    browser.get("/clips?text=anna&label=&starred=true&verdict=silent&state=parked&since=2026-01-02&until=2026-01-02")
    since = round(datetime(2026, 1, 2).timestamp()) * 10**9
    until = round(datetime(2026, 1, 3).timestamp()) * 10**9
    wanted = {"text": "anna", "starred": True, "verdict": "silent", "state": "parked"}
    assert desk.asked[0] == (
        "clips.list", {"limit": 51, "after": None, **wanted, "since_ns": since, "until_ns": until}
    )  # fmt: skip


@pytest.mark.parametrize("day", ["nonsense", "2026-13-40", "9999-12-31", "0001-01-01"])
def test_what_is_no_day_is_said(day: str, browser: Browser) -> None:
    answer = browser.get(f"/clips?until={day}")
    assert answer.status in (200, 400) and "Traceback" not in answer.text


def test_a_day_is_one_of_the_box() -> None:
    with pytest.raises(UsageError, match="no day"):
        listing.wanted({"since": "tomorrow"})


def test_parts_are_one_recording(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    sounds[3]["clip"]["title"] = "The long talk"
    text = browser.get("/clips").text
    assert text.count("<li>") == 3 and "in 3 parts" in text and "0:06" in text
    assert text.index("The long talk") < text.index("id3/sound") < text.index("id2/sound") < text.index("id1/sound")


def test_a_recording_is_not_torn_at_the_end_of_a_page(
    browser: Browser, sounds: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.page.site.CLIPS_SHOWN", 2)
    text = browser.get("/clips").text
    assert "in 3 parts" in text and "after=id3" in text and "id4" not in text


def test_older_ones_are_looked_for_by_the_same(
    browser: Browser, sounds: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.page.site.CLIPS_SHOWN", 1)
    assert 'href="/clips?text=a%26b&amp;after=id0"' in browser.get("/clips?text=a%26b").text


def test_what_is_said_of_a_clip_is_seen(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    sounds[0]["clip"] |= {"title": "Toast", "labels": ["best of", "a&b"], "starred": True, "note": "so it was"}
    text = browser.get("/clips").text
    assert ">Toast</a>" in text and 'href="/clips?label=a%26b"' in text and "★" in text
    text = browser.get("/clips/id0").text
    assert 'value="Toast"' in text and 'value="best of, a&amp;b"' in text and ">so it was</textarea>" in text


def test_what_is_said_is_told_to_the_recorder(browser: Browser, desk: Desk) -> None:
    desk.answers |= {"clips.title": {}, "clips.label": {}, "clips.note": {}, "clips.star": {}}
    browser.post("/clips/id0/said", title="Für Élodie", labels="a, b", note="", back="/clips/id0")
    assert browser.post("/do/clips.star", clip="id0", starred="false").status == 303
    assert desk.asked == [
        ("clips.title", {"clip": "id0", "title": "Für Élodie"}),
        ("clips.label", {"clip": "id0", "labels": ["a", " b"]}),
        ("clips.note", {"clip": "id0", "note": ""}),
        ("clips.star", {"clip": "id0", "starred": False}),
    ]


def test_whoever_owns_the_box_approves(browser: Browser, desk: Desk, sounds: list[dict[str, Any]]) -> None:
    assert "Approve" in browser.get("/clips/id0").text and "Approved" not in browser.get("/clips").text
    sounds[0]["clip"]["approved"] = True
    assert "Approved" in browser.get("/clips").text and 'value="false"' in browser.get("/clips/id0").text
    desk.answers["clips.approve"] = {}
    assert browser.post("/do/clips.approve", clip="id0", approved="true").status == 303
    assert desk.asked[-1] == ("clips.approve", {"clip": "id0", "approved": True})


def test_what_was_deleted_can_be_brought_back_at_once(browser: Browser, desk: Desk) -> None:
    desk.answers |= {"clips.delete": {}, "clips.restore": {}}
    text = browser.get(browser.post("/do/clips.delete", clip="id0", back="/clips").headers["location"]).text
    assert re.search(r'action="/clips/chosen/restore".*?name="clip" value="id0"', text, re.DOTALL) and "Undo" in text
    assert browser.post("/do/clips.delete", clip="id0", now="true", back="/trash").headers["location"] == "/trash"
    assert desk.asked[-1] == ("clips.delete", {"clip": "id0", "now": True})


def with_chosen(browser: Browser, what: str, *ids: str, **fields: str) -> Answer:
    """What a button of the list does with those that are chosen there."""
    body = urlencode([*fields.items(), *(("clip", each) for each in ids)]).encode()
    kind = "application/x-www-form-urlencoded"
    return browser.ask("POST", f"/clips/chosen/{what}", body, Origin=browser.origin, Content_Type=kind)


def test_all_that_are_chosen_go_to_the_trash_and_come_back(
    browser: Browser, desk: Desk, sounds: list[dict[str, Any]]
) -> None:
    desk.answers |= {"clips.delete": {}, "clips.restore": {}}
    answer = with_chosen(browser, "delete", "id0", "id2", text="anna", after="id3")
    assert (answer.status, answer.headers["location"]) == (303, "/clips?after=id3&text=anna&trashed=id0&trashed=id2")
    assert desk.asked == [("clips.delete", {"clip": "id0"}), ("clips.delete", {"clip": "id2"})]
    text = browser.get(answer.headers["location"]).text
    assert "2 clips are in the trash." in text
    form = re.search(r'action="/clips/chosen/restore".*?</form>', text, re.DOTALL)
    assert form and re.findall(r'name="clip" value="(\w+)"', form[0]) == ["id0", "id2"]
    desk.asked.clear()
    assert with_chosen(browser, "restore", "id0", "id2", text="anna").headers["location"] == "/clips?text=anna"
    assert desk.asked == [("clips.restore", {"clip": "id0"}), ("clips.restore", {"clip": "id2"})]


def test_all_that_are_chosen_get_one_more_label(browser: Browser, desk: Desk, sounds: list[dict[str, Any]]) -> None:
    sounds[1]["clip"]["labels"] = ["family"]
    desk.answers["clips.label"] = {}
    assert with_chosen(browser, "label", "id0", "id1", labels="family, für Anna").status == 303
    assert [given for word, given in desk.asked if word == "clips.label"] == [
        {"clip": "id0", "labels": ["family", "für Anna"]},
        {"clip": "id1", "labels": ["family", "für Anna"]},
    ]


def test_all_that_are_chosen_are_sent_and_approved(browser: Browser, desk: Desk) -> None:
    desk.answers |= {"clips.deliver": 2, "clips.approve": {}}
    with_chosen(browser, "deliver", "id0", "id1", to="cloud")
    with_chosen(browser, "approve", "id0")
    assert desk.asked[-2:] == [
        ("clips.deliver", {"clips": ["id0", "id1"], "to": "cloud"}),
        ("clips.approve", {"clip": "id0", "approved": True}),
    ]


def test_places_are_offered_for_those_that_are_chosen(browser: Browser, sounds: list[dict[str, Any]]) -> None:
    text = browser.get("/clips?clip=id4&text=a").text
    assert re.search(r'name="to".*?<option>cloud</option>.*?chosen/deliver"', text, re.DOTALL)
    form = re.search(r'<form id="many".*?</form>', text, re.DOTALL)
    assert form and "id4" not in form[0]  # an address chooses nothing


def test_what_is_chosen_is_downloaded_as_it_was_looked_for(browser: Browser) -> None:
    where = with_chosen(browser, "download", "id0", "id1", format="mp3").headers["location"]
    assert where == "/api/v1/clips.zip?format=mp3&clip=id0&clip=id1"
    where = with_chosen(browser, "download", text="anna", format="flac", after="id9").headers["location"]
    assert where == "/api/v1/clips.zip?format=flac&text=anna"


def test_what_one_of_them_cannot_the_others_can(browser: Browser, desk: Desk) -> None:
    def approve(clip: str, approved: bool) -> dict[str, Any]:
        if clip == "id1":
            raise NotFound("there is no clip id1")
        return {}

    desk.answers["clips.approve"] = approve
    answer = with_chosen(browser, "approve", "id0", "id1", "id2")
    assert answer.status == 409 and "2 of 3 clips are done. The others: there is no clip id1" in answer.text
    assert len(desk.asked) == 3
    assert with_chosen(browser, "approve", "id1").status == 404


@pytest.mark.parametrize(
    ("what", "ids", "code"), [("delete", (), 400), ("label", (), 400), ("label", ("id0",), 400), ("eat", ("id0",), 404)]
)
def test_where_nothing_is_chosen_nothing_is_done(
    what: str, ids: tuple[str, ...], code: int, browser: Browser, desk: Desk
) -> None:
    assert with_chosen(browser, what, *ids).status == code
    assert desk.asked == []


def test_the_trash(browser: Browser, desk: Desk, sounds: list[dict[str, Any]]) -> None:
    desk.answers["clips.trash"] = [{"clip": each["clip"], "since_ns": 5} for each in sounds[:2]]
    text = browser.get("/trash").text
    assert text.count("Bring back") == text.count("Delete for good") == 2


def test_a_clip_is_sent_where_it_was_not(browser: Browser, desk: Desk, sounds: list[dict[str, Any]]) -> None:
    text = browser.get("/clips/id0").text
    assert "Send to cloud" in text and "Send to office" not in text
    desk.answers["clips.deliver"] = 1
    browser.post("/do/clips.deliver", clips="id0", to="cloud")
    assert desk.asked[-1] == ("clips.deliver", {"clips": ["id0"], "to": "cloud"})


def test_a_clip_is_looked_at_again_where_it_was_sent(
    browser: Browser, desk: Desk, sounds: list[dict[str, Any]]
) -> None:
    desk.answers["clips.verify"] = [
        {"destination": "office", "found": "missing", "message": "404"},
        {"destination": "shelf", "found": "new", "message": ""},
    ]
    text = browser.post("/clips/id0/verify").text
    assert "office: is missing (404)" in text and "shelf: new" in text
    assert ("clips.verify", {"clips": ["id0"]}) in desk.asked
