import math
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.audio.decode import Decoder
from appliance.audio.samples import full_scale
from appliance.audio.source import Source
from appliance.errors import AudioError

RATE = 48_000
LOSSLESS = [("wav", {}), ("wav", {"format": "RF64"}), ("flac", {}), ("wav", {"subtype": "PCM_24"})]
LOSSY = [("ogg", {"subtype": "VORBIS"}), ("opus", {"format": "OGG", "subtype": "OPUS"}), ("mp3", {})]


def noise(frames: int, channels: int = 1) -> NDArray[np.int16]:
    return np.random.default_rng(1).integers(-32768, 32768, (frames, channels), dtype=np.int16)


def sine(seconds: float, rate: int = RATE, frequency: float = 440.0) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def read_all(decoder: Decoder, frames: int = 960) -> NDArray[Any]:
    blocks = []
    while len(block := decoder.read(frames)):
        blocks.append(block)
        if len(block) < frames:
            break
    return np.concatenate(blocks) if blocks else np.empty((0, decoder.channels))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(samples: NDArray[Any], suffix: str = "wav", rate: int = RATE, **options: str) -> Path:
        path = tmp_path / f"sound.{suffix}"
        soundfile.write(path, samples, rate, **options)
        return path

    return make


@pytest.mark.parametrize(("suffix", "options"), LOSSLESS)
@pytest.mark.parametrize("channels", [1, 2])
def test_lossless_formats_are_exact(
    write: Callable[..., Path], suffix: str, options: dict[str, str], channels: int
) -> None:
    samples = noise(20_011, channels)
    decoder = Decoder(write(samples, suffix, **options), RATE)
    assert np.array_equal(read_all(decoder) * 32768, samples)
    assert decoder.channels == channels
    assert decoder.seconds == decoder.position == pytest.approx(20_011 / RATE)
    decoder.close()


@pytest.mark.parametrize(("suffix", "options"), LOSSY)
def test_lossy_formats_sound_like_what_they_were_made_of(
    write: Callable[..., Path], suffix: str, options: dict[str, str]
) -> None:
    samples = sine(2)
    decoder = Decoder(write(samples, suffix, **options), RATE)
    read = read_all(decoder)[:, 0]
    assert len(read) == pytest.approx(len(samples), abs=RATE // 10)
    middle = read[RATE // 2 : RATE * 3 // 2]
    assert np.abs(np.fft.rfft(middle)).argmax() == 440
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    decoder.close()


@pytest.mark.parametrize(("suffix", "options"), [*LOSSLESS, *LOSSY])
def test_blocks_are_the_same_as_the_whole(write: Callable[..., Path], suffix: str, options: dict[str, str]) -> None:
    path = write(noise(RATE, 2), suffix, **options)
    whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    decoder = Decoder(path, RATE)
    assert np.array_equal(read_all(decoder, 911), whole)
    decoder.close()


@pytest.mark.parametrize("name", ["sound.raw", "sound", "sound.txt"])
def test_what_a_file_is_called_says_nothing(write: Callable[..., Path], name: str) -> None:
    path = write(noise(100))
    decoder = Decoder(path.rename(path.with_name(name)), RATE)
    assert len(decoder.read(1000)) == 100
    decoder.close()


@pytest.mark.parametrize("source", [8_000, 16_000, 44_100, 96_000])
def test_a_sweep_survives_the_resampler(write: Callable[..., Path], source: int) -> None:
    """Against the same sweep computed at the wanted rate: at least 80 dB apart, and exactly as long."""
    seconds, top = 2.0, 3_000.0

    def sweep(rate: int) -> NDArray[np.float64]:
        time = np.arange(round(seconds * rate)) / rate
        return 0.5 * np.sin(2 * np.pi * (50 * time + (top - 50) / (2 * seconds) * time**2))

    decoder = Decoder(write(sweep(source), rate=source, subtype="FLOAT"), RATE)
    read = read_all(decoder, 777)[:, 0]
    wanted = sweep(RATE)
    assert len(read) == pytest.approx(len(wanted), abs=2)
    middle = slice(RATE // 10, -RATE // 10)
    error = read[: len(wanted)][middle] - wanted[: len(read)][middle]
    assert 20 * np.log10(np.sqrt(np.mean(error**2)) / np.sqrt(np.mean(wanted**2))) < -80
    assert decoder.position == pytest.approx(seconds, abs=1e-3)
    decoder.close()


@pytest.mark.parametrize("source", [RATE, 44_100])
def test_a_seek_lands_on_the_frame(write: Callable[..., Path], source: int) -> None:
    samples = sine(3, source, 100)
    decoder = Decoder(write(samples, rate=source, subtype="FLOAT"), RATE)
    whole = read_all(decoder)
    decoder.seek(1.0)
    assert decoder.position == pytest.approx(1.0)
    again = read_all(decoder)
    assert len(again) == pytest.approx(2 * RATE, abs=2)
    assert np.abs(again[2000:20_000] - whole[RATE + 2000 : RATE + 20_000]).max() < 1e-3
    decoder.close()


def test_seeks_beyond_both_ends(write: Callable[..., Path]) -> None:
    decoder = Decoder(write(noise(RATE)), RATE)
    decoder.seek(99)
    assert decoder.position == 1.0
    assert len(decoder.read(100)) == 0
    decoder.seek(-5)
    assert decoder.position == 0.0
    assert len(decoder.read(100)) == 100
    decoder.close()


@pytest.mark.parametrize(("seconds", "position"), [(math.inf, 1.0), (-math.inf, 0.0), (math.nan, 0.0)])
def test_seeks_to_what_is_no_place(write: Callable[..., Path], seconds: float, position: float) -> None:
    decoder = Decoder(write(noise(RATE)), RATE)
    decoder.seek(seconds)
    assert decoder.position == position
    decoder.close()


def test_many_channels_become_one(write: Callable[..., Path]) -> None:
    samples = noise(5000, 6)
    decoder = Decoder(write(samples), RATE)
    assert decoder.channels == 1
    assert np.allclose(read_all(decoder)[:, 0] * 32768, samples.mean(axis=1), atol=0.01)
    decoder.close()


def test_floats_that_are_no_numbers_are_silence(write: Callable[..., Path]) -> None:
    samples = np.array([0.5, np.nan, np.inf, -np.inf, 1e30, -0.5])
    decoder = Decoder(write(samples, subtype="FLOAT"), RATE)
    assert decoder.read(10)[:, 0].tolist() == [0.5, 0.0, 1.0, -1.0, 1.0, -0.5]
    decoder.close()


def test_what_is_no_sound_file_is_named(tmp_path: Path, write: Callable[..., Path]) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("not a sound" * 100)
    empty = tmp_path / "empty.wav"
    empty.touch()
    silent = write(noise(0))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, words in [
        (text, "'notes.wav': this is no sound that can be read. Use WAV"),
        (empty, "'empty.wav': this is no sound"),
        (silent, "'sound.wav': there is no sound in it"),
        (tmp_path / "gone.wav", "'gone.wav': there is no such file"),
        (tmp_path / "\0", "there is no such file"),
        (tmp_path, "it is not a file"),
        (pipe, "'pipe': it is not a file"),
        (text / "below", "Not a directory"),
    ]:
        with pytest.raises(AudioError) as caught:
            Decoder(path, RATE)
        assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_a_file_that_was_cut_off_plays_up_to_there(write: Callable[..., Path], suffix: str) -> None:
    path = write(sine(3), suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    decoder = Decoder(path, RATE)
    total = 0
    with pytest.raises(AudioError, match=r"'sound\.\w+' is damaged: nothing can be read after 1\.\d s of 3\.0 s"):
        while True:
            total += len(decoder.read(960))
    assert RATE < total < 2 * RATE
    decoder.close()


def test_what_comes_before_the_damage_is_as_loud_as_it_was_recorded(write: Callable[..., Path]) -> None:
    path = write(sine(3), "flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    decoder = Decoder(path, RATE, narrow=True)
    with pytest.raises(AudioError, match="damaged"):
        while True:
            assert np.abs(full_scale(decoder.read(1000))).max() < 0.51
    decoder.close()


@pytest.mark.parametrize("at_once", [960, 4096, RATE // 2])
@pytest.mark.parametrize("damage", ["cut off", "a bit", "a hole"])
def test_a_damaged_flac_plays_exactly_to_the_break_however_much_is_read_at_once(
    write: Callable[..., Path], damage: str, at_once: int
) -> None:
    """Its blocks are of 4096 frames; all before the damaged one sound, sample by sample."""
    path = write(noise(3 * RATE), "flac")
    content = bytearray(path.read_bytes())
    whole, middle = read_all(Decoder(path, RATE)), len(content) // 2
    if damage == "cut off":
        del content[middle:]
    elif damage == "a bit":
        content[middle] ^= 4
    else:
        content[middle : middle + 20_000] = bytes(20_000)
    path.write_bytes(content)
    decoder, heard = Decoder(path, RATE), []
    with pytest.raises(AudioError, match=r"after 1\.\d s of 3\.0 s"):
        while True:
            heard.append(decoder.read(at_once))
    decoder.close()
    sounded = np.concatenate(heard)
    assert len(sounded) % 4096 == 0 and 1.3 * RATE < len(sounded) < 1.6 * RATE
    assert np.array_equal(sounded, whole[: len(sounded)])


def test_in_a_damaged_flac_one_goes_back_to_what_is_good(write: Callable[..., Path]) -> None:
    """Also once the damage was met, as it is a second ahead of what sounds."""
    path = write(noise(3 * RATE), "flac")
    content, whole = bytearray(path.read_bytes()), read_all(Decoder(path, RATE))
    content[len(content) // 2 : len(content) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(content)
    decoder = Decoder(path, RATE)
    for _ in range(2):
        with pytest.raises(AudioError, match=r"after 1\.\d s of 3\.0 s"):
            while True:
                decoder.read(RATE // 2)
        for seconds in (0.0, 0.7):
            decoder.seek(seconds)
            begin = round(seconds * RATE)
            assert np.array_equal(decoder.read(RATE // 4), whole[begin : begin + RATE // 4])
        with suppress(AudioError):
            decoder.seek(1.6)
            decoder.read(RATE // 4)
        decoder.seek(0.2)
    decoder.close()


def test_all_that_was_decoded_before_the_damage_is_handed_over(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(sine(3), "flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    decoded, handed_over, read = [], [], Decoder.read

    def count(decoder: Decoder, frames: int) -> Any:
        block = read(decoder, frames)
        decoded.append(len(block))
        return block

    monkeypatch.setattr(Decoder, "read", count)
    source = Source(path, RATE)
    with pytest.raises(AudioError, match="damaged"):
        while True:
            handed_over.append(len(source.read(RATE // 2)))
    source.close()
    assert RATE < sum(handed_over) == sum(decoded)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        *(("wav", {}), ("wav", {"format": "RF64"}), ("w64", {}), ("aiff", {}), ("caf", {}), ("au", {})),
        *(("ogg", {"subtype": "VORBIS"}), ("ogg", {"subtype": "OPUS"})),
    ],
)
def test_whose_end_is_missing_is_told_after_what_is_there(
    write: Callable[..., Path], suffix: str, options: dict[str, str]
) -> None:
    path = write(noise(5 * RATE), suffix, **options)
    whole = Decoder(path, RATE)
    expected = read_all(whole)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 101])
    decoder, blocks = Decoder(path, RATE), []
    with pytest.raises(AudioError, match=r"'sound\.\w+' is damaged: its end is missing"):
        while True:
            blocks.append(decoder.read(960))
    heard = np.concatenate(blocks)
    assert 1.0 * RATE < len(heard) < 3.5 * RATE
    if suffix != "ogg":
        np.testing.assert_array_equal(heard, expected[: len(heard)])
    decoder.close()


def consume(path: Path) -> None:
    try:
        decoder = Decoder(path, RATE)
    except AudioError:
        return
    try:
        for _ in range(200):
            if not len(decoder.read(960)):
                break
        decoder.seek(0.01)
        decoder.read(960)
    except AudioError:
        pass
    finally:
        decoder.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(content=st.binary(max_size=300), head=st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"ID3", b"RF64"]))
def test_any_bytes_are_a_sound_or_an_error(tmp_path: Path, head: bytes, content: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(head + content)
    consume(path)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    which=st.sampled_from([*LOSSLESS, *LOSSY]),
    damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=20),
    at_the_head=st.booleans(),
    kept=st.floats(0, 1),
)
def test_damage_of_any_kind_is_a_sound_or_an_error(
    tmp_path: Path,
    which: tuple[str, dict[str, str]],
    damage: list[tuple[float, int]],
    at_the_head: bool,
    kept: float,
) -> None:
    suffix, options = which
    original = tmp_path / f"original-{len(options)}-{options.get('subtype')}.{suffix}"
    if not original.exists():
        soundfile.write(original, sine(0.3), RATE, **options)
    content = bytearray(original.read_bytes())
    for place, value in damage:
        content[int(place * (min(len(content), 128) if at_the_head else len(content) - 1)) % len(content)] = value
    path = tmp_path / "damaged"
    path.write_bytes(content[: int(len(content) * kept)])
    consume(path)
