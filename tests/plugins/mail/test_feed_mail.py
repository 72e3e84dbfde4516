"""The feed `mail`, against a small IMAP server, and the same against dovecot where that is installed."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from appliance_feed_mail.backend import MailFeed
from appliance_feed_mail.options import MailboxOptions
from appliance_http.options import Tls
from appliance_mail.options import Security

from appliance.config.options import AbsolutePath, ByteCount, Secret
from appliance.plugin import BackendContext, Cancelled, Permanent, Transient, WrongKind
from appliance.testing.feeds import MemoryInbox, check_feed_backend
from tests.plugins.certificates import Authority
from tests.plugins.mail.dovecot import Dovecot
from tests.plugins.mail.imap import ImapServer

ANNA = "anna@home.example"
SOUND = bytes(range(256)) * 2500
"""More than is fetched at once."""


def letter(
    *sounds: tuple[str, bytes],
    sender: str = ANNA,
    subject: str = "Hello",
    number: str = "1",
    kind: str = "audio/mpeg",
    **fields: str,
) -> bytes:
    message = EmailMessage(policy=SMTP)
    for name, text in fields.items():
        message[name.replace("_", "-")] = text
    message["From"] = sender
    message["To"] = "box@home.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{number}@home.example>"
    message.set_content("Words.")
    main, sub = kind.split("/")
    for name, content in sounds:
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


@pytest.fixture
def imap() -> Iterator[Callable[..., ImapServer]]:
    with ExitStack() as stack:

        def start(**options: Any) -> ImapServer:
            server = ImapServer(**options)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return server

        yield start


@pytest.fixture(
    params=[
        "small",
        pytest.param("dovecot", marks=pytest.mark.slow),
    ]
)
def server(request: pytest.FixtureRequest) -> Iterator[ImapServer | Dovecot]:
    with ExitStack() as stack:
        if request.param == "dovecot":
            if Dovecot.version() is None:
                pytest.skip("dovecot is not installed")
            yield stack.enter_context(Dovecot())
            return
        small = ImapServer()
        stack.callback(small.server_close)
        stack.callback(small.shutdown)
        yield small


def feed(port: int, *, password: str = "hüsh-hush", **more: Any) -> MailFeed:
    given: dict[str, Any] = {"security": Security.NONE, "senders": (ANNA,), "user": "box", **more}
    options = MailboxOptions(host="127.0.0.1", port=port, password=Secret(password), **given)
    return MailFeed(options, BackendContext("family", "box", Path("/nowhere")))


def test_conformance(server: ImapServer | Dovecot) -> None:
    for number in range(3):
        server.put(letter((f"{number}.mp3", SOUND[number:]), number=str(number)))
    check_feed_backend(lambda: feed(server.port), brings=3)


def test_sound_arrives_byte_for_byte_under_its_subject(server: ImapServer | Dovecot) -> None:
    server.put(letter(("first.mp3", SOUND), subject="Für dich"))
    server.put(letter(("a.wav", b"a"), ("b.FLAC", b"bb"), number="2", kind="application/octet-stream"))
    server.put(letter(("photo.jpg", b"no sound"), number="3", kind="image/jpeg"))
    inbox = MemoryInbox()
    feed(server.port).pull(inbox)
    assert [(track.title, track.suffix, track.content) for track in inbox.tracks] == [
        ("Für dich", ".mp3", SOUND),
        ("Hello: a", ".wav", b"a"),
        ("Hello: b", ".flac", b"bb"),
    ]


def test_only_letters_of_those_who_may_send_are_taken(server: ImapServer | Dovecot) -> None:
    for number, sender in enumerate(
        (
            "eve@evil.example",
            '"anna@home.example" <eve@evil.example>',
            "anna@home.example <eve@evil.example>",
            "eve@evil.example (anna@home.example)",
            "anna@home.example.evil.example",
            "anna@home.example, eve@evil.example",
        )
    ):
        raw = letter((f"{number}.mp3", b"evil"), number=str(number), sender="x@y.example")
        server.put(raw.replace(b"x@y.example", sender.encode()))
    server.put(letter(("7.mp3", b"good"), number="7", sender='"Anna <3" <Anna@Home.example>'))
    server.put(letter(("8.mp3", b"too"), number="8", sender="ben@there.example"))
    inbox = MemoryInbox()
    feed(server.port, senders=(ANNA, "@there.example")).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"good", b"too"]


def test_a_sender_that_nobody_vouches_for_is_passed_over(server: ImapServer | Dovecot) -> None:
    for number, said in enumerate(
        (
            "mx.home.example; spf=pass; dmarc=pass (p=none) header.from=home.example",
            "mx.home.example; dmarc=fail header.from=home.example",
            "mx.evil.example; dmarc=pass header.from=home.example",
            "mx.home.example (dmarc=pass); spf=fail",
            "mx.home.example; dmarc=pass header.from=evil.example",
            "",
        )
    ):
        more = {"Authentication_Results": said} if said else {}
        server.put(letter((f"{number}.mp3", b"%d" % number), number=str(number), **more))
    inbox = MemoryInbox()
    feed(server.port, authenticated_by="mx.home.example").pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"0"]


def test_odd_letters(server: ImapServer | Dovecot) -> None:
    """Names of all kinds, a letter that is nothing but sound, one that was forwarded, quoted-printable."""
    alone = EmailMessage(policy=SMTP)
    alone["From"] = f"Anna <{ANNA}>"
    alone.set_content(SOUND, maintype="audio", subtype="ogg", cte="base64")
    server.put(alone.as_bytes())
    inner = EmailMessage(policy=SMTP)
    inner["From"] = "grandma@elsewhere.example"
    inner.set_content("Words.")
    inner.add_attachment(b"forwarded", maintype="audio", subtype="wav", filename="größe.wav")
    outer = EmailMessage(policy=SMTP)
    outer["From"] = ANNA
    outer["Message-ID"] = "<2@home.example>"
    outer["Subject"] = "Fwd"
    outer.set_content("See below.")
    outer.add_attachment(inner)
    server.put(outer.as_bytes())
    odd = letter(("NAME.mp3", b"odd"), number="3")
    server.put(odd.replace(b'filename="NAME.mp3"', b'filename="=?utf-8?q?l=C3=A4rm?=.mp3"'))
    server.put(letter(("literal (x) [y] {3}.mp3", b"literal"), number="4", subject=""))
    printable = letter(("NAME.mp3", b"x"), number="5")
    printable = printable.replace(b"Encoding: base64", b"Encoding: quoted-printable")
    server.put(printable.replace(b"eA==\r\n", b"=52=49=\r\nFF"))
    inbox = MemoryInbox()
    feed(server.port).pull(inbox)
    assert [(track.title, track.suffix, track.content) for track in inbox.tracks] == [
        ("anna@home.example", ".ogg", SOUND),
        ("Fwd", ".wav", b"forwarded"),
        ("Hello", ".mp3", b"odd"),
        ("literal (x) [y] {3}", ".mp3", b"literal"),
        ("Hello", ".mp3", b"RIFF"),
    ]


@pytest.mark.parametrize(
    "odd", ["=?utf-8?b?A?=", "=?nonsense?q?a?=", "=?utf-8?b?gICA?=", "=?utf-16?q?a?=", "\ufffd\u2028"]
)
def test_fields_that_make_no_sense_keep_no_letter(odd: str, imap: Callable[..., ImapServer]) -> None:
    server, inbox = imap(), MemoryInbox()
    server.put(
        letter(("NAME.mp3", b"odd"), subject="SUBJECT").replace(b"NAME", odd.encode()).replace(b"SUBJECT", odd.encode())
    )
    server.put(letter(("other.mp3", b"other"), number="2"))
    feed(server.port).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"odd", b"other"]


def test_only_what_is_new_is_looked_at(server: ImapServer | Dovecot) -> None:
    """Of a full mailbox the newest letters come, then what is new; and nothing again once it was numbered anew."""
    for number in range(5):
        server.put(letter((f"{number}.mp3", b"%d" % number), number=str(number)))
    inbox = MemoryInbox()
    feed(server.port, newest=2).pull(inbox)
    server.put(letter(("5.mp3", b"5"), number="5"))
    for _ in range(2):
        feed(server.port, newest=2).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"3", b"4", b"5"]
    assert feed(server.port).probe() == "INBOX of box is there, with 6 letters from who may send"


def test_who_wants_nothing_old_gets_what_is_new(server: ImapServer | Dovecot) -> None:
    server.put(letter(("0.mp3", b"old")))
    inbox = MemoryInbox()
    feed(server.port, newest=0).pull(inbox)
    server.put(letter(("1.mp3", b"new"), number="2"))
    feed(server.port, newest=0).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"new"]


def test_a_mailbox_that_was_numbered_anew_brings_nothing_twice(imap: Callable[..., ImapServer]) -> None:
    server, inbox = imap(), MemoryInbox()
    server.put(letter(("0.mp3", b"0")))
    feed(server.port).pull(inbox)
    server.validity = 2
    server.letters = {70: letter(("0.mp3", b"0")), 71: letter(("1.mp3", b"1"), number="2")}
    feed(server.port).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"0", b"1"]


def test_what_is_no_sound_keeps_nothing_else_and_stays_told(imap: Callable[..., ImapServer]) -> None:
    server, inbox = imap(), MemoryInbox(refuses=WrongKind("Hello is no sound that can be played"))
    server.put(letter(("0.mp3", b"noise")))
    server.put(letter(("1.mp3", b"sound"), number="2"))
    pulled = feed(server.port)
    for _ in range(2):
        with pytest.raises(Permanent, match=r"anna@home\.example sent 0\.mp3: Hello is no sound that can be played"):
            pulled.pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"sound"]
    assert sum("BODY.PEEK[2]" in each for each in server.asked) == 2, "it is not fetched again and again"
    del server.letters[1]
    feed(server.port).pull(inbox)


def test_a_large_attachment_is_refused_and_the_next_taken(imap: Callable[..., ImapServer]) -> None:
    server, inbox = imap(), MemoryInbox()
    server.put(letter(("0.mp3", SOUND)))
    server.put(letter(("1.mp3", b"1"), number="2"))
    pulled = feed(server.port, max_size=ByteCount(100_000))
    for _ in range(3):
        with pytest.raises(Permanent, match=r"sent 0\.mp3: it is larger than max_size allows \(0\.1 MB\)"):
            pulled.pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"1"]
    assert sum("BODY.PEEK[2]" in each for each in server.asked) == 2, "it is not fetched again and again"


def test_what_is_damaged_is_told_and_fetched_again_after_a_start(imap: Callable[..., ImapServer]) -> None:
    server, inbox = imap(), MemoryInbox(refuses=Permanent("Hello is damaged, or not all there"))
    server.put(letter(("0.mp3", b"half")))
    pulled = feed(server.port)
    for _ in range(2):
        with pytest.raises(Permanent, match=r"sent 0\.mp3: Hello is damaged"):
            pulled.pull(inbox)
    assert sum("BODY.PEEK[2]" in each for each in server.asked) == 1
    feed(server.port).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"half"]


def test_what_earlier_releases_noted_of_a_refusal_refuses_nothing(imap: Callable[..., ImapServer]) -> None:
    server, inbox = imap(), MemoryInbox()
    server.put(letter(("0.mp3", b"sound")))
    inbox.save_note("<1@home.example> 2", {"refused": "it needs PyAV", "at": time.time()})
    feed(server.port).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"sound"]


def test_a_line_that_breaks_costs_nothing_but_time(imap: Callable[..., ImapServer]) -> None:
    server, inbox = imap(), MemoryInbox()
    for number in range(3):
        server.put(letter((f"{number}.mp3", SOUND[number * 100_000 :]), number=str(number)))
    server.breaks_after = 1_000_000
    with pytest.raises(Transient, match=r"127\.0\.0\.1"):
        feed(server.port).pull(inbox)
    server.breaks_after = None
    feed(server.port).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND, SOUND[100_000:], SOUND[200_000:]]


def test_what_keeps_us_out_is_said(imap: Callable[..., ImapServer], server: ImapServer | Dovecot) -> None:
    with pytest.raises(Permanent, match=r"does not let us in: check user and password \(.*Authentication failed"):
        feed(server.port, password="wrong-one").probe()
    with pytest.raises(Permanent, match=r"has no folder 'Grüße & more' .*[Mm]ailbox doesn't exist"):
        feed(server.port, folder="Grüße & more").probe()
    busy = imap()
    busy.refuses = "[UNAVAILABLE] Temporary authentication failure."
    with pytest.raises(Transient, match="lets nobody in just now"):
        feed(busy.port).probe()
    with pytest.raises(Permanent, match=r"127\.0\.0\.1 offers no STARTTLS there\. Check"):
        feed(busy.port, security=Security.STARTTLS).probe()
    with pytest.raises(Transient, match=r"127\.0\.0\.1 refuses the connection"):
        feed(1).probe()


def test_a_folder_may_have_any_name(imap: Callable[..., ImapServer]) -> None:
    server = imap()
    server.folder = "Gr&APwA3w-e &- more"
    server.plain = False
    assert feed(server.port, folder="Grüße & more", password="hushhush").probe().startswith("Grüße & more of box is")


def test_it_is_encrypted(imap: Callable[..., ImapServer], tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    context = authority.issue("127.0.0.1").server()
    tls = Tls(ca=AbsolutePath(authority.path))
    for server, security in ((imap(tls=context), Security.TLS), (imap(start_tls=context), Security.STARTTLS)):
        server.put(letter(("0.mp3", SOUND)))
        inbox = MemoryInbox()
        feed(server.port, security=security, tls=tls).pull(inbox)
        assert [track.content for track in inbox.tracks] == [SOUND]
        with pytest.raises(Permanent, match="comes from an authority unknown here"):
            feed(server.port, security=security).probe()


def test_it_ends_at_once_where_the_box_stops(imap: Callable[..., ImapServer]) -> None:
    server = imap()
    server.put(letter(("0.mp3", SOUND)))

    class Stops(MemoryInbox):
        def has(self, key: str) -> bool:
            self.stopping = True
            return super().has(key)

    inbox = Stops()
    with pytest.raises(Cancelled):
        feed(server.port).pull(inbox)
    assert inbox.tracks == []
