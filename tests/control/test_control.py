"""The control socket: JSON-RPC 2.0 over a real Unix socket, good lines and bad ones."""

import json
import os
import socket
import stat
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.clock import SystemClock
from appliance.codec import to_plain
from appliance.control import protocol
from appliance.control.client import Client
from appliance.control.connection import Methods
from appliance.control.server import ControlServer
from appliance.door import Door
from appliance.errors import AlreadyRunning, ApplianceError, NotFound, NotRunning, Refused
from appliance.events import FaultCleared, FaultRaised
from appliance.models import Mark
from appliance.vitals import Vitals

GROUP = "nogroup"


def ticker() -> Generator[dict[str, Any] | None, None, None]:
    for number in range(3):
        yield {"event": "Tick", "number": number}
        yield None


def refuse() -> None:
    raise Refused("a take is in progress")


def break_down() -> None:
    raise RuntimeError("defect")


def ask_the_disk() -> None:
    raise OSError(36, "File name too long")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    methods: Methods = {
        "mark": lambda offset: Mark(offset),
        "refuse": refuse,
        "break": break_down,
        "disk": ask_the_disk,
        "list": lambda: ["x" * 1000] * 5000,
        "ticks": ticker,
    }
    server = ControlServer(tmp_path / "control.sock", GROUP, SystemClock())
    server.start(methods)
    yield tmp_path / "control.sock"
    server.close()
    assert not (tmp_path / "control.sock").exists()


def speak(path: Path, line: bytes) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(5)
        raw.connect(str(path))
        raw.sendall(line)
        answer: dict[str, Any] = json.loads(raw.makefile("rb").readline())
        return answer


def test_value_objects_come_back_as_plain_values(path: Path) -> None:
    with Client(path) as client:
        assert client.call("mark", offset=5) == {"offset": 5, "label": ""}
        assert client.call("mark", offset=6) == {"offset": 6, "label": ""}


def test_an_answer_may_be_long(path: Path) -> None:
    with Client(path) as client:
        assert client.call("list") == ["x" * 1000] * 5000


def test_our_errors_cross_the_socket_as_what_they_are(path: Path) -> None:
    with Client(path) as client, pytest.raises(Refused, match="a take is in progress"):
        client.call("refuse")


def test_what_the_system_refuses_a_method_is_its_answer(path: Path) -> None:
    """Else the caller would hear that the appliance is stopping."""
    with Client(path) as client:
        with pytest.raises(ApplianceError, match="File name too long"):
            client.call("disk")
        assert client.call("mark", offset=5) == {"offset": 5, "label": ""}


def test_a_defect_answers_its_caller_and_the_server_lives(path: Path) -> None:
    with Client(path) as client:
        with pytest.raises(ApplianceError, match="defect"):
            client.call("break")
        assert client.call("mark", offset=1) == {"offset": 1, "label": ""}


def test_a_stream_goes_on_until_it_ends(path: Path) -> None:
    with Client(path) as client:
        stream = client.stream("ticks")
        assert [next(stream)["number"] for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"hello\n", protocol.PARSE_ERROR),
        (b"[]\n", protocol.INVALID_REQUEST),
        (b'{"id": 1}\n', protocol.INVALID_REQUEST),
        (b'{"id": 1, "method": "fly"}\n', protocol.METHOD_NOT_FOUND),
        (b'{"id": 1, "method": "mark"}\n', protocol.INVALID_PARAMS),
        (b'{"id": 1, "method": "mark", "params": {"wrong": 1}}\n', protocol.INVALID_PARAMS),
        (b'{"id": 1, "method": "mark", "params": [5]}\n', protocol.INVALID_PARAMS),
    ],
)
def test_a_bad_line_gets_the_error_of_the_standard(path: Path, line: bytes, code: int) -> None:
    assert speak(path, line)["error"]["code"] == code


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1).filter(lambda line: b"\n" not in line))
def test_any_line_is_answered(path: Path, line: bytes) -> None:
    assert "error" in speak(path, line + b"\n")


def test_only_owner_and_group_may_call(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    if os.getuid() == 0:
        assert path.group() == GROUP


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="systemctl start appliance"):
        Client(tmp_path / "nothing.sock")


def test_a_socket_left_behind_is_replaced(path: Path, tmp_path: Path) -> None:
    stale = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(stale))
    server = ControlServer(stale, GROUP, SystemClock())
    server.start({"mark": lambda offset: Mark(offset)})
    with Client(stale) as client:
        assert client.call("mark", offset=1) == {"offset": 1, "label": ""}
    server.close()


def test_value_objects_within_plain_answers_travel_and_nothing_else_is_made_plain(tmp_path: Path) -> None:
    answer = [{"path": tmp_path, "marks": (Mark(1),)}, {"marks": []}]
    server = ControlServer(tmp_path / "socket", GROUP, SystemClock())
    server.start({"list": lambda: answer})
    with Client(tmp_path / "socket") as client:
        found = client.call("list")
    server.close()
    assert found == [{"path": str(tmp_path), "marks": [{"offset": 1, "label": ""}]}, {"marks": []}]
    plain = Mock(side_effect=to_plain)
    assert protocol.message(protocol.response(1, answer, plain)) == {"jsonrpc": "2.0", "id": 1, "result": found}
    assert [call.args for call in plain.call_args_list] == [(tmp_path,), (Mark(1),)]


def test_a_socket_that_another_appliance_listens_at_is_left_to_it(path: Path) -> None:
    with pytest.raises(AlreadyRunning, match="another appliance listens"):
        ControlServer(path, GROUP, SystemClock()).start({})
    with Client(path) as client:
        assert client.call("mark", offset=5) == {"offset": 5, "label": ""}


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ApplianceError, match=r"control\.socket"):
        ControlServer(tmp_path / "notes", GROUP, SystemClock()).start({})
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_socket_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ApplianceError, match=r"control\.socket"):
        ControlServer(tmp_path / "file" / "control.sock", GROUP, SystemClock()).start({})


def test_an_error_of_a_newer_release_is_still_an_error() -> None:
    assert type(protocol.to_error({"message": "m", "data": {"type": "NotInvented"}})) is ApplianceError
    assert type(protocol.to_error({"message": "m", "data": {"type": "NotFound"}})) is NotFound
    assert type(protocol.to_error({"message": "m", "data": {"type": "annotations"}})) is ApplianceError


def test_whoever_called_before_the_end_is_answered(tmp_path: Path) -> None:
    called, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        called.set()
        assert go_on.wait(5)
        return "done"

    def endless() -> Generator[dict[str, Any] | None, None, None]:
        yield {"event": "Tick"}
        go_on.wait(5)
        yield {"event": "Tick"}

    server = ControlServer(tmp_path / "control.sock", GROUP, SystemClock())
    server.start({"slow": slow, "endless": endless})
    answers: list[object] = []
    with Client(tmp_path / "control.sock") as caller, Client(tmp_path / "control.sock") as follower:
        stream = follower.stream("endless")
        next(stream)
        thread = threading.Thread(target=lambda: answers.append(caller.call("slow")), daemon=True)
        thread.start()
        assert called.wait(5)
        closer = threading.Thread(target=server.close, daemon=True)
        closer.start()
        with pytest.raises(NotRunning, match="hung up"):
            next(stream)
        closer.join(0.1)
        assert closer.is_alive(), "it waits for the last answer"
        go_on.set()
        thread.join(5)
        closer.join(5)
        assert answers == ["done"] and not closer.is_alive()
        with pytest.raises(NotRunning):
            caller.call("slow")


class _Odd:
    """A listening socket at which one caller is an error that nobody has foreseen."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self._failed = False

    def fileno(self) -> int:
        return self._real.fileno()

    def accept(self) -> tuple[socket.socket, object]:
        caller = self._real.accept()
        if not self._failed:
            self._failed = True
            caller[0].close()
            raise ValueError("odd")
        return caller


class _OddDoor(Door):
    def open(self, path: Path) -> socket.socket:
        return cast(socket.socket, _Odd(super().open(path)))


def test_an_error_that_nobody_has_foreseen_is_told_and_others_are_let_in(tmp_path: Path) -> None:
    path, told = tmp_path / "control.sock", list[object]()
    clock, door = SystemClock(), _OddDoor()
    server = ControlServer(path, GROUP, clock, Vitals(clock, told.append), door=door)
    server.start({"answer": lambda: 42})
    with closing(door), closing(server):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))
            assert caller.recv(1) == b""
        for _ in range(2):
            with Client(path) as client:
                assert client.call("answer") == 42
    assert [type(event) for event in told] == [FaultRaised, FaultCleared]


def test_a_stream_ends_with_its_last_item(path: Path) -> None:
    with Client(path) as client:
        assert [item["number"] for item in client.stream("ticks")] == [0, 1, 2]
        assert client.call("mark", offset=1) == {"offset": 1, "label": ""}
