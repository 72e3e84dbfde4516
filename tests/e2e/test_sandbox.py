"""The whole box behind the filter of system calls of its unit: one that is not let in is its end."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Box = Any  # tests/e2e/conftest.py is not importable

ROOT = Path(__file__).parents[2]
DESTINATIONS = """\
  shared: {{backend: folder, path: {root}/shared, mode: "0644"}}
  tape: {{backend: rclone, remote: {root}/tape, binary: {rclone}}}
  office: {{backend: http, url: "http://127.0.0.1:1/upload"}}
feeds:
  news: {{backend: urls, urls: ["{web}/speech.flac"], every: 1h}}
audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}
"""


def start(box: Box) -> None:
    unit = ROOT / "systemd/appliance.service"
    command: list[str | Path] = [sys.executable, ROOT / "tests/project/sandbox.py", unit, "kill"]
    command += [sys.executable, "-m", "appliance", "run", "--config", box.config, "--simulate", "panel"]
    with box.log.open("a") as log:
        box.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)
    box.until(box._answers)


@pytest.mark.slow
def test_everything_that_the_box_does_is_let_in_by_its_unit(box: Box, test_card: Path, web: str) -> None:
    rclone = Path(sys.executable).with_name("rclone")
    more = DESTINATIONS.format(root=box.root, rclone=rclone, web=web, device=f"testcard:{test_card}")
    box.config.write_text(box.config.read_text() + more)
    start(box)
    box.press("1")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 0.5)
    box.press("1")
    box.until(lambda: list((box.root / "tape/box").glob("*.wav")) and list((box.root / "shared").glob("*.wav")))
    box.until(lambda: box.status()["unheard"] == 1)
    box.call("play.toggle")
    box.until(lambda: box.status()["playback"])
    box.cli("clips", "export", "--to", str(box.root / "exported"))
    assert "from now on" in box.cli("config", "reload").stdout
    box.record(0.6)
    assert box.signal(15) == 0
