"""What is known to be secret is found in every form that servers and programs say it back in."""

import base64
import html
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, get_args, get_origin
from urllib.parse import quote, quote_plus

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import redact as redaction
from appliance.config.loader import parse
from appliance.config.options import Secret, loaded
from appliance.errors import ConfigError
from appliance.foreign import one_line, words
from appliance.outlet import Lines
from appliance.plugin.kinds import KINDS
from appliance.plugin_host import PluginHost
from appliance.redact import keep_secret, keep_url_secret, redact, shown_url

FORMS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    lambda text: base64.urlsafe_b64encode(f"me:{text}:you".encode()).decode(),
    lambda text: base64.encodebytes(f"{text}, said the server, {text}, and no more of it".encode()).decode(),
    lambda text: text.encode().hex(),
    lambda text: text.encode().decode("latin-1"),
)
ESCAPES: tuple[Callable[[str], str], ...] = (
    str,
    json.dumps,
    lambda text: json.dumps(text, ensure_ascii=False),
    lambda text: json.dumps(text).replace("/", r"\/"),
    lambda text: quote(text, safe=""),
    quote_plus,
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    html.escape,
    lambda text: "".join(f"&#{ord(character)};" for character in text),
    lambda text: "".join(f"&#x{ord(character):x};" for character in text),
    repr,
    ascii,
    lambda text: repr(text.encode()),
)
SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=8, max_size=60)
TOKENS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=8, max_size=80)


@contextmanager
def knowing(secret: str) -> Iterator[None]:
    """Nothing else is secret meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_SECRETS", redaction._Secrets())
        keep_secret(secret)
        yield


@given(SECRETS | TOKENS, st.sampled_from(FORMS), st.lists(st.sampled_from(ESCAPES), max_size=3))
def test_a_secret_is_found_in_every_form(
    secret: str, form: Callable[[str], str], escapes: list[Callable[[str], str]]
) -> None:
    said = form(secret)
    for escape in escapes:
        said = escape(said)
    with knowing(secret):
        shown = redact(f"you said {said} to me")
    assert said not in shown
    assert shown.startswith("you said ") and "***" in shown


def test_what_looks_like_an_escape_in_text_that_was_taken_for_latin_1_hides_no_secret() -> None:
    secret = "000000\\\u00a1"
    with knowing(secret):
        for said in (secret.encode().decode("latin-1"), quote(secret)):
            assert redact(f"you said {said}") == "you said ***"


@given(TOKENS.filter(lambda text: len(text) >= 16), st.data())
def test_what_is_cut_off_is_found_too(secret: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(secret) // 2))
    part = secret[start : start + data.draw(st.integers(len(secret) // 2, len(secret)))]
    with knowing(secret):
        assert part not in redact(f"Bearer {part}...") or len(part) < max(8, len(secret) // 2)


@given(st.text(max_size=200))
def test_other_text_stays_as_it_is(text: str) -> None:
    keep_secret("kfj39fjw0fjw0f3jf-w3f_3")
    keep_secret("x")
    assert redact(text) == text


def test_of_secrets_that_are_renewed_the_newest_are_remembered() -> None:
    for number in range(300):
        keep_secret(f"-{number:04}-" * 10)
    assert redact("-0299-" * 10) == "***"
    assert redact("-0001-" * 10) == "-0001-" * 10


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/upload/v1", "https://example.org/upload/v1"),
        ("https://example.org/a/2026-11-27_morning.mp3", "https://example.org/a/2026-11-27_morning.mp3"),
        ("https://example.org/S01E05x7.mp3", "https://example.org/S01E05x7.mp3"),
        (
            "http://example.org:8080/UploadClips/{file_name}?token=abc",
            "http://example.org:8080/UploadClips/{file_name}",
        ),
        ("https://me:word@example.org/x", "https://example.org/x"),
        ("http://[::1", "a URL that makes no sense"),
        ("http://\u2100/?token=abc", "a URL that makes no sense"),
        ("https://hooks.example/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", None),
        ("https://ping.example/550e8400-e29b-41d4-a716-446655440000", None),
        ("https://ping.example/550e8400-e29b-41d4-a716-446655440000.mp3", None),
        ("https://api.example/bot123456:ABC-DEF1234ghIkl/sendDocument", None),
        ("https://chat.example/api/webhooks/123456789012345678/kX9-QmZ2_vLp8RtYw3NcJ5hDbF7gSaEu", None),
        ("https://hooks.example/catch/1234/b9k2x1/", None),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str | None) -> None:
    if shown is not None:
        assert shown_url(url) == shown
        return
    keep_url_secret(url)
    key = max(url.split("/")[3:], key=len).removesuffix(".mp3")
    assert key not in shown_url(url)
    assert "***" in shown_url(url)
    assert key not in redact(f"404: there is no {key} here, nor at {quote(url)}")


def test_keys_in_a_query_and_a_secret_that_is_a_url() -> None:
    keep_url_secret(
        "https://bucket.example/clips/a.wav?X-Amz-Signature=0a1b2c3d4e5f6a7b&password=hunter&format=listing"
    )
    keep_secret("https://ntfy.example/mytopic")
    said = redact("SignatureDoesNotMatch: 0a1b2c3d4e5f6a7b, hunter; listing at https://ntfy.example/mytopic")
    assert said == "SignatureDoesNotMatch: ***, ***; listing at https://ntfy.example/***"


def _secret_options(options: type, path: str = "") -> list[str]:
    """The dotted names of all options that are secrets, those in mappings with a name, lists marked."""
    attrs.resolve_types(options)
    found = []
    for field in attrs.fields(options):
        name, kinds = f"{path}{field.name}", {field.type, *get_args(field.type)}
        if Secret in kinds:
            found.append(name + {dict: ".X-Key", tuple: "[]"}.get(get_origin(field.type), ""))
        for kind in kinds:
            found += _secret_options(kind, f"{name}.") if isinstance(kind, type) and attrs.has(kind) else []
    return found


def _options_with_secrets() -> list[tuple[str, str, str]]:
    plugins = PluginHost.installed()
    plugins.discover()
    return [
        (kind.section, name, option)
        for kind in KINDS
        for name, brought in plugins.types(kind).items()
        for option in _secret_options(loaded(brought.options))
    ]


NEEDED: dict[str, dict[str, Any]] = {
    "http": {"url": "https://example.org/up", "auth": {"user": "me"}},
    "s3": {"bucket": "clips", "access_key": "AKIDAKIDAKID", "secret_key": "SKEYSKEYSKEY"},
    "urls": {"urls": ["https://example.org/a.wav"]},
    "heartbeat": {"url": "https://example.org/beat"},
}
"""What goes with a secret where it says more of what is a secret: others are known by the look at them alone."""


@pytest.mark.parametrize(("section", "name", "option"), _options_with_secrets())
def test_every_secret_option_of_every_plugin_is_known(section: str, name: str, option: str) -> None:
    secret = "tOpS3cret-81f3"
    entry: dict[str, Any] = json.loads(json.dumps(NEEDED.get(name, {})))
    if option == "auth.bearer":
        entry["auth"] = {}
    *groups, last = option.split(".")
    group = entry
    for each in groups:
        group = group.setdefault(each, {})
    group[last.removesuffix("[]")] = [secret] if last.endswith("[]") else secret
    chooser = next(attrs.fields(kind.common)[0].name for kind in KINDS if kind.section == section)
    plugins = PluginHost.installed()
    plugins.discover()
    with suppress(ConfigError):  # others that it needs are missing
        parse(json.dumps({section: {"it": {chooser: name, **entry}}}), "box.yaml", plugins.extensions, {})
    assert redact(f"you sent {secret}") == "you sent ***"


def test_the_doors_are_bounded_printable_and_keep_secrets() -> None:
    keep_secret("tOpS3cret-81f3")
    said = "\x1b[31m\x07red \x9b\u202e tOpS3cret-\n81f3" + "\0" * 400_000
    for text in (one_line(said), words(ValueError(said)), words(RuntimeError("\udcff" + said))):
        assert text.isprintable() and len(text) <= 1020
        assert "81f3" not in text
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%s\nnext", (said,), None)
    lines = Lines("%(message)s").format(record)
    assert all(line.isprintable() for line in lines.split("\n")) and len(lines) < 50_000 and "81f3" not in lines
