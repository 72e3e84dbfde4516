"""What somebody would try who means ill: each line of what the page promises to keep him from."""

import http.client
import queue
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import bottle
import pytest

from appliance.audio.wav import build
from appliance.clock import SystemClock
from appliance.config.page import WebSettings
from appliance.errors import ConfigError, NotFound, NotRunning
from appliance.models import AudioFormat
from appliance.page.answers import API
from appliance.page.door import SESSION
from appliance.page.guard import FREE_TRIES, Throttle
from appliance.page.keys import Keys, Role
from appliance.page.openapi import WORDS
from appliance.page.server import Serving
from appliance.page.turns import MOST_WAITING
from appliance.testing.clock import ManualClock
from tests.page.conftest import PASSWORD, Answer, Browser, Desk, clip

ACTING = [word for word, verb in WORDS.items() if verb.acts]
FOR_HELPERS = {"clips.title", "clips.label", "clips.star", "clips.note", "clips.mark", "clips.unmark"}
FOR_GUESTS = {"guests.send", "guests.piece", "guests.sent"}
READ_BY_HELPERS = {
    *(f"clips.{word}" for word in ("count", "labels", "list", "parts", "show", "trash")),
    *("describe", "devices", "feeds.list", "guests.rules", "history", "playlist.list", "plugins", "record.choices"),
    *("sounds.list", "status"),
}
VARIES = {"<name>": "page.css", "<track:int>": "1", "<word>": "record.start"}


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "box.example:0", "127.0.0.1.example:0"])
def test_no_address_is_wide_enough_to_be_taken_for_this_machine(listen: str, keys: Keys) -> None:
    with pytest.raises(ConfigError, match="set a password first"):
        Serving(WebSettings(listen=listen), Path("none"), keys, Path("none")).server()


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Method and path of all that the page answers, once it is served, with something in the place of what varies."""
    found: list[tuple[str, str]] = []
    add = bottle.Bottle.add_route

    def added(self: bottle.Bottle, route: bottle.Route) -> None:
        if route.rule == f"{API}/<word>":
            found.extend(
                (route.method, f"{API}/{word}") for word in WORDS if (word in ACTING) == (route.method == "POST")
            )
        else:
            found.append((route.method, re.sub("<[^>]*>", lambda varies: VARIES.get(varies[0], "x"), route.rule)))
        add(self, route)

    monkeypatch.setattr(bottle.Bottle, "add_route", added)
    return found


OPEN = {("GET", "/static/page.css"), ("GET", "/login"), ("GET", "/guest"), ("POST", "/language")}
"""Besides, the password and the code of guests are asked for; but these are wrong here."""

OPEN_FOR_HELPERS = {
    *OPEN,
    *(("GET", f"/{page}") for page in ("", "clips", "clips/x", "trash", "messages", "sounds", "health")),
    *(("GET", f"/api/v1/{what}") for what in ("openapi.json", "events", "clips.zip", "tracks/1/sound")),
    *(("GET", f"/api/v1/{what}") for what in ("clips/x/peaks", "clips/x/sound", "sounds/x/x")),
    *(("GET", f"/api/v1/{word}") for word in READ_BY_HELPERS),
    *(("POST", f"/api/v1/{word}") for word in FOR_HELPERS),
    ("POST", "/clips/x/said"),
}
OPEN_FOR_GUESTS = {*OPEN, ("GET", "/api/v1/guests.rules"), *(("POST", f"/api/v1/{word}") for word in FOR_GUESTS)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "may"),
    [(None, OPEN), (Role.HELPER, OPEN_FOR_HELPERS), (Role.GUEST, OPEN_FOR_GUESTS)],
    ids=["nobody", "helper", "guest"],
)
def test_of_all_that_the_page_answers_each_has_what_is_for_him(
    role: Role | None,
    may: set[tuple[str, str]],
    routes: list[tuple[str, str]],
    locked: Browser,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever adds a route says here who else than the host may have it."""
    monkeypatch.setattr(Desk, "answer", away)
    shown = {"Authorization": f"Bearer {keys.add_token('x', role)}"} if role else {"Origin": locked.origin}
    let = set()
    for path in {path for _, path in routes} - {"/logout"}:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            asked = "HEAD" if path.endswith("/events") and method == "GET" else method
            answer = locked.ask(asked, path, b"{}" if path.startswith("/api/") else b"", **shown)
            elsewhere = answer.headers.get("location", "").partition("?")[0] in ("/guest", "/login")
            if answer.status not in (401, 403, 404, 405, 409) and not elsewhere:
                let.add((method, path))
    assert let == may


def away(self: Desk, word: str, given: dict[str, Any]) -> Any:
    """What a recorder answers that is not there: so that all that is let through comes to the same end."""
    raise NotRunning("it is not there")


PUBLIC = ("/static/",)
"""What is the same for everybody, and may be kept."""


@pytest.mark.slow
@pytest.mark.parametrize("who", ["nobody", "host", "guest"])
@pytest.mark.parametrize("there", [True, False], ids=["answers", "no answers"])
def test_nobody_on_the_way_keeps_what_is_private(
    who: str, there: bool, routes: list[tuple[str, str]], locked: Browser, keys: Keys, desk: Desk, tmp_path: Path
) -> None:
    """Whatever comes of it: the page itself, sound, a way elsewhere, a refusal, a defect."""
    (tmp_path / "x.wav").write_bytes(build(AudioFormat(8000), 16_000) + bytes(16_000))
    desk.answers["clips.show"] = clip("x", tmp_path / "x.wav") if there else NotFound("it is not there")
    shown = {} if who == "nobody" else {"Authorization": f"Bearer {keys.add_token('x', Role(who))}"}
    kinds = set()
    for method, path in [*routes, ("GET", "/nowhere"), ("PUT", "/")]:
        if path.startswith((*PUBLIC, "/machine/")):
            continue
        asked = "HEAD" if path.endswith("/events") else method
        answer = locked.ask(asked, path, b"{}" if method == "POST" else None, **{"Origin": locked.origin, **shown})
        said = {each.strip() for each in answer.headers.get("cache-control", "").split(",")}
        assert "no-store" in said or ("private" in said and answer.status == 200), (method, path, answer.status, said)
        kinds.add(answer.status)
    assert len(kinds) > 3


@pytest.mark.slow
def test_no_change_is_made_without_what_only_the_page_knows(
    routes: list[tuple[str, str]], locked: Browser, keys: Keys, desk: Desk
) -> None:
    locked.post("/login", password=PASSWORD)
    changes = {path for method, path in routes if method == "POST"} - {"/login", "/language", "/logout"}
    assert len(changes) > len(ACTING)
    for path in changes:
        assert locked.post(path).status == 403, path
        assert locked.ask("POST", path, b"{}", Content_Type="application/json").status == 403, path
    assert desk.asked == []


@pytest.mark.slow
def test_nothing_is_changed_by_a_link(browser: Browser, desk: Desk) -> None:
    """A picture or a link on a page of somebody else makes browsers ask with GET."""
    for word in ACTING:
        assert browser.get(f"/api/v1/{word}").status == 405, word
        assert browser.get(f"/do/{word}").status in (404, 405), word
    assert desk.asked == []


def test_a_session_that_somebody_else_chose_is_none(locked: Browser) -> None:
    locked.cookies[SESSION] = "chosen-by-somebody-else"
    assert locked.get("/api/v1/status").status == 401
    locked.post("/login", password=PASSWORD)
    assert locked.cookies[SESSION].value != "chosen-by-somebody-else"
    assert locked.get("/api/v1/status").status == 200


def test_a_network_of_ones_own_gives_no_more_tries() -> None:
    throttle = Throttle(ManualClock())
    for number in range(FREE_TRIES):
        throttle.wrong(f"2001:db8::{number:x}")
    assert throttle.left("2001:db8::ffff:1") > 0
    assert throttle.left("2001:db8:0:1::1") == 0, "the neighbour is another"
    for _ in range(FREE_TRIES):
        throttle.wrong("::ffff:192.0.2.7")
    assert throttle.left("192.0.2.7") > 0 and throttle.left("192.0.2.8") == 0
    for _ in range(FREE_TRIES):
        throttle.wrong("fe80::1%eth0")
    assert throttle.left("fe80::1%wlan0") > 0


class Slow(Keys):
    """Keys for which each password takes until `over`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SystemClock())
        self.over = threading.Event()
        self.looked_at = threading.Semaphore(0)

    def log_in(self, password: str) -> str | None:
        self.looked_at.release()
        self.over.wait(20)
        return super().log_in(password)


def test_many_who_guess_at_once_take_the_page_from_nobody(locked: Browser, keys: Keys) -> None:
    """Wherever they are; and whoever was here before has his password looked at before theirs."""
    owner = {"Cookie": f"{SESSION}={keys.log_in(PASSWORD)}", "X_Forwarded_For": "192.0.2.1"}
    slow = Slow(keys.folder / "keys.json")
    settings = WebSettings(listen="127.0.0.1:0", proxies=("127.0.0.1",))
    server = Serving(settings, Path("none"), slow, Path("none")).server()
    serving = threading.Thread(target=server.serve)
    serving.start()
    port, refused, answers = server.bind_addr[1], threading.Semaphore(0), queue.SimpleQueue[Answer]()

    def log_in(address: str, password: str) -> Answer:
        told = {"Origin": f"http://127.0.0.1:{port}", "Content_Type": "application/x-www-form-urlencoded"}
        body = urlencode({"password": password}).encode()
        return Browser(port).ask("POST", "/login", body, X_Forwarded_For=address, **told)

    def guess(number: int) -> None:
        answer = log_in(f"198.51.100.{number}", "wrong")
        answers.put(answer)
        if answer.status == 429:
            refused.release()

    crowd = [threading.Thread(target=guess, args=(number,)) for number in range(MOST_WAITING + 10)]
    try:
        assert Browser(port).get("/api/v1/status", **owner).status == 200
        for each in crowd:
            each.start()
        assert slow.looked_at.acquire(timeout=20)
        for _ in range(9):
            assert refused.acquire(timeout=20)
        assert Browser(port).get("/api/v1/status", **owner).status == 200
        told = answers.get()
        assert "Too many are trying" in told.text and told.headers["retry-after"] == "1"
        logging_in = threading.Thread(target=lambda: answers.put(log_in("192.0.2.1", PASSWORD)))
        logging_in.start()
    finally:
        slow.over.set()
        for each in [*crowd, logging_in]:
            each.join()
        server.stop()
        serving.join()
    assert sorted(answers.get().status for _ in range(MOST_WAITING + 10)) == [
        303,
        *[403] * (MOST_WAITING + 1),
        *[429] * 8,
    ]


@pytest.mark.parametrize("back", ["/%0d%0aSet-Cookie:x=1", "/\r\nSet-Cookie: x=1", "/\nx: y", "\x00"])
def test_no_header_can_be_smuggled_into_an_answer(back: str, locked: Browser) -> None:
    answer = locked.post("/login", password=PASSWORD, back=back)
    assert answer.status == 303 and "x" not in answer.headers
    assert "x=1" not in answer.headers["set-cookie"] and "\n" not in answer.headers["location"]


STARTS = "/api/v1/record.start HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        "POST /do/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET /api/v1/status HTTP/1.1\r\n\r\n",
        "GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /static/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /static/%2e%2e/site.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 2_000_000}\r\n\r\n",
        f"POST {STARTS}Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n\x1f\x7f",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=[
        "two lengths",
        "two hosts",
        "no host",
        "another site",
        "a path up",
        "a path up, coded",
        "beside",
        "a long header",
        "packed",
        "another protocol",
    ],
)
def test_what_no_browser_sends_gets_nothing(
    lines: str, browser: Browser, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", browser.port), 20) as line:
        try:
            line.sendall(lines.encode())
            answer = http.client.HTTPResponse(line)
            answer.begin()
        except (ConnectionError, http.client.BadStatusLine):
            return  # it was hung up on
        assert 400 <= answer.status != 500 and b"root:" not in answer.read()
    assert desk.asked == [] and "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "said",
    [
        "Content-Length: -1\r\n\r\n",
        "Content-Length: +2\r\n\r\n",
        "Content-Length: 2, 2\r\n\r\n",
        "Content-Length: \xb2\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n",
        "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n",
    ],
)
def test_where_nobody_knows_how_much_follows_nothing_does(said: str, browser: Browser, desk: Desk) -> None:
    """Else what is sent with a request could pass for the next one, by a proxy that reads it otherwise."""
    with socket.create_connection(("127.0.0.1", browser.port), 20) as line:
        line.sendall(f"POST {STARTS}{said}{{}}\r\nGET {STARTS}\r\n".encode("latin-1"))
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status in (400, 411, 501)
        answer.read()
        with suppress(ConnectionError):
            assert line.recv(1) == b""
    assert desk.asked == []


def test_whoever_does_not_go_on_is_hung_up_on_and_is_no_defect(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Browser], keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("appliance.page.server._PATIENCE", 0.2)
    keys.set_password(PASSWORD)
    with socket.create_connection(("127.0.0.1", serve().port), 20) as line:
        head = "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: 50\r\n"
        line.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\npassword=".encode())
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 408
        assert line.recv(1) == b""
    assert "Traceback" not in capsys.readouterr().err


def test_what_only_looks_like_a_header_of_a_proxy_is_none(serve: Callable[..., Browser], keys: Keys) -> None:
    """Proxies replace those that a stranger sends, but many let pass what WSGI takes for the same."""
    keys.set_password(PASSWORD)
    port = serve(proxies=("127.0.0.1",)).port
    body = urlencode({"password": "wrong password"})
    statuses = []
    for number in range(FREE_TRIES + 1):
        with socket.create_connection(("127.0.0.1", port), 20) as line:
            head = "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
            length = f"Content-Length: {len(body)}\r\n"
            told = f"X-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 198.51.100.{number}\r\n"
            kind = "Content-Type: application/x-www-form-urlencoded\r\n"
            line.sendall(f"{head}{length}{told}{kind}\r\n{body}".encode())
            answer = http.client.HTTPResponse(line)
            answer.begin()
            statuses.append(answer.status)
    assert statuses == [*[403] * FREE_TRIES, 429]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_what_is_not_there_is_not_there_however_one_asks(method: str, browser: Browser, desk: Desk) -> None:
    assert browser.ask(method, "/api/v1/nothing", b"{}", Origin=browser.origin).status == 404
    for word in ("status", "record.start"):
        known = browser.ask(method, f"/api/v1/{word}", b"{}", Origin=browser.origin).status
        assert known == (200 if method == ("GET" if word == "status" else "POST") else 405)
    assert len(desk.asked) == (method in ("GET", "POST"))


def test_a_name_that_is_sent_stays_a_text(browser: Browser, desk: Desk) -> None:
    desk.answers["feeds.send"] = "0123"
    title = "../../../etc/cron.d/x\u202e<script>"
    body = b'{"title": "../../../etc/cron.d/x\\u202e<script>", "size": 5}'
    assert browser.post("/api/v1/feeds.send", content=body).status == 200
    assert desk.asked == [("feeds.send", {"title": title, "size": 5})]


class Telling:
    """A recorder that tells what it is given to tell."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def tell(self, event: str | None) -> None:
        self._told.put({"event": event} if event else None)

    def __call__(self, **given: object) -> Iterator[dict[str, Any]]:
        while event := self._told.get():
            yield event


@pytest.mark.parametrize("word", ["events", "hear"])
@pytest.mark.parametrize("how", ["the token is revoked", "all are logged out", "there is a new password"])
def test_whoever_is_let_in_no_more_hears_no_more(how: str, word: str, locked: Browser, keys: Keys, desk: Desk) -> None:
    """Not even by what he has opened before."""
    telling = desk.answers["subscribe" if word == "events" else word] = Telling()
    shown = {"Cookie": f"{SESSION}={keys.log_in(PASSWORD)}", "Origin": locked.origin}
    shown["X-CSRF-Token"] = visitor.csrf if (visitor := keys.visitor(shown["Cookie"].partition("=")[2])) else ""
    if how == "the token is revoked":
        shown = {"Authorization": f"Bearer {keys.add_token('x', Role.HOST)}"}
    line = http.client.HTTPConnection("127.0.0.1", locked.port, timeout=20)
    telling.tell("Before")
    line.request("GET" if word == "events" else "POST", f"/api/v1/{word}", b"{}", shown)
    answer = line.getresponse()
    assert answer.status == 200
    assert any(b"Before" in answer.readline() for _ in range(20))
    if how == "the token is revoked":
        keys.revoke_token("x")
    elif how == "all are logged out":
        keys.log_out()
    else:
        keys.set_password("another one entirely")
    telling.tell("After")
    assert b"After" not in answer.read()
    telling.tell(None)
    line.close()
