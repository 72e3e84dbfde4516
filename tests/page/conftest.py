"""The page as a real server on this machine, before a recorder that answers what a test wants."""

import http.client
import threading
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from attrs import define, field

from appliance.clock import SystemClock
from appliance.codec import to_plain
from appliance.config.page import WebSettings
from appliance.errors import ApplianceError
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp
from appliance.page.keys import Keys
from appliance.page.recorder import Recorder
from appliance.page.server import Serving

PASSWORD = "correct horse battery"
STATUS = {
    "device": "booth",
    "time": 1_785_000_000.0,
    "ok": True,
    "summary": "nothing is wrong",
    "recorder": "idle",
    "player": "stopped",
    "take": None,
    "recording_id": None,
    "playback": None,
    "undecided": 0,
    "unheard": 0,
    "sending": [],
    "faults": [],
    "deliveries": {"office": {"delivered": 2}},
    "destinations": {"office": {}, "cloud": {}},
    "storage": {"free": 1 << 40, "free_seconds": 111_600, "warning": ""},
}
CHOICES = {"fields": {"title": {"type": "text", "choices": []}}, "profiles": []}


def clip(id: str, path: Path) -> dict[str, Any]:
    """A clip as the recorder tells of it."""
    started = ClockStamp(1_767_225_600_000_000_000, 5, "boot", ClockSource.NTP, 3600)
    told = to_plain(Clip(id, path.stem, "box", AudioFormat(8000), 16_000, path.stat().st_size, started))
    receipt = {"verified": True, "on_own_disk": False}
    delivery = {"destination": "office", "state": "delivered", "receipt": receipt, "last_error": ""}
    return {"clip": told, "path": str(path), "deliveries": [delivery]}


@define
class Desk:
    """What the recorder answers, and what it was asked."""

    answers: dict[str, Any] = field(factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(factory=list)

    def answer(self, word: str, given: dict[str, Any]) -> Any:
        self.asked.append((word, given))
        found = self.answers.get(word)
        if isinstance(found, ApplianceError):
            raise found
        return found(**given) if callable(found) else found


@define
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@define
class Browser:
    """A client that keeps its cookies."""

    port: int
    cookies: SimpleCookie = field(factory=SimpleCookie)

    def ask(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={each.value}" for name, each in self.cookies.items())
        connection.request(method, path, body, sent)
        got = connection.getresponse()
        answer = Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        self.cookies.load(got.getheader("Set-Cookie", ""))
        connection.close()
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, **headers)

    def post(self, path: str, *, origin: str = "", content: bytes | None = None, **fields: str) -> Answer:
        """As a form of the page does, or as its script with `content`."""
        body = content if content is not None else urlencode(fields).encode()
        kind = "application/json" if content is not None else "application/x-www-form-urlencoded"
        return self.ask("POST", path, body, Origin=origin or self.origin, Content_Type=kind)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def desk() -> Desk:
    return Desk({"status": STATUS, "clips.list": [], "clips.labels": [], "feeds.list": [], "record.choices": CHOICES})


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys" / "keys.json", SystemClock())


@pytest.fixture
def serve(desk: Desk, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Browser]]:
    """Serve the page, and give a browser for it."""
    monkeypatch.setattr(Recorder, "call", lambda self, word, **given: desk.answer(word, given))
    monkeypatch.setattr(Recorder, "stream", lambda self, word, **given: iter(desk.answer(word, given)))
    servers = []

    def start(**settings: Any) -> Browser:
        server = Serving(WebSettings(listen="127.0.0.1:0", **settings), Path("none"), keys, Path("none")).server()
        server.expiration_interval = 0.02  # so that it stops soon
        thread = threading.Thread(target=server.serve)
        thread.start()
        servers.append((server, thread))
        return Browser(server.bind_addr[1])

    yield start
    for server, thread in servers:
        server.stop()
        thread.join()


@pytest.fixture
def browser(serve: Callable[..., Browser]) -> Browser:
    """A browser of a page without a password."""
    return serve()


@pytest.fixture
def locked(serve: Callable[..., Browser], keys: Keys) -> Browser:
    """A browser of a page with a password, not logged in."""
    keys.set_password(PASSWORD)
    return serve()
