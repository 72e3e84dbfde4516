"""A whole appliance under measurement, on the test card: a real daemon, real libasound, real files."""

import atexit
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from attrs import define

from appliance.control.client import Client
from appliance.errors import NotRunning

ROOT = Path(__file__).parents[1]
_PATIENCE = 30.0
_CARD_BYTES = 1 << 30

CONFIG = """\
device: {{name: bench}}
audio:
  capture: {{device: "testcard:{root}/card", channels: 2}}
  playback: {{device: "testcard:{root}/card"}}
panel: {{buttons: {{17: record.toggle}}, leds: {{18: status}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
destinations:
  shelf: {{backend: folder, path: {root}/shelf}}
  office: {{backend: http, url: "http://127.0.0.1:9/upload"}}
{more}
"""


@cache
def alsa_config() -> Path:
    """The asound.conf that names the test card."""
    build = runpy.run_path(str(ROOT / "tests" / "testcard" / "build.py"))["build"]
    folder = tempfile.mkdtemp(prefix="appliance-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path: Path = build(Path(folder))
    return path


def environment(**more: str) -> dict[str, str]:
    """The environment in which ALSA knows the test card, and Python keeps its bytecode as an installation does."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "ALSA_CONFIG_PATH": str(alsa_config()), **more}


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, all threads that live: the first field of /proc/PID/task/TID/schedstat, in ns."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory_mb(pid: int) -> tuple[float, float]:
    """RSS and PSS of a process in MB (10**6 bytes)."""
    wanted = {"Rss": 0.0, "Pss": 0.0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        key, _, rest = line.partition(":")
        if key in wanted:
            wanted[key] = int(rest.split()[0]) * 1024 / 1e6
    return wanted["Rss"], wanted["Pss"]


@define
class Box:
    """A running daemon."""

    root: Path
    process: "subprocess.Popen[bytes]"

    @property
    def socket(self) -> Path:
        """Its control socket."""
        return self.root / "control.sock"

    def call(self, method: str, **params: object) -> Any:
        """Call it."""
        with Client(self.socket) as client:
            return client.call(method, **params)

    def clips(self) -> list[Path]:
        """Its finished sound files, oldest first."""
        return sorted((self.root / "state" / "clips").glob("*.wav"))


def command(root: Path, module: str = "appliance") -> list[str]:
    """What starts a daemon whose panel is simulated."""
    return [sys.executable, "-m", module, "run", "--simulate", "panel", "--config", str(root / "config.yaml")]


def prepare(root: Path, more: str = "") -> None:
    """Write the configuration and make the folders."""
    (root / "card").mkdir(parents=True)
    (root / "config.yaml").write_text(CONFIG.format(root=root, more=more))


@contextmanager
def sd_card() -> Iterator[Path | None]:
    """An empty filesystem as Raspberry Pi OS makes it, ext4 with a journal; None where nothing may be mounted."""
    with tempfile.TemporaryDirectory(prefix="appliance-bench-") as folder:
        image, card = Path(folder) / "image", Path(folder) / "card"
        card.mkdir()
        with image.open("wb") as file:
            file.truncate(_CARD_BYTES)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-j", str(image)], check=True)
        if subprocess.run(["mount", "-o", "loop", str(image), str(card)], capture_output=True, check=False).returncode:
            yield None
            return
        try:
            yield card
        finally:
            subprocess.run(["umount", str(card)], check=True)


@contextmanager
def running(
    more: str = "",
    before: Callable[[Path], None] = lambda _: None,
    module: str = "appliance",
    disk: Path | None = None,
) -> Iterator[Box]:
    """A daemon on the test card, stopped at the end. `more` are further destinations; `before` gets the state directory
    before the daemon does; `module` is run; everything is in a folder of `disk`.
    """
    with tempfile.TemporaryDirectory(prefix="appliance-bench-", dir=disk) as folder:
        root = Path(folder)
        prepare(root, more)
        before(root / "state")
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                command(root, module), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment()
            )
        try:
            box = Box(root, process)
            until(lambda: _answers(box))
            yield box
        finally:
            process.terminate()
            process.wait(10)


def _answers(box: Box) -> bool:
    assert box.process.poll() is None, (box.root / "log").read_text()
    try:
        box.call("status")
    except NotRunning:
        return False
    return True


def until(condition: Callable[[], bool], patience: float = _PATIENCE, pause: float = 0.02) -> None:
    """Wait for a condition, `patience` seconds at most; look every `pause` seconds."""
    limit = time.monotonic() + patience
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError("the daemon does not do what the bench waits for")
        time.sleep(pause)
