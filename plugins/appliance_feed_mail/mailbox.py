"""One folder of a mailbox (IMAP4rev1, RFC 3501), which is only looked at."""

import base64
import contextlib
import imaplib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from email.message import Message
from email.parser import BytesParser
from typing import Any

from appliance_http.watch import Watch
from appliance_mail.connection import broken_line, tls_context
from appliance_mail.options import Security
from attrs import frozen

from appliance.plugin import Permanent, Transient
from appliance_feed_mail.answers import fetched
from appliance_feed_mail.options import MailboxOptions
from appliance_feed_mail.structure import Part, sounds

_PORTS = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}
SILENCE = 60.0
"""Seconds that the server may be silent."""

_BLOCK = 256 * 1024
_MOST_AT_ONCE = 16 * 1024 * 1024
"""Bytes that the server may announce at once, and those of all that it says to one question."""

_LINE_COSTS = 1024
"""What a line counts for at least: imaplib takes its time over each."""

_MOST_SAID = 200
_FIELDS = "FROM SUBJECT MESSAGE-ID AUTHENTICATION-RESULTS"
_PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)", re.IGNORECASE)
"""Reasons that pass by themselves (RFC 5530)."""


@frozen
class Letter:
    """What is looked at of a letter before anything is fetched."""

    uid: int
    head: Message
    sounds: Sequence[Part]


@contextlib.contextmanager
def opened(
    options: MailboxOptions, watch: Watch, clock_trusted: Callable[[], bool], silence: float = SILENCE
) -> Iterator["Mailbox"]:
    """The folder. `watch` can end the connection; the server may be silent for so many seconds. Raises Permanent or
    Transient, also for what goes wrong inside the block, and what `watch` raises where that is why.
    """
    host = options.host
    try:
        client = _connection(options, watch, silence)
        try:
            yield Mailbox(client, options, watch, silence)
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                client.logout()
        finally:
            with contextlib.suppress(OSError):
                client.shutdown()
    except imaplib.IMAP4.abort as error:
        watch.check()
        raise Transient(f"{host} broke the connection ({_said(error)})") from error
    except imaplib.IMAP4.error as error:
        watch.check()
        raise Transient(f"{host} does not do what is asked: {_said(error)}") from error
    except UnicodeDecodeError as error:
        raise Transient(f"{host} says what makes no sense: is the port right?") from error
    except OSError as error:
        watch.check()
        raise broken_line(error, host, clock_trusted) from error


class Mailbox:
    """The folder; `validity` tells whether the numbers of letters still mean the same (RFC 3501, 2.3.1.1)."""

    def __init__(self, client: imaplib.IMAP4, options: MailboxOptions, watch: Watch, silence: float) -> None:
        self._client = client
        self._watch = watch
        self._silence = silence
        self._host = options.host
        self._enter(options)
        kind, said = client.select(_quoted(_utf7(options.folder)), readonly=True)
        if kind != "OK":
            raise Permanent(
                f"{options.host} has no folder {options.folder!r} that could be read ({_said(said[0])}). Check `folder`"
            )
        _, found = client.response("UIDVALIDITY")
        self.validity = found[0].decode("ascii", "replace") if found and found[0] else ""

    def _enter(self, options: MailboxOptions) -> None:
        client, user, password = self._client, options.user, options.password.reveal()
        try:
            if "AUTH=PLAIN" in client.capabilities:
                client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            else:
                client.login(_quoted(user), password)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
            if _PASSING.search(str(error)):
                raise Transient(f"{options.host} lets nobody in just now ({_said(error)})") from error
            raise Permanent(f"{options.host} does not let us in: check user and password ({_said(error)})") from error

    def letters(self, senders: Collection[str], since: int = 1) -> list[int]:
        """The numbers of letters that may be from one of `senders`, from number `since` on, the oldest first."""
        wanted = [f"FROM {_quoted(sender)}" for sender in senders]
        while len(wanted) > 1:
            wanted[-2:] = [f"OR {wanted[-2]} {wanted[-1]}"]
        _, found = self._asked("SEARCH", f"UID {since}:*", *wanted)
        numbers = b" ".join(each for each in found if each).split()
        return sorted({int(number) for number in numbers if number.isdigit() and int(number) >= since})

    def there(self, numbers: Collection[int]) -> list[int]:
        """Those of them that are still there."""
        if not numbers:
            return []
        _, found = self._asked("SEARCH", f"UID {','.join(map(str, numbers))}")
        return sorted(set(numbers) & {int(number) for number in b" ".join(each for each in found if each).split()})

    def letter(self, uid: int) -> Letter | None:
        """What is known of a letter; None where it is gone. Raises Transient where the server tells it in odd words."""
        _, lines = self._asked("FETCH", str(uid), f"(UID BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS ({_FIELDS})])")
        try:
            told = next(
                (each for each in fetched(lines) if "BODYSTRUCTURE" in each and each.get("UID") == b"%d" % uid), None
            )
            if told is None:
                return None
            head = _body(told) or b""
            return Letter(uid, BytesParser().parsebytes(head, headersonly=True), sounds(told["BODYSTRUCTURE"]))
        except ValueError as error:
            raise Transient(f"{self._host} describes letter {uid} in a way that makes no sense: {error}") from error

    def blocks(self, letter: Letter, part: Part) -> Iterator[bytes]:
        """A part as it is encoded. Raises Transient where it is gone."""
        offset = 0
        while True:
            with self._watch.paced(self._host, self._silence):
                _, lines = self._asked("FETCH", str(letter.uid), f"(UID BODY.PEEK[{part.number}]<{offset}.{_BLOCK}>)")
            try:
                found = [each for each in fetched(lines) if any(name.startswith("BODY[") for name in each)]
                block = _body(found[0]) or b"" if found else None
            except ValueError as error:
                raise Transient(
                    f"{self._host} hands out letter {letter.uid} in a way that makes no sense: {error}"
                ) from error
            if block is None:
                raise Transient(f"{self._host} has no letter {letter.uid} any more")
            if block:
                yield block
            if len(block) < _BLOCK:
                return
            offset += len(block)

    def is_open(self) -> bool:
        """Whether the server still answers."""
        try:
            return bool(self._client.noop()[0] == "OK")
        except (imaplib.IMAP4.error, OSError):
            return False

    def _asked(self, command: str, *words: str) -> tuple[str, list[Any]]:
        kind, found = self._client.uid(command, *words)
        if kind != "OK":
            raise Transient(f"{self._host} does not do what is asked: {_said(found[0] if found else '')}")
        return kind, found


class _Bounded(imaplib.IMAP4):
    """imaplib believes any length that a server announces, and keeps whatever it says until it has said enough."""

    _left = _MOST_AT_ONCE

    def uid(self, *arguments: str) -> tuple[str, list[Any]]:
        self._left = _MOST_AT_ONCE
        return super().uid(*arguments)

    def read(self, size: int) -> bytes:
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._spend(max(len(line), _LINE_COSTS))
        return line

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self.abort(f"it says more at once than {_MOST_AT_ONCE / 1e6:.0f} MB")


def _connection(options: MailboxOptions, watch: Watch, silence: float) -> imaplib.IMAP4:
    """A connection that `watch` can end, and that takes no more than fits into memory."""

    class Plain(_Bounded, imaplib.IMAP4):
        def open(self, *arguments: Any, **named: Any) -> None:
            super().open(*arguments, **named)
            watch.attach(self.sock)

    class Secure(_Bounded, imaplib.IMAP4_SSL):
        def open(self, *arguments: Any, **named: Any) -> None:
            super().open(*arguments, **named)
            watch.attach(self.sock)

    port = options.port or _PORTS[options.security]
    if options.security is Security.TLS:
        return Secure(options.host, port, ssl_context=tls_context(options.tls), timeout=silence)
    client = Plain(options.host, port, timeout=silence)
    if options.security is Security.STARTTLS:
        if "STARTTLS" not in client.capabilities:
            raise Permanent(f"{options.host} offers no STARTTLS there. Check `security` and `port`")
        client.starttls(tls_context(options.tls))
    return client


def _body(told: Mapping[str, Any]) -> bytes | None:
    """What was asked for of a letter. Raises ValueError where it is something else than text."""
    body = next((value for name, value in told.items() if name.startswith("BODY[")), None)
    if body is not None and not isinstance(body, bytes):
        raise ValueError("a list of IMAP in the place of text")
    return body


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _utf7(name: str) -> str:
    """The name of a folder as IMAP writes it (RFC 3501, 5.1.3)."""

    def shifted(match: re.Match[str]) -> str:
        text = base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{text}-"

    return re.sub(r"[^\x20-\x7e]+", shifted, name.replace("&", "&-"))


def _said(words: object) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    if match := re.fullmatch(r"b(['\"])(.*)\1", text, re.DOTALL):
        text = match[2]
    said = " ".join(text.split())
    return said if len(said) <= _MOST_SAID else f"{said[: _MOST_SAID - 3]}..."
