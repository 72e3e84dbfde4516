"""What is spoken before messages: by a program that says something known, and by `espeak-ng` where that is there."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from appliance.audio import speech
from appliance.audio.announced import Announced
from appliance.audio.source import Source
from appliance.audio.speech import Speech
from appliance.prompts.wording import WORDS

SPEAKS = """#!/bin/sh
cat >"$SAID"
while [ "$1" != -w ]; do shift; done
cp "$VOICE" "$2"
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called `espeak-ng`, which may be written anew; it keeps what it is to say in the file `said`."""
    path = tmp_path / "bin" / speech.PROGRAM
    path.parent.mkdir()
    path.write_text(SPEAKS)
    path.chmod(0o755)
    soundfile.write(tmp_path / "voice.wav", noise(0.2, 22_050), 22_050)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("VOICE", str(tmp_path / "voice.wav"))
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    return path


def noise(seconds: float, rate: int) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return np.random.default_rng(1).integers(-9000, 9000, round(seconds * rate), dtype=np.int16)


def test_what_was_spoken_is_kept_and_goes_with_it(program: Path, tmp_path: Path) -> None:
    spoken = Speech()
    path = spoken.sound("-v Anna;\n\x1b  today", "de")
    assert path and path.read_bytes() == (tmp_path / "voice.wav").read_bytes()
    assert (tmp_path / "said").read_text() == "-v Anna; \x1b today"
    program.write_text("#!/bin/sh\nexit 1\n")
    assert spoken.sound("-v Anna; \x1b today", "de") == path, "it is not made twice"
    assert spoken.sound("-v Anna; \x1b today", "fr") is None
    assert spoken.sound(" ", "de") is None
    spoken.close()
    assert not path.parent.exists()


def test_only_the_last_are_kept(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_MOST_KEPT", 2)
    spoken = Speech()
    paths = []
    for number in range(4):
        path = spoken.sound(str(number), "en")
        assert path
        paths.append(path)
    assert [path.exists() for path in paths] == [False, False, True, True]
    spoken.close()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sleep 60", "was not done"),
        ("echo no voice >&2; exit 1", "no voice"),
        ("exit 3", "exit code 3"),
        ("true", "exit code 0"),
    ],
)
def test_a_program_that_fails_holds_nobody_up_and_is_told_once(
    program: Path, script: str, words: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(speech, "LIMIT", 0.1)
    program.write_text(f"#!/bin/sh\nexec </dev/null\n{script if 'sleep' not in script else f'exec {script}'}\n")
    spoken = Speech()
    assert [spoken.sound(text, "en") for text in ("a", "b")] == [None, None]
    assert words in caplog.text and caplog.text.count("nothing can be spoken") == 1
    spoken.close()


def test_without_the_program_nothing_is_spoken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Speech().sound("today", "en") is None and Speech().ahead("12", "en") == {}


def test_digits_are_made_ahead(program: Path) -> None:
    spoken = Speech()
    paths = spoken.ahead("123", "en")
    assert list(paths) == ["1", "2", "3"] and len(set(paths.values())) == 3
    assert {text: spoken.sound(text, "en") for text in "123"} == paths
    spoken.close()


def test_a_disk_that_takes_nothing_is_told_and_no_error(
    program: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    spoken = Speech()
    assert spoken.ahead("12", "en") == {} and spoken.sound("today", "en") is None
    assert caplog.text.count("nothing can be spoken") == 1
    spoken.close()


def test_a_folder_that_was_tidied_away_is_made_anew(program: Path) -> None:
    spoken = Speech()
    (path,) = spoken.ahead("1", "en").values()
    assert spoken.sound("1", "en") == path
    shutil.rmtree(path.parent)
    again = spoken.sound("1", "en")
    assert again == path and path.exists()
    spoken.close()
    assert not path.parent.exists()


def test_what_is_said_sounds_before_a_file_whose_positions_stay(tmp_path: Path) -> None:
    said, sound = tmp_path / "said.wav", tmp_path / "sound.wav"
    soundfile.write(said, noise(0.1, 48_000) // 2, 48_000)
    soundfile.write(sound, noise(0.3, 48_000), 48_000)
    source = Announced(said, sound, 48_000)
    assert source.seconds == pytest.approx(0.3)
    blocks = []
    while len(block := source.read(1000)):
        blocks.append(block)
        read = sum(map(len, blocks))
        assert source.heard() == pytest.approx(max(0.0, read - 4800) / 48_000, abs=1e-6)
    alone, before = Source(sound, 48_000), Source(said, 48_000)
    assert np.array_equal(np.concatenate(blocks), np.concatenate((before.read(9999), alone.read(99_999))))
    source.seek(0.2)
    assert len(source.read(99_999)) == 4800
    again, frames = Announced(said, sound, 48_000), 0
    again.convert_to(24_000)
    while len(block := again.read(500)):
        frames += len(block)
    assert frames == pytest.approx(9600, abs=20), "what is said is converted too"
    for each in (source, alone, before, again):
        each.close()


def test_what_cannot_be_said_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "said.wav").write_bytes(b"nothing of the kind")
    soundfile.write(tmp_path / "sound.wav", noise(0.3, 48_000), 48_000)
    source = Announced(tmp_path / "said.wav", tmp_path / "sound.wav", 48_000)
    assert len(source.read(99_999)) == 14_400
    source.close()


@pytest.mark.skipif(not shutil.which(speech.PROGRAM), reason=f"needs {speech.PROGRAM}")
@pytest.mark.parametrize("language", WORDS)
def test_every_language_has_a_voice(language: str) -> None:
    words, spoken = WORDS[language], Speech()
    sounds = []
    for text in (*words.days[:2], words.time.format(hour=18, minute=5, half="PM", half_hour=6)):
        path = spoken.sound(text, words.voice)
        assert path, text
        samples, rate = soundfile.read(path)
        assert 0.2 < len(samples) / rate < 5 and samples.std() > 0.01
        sounds.append(samples.tobytes())
    assert len(set(sounds)) == 3, "each says something of its own"
    spoken.close()
