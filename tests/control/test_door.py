"""The control socket while one configuration gives way to the next: who calls then waits a moment, and is answered."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.clock import SystemClock
from appliance.control.client import Client
from appliance.control.server import ControlServer
from appliance.door import Door
from appliance.errors import NotRunning

GROUP = "nogroup"


@contextmanager
def turn(path: Path, door: Door, number: int, group: str = GROUP) -> Iterator[None]:
    server = ControlServer(path, group, SystemClock(), door=door)
    server.start({"turn": lambda: number})
    yield
    server.deafen()
    server.close()


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.close()


def test_who_calls_between_two_turns_waits_for_the_next(tmp_path: Path, door: Door) -> None:
    path, answers = tmp_path / "control.sock", list[int]()
    with turn(path, door, 1):
        pass

    def call() -> None:
        with Client(path) as client:
            sent.set()
            answers.append(client.call("turn"))

    sent = threading.Event()
    caller = threading.Thread(target=call)
    caller.start()
    assert sent.wait(60)
    with turn(path, door, 2):
        caller.join(60)
    assert answers == [2]


def test_a_line_that_the_end_of_a_turn_cuts_is_answered_by_nobody(tmp_path: Path, door: Door) -> None:
    """Whoever was still sending it finds that out, and sends the whole to the next turn."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as caller:
        with turn(path, door, 1):
            caller.connect(str(path))
            caller.sendall(b'{"id": 1, "method": "turn"}\n')
            caller.recv(100)
            caller.sendall(b'{"id": 2, "method": "tu')
        assert caller.recv(1000) == b""


def test_an_open_connection_is_answered_by_the_next_turn(tmp_path: Path, door: Door) -> None:
    path = tmp_path / "control.sock"
    with turn(path, door, 1):
        client = Client(path)
        assert client.call("turn") == 1
    with turn(path, door, 2), client:
        assert client.call("turn") == 2


def test_a_socket_that_somebody_removed_is_there_again_with_the_next_turn(tmp_path: Path, door: Door) -> None:
    path = tmp_path / "control.sock"
    with turn(path, door, 1):
        path.unlink()
    with turn(path, door, 2), Client(path) as client:
        assert client.call("turn") == 2


def test_another_place_takes_the_place_of_the_one_before(tmp_path: Path, door: Door) -> None:
    old, new = tmp_path / "old.sock", tmp_path / "new.sock"
    with turn(old, door, 1):
        pass
    with turn(new, door, 2), Client(new) as client:
        assert client.call("turn") == 2
        with pytest.raises(NotRunning, match="no appliance answers"):
            Client(old)


def test_a_group_that_is_not_there_takes_the_socket_from_the_one_before(tmp_path: Path, door: Door) -> None:
    path = tmp_path / "control.sock"
    with turn(path, door, 1):
        pass
    with turn(path, door, 2, "no-such-group"), Client(path) as client:
        assert client.call("turn") == 2 and path.stat().st_gid == os.getegid()


def test_a_closed_door_is_said_at_once(tmp_path: Path, door: Door) -> None:
    path = tmp_path / "control.sock"
    with turn(path, door, 1):
        client = Client(path)
        client.call("turn")
    door.close()
    with client, pytest.raises(NotRunning, match="no appliance answers"):
        client.call("turn")
