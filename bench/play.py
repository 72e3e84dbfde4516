"""The cost of playing, and how soon it sounds: against aplay, and the players of MP3 that are installed."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import soundfile

from bench.box import Box, cpu_seconds, environment, running, until
from bench.results import Result, at_most

_RATE = 48_000
_SETTLE = 3.0
_LATEST = 75.0
"""Milliseconds that the first sound may be later than that of aplay."""
_PLAYERS = {
    "mpg123": ["mpg123", "-q", "-o", "alsa", "-a"],
    "ffplay": ["ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"],
}


def _sound(path: Path, seconds: float) -> Path:
    """A voice-like stereo sound, in the format that the name says."""
    times = np.arange(round(seconds * _RATE)) / _RATE
    hum = 0.3 * np.sin(2 * np.pi * 220 * times) * (1 + np.sin(2 * np.pi * 3 * times)) / 2
    noise = np.random.default_rng(1).normal(0, 0.01, (len(times), 2))
    soundfile.write(path, hum[:, np.newaxis] + noise, _RATE)
    return path


@contextmanager
def _peer(command: Sequence[str], card: Path, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    card.mkdir()
    process = subprocess.Popen(command, env=environment(**more), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _aplay(root: Path, sound: Path) -> tuple[list[str], Path]:
    card = root / "peer"
    return ["aplay", "-q", "-D", f"testcard:{card}", str(sound)], card


def _sounds(card: Path) -> bool:
    played = card / "played.raw"
    return played.exists() and played.stat().st_size > 0


def _spent(box: Box, sound: Path, peer: "subprocess.Popen[bytes] | None", seconds: float) -> tuple[float, float]:
    """CPU seconds of the daemon while it plays, and of a peer that plays already."""
    box.call("play", source=str(sound))
    time.sleep(_SETTLE)
    pids = [box.process.pid, *([peer.pid] if peer else [])]
    before = [cpu_seconds(pid) for pid in pids]
    time.sleep(seconds)
    spent = [cpu_seconds(pid) - start for pid, start in zip(pids, before, strict=True)]
    box.call("player.stop")
    return spent[0], spent[-1]


def _wav(seconds: float) -> tuple[float, float]:
    """CPU of the daemon over that of aplay, both playing the same WAV; and over its own, at rate 1.5."""
    with running() as box, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sound = _sound(Path(folder) / "sound.wav", 2 * (seconds + 3 * _SETTLE))
        command, card = _aplay(Path(folder), sound)
        peer = stack.enter_context(_peer(command, card))
        until(lambda: _sounds(card))
        ours, theirs = _spent(box, sound, peer, seconds)
        box.call("player.rate", rate=1.5)
        faster, _ = _spent(box, sound, None, seconds)
    return ours / theirs, faster / ours


def _mp3(name: str, seconds: float) -> float:
    """CPU of the daemon over that of another player of MP3."""
    with running() as box, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sound = _sound(Path(folder) / "sound.mp3", seconds + 3 * _SETTLE)
        card = Path(folder) / "peer"
        device = f"testcard:{card}"
        arguments = [*_PLAYERS[name], *([device] if name == "mpg123" else []), str(sound)]
        more = {"AUDIODEV": device, "SDL_AUDIODRIVER": "alsa"}
        peer = stack.enter_context(_peer(arguments, card, **more))
        until(lambda: _sounds(card))
        ours, theirs = _spent(box, sound, peer, seconds)
    return ours / theirs


def _first_sound() -> float:
    """Seconds from the command to the first sound at the card, beyond those that aplay takes."""
    with running() as box, tempfile.TemporaryDirectory() as folder:
        sound = _sound(Path(folder) / "sound.wav", 5)
        box.call("play", source=str(sound))  # what is loaded once for all is loaded
        until(lambda: _sounds(box.root / "card"))
        box.call("player.stop")
        until(lambda: box.call("status")["player"] == "stopped")
        (box.root / "card" / "played.raw").unlink()
        begun = time.perf_counter()
        box.call("play", source=str(sound))
        _wait(box.root / "card")
        ours = time.perf_counter() - begun
        command, card = _aplay(Path(folder), sound)
        begun = time.perf_counter()
        with _peer(command, card):
            _wait(card)
            theirs = time.perf_counter() - begun
    return ours - theirs


def _wait(card: Path) -> None:
    """Look without a rest, at most as long as `until` would."""
    until(lambda: _sounds(card), pause=0.0005)


def play(rounds: int, scale: float) -> Sequence[Result]:
    """CPU of playing 48 kHz stereo, and the time to the first sound."""
    seconds = 30 * scale
    wav, faster = zip(*(_wav(seconds) for _ in range(rounds)), strict=True)
    late = [1000 * _first_sound() for _ in range(rounds * 2 + 1)]
    installed = [name for name in _PLAYERS if shutil.which(name)]
    results = [
        at_most("CPU while playing 48 kHz stereo WAV", wav, 2, " x", "aplay, same time, same kind of card"),
        at_most("CPU while playing at rate 1.5", faster, 3, " x", "the same at its own speed"),
        at_most("command to first sound, WAV, later by", late, _LATEST, " ms", "aplay, from its start"),
    ]
    for name in installed:
        ratios = [_mp3(name, seconds) for _ in range(rounds)]
        results.append(at_most("CPU while playing MP3", ratios, 2, " x", f"{name}, same time, same kind of card"))
    return results
