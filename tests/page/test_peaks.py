"""Waveforms: what is loud is tall, they are made once, and nothing odd breaks them."""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.audio.wav import build
from appliance.errors import StorageError
from appliance.models import AudioFormat, SampleFormat
from appliance.page import peaks
from appliance.page.peaks import FULL_SCALE, PEAKS, Peaks, read
from tests.page.conftest import Browser, Desk, clip

MONO = AudioFormat(8000)


def wave(path: Path, samples: list[int], format: AudioFormat = MONO) -> Path:
    """A file of these samples, from -1000 to 1000 for full scale, alike on all channels."""
    width = format.sample.bytes
    each = [
        (sample * ((1 << (8 * width - 1)) - 1) // 1000).to_bytes(width, "little", signed=True) for sample in samples
    ]
    sound = b"".join(sample * format.channels for sample in each)
    path.write_bytes(build(format, len(sound)) + sound)
    return path


@pytest.mark.parametrize("sample", [SampleFormat.S16_LE, SampleFormat.S24_3LE, SampleFormat.S32_LE])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_what_is_loud_is_tall_where_it_sounds(sample: SampleFormat, channels: int, tmp_path: Path) -> None:
    samples = [0] * PEAKS * 5
    samples[403 * 5 + 2], samples[700 * 5] = -500, 1000
    found = read(wave(tmp_path / "a.wav", samples, AudioFormat(8000, channels, sample)))
    assert len(found) == PEAKS
    assert {place: level for place, level in enumerate(found) if level} == {403: FULL_SCALE // 2, 700: FULL_SCALE}


@pytest.mark.parametrize("count", [0, 1, 7, PEAKS - 1, PEAKS + 1])
def test_sounds_of_any_length(count: int, tmp_path: Path) -> None:
    found = read(wave(tmp_path / "a.wav", [1000] * count))
    assert found == bytes([FULL_SCALE]) * min(count, PEAKS)


def test_a_long_sound_is_looked_at_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And still is loud where it is loud."""
    monkeypatch.setattr(peaks, "_LOOKED_AT", 100_000)
    samples = [0] * 400_000 + [1000, -1000] * 200_000
    found = read(wave(tmp_path / "a.wav", samples))
    assert set(found[: PEAKS // 2]) == {0} and set(found[PEAKS // 2 :]) == {FULL_SCALE}


def test_a_file_that_is_shorter_than_it_says(tmp_path: Path) -> None:
    path = wave(tmp_path / "a.wav", [1000] * 2000)
    path.write_bytes(path.read_bytes()[:-1001])
    assert set(read(path)) == {FULL_SCALE}


@pytest.mark.parametrize("content", [b"", b"RIFF", b"x" * 5000, build(AudioFormat(), None)[:60]])
def test_what_is_no_sound_is_said(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(StorageError, match=r"a\.wav cannot be drawn"):
        Peaks(tmp_path / "kept").of(tmp_path / "a.wav")
    with pytest.raises(StorageError, match=r"b\.wav cannot be read"):
        Peaks(tmp_path / "kept").of(tmp_path / "b.wav")


def test_they_are_made_once(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    path = wave(tmp_path / "a.wav", [1000] * 2000)
    desk.answers["clips.show"] = lambda clip: told
    told: dict[str, Any] = clip("id0", path)
    first = json.loads(browser.get("/api/v1/clips/id0/peaks").body)
    assert first == {"full": FULL_SCALE, "peaks": [FULL_SCALE] * PEAKS}
    wave(path, [0] * 2000)
    assert json.loads(browser.get("/api/v1/clips/id0/peaks").body) == first


def test_only_so_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peaks, "KEPT", 3)
    drawn = Peaks(tmp_path / "kept")
    for number in range(6):
        drawn.of(wave(tmp_path / f"{number}.wav", [1] * (number + 1)))
    assert len(list((tmp_path / "kept").iterdir())) == 3


def test_where_nothing_can_be_kept_they_are_shown_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"")
    assert Peaks(tmp_path / "kept").of(wave(tmp_path / "a.wav", [1000])) == bytes([FULL_SCALE])


def test_of_what_is_kept_encrypted_there_are_none_which_is_said(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav.age"
    path.write_bytes(b"age-encryption.org/v1")
    desk.answers["clips.show"] = desk.answers["clips.list"] = clip("id", path)
    answer = browser.get("/api/v1/clips/id/peaks")
    assert answer.status == 409 and "There is no waveform of it here." in answer.text
    page = browser.get("/clips/id").text
    assert "There is no waveform of it here." in page and "<canvas" not in page and "<audio" not in page


def test_a_name_is_no_path(tmp_path: Path) -> None:
    sound = wave(tmp_path / "..\\ a'b.wav", [1000])
    Peaks(tmp_path / "kept").of(sound)
    assert [len(each.name) for each in (tmp_path / "kept").iterdir()] == [64]
