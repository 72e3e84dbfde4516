"""The real daemon as a process of its own, and what it tells meanwhile."""

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from appliance.control.client import Client
from appliance.describe import describe_plain
from appliance.errors import NotRunning
from appliance.phrases import duration

PATIENCE = 15.0
_UNTOLD = ("QueueChanged", "InboxChanged", "FlowDue", "Said")

console = Console(highlight=False, soft_wrap=True)


class Watcher:
    """Follows the daemon's events: shows each, remembers all, and waits for some."""

    def __init__(self, socket: Path) -> None:
        self._events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._begun = time.monotonic()
        threading.Thread(target=self._follow, args=(socket,), daemon=True).start()

    def _follow(self, socket: Path) -> None:
        with suppress(NotRunning), Client(socket) as client:
            for event in client.stream("events"):
                self._show(event)
                with self._changed:
                    self._events.append(event)
                    self._changed.notify_all()

    def _show(self, event: dict[str, Any]) -> None:
        clock = f"[dim]{time.monotonic() - self._begun:5.1f} s[/]"
        if event["event"] == "TakeProgress":
            filled = max(0, min(40, round((event["peak_dbfs"] + 60) / 60 * 40)))
            meter = f"[green]{'█' * filled}[/]{'·' * (40 - filled)}"
            console.print(f"{clock}  {meter} {event['peak_dbfs']:6.1f} dBFS {duration(event['seconds'])}")
        elif event["event"] not in _UNTOLD:
            console.print(f"{clock}  {describe_plain(event)}")

    def moved(self, step: str) -> None:
        """Wait until the flow is, or was, at this step. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: any(e["step"] == step for e in self._named("FlowMoved")), PATIENCE):
                raise TimeoutError(f"the flow was not at the step {step} within {PATIENCE:.0f} s")

    def wait(self, name: str, count: int = 1) -> dict[str, Any]:
        """The `count`th event of this name, also if it was before. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._named(name)) >= count, PATIENCE):
                raise TimeoutError(f"no {name} within {PATIENCE:.0f} s")
            return self._named(name)[count - 1]

    def _named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self._events if event["event"] == name]


def press(process: "subprocess.Popen[str]", keys: str, words: str) -> None:
    """Press keys of the simulated panel, and say who does that."""
    console.print(f"         [bold]{words}[/]")
    assert process.stdin
    process.stdin.write(keys)
    process.stdin.flush()


def all_good(checks: Mapping[str, bool]) -> bool:
    """Whether all of it is good, and show each."""
    for words, good in checks.items():
        console.print(f"[{'green' if good else 'red'}]{'yes' if good else 'NO '}[/]  {words}")
    return all(checks.values())


def sha256(path: Path) -> str:
    """Of a file's bytes; words where it is missing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else f"{path} is missing"


@contextmanager
def daemon(root: Path, simulate: str) -> Iterator["subprocess.Popen[str]"]:
    """The real daemon as a process of its own; its simulated panel reads keys from a pipe."""
    log = (root / "daemon.log").open("w")
    command = [sys.executable, "-m", "appliance", "run", "--simulate", simulate, "--config", str(root / "config.yaml")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)
    try:
        _wait_until_it_answers(root / "control.sock", process)
        yield process
    except BaseException:
        console.print(f"[red]the daemon's log:[/]\n{(root / 'daemon.log').read_text()}")
        raise
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_answers(socket: Path, process: "subprocess.Popen[str]") -> None:
    limit = time.monotonic() + PATIENCE
    while True:
        try:
            with Client(socket) as client:
                client.call("status")
            return
        except NotRunning:
            if process.poll() is not None or time.monotonic() > limit:
                raise
            time.sleep(0.05)
