"""Guests on their own phones: let in by a code, they can leave recordings and do nothing else whatever."""

import json
import re
from pathlib import Path

import pytest

from appliance.errors import UsageError
from appliance.page import openapi
from appliance.page.guard import FREE_TRIES
from appliance.page.guests import drawing
from appliance.page.keys import Keys, Role
from appliance.verbs import VERBS
from tests.page.conftest import PASSWORD, Browser, Desk, clip

RULES = {"allowed": True, "full": False, "longest": 300.0, "most_bytes": 1000}
SEND = "/api/v1/guests.send"


@pytest.fixture
def code(keys: Keys, desk: Desk) -> str:
    keys.set_password(PASSWORD)
    desk.answers["guests.rules"] = RULES
    desk.answers["guests.send"] = "name"
    return keys.let_guests_in()


@pytest.fixture
def guest(locked: Browser, code: str) -> Browser:
    assert locked.post("/guest", code=f"{code[:4]} {code[4:]}").headers["location"] == "/guest"
    return locked


def csrf(browser: Browser, path: str = "/guest") -> str:
    found = re.search(r'name="csrf" content="([0-9a-f]+)"', browser.get(path).text)
    assert found
    return found[1]


def asked(browser: Browser, path: str, word: str) -> int:
    headers = {"Origin": browser.origin, "Content_Type": "application/json", "X_CSRF_Token": word}
    return browser.ask("POST", path, b'{"size": 5}', **headers).status


def test_a_guest_sends_recordings(guest: Browser, desk: Desk) -> None:
    assert 'id="record"' in guest.get("/guest").text
    assert json.loads(guest.get("/api/v1/guests.rules").body) == RULES
    assert asked(guest, SEND, csrf(guest)) == 200
    assert ("guests.send", {"size": 5}) in desk.asked
    assert asked(guest, SEND, "") == 403, "without the word of the page nothing is changed"


def test_a_guest_can_do_nothing_else(guest: Browser, desk: Desk) -> None:
    """Every path that there is, and every word."""
    word = csrf(guest)
    desk.asked.clear()
    mine = {f"guests.{each}" for each in ("rules", "send", "piece", "sent")}
    for verb in VERBS.values():
        if verb.word not in mine:
            for method in ("GET", "POST"):
                headers = {"Origin": guest.origin, "Content_Type": "application/json", "X_CSRF_Token": word}
                assert guest.ask(method, f"/api/v1/{verb.word}", b"{}", **headers).status == 403, verb.word
            assert guest.post(f"/do/{verb.word}", csrf=word).status == 403, verb.word
    for path in openapi.description()["paths"]:
        if path.removeprefix("/api/v1/") not in mine:
            assert guest.get(path.replace("{", "").replace("}", "")).status == 403, path
    for path in ("/", "/clips", "/clips/abc", "/messages", "/trash", "/health", "/guests", "/settings"):
        answer = guest.get(path)
        assert (answer.status, answer.headers["location"]) == (303, "/guest"), path
    for path in ("/guests/code", "/guests/end", "/clips/abc/said", "/clips/abc/verify", "/health"):
        assert guest.post(path, csrf=word).status == 403, path
    assert desk.asked == []


def test_a_program_of_a_guest_can_do_nothing_else_either(locked: Browser, code: str, keys: Keys) -> None:
    token = keys.add_token("kiosk", Role.GUEST)
    assert locked.ask("POST", SEND, b'{"size": 5}', Authorization=f"Bearer {token}").status == 200
    assert locked.ask("POST", "/api/v1/record.start", b"{}", Authorization=f"Bearer {token}").status == 403
    assert locked.get("/api/v1/clips.list", Authorization=f"Bearer {token}").status == 403


def test_nobody_is_let_in_without_the_code(locked: Browser, code: str, desk: Desk) -> None:
    assert "The code that you were given" in locked.get("/guest").text
    assert locked.post("/guest", code="12").status == 403
    for shown in ("", "x", "x.y", "é.é"):
        assert locked.get("/api/v1/guests.rules", Cookie=f"guest={shown}").status == 401
    assert locked.post(SEND, content=b'{"size": 5}').status == 401
    assert locked.post("/guest", origin="https://evil.example", code=code).status == 403
    assert desk.asked == []


@pytest.mark.slow
def test_guessing_gets_slow_and_locks_out_neither_the_owner_nor_who_is_in(locked: Browser, code: str) -> None:
    inside = Browser(locked.port)
    inside.post("/guest", code=code)
    codes = [locked.post("/guest", code=f"{number}").status for number in range(FREE_TRIES + 1)]
    assert codes == [403] * FREE_TRIES + [429]
    assert locked.post("/guest", code=code).status == 429
    assert locked.post("/login", password=PASSWORD).status == 303
    assert inside.get("/guest").status == 200


def test_a_new_code_ends_the_one_before_and_who_came_by_it(guest: Browser, keys: Keys, code: str) -> None:
    assert guest.get("/api/v1/guests.rules").status == 200
    new = keys.let_guests_in()
    assert guest.get("/api/v1/guests.rules").status == 401
    assert (guest.post("/guest", code=code).status if code != new else 403) == 403
    guest.post("/guest", code=new)
    keys.end_guests()
    assert guest.get("/api/v1/guests.rules").status == 401
    assert guest.post("/guest", code=new).status == 403 and keys.guest_code() == ""


def test_a_new_password_ends_guests_too(guest: Browser, keys: Keys) -> None:
    keys.set_password("another one entirely")
    assert guest.get("/api/v1/guests.rules").status == 401 and keys.guest_code() == ""


@pytest.mark.slow
def test_the_host_lets_guests_in_and_out(locked: Browser, code: str, keys: Keys) -> None:
    locked.post("/login", password=PASSWORD)
    keys.end_guests()
    assert "No guest is let in" in locked.get("/guests").text
    assert locked.post("/guests/code").status == 403, "a stranger's page cannot"
    locked.post("/guests/code", csrf=csrf(locked, "/guests"))
    made = keys.guest_code()
    text = locked.get("/guests").text
    assert f"{made[:4]} {made[4:]}" in text and f"{locked.origin}/guest" in text and "<svg" in text
    assert drawing(f"{locked.origin}/guest#{made}") in text
    assert "nobody record over plain HTTP" in text and "Phones cannot reach" in text
    locked.post("/guests/end", csrf=csrf(locked, "/guests"))
    assert keys.guest_code() == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("[::1]", True), ("[::1]:80", True), ("[fe80::1]", False), ("10.0.0.7", False)],
)
def test_a_code_that_leads_nowhere_is_told_of(host: str, here: bool, locked: Browser, code: str) -> None:
    locked.post("/login", password=PASSWORD)
    answer = locked.get("/guests", Host=host)
    assert answer.status == 200 and ("Phones cannot reach" in answer.text) is here
    assert f"http://{host}/guest" in answer.text


@pytest.mark.slow
def test_a_helper_sees_no_code(locked: Browser, code: str, keys: Keys) -> None:
    keys.set_password("a helping hand", Role.HELPER)
    keys.let_guests_in()
    locked.post("/login", password="a helping hand")
    assert locked.get("/guests").status == 403
    assert locked.post("/guests/code", csrf=csrf(locked, "/clips")).status == 403


@pytest.mark.slow
def test_it_is_off_until_somebody_switches_it_on(guest: Browser, desk: Desk, keys: Keys) -> None:
    desk.answers["guests.rules"] = {**RULES, "allowed": False}
    assert "Nobody can leave a recording here" in guest.get("/guest").text
    desk.answers["guests.rules"] = {**RULES, "full": True}
    assert "Nobody can leave a recording here" in guest.get("/guest").text
    desk.answers["guests.rules"] = {**RULES, "allowed": False}
    host = Browser(guest.port)
    host.post("/login", password=PASSWORD)
    assert "guests: true" in host.get("/guests").text and "<svg" not in host.get("/guests").text


def test_there_must_be_a_password(keys: Keys, browser: Browser, desk: Desk) -> None:
    desk.answers["guests.rules"] = RULES
    with pytest.raises(UsageError, match="no password yet"):
        keys.let_guests_in()
    assert "Set a password first" in browser.get("/guests").text


def test_a_clip_tells_that_a_guest_made_it(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"x")
    found = clip("id0", path)
    found["clip"]["begun"] = {"by": "guest"}
    desk.answers["clips.show"] = found
    assert "the phone of a guest" in browser.get("/clips/id0").text
