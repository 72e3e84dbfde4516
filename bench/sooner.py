"""How soon something sounds that comes from the net, or that a handset is lifted for."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from appliance.control.client import Client
from bench.box import Box, running, until
from bench.results import Result, at_most
from tests.plugins.nginx import Nginx

_RATE = 48_000
_BYTES = 100_000_000
_DELAY = 0.2


def _noise(path: Path, seconds: float) -> None:
    """Sound that FLAC makes no smaller, 24 bits wide: 288 kB a second."""
    noise = np.random.default_rng(1)
    with soundfile.SoundFile(path, "w", _RATE, 2, "PCM_24") as file:
        for _ in range(round(seconds)):
            file.write(noise.uniform(-0.3, 0.3, (_RATE, 2)))


def _ready(box: Box) -> Path:
    """What the card writes to, once nothing sounds any more."""
    until(lambda: box.call("status")["player"] == "stopped")
    played = box.root / "card" / "played.raw"
    played.unlink(missing_ok=True)
    return played


def _url(box: Box, url: str) -> float:
    """Seconds from the word until the card has the first sound of what is at the URL."""
    played, begun = _ready(box), time.perf_counter()
    with Client(box.socket) as client:
        for told in client.stream("play.url", url=url):
            if "event" in told:
                break
        until(lambda: _sounds(played), pause=0.0005)
        took = time.perf_counter() - begun
    box.call("player.stop")
    return took


def _lift(box: Box) -> float:
    """Seconds from the lift until the card has the first sound of the greeting."""
    played, begun = _ready(box), time.perf_counter()
    box.call("handset.lift")
    until(lambda: _sounds(played), pause=0.0005)
    took = time.perf_counter() - begun
    box.call("handset.hang_up")
    return took


def _sounds(played: Path) -> bool:
    return played.exists() and any(played.read_bytes())


def url(rounds: int, scale: float) -> Sequence[Result]:
    """A large FLAC from nginx."""
    size = round(_BYTES * scale)
    with tempfile.TemporaryDirectory(prefix="appliance-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        server = Nginx(root / "nginx", 9)
        try:
            _noise(root / "nginx" / "static" / "large.flac", size / 288_000)
            with running() as box:
                large = server.url("/static/large.flac")
                _url(box, large)  # what is loaded once for all is loaded
                took = [1000 * _url(box, large) for _ in range(2 * rounds + 1)]
        finally:
            server.close()
    what = f"command to first sound, FLAC of {size / 1e6:.0f} MB from a URL"
    return [at_most(what, took, 300, " ms", "limit; nginx on the loopback interface")]


def lift(rounds: int, scale: float) -> Sequence[Result]:
    """A handset with a greeting."""
    with tempfile.TemporaryDirectory(prefix="appliance-bench-") as folder:
        greeting = Path(folder) / "greeting.wav"
        _noise(greeting, 5)
        with running(f"flow: {{script: telephone, delay: {_DELAY * 1000:.0f}ms, greeting: {greeting}}}") as box:
            _lift(box)
            took = [1000 * (_lift(box) - _DELAY) for _ in range(2 * rounds + 1)]
    return [at_most("lift to greeting, beyond `delay`", took, 150, " ms", f"limit; `delay: {_DELAY * 1000:.0f}ms`")]
