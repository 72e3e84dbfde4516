"""Every error of requests has words, and a wait is read as it was meant."""

import errno
import os
from datetime import UTC, datetime

import pytest
import requests.exceptions
from appliance_http.errors import PERMANENT, TRANSIENT, translate
from appliance_http.statuses import retry_after, status_error
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import NewConnectionError

from appliance.plugin import Permanent, Transient

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def errors_of_requests() -> list[type[requests.RequestException]]:
    found = [value for value in vars(requests.exceptions).values() if isinstance(value, type)]
    return [kind for kind in found if issubclass(kind, requests.RequestException)]


def test_every_error_of_requests_is_known() -> None:
    """Fails when requests grows a new one: say in `appliance_http.errors` what it means."""
    assert set(errors_of_requests()) == PERMANENT.keys() | TRANSIENT.keys()
    assert not PERMANENT.keys() & TRANSIENT.keys()


@pytest.mark.parametrize("kind", errors_of_requests())
def test_every_error_of_requests_becomes_one_line(kind: type[requests.RequestException]) -> None:
    error = kind("message", "document", 0) if kind is requests.exceptions.JSONDecodeError else kind("message")
    translated = translate(error, "example.org")
    assert isinstance(translated, Permanent if kind in PERMANENT else Transient)
    assert str(translated).startswith("example.org")
    assert "\n" not in str(translated)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_wait_is_a_number_of_seconds_or_none(text: str, date: str) -> None:
    wait = retry_after({"Retry-After": text, "Date": date}, NOW)
    assert wait is None or 0 <= wait <= 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-1", None),
        ("1.5", None),
        ("Sat, 31 Jan 2026 12:01:40 GMT", 100),
        ("Saturday, 31-Jan-26 12:01:40 GMT", 100),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0),
        ("Sat, 31 Jan 2099 12:00:00 GMT", 86_400),
        ("", None),
    ],
)
def test_waits(text: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": text}, NOW) == seconds


def test_a_web_page_is_not_quoted() -> None:
    error = status_error(500, "Oops", {"Content-Type": "text/html"}, b"<h1>Oops</h1>", {}, "example.org")
    assert str(error) == "example.org answers 500 Oops"


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN])
def test_without_a_network_nobody_broke_a_connection(code: int) -> None:
    error = requests.ConnectionError(NewConnectionError(None, OSError(code, os.strerror(code))))  # type: ignore[arg-type]
    error.__context__ = OSError(code, os.strerror(code))
    assert str(translate(error, "example.org")).startswith("example.org cannot be reached: there is no way there now")
