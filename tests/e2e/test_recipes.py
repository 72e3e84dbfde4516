"""A recipe of a person's own, from a take to the file at its destination, also where the box is killed."""

import signal
from pathlib import Path
from typing import Any

import pytest
import soundfile

from appliance.audio.loudness import LoudnessMeter

Box = Any  # tests/e2e/conftest.py is not importable

CONFIG = """\
renditions:
  podcast: {{format: flac, channels: mono, rate: 24000, steps: {{high_pass: 80, loudness: -20, fade: 10ms}}}}
"""


def configure(box: Box) -> None:
    text = box.config.read_text()
    wanted = f"{{backend: folder, path: {box.shelf}, deliver_as: podcast}}"
    box.config.write_text(text.replace(f"{{backend: folder, path: {box.shelf}}}", wanted) + CONFIG.format())
    assert "podcast}" in box.config.read_text()


def is_what_was_wanted(path: Path) -> bool:
    sound, rate = soundfile.read(path, always_2d=True)
    meter = LoudnessMeter(rate, sound.shape[1])
    meter.add(sound)
    found = meter.result()
    return rate == 24_000 and sound.shape[1] == 1 and abs(found.integrated + 20) < 0.5 and found.true_peak < -0.9


@pytest.mark.slow
def test_what_arrives_is_what_was_wanted_also_after_a_kill(box: Box) -> None:
    configure(box)
    box.start()
    box.call("record.start")
    box.until(lambda: box.status()["take"]["seconds"] > 3)
    box.call("record.stop")
    box.signal(signal.SIGKILL)
    box.start()
    box.until(box.delivered)
    [entry] = box.clips()
    [made] = box.shelf.glob("*.flac")
    assert made.name == f"{entry['clip']['name']}.podcast.flac"
    assert is_what_was_wanted(made)
    assert Path(entry["path"]).exists(), "the clip itself stays as it was recorded"
