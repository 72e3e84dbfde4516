"""A whole appliance as a process of its own, with simulated hardware unless a test says otherwise."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.remote import Remote
from appliance.control.client import Client
from appliance.errors import ApplianceError
from appliance.simulation.sound import SPEECH

CONFIG = """\
device: {{name: box}}
panel: {{buttons: {{17: record.toggle, 27: record.pause_toggle}}, leds: {{18: status}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
destinations:
  shelf: {{backend: folder, path: {root}/shelf}}
"""

Run = subprocess.CompletedProcess[str]


def _environment() -> dict[str, str]:
    """Ours, but that Python keeps its bytecode: a daemon that compiles itself at every start is a slow one."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Box:
    """One appliance: its folder, its process, its command line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.socket = root / "control.sock"
        self.state = root / "state"
        self.shelf = root / "shelf"
        self.config = root / "config.yaml"
        self.config.write_text(CONFIG.format(root=root))
        self.process: subprocess.Popen[str] | None = None
        self.log = root / "log"

    def start(self, *options: str, **environment: str) -> "Box":
        """Start the daemon and wait until it answers."""
        self.process = self.spawn(*options, **environment)
        self.until(self._answers)
        return self

    def spawn(self, *options: str, **environment: str) -> "subprocess.Popen[str]":
        """Start the daemon, simulated where no options say otherwise."""
        command = [sys.executable, "-m", "appliance", "run", "--config", str(self.config)]
        with self.log.open("a") as log:
            return subprocess.Popen(
                [*command, *(options or ("--simulate", "all"))],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                env={**_environment(), "TMPDIR": str(self.root), **environment},
            )

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.status()
        except ApplianceError:
            return False
        return True

    def call(self, method: str, **params: object) -> Any:
        """Call the daemon."""
        with Client(self.socket) as client:
            return client.call(method, **params)

    def status(self) -> dict[str, Any]:
        """How the box is."""
        status: dict[str, Any] = self.call("status")
        return status

    def cli(self, *arguments: str, code: int = 0) -> Run:
        """Run the command line as a person does, and insist on its exit code and on no stack trace."""
        done = subprocess.run(
            [sys.executable, "-m", "appliance", "--socket", str(self.socket), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=_environment(),
        )
        assert done.returncode == code, f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def press(self, keys: str) -> None:
        """Type on the simulated panel."""
        assert self.process and self.process.stdin
        self.process.stdin.write(keys)
        self.process.stdin.flush()

    def signal(self, number: signal.Signals, timeout: float = 10.0) -> int:
        """Send the process a signal, and wait for its end: its exit code."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def until(self, condition: Callable[[], object], timeout: float = 20.0) -> None:
        """Wait for a condition, with a bound."""
        limit = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < limit, f"not within {timeout} s\n{self.log.read_text()}"
            time.sleep(0.02)

    def clips(self) -> list[dict[str, Any]]:
        """Clips with their deliveries, newest first."""
        return list(Remote(self.socket).clips(None, None))

    def delivered(self) -> bool:
        """Whether there are clips, each is to go somewhere, and has arrived wherever it is to."""
        clips = self.clips()
        return bool(clips) and all(entry["deliveries"] for entry in clips) and self.nothing_waits()

    def nothing_waits(self) -> bool:
        """Whether every delivery of every clip has arrived; clips that are to go nowhere are none that wait."""
        return all(delivery["state"] == "delivered" for entry in self.clips() for delivery in entry["deliveries"])

    def record(self, seconds: float) -> dict[str, Any]:
        """Record a clip through the control socket, and return it."""
        self.call("record.start")
        self.until(lambda: (self.status()["take"] or {"seconds": 0})["seconds"] >= seconds)
        clip: dict[str, Any] = self.call("record.stop")["clip"]
        return clip

    def events(self) -> list[dict[str, Any]]:
        """What the log file of `appliance events --json` holds so far."""
        return [json.loads(line) for line in (self.root / "events").read_text().splitlines()]

    def end(self) -> None:
        """Kill what still runs."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.end()


@pytest.fixture(scope="module")
def shared_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """One for all tests of a module, running."""
    box = Box(tmp_path_factory.mktemp("box"))
    yield box.start()
    box.end()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket on which systemd hears notifications."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(20)
        listener.bind(str(tmp_path / "notify"))
        yield listener


@pytest.fixture
def loud(box: Box, test_card: Path, request: pytest.FixtureRequest) -> Box:
    """A daemon that plays on the test card at full volume, and does what the parameter says while it records."""
    device, mode = f"testcard:{test_card}", getattr(request, "param", "refuse")
    speaker = f'{{device: "{device}", volume: 100, while_recording: {mode}}}'
    box.config.write_text(box.config.read_text() + f'audio: {{capture: {{device: "{device}"}}, playback: {speaker}}}\n')
    return box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a web server, and the folder that it serves."""
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", folder
        server.shutdown()


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a web server that serves the speech as /speech.flac."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(SPEECH.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
