"""Who is let in to the page, and from where."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.page import WebSettings
from appliance.errors import ConfigError, NotFound, UsageError
from appliance.page.guard import FREE_TRIES, LONGEST_WAIT, Names, Throttle, is_loopback, same_origin
from appliance.page.keys import PIN_SECONDS, SESSION_SECONDS, Keys, Role
from appliance.page.server import Serving
from appliance.testing.clock import ManualClock
from tests.page.conftest import PASSWORD, Browser, Desk
from tests.page.conftest import STATUS as STATUS_TOLD

STATUS = "/api/v1/status"
RECORD = "/api/v1/record.start"


def log_in(browser: Browser, password: str = PASSWORD) -> None:
    assert browser.post("/login", password=password, back="/clips").status == 303


def csrf(browser: Browser) -> str:
    found = re.search(r'name="csrf" content="([0-9a-f]+)"', browser.get("/").text)
    assert found
    return found[1]


# -- before anybody logs in


@pytest.mark.parametrize(
    "path", [STATUS, "/api/v1/events", "/api/v1/clips.zip", "/api/v1/openapi.json", "/api/v1/nope"]
)
def test_programs_are_told_that_they_must_log_in(path: str, locked: Browser) -> None:
    assert locked.get(path).status == 401


@pytest.mark.parametrize("path", ["/", "/clips", "/clips/abc", "/messages"])
def test_people_are_led_to_the_door(path: str, locked: Browser) -> None:
    answer = locked.get(path)
    assert (answer.status, answer.headers["location"]) == (303, f"/login?back={path}")


def test_nothing_is_asked_of_the_recorder_before_that(locked: Browser, desk: Desk) -> None:
    locked.get(STATUS)
    locked.post(RECORD, content=b"{}")
    locked.post("/do/record.start")
    assert desk.asked == []


def test_without_a_password_no_wider_than_this_machine(keys: Keys) -> None:
    with pytest.raises(ConfigError, match=r"appliance web password"):
        Serving(WebSettings(listen="0.0.0.0:0"), Path("none"), keys, Path("none")).server()


def test_without_a_password_nobody_comes_in_by_way_of_a_proxy(browser: Browser) -> None:
    assert browser.get(STATUS).status == 200
    assert browser.get(STATUS, X_Forwarded_For="192.0.2.1").status == 401


# -- logging in and out


def test_a_session(locked: Browser, desk: Desk) -> None:
    answer = locked.post("/login", password=PASSWORD, back="/clips")
    assert (answer.status, answer.headers["location"]) == (303, "/clips")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie.replace("strict", "Strict")
    assert locked.get("/").status == 200
    assert locked.post("/logout").status == 303
    assert locked.get(STATUS).status == 401


def test_logging_out_everywhere(locked: Browser) -> None:
    other = Browser(locked.port)
    log_in(locked)
    log_in(other)
    assert other.get(STATUS).status == 200
    locked.post("/logout", everywhere="1", csrf=csrf(locked))
    assert (other.get(STATUS).status, locked.get(STATUS).status) == (401, 401)


def test_the_host_finds_where_to_log_everybody_out(locked: Browser, desk: Desk) -> None:
    desk.answers |= {"status": {**STATUS_TOLD, "time": 5.0}, "history": []}
    other = Browser(locked.port)
    log_in(other)
    log_in(locked)
    form = re.search(
        '<form method="post" action="/logout"[^>]*>([^/]*everywhere.*?)</form>', locked.get("/health").text, re.S
    )
    assert form
    fields = dict(re.findall('name="([^"]+)" value="([^"]*)"', form[1]))
    assert locked.post("/logout", **fields).status == 303
    assert (other.get(STATUS).status, locked.get(STATUS).status) == (401, 401)


def test_a_helper_logs_out_nobody_but_himself(locked: Browser, keys: Keys, desk: Desk) -> None:
    desk.answers |= {"status": {**STATUS_TOLD, "time": 5.0}, "history": []}
    keys.set_password("for all helpers", Role.HELPER)
    helper, program = Browser(locked.port), {"Authorization": f"Bearer {keys.add_token('x', Role.HELPER)}"}
    log_in(locked)
    log_in(helper, "for all helpers")
    assert "everywhere" not in helper.get("/health").text
    form = {"Content_Type": "application/x-www-form-urlencoded", **program}
    assert Browser(locked.port).ask("POST", "/logout", b"everywhere=1", **form).status == 303
    helper.post("/logout", everywhere="1", csrf=csrf(helper))
    assert (helper.get(STATUS).status, locked.get(STATUS).status) == (401, 200)


def test_a_stranger_logs_nobody_out(locked: Browser) -> None:
    log_in(locked)
    Browser(locked.port).post("/logout", everywhere="1")
    assert locked.get(STATUS).status == 200


def test_a_new_password_ends_all_sessions(locked: Browser, keys: Keys) -> None:
    log_in(locked)
    keys.set_password("another one entirely")
    assert locked.get(STATUS).status == 401
    log_in(locked, "another one entirely")


@pytest.mark.parametrize(
    "back", ["//evil.example/", "https://evil.example/x", "/\\evil.example", "javascript:alert(1)", "http://["]
)
def test_the_way_back_leads_nowhere_else(back: str, locked: Browser) -> None:
    location = locked.post("/login", password=PASSWORD, back=back).headers["location"]
    assert location.startswith("/") and not location.startswith(("//", "/\\")) and "evil.example/" not in location[:2]


@pytest.mark.slow
def test_guessing_gets_slow_for_the_one_who_guesses(locked: Browser) -> None:
    codes = [locked.post("/login", password=f"wrong {number}").status for number in range(FREE_TRIES + 1)]
    assert codes == [403] * FREE_TRIES + [429]


def test_who_guesses_locks_nobody_else_out() -> None:
    clock = ManualClock()
    throttle = Throttle(clock)
    for _ in range(5000):
        throttle.wrong("192.0.2.66")
    assert throttle.left("192.0.2.66") == LONGEST_WAIT
    assert throttle.left("192.0.2.1") == 0
    clock.advance(LONGEST_WAIT)
    assert throttle.left("192.0.2.66") == 0


def test_a_session_ends_by_itself(tmp_path: Path) -> None:
    clock = ManualClock()
    keys = Keys(tmp_path / "keys.json", clock)
    keys.set_password(PASSWORD)
    session = keys.log_in(PASSWORD)
    assert session and keys.visitor(session)
    clock.advance(SESSION_SECONDS)
    assert keys.visitor(session) is None


@pytest.mark.parametrize("jump", [-86_400, 365 * 86_400])
def test_a_clock_that_is_set_ends_no_session_and_makes_no_pin_last(tmp_path: Path, jump: float) -> None:
    clock = ManualClock()
    keys = Keys(tmp_path / "keys.json", clock)
    keys.set_password(PASSWORD)
    session, pin = keys.log_in(PASSWORD), keys.make_pin()
    clock.set_wall(clock.wall_ns() / 1e9 + jump)
    assert session and keys.visitor(session)
    clock.advance(PIN_SECONDS)
    assert keys.log_in(pin) is None
    clock.advance(SESSION_SECONDS - PIN_SECONDS - 1)
    assert keys.visitor(session)
    clock.advance(1)
    assert keys.visitor(session) is None


def test_after_a_boot_the_wall_clock_ends_a_session(tmp_path: Path) -> None:
    clock = ManualClock()
    keys = Keys(tmp_path / "keys.json", clock)
    keys.set_password(PASSWORD)
    session = keys.log_in(PASSWORD)
    clock.boot_id = "the next one"
    assert session and keys.visitor(session)
    clock.advance(SESSION_SECONDS)
    assert keys.visitor(session) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 10)), max_size=60))
def test_a_wait_is_bounded_and_ends(tries: list[tuple[str, bool, float]]) -> None:
    clock = ManualClock()
    throttle = Throttle(clock)
    for address, right, pause in tries:
        clock.advance(pause)
        (throttle.right if right else throttle.wrong)(address)
        assert 0 <= throttle.left(address) <= LONGEST_WAIT
    clock.advance(LONGEST_WAIT)
    assert not any(throttle.left(address) for address in "abc")


# -- where a request comes from


ODD = (
    "localhost/..",
    "localhost?x",
    "127.0.0.1#",
    "localhost:80:80",
    "localhost:",
    "x@localhost",
    "127.1",
    "0x7f000001",
)
"""What no browser takes for the name of a host."""


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "a:b:c", "[::1", *ODD])
def test_other_names_are_refused(host: str, browser: Browser) -> None:
    assert browser.get(STATUS, Host=host).status in (400, 421)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "192.168.1.5:80", "[fe80::1]:8080", "box.local"])
def test_its_own_names_are_not(host: str) -> None:
    assert Names(["box.local"]).allow(host)


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
def test_a_change_comes_from_the_page_alone(headers: dict[str, str], browser: Browser, desk: Desk) -> None:
    assert browser.ask("POST", RECORD, b"{}", **headers).status == 403
    assert browser.ask("POST", "/do/record.start", b"", **headers).status == 403
    assert desk.asked == []


def test_a_frame_of_another_site_is_no_page_of_ours() -> None:
    assert same_origin("http://box", None, "box")
    assert same_origin("http://box", "same-origin", "box")
    assert not same_origin("http://box", "cross-site", "box")
    assert not same_origin("http://box:81", None, "box")
    assert not same_origin("http://[", None, "box")


def test_a_change_needs_what_only_the_page_knows(locked: Browser, desk: Desk) -> None:
    log_in(locked)
    assert locked.post("/do/record.start").status == 403
    assert locked.post("/do/record.start", csrf="0" * 64).status == 403
    assert desk.asked == []
    desk.answers["record.start"] = {"event": "TakeStarted"}
    assert locked.post("/do/record.start", csrf=csrf(locked)).status == 303
    assert ("record.start", {}) in desk.asked


# -- roles and tokens


def test_a_helper_listens_and_changes_nothing(locked: Browser, keys: Keys, desk: Desk) -> None:
    keys.set_password("only for listening", Role.HELPER)
    log_in(locked, "only for listening")
    assert locked.get(STATUS).status == 200
    assert "Record" not in locked.get("/").text
    assert locked.post("/do/record.start", csrf=csrf(locked)).status == 403
    assert [word for word, _ in desk.asked if word != "status"] == []


def test_a_helper_labels(locked: Browser, keys: Keys, desk: Desk) -> None:
    keys.set_password("only for listening", Role.HELPER)
    log_in(locked, "only for listening")
    desk.answers |= {"clips.star": {}, "clips.title": {}, "clips.label": {}, "clips.note": {}}
    assert locked.post("/do/clips.star", clip="id0", csrf=csrf(locked)).status == 303
    assert locked.post("/clips/id0/said", title="a", csrf=csrf(locked)).status == 303
    assert locked.post("/clips/id0/said", title="a").status == 403
    of_hosts = [f"/clips/chosen/{what}" for what in ("deliver", "approve", "delete", "restore")]
    for path in ("/do/clips.delete", "/do/clips.restore", "/clips/id0/verify", *of_hosts):
        assert locked.post(path, clip="id0", csrf=csrf(locked)).status == 403
    asked = [word for word, _ in desk.asked if word != "status"]
    assert asked == ["clips.star", "clips.title", "clips.label", "clips.note"]
    desk.answers |= {"clips.show": {"clip": {"labels": []}}}
    assert locked.post("/clips/chosen/label", clip="id0", labels="a", csrf=csrf(locked)).status == 303
    assert locked.post("/clips/chosen/label", clip="id0", labels="a").status == 403
    assert locked.post("/clips/chosen/download", clip="id0", csrf=csrf(locked)).status == 303
    text = locked.get("/clips").text
    assert "chosen/delete" not in text


def test_a_token(locked: Browser, keys: Keys, desk: Desk) -> None:
    desk.answers["record.start"] = {"event": "TakeStarted"}
    token = keys.add_token("home", Role.HOST)
    reader = keys.add_token("museum", Role.HELPER)
    assert locked.ask("POST", RECORD, b"{}", Authorization=f"Bearer {token}").status == 200
    assert locked.ask("POST", RECORD, b"{}", Authorization=f"Bearer {reader}").status == 403
    assert locked.get(STATUS, Authorization=f"Bearer {reader}").status == 200
    assert locked.get(STATUS, Authorization="Bearer nonsense").status == 401
    keys.revoke_token("home")
    assert locked.get(STATUS, Authorization=f"Bearer {token}").status == 401
    assert keys.tokens() == {"museum": Role.HELPER}
    with pytest.raises(NotFound):
        keys.revoke_token("home")
    with pytest.raises(UsageError):
        keys.add_token("museum", Role.HOST)


def test_what_only_a_newer_release_knows_opens_nothing_and_stays(
    locked: Browser, keys: Keys, desk: Desk, tmp_path: Path
) -> None:
    log_in(locked)
    token = keys.add_token("home", Role.HOST)
    path = tmp_path / "keys" / "keys.json"
    newer = path.read_text().replace('"host"', '"curator"')
    newer = newer.replace('"sessions"', '"helper": {"argon2id": "00"}, "sessions"', 1)
    path.write_text(newer)
    assert locked.get(STATUS).status == 401
    assert locked.get(STATUS, Authorization=f"Bearer {token}").status == 401
    assert keys.tokens() == {"home": "curator"}
    log_in(locked)
    assert locked.get(STATUS).status == 200
    kept = json.loads(path.read_text())
    assert kept["tokens"]["home"]["role"] == "curator" and kept["helper"] == {"argon2id": "00"}


# -- what is kept, and what is said


def test_nothing_that_is_kept_opens_the_page(locked: Browser, keys: Keys, tmp_path: Path) -> None:
    log_in(locked)
    token = keys.add_token("home", Role.HOST)
    kept = tmp_path / "keys" / "keys.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    text = kept.read_text()
    assert PASSWORD not in text and token not in text and locked.cookies["appliance"].value not in text
    for value in json.loads(text)["sessions"]:
        assert locked.get(STATUS, Cookie=f"appliance={value}").status in (200, 401)
        assert Browser(locked.port).get(STATUS, Cookie=f"appliance={value}").status == 401


@pytest.mark.parametrize("path", ["/", "/login", "/nope", STATUS, "/api/v1/nope", "/static/page.css", "/static/nope"])
def test_every_answer_keeps_browsers_from_harm(path: str, browser: Browser) -> None:
    headers = browser.get(path).headers
    assert (
        "script-src 'self'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert "Python" not in headers.get("server", "")


@pytest.mark.parametrize("password", ["", "short", "x" * 300])
def test_a_password_that_is_none_is_refused(password: str, keys: Keys) -> None:
    with pytest.raises(UsageError, match="8 to 256"):
        keys.set_password(password)


@pytest.mark.parametrize(
    ("host", "so"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)]
)
def test_loopback(host: str, so: bool) -> None:
    assert is_loopback(host) is so


@pytest.mark.slow
def test_a_password_that_helpers_were_given_too_is_the_hosts(keys: Keys) -> None:
    keys.set_password(PASSWORD)
    keys.set_password("a helping hand", Role.HELPER)
    assert [keys.role_of(each) for each in (PASSWORD, "a helping hand", "a guess")] == [Role.HOST, Role.HELPER, None]
    keys.set_password(PASSWORD, Role.HELPER)
    assert keys.role_of(PASSWORD) is Role.HOST
    session = keys.visitor(keys.log_in(PASSWORD) or "")
    assert session and session.role is Role.HOST


@pytest.mark.slow
def test_whoever_is_in_guesses_the_password_no_faster(locked: Browser, keys: Keys) -> None:
    locked.post("/login", password=PASSWORD)
    found = re.search(r'name="csrf" content="([0-9a-f]+)"', locked.get("/clips").text)
    assert found
    new: dict[str, Any] = {"password": "my own words now", "again": "my own words now", "csrf": found[1]}
    for number in range(FREE_TRIES):
        assert "not the password" in locked.post("/begin/password", before=f"guess {number}", **new).text
    assert "Too many wrong passwords" in locked.post("/begin/password", before=PASSWORD, **new).text
    assert Browser(locked.port).post("/login", password=PASSWORD).status == 429
    assert keys.role_of(PASSWORD) is Role.HOST
