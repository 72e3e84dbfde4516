"""A day in the life of an appliance, all of it recorded: three runs of the real daemon on one state directory.

It records, pauses, marks, discards, plays, delivers to two folders, pulls a feed and deletes; it is killed in mid-take,
started again, stopped in mid-take, started again and left with a take in progress.
"""

import http.server
import io
import os
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.control.client import Client
from appliance.errors import ApplianceError, NotRunning
from appliance.models import AudioFormat
from appliance.testing.sound import numbered
from tests.powercut import log

FORMAT = AudioFormat(16_000)
PATIENCE = 30.0

CONFIG = """\
device: {{name: box}}
audio:
  capture: {{device: "testcard:{card}", rate: {rate}, period: 50ms}}
  playback: {{device: "testcard:{card}"}}
recording: {{sync_interval: 200ms, min_duration: 100ms}}
storage: {{directory: {root}/state}}
control: {{socket: {socket}}}
destinations:
  shelf: {{backend: folder, path: {root}/shelf}}
  flacs: {{backend: folder, path: {root}/flacs, deliver_as: flac}}
feeds:
  news: {{backend: urls, urls: ["{url}"], every: 1d}}
"""


class Daemon:
    """The daemon on ROOT/state, with what it does under ROOT recorded. Files that do not count lie beside ROOT."""

    def __init__(self, root: Path, alsa_config: Path, url: str, library: Path | None = None) -> None:
        self.root = root
        self.log = root.with_name(f"{root.name}.log")
        self._output = root.with_name(f"{root.name}.output")
        self._config = root.with_name(f"{root.name}.yaml")
        self._socket = root.with_name(f"{root.name}.sock")
        card = root.with_name(f"{root.name}.card")
        card.mkdir(exist_ok=True)
        self._config.write_text(CONFIG.format(root=root, socket=self._socket, card=card, rate=FORMAT.rate, url=url))
        recorded = log.environment(library, root, self.log) if library else {}
        self._environment = {**os.environ, **recorded, "ALSA_CONFIG_PATH": str(alsa_config)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and follow its events as somebody would who is told of everything."""
        command = [sys.executable, "-m", "appliance", "run", "--config", str(self._config), "--simulate", "panel"]
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=self._environment
            )
        self.until(self._answers)
        threading.Thread(target=self._follow, daemon=True).start()

    def _answers(self) -> bool:
        assert self._process and self._process.poll() is None, self._output.read_text()
        try:
            self.call("status")
        except NotRunning:
            return False
        return True

    def _follow(self) -> None:
        try:
            with Client(self._socket) as client:
                for _ in client.stream("events"):
                    pass
        except ApplianceError:
            pass

    def end(self, number: signal.Signals) -> None:
        """Send it a signal, and wait for its end."""
        assert self._process
        self._process.send_signal(number)
        self._process.wait(PATIENCE)

    def call(self, method: str, **params: object) -> Any:
        """Call it."""
        with Client(self._socket) as client:
            return client.call(method, **params)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition, with a bound."""
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, self._output.read_text()
            time.sleep(0.01)

    def record(self, seconds: float) -> None:
        """Begin a take, and wait until it is that long."""
        self.call("record.start")
        self.grow(seconds)

    def grow(self, seconds: float) -> None:
        """Wait until the take in progress is that much longer than it was."""
        begun = self.call("status")["take"]["seconds"]
        self.until(lambda: self.call("status")["take"]["seconds"] >= begun + seconds)

    def stop(self) -> str:
        """Finish the take; the id of the clip."""
        clip_id: str = self.call("record.stop")["clip"]["id"]
        return clip_id

    def clips(self) -> list[dict[str, Any]]:
        """Clips with their deliveries, newest first."""
        clips: list[dict[str, Any]] = self.call("clips.list")
        return clips

    def delivered(self) -> bool:
        """Whether everything has arrived."""
        return all(delivery["state"] == "delivered" for clip in self.clips() for delivery in clip["deliveries"])


def perform(daemon: Daemon, news: "News") -> None:
    """What happens. Leaves a take in progress and nothing running."""
    daemon.start()
    daemon.record(0.6)
    daemon.call("record.mark")
    daemon.call("record.pause")
    daemon.call("record.resume")
    daemon.grow(0.3)
    first = daemon.stop()
    daemon.record(0.4)
    daemon.call("record.discard")
    daemon.until(lambda: daemon.call("feeds.list"))
    daemon.record(0.3)
    second = daemon.stop()
    daemon.until(daemon.delivered)
    daemon.call("play", source="latest")
    daemon.call("clips.delete", clip=first)
    daemon.record(0.8)
    daemon.call("record.mark")
    daemon.grow(0.5)
    daemon.end(signal.SIGKILL)

    news.issue += 1
    daemon.start()
    daemon.clips()
    daemon.record(0.3)
    third = daemon.stop()
    daemon.call("clips.delete", clip=third)
    daemon.until(daemon.delivered)
    daemon.until(lambda: len(daemon.call("feeds.list")) == 2)
    daemon.call("play", source="next")
    daemon.record(0.5)
    daemon.end(signal.SIGTERM)

    daemon.start()
    daemon.clips()
    daemon.record(0.3)
    daemon.stop()
    daemon.call("clips.delete", clip=second)
    daemon.until(daemon.delivered)
    daemon.record(0.7)
    daemon.end(signal.SIGKILL)


class News:
    """A server with one sound file, a new one for each `issue`."""

    def __init__(self) -> None:
        self.issue = 1
        news = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = news.content()
                self.send_response(200)
                self.send_header("Content-Type", "audio/wav")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/news.wav"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def content(self) -> bytes:
        """The issue of now."""
        sound = io.BytesIO()
        with wave.open(sound, "wb") as file:
            file.setparams((1, 2, FORMAT.rate, 0, "NONE", ""))
            file.writeframes(numbered(self.issue * 1000, 4000, FORMAT))
        return sound.getvalue()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def news() -> Iterator[News]:
    """A server for the length of a block."""
    server = News()
    try:
        yield server
    finally:
        server.close()


def record(directory: Path, alsa_config: Path) -> Path:
    """Perform the scenario in `directory`, which is empty; the log. What was there at the end is under `root`."""
    root = directory / "root"
    root.mkdir()
    library = log.build(directory)
    with news() as server:
        daemon = Daemon(root, alsa_config, server.url, library)
        try:
            perform(daemon, server)
        finally:
            daemon.end(signal.SIGKILL)
    return daemon.log
