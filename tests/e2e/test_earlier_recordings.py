"""Recordings of the box, heard again at its speaker: the last, the one before it, any other."""

import os
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.e2e.conftest import Box


def sounded(card: Path, entry: dict[str, Any]) -> bool:
    """Whether the speaker has played the very samples of a clip, but for where it begins and ends."""
    samples, _ = soundfile.read(entry["path"], dtype="int16")
    played = (card / "played.raw").read_bytes() if (card / "played.raw").exists() else b""
    return samples[2000:12_000].repeat(2).tobytes() in played


@pytest.mark.slow
def test_recordings_are_heard_backwards(box: Box, test_card: Path) -> None:
    device = f"testcard:{test_card}"
    audio = f'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}", volume: 100}}}}\n'
    box.config.write_text(box.config.read_text() + audio)
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    first, second = [box.call("clips.show", clip=box.record(0.4)["id"]) for _ in range(2)]
    for entry in (second, first):
        assert not sounded(test_card, entry)
        assert "playing" in box.cli("player", "earlier").stdout
        box.until(lambda entry=entry: sounded(test_card, entry))  # type: ignore[misc]
    box.until(lambda: box.status()["player"] == "stopped")
    assert "nothing was recorded before" in box.cli("player", "earlier", code=7).stderr
