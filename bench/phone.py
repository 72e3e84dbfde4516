"""What goes through the page in bulk: everything as one archive, and sound from a phone into the inbox."""

import http.client
import io
import json
import subprocess
import tempfile
import time
import wave
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from appliance.feeds.uploads import MOST_BYTES
from appliance.verbs import MOST_LETTERS
from bench.box import memory_mb, running, until
from bench.outbox import open_store, record
from bench.page import page_of
from bench.results import Result, at_least, at_most
from tests.plugins.nginx import Nginx

_CLIPS = 1000
_BYTES = 5_000_000_000
_UPLOAD = 500_000_000
_FIRST = 5_000_000


def make_clips(directory: Path, count: int, size: int) -> None:
    """So many clips of so many bytes each."""
    store = open_store(directory)
    store.start()
    for _ in range(count):
        record(store, size)
    store.close()


def _seconds(address: str) -> float:
    """How long curl takes to get everything."""
    told = ["curl", "-sf", "-o", "/dev/null", "-w", "%{time_total}", address]
    return float(subprocess.run(told, check=True, capture_output=True, text=True).stdout)


@contextmanager
def _nginx(size: int) -> Iterator[str]:
    """The address of one file of so many bytes, served by nginx."""
    with tempfile.TemporaryDirectory(prefix="appliance-bench-", dir=Path.cwd()) as folder:
        root = Path(folder)
        root.chmod(0o755)
        server = Nginx(root / "nginx", 9)
        try:
            with (root / "nginx" / "static" / "all").open("wb") as file:
                for _ in range(size >> 20):
                    file.write(bytes(1 << 20))
            yield server.url("/static/all")
        finally:
            server.close()


def archive(rounds: int, scale: float) -> Sequence[Result]:
    """All clips as one ZIP, in turns with nginx that sends one file of as many bytes."""
    count, size = round(_CLIPS * scale), _BYTES // _CLIPS
    with (
        running(before=lambda state: make_clips(state, count, size)) as box,
        page_of(box.root) as (address, pid),
        _nginx(count * size) as peer,
    ):
        zipped = f"{address}/api/v1/clips.zip"
        sums = box.root / "web" / "sums"
        until(lambda: sums.exists() and sums.stat().st_size >= count * 16, 150)  # with nobody asking
        _seconds(peer)
        first = _seconds(peer) / _seconds(zipped)
        before = memory_mb(pid)[0]
        ratios = [_seconds(peer) / _seconds(zipped) for _ in range(rounds + 1)]
        grown = memory_mb(pid)[0] - before
    what = f"ZIP of {count} clips, {count * size / 1e6:.0f} MB"
    against = "`nginx` sending as many bytes as one file, in turns"
    return [
        at_least(f"{what}, speed", ratios, 0.7, " x", against),
        at_least(f"{what}, speed of a first download", [first], 0.7, " x", f"{against}, after a minute or two"),
        at_most(f"{what}, growth of RSS", [grown], 4, " MB", "after a first download"),
    ]


def _sound(size: int) -> bytes:
    """A WAVE file of about so many bytes."""
    made = io.BytesIO()
    with wave.open(made, "wb") as audio:
        audio.setparams((2, 2, 48_000, 0, "NONE", ""))
        audio.writeframes(bytes(size - 100 - size % 4))
    return made.getvalue()


class _Phone:
    """Sends sound as the script of the page does."""

    def __init__(self, address: str) -> None:
        self._line = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._headers = {"Content-Type": "application/json", "Origin": address}

    def _ask(self, word: str, **given: object) -> object:
        self._line.request("POST", f"/api/v1/{word}", json.dumps(given), self._headers)
        answer = self._line.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        found: object = json.loads(content)
        return found

    def send(self, sound: bytes) -> None:
        """Send a message, in pieces."""
        upload = self._ask("feeds.send", title="bench", size=len(sound))
        step = MOST_LETTERS // 4 * 3
        for offset in range(0, len(sound), step):
            data = b64encode(sound[offset : offset + step]).decode()
            self._ask("feeds.piece", upload=upload, offset=offset, data=data)
        self._ask("feeds.sent", upload=upload)


def upload(rounds: int, scale: float) -> Sequence[Result]:
    """Messages from a phone, each as long as one may be, until as many bytes were sent."""
    left, grown = round(_UPLOAD * scale), 0.0
    with running() as box, page_of(box.root) as (address, pid):
        phone = _Phone(address)
        phone.send(_sound(_FIRST))  # each of its threads has had something to do then
        before = memory_mb(pid)[0]
        begun = time.perf_counter()
        while left > 0:
            size = min(left, MOST_BYTES)
            phone.send(_sound(size))
            left -= size
            grown = max(grown, memory_mb(pid)[0] - before)
        took = time.perf_counter() - begun
    sent = _UPLOAD * scale / 1e6
    against = f"after {_FIRST / 1e6:.0f} MB; {MOST_BYTES / 1e6:.0f} MB a message, {sent / took:.1f} MB in a second"
    return [at_most(f"upload of {sent:.0f} MB to the page, growth of RSS", [grown], 4, " MB", against)]
