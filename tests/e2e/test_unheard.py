"""A real daemon whose microphone delivers nothing, or nothing but silence: in status, at the LED and in the events."""

import fcntl
import os
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from appliance.models import AudioFormat
from appliance.simulation.sound import stretches

Box = Any  # tests/e2e/conftest.py is not importable

AUDIO = 'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}\n'

SOON = 2.0 + 0.1 + 1.0
"""Seconds within which a microphone that delivers nothing is told: two, a period, and what a busy machine is late."""

TOLERANCE = 0.1
"""Seconds by which a gap in the ledger may be off."""


@contextmanager
def running(box: Box, card: Path, config: str = "") -> Iterator[None]:
    """The daemon on the test card, while somebody listens to its events."""
    box.config.write_text(box.config.read_text() + AUDIO.format(device=f"testcard:{card}") + config)
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    command = [sys.executable, "-m", "appliance", "--socket", str(box.socket), "events", "--json"]
    with (box.root / "events").open("w") as log, subprocess.Popen(command, stdout=log) as listener:
        try:
            box.until(lambda: follows(box))
            yield
        finally:
            listener.kill()


def follows(box: Box) -> bool:
    """Whether the listener hears, tried with a change of the volume."""
    box.call("player.volume", percent=50)
    return bool((box.root / "events").read_text())


def faults(box: Box) -> list[str]:
    """The urgent faults that stand; that a disk may be slow is none."""
    return [fault["name"] for fault in box.status()["faults"] if fault["urgent"]]


def says(box: Box) -> str:
    """What `appliance status` prints, in one line."""
    return " ".join(box.cli("status").stdout.split())


def told(box: Box, name: str) -> list[str]:
    """What the events have said of a fault, in the order of time."""
    return [event["event"] for event in box.events() if name in (event.get("name"), event.get("fault", {}).get("name"))]


def led(box: Box) -> str:
    """What the status LED does."""
    said = [line for line in box.log.read_text().splitlines() if "LED 18 (status): " in line]
    return said[-1].split("(status): ")[1] if said else "dark"


def shows(box: Box, fault: str, light: str) -> Callable[[], bool]:
    return lambda: faults(box) == ([fault] if fault else []) and led(box) == light


def within(box: Box, seconds: float, condition: Callable[[], bool]) -> None:
    begun = time.monotonic()
    box.until(condition)
    assert time.monotonic() - begun <= seconds


def recorded(box: Box) -> float:
    """Seconds of the take in progress."""
    take = box.status()["take"]
    return float(take["seconds"]) if take else 0.0


def is_free(card: Path) -> bool:
    """Whether the microphone is closed."""
    with (card / "capture.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def losses(entry: dict[str, Any]) -> list[float]:
    """How long each loss was, in seconds, as the ledger says and the sound proves."""
    clip = entry["clip"]
    with wave.open(entry["path"]) as audio:
        format, data = AudioFormat(audio.getframerate(), audio.getnchannels()), audio.readframes(audio.getnframes())
    pieces = stretches(data, format)
    for gap, (before, after) in zip(clip["gaps"], pairwise(pieces), strict=True):
        truth = after.first - before.first - before.frames
        assert abs(gap["frames"] - truth) <= min(gap["uncertainty"], TOLERANCE * format.rate)
        assert gap["cause"] == "device"
    return [gap["frames"] / format.rate for gap in clip["gaps"]]


@pytest.mark.slow
def test_a_microphone_that_delivers_nothing_at_the_first_press_is_told_until_it_sounds(
    box: Box, test_card: Path
) -> None:
    stalled = test_card / "stalled"
    stalled.touch()
    with running(box, test_card):
        box.press("1")
        within(box, SOON + 0.5, shows(box, "microphone", "fast blinking"))
        assert "delivers no sound" in says(box)
        stalled.unlink()
        box.until(shows(box, "", "on"))
        box.until(lambda: recorded(box) > 1)
        box.press("1")
        box.until(lambda: box.clips())
        box.until(lambda: told(box, "microphone") == ["FaultRaised", "FaultCleared"])


@pytest.mark.slow
@pytest.mark.parametrize("opened_again", [False, True])
def test_a_microphone_that_falls_mute_in_a_take_is_told_once_until_it_sounds(
    box: Box, test_card: Path, opened_again: bool
) -> None:
    stalled, unplugged = test_card / "stalled", test_card / "unplugged"
    with running(box, test_card):
        box.press("1")
        box.until(lambda: recorded(box) > 1)
        stalled.touch()
        within(box, SOON, shows(box, "microphone", "fast blinking"))
        if opened_again:
            unplugged.touch()
            box.until(lambda: is_free(test_card))
            unplugged.unlink()
            box.until(lambda: not is_free(test_card))
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert shows(box, "microphone", "fast blinking")()
            time.sleep(0.1)
        held = recorded(box)
        stalled.unlink()
        box.until(shows(box, "", "on"))
        box.until(lambda: recorded(box) > held + 1)
        box.press("1")
        box.until(lambda: box.clips())
        assert told(box, "microphone") == ["FaultRaised", "FaultCleared"]
        (gap,) = losses(box.clips()[0])
        assert gap > 2


@pytest.mark.slow
def test_a_take_that_hears_only_silence_is_told_until_a_voice_comes(box: Box, test_card: Path) -> None:
    silent = test_card / "silent"
    with running(box, test_card, "monitor: {silence: 2s}\n"):
        box.press("1")
        box.until(lambda: recorded(box) > 1)
        assert shows(box, "", "on")()
        for _ in range(2):
            silent.touch()
            box.until(shows(box, "nothing_heard", "fast blinking"), 6)
            assert "silence, a steady hum or clipping" in says(box)
            silent.unlink()
            box.until(shows(box, "", "on"), 3)
        box.press("1")
        box.until(lambda: box.clips())
        assert told(box, "nothing_heard") == ["FaultRaised", "FaultCleared"] * 2
        assert box.clips()[0]["clip"]["gaps"] == []
