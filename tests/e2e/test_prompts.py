"""Prompts at the speaker of a real daemon, and what its microphone keeps of the time in which they sound."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from appliance.models import AudioFormat
from appliance.prompts.sounds import SHIPPED
from appliance.simulation.sound import stretches
from tests.e2e.conftest import Box

RATE = 48_000


def start(box: Box, card: Path, prompts: str) -> Box:
    device = f"testcard:{card}"
    audio = f'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}", volume: 100}}}}\n'
    box.config.write_text(f"{box.config.read_text()}{audio}prompts: {prompts}\n")
    return box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])


def heard(card: Path) -> NDArray[np.int16]:
    """The left channel of all that the speaker has played."""
    played = card / "played.raw"
    return np.frombuffer(played.read_bytes() if played.exists() else b"", "<i2")[::2]


def sounded(card: Path, prompt: str) -> bool:
    """Whether the speaker has played the very samples of a tone that comes with the appliance."""
    wanted, _ = soundfile.read(SHIPPED / f"{prompt}.flac", dtype="int16")
    return wanted.tobytes() in heard(card).tobytes()


def first_number(entry: dict[str, Any]) -> int:
    """When the first frame of the clip sounded, in frames since the card was switched on."""
    samples, _ = soundfile.read(entry["path"], dtype="int16")
    return stretches(samples.tobytes(), AudioFormat(RATE, 1))[0].first


@pytest.mark.slow
def test_a_box_tells_by_tones_what_becomes_of_a_recording(box: Box, test_card: Path) -> None:
    start(box, test_card, "tones")
    box.until(lambda: sounded(test_card, "ready"))
    box.record(0.8)
    box.until(lambda: sounded(test_card, "saved") and sounded(test_card, "stopped"))
    box.until(lambda: sounded(test_card, "delivered"))


@pytest.mark.slow
def test_a_press_ends_what_the_box_says_and_nothing_of_it_is_recorded(
    box: Box, test_card: Path, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).integers(-9000, 9000, 20 * RATE, dtype=np.int16)
    soundfile.write(tmp_path / "long.wav", noise, RATE)
    start(box, test_card, f"{{ready: {tmp_path}/long.wav}}")
    box.until(lambda: len(heard(test_card)) > RATE)
    clip = box.record(0.5)
    said = len(heard(test_card))
    assert said < 10 * RATE
    begins = first_number(box.call("clips.show", clip=clip["id"]))
    assert said <= begins <= said + 2 * RATE


@pytest.mark.slow
def test_what_else_happens_is_heard_too(box: Box, test_card: Path) -> None:
    (box.root / "news").mkdir()
    reserve = round(0.7 * shutil.disk_usage(box.root).free / (2 * RATE))
    more = f"""\
storage: {{directory: {box.state}, reserve: {reserve}s}}
recording: {{min_duration: 5s, max_duration: 6s, at_max: stop}}
feeds: {{news: {{backend: folder, path: {box.root}/news, settle: 0s}}}}
"""
    plain = box.config.read_text().replace(f"storage: {{directory: {box.state}}}\n", more)
    box.config.write_text(plain)
    start(box, test_card, "tones")
    box.until(lambda: sounded(test_card, "card_nearly_full"))
    box.record(0.2)
    box.until(lambda: sounded(test_card, "too_short"))
    box.press("1")
    box.until(lambda: box.status()["recorder"] == "recording")
    box.press("2")
    box.until(lambda: sounded(test_card, "paused"))
    box.press("2")
    box.until(lambda: sounded(test_card, "fault"))
    soundfile.write(box.root / "news/hello.wav", np.zeros(4800, np.int16), RATE)
    box.call("feeds.pull")
    box.until(lambda: sounded(test_card, "new_message"))


@pytest.mark.slow
def test_a_file_of_its_own_sounds_into_each_take_as_it_begins_and_goes_on(box: Box, test_card: Path) -> None:
    start(box, test_card, f"{{recording: {SHIPPED}/recording.flac}}")
    wanted, _ = soundfile.read(SHIPPED / "recording.flac", dtype="int16")
    for word, times in (("record.start", 1), ("record.resume", 2)):
        box.call(word)
        deadline = time.monotonic() + 10
        while heard(test_card).tobytes().count(wanted.tobytes()) < times:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        box.call("record.pause")
    box.call("record.stop")


@pytest.mark.slow
def test_a_prompt_whose_file_is_gone_is_a_fault_until_it_sounds(box: Box, test_card: Path, tmp_path: Path) -> None:
    """Also while others sound, as the one that tells of the fault does."""
    saved, away = tmp_path / "saved.flac", tmp_path / "away"
    shutil.copy(SHIPPED / "saved.flac", saved)
    start(box, test_card, f"{{sounds: tones, saved: {saved}}}")
    box.until(lambda: sounded(test_card, "ready"))
    saved.rename(away)
    box.record(0.8)
    box.until(lambda: sounded(test_card, "fault") and sounded(test_card, "delivered"))
    said = [fault["message"] for fault in box.status()["faults"]]
    assert said == ["cannot play 'saved.flac': there is no such file"]
    away.rename(saved)
    box.record(0.8)
    box.until(lambda: sounded(test_card, "saved"))
    box.until(lambda: not box.status()["faults"])
