"""Servers that say again what they were sent: no secret of the configuration comes back by any way out of the box."""

import base64
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest

Box = Any  # tests/e2e/conftest.py is not importable

SECRETS = {
    name: f"tOpS3cret/{name}+81f3"
    for name in ("bearer", "header", "password", "akid", "skey", "session", "feed", "beat", "hook", "query")
}
CONFIG = """\
  bearer: {{backend: http, url: "{web}/403", auth: {{bearer: !secret bearer}}}}
  header: {{backend: http, url: "{web}/500", headers: {{X-Key: !secret header}}}}
  accepted: {{backend: http, url: "{web}/201", headers: {{X-Key: !secret header}}}}
  moved: {{backend: http, url: "{web}/302", headers: {{X-Key: !secret header}}}}
  password: {{backend: http, url: "{web}/401", auth: {{user: me, password: !secret password}}}}
  hook: {{backend: http, url: !secret hook}}
  query: {{backend: http, url: "{web}/403?signature={query}", success: {{text: never}}}}
  s3:
    {{backend: s3, bucket: bucket, endpoint_url: "{web}", access_key: !secret akid, secret_key: !secret skey,
     session_token: !secret session}}
feeds:
  feed: {{urls: ["{web}/403?signature={query}"], headers: {{Authorization: !secret feed}}, allow_local: true}}
  sound: {{urls: ["{web}/sound.wav?signature={query}"], headers: {{Authorization: !secret feed}}, allow_local: true}}
heartbeat: {{url: "{web}/500", every: 1s, headers: {{X-Key: !secret beat}}}}
"""


class _Echo(BaseHTTPRequestHandler):
    """Says what it heard: as it is, and in the forms that gateways and debuggers use; in body, reason and headers."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        heard = [
            self.path,
            *(self.headers.get(name, "") for name in ("Authorization", "X-Key", "X-Amz-Security-Token")),
        ]
        status = next((int(word) for word in self.path.split("/") if word[:3].isdigit() for word in [word[:3]]), 403)
        said = [form for text in heard if text for form in self._forms(text)]
        body = json.dumps({"error": f"\x1b[31m{said}"}).encode()
        kind = "application/json"
        if status == 403 and "/bucket" in self.path:
            message = "".join(f"&#{ord(character)};" for character in str(said))
            body = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>".encode()
            kind = "application/xml"
        if status == 201:
            body = json.dumps({"took": said}).encode()
        self.send_response(status, f"no {heard[-2] or heard[1]}"[:200])
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status in (201, 302):
            self.send_header("Location", f"/x/{quote(heard[2], safe='')}?key={heard[2]}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _forms(self, text: str) -> list[str]:
        kind, _, rest = text.partition(" ")
        decoded = base64.b64decode(rest).decode() if kind == "Basic" else text
        return [text, decoded, quote(decoded, safe=""), base64.b64encode(f"{decoded}!".encode()).decode()]

    do_GET = do_POST = do_PUT = do_HEAD = do_OPTIONS = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.slow
def test_no_secret_comes_back_by_any_way_out(box: Box, echo: str) -> None:
    kept = SECRETS | {"hook": f"{echo}/403/{SECRETS['hook']}"}
    secrets = box.config.with_name("secrets.yaml")
    secrets.write_text("".join(f"{name}: {json.dumps(text)}\n" for name, text in kept.items()))
    secrets.chmod(0o600)
    with box.config.open("a") as file:
        file.write(CONFIG.format(web=echo, query=quote(SECRETS["query"], safe="")))
    box.start("--simulate", "all", "--verbose")
    events: list[str] = []
    follow = threading.Thread(target=lambda: events.append(box.cli("events", "--json", code=4).stdout), daemon=True)
    follow.start()
    box.record(0.6)

    def settled() -> bool:
        [entry] = box.clips()
        tried = all(delivery["last_error"] or delivery["receipt"] for delivery in entry["deliveries"])
        return bool(tried) and "feed feed" in box.log.read_text() and "heartbeat" in str(box.status()["faults"])

    box.until(settled, 30)
    [entry] = box.clips()
    doctor = box.cli("doctor", "--json", code=13)
    ways = {
        "status": json.dumps(box.status()) + box.cli("status").stdout,
        "clips": json.dumps(box.clips()) + box.cli("clips", "show", entry["clip"]["id"]).stdout,
        "feeds": json.dumps(box.call("feeds.list")),
        "doctor": doctor.stdout + doctor.stderr,
        "config check": box.cli("config", "check", str(box.config)).stdout,
        "support": support(box),
        "play": box.cli("play", f"{echo}/403?key={SECRETS['feed']}", code=11).stderr,
    }
    box.process.terminate()
    assert box.process.wait(10) == 0
    follow.join(10)
    ways["events"] = "".join(events)
    ways["log"] = box.log.read_text()
    ways["catalogue"] = "".join(file.read_bytes().decode("latin-1") for file in box.state.rglob("*.db*"))
    assert "bearer" in ways["events"] and "***" in ways["events"]
    for way, said in ways.items():
        found = [name for name, text in SECRETS.items() for form in _forms(text) if form in said.replace("\n", "")]
        assert not found, f"{way}: {found}"
        assert way == "catalogue" or "\x1b" not in said, way


def support(box: Box) -> str:
    """Everything in the file for whoever helps."""
    path = box.root / "support.zip"
    path.write_text("dear Anna")
    assert "is there already, and is no ZIP: choose another file" in box.cli("support", str(path), code=2).stderr
    assert path.read_text() == "dear Anna"
    path.unlink()
    box.cli("support", str(path))
    box.cli("support", str(path))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "bearer: '***'" in texts["support/configuration.yaml"]
    assert "is safe" in texts["support/history.txt"] and "appliance: " in texts["support/versions.txt"]
    assert "pass configuration" in texts["support/doctor.txt"] and texts["support/journal.txt"]
    return "".join(texts.values())


def _forms(text: str) -> set[str]:
    """The secret as it is, escaped, and the part of its base64 that does not depend on what stands around it."""
    cores = {base64.b64encode(bytes(before) + text.encode()).decode()[4:-4] for before in range(3)}
    return {text, quote(text, safe=""), quote(text), text.replace("/", "\\/"), *cores}
