"""What clients cost is bounded: lines, connections, patience; whoever is turned away is told why."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from appliance.clock import SystemClock
from appliance.control import protocol
from appliance.control.client import Client
from appliance.control.connection import Methods
from appliance.control.server import ControlServer, Limits
from appliance.errors import Refused, TooSlow

GROUP = "nogroup"
MARK = {"mark": lambda: "marked"}

Serve = Callable[..., Path]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with ExitStack() as stop:

        def start(methods: Methods = MARK, **limits: Any) -> Path:
            server = ControlServer(tmp_path / "control.sock", GROUP, SystemClock(), limits=Limits(**limits))
            server.start(methods)
            stop.callback(server.close)
            return tmp_path / "control.sock"

        yield start


def raw(path: Path, line: bytes) -> list[dict[str, Any]]:
    """Everything that is answered until the other side hangs up."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        caller.connect(str(path))
        caller.sendall(line)
        return [json.loads(answer) for answer in caller.makefile("rb")]


def test_the_next_one_is_refused_in_words_and_comes_in_once_there_is_room(serve: Serve) -> None:
    path = serve(connections=2)
    with Client(path) as one, Client(path) as two:
        assert (one.call("mark"), two.call("mark")) == ("marked", "marked")
        with Client(path) as three, pytest.raises(Refused, match="2 programs are connected already"):
            three.call("mark")
        assert one.call("mark") == "marked"
    eventually(lambda: _call(path) == "marked")


def _call(path: Path) -> object:
    try:
        with Client(path) as client:
            return client.call("mark")
    except Refused:
        return None


def eventually(condition: Callable[[], bool]) -> None:
    """Within the time that a thread needs to end."""
    waiting = threading.Event()
    for _ in range(500):
        if condition():
            return
        waiting.wait(0.01)
    raise AssertionError("never")


def test_one_that_was_silent_for_long_gives_way_and_is_told(serve: Serve) -> None:
    path = serve(connections=1, idle=0.0)
    with Client(path) as first:
        assert first.call("mark") == "marked"
        eventually(lambda: _call(path) == "marked")
        with pytest.raises(Refused, match="others need the connection"):
            first.call("mark")


def test_one_that_is_being_answered_does_not_give_way(serve: Serve) -> None:
    called, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        called.set()
        assert go_on.wait(5)
        return "done"

    path = serve({"slow": slow}, connections=1, idle=0.0)
    answers: list[object] = []
    with Client(path) as busy:
        thread = threading.Thread(target=lambda: answers.append(busy.call("slow")))
        thread.start()
        assert called.wait(5)
        with Client(path) as other, pytest.raises(Refused, match="1 programs are connected already"):
            other.call("slow")
        go_on.set()
        thread.join(5)
    assert answers == ["done"]


def test_a_line_without_end_is_refused_and_not_taken_for_many(serve: Serve) -> None:
    answers = raw(serve(), b"x" * (protocol.MAX_LINE + 1))
    assert [answer["error"]["code"] for answer in answers] == [protocol.INVALID_REQUEST]
    assert "at most" in answers[0]["error"]["message"]


def test_the_longest_line_that_is_allowed_is_answered(serve: Serve) -> None:
    call = json.dumps({"id": 1, "method": "mark"}).encode()
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        caller.connect(str(serve()))
        caller.sendall(call.ljust(protocol.MAX_LINE - 1) + b"\n")
        assert json.loads(caller.makefile("rb").readline())["result"] == "marked"


@pytest.mark.parametrize("size", [100, 10_000, 150_000])
def test_one_that_reads_too_slowly_is_hung_up_on_and_hears_it(
    serve: Serve, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    ended = threading.Event()

    def flood() -> Generator[dict[str, Any], None, None]:
        try:
            while True:
                yield {"event": "Noise", "text": "x" * size}
        finally:
            ended.set()

    path = serve({"flood": flood, **MARK}, slow=0.05)
    with Client(path) as client:
        stream = client.stream("flood")
        next(stream)
        assert ended.wait(10), "it does not read, and is hung up on"
        with pytest.raises(TooSlow, match="was not read for too long, and what came then is lost"):
            for _ in stream:
                pass
    assert "does not read what it asked for" in caplog.text
    assert _call(path) == "marked"


@pytest.mark.slow
def test_nothing_spins_where_no_file_can_be_opened_any_more(tmp_path: Path) -> None:
    """In a process of its own: the daemon sleeps, though callers wait whom it cannot let in, and lets them in later."""
    program = f"""
import os, resource, socket, time
from pathlib import Path
from appliance.clock import SystemClock
from appliance.control.client import Client
from appliance.control.server import ControlServer
server = ControlServer(Path({str(tmp_path / "s")!r}), {GROUP!r}, SystemClock())
server.start({{"mark": lambda: "marked"}})
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
callers, files = [], []
client = socket.socket(socket.AF_UNIX)
try:
    while True:
        files.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
client.connect({str(tmp_path / "s")!r})
before = time.process_time()
time.sleep(1.5)
print(time.process_time() - before)
for file in files:
    os.close(file)
client.settimeout(5)
client.sendall(b'{{"id": 1, "method": "mark"}}\\n')
print(client.recv(1000).decode())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    spent, answer = done.stdout.splitlines()[:2]
    assert float(spent) < 0.2
    assert json.loads(answer)["result"] == "marked"


def test_one_for_whom_there_is_no_thread_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    program = f"""
import resource, threading
from pathlib import Path
from appliance.clock import SystemClock
from appliance.control.client import Client
from appliance.control.server import ControlServer
from appliance.errors import ApplianceError
path = Path({str(tmp_path / "s")!r})
server = ControlServer(path, {GROUP!r}, SystemClock())
server.start({{"mark": lambda: "marked"}})
threading.stack_size(1 << 30)
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
with Client(path) as client:
    try:
        client.call("mark")
    except ApplianceError as error:
        print(error)
threading.stack_size(1 << 18)
with Client(path) as client:
    print(client.call("mark"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    refused, answer = done.stdout.splitlines()
    assert "cannot take another call now" in refused
    assert answer == "marked"


def test_a_name_that_is_no_utf8_crosses_the_socket(serve: Serve) -> None:
    path = serve({"say": lambda name: name})
    name = os.fsdecode(b"caf\xe9")
    with Client(path) as client:
        assert client.call("say", name=name) == name
