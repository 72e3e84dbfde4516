"""A small IMAP server (RFC 3501) on 127.0.0.1, as faithful as a client that only looks can tell."""

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes
from email.message import Message
from functools import cache
from io import BufferedIOBase
from typing import Any

from attrs import frozen

_LITERAL_NAME = "literal"
"""Files of this name are told by a literal, as servers do with names that a quoted text cannot hold."""


Odd = Callable[["Told"], None]


@frozen
class Told:
    """What would be told: of the structure or of a part, whose bytes are the last of the answer."""

    server: "ImapServer"
    file: BufferedIOBase
    tag: str
    structure: bool
    before: bytes
    content: bytes

    def right(self) -> None:
        """As it should be."""
        self.file.write(self.before + self.content + b")\r\n")


class ImapServer(socketserver.ThreadingTCPServer):
    """Serves one folder, whose letters have numbers. `asked` are the commands, without tags.

    `breaks_after` is how many more bytes of parts go out before the connection breaks. `odd` answers in the place of
    what is told of a letter (its structure, or a part), by its number.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, tls: ssl.SSLContext | None = None, start_tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tls, self.start_tls = tls, start_tls
        self.letters: dict[int, bytes] = {}
        self.validity = 1
        self.asked: list[str] = []
        self.folder = "INBOX"
        self.plain = True
        self.refuses = ""
        self.breaks_after: int | None = None
        self.odd: dict[int, Odd] = {}
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def put(self, letter: bytes) -> int:
        number = max(self.letters, default=0) + 1
        self.letters[number] = letter
        return number


class _Handler(socketserver.StreamRequestHandler):
    server: ImapServer
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            if self.server.tls:
                self._encrypt(self.server.tls)
            self._say("* OK ready")
            while line := self._line():
                tag, _, command = line.partition(" ")
                self.server.asked.append(command)
                if not self._answer(tag, command):
                    return
        except (OSError, ssl.SSLError):
            pass

    def _encrypt(self, context: ssl.SSLContext) -> None:
        self.request = self.connection = context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)

    def _line(self) -> str:
        return self.rfile.readline().decode().rstrip("\r\n")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _answer(self, tag: str, command: str) -> bool:
        word, _, rest = command.partition(" ")
        match word.upper():
            case "CAPABILITY":
                more = " STARTTLS" if self.server.start_tls else ""
                self._say(f"* CAPABILITY IMAP4rev1{' AUTH=PLAIN' if self.server.plain else ''}{more}")
            case "STARTTLS" if self.server.start_tls:
                self._say(f"{tag} OK go on")
                self._encrypt(self.server.start_tls)
                return True
            case "AUTHENTICATE":
                self._say("+ ")
                _, user, password = base64.b64decode(self._line()).split(b"\0")
                return self._login(tag, user == b"box" and password == "hüsh-hush".encode())
            case "LOGIN":
                return self._login(tag, rest == '"box" "hushhush"')
            case "EXAMINE":
                if rest != f'"{self.server.folder}"':
                    self._say(f"{tag} NO [NONEXISTENT] Mailbox doesn't exist")
                    return True
                self._say(f"* {len(self.server.letters)} EXISTS")
                self._say(f"* OK [UIDVALIDITY {self.server.validity}] UIDs valid")
            case "UID":
                kind, _, words = rest.partition(" ")
                self._search(words) if kind == "SEARCH" else self._fetch(words, tag)
            case "NOOP":
                pass
            case "LOGOUT":
                self._say("* BYE")
            case _:
                self._say(f"{tag} BAD unknown command")
                return True
        self._say(f"{tag} OK done")
        return word.upper() != "LOGOUT"

    def _login(self, tag: str, known: bool) -> bool:
        if self.server.refuses:
            self._say(f"{tag} NO {self.server.refuses}")
        else:
            self._say(f"{tag} OK in" if known else f"{tag} NO [AUTHENTICATIONFAILED] Authentication failed.")
        return True

    def _search(self, words: str) -> None:
        numbers = re.match(r"UID ([0-9:,*]+)", words)
        assert numbers
        chosen = self._chosen(numbers[1])
        senders = [each.lower() for each in re.findall(r'FROM "([^"]*)"', words)]
        assert words.count("OR ") == max(0, len(senders) - 1)
        found = [number for number in chosen if not senders or any(each in self._from(number) for each in senders)]
        self._say("* SEARCH" + "".join(f" {number}" for number in found))

    def _chosen(self, numbers: str) -> list[int]:
        """`5:*` names the last letter in any case (RFC 3501, 6.4.8)."""
        last = max(self.server.letters, default=0)
        chosen: set[int] = set()
        for each in numbers.split(","):
            low, _, high = each.partition(":")
            ends = sorted(last if end == "*" else int(end) for end in (low, high or low))
            chosen |= {number for number in self.server.letters if ends[0] <= number <= ends[1]}
        return sorted(chosen)

    def _from(self, number: int) -> str:
        found = re.search(
            rb"^From:(.*?)\r\n(?![ \t])", self.server.letters[number], re.IGNORECASE | re.MULTILINE | re.DOTALL
        )
        return found[1].decode("latin-1").lower() if found else ""

    def _fetch(self, words: str, tag: str) -> None:
        number, _, items = words.partition(" ")
        letter = self.server.letters.get(int(number))
        if letter is None:
            return
        message, parts = parsed(letter)
        place = f"* {sorted(self.server.letters).index(int(number)) + 1} FETCH (UID {number}"
        self._say("* 1 FETCH (FLAGS (\\Recent))")
        if "BODYSTRUCTURE" in items:
            head = letter.partition(b"\r\n\r\n")[0]
            fields = re.search(r"HEADER\.FIELDS \(([^)]*)\)", items)
            assert fields
            wanted = {name.lower() for name in fields[1].split()}
            kept = [
                each for each in re.split(rb"\r\n(?![ \t])", head) if each.partition(b":")[0].decode().lower() in wanted
            ]
            body = b"\r\n".join(kept) + b"\r\n\r\n"
            told = f"BODYSTRUCTURE {structure(message)} BODY[HEADER.FIELDS ({fields[1]})] {{{len(body)}}}"
            right = Told(self.server, self.wfile, tag, True, f"{place} {told}\r\n".encode(), body)
            return self.server.odd.get(int(number), Told.right)(right)
        part = re.search(r"BODY\.PEEK\[([0-9.]+)\]<(\d+)\.(\d+)>", items)
        assert part, "nothing is marked as read"
        name, offset, size = part[1], int(part[2]), int(part[3])
        content = parts[name][offset : offset + size]
        before = f"{place} BODY[{name}]<{offset}> {{{len(content)}}}\r\n".encode()
        if (left := self.server.breaks_after) is not None:
            self.server.breaks_after = left - len(content)
            if left < len(content):
                self.wfile.write(before + content[:left])
                raise OSError("broken off")
        right = Told(self.server, self.wfile, tag, False, before, content)
        self.server.odd.get(int(number), Told.right)(right)


@cache
def parsed(letter: bytes) -> tuple[Message, dict[str, bytes]]:
    """A letter, and its parts by their numbers."""
    message = message_from_bytes(letter)
    return message, dict(encoded(message))


def encoded(message: Message, above: str = "") -> Iterator[tuple[str, bytes]]:
    """The parts of a letter as they are encoded, by their numbers (RFC 3501, 6.4.5)."""
    if message.get_content_maintype() == "multipart":
        for count, part in enumerate(_parts(message), 1):
            yield from encoded(part, f"{above}{count}{'.' if part.is_multipart() and _is_multi(part) else ''}")
    elif message.get_content_type() == "message/rfc822":
        inner = _parts(message)[0]
        yield from encoded(inner, f"{above}." if _is_multi(inner) else f"{above}.1")
    else:
        yield above or "1", _raw(message)


def structure(message: Message) -> str:
    if _is_multi(message):
        parts = "".join(structure(part) for part in _parts(message))
        return f'({parts} "{message.get_content_subtype()}" ("boundary" "x") NIL NIL NIL)'
    main, sub = message.get_content_type().split("/")
    described = [f'"{main}"', f'"{sub}"', _parameters(message, "content-type"), "NIL", "NIL"]
    described += [f'"{message.get("Content-Transfer-Encoding", "7bit")}"', str(len(_raw(message)))]
    if main == "message":
        described += ["(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)", structure(_parts(message)[0]), "1"]
    elif main == "text":
        described += ["1"]
    disposition = message.get_content_disposition()
    told = f'("{disposition}" {_parameters(message, "content-disposition")})' if disposition else "NIL"
    return f"({' '.join(described)} NIL {told} NIL NIL)"


def _parameters(message: Message, header: str) -> str:
    pairs: Sequence[tuple[str, Any]] = (message.get_params([], header) or [])[1:]
    raw = re.findall(r";\s*([\w*]+)=(\"[^\"]*\"|[^;\s]+)", str(message.get(header, "")))
    return "(" + " ".join(f'"{name}" {_value(value)}' for name, value in raw) + ")" if pairs else "NIL"


def _value(value: str) -> str:
    plain = value.strip('"')
    return f"{{{len(plain.encode())}}}\r\n{plain}" if _LITERAL_NAME in plain else f'"{plain}"'


def _is_multi(message: Message) -> bool:
    return message.get_content_maintype() == "multipart"


def _parts(message: Message) -> list[Message]:
    parts = message.get_payload()
    assert isinstance(parts, list)
    return [part for part in parts if isinstance(part, Message)]


def _raw(message: Message) -> bytes:
    payload = message.get_payload()
    return payload.replace("\n", "\r\n").replace("\r\r", "\r").encode() if isinstance(payload, str) else b""
