"""A real daemon on the real libasound, whose card has a mixer."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

Box = Any  # tests/e2e/conftest.py is not importable

AUDIO = 'audio: {{capture: {{device: "testcard:{card}"{wishes}}}, playback: {{device: none}}}}\n'


def start(box: Box, card: Path, wishes: str = "") -> None:
    box.config.write_text(box.config.read_text() + AUDIO.format(card=card, wishes=wishes))
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])


@pytest.mark.slow
def test_the_gain_is_set_told_and_in_the_clip(box: Box, test_card: Path) -> None:
    (test_card / "mixer").write_text("0 0 0 1\n")
    start(box, test_card, ", gain: 12 dB, unmute: true, automatic_gain: false")
    box.until(lambda: box.status()["gain"])
    assert (test_card / "mixer").read_text() == "28 28 1 0\n"
    assert "gain 12 dB (Mic)" in box.cli("status").stdout
    (test_card / "mixer").write_text("5 5 1 0\n")  # somebody turned it; the next opening turns it back
    clip = box.record(0.6)
    assert (test_card / "mixer").read_text() == "28 28 1 0\n"
    assert (clip["gain"]["value"], clip["gain"]["unit"], clip["gain"]["control"]) == (12.0, "dB", "Mic")
    sidecar = json.loads(next((box.state / "clips").glob("*.json")).read_text())
    assert sidecar["gain"] == clip["gain"]


@pytest.mark.slow
def test_a_microphone_that_is_switched_off_is_told_before_anybody_presses(box: Box, test_card: Path) -> None:
    (test_card / "mixer").write_text("28 28 0 0\n")
    start(box, test_card)
    box.until(lambda: any(fault["name"] == "microphone_muted" for fault in box.status()["faults"]))
    (test_card / "mixer").write_text("28 28 1 0\n")
    box.until(lambda: box.status()["ok"])


@pytest.mark.slow
def test_the_assistant_sets_the_gain_beside_the_recorder_and_it_is_kept(box: Box) -> None:
    box.start()
    said = box.cli("levels").stdout
    assert "speak now" in said and "done: the gain is" in said and "It is kept for this card" in said
    gain = box.status()["gain"]
    assert gain["value"] > 0.0 and box.record(0.6)["gain"] == gain
    box.call("record.start")
    refused = box.cli("levels", code=6)
    assert "a take is in progress" in refused.stderr and "--in-take" in refused.stderr
    steps = [json.loads(line) for line in box.cli("levels", "--in-take", "--json").stdout.splitlines()]
    assert steps[-1]["done"]
    box.call("record.stop")
    gain = box.status()["gain"]
    box.signal(signal.SIGTERM)
    box.start()  # the simulated mixer has forgotten, the box has not
    box.until(lambda: box.status()["gain"] == gain)
