"""A web server on 127.0.0.1 for feeds: files by path, with validators, and a record of what was asked for."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from attrs import define, field

from appliance.testing.feeds import MemoryInbox


@define
class Site:
    """What is offered: the media type and bytes of each path. `asked` are the paths in order, `headers` theirs, and
    `sent` the paths of which bytes went out. Without `tags` nothing but a length tells whether something has changed.
    """

    port: int = 0
    files: dict[str, tuple[str, bytes]] = field(factory=dict)
    asked: list[str] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)
    sent: list[str] = field(factory=list)
    tags: bool = True

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def offer(self, path: str, content: bytes | str, kind: str = "audio/mpeg") -> None:
        self.files[path] = kind, content.encode() if isinstance(content, str) else content


@pytest.fixture
def start_site() -> Iterator[Any]:
    servers = list[ThreadingHTTPServer]()

    def start() -> Site:
        site = Site()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.headers.append({name.lower(): value for name, value in self.headers.items()})
                kind, content = site.files.get(self.path, ("", b""))
                tag = f'"{hash(content)}"'
                same = self.headers.get("If-None-Match") == tag
                if not same:
                    site.sent.append(self.path)
                self.send_response(404 if not kind else 304 if same else 200)
                self.send_header("Content-Type", kind or "text/plain")
                if site.tags:
                    self.send_header("ETag", tag)
                self.send_header("Content-Length", "0" if same else str(len(content)))
                self.end_headers()
                if not same:
                    self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.02,), daemon=True).start()
        site.port = servers[-1].server_port
        return site

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(start_site: Any) -> Site:
    started: Site = start_site()
    return started


@pytest.fixture
def inbox() -> MemoryInbox:
    return MemoryInbox()
