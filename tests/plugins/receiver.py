"""A small HTTP server on 127.0.0.1 that takes forms as a user's server would, and misbehaves as it is told."""

import contextlib
import hashlib
import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, evolve, field, frozen

_BLOCK = 64 * 1024


@frozen
class Part:
    """One part of a form."""

    name: str
    file_name: str | None
    headers: Mapping[str, str]
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@frozen
class Seen:
    """One request as the server saw it, whole."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def parts(self) -> list[Part]:
        return parse_form(self.headers["content-type"], self.body)

    @property
    def file(self) -> Part:
        """The one part with a file name."""
        (part,) = [part for part in self.parts if part.file_name is not None]
        return part


@frozen
class Reply:
    """What the server does with a request instead of taking it.

    `early` answers before the body is read and resets the connection after so many bytes of it, `silent` never answers,
    `garbage` is sent in place of an answer. `claimed` overrides Content-Length.
    """

    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    early: int | None = None
    silent: bool = False
    garbage: bytes = b""
    claimed: int | None = None


@define
class Receiver:
    """Takes forms at any path and answers 201 with the SHA-256 of the file as header and as JSON.

    The next requests get `replies` first, in order; then `always`, where it is set. `spoil` stores other bytes than
    came. `deduplicate` takes a second request with a known Idempotency-Key without keeping it. `seen` is every request
    that arrived whole, `files` what is kept, under the names that the receipts carry.
    """

    replies: list[Reply] = field(factory=list)
    always: Reply | None = None
    spoil: bool = False
    deduplicate: bool = True
    tls: ssl.SSLContext | None = None
    seen: list[Seen] = field(factory=list)
    attempts: int = 0
    files: dict[str, bytes] = field(factory=dict)
    _keys: dict[str, str] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)
    _closing: threading.Event = field(factory=threading.Event)
    _server: ThreadingHTTPServer = field(init=False)
    _thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        receiver = self

        class Handler(_Handler):
            owner = receiver

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def finish_request(self, request: Any, client_address: Any) -> None:
                with contextlib.suppress(OSError):
                    if receiver.tls is not None:
                        request = receiver.tls.wrap_socket(request, server_side=True)
                    super().finish_request(request, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="receiver", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/upload", host: str = "127.0.0.1") -> str:
        return f"{'http' if self.tls is None else 'https'}://{host}:{self.port}{path}"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def next_reply(self) -> Reply | None:
        with self._lock:
            self.attempts += 1
            return self.replies.pop(0) if self.replies else self.always

    def wait_until_closing(self, seconds: float) -> None:
        self._closing.wait(seconds)

    def keep(self, seen: Seen) -> str:
        """Store the file of a form and give the checksum of what was stored."""
        part = seen.file
        content = part.content[:-1] + b"!" if self.spoil else part.content
        key = seen.headers.get("idempotency-key", "")
        with self._lock:
            name = str(part.file_name)
            if not self.deduplicate or key not in self._keys:
                if name in self.files:
                    name = f"{name} ({len(self.files)})"
                self.files[name] = content
                self._keys[key] = name
        return hashlib.sha256(content).hexdigest()

    def record(self, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)


class _Handler(BaseHTTPRequestHandler):
    owner: Receiver
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        reply = self.owner.next_reply()
        if reply is not None and reply.early is not None:
            self._answer(reply)
            while reply.early > 0 and (block := self.rfile.read1(_BLOCK)):
                reply = evolve(reply, early=reply.early - len(block))
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length", 0))
        body = b""
        while len(body) < length:
            block = self.rfile.read(min(_BLOCK, length - len(body)))
            if not block:
                self.close_connection = True
                return
            body += block
        seen = Seen(self.command, self.path, {name.lower(): text for name, text in self.headers.items()}, body)
        self.owner.record(seen)
        if reply is None and self.command == "OPTIONS":
            reply = Reply(204, {"Allow": "OPTIONS, POST"})
        elif reply is None:
            checksum = self.owner.keep(seen)
            answer = json.dumps({"file": {"sha256": checksum, "name": seen.file.file_name}}).encode()
            reply = Reply(201, {"Content-Type": "application/json", "X-Content-SHA256": checksum}, answer)
        if reply.silent:
            self.owner.wait_until_closing(60)
            self.close_connection = True
            return
        self._answer(reply)

    do_POST = do_PUT = do_PATCH = do_GET = do_HEAD = do_OPTIONS = do_DELETE = do_CONNECT = handle_any

    def _answer(self, reply: Reply) -> None:
        if reply.garbage:
            self.wfile.write(reply.garbage)
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) if reply.claimed is None else reply.claimed))
        if reply.claimed is not None:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def parse_form(content_type: str, body: bytes) -> list[Part]:
    """The parts of a form (RFC 7578, RFC 2046 5.1.1), strictly: a form without its last line is refused."""
    match = re.fullmatch(r'multipart/form-data; boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?', content_type)
    if match is None:
        raise ValueError(f"no form: {content_type}")
    delimiter = b"\r\n--" + match[1].encode()
    if not body.endswith(delimiter + b"--\r\n"):
        raise ValueError("the last line of the form is missing")
    parts = []
    for section in (b"\r\n" + body[: -len(b"--\r\n")]).split(delimiter)[1:-1]:
        head, _, content = section.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        disposition = headers["Content-Disposition"]
        name = re.search(r'; name="([^"]*)"', disposition)
        file_name = re.search(r'; filename="([^"]*)"', disposition)
        if name is None:
            raise ValueError("a part without a name")
        parts.append(Part(name[1], file_name[1] if file_name else None, headers, content))
    return parts
