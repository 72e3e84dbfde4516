"""A sign of life reaches its server, and a person hears where it does not; secrets stay secret."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from appliance_heartbeat.options import HeartbeatOptions
from appliance_heartbeat.service import MISSES, Heartbeat

from appliance.config.options import Seconds, Secret
from appliance.errors import StorageError
from appliance.events import FaultRaised
from appliance.faults import SERVICE
from appliance.plugin import Report
from appliance.testing.clock import ManualClock
from appliance.testing.services import FakeHouse, check_service, finished

SOON = 10.0


class Fleet(ThreadingHTTPServer):
    """A server that collects beats."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str], Any]] = []
        self.status = 204
        self.silent, self.over = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/beats?key=hushhush"

    def wait(self, count: int) -> None:
        until(lambda: len(self.seen) >= count)


class _Handler(BaseHTTPRequestHandler):
    server: Fleet

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
        if self.server.silent.is_set():
            self.server.over.wait(SOON)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.002)


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    server = Fleet()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


class House(FakeHouse):
    """Counts how often it was asked how it is."""

    reports = 0

    def report(self) -> Report:
        self.reports += 1
        return super().report()


class Beating:
    """A heartbeat whose time is turned by hand."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        self.house = House(folder, "heartbeat")
        self.house.status = Report(device="box", last_clip=finished("hello").clip)
        self.clock, self.events = self.house.clock, self.house.said
        heartbeat = Heartbeat(HeartbeatOptions(url, Seconds(60), **settings), self.house)
        self._thread = threading.Thread(target=heartbeat.run, daemon=True)
        self._thread.start()

    @property
    def asked(self) -> int:
        return self.house.reports

    def close(self, timeout: float = SOON) -> None:
        self.house.stop()
        self._thread.join(timeout)
        assert not self._thread.is_alive()

    def again(self) -> None:
        """Let it beat once more."""
        self.clock.waiters()
        before = self.asked
        self.clock.advance(60)
        until(lambda: self.asked > before)


@pytest.fixture
def beating(tmp_path: Path) -> Iterator[Callable[..., Beating]]:
    started: list[Beating] = []

    def start(url: str, **settings: Any) -> Beating:
        started.append(Beating(tmp_path, url, **settings))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_it_beats_at_once_and_then_every_so_often(fleet: Fleet, beating: Callable[..., Beating]) -> None:
    one = beating(fleet.url, headers={"Authorization": Secret("Bearer of-this")})
    fleet.wait(1)
    path, headers, body = fleet.seen[0]
    assert json.loads(body)["device"] == "box" and json.loads(body)["last_clip"]["levels"]["clipped"] == 0.0
    assert path == "/beats?key=hushhush"
    assert headers["content-type"] == "application/json" and headers["authorization"] == "Bearer of-this"
    one.clock.waiters()
    one.clock.advance(59)
    one.clock.waiters()
    assert len(fleet.seen) == 1
    one.clock.advance(1)
    fleet.wait(2)
    assert one.events == []


def test_a_fault_tells_of_several_misses_in_a_row_until_one_arrives(
    fleet: Fleet, beating: Callable[..., Beating]
) -> None:
    fleet.status = 503
    one = beating(fleet.url)
    for number in range(1, MISSES):
        fleet.wait(number)
        one.again()
    fleet.wait(MISSES)
    until(lambda: one.events)
    (raised,) = one.events
    assert isinstance(raised, FaultRaised)
    assert (
        raised.fault.name == "service:heartbeat"
        and "503" in raised.fault.message
        and "127.0.0.1" in raised.fault.message
    )
    assert "hushhush" not in raised.fault.message
    one.again()
    fleet.wait(MISSES + 1)
    one.clock.waiters()
    assert len(one.events) == 1, "said once"
    fleet.status = 200
    one.again()
    until(lambda: one.events[1:])
    assert one.events[1:] == [SERVICE.cleared("heartbeat")]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(fleet: Fleet, beating: Callable[..., Beating], status: int) -> None:
    fleet.status = status
    one = beating(fleet.url)
    for number in range(1, MISSES + 1):
        fleet.wait(number)
        one.again()
    until(lambda: one.events)
    assert "not followed" in str(one.events[0])
    assert {path for path, *_ in fleet.seen} == {"/beats?key=hushhush"}


def test_nobody_there(beating: Callable[..., Beating]) -> None:
    one = beating("http://127.0.0.1:1/?key=hushhush")
    for _ in range(MISSES - 1):
        one.again()
    until(lambda: one.events)
    assert "cannot be reached" in str(one.events[0]) and "hushhush" not in str(one.events[0])


def test_a_box_that_cannot_tell_how_it_is_does_not_beat(fleet: Fleet, beating: Callable[..., Beating]) -> None:
    one = beating(fleet.url)
    fleet.wait(1)

    one.clock.waiters()
    one.house.status = StorageError("the disk hangs")
    for _ in range(MISSES):
        one.again()
    until(lambda: one.events)
    assert len(fleet.seen) == 1 and "the disk hangs" in str(one.events[0])


def test_a_silent_server_does_not_hold_up_the_end(fleet: Fleet, beating: Callable[..., Beating]) -> None:
    fleet.silent.set()
    one = beating(fleet.url)
    fleet.wait(1)
    begun = time.monotonic()
    one.close()
    assert time.monotonic() - begun < 2


def test_without_a_url_there_is_none(beating: Callable[..., Beating]) -> None:
    one = beating("")
    one.close()
    assert one.clock.monotonic() == ManualClock().monotonic()


@pytest.mark.parametrize(
    ("url", "headers", "words"),
    [
        ("http://example.org/", {}, "allow_http: true"),
        ("ftp://example.org/", {}, "not a valid URL"),
        ("https://me:word@example.org/", {}, "must not hold a password"),
        ("https://example.org/", {"Referer": Secret("x")}, "Referer"),
        ("https://a..b/", {}, "not a valid URL"),
        (f"https://{'a' * 64}.org/", {}, "not a valid URL"),
    ],
)
def test_what_cannot_be_used_is_said(url: str, headers: dict[str, Secret], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        HeartbeatOptions(url, headers=headers)
    HeartbeatOptions("http://example.org/", allow_http=True)


def test_a_server_that_never_comes_to_the_point_costs_little(beating: Callable[..., Beating]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def go_on() -> None:
            for _ in range(MISSES):
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    while not over.is_set():
                        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

        threading.Thread(target=go_on, daemon=True).start()
        one = beating(f"http://127.0.0.1:{server.getsockname()[1]}/")
        for _ in range(MISSES - 1):
            one.again()
        until(lambda: one.events)
        assert "cannot be reached" in str(one.events[0])
        over.set()


def test_it_keeps_what_every_service_has_to(fleet: Fleet, tmp_path: Path) -> None:
    for url in ("", fleet.url):
        check_service(partial(Heartbeat, HeartbeatOptions(url)), folder=tmp_path)
