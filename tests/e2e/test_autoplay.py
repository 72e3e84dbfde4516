"""Messages of a feed with `autoplay`, heard at the speaker of a real daemon."""

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from appliance.errors import NotRunning

Box = Any  # tests/e2e/conftest.py is not importable

RATE = 48_000
CONFIG = """\
audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}
feeds:
  family: {{urls: ["{web}/first.flac", "{web}/second.flac"], every: 1h, autoplay: true}}
"""
TONES = {"first": 500, "second": 1500}
"""The messages, one second each, and their pitch in Hz."""


def heard(card: Path) -> list[str]:
    """The messages that sounded, in this order, each time by its name."""
    played = card / "played.raw"
    if not played.exists():
        return []
    sound = np.frombuffer(played.read_bytes(), np.int16)[::2].astype(float)
    windows = [sound[at : at + RATE // 10] for at in range(0, len(sound) - RATE // 10, RATE // 10)]
    names = {tone // 10: name for name, tone in TONES.items()}
    loud = [names.get(int(np.abs(np.fft.rfft(window)).argmax()), "") for window in windows if window.std() > 100]
    return [name for name, _ in groupby(loud)]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """A folder that a web server serves, at the address in its file `address`."""
    folder = tmp_path / "web"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (folder / "address").write_text(f"http://127.0.0.1:{server.server_address[1]}")
        yield folder
        server.shutdown()


def start(box: Box, card: Path, web: Path) -> None:
    more = CONFIG.format(device=f"testcard:{card}", web=(web / "address").read_text())
    box.config.write_text(box.config.read_text() + more)
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])


def messages_arrive(box: Box, web: Path) -> None:
    times = np.arange(RATE) / RATE
    for name, tone in TONES.items():
        soundfile.write(web / f"{name}.flac", 0.3 * np.sin(2 * np.pi * tone * times), RATE)
    box.call("feeds.pull")
    box.until(lambda: len(box.call("feeds.list")) == 2)


def is_over(box: Box, turn: int = 1) -> bool:
    try:
        status = box.status()
    except NotRunning:  # between two configurations
        return False
    return bool(status["turn"] == turn and status["unheard"] == 0 and status["player"] == "stopped")


def test_messages_that_arrive_during_a_take_are_heard_after_it_oldest_first(
    box: Box, test_card: Path, served: Path
) -> None:
    start(box, test_card, served)
    box.call("record.start")
    messages_arrive(box, served)
    assert heard(test_card) == [] and box.status()["player"] == "stopped"
    box.call("record.stop")
    box.until(lambda: is_over(box))
    assert heard(test_card) == ["first", "second"]


def test_what_waits_is_heard_after_a_reload(box: Box, test_card: Path, served: Path) -> None:
    start(box, test_card, served)
    box.call("record.start")
    messages_arrive(box, served)
    assert box.call("config.reload") is False
    box.call("record.stop")
    box.until(lambda: is_over(box, turn=2))
    assert heard(test_card) == ["first", "second"]
