"""Servers on this machine that collect what is sent to them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from attrs import frozen


@frozen
class Got:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Phone(ThreadingHTTPServer):
    """Takes whatever is sent, and answers with `status` and `answer`; each request is kept."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[Got] = []
        self.status, self.answer = 200, b'{"ok": true, "result": {}}'
        self.extra: dict[str, str] = {}
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Phone

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): text for name, text in self.headers.items()}
        self.server.got.append(Got(self.command, self.path, headers, body))
        self.send_response(self.server.status)
        for name, text in {"Content-Type": "application/json", **self.server.extra}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    do_PUT = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def phone() -> Iterator[Phone]:
    server = Phone()
    yield server
    server.shutdown()
    server.server_close()
