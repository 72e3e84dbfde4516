"""Safe by default: a certificate of the box's own, PINs that expire, and proxies whose word counts."""

import hashlib
import http.client
import json
import socket
import ssl
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.page import WebSettings
from appliance.errors import ConfigError, UsageError
from appliance.page.guard import FREE_TRIES, Proxies
from appliance.page.keys import PIN_SECONDS, PIN_TRIES, Keys
from appliance.page.selfmade import Certificate, self_made
from appliance.page.server import Serving
from appliance.testing.clock import ManualClock
from tests.page.conftest import PASSWORD, Browser, Desk

STATUS = "/api/v1/status"

# -- a certificate of its own


@pytest.mark.slow
def test_the_box_makes_a_certificate_that_holds_for_its_names(tmp_path: Path, keys: Keys, desk: Desk) -> None:
    serving = Serving(
        WebSettings(listen="127.0.0.1:0", self_made=True, names=("box.example",)), Path("none"), keys, Path("none")
    )
    server = serving.server()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        made = serving.certificate
        assert made
        context = ssl.create_default_context(cafile=str(made.certificate))
        for name in ("localhost", "box.example", f"{socket.gethostname().split('.')[0]}.local"):
            with (
                socket.create_connection(("127.0.0.1", server.bind_addr[1]), 10) as plain,
                context.wrap_socket(plain, server_hostname=name) as line,
            ):
                digest = hashlib.sha256(line.getpeercert(binary_form=True) or b"").hexdigest().upper()
        assert made.fingerprint.replace(":", "") == digest, "what is shown is what browsers see"
        connection = http.client.HTTPSConnection("localhost", server.bind_addr[1], context=context, timeout=10)
        connection.request("GET", "/login")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("Strict-Transport-Security") is None, "it may be made anew"
        connection.close()
        assert made.key.stat().st_mode & 0o077 == 0
    finally:
        server.stop()
        thread.join()


def test_it_stays_the_same(tmp_path: Path) -> None:
    before = self_made(tmp_path / "own")
    assert self_made(tmp_path / "own").fingerprint == before.fingerprint
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == ["page.key", "page.pem"]
    assert self_made(tmp_path / "other").fingerprint != before.fingerprint


def test_names_that_no_certificate_can_have_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="openssl makes no certificate"):
        self_made(tmp_path, ("a,IP:nonsense",))
    assert not (tmp_path / "page.pem").exists()


def test_a_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(ConfigError, match="cannot be read"):
        _ = Certificate(tmp_path / "x", tmp_path / "x").fingerprint


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"self_made": True, "certificate": Path("/a"), "key": Path("/b")}, "there is a certificate already"),
        ({"proxies": ("nonsense",)}, "expected an address or a network"),
        ({"proxies": ("10.0.0.1/24",)}, "expected an address or a network"),
    ],
)
def test_what_cannot_be_meant_is_said(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        WebSettings(**wrong)  # type: ignore[arg-type]


# -- PINs


@pytest.mark.slow
def test_a_pin_logs_in_once(locked: Browser, keys: Keys) -> None:
    pin = keys.make_pin()
    assert len(pin) == 6 and pin.isdigit()
    assert locked.post("/login", password=pin).status == 303
    assert locked.get(STATUS).status == 200
    assert Browser(locked.port).post("/login", password=pin).status == 403
    assert locked.get(STATUS).status == 200, "that session goes on"


@pytest.mark.slow
def test_a_pin_expires_and_a_new_one_takes_its_place(tmp_path: Path) -> None:
    clock = ManualClock()
    keys = Keys(tmp_path / "keys.json", clock)
    with pytest.raises(UsageError, match="set one"):
        keys.make_pin()
    keys.set_password(PASSWORD)
    first, second = keys.make_pin(), keys.make_pin()
    if first != second:
        assert keys.log_in(first) is None
    clock.advance(PIN_SECONDS - 1)
    kept = json.loads((tmp_path / "keys.json").read_text())
    assert second not in json.dumps(kept["pin"]["scrypt"])
    clock.advance(1)
    assert keys.log_in(second) is None
    assert keys.log_in(PASSWORD)


@pytest.mark.slow
def test_a_pin_cannot_be_guessed_from_many_addresses(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json", ManualClock())
    keys.set_password(PASSWORD)
    pin = keys.make_pin()
    for number in range(PIN_TRIES):
        assert keys.log_in(f"wrong {number}") is None
    assert keys.log_in(pin) is None
    assert keys.log_in(PASSWORD), "and nobody is locked out"


# -- proxies


@pytest.mark.slow
def test_who_asks_is_told_by_proxies_that_are_trusted_alone(serve: object, keys: Keys) -> None:
    keys.set_password(PASSWORD)
    trusting: Browser = serve(proxies=("127.0.0.1",))  # type: ignore[operator]
    for number in range(FREE_TRIES):
        assert forwarded(trusting, f"wrong {number}", "198.51.100.7") == 403
    assert forwarded(trusting, PASSWORD, "198.51.100.7") == 429
    assert forwarded(trusting, PASSWORD, "198.51.100.8") == 303, "another address is another one"
    plain: Browser = serve()  # type: ignore[operator]
    for number in range(FREE_TRIES):
        assert forwarded(plain, f"wrong {number}", f"198.51.100.{number}") == 403
    assert forwarded(plain, PASSWORD, "198.51.100.99") == 429, "what a stranger says of himself does not count"


@pytest.mark.slow
def test_behind_https_of_a_trusted_proxy_the_cookie_goes_by_https_alone(serve: object, keys: Keys) -> None:
    keys.set_password(PASSWORD)
    for settings, secure in (({"proxies": ("127.0.0.1",)}, True), ({}, False)):
        browser: Browser = serve(**settings)  # type: ignore[operator]
        answer = browser.ask("POST", "/login", f"password={PASSWORD.replace(' ', '+')}".encode(), **headers(browser))
        assert answer.status == 303
        assert ("secure" in answer.headers["set-cookie"].lower()) is secure


def test_without_a_password_a_proxy_lets_in_nobody_even_where_it_is_trusted(serve: object) -> None:
    browser: Browser = serve(proxies=("127.0.0.1",))  # type: ignore[operator]
    assert browser.get(STATUS, X_Forwarded_For="192.0.2.1").status == 401
    assert browser.get(STATUS).status == 401


def headers(browser: Browser) -> dict[str, str]:
    kind = "application/x-www-form-urlencoded"
    return {"Origin": browser.origin, "Content_Type": kind, "X_Forwarded_Proto": "https"}


def forwarded(browser: Browser, password: str, address: str) -> int:
    """The status of an attempt to log in that a proxy passes on for that address, who claims to be somebody else."""
    body = f"password={password.replace(' ', '+')}".encode()
    told = {**headers(browser), "X_Forwarded_For": f"203.0.113.1, {address}"}
    return browser.ask("POST", "/login", body, **told).status


@pytest.mark.slow
@given(st.lists(st.ip_addresses(v=4).map(str), max_size=5), st.ip_addresses(v=4).map(str))
def test_nobody_can_pass_for_another_by_what_he_says(said: list[str], real: str) -> None:
    """Whatever stands in the header before what the proxy adds, it is the address that the proxy saw."""
    proxies = Proxies(["10.0.0.0/8"])
    if not proxies.trust(real):
        assert proxies.client("10.1.2.3", ", ".join([*said, real])) == real
        assert proxies.client(real, ", ".join(said)) == real
