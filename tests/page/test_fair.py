"""Whoever asks slowly, or never to the end, takes the page from nobody else."""

import http.client
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.page import WebSettings
from appliance.page.keys import Keys
from appliance.page.server import Serving
from appliance.page.shares import AT_ONCE, KEPT, MOST_LINES, MOST_THREADS, Shares
from tests.page.conftest import Browser, Desk

HALF = b"GET / HTTP/1.1\r\nHost: loc"
BODY = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\npass"


def lines(stack: ExitStack, port: int, address: str, count: int, said: bytes) -> list[socket.socket]:
    """Connections from an address of this machine, on each of which this was said."""
    opened = [
        stack.enter_context(socket.create_connection(("127.0.0.1", port), 20, (address, 0))) for _ in range(count)
    ]
    for each in opened:
        each.sendall(said)
    return opened


def test_any_number_of_addresses_takes_the_page_from_nobody_who_is_known(browser: Browser) -> None:
    assert browser.get("/api/v1/status").status == 200
    with ExitStack() as stack:
        for number in range(2, 2 + MOST_THREADS // AT_ONCE * 2):
            lines(stack, browser.port, f"127.0.0.{number}", AT_ONCE, HALF)
        for _ in range(20):
            assert browser.get("/api/v1/status").status == 200


@pytest.mark.parametrize("said", [b"", HALF, BODY], ids=["nothing", "half a head", "half a body"])
def test_whoever_says_half_takes_the_page_from_nobody(said: bytes, browser: Browser) -> None:
    with ExitStack() as stack:
        for number in range(2, 5):
            lines(stack, browser.port, f"127.0.0.{number}", 40, said)
        assert browser.get("/api/v1/status").status == 200


def test_what_one_asks_beyond_his_share_is_answered_when_its_turn_comes(browser: Browser) -> None:
    with ExitStack() as stack:
        slow = lines(stack, browser.port, "127.0.0.2", AT_ONCE, HALF)
        (last,) = lines(stack, browser.port, "127.0.0.2", 1, b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n")
        last.settimeout(0.2)
        with pytest.raises(TimeoutError):
            last.recv(1)
        last.settimeout(20)
        slow[0].close()
        answer = http.client.HTTPResponse(last)
        answer.begin()
        assert answer.status == 200


def test_one_that_asks_again_and_again_by_the_same_line_is_answered(browser: Browser) -> None:
    line = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=20)
    for _ in range(AT_ONCE * 3):
        line.request("GET", "/api/v1/status")
        answer = line.getresponse()
        assert (answer.status, len(answer.read()) > 0) == (200, True)
    line.close()


@pytest.fixture
def by_tls(tmp_path: Path, keys: Keys, desk: Desk) -> Iterator[tuple[int, ssl.SSLContext]]:
    """The port of a page with a certificate of its own, and what trusts it."""
    serving = Serving(WebSettings(listen="127.0.0.1:0", self_made=True), Path("none"), keys, Path("none"))
    server = serving.server()
    thread = threading.Thread(target=server.serve)
    thread.start()
    made = serving.certificate
    assert made
    yield server.bind_addr[1], ssl.create_default_context(cafile=str(made.certificate))
    server.stop()
    thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "half a greeting"])
def test_whoever_does_not_shake_hands_takes_https_from_nobody(said: bytes, by_tls: tuple[int, ssl.SSLContext]) -> None:
    port, trust = by_tls
    with ExitStack() as stack:
        lines(stack, port, "127.0.0.2", 40, said)
        line = http.client.HTTPSConnection("localhost", port, context=trust, timeout=20)
        for _ in range(2):
            line.request("GET", "/login")
            answer = line.getresponse()
            assert answer.status == 200 and answer.read()
        line.close()


@pytest.mark.slow
def test_who_asks_a_page_of_https_without_it_is_told_so(by_tls: tuple[int, ssl.SSLContext]) -> None:
    line = http.client.HTTPConnection("127.0.0.1", by_tls[0], timeout=20)
    line.request("GET", "/")
    answer = line.getresponse()
    assert answer.status == 400 and b"write https://" in answer.read()
    line.close()


@given(
    st.lists(
        st.tuples(st.integers(0, 11), st.sampled_from(["comes", "comes", "comes", "goes", "is known"])), max_size=150
    )
)
def test_nobody_has_more_than_his_share_and_nobody_is_forgotten(steps: list[tuple[int, str]]) -> None:
    shares: Shares[tuple[str, int]] = Shares()
    has, waits, known = Counter[str](), Counter[str](), set()

    def fits(address: str) -> bool:
        strangers = sum(count for each, count in has.items() if each not in known)
        room = has.total() < MOST_THREADS and (address in known or strangers < MOST_THREADS - KEPT)
        return room and has[address] < AT_ONCE

    for number, (which, what) in enumerate(steps):
        address = str(which)
        if what == "is known":
            shares.know(address)
            known.add(address)
        elif what == "comes":
            may = fits(address)
            assert shares.take(address, (address, number)) == may
            (has if may else waits)[address] += 1
        elif has[address]:
            has[address] -= 1
            for each, _ in shares.leave(address):
                assert fits(each)
                has[each] += 1
                waits[each] -= 1
            assert not any(fits(each) for each in waits if waits[each])


def test_strangers_leave_room_for_whom_a_key_was_seen_of() -> None:
    shares: Shares[int] = Shares()
    shares.know("host")
    taken = [shares.take(f"stranger {number // AT_ONCE}", number) for number in range(100)]
    assert sum(taken) == MOST_THREADS - KEPT
    assert shares.take("host", 100)
    assert shares.leave("host") == []
    assert shares.leave("stranger 0") == [taken.index(False)]


def test_so_many_connections_of_one_address_and_no_more() -> None:
    shares: Shares[int] = Shares()
    assert [shares.enter("a") for _ in range(MOST_LINES + 1)] == [True] * MOST_LINES + [False]
    assert shares.enter("b")
    shares.go("a")
    assert shares.enter("a") and not shares.enter("a")


def test_threads_that_came_for_many_go_again_each_time(browser: Browser) -> None:
    def threads() -> int:
        return sum(each.name.startswith("CP Server") for each in threading.enumerate())

    def eventually(condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < until, f"{threads()} threads, and {before} before"
            time.sleep(0.02)

    assert browser.get("/api/v1/status").status == 200
    before = threads()
    for _ in range(4):
        with ExitStack() as stack:
            for number in range(2, 6):
                lines(stack, browser.port, f"127.0.0.{number}", AT_ONCE, HALF)
            eventually(lambda: threads() > before)
        eventually(lambda: threads() <= before)
