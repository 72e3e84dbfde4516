"""What counts as too slow to go on with, by the clock of the test and the bytes of the kernel."""

import socket
from collections.abc import Iterator

import pytest
from appliance_http.pace import Pace

PATIENCE = 60


class Pair:
    """Both ends of a connection. What is sent is read at once."""

    def __init__(self, ours: socket.socket, theirs: socket.socket) -> None:
        self.ours, self.theirs = ours, theirs

    def bring(self, count: int) -> None:
        self.theirs.sendall(bytes(count))
        while count:
            count -= len(self.ours.recv(count))


@pytest.fixture
def pair() -> Iterator[Pair]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
        server.accept()[0] as theirs,
    ):
        yield Pair(ours, theirs)


def complaints(pair: Pair, brought: dict[int, int], seconds: int) -> list[int]:
    """The seconds at which something is complained of, where so many bytes come at these."""
    pace, found = Pace("peer", PATIENCE), list[int]()
    for second in range(seconds):
        if second in brought:
            pair.bring(brought[second])
        if pace.complaint([pair.ours], float(second)):
            found.append(second)
    return found


@pytest.mark.parametrize("every", [1, 7, 31, 45, 59])
def test_a_trickle_is_too_slow(every: int, pair: Pair) -> None:
    found = complaints(pair, dict.fromkeys(range(1, 400, every), 1), 400)
    assert found and found[0] <= 4 * PATIENCE


def test_a_server_that_thinks_behind_a_handshake_is_not(pair: Pair) -> None:
    assert not complaints(pair, {1: 500}, 170), "tickets of TLS, and silence"
    answer = {59 + second: 5000 for second in range(60)}
    assert not complaints(pair, {1: 500, **answer}, 170), "and then an answer over a slow line"


def test_a_slow_line_that_moves_is_not(pair: Pair) -> None:
    assert not complaints(pair, dict.fromkeys(range(1, 400), 150), 400)
    assert not complaints(pair, dict.fromkeys(range(1, 400, 50), 10_000), 400), "though it stalls"


def test_what_waits_for_us_is_not(pair: Pair) -> None:
    pair.theirs.sendall(bytes(100))
    assert not complaints(pair, {}, 400)
