"""`appliance run --simulate` at a terminal: keys, a line that lives while recording, and a way out."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


class Terminal:
    """The program in a terminal of 40 columns."""

    def __init__(self, folder: Path) -> None:
        self._master, slave = pty.openpty()
        subprocess.run(["stty", "cols", "40"], stdin=slave, check=True)
        command = ["setsid", "--ctty", sys.executable, "-m", "appliance", "run", "--simulate"]
        environment = {**os.environ, "XDG_STATE_HOME": str(folder)}
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        self.said = ""

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def read_until(self, pattern: str) -> None:
        """Read on until the pattern comes; what came before it is forgotten."""
        while not (found := re.search(pattern, self.said)):
            self.said += os.read(self._master, 1 << 16).decode()
        self.said = self.said[found.end() :]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


@pytest.mark.slow
@pytest.mark.timeout(40)
def test_a_person_plays_with_it(terminal: Terminal) -> None:
    terminal.read_until(r"1  record\.toggle")
    terminal.read_until(r"q  end\r\n")
    terminal.read_until(r"\x1b\[Kready|\d ready")
    terminal.type("?")
    terminal.read_until(r"\?  show these keys")
    terminal.type("x")
    terminal.read_until("'x' does nothing here")
    terminal.type("1")
    for second in (0, 1):
        terminal.read_until(rf"\r\x1b\[Krecording {second}\.\d s [█·]{{12}} -\d+ dBFS(?=\r\x1b\[K)")
    terminal.type("1")
    terminal.read_until(r"\r\x1b\[K\S+ clip \S+ is (safe|kept)")
    terminal.type("q")
    assert terminal.process.wait(20) == 0
