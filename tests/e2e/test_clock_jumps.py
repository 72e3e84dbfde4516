"""A wall clock that jumps by a year, and back by a day, under a daemon that runs."""

import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from appliance.simulation.sound import SPEECH
from tests.e2e.conftest import Box

DAY = 86_400
CONFIG = """\
  web: {{backend: http, url: "{url}/clips", retry: {{min: 500ms, max: 1s}}}}
feeds:
  drop: {{backend: folder, path: {root}/drop, every: 1s, settle: 1s}}
services:
  beat: {{service: heartbeat, url: "{url}/beat", every: 1s}}
"""


class Web(ThreadingHTTPServer):
    """Hears heartbeats, and refuses clips until it is told to take them."""

    beats: int
    tries: int
    takes: bool


@contextmanager
def web() -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            server: Any = self.server
            beat = self.path == "/beat"
            server.beats, server.tries = server.beats + beat, server.tries + (not beat)
            self.send_response(200 if beat or server.takes else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with Web(("127.0.0.1", 0), Handler) as server:
        server.beats, server.tries, server.takes = 0, 0, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.slow
def test_a_clock_that_is_set_by_a_year_and_back_disturbs_nothing(box: Box) -> None:
    shim, wall = box.root / "wallclock.so", box.root / "wall"
    source = Path(__file__).with_name("wallclock.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", shim, source, "-ldl"], check=True)
    wall.write_bytes(struct.pack("ll", 0, 1))
    (box.root / "drop").mkdir()

    def jump(days: int) -> None:
        with wall.open("r+b") as file:
            file.write(struct.pack("l", days * DAY))

    with web() as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        box.config.write_text(box.config.read_text() + CONFIG.format(url=url, root=box.root))
        box.start(LD_PRELOAD=str(shim), WALLCLOCK=str(wall))
        clips = [box.record(0.5)]

        def goes_on() -> None:
            """Heartbeats, deliveries and feeds do."""
            beats, tries, pulls = server.beats, server.tries, box.status()["feeds"]["drop"]["pulls"]
            box.until(lambda: server.beats > beats and server.tries > tries)
            box.until(lambda: box.status()["feeds"]["drop"]["pulls"] > pulls)

        box.call("record.start")
        before, began = time.monotonic(), box.status()["take"]["seconds"]
        for days in (365, -1):
            jump(days)
            goes_on()
        after, seconds = time.monotonic(), box.status()["take"]["seconds"]
        clips.append(box.call("record.stop")["clip"])
        assert seconds - began == pytest.approx(after - before, abs=1.0)
        assert clips[-1]["gaps"] == []

        jump(365)
        clips.append(box.record(0.5))
        jump(-1)
        shutil.copy(SPEECH, box.root / "drop/of-tomorrow.flac")  # the kernel dates it, by a clock that is a day ahead
        clips.append(box.record(0.5))
        box.until(lambda: box.status()["unheard"] == 1)
        server.takes = True
        box.until(box.delivered)
        assert {each["clip"]["id"] for each in box.clips()} == {clip["id"] for clip in clips}, "nothing went by its age"
        assert len({clip["name"] for clip in clips}) == len(clips)
        assert box.status()["faults"] == []
        assert "Traceback" not in box.log.read_text()
