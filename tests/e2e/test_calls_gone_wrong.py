"""Calls while something else happens. Microphone and speaker are cards of their own, each of which can be unplugged."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from appliance.prompts.sounds import SHIPPED
from tests.e2e.test_telephone import CONFIG, RATE, Telephone

TWO_CARDS = CONFIG.replace('playback: {{device: "{device}"', 'playback: {{device: "{device}-speaker"')
TWO_CARDS += "feeds: {{family: {{backend: folder, path: {root}/family, settle: 0s, autoplay: true}}}}\n"


class TwoCards(Telephone):
    def __init__(self, root: Path) -> None:
        self.speaker = root / "card-speaker"
        self.speaker.mkdir()
        (root / "family").mkdir()
        super().__init__(root, config=TWO_CARDS)

    @property
    def heard(self) -> NDArray[np.int16]:
        played = self.speaker / "played.raw"
        return np.frombuffer(played.read_bytes() if played.exists() else b"", "<i2")[::2]

    def sounded(self, prompt: str) -> bool:
        wanted, _ = soundfile.read(SHIPPED / f"{prompt}.flac", dtype="int16")
        return wanted.tobytes() in self.heard.tobytes()

    def in_greeting(self) -> None:
        """Lift, and hear a little of the greeting."""
        before = len(self.heard)
        self.lift()
        self.box.until(lambda: len(self.heard) > before + RATE // 10)


@pytest.fixture
def telephone(alsa_config: Path, tmp_path: Path) -> Iterator[TwoCards]:
    assert os.environ["ALSA_CONFIG_PATH"]
    made = TwoCards(tmp_path)
    yield made
    made.box.end()


@pytest.mark.slow
def test_a_speaker_that_is_unplugged_in_the_greeting_keeps_nobody_from_speaking(telephone: TwoCards) -> None:
    telephone.in_greeting()
    (telephone.speaker / "unplugged").touch()
    telephone.box.until(lambda: telephone.seconds >= 0.3)
    telephone.hang_up()
    telephone.box.until(lambda: len(telephone.box.clips()) == 1)
    telephone.kept(telephone.box.clips()[0])
    (telephone.speaker / "unplugged").unlink()
    before = len(telephone.heard)
    telephone.call(0.3)
    assert telephone.greeting.tobytes() in telephone.heard[before:].tobytes()


@pytest.mark.slow
def test_a_microphone_that_is_unplugged_in_the_greeting_is_told_to_whoever_speaks(telephone: TwoCards) -> None:
    telephone.in_greeting()
    (telephone.card / "unplugged").touch()
    telephone.box.until(lambda: telephone.sounded("fault"))
    assert telephone.step == "recording"
    telephone.hang_up()
    telephone.box.until(telephone.is_quiet)
    (telephone.card / "unplugged").unlink()
    telephone.call(0.3)


@pytest.mark.slow
def test_a_message_that_comes_during_a_call_is_heard_after_it(telephone: TwoCards) -> None:
    message = np.random.default_rng(8).integers(-9000, 9000, RATE // 4, dtype=np.int16)
    telephone.in_greeting()
    soundfile.write(telephone.box.root / "family/hello.wav", message, RATE)
    telephone.box.call("feeds.pull")
    telephone.box.until(lambda: telephone.seconds >= 0.3)
    assert telephone.greeting.tobytes() in telephone.heard.tobytes(), "nobody interrupted it"
    telephone.hang_up()
    telephone.box.until(lambda: message.tobytes() in telephone.heard.tobytes())
    telephone.box.until(lambda: len(telephone.box.clips()) == 1)
