"""How soon the daemon is ready, against a script that merely imports the same libraries."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.box import command, environment, prepare
from bench.results import Result, at_most

_LIBRARIES = """
import sys
import appliance.cli.run, appliance.app, appliance.audio.alsa
import appliance.simulation.keyboard, appliance.simulation.hardware
import gpiozero.pins.mock, yaml, cattrs
files = {name: str(getattr(module, "__file__", "")) for name, module in sys.modules.items()}
print(*sorted({name.split(".")[0] for name, file in files.items() if "site-packages" in file}))
"""
_PEER = """
import importlib, sys, importlib.metadata, logging, sqlite3, socketserver, json, ctypes
for name in {names!r}:
    importlib.import_module(name)
from gpiozero.pins.mock import MockFactory
from gpiozero import Button, LED
factory = MockFactory()
Button(17, pin_factory=factory), LED(18, pin_factory=factory)
"""


def _ready(root: Path) -> float:
    """Seconds from the start of the process to READY=1."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        address = str(root / "notify")
        systemd.bind(address)
        systemd.settimeout(60)
        begun = time.perf_counter()
        with subprocess.Popen(
            command(root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(NOTIFY_SOCKET=address),
        ) as process:
            while not systemd.recv(1000).startswith(b"READY=1"):
                pass
            took = time.perf_counter() - begun
            process.terminate()
    return took


def _ready_once() -> float:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        return _ready(Path(folder))


def _peer(names: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", _PEER.format(names=names)], check=True)
    return time.perf_counter() - begun


def ready(rounds: int, scale: float) -> Sequence[Result]:
    """Process start to READY=1, each time beside the script that imports the same third-party modules."""
    listed = subprocess.run([sys.executable, "-c", _LIBRARIES], capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split() if name.isidentifier() and not name.startswith("_")]
    ratios = []
    _ready_once()
    for _ in range(rounds * 2 + 1):
        ratios.append(_ready_once() / _peer(names))
    against = f"a script that imports {', '.join(names)} and opens two mock pins"
    return [at_most("process start to READY=1", ratios, 1.4, " x", against)]
