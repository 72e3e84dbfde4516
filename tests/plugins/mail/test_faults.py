"""Everything that goes wrong with a mail server and its letters: each ends, is told in one line, and loses nothing."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from appliance_feed_mail.backend import MailFeed
from appliance_feed_mail.encoding import decoder
from appliance_feed_mail.options import MailboxOptions
from appliance_mail.options import Security

from appliance.config.options import Secret
from appliance.plugin import BackendContext, Permanent, Transient
from appliance.testing.feeds import MemoryInbox
from tests.plugins.mail.imap import ImapServer, Odd, Told
from tests.plugins.mail.test_feed_mail import ANNA, SOUND, letter

OTHER = b"the other one"
PIECE = SOUND[:200_000]


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ExitStack() as stack:
        started = ImapServer()
        stack.callback(started.server_close)
        stack.callback(started.shutdown)
        stack.callback(started.closing.set)
        yield started


def feed(port: int, silence: float = 20.0, **more: Any) -> MailFeed:
    given: dict[str, Any] = {"security": Security.NONE, "senders": (ANNA,), "user": "box", **more}
    options = MailboxOptions(host="127.0.0.1", port=port, password=Secret("h\u00fcsh-hush"), **given)
    return MailFeed(options, BackendContext("family", "box", Path("/nowhere")), silence)


def of_structure(answer: bytes) -> Odd:
    """The server tells this of the letter."""

    def odd(told: Told) -> None:
        told.file.write(answer) if told.structure else told.right()

    return odd


def of_part(answer: Callable[[Told], object]) -> Odd:
    def odd(told: Told) -> None:
        told.right() if told.structure else answer(told)

    return odd


def broken(told: Told) -> None:
    told.file.write(told.before + told.content[:1000])
    raise OSError("broken off")


def stall(told: Told) -> None:
    told.file.write(told.before + told.content[:1000])
    told.server.closing.wait(60)


def drip(told: Told) -> None:
    told.file.write(told.before)
    for at in range(len(told.content)):
        told.file.write(told.content[at : at + 1])
        if told.server.closing.wait(0.05):
            return


def endless(told: Told) -> None:
    while not told.server.closing.is_set():
        told.file.write(b"* OK still here\r\n" * 1000)


def in_the_place_of_the_part(answer: bytes) -> Callable[[Told], None]:
    def odd(told: Told) -> None:
        told.file.write(told.before.partition(b" BODY[")[0] + b" " + answer + b"\r\n")

    return odd


FAULTS: dict[str, tuple[Odd, str]] = {
    "breaks in the middle": (of_part(broken), "broke the connection"),
    "more than there is room for": (
        of_part(in_the_place_of_the_part(b"BODY[2]<0> {4294967295}")),
        "at once than 17 MB",
    ),
    "talks for ever": (of_part(endless), "at once than 17 MB"),
    "a line without an end": (of_part(in_the_place_of_the_part(b"x" * 2_000_000)), "got more than"),
    "a list in the place of sound": (of_part(in_the_place_of_the_part(b"BODY[2]<0> (1 2))")), "makes no sense"),
    "no words": (of_part(in_the_place_of_the_part(b'BODY[2]<0> "never ends)')), "makes no sense"),
    "rubbish": (
        of_part(lambda told: told.file.write(bytes(range(128, 256)) + b"\r\n") and None),
        "broke the connection",
    ),
    "a list that never ends": (of_structure(b"* 1 FETCH (UID 1 BODYSTRUCTURE (((\r\n"), "makes no sense"),
    "deep lists": (
        of_structure(b"* 1 FETCH (UID 1 BODYSTRUCTURE " + b"(" * 10_000 + b")" * 10_001 + b"\r\n"),
        "nested too deep",
    ),
    "no structure": (of_structure(b"* 1 FETCH (UID 1 BODYSTRUCTURE NIL)\r\n"), "makes no sense"),
    "a list in the place of the head": (
        of_structure(b'* 1 FETCH (UID 1 BODYSTRUCTURE ("text" "plain") BODY[HEADER.FIELDS (FROM)] ((1) 2))\r\n'),
        "makes no sense",
    ),
}
PATIENT: dict[str, tuple[Odd, str]] = {
    "silent in the middle": (of_part(stall), "does not answer"),
    "1 byte/s": (of_part(drip), "next to nothing"),
}


SLOW = {"talks for ever", *PATIENT}


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in FAULTS | PATIENT]
)
def test_a_letter_over_which_the_server_fails_keeps_no_other(fault: str, server: ImapServer) -> None:
    inbox = MemoryInbox()
    server.put(letter(("first.mp3", SOUND)))
    server.put(letter(("other.mp3", OTHER), number="2"))
    server.odd[1], said = (FAULTS | PATIENT)[fault]
    for _ in range(3):
        with pytest.raises((Permanent, Transient), match=said) as caught:
            feed(server.port, 0.5 if fault in PATIENT else 20.0).pull(inbox)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert [track.content for track in inbox.tracks] == [OTHER]
    del server.odd[1]
    feed(server.port).pull(inbox)
    assert [track.content for track in inbox.tracks] == [OTHER, SOUND]


def deep(levels: int) -> bytes:
    """A sound in so many letters within letters."""
    inner = letter(("first.mp3", b"sound")).replace(b"===============", b"=====")
    body = inner.partition(b"Content-Type: ")[2]
    for level in range(levels):
        edge = b"edge%d" % level
        body = b'multipart/mixed; boundary="%s"\r\n\r\n--%s\r\nContent-Type: %s\r\n--%s--\r\n' % (
            edge,
            edge,
            body,
            edge,
        )
    return b"From: %s\r\nMessage-ID: <1@home.example>\r\nMIME-Version: 1.0\r\nContent-Type: %s" % (ANNA.encode(), body)


def test_a_letter_of_100_nested_parts_is_told_and_keeps_no_other(server: ImapServer) -> None:
    inbox = MemoryInbox()
    server.put(deep(20))
    server.put(deep(100).replace(b"<1@", b"<2@"))
    server.put(letter(("other.mp3", OTHER), number="3"))
    with pytest.raises(Transient, match="letter 2 in a way that makes no sense: lists of IMAP are nested too deep"):
        feed(server.port).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"sound", OTHER]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_lines_as_long_as_the_letter(encoding: str) -> None:
    text = base64.b64encode(PIECE) if encoding == "base64" else b"".join(b"=%02X" % each for each in PIECE)
    decode = decoder(encoding)
    most, content = 0, b""
    for at in range(0, len(text), 100_001):  # in pieces that end anywhere
        piece = decode(text[at : at + 100_001], False)
        content += piece
        most = max(most, at + 100_001 - len(content) * len(text) // len(PIECE))
    assert content + decode(b"", True) == PIECE
    assert most < 200_000, "little of it is held back"


@pytest.mark.slow
def test_of_10_000_letters_the_newest_come_and_no_other_is_asked_for(server: ImapServer) -> None:
    inbox = MemoryInbox()
    one = letter(("1.mp3", b"sound"), number="1000x")
    for number in range(10_000):
        server.letters[number + 1] = one.replace(b"1000x", b"%d" % number)
    feed(server.port, newest=3).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"sound"] * 3
    assert len([asked for asked in server.asked if "FETCH" in asked]) == 6
    server.put(letter(("new.mp3", OTHER), number="new"))
    feed(server.port, newest=3).pull(inbox)
    assert inbox.tracks[-1].content == OTHER and len(inbox.tracks) == 4
