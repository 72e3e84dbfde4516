"""Services beside a whole appliance: what they ask for happens, and what becomes of them harms nothing."""

import io
import os
import re
import shutil
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
import soundfile

Box = Any  # tests/e2e/conftest.py is not importable

PAGE = (Path(__file__).parents[2] / "docs/how-to/write-a-plugin.md").read_text()

ODD = """
import os, time
from attrs import frozen
from appliance.plugin import ServiceType, hookimpl, option

@frozen
class Options:
    what: str = option("", "What it does.")

class Odd:
    def __init__(self, options, house):
        self.what, self.house = options.what, house
        if self.what == "hangs while it is built":
            time.sleep(1000)
    def run(self):
        if self.what == "raises":
            raise RuntimeError("no lamp here")
        if self.what == "exits":
            raise SystemExit(4)
        while True:
            time.sleep(1000)

@hookimpl
def appliance_services():
    return [ServiceType("odd", Options, Odd)]
"""


@pytest.fixture
def plug(tmp_path: Path) -> Callable[[str, str], dict[str, str]]:
    """Put a plugin next to the installed ones: its name and its source; the environment in which it is found."""

    def plug(name: str, source: str) -> dict[str, str]:
        site = tmp_path / "site"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[appliance]\n{name} = appliance_{name}\n")
        (site / f"appliance_{name}.py").write_text(source)
        return {"PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{site}"}

    return plug


def configure(box: Box, text: str) -> None:
    with box.config.open("a") as file:
        file.write(text)


@pytest.mark.slow
def test_what_a_service_asks_for_happens(box: Box, plug: Callable[[str, str], dict[str, str]]) -> None:
    [source] = re.findall(r"`appliance_echo/__init__.py`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
    configure(box, "services: {parrot: {service: echo, shortest: 100ms}}\n")
    box.start(**plug("echo", source))
    clip = box.record(0.5)
    box.until(lambda: box.status()["playback"])
    assert box.status()["playback"]["title"] == clip["name"]
    assert box.status()["ok"]


@pytest.mark.slow
def test_odd_services_are_named_and_the_box_records_and_stops(
    box: Box, plug: Callable[[str, str], dict[str, str]]
) -> None:
    odd = ("raises", "exits", "hangs", "hangs while it is built")
    entries = (f"  a{number}: {{service: odd, what: {what}}}\n" for number, what in enumerate(odd))
    configure(box, f"services:\n{''.join(entries)}")
    box.start(**plug("odd", ODD))
    box.record(0.6)
    box.until(box.delivered)
    box.until(lambda: len(box.status()["faults"]) == 2)
    faults = {fault["name"]: fault["message"] for fault in box.status()["faults"]}
    assert "plugin odd failed: RuntimeError: no lamp here" in faults["service:a0"]
    assert "plugin odd failed: SystemExit: 4" in faults["service:a1"]
    assert box.signal(15) == 0


@pytest.mark.slow
def test_the_section_of_earlier_releases_still_beats(box: Box) -> None:
    configure(box, "heartbeat: {url: 'http://127.0.0.1:1/', every: 1s}\n")
    box.start()
    box.until(lambda: box.status()["faults"])
    (fault,) = box.status()["faults"]
    assert fault["name"] == "service:heartbeat" and "127.0.0.1" in fault["message"]


class Phone(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    got: ClassVar[list[tuple[str, bytes]]]

    def do_PUT(self) -> None:
        self.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PUT

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.slow
def test_a_phone_gets_the_sound_of_a_new_clip_and_hears_of_a_fault(box: Box) -> None:
    class Collects(Phone):
        got: ClassVar[list[tuple[str, bytes]]] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Collects) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/our-box"
        tell = "{clips: sound, faults_after: 0s}"
        configure(box, f"services: {{phone: {{service: ntfy, url: '{url}', tell: {tell}}}}}\n")
        box.start()
        clip = box.record(1.0)
        box.until(lambda: Collects.got)
        path, sound = Collects.got[0]
        assert path.startswith("/our-box?") and parse_qs(path)["filename"] == [f"{clip['name']}.opus"]
        heard, rate = soundfile.read(io.BytesIO(sound))
        assert len(heard) / rate == pytest.approx(clip["frames"] / clip["format"]["rate"], abs=0.05)
        assert abs(heard).max() > 0.01, "it is the speech, and no silence"
        shutil.rmtree(box.shelf, ignore_errors=True)
        box.shelf.touch()
        box.record(0.5)
        box.until(lambda: any(b"shelf" in body for _, body in Collects.got))
        server.shutdown()
