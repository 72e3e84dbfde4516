"""What is at a URL sounds while it still comes, and radio for as long as somebody listens, on a real daemon."""

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, groupby
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.test_beyond import write
from tests.e2e.conftest import Box

RATE = 48_000
CONFIG = 'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}\n'


class Web(ThreadingHTTPServer):
    """Serves sound in parts, each once it may go, or over and over without an end."""

    daemon_threads = True

    def __init__(self, parts: list[bytes], *, radio: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.parts, self.radio, self.type = parts, radio, "audio/mpeg"
        self.may_go = threading.Semaphore(1)
        self.hung_up = threading.Event()
        self.sent = self.looked = self.calls = 0
        self.patience = 0
        """Bytes after which it hangs up on the first caller."""
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        web = self.server
        self.send_response(200)
        if self.path.endswith(".m3u8"):
            web.looked += 1
            lines = [f"#EXTINF:1,\n{number}.ts\n" for number in range(web.looked, web.looked + 4)]
            head = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{web.looked}\n"
            self._answer("application/vnd.apple.mpegurl", f"{head}{''.join(lines)}".encode())
            return
        if self.path.endswith(".ts"):
            self._answer("video/mp2t", web.parts[0])
            return
        if self.path.endswith(".pls"):
            body = f"[playlist]\nFile1={web.url('radio.mp3')}\nTitle1=Radio Wave\n".encode()
            self._answer("audio/x-scpls", body)
            return
        web.calls += 1
        self.send_header("Content-Type", web.type)
        if web.radio:
            self.send_header("icy-name", "Radio Wave")
        else:
            self.send_header("Content-Length", str(sum(map(len, web.parts))))
        self.end_headers()
        try:
            for part in cycle(web.parts) if web.radio else web.parts:
                if not web.radio:
                    web.may_go.acquire()
                self.wfile.write(part)
                web.sent += len(part)
                if web.calls == 1 and web.sent > web.patience > 0:
                    return
        except OSError:
            web.hung_up.set()

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Serve = Callable[..., Web]


@pytest.fixture
def serve() -> Iterator[Serve]:
    started = list[Web]()

    def start(parts: list[bytes], *, radio: bool = False) -> Web:
        started.append(Web(parts, radio=radio))
        return started[-1]

    yield start
    for web in started:
        web.may_go.release(1000)
        web.shutdown()
        web.server_close()


def tone(path: Path, seconds: float) -> bytes:
    times = np.arange(round(RATE * seconds)) / RATE
    sound = 0.3 * np.sin(2 * np.pi * 500 * times) + np.random.default_rng(0).normal(0, 0.03, len(times))
    soundfile.write(path, np.stack((sound, sound[::-1]), 1), RATE, format="MP3", subtype="MPEG_LAYER_III")
    return path.read_bytes()


def sounded(card: Path) -> float:
    """Seconds of the tone that the speaker has got."""
    played = card / "played.raw"
    if not played.exists():
        return 0.0
    sound = np.frombuffer(played.read_bytes(), np.int16)[::2].astype(float)
    windows = [sound[at : at + RATE // 10] for at in range(0, len(sound) - RATE // 10, RATE // 10)]
    return sum(int(np.abs(np.fft.rfft(window)).argmax()) == 50 for window in windows if window.std() > 100) / 10


def start(box: Box, card: Path) -> None:
    box.config.write_text(box.config.read_text() + CONFIG.format(device=f"testcard:{card}"))
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])


@pytest.mark.slow
def test_a_file_sounds_while_it_comes_and_waits_where_it_runs_dry(box: Box, test_card: Path, serve: Serve) -> None:
    start(box, test_card)
    content = tone(box.root / "tone", 12.0)
    web = serve([content[: len(content) // 2], content[len(content) // 2 :]])
    said = box.cli("play", web.url("tone.mp3"))
    assert "playing tone, of unknown length" in said.stdout, "half of it has come"
    box.until(lambda: box.status()["playback"]["waits"])
    assert 2.0 < sounded(test_card) < 6.5
    web.may_go.release()
    box.until(lambda: box.status()["player"] == "stopped")
    assert 11.0 < sounded(test_card) < 12.3
    assert [track["played"] for track in box.call("feeds.list")] == [True], "somebody has heard it"
    assert box.status()["unheard"] == 0


@pytest.mark.slow
def test_radio_sounds_for_as_long_as_somebody_listens_and_fills_no_card(
    box: Box, test_card: Path, serve: Serve
) -> None:
    """Also by its playlist, as stations name it."""
    start(box, test_card)
    content = tone(box.root / "tone", 3.0)
    for turn, name in enumerate(("radio.mp3", "station.pls"), 1):
        web = serve([content], radio=True)
        assert "playing Radio Wave, of unknown length" in box.cli("play", web.url(name)).stdout
        wanted = 4.0 * turn
        while sounded(test_card) < wanted:
            assert box.status()["player"] == "playing"
        kept = sum(path.stat().st_size for path in (box.state / "inbox").rglob("*"))
        assert kept == 0 and web.sent < 8_000_000, "it is sent as fast as it sounds"
        box.call("player.stop")
        assert web.hung_up.wait(20)
    assert box.call("feeds.list") == []
    assert not box.status()["faults"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mpeg", "ogg", "opus", "aac"])
def test_radio_that_hangs_up_on_whoever_holds_still_goes_on(box: Box, test_card: Path, serve: Serve, kind: str) -> None:
    """As it is then, behind what had come, of which the last page or frame is cut off."""
    start(box, test_card)
    content = tone(box.root / "tone", 4.0) if kind == "mpeg" else song(box.root, kind, 4.0)
    middle = len(content) // 2 + 77
    web = serve([content[:middle], content[middle:]], radio=True)
    web.type = f"audio/{kind}"
    web.patience = 3 * len(content) + 1
    box.cli("play", web.url("radio"))
    box.call("player.pause")
    box.until(lambda: web.calls == 2)
    box.call("player.resume")
    while sounded(test_card) < 18.0:
        assert box.status()["player"] in ("playing", "paused")
    assert box.status()["player"] == "playing" and not box.status()["faults"]


def song(folder: Path, kind: str, seconds: float) -> bytes:
    times = np.arange(round(RATE * seconds)) / RATE
    sound = 0.3 * np.sin(2 * np.pi * 500 * times) + np.random.default_rng(0).normal(0, 0.03, len(times))
    if kind == "aac":
        samples = np.round(sound * 32767).astype(np.int16)
        return write(folder / "song.aac", "aac", np.stack((samples, samples))).read_bytes()
    subtype = {"ogg": "VORBIS", "opus": "OPUS"}[kind]
    soundfile.write(folder / "song", np.stack((sound, sound), 1), RATE, format="OGG", subtype=subtype)
    return (folder / "song").read_bytes()


@pytest.mark.slow
def test_radio_in_aac_sounds_as_any_other(box: Box, test_card: Path, serve: Serve) -> None:
    start(box, test_card)
    times = np.arange(3 * RATE) / RATE
    samples = np.round(10_000 * np.sin(2 * np.pi * 500 * times)).astype(np.int16)
    web = serve([write(box.root / "tone.aac", "aac", np.stack((samples, samples))).read_bytes()], radio=True)
    web.type = "audio/aac"
    assert "playing Radio Wave, of unknown length" in box.cli("play", web.url("stream")).stdout
    while sounded(test_card) < 4.0:
        assert box.status()["player"] == "playing"
    box.call("player.stop")
    assert web.hung_up.wait(20) and box.call("feeds.list") == [] and not box.status()["faults"]


@pytest.mark.slow
def test_radio_in_hls_sounds_until_nobody_listens(box: Box, test_card: Path, serve: Serve) -> None:
    start(box, test_card)
    samples = np.round(10_000 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)).astype(np.int16)
    web = serve([write(box.root / "tone.ts", "aac", np.stack((samples, samples))).read_bytes()])
    assert "playing http://127.0.0.1" in box.cli("play", web.url("live.m3u8")).stdout
    while sounded(test_card) < 5.0:
        assert box.status()["player"] == "playing"
    box.call("player.stop")
    box.until(lambda: not any(box.state.joinpath("inbox").iterdir()))
    assert box.call("feeds.list") == [] and not box.status()["faults"]


@pytest.mark.slow
def test_it_is_gone_through_while_it_comes(box: Box, test_card: Path, serve: Serve) -> None:
    """Back in what has come, at once; beyond that it waits, and goes on there once it has come."""
    start(box, test_card)
    times = np.arange(20 * RATE) / RATE
    pitches = 400 + 100 * (times // 1.0)  # each second has its own
    sound = 0.3 * np.sin(2 * np.pi * pitches * (times % 1.0))
    soundfile.write(box.root / "steps", sound, RATE, format="FLAC", subtype="PCM_16")
    content = (box.root / "steps").read_bytes()
    web = serve([content[: len(content) // 2], content[len(content) // 2 :]])
    box.cli("play", web.url("steps.flac"))
    box.until(lambda: 5.0 < (box.status()["playback"]["buffered"] or 0) < 15.0)
    box.call("player.seek", seconds=4.0)
    box.until(lambda: box.status()["playback"]["position"] > 5.5)
    box.call("player.seek", seconds=17.0)
    box.until(lambda: "not come so far" in box.status()["playback"]["waits"])
    assert box.status()["playback"]["position"] == 17.0
    web.may_go.release()
    box.until(lambda: box.status()["player"] == "stopped")
    heard = pitches_heard(test_card)
    assert heard[-3:] == [2100, 2200, 2300] and heard[heard.index(800) + 1] == 900, heard
    assert not {1500, 1600, 1700, 1800, 1900, 2000} & set(heard)
    assert not box.status()["faults"]


def pitches_heard(card: Path) -> list[int]:
    """The tones that the speaker has got, one behind the other."""
    sound = np.frombuffer((card / "played.raw").read_bytes(), np.int16)[::2].astype(float)
    windows = [sound[at : at + RATE // 10] for at in range(0, len(sound) - RATE // 10, RATE // 10)]
    tones = [10 * int(np.abs(np.fft.rfft(window)).argmax()) for window in windows if window.std() > 100]
    return [tone for tone, _ in groupby(tone for tone in tones if tone % 100 == 0)]
