"""The pages of settings before a helper that answers what a test wants: it is started once for each page."""

from pathlib import Path
from typing import Any

import pytest

from appliance.page import settings
from tests.page.conftest import STATUS, Browser, Desk

HELP = "Name of this box; part of every clip's name. Default: the host name."
NAME = {
    "name": "name", "help": HELP, "said": "text", "kind": "words", "default": "", "value": "attic",
    "written": True, "required": False, "choices": [], "locked": False,
}  # fmt: skip
FORM = {
    "place": ["device"], "help": "The box.", "parts": [{"name": "", "help": "", "fields": [NAME], "links": []}],
    "entries": None, "choices": [], "is_new": False, "chooser": "", "version": "5",
}  # fmt: skip
WRONG = {"changes": [{}], "problems": [{"name": "name", "words": "found a name that is none"}]}
VERSION = {"number": 1, "time": 5.0, "changes": [{"name": "device.name"}]}
ANSWERS = {"form": FORM, "review": WRONG, "presets": ["booth"], "versions": [VERSION]}


class Helper:
    """What the helper answers, and how often it was started."""

    started = 0

    def __init__(self, path: Path, timeout: float) -> None:
        Helper.started += 1

    def __enter__(self) -> "Helper":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def call(self, word: str, **given: object) -> Any:
        return ANSWERS[word]


def test_a_page_starts_one_helper_whatever_it_asks(
    browser: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.answers["status"] = {**STATUS, "time": 5.0}
    monkeypatch.setattr(settings, "Client", Helper)
    monkeypatch.setattr(Helper, "started", 0)
    text = browser.get("/settings").text
    assert 'value="attic"' in text and "device.name" in text and Helper.started == 1
    text = browser.get("/begin").text
    assert (
        'value="attic"' in text
        and 'value="booth"' in text
        and "people tell their stories" in text
        and Helper.started == 2
    )
    text = browser.post("/settings/device", name="my loft", version="5").text
    assert 'value="my loft"' in text and "found a name that is none" in text and Helper.started == 3


def test_what_can_be_chosen_is_not_listed_once_more(
    browser: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = {**NAME, "name": "press", "said": "one of a, b or c", "kind": "choice", "choices": ["a", "b", "c"]}
    fields = [{**press, "value": "b"}, {**press, "name": "hold", "value": "something foreign"}, NAME]
    form = {**FORM, "parts": [{"name": "", "help": "", "fields": fields, "links": []}]}
    desk.answers["status"] = {**STATUS, "time": 5.0}
    monkeypatch.setattr(settings, "Client", Helper)
    monkeypatch.setitem(ANSWERS, "form", form)
    chosen, foreign, typed = browser.get("/settings/panel/buttons/17").text.split('<div class="option">')[1:]
    assert "<option" in chosen and "one of" not in chosen
    assert "one of a, b or c" in foreign and "(text)" in typed
