"""Mail servers that say odd things at any step: each ends in an error of ours, in one line, and never in another."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from appliance_feed_mail.backend import MailFeed
from appliance_feed_mail.options import MailboxOptions
from appliance_mail.options import Security
from appliance_upload_mail.backend import MailBackend
from appliance_upload_mail.options import MailOptions

from appliance.config.options import Secret
from appliance.plugin import BackendContext, Permanent, Transient
from appliance.testing.feeds import MemoryInbox

Serve = Callable[[Sequence[bytes]], int]
CONTEXT = BackendContext("family", "box", Path("/nowhere"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that says a greeting, and then one thing to each line, whatever it is; an empty one hangs up."""
    with contextlib.ExitStack() as stack:

        def start(script: Sequence[bytes]) -> int:
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def run() -> None:
                with contextlib.suppress(OSError), listening.accept()[0] as line, line.makefile("rb") as heard:
                    line.settimeout(5)
                    tag = b""
                    for said in script:
                        line.sendall(said.replace(b"%T", tag))
                        if not said or not (asked := heard.readline()):
                            return
                        tag = asked.split(b" ")[0]

            threading.Thread(target=run, daemon=True).start()
            return int(listening.getsockname()[1])

        yield start


SMTP = [b"220 hi\r\n", b"250-h\r\n250-SIZE 9\r\n250 AUTH PLAIN LOGIN\r\n", b"235 in\r\n", *[b"250 ok\r\n"] * 3]
NO_SMTP = [
    b"",
    b"garbage\r\n",
    b"999 odd\r\n",
    b"250 " + b"x" * 5000 + b"\r\n",
    b"\xff\xfe\0\r\n",
    b"334 A\r\n",
    b"535 \xff no\r\n",
    b"250-h\r\n250-SIZE " + b"9" * 5000 + b"\r\n250 AUTH PLAIN\r\n",
    b"250-h\r\n250-SIZE -5\r\n250 AUTH XOAUTH2\r\n",
]
IMAP = [
    b"* OK hi\r\n",
    b"* CAPABILITY IMAP4rev1\r\n%T OK\r\n",
    b"%T OK in\r\n",
    b"* OK [UIDVALIDITY 1] x\r\n%T OK [READ-ONLY] ok\r\n",
    *[b"* SEARCH 1\r\n%T OK\r\n"] * 2,
]
NO_IMAP = [
    b"",
    b"garbage\r\n",
    b"* BYE\r\n",
    b"* CAPABILITY \xff\r\n%T OK\r\n",
    b"%T NO \xff[ALERT]\r\n",
    b"+ !!!\r\n",
    b"* SEARCH a -1 99999999999999999999999\r\n%T OK\r\n",
    b"* {-3}\r\nabc\r\n%T OK\r\n",
    b"* PREAUTH hi\r\n",
]


@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("odd", range(len(NO_SMTP)))
def test_smtp(step: int, odd: int, serve: Serve) -> None:
    port = serve([*SMTP[:step], NO_SMTP[odd], *SMTP[step + 1 :]])
    options = MailOptions(
        host="127.0.0.1",
        port=port,
        security=Security.NONE,
        user="box",
        password=Secret("hush-hush"),
        sender="box@home.example",
        to=("anna@home.example",),
    )
    said = ""
    try:
        said = MailBackend(options, CONTEXT).probe()
    except (Permanent, Transient) as error:
        said = str(error)
    assert "\n" not in said and len(said) < 400


@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("odd", range(len(NO_IMAP)))
def test_imap(step: int, odd: int, serve: Serve) -> None:
    port = serve([*IMAP[:step], NO_IMAP[odd], *IMAP[step + 1 :]])
    options = MailboxOptions(
        host="127.0.0.1",
        port=port,
        security=Security.NONE,
        user="box",
        password=Secret("hush-hush"),
        senders=("anna@home.example",),
    )
    with contextlib.suppress(Permanent, Transient):
        MailFeed(options, CONTEXT, silence=1.0).pull(MemoryInbox())
