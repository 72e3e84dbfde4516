"""Something else than the appliance listens on the socket: every command says so in one line."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import NotRunning
from tests.cli.commands import DOCUMENTED, commands

HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nno"
GREETING = b"OK MPD 0.23.5\nACK unknown command\n"
PLAIN = b'{"error": "invalid parameter", "request_id": 0}\n' * 2
NUMBERS = b"5\n[]\n"
DEEP = b"[" * 100_000 + b"\n" + b"[" * 100_000 + b"\n"
NO_TEXT = b"\xff\x00\n" * 3
OTHER = b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}\n'
ODD = b'{"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "\\u001b[31m", "data": ["x"]}}\n'
ECHO = None


@pytest.fixture
def listening(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    answer: bytes | None = request.param
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    asked = connection.recv(1 << 16)
                    connection.sendall(asked + asked if answer is ECHO else answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield tmp_path / "s"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def run(path: Path, words: tuple[str, ...]) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "appliance", "--socket", str(path), *words]
    environment = {**os.environ, "APPLIANCE_CONFIG": str(path.parent / "none.yaml")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("listening", [GREETING], indirect=True)
@pytest.mark.parametrize("words", [*commands(), ("events",)], ids=" ".join)
def test_every_command_says_so(listening: Path, words: tuple[str, ...]) -> None:
    code, _, said = run(listening, words)
    assert code in DOCUMENTED and "Traceback" not in said and said.count("\n") <= 1
    if not said.endswith("is not the appliance. Give its control socket, control.socket says which\n"):
        assert words[0] in ("config", "devices", "doctor", "plugins"), said  # they go on without


@pytest.mark.parametrize("words", [("status",), ("clips", "list"), ("events",)], ids=" ".join)
@pytest.mark.parametrize(
    "listening",
    [HTTP, PLAIN, NUMBERS, DEEP, NO_TEXT, ECHO, b""],
    indirect=True,
    ids=["http", "other json", "numbers", "deep", "no text", "echo", "hangs up"],
)
def test_whatever_it_is(listening: Path, words: tuple[str, ...]) -> None:
    code, out, said = run(listening, words)
    assert (code, out, said.count("\n")) == (NotRunning.exit_code, "", 1) and "Traceback" not in said


@pytest.mark.parametrize("listening", [OTHER, ODD], indirect=True, ids=["other", "odd"])
def test_errors_of_others_are_words(listening: Path) -> None:
    code, out, said = run(listening, ("status",))
    assert (code, out) == (1, "") and said in ("appliance: Method not found\n", "appliance: \\x1b[31m\n"), repr(said)
