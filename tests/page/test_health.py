"""The page of the box's health."""

import io
import zipfile
from typing import Any

import pytest

from appliance.errors import NotRunning
from appliance.page.keys import Keys, Role
from tests.page.conftest import STATUS, Browser, Desk


@pytest.fixture
def health(desk: Desk) -> Desk:
    desk.answers["history"] = [{"time": 1_767_225_600.0, "event": "X", "words": f"<b>{word}"} for word in ("a", "z")]
    finding = {"name": "microphone", "result": "fail", "words": "none is there", "next_step": "Plug one in"}
    desk.answers["doctor"] = [{"prompt": "say something"}, finding]
    desk.answers["support"] = {"summary.txt": "all is well"}
    storage: dict[str, Any] = {"free_seconds": 111_600, "warning": "", "full_in_days": 12.3}
    desk.answers["status"] = {**STATUS, "storage": storage, "time": 1_767_225_600.0}
    return desk


def test_it_says_what_happened_and_how_long_there_is_room(health: Desk, browser: Browser) -> None:
    text = browser.get("/health").text
    assert "full in 12 days" in text and "Room for 31 hours" in text
    assert text.index("&lt;b&gt;z") < text.index("&lt;b&gt;a"), "the newest first, and never as markup"
    assert "What was found" not in text


def test_an_examination_is_made_when_somebody_asks(health: Desk, browser: Browser) -> None:
    answer = browser.post("/health")
    assert answer.status == 200
    for said in ("Microphone", "does not work", "none is there", "Plug one in"):
        assert said in answer.text
    assert "say something" not in answer.text


def test_the_file_for_whoever_helps_is_a_zip(health: Desk, browser: Browser) -> None:
    answer = browser.get("/health/support.zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.read("support/summary.txt") == b"all is well"
        assert b"fail microphone" in archive.read("support/doctor.txt")


def test_only_whoever_owns_the_box_has_it_examined_or_gets_that_file(health: Desk, locked: Browser, keys: Keys) -> None:
    bearer = {"Authorization": f"Bearer {keys.add_token('phone', Role.HELPER)}"}
    assert locked.get("/health", **bearer).status == 200
    assert "support.zip" not in locked.get("/health", **bearer).text
    refused = locked.get("/health/support.zip", **bearer)
    assert refused.status == 409 and "only whoever owns the box" in refused.text
    assert locked.ask("POST", "/health", b"", **bearer).status == 403
    assert locked.get("/health").status == 303


def test_a_recorder_that_is_away_is_said(health: Desk, browser: Browser) -> None:
    health.answers["history"] = NotRunning("no appliance answers")
    answer = browser.get("/health")
    assert answer.status == 503 and "no appliance answers" in answer.text
