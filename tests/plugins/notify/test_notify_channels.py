"""Each way to reach a person, against a real server on this machine."""

import json
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from appliance_http.options import Tls
from appliance_mail.options import Security
from appliance_notify.beyond import Beyond
from appliance_notify.mail import Mail
from appliance_notify.notes import Message, Sound
from appliance_notify.ntfy import Ntfy
from appliance_notify.options import (
    AppriseOptions,
    EmailOptions,
    NtfyOptions,
    TelegramOptions,
    WebhookOptions,
)
from appliance_notify.telegram import Telegram
from appliance_notify.webhook import Webhook

from appliance.config.options import AbsolutePath, Secret
from appliance.errors import Cancelled, Permanent, Transient
from appliance.testing.services import FakeHouse
from tests.plugins.certificates import Authority
from tests.plugins.mailserver import Serve, mail_servers

WORDS = Message("phone-3", "box: something is wrong", 'no "microphone": plug it in, ä', urgent=True, link="https://x/1")
SOUND = Message("phone-4", "box: new recording", "hello", sound=Sound("hello.opus", "audio/ogg", b"OggS..."))

Phone = Any  # tests/plugins/notify/conftest.py is not importable


@pytest.fixture
def house(tmp_path: Path) -> FakeHouse:
    return FakeHouse(tmp_path, "phone")


def test_ntfy_gets_words_and_sound(phone: Phone, house: FakeHouse) -> None:
    ntfy = Ntfy(NtfyOptions(url=f"{phone.url}/below/our-box", token=Secret("tk_hushhush")), house)
    ntfy.send(WORDS)
    ntfy.send(SOUND)
    words, sound = phone.got
    assert (words.method, words.path) == ("POST", "/below/")
    assert json.loads(words.body) == {
        "topic": "our-box",
        "title": WORDS.title,
        "message": WORDS.text,
        "priority": 5,
        "click": "https://x/1",
    }
    assert words.headers["authorization"] == "Bearer tk_hushhush"
    url = urlsplit(sound.path)
    assert (sound.method, url.path, sound.body) == ("PUT", "/below/our-box", b"OggS...")
    assert parse_qs(url.query) == {
        "title": [SOUND.title],
        "message": ["hello"],
        "priority": ["3"],
        "filename": ["hello.opus"],
    }


def test_telegram_gets_words_and_sound(phone: Phone, house: FakeHouse) -> None:
    telegram = Telegram(TelegramOptions(token=Secret("12:hushhush"), chat="-100", url=phone.url), house)
    telegram.send(WORDS)
    telegram.send(SOUND)
    words, sound = phone.got
    assert words.path == "/bot12:hushhush/sendMessage"
    said = json.loads(words.body)
    assert said["chat_id"] == "-100" and said["text"] == f"{WORDS.title}\n{WORDS.text}\nhttps://x/1"
    assert sound.path == "/bot12:hushhush/sendVoice"
    form = message_from_bytes(b"Content-Type: " + sound.headers["content-type"].encode() + b"\r\n\r\n" + sound.body)
    parts = {str(part.get_param("name", header="content-disposition")): part for part in form.walk()}
    assert parts["voice"].get_filename() == "hello.opus" and parts["voice"].get_payload(decode=True) == b"OggS..."
    assert parts["caption"].get_payload() == f"{SOUND.title}\nhello" and parts["chat_id"].get_payload() == "-100"


def test_telegram_says_how_long_it_wants_peace(phone: Phone, house: FakeHouse) -> None:
    phone.status = 429
    phone.answer = b'{"ok": false, "description": "Too Many Requests", "parameters": {"retry_after": 45}}'
    with pytest.raises(Transient, match="Too Many Requests") as raised:
        Telegram(TelegramOptions(token=Secret("12:hushhush"), chat="1", url=phone.url), house).send(SOUND)
    assert raised.value.retry_after == 45


@pytest.mark.parametrize("message", [WORDS, SOUND])
def test_what_the_login_page_of_a_network_takes_is_not_told(phone: Phone, house: FakeHouse, message: Message) -> None:
    phone.answer = b"<html>Welcome to our hotel</html>"
    for channel in (
        Ntfy(NtfyOptions(url=f"{phone.url}/our-box"), house),
        Telegram(TelegramOptions(token=Secret("12:hushhush"), chat="1", url=phone.url), house),
    ):
        with pytest.raises(Transient, match=r"127\.0\.0\.1 answers in words that are none of"):
            channel.send(message)


def test_a_webhook_gets_what_its_template_says(phone: Phone, house: FakeHouse) -> None:
    Webhook(WebhookOptions(url=f"{phone.url}/hook", headers={"X-Key": Secret("hush")}), house).send(WORDS)
    plain = WebhookOptions(
        url=phone.url, method="PUT", content_type="text/plain; charset=utf-8", template="{title}|{text}|{link}|{id}"
    )
    Webhook(plain, house).send(WORDS)
    as_json, as_text = phone.got
    assert json.loads(as_json.body) == {
        "device": "box",
        "title": WORDS.title,
        "text": WORDS.text,
        "link": "https://x/1",
        "urgent": True,
    }
    assert as_json.headers["x-key"] == "hush" and as_json.path == "/hook"
    assert as_text.method == "PUT" and as_text.body.decode() == f"{WORDS.title}|{WORDS.text}|https://x/1|phone-3"


def test_apprise_gets_words_and_sound(phone: Phone, house: FakeHouse) -> None:
    url = phone.url.replace("http", "json")
    beyond = Beyond(AppriseOptions(urls=(Secret(f"{url}/there"),)), house)
    beyond.send(WORDS)
    beyond.send(SOUND)
    words, sound = (json.loads(got.body) for got in phone.got)
    assert words["title"] == WORDS.title and words["message"] == f"{WORDS.text}\nhttps://x/1"
    assert words["type"] == "failure" and sound["type"] == "info"
    assert [each["filename"] for each in sound["attachments"]] == ["hello.opus"]
    assert list(house.folder.iterdir()) == [], "the file is gone again"
    phone.status = 500
    with pytest.raises(Transient, match=r"Apprise could not hand it over: .*500"):
        beyond.send(WORDS)
    with pytest.raises(Permanent, match="url 2 is none that Apprise knows"):
        Beyond(AppriseOptions(urls=(Secret(url), Secret("nonsense"))), house)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, Permanent, "127.0.0.1 answers 401 Unauthorized: it does not know"),
        (404, Permanent, "127.0.0.1 answers 404 Not Found: (there is no such place|it does not know the bot)"),
        (302, Permanent, "leads elsewhere"),
        (429, Transient, "429"),
        (503, Transient, "503"),
    ],
)
def test_a_refusal_is_said_in_words(
    phone: Phone, house: FakeHouse, status: int, kind: type[Exception], words: str
) -> None:
    phone.status, phone.extra = status, {"Retry-After": "77"}
    for channel in (
        Ntfy(NtfyOptions(url=f"{phone.url}/our-box"), house),
        Telegram(TelegramOptions(token=Secret("12:hushhush"), chat="1", url=phone.url), house),
    ):
        with pytest.raises(kind, match=words) as raised:
            channel.send(WORDS)
        assert "hushhush" not in str(raised.value)
        if isinstance(raised.value, Transient):
            assert raised.value.retry_after == 77


# -- e-mail ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def serve() -> Iterator[Serve]:
    with mail_servers() as start:
        yield start


def options(port: int, **more: Any) -> EmailOptions:
    given = {"security": Security.NONE, "to": ("anna@home.example", "ben@home.example"), **more}
    return EmailOptions(host="127.0.0.1", port=port, sender="box@home.example", **given)


def test_a_letter_arrives_with_its_sound(serve: Serve, house: FakeHouse) -> None:
    letters = serve()
    mail = Mail(options(letters.port), house)
    mail.send(WORDS)
    mail.send(SOUND)
    envelope, _ = letters.envelopes
    words, sound = letters.got.values()
    assert envelope.rcpt_tos == ["anna@home.example", "ben@home.example"]
    assert words["Subject"] == WORDS.title and words["Importance"] == "high" and words["From"] == "box@home.example"
    assert words["Date"] == "Fri, 15 Jan 2027 08:00:00 -0000", "by the clock of the house"
    assert words["Message-ID"] == "<phone-3.box@home.example>"
    assert words.get_content().splitlines() == [WORDS.text, "https://x/1"]
    [attached] = sound.iter_attachments()
    assert attached.get_filename() == "hello.opus" and attached.get_content() == b"OggS..."


def test_a_letter_is_encrypted_and_says_who_sends_it(serve: Serve, house: FakeHouse, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    tls = Tls(ca=AbsolutePath(authority.path))
    context = authority.issue("127.0.0.1").server()
    known: dict[str, Any] = {"user": "box", "password": Secret("hushhush"), "tls": tls}
    letters = serve(tls_context=context, require_starttls=True, auth_required=True)
    port = letters.port
    Mail(options(port, security=Security.STARTTLS, **known), house).send(WORDS)
    secure = serve(ssl_context=context, auth_require_tls=False)
    Mail(options(secure.port, security=Security.TLS, **known), house).send(WORDS)
    assert len(letters.envelopes) == len(secure.envelopes) == 1
    with pytest.raises(Permanent, match="does not let us in: check user and password"):
        Mail(options(port, security=Security.STARTTLS, **known | {"password": Secret("wrong-one")}), house).send(WORDS)
    with pytest.raises(Permanent, match=r"comes from an authority unknown here: set tls\.ca to its file"):
        Mail(options(port, security=Security.STARTTLS, **known | {"tls": Tls()}), house).send(WORDS)
    with pytest.raises(Permanent, match="the files in the section tls cannot be used"):
        wrong = Tls(ca=AbsolutePath(tmp_path / "none"))
        Mail(options(port, security=Security.STARTTLS, **known | {"tls": wrong}), house).send(WORDS)


def test_what_a_mail_server_refuses_is_said(serve: Serve, house: FakeHouse) -> None:
    letters = serve()
    port = letters.port
    with pytest.raises(Permanent, match=r"does not take mail for nobody@home\.example: 5\.1\.1 no such person"):
        Mail(options(port, to=("nobody@home.example",)), house).send(WORDS)
    letters.refuses = "452 4.3.1 the disk is full"
    with pytest.raises(Transient, match=r"answers 452 4\.3\.1 the disk is full"):
        Mail(options(port), house).send(WORDS)
    letters.refuses = ""
    Mail(options(port, to=("nobody@home.example", "anna@home.example")), house).send(WORDS)
    assert letters.envelopes[0].rcpt_tos == ["anna@home.example"]
    with pytest.raises(Permanent, match="cannot do what is wanted"):
        Mail(options(port, security=Security.STARTTLS), house).send(WORDS)


def test_a_mail_server_that_is_not_there_is_tried_again(serve: Serve, house: FakeHouse) -> None:
    with pytest.raises(Transient, match=r"127\.0\.0\.1 refuses|127\.0\.0\.1"):
        Mail(options(1), house).send(WORDS)
    house.stop()
    port = serve().port
    with pytest.raises(Cancelled):
        Mail(options(port), house).send(WORDS)
