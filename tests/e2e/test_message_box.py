"""A message box as a process of its own: what it answers, and to whom."""

import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.e2e.conftest import Box

CONFIG = """\
device: {{name: kitchen}}
panel: {{buttons: {{17: message.hear, 27: message.answer}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
flow: message_box
feeds:
  family: {{backend: folder, path: {root}/from-the-family, settle: 0s, reply_to: family}}
destinations:
  family: {{backend: folder, path: {root}/to-the-family}}
  diary: {{backend: folder, path: {root}/diary}}
"""


RATE = 48_000
FADE = RATE // 20
HEAR = "1"


@pytest.mark.slow
def test_an_answer_goes_to_whom_it_answers_also_after_the_power_was_cut(box: Box) -> None:
    (box.root / "from-the-family").mkdir()
    soundfile.write(box.root / "from-the-family/a song.wav", np.zeros(4800, "int16"), 48_000)
    box.config.write_text(CONFIG.format(root=box.root))
    box.start()
    box.call("feeds.pull")
    box.until(lambda: box.status()["unheard"] == 1)
    box.press("1")
    box.until(lambda: box.status()["unheard"] == 0 and (box.state / "heard.json").exists())
    box.signal(signal.SIGKILL)
    box.start()
    box.press("2")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 0.6)
    box.press("2")
    box.until(box.delivered)
    [entry] = box.clips()
    assert [each["destination"] for each in entry["deliveries"]] == ["family"]
    assert entry["clip"]["fields"]["title"] == "answer to a song"


@pytest.mark.slow
def test_a_press_repeats_what_plays_two_play_what_was_before_and_the_others_follow(box: Box, test_card: Path) -> None:
    (box.root / "from-the-family").mkdir()
    sounds = np.random.default_rng(3).integers(-9000, 9000, (2, 3 * RATE), dtype=np.int16)
    for number, sound in enumerate(sounds, start=1):
        file = box.root / f"from-the-family/{number}.wav"
        soundfile.write(file, sound, RATE)
        os.utime(file, (number, number))
    config = CONFIG.format(root=box.root).replace(
        "17: message.hear", "17: {press: message.hear, double_press: play.previous}"
    )
    box.config.write_text(f'{config}audio: {{playback: {{device: "testcard:{test_card}", volume: 100}}}}\n')
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    box.call("feeds.pull")
    box.until(lambda: box.status()["unheard"] == 2)

    def heard() -> list[list[int]]:
        """Where each message was played from its beginning, which may be faded, to its end."""
        played = test_card / "played.raw"
        left = np.frombuffer(played.read_bytes() if played.exists() else b"", "<i2")[::2].tobytes()
        return [
            [found.start() // 2 for found in re.finditer(re.escape(sound[FADE:].tobytes()), left)] for sound in sounds
        ]

    def plays(title: str) -> bool:
        playback = box.status()["playback"]
        return bool(playback and playback["title"] == title and playback["position"] > 0.3)

    box.press(HEAR)
    box.until(lambda: plays("1"))
    box.press(HEAR)
    box.until(lambda: plays("2"))
    box.press(HEAR * 2)
    box.until(lambda: box.status()["unheard"] == 0 and box.status()["player"] == "stopped")
    [first, again], [second] = heard()
    assert 0 < first < again < second, "the second was left for the first, and followed it"


@pytest.mark.slow
def test_a_message_that_arrives_while_the_handset_lies_beside_the_box_is_heard_once_it_is_hung_up(
    box: Box, test_card: Path
) -> None:
    (box.root / "from-the-family").mkdir()
    config = CONFIG.format(root=box.root).replace("reply_to: family", "reply_to: family, autoplay: true")
    config = config.replace("panel: {", "panel: {switches: {22: handset}, ")
    box.config.write_text(f'{config}audio: {{playback: {{device: "testcard:{test_card}", volume: 100}}}}\n')
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    box.press("o")
    box.until(lambda: "flow: idle" in box.log.read_text())
    sound = np.random.default_rng(3).integers(-9000, 9000, 2 * RATE, dtype=np.int16)
    soundfile.write(box.root / "from-the-family/a song.wav", sound, RATE)
    box.call("feeds.pull")
    box.until(lambda: box.status()["unheard"] == 1)
    assert box.status()["player"] == "stopped"
    box.press("o")
    box.until(lambda: box.status()["unheard"] == 0 and box.status()["player"] == "stopped")
    assert sound[FADE:].tobytes() in np.frombuffer((test_card / "played.raw").read_bytes(), "<i2")[::2].tobytes()
