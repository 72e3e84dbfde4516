"""Every example of the Python face runs as it stands in the documents: on the test card, and against a real server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.plugins.receiver import Receiver, Reply

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs/how-to/python.md"]
EXAMPLES = [
    pytest.param(block, id=f"{page.name} {number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL), 1)
]
FOUR_BUTTONS = ROOT / "docs/examples/four_buttons.py"


@pytest.fixture
def news(tmp_path: Path) -> Iterator[Receiver]:
    """A server that has half a second of sound to fetch."""
    soundfile.write(tmp_path / "message.wav", np.full(8000, 1000, np.int16), 16_000)
    content = (tmp_path / "message.wav").read_bytes()
    server = Receiver(always=Reply(200, {"Content-Type": "audio/wav"}, content))
    yield server
    server.close()


@pytest.fixture
def asound(alsa_config: Path, test_card: Path) -> Path:
    """An asound.conf whose default card is the test card."""
    path = test_card.parent / "asound.conf"
    path.write_text(f'{alsa_config.read_text()}\npcm.!default {{ type testcard\n directory "{test_card}" }}\n')
    return path


def run(code: list[str], folder: Path, asound: Path, typed: str) -> str:
    done = subprocess.run(
        [sys.executable, *code],
        cwd=folder,
        input=typed,
        env={**os.environ, "ALSA_CONFIG_PATH": str(asound), "PYTHONWARNINGS": "error::ResourceWarning"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example: str, asound: Path, tmp_path: Path, receiver: Receiver, news: Receiver) -> None:
    code = example.replace("https://example.org/news.wav", news.url("/news.wav"))
    run(["-c", code.replace("https://example.org", receiver.url(""))], tmp_path, asound, "\n")
    made = list(tmp_path.glob("recordings/*.wav"))
    assert bool(made) == ("Recorder(" in example) and all(path.with_suffix(".json").exists() for path in made)
    assert bool(receiver.files) == ("upload_file(" in example)
    assert bool(news.seen) == ("news.wav" in example)


def test_the_four_buttons(asound: Path, tmp_path: Path, receiver: Receiver, news: Receiver) -> None:
    typed = "b\nr\np\np\nr\nb\nu\nd\nq\n"
    said = run([str(FOUR_BUTTONS), receiver.url("/upload"), news.url("/news.wav")], tmp_path, asound, typed)
    (recording,) = tmp_path.glob("recordings/*.wav")
    words = ["recording, ", "paused", "recording goes on", f"{recording.name}: ", "playing", "arrived as", "played"]
    places = [said.index(word) for word in words]
    assert places == sorted(places)
    assert receiver.files == {recording.name: recording.read_bytes()}
    assert [seen.path for seen in news.seen] == ["/news.wav"]
    played = np.frombuffer((asound.parent / "card" / "played.raw").read_bytes(), "<i2")
    assert np.count_nonzero(played) > 8000
