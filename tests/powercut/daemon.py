"""The real daemon with what it does on record."""

import os
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.control.client import Client
from appliance.errors import ApplianceError, NotRunning
from appliance.models import AudioFormat
from appliance.verbs import MOST_LETTERS
from tests.powercut import log

FORMAT = AudioFormat(16_000)
PATIENCE = 30.0

CONFIG = """\
device: {{name: box}}
audio:
  capture: {{device: "testcard:{card}", rate: {rate}, period: 50ms}}
  playback: {{device: "testcard:{card}"}}
recording: {{sync_interval: 200ms, min_duration: 100ms}}
storage: {{directory: {root}/state, floor: {floor}}}
control: {{socket: {socket}}}
destinations:
  shelf: {{backend: folder, path: {root}/shelf}}
  flacs: {{backend: folder, path: {root}/flacs, deliver_as: flac}}
{office}
guests: true
feeds:
  news: {{backend: urls, urls: ["{news}1", "{news}2"], every: 1d}}
"""
OFFICE = "  office: {{backend: http, url: {url}, proof: {{json_pointer: /file/sha256}}}}"


class Daemon:
    """The daemon on ROOT/state, with what it does under ROOT recorded. Files that do not count lie beside ROOT."""

    def __init__(self, root: Path, alsa_config: Path, news: str, library: Path | None = None) -> None:
        self.root = root
        self.log = root.with_name(f"{root.name}.log")
        self._output = root.with_name(f"{root.name}.output")
        self._config = root.with_name(f"{root.name}.yaml")
        self._socket = root.with_name(f"{root.name}.sock")
        self._card = root.with_name(f"{root.name}.card")
        self._card.mkdir(exist_ok=True)
        self._news = news
        self.configure()
        recorded = log.environment(library, root, self.log) if library else {}
        self._environment = {**os.environ, **recorded, "ALSA_CONFIG_PATH": str(alsa_config)}
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, floor: str = "0B", office: str = "") -> None:
        """Keep so much room free, and deliver to the server at `office` as well, from the next start on."""
        self._config.write_text(
            CONFIG.format(
                root=self.root,
                socket=self._socket,
                card=self._card,
                rate=FORMAT.rate,
                news=self._news,
                floor=floor,
                office=OFFICE.format(url=office) if office else "",
            )
        )

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

    def send_as_guest(self, sound: bytes) -> str:
        """Send a recording as the phone of a guest does; the id of the clip."""
        upload, sent = self.call("guests.send", size=len(sound)), 0
        while sent < len(sound):
            data = b64encode(sound[sent : sent + MOST_LETTERS * 3 // 4]).decode()
            sent = self.call("guests.piece", upload=upload, offset=sent, data=data)
        clip_id: str = self.call("guests.sent", upload=upload)["id"]
        return clip_id

    def clips(self) -> list[dict[str, Any]]:
        """Clips with their deliveries, newest first."""
        clips: list[dict[str, Any]] = self.call("clips.list")
        return clips

    def delivered(self) -> bool:
        """Whether everything has arrived."""
        return all(delivery["state"] == "delivered" for clip in self.clips() for delivery in clip["deliveries"])
