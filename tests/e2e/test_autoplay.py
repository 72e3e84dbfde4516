"""Messages of a feed with `autoplay`, heard at the speaker of a real daemon."""

import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from appliance.errors import NotRunning
from tests.e2e.conftest import Box

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


class Web(ThreadingHTTPServer):
    """Serves the messages, once they may arrive."""

    def __init__(self, folder: Path) -> None:
        self.may_arrive = threading.Event()
        self.sent = list[str]()
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(SimpleHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.may_arrive.wait(20)
        super().do_GET()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        self.server.sent.append(self.path)
        super().copyfile(source, outputfile)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Web]:
    times = np.arange(RATE) / RATE
    for name, tone in TONES.items():
        soundfile.write(tmp_path / f"{name}.flac", 0.3 * np.sin(2 * np.pi * tone * times), RATE)
    with Web(tmp_path) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def start(box: Box, card: Path, web: Web) -> None:
    more = CONFIG.format(device=f"testcard:{card}", web=web.address)
    box.config.write_text(box.config.read_text() + more)
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])


def messages_arrive(box: Box, web: Web) -> None:
    web.may_arrive.set()
    box.until(lambda: len(box.call("feeds.list")) == 2)


def is_over(box: Box, turn: int = 1) -> bool:
    try:
        status = box.status()
    except NotRunning:  # between two configurations
        return False
    return bool(status["turn"] == turn and status["unheard"] == 0 and status["player"] == "stopped")


@pytest.mark.slow
def test_messages_that_arrive_during_a_take_are_heard_after_it_oldest_first(
    box: Box, test_card: Path, served: Web
) -> None:
    start(box, test_card, served)
    box.call("record.start")
    messages_arrive(box, served)
    assert heard(test_card) == [] and box.status()["player"] == "stopped"
    box.call("record.stop")
    box.until(lambda: is_over(box))
    assert heard(test_card) == ["first", "second"]


@pytest.mark.slow
def test_what_waits_is_heard_after_a_reload(box: Box, test_card: Path, served: Web) -> None:
    start(box, test_card, served)
    box.call("record.start")
    messages_arrive(box, served)
    assert box.call("config.reload") is False
    box.call("record.stop")
    box.until(lambda: is_over(box, turn=2))
    assert heard(test_card) == ["first", "second"]


NARRATION = """\
audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}
feeds:
  narration: {{backend: folder, path: "{folder}", settle: 0s, every: 1h, loop: true}}
"""


@pytest.mark.slow
def test_a_narration_sounds_round_after_round_also_after_a_recording_and_a_restart(
    box: Box, test_card: Path, served: Web, tmp_path: Path
) -> None:
    folder = tmp_path / "narration"
    folder.mkdir()
    for number, name in enumerate(TONES):
        (tmp_path / f"{name}.flac").rename(folder / f"{name}.flac")
        os.utime(folder / f"{name}.flac", (1_700_000_000 + number,) * 2)
    box.config.write_text(box.config.read_text() + NARRATION.format(device=f"testcard:{test_card}", folder=folder))
    card = test_card / "played.raw"
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    box.until(lambda: len(heard(test_card)) >= 4)
    assert heard(test_card)[:4] == ["first", "second", "first", "second"]
    box.call("record.start")
    box.until(lambda: box.status()["player"] == "stopped")
    card.unlink()
    box.call("record.stop")
    box.until(lambda: len(heard(test_card)) >= 2)
    box.call("player.stop")
    box.until(lambda: box.status()["player"] == "stopped")
    card.unlink()
    assert box.status()["player"] == "stopped", "whoever stops it has quiet"
    assert box.signal(signal.SIGTERM) == 0
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    box.until(lambda: len(heard(test_card)) >= 2)
    assert heard(test_card)[0] == "first"


def is_told(box: Box, words: str) -> bool:
    return any(words in fault["message"] for fault in box.status()["faults"])


LOOPS = {
    "folder": 'backend: folder, path: "{folder}", settle: 0s',
    "urls": 'urls: ["{web}/narration/box.flac"]',
    "m3u": 'backend: m3u, url: "{web}/list.m3u"',
    "json": 'backend: json, url: "{web}/list.json"',
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LOOPS)
def test_of_a_narration_whose_file_is_replaced_the_new_one_alone_sounds_and_nothing_broken_takes_its_place(
    box: Box, test_card: Path, served: Web, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "narration"
    folder.mkdir()
    file = folder / "box.flac"
    served.may_arrive.set()
    (tmp_path / "list.m3u").write_text("narration/box.flac")
    (tmp_path / "list.json").write_text('{"tracks": [{"url": "narration/box.flac", "id": "box"}]}')

    def put(content: bytes, age: int) -> None:
        """As whatever synchronises a folder does it: beside, then in its place."""
        (tmp_path / "beside").write_bytes(content)
        os.utime(tmp_path / "beside", (1_700_000_000 + age,) * 2)
        (tmp_path / "beside").rename(file)

    first, second = ((tmp_path / f"{name}.flac").read_bytes() for name in TONES)
    put(first, 0)
    feed = LOOPS[kind].format(folder=folder, web=served.address)
    more = f'audio: {{capture: {{device: "testcard:{test_card}"}}, playback: {{device: "testcard:{test_card}"}}}}\n'
    box.config.write_text(f"{box.config.read_text()}{more}feeds:\n  narration: {{{feed}, every: 1h, loop: true}}\n")
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    box.until(lambda: heard(test_card) == ["first"])
    for number, (broken, said) in enumerate({b"not at all" * 99: "no sound", second[:-9000]: "damaged"}.items(), 1):
        put(broken, number)
        box.call("feeds.pull")
        box.until(partial(is_told, box, said))
    assert heard(test_card) == ["first"] and len(box.call("feeds.list")) == 1
    put(second, 10)
    box.call("feeds.pull")
    box.until(lambda: "second" in heard(test_card))
    three_rounds = (test_card / "played.raw").stat().st_size + 3 * RATE * 4
    box.until(lambda: (test_card / "played.raw").stat().st_size > three_rounds)
    assert heard(test_card) == ["first", "second"] and len(box.call("feeds.list")) == 1


@pytest.mark.slow
def test_of_a_narration_that_an_earlier_release_kept_in_two_versions_the_newest_alone_sounds_on(
    box: Box, test_card: Path, served: Web, tmp_path: Path
) -> None:
    """Its keys ended with what the server said of each, and the old ones stayed."""
    served.may_arrive.set()
    card, url = test_card / "played.raw", f"{served.address}/box.flac"
    more = f'audio: {{capture: {{device: "testcard:{test_card}"}}, playback: {{device: "testcard:{test_card}"}}}}\n'
    feed = f'urls: ["{url}"], every: 1h, loop: true'
    box.config.write_text(f"{box.config.read_text()}{more}feeds:\n  narration: {{{feed}}}\n")
    for age, name in enumerate(TONES):
        (tmp_path / "box.flac").write_bytes((tmp_path / f"{name}.flac").read_bytes())
        os.utime(tmp_path / "box.flac", (1_700_000_000 + age,) * 2)
        box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
        box.until(lambda: name in heard(test_card)[-2:])  # noqa: B023
        box.until(lambda: all(track["played"] for track in box.call("feeds.list")))
        assert box.signal(signal.SIGTERM) == 0
        with closing(sqlite3.connect(box.state / "catalogue.db")) as catalogue, catalogue:
            catalogue.execute("UPDATE tracks SET key = ? WHERE key = ?", (f"{url} #{age}", url))
        card.unlink()
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    box.until(lambda: len(box.call("feeds.list")) == 1)
    box.until(lambda: heard(test_card)[-1:] == ["second"])
    three_rounds = card.stat().st_size + 3 * RATE * 4
    begin = len(heard(test_card))
    box.until(lambda: card.stat().st_size > three_rounds)
    assert heard(test_card)[begin:] == [] and box.status()["player"] == "playing"
    assert not box.status()["faults"]


@pytest.mark.slow
def test_what_cannot_be_played_is_told_at_each_pull_and_fetched_once(box: Box, served: Web, tmp_path: Path) -> None:
    served.may_arrive.set()
    (tmp_path / "list.m3u").write_text("odd.mp3")
    (tmp_path / "odd.mp3").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(50_000))
    os.utime(tmp_path / "odd.mp3", (1_700_000_000,) * 2)
    lines = [
        f'  letter: {{urls: ["{served.address}/odd.mp3"], every: 1h}}\n',
        f'  list: {{backend: m3u, url: "{served.address}/list.m3u", every: 1h}}\n',
    ]
    box.config.write_text(f"{box.config.read_text()}feeds:\n{''.join(lines)}")
    box.start("--simulate", "all")
    for pulls in (1, 2, 3):
        box.until(lambda: all(feed["pulls"] == pulls for feed in box.status()["feeds"].values()))  # noqa: B023
        said = box.cli("status").stdout
        assert all(f"feed {name}: odd is no sound that can be played" in said for name in ("letter", "list")), said
        box.call("feeds.pull")
    assert served.sent.count("/odd.mp3") == 2, "once for each feed"
    (tmp_path / "odd.mp3").write_bytes((tmp_path / "first.flac").read_bytes())
    box.call("feeds.pull")
    box.until(lambda: len(box.call("feeds.list")) == 2 and not box.status()["faults"])
