"""Requests as no browser makes them: whatever comes, the page refuses it in words and has no defect."""

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from appliance.errors import NotFound
from appliance.page.openapi import WORDS
from tests.page.conftest import Browser, Desk, clip
from tests.page.test_attacks import routes

__all__ = ["routes"]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("routes")]  # before the page is served
FEW = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
WORDS_OF_FORMS = (
    "clip",
    "title",
    "labels",
    "note",
    "back",
    "password",
    "language",
    "code",
    "proposal",
    "number",
    "zone",
)
NAMES = st.sampled_from([*WORDS_OF_FORMS, "clips", "seconds", "time", "csrf", "fields.x", "take_id", "version", ""])
ODD = st.sampled_from(
    ["", "\x00", "\ud800", "%", "%zz", "\r\nX: y", "../..", "\u202e", "9" * 400, "-1", "NaN", "1e999"]
)


def body_of(parts: list[tuple[str, str, bytes]], boundary: str) -> bytes:
    """A form of several parts (RFC 7578), of which nothing need be right."""
    lines = []
    for name, more, content in parts:
        head = f'Content-Disposition: form-data; name="{name}"{more}'.encode(errors="surrogatepass")
        lines.append(b"--" + boundary.encode() + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(lines) + b"--" + boundary.encode() + b"--\r\n"


def posted(browser: Browser, path: str, body: bytes, kind: str) -> int:
    line = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=20)
    try:
        line.request("POST", path, body, {"Origin": browser.origin, "Content-Type": kind})
        return line.getresponse().status
    finally:
        line.close()


@pytest.fixture
def changes(routes: list[tuple[str, str]], browser: Browser, desk: Desk) -> list[str]:
    """Where something may be sent, before a recorder that knows little."""
    desk.answers["clips.show"] = clip("x", Path(__file__))
    desk.answers |= {word: NotFound("it is not there") for word in WORDS.keys() - desk.answers.keys()}
    return sorted({path for method, path in routes if method == "POST" and not path.startswith("/machine/")})


@FEW
@given(data=st.data())
def test_no_form_is_a_defect(data: st.DataObject, browser: Browser, changes: list[str]) -> None:
    more = st.sampled_from(["", "; filename=x", '; filename="../../x"', "; filename*=UTF-8''%00", '; name="clip"', ";"])
    parts = data.draw(st.lists(st.tuples(NAMES | ODD, more, st.binary(max_size=40)), max_size=5))
    boundary = data.draw(st.sampled_from(["x", "", "x" * 300, "ü"]))
    body = body_of(parts, boundary)
    body = body[: data.draw(st.sampled_from([len(body), max(0, len(body) - 3), len(body) // 2]))]
    kind = data.draw(
        st.sampled_from([f"multipart/form-data; boundary={boundary}", "multipart/form-data", "multipart/x"])
    )
    assert posted(browser, data.draw(st.sampled_from(changes)), body, kind.encode("latin-1").decode("latin-1")) != 500


@FEW
@given(data=st.data())
def test_no_field_is_a_defect(data: st.DataObject, browser: Browser, changes: list[str]) -> None:
    value = st.binary(max_size=30).map(quote_from_bytes) | ODD.map(
        lambda text: text.encode(errors="surrogatepass")
    ).map(quote_from_bytes)
    fields = data.draw(st.lists(st.tuples(NAMES, value), max_size=6))
    body = "&".join(f"{name}={value}" for name, value in fields).encode()
    path = data.draw(st.sampled_from([each for each in changes if not each.startswith("/api/")]))
    assert posted(browser, path, body, "application/x-www-form-urlencoded") != 500


DEEP = [b"[" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b'{"clips": ' + b"[" * 900 + b"]" * 900 + b"}"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20) | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
FOR_WORDS = st.dictionaries(
    st.sampled_from(sorted({each.name for verb in WORDS.values() for each in verb.arguments})), JSON, max_size=4
)


@FEW
@given(word=st.sampled_from(sorted(WORDS)), body=FOR_WORDS.map(json.dumps).map(str.encode) | st.binary(max_size=60))
@example(word="clips.label", body=DEEP[0])
@example(word="clips.label", body=DEEP[1])
@example(word="clips.label", body=DEEP[2])
@example(word="clips.title", body=b'{"clip": "\\ud800", "title": "\\udfff\\u0000"}')
@example(word="clips.title", body='{"clip": "x", "title": "ü"}'.encode("utf-16"))
@example(word="clips.title", body=b"\xef\xbb\xbf{}")
@example(word="clips.mark", body=b'{"clip": "x", "seconds": NaN}')
@example(word="clips.mark", body=b'{"clip": "x", "seconds": ' + b"9" * 5000 + b"}")
def test_no_object_is_a_defect(word: str, body: bytes, browser: Browser, changes: list[str]) -> None:
    assert posted(browser, f"/api/v1/{word}", body, "application/json") != 500


@FEW
@given(data=st.data())
def test_no_address_is_a_defect(
    data: st.DataObject, browser: Browser, routes: list[tuple[str, str]], changes: Any
) -> None:
    path = data.draw(st.sampled_from(sorted({path for method, path in routes if method == "GET"})))
    raw = st.binary(max_size=12).map(quote_from_bytes) | ODD.map(
        lambda text: quote_from_bytes(text.encode(errors="replace"))
    )
    names = sorted(
        {each.name for verb in WORDS.values() for each in verb.arguments} | {"after", "before", "since", "format"}
    )
    query = "&".join(
        f"{data.draw(st.sampled_from(names))}={data.draw(raw)}" for _ in range(data.draw(st.integers(0, 3)))
    )
    path = path.replace("/x", f"/{data.draw(raw)}") if data.draw(st.booleans()) else path
    headers = {
        "Range": data.draw(
            st.sampled_from(["bytes=-", "bytes=5-2", "bytes=" + "9" * 30 + "-", "bytes=0-0,2-3", "\xff"])
        ),
        "Cookie": data.draw(st.sampled_from(["language=\xff", "appliance=" + "a" * 5000, ";;;=", 'language="\\377"'])),
        "Accept-Language": data.draw(st.sampled_from(["de;q=9", "*", ";" * 900, "\xff", "en;q=0." + "1" * 900])),
        "Authorization": data.draw(st.sampled_from(["", "Bearer", "Bearer \xff", "Basic x"])),
        "Last-Event-ID": data.draw(st.sampled_from(["", "-", "x-y", "1-" + "9" * 90])),
        "X-Forwarded-For": data.draw(st.sampled_from(["", ",,,", "::ffff:1", "\xff"])),
    }
    headers = {name: value for name, value in headers.items() if data.draw(st.booleans())}
    line = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=20)
    try:
        line.request("HEAD" if path.endswith("/events") else "GET", f"{path}?{query}" if query else path, None, headers)
        assert line.getresponse().status not in (500, 502), (path, query, headers)
    finally:
        line.close()
