"""Recordings of the box, heard again at its speaker: the last, the one before it, any other."""

import os
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.e2e.conftest import Box


def sounded(card: Path, entry: dict[str, Any]) -> bool:
    """Whether the speaker has played the very samples of a clip, but for where it begins and ends."""
    played = (card / "played.raw").read_bytes() if (card / "played.raw").exists() else b""
    return samples_of(entry) in played


def samples_of(entry: dict[str, Any]) -> bytes:
    """What a stereo speaker gets of it."""
    samples, _ = soundfile.read(entry["path"], dtype="int16")
    return bytes(samples[2000:12_000].repeat(2).tobytes())


@pytest.mark.slow
def test_recordings_are_heard_backwards(box: Box, test_card: Path) -> None:
    device = f"testcard:{test_card}"
    audio = f'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}", volume: 100}}}}\n'
    box.config.write_text(box.config.read_text() + audio)
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    first, second = [box.call("clips.show", clip=box.record(0.6)["id"]) for _ in range(2)]
    for entry in (second, first):
        assert not sounded(test_card, entry)
        assert "playing" in box.cli("player", "earlier").stdout
        box.until(lambda entry=entry: sounded(test_card, entry))  # type: ignore[misc]
    box.until(lambda: box.status()["player"] == "stopped")
    assert "nothing was recorded before" in box.cli("player", "earlier", code=7).stderr
    before = (test_card / "played.raw").stat().st_size
    box.cli("player", "all")
    box.until(lambda: box.status()["playback"] is not None)
    box.until(lambda: box.status()["player"] == "stopped")
    played = (test_card / "played.raw").read_bytes()[before:]
    starts = [played.find(samples_of(entry)) for entry in (first, second)]
    assert 0 <= starts[0] < starts[1], "the oldest first, and then the other"
