"""Files that do not tell their length truly are played to their real end."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from appliance.audio.decode import Decoder
from appliance.audio.pieces import pieces_of
from appliance.errors import AudioError

Play = Callable[[bytes], tuple[float, float]]
TAG = b"ID3\x03\0\0" + bytes([0, 0, 7, 104]) + bytes(1000)


def made(seconds: float, rate: int = 44_100, channels: int = 1, **options: str) -> bytes:
    """Sound that is loud first and then quiet: the first frame's bit rate tells nothing of the rest."""
    rng = np.random.default_rng(1)
    frames = round(seconds * rate)
    loudness = np.where(np.arange(frames) < 0.4 * frames, 0.3, 0.001)[:, np.newaxis]
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, channels, **options) as file:
        file.write((loudness * rng.standard_normal((frames, channels))).clip(-0.9, 0.9))
    return buffer.getvalue()


def mp3(seconds: float, rate: int = 44_100, channels: int = 1, mode: str = "VARIABLE") -> bytes:
    return made(seconds, rate, channels, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode=mode)


def bare(data: bytes) -> bytes:
    """An MP3 without its first frame, which alone tells how long it is."""
    at = max(data.find(b"Xing"), data.find(b"Info"))
    assert 0 < at < 100
    return data[data.index(b"\xff", at) :]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Seconds heard, and seconds told, of a file with these bytes."""

    def run(data: bytes) -> tuple[float, float]:
        path = tmp_path / "sound"
        path.write_bytes(data)
        decoder, frames = Decoder(path, 48_000), 0
        try:
            while len(block := decoder.read(960)):
                frames += len(block)
        finally:
            decoder.close()
        return frames / 48_000, decoder.seconds

    return run


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (bare(mp3(20)), 20),
        (bare(mp3(10, 16_000, 2)), 10),
        (bare(mp3(10, 8_000)), 10),
        (bare(mp3(10, mode="CONSTANT")), 10),
        (mp3(8) + mp3(5), 13),
        (bare(mp3(8)) + TAG + bare(mp3(5)), 13),
        (TAG + mp3(5) + b"TAG" + bytes(125), 5),
        (TAG + TAG + bare(mp3(5)), 5),
        (TAG + bytes(2048) + mp3(5), 5),
        (bytes(417) + mp3(5), 5),
        (b"\xff" * 1000 + bare(mp3(5)), 5),
        (mp3(20)[3000:], 20),
    ],
    ids=[
        *("variable", "MPEG 2 stereo", "MPEG 2.5", "constant", "joined", "joined with tags between", "tags around"),
        *("two tags", "zeros behind the tag", "zeros in front", "half headers in front", "cut in a frame"),
    ],
)
def test_mp3_is_heard_to_its_end(data: bytes, seconds: float, play: Play) -> None:
    heard, told = play(data)
    assert heard == pytest.approx(seconds, abs=0.3)
    assert told == pytest.approx(heard, abs=0.1)


def test_an_mp3_that_was_cut_off_is_told_as_broken(play: Play) -> None:
    data = mp3(20)
    with pytest.raises(AudioError, match="damaged"):
        play(data[: len(data) // 2])


@pytest.mark.parametrize("data", [mp3(5), TAG + mp3(5), mp3(5, mode="CONSTANT")], ids=["plain", "tag", "constant"])
def test_what_tells_its_length_is_let_be(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "sound").write_bytes(data)
    with (tmp_path / "sound").open("rb", buffering=0) as file:
        assert pieces_of(file) == []
        assert file.tell() == 0


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_chain_of_ogg_streams_is_heard_to_its_end(subtype: str, play: Play) -> None:
    link = made(2, 48_000, format="OGG", subtype=subtype)
    assert play(link) == (2, 2)
    assert play(link * 3) == (6, 6)


def test_a_chain_can_be_sought_in(tmp_path: Path) -> None:
    path = tmp_path / "sound"
    path.write_bytes(made(2, 48_000, format="OGG", subtype="VORBIS") * 3)
    decoder = Decoder(path, 48_000)
    decoder.seek(4.5)
    frames = 0
    while len(block := decoder.read(960)):
        frames += len(block)
    assert frames == 1.5 * 48_000
    decoder.seek(0)
    assert len(decoder.read(6 * 48_000)) == 6 * 48_000


def tone(hertz: float, rate: int, channels: int, **options: str) -> bytes:
    buffer = io.BytesIO()
    wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(2 * rate) / rate)
    soundfile.write(buffer, np.repeat(wave[:, np.newaxis], channels, axis=1), rate, **options)
    return buffer.getvalue()


VORBIS, OPUS, MP3 = (
    {"format": "OGG", "subtype": "VORBIS"},
    {"format": "OGG", "subtype": "OPUS"},
    {"format": "MP3"},
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((48_000, 2, VORBIS), (16_000, 2, VORBIS)),
        ((16_000, 1, VORBIS), (44_100, 2, VORBIS)),
        ((48_000, 2, OPUS), (48_000, 1, OPUS)),
        ((44_100, 1, VORBIS), (48_000, 2, OPUS)),
        ((44_100, 2, MP3), (48_000, 1, MP3)),
        ((22_050, 1, MP3), (44_100, 1, MP3)),
        ((44_100, 1, MP3), (44_100, 2, MP3)),
    ],
)
@pytest.mark.parametrize("begin", [0.0, 1.0, 2.5])
def test_joined_sound_of_other_rates_and_channels_sounds_as_it_was(
    first: tuple[int, int, dict[str, str]], second: tuple[int, int, dict[str, str]], begin: float, tmp_path: Path
) -> None:
    (rate, channels, options), (rate2, channels2, options2) = first, second
    path = tmp_path / "sound"
    path.write_bytes(tone(500, rate, channels, **options) + TAG + tone(800, rate2, channels2, **options2))
    decoder, blocks = Decoder(path, 48_000), []
    assert decoder.seconds == pytest.approx(4, abs=0.1) and decoder.channels == channels
    decoder.seek(begin)
    while len(block := decoder.read(960)):
        blocks.append(block)
    heard = np.concatenate(blocks)
    assert len(heard) / 48_000 == pytest.approx(4 - begin, abs=0.1)
    for at, hertz in ((1.2, 500), (2.8, 800)):
        if at > begin:
            part = heard[round((at - begin) * 48_000) :][:24_000, -1]
            spectrum = np.abs(np.fft.rfft(part * np.hanning(24_000)))
            assert 2 * np.argmax(spectrum) == pytest.approx(hertz, abs=2)
            assert part.std() * 2**0.5 == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
def test_an_mp3_sounds_alike_whether_it_was_sought_in_or_not(rate: int, tmp_path: Path) -> None:
    """Its frames use what frames before them had left over."""
    path = tmp_path / "sound"
    path.write_bytes(tone(300, rate, 1, format="MP3"))
    straight, sought = Decoder(path, rate), Decoder(path, rate)
    straight.read(rate)
    sought.seek(1.0)
    np.testing.assert_allclose(sought.read(rate // 2), straight.read(rate // 2), atol=1e-4)


def test_of_joined_wav_files_the_first_is_heard(play: Play) -> None:
    assert play(made(2, 8_000, format="WAV") * 2) == (2, 2)


@pytest.mark.parametrize("options", [VORBIS, OPUS, {"format": "FLAC"}, {"format": "WAV"}], ids=str)
def test_a_tag_in_front_is_passed_over(options: dict[str, str], play: Play) -> None:
    assert play(TAG + made(2, 48_000, 1, **options)) == (2, 2)


@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0xFFFF_FFFF, 2_000_000_000])
def test_a_wav_that_was_streamed(size: int, play: Play) -> None:
    data = bytearray(made(2, 8_000, format="WAV"))
    data[4:8] = data[40:44] = struct.pack("<I", size)
    assert play(bytes(data)) == (2, 2)


def test_a_flac_that_was_streamed(play: Play) -> None:
    data = bytearray(made(3, 48_000, format="FLAC"))
    data[21] &= 0xF0  # the 36 bits of STREAMINFO that tell the length (RFC 9639, 8.2)
    data[22:26] = bytes(4)
    heard, told = play(bytes(data))
    assert heard == 3
    assert 0.5 < told < 10


@pytest.mark.parametrize("data", [b"", b"ID3", b"OggS", b"\xff\xfb", b"RIFF\0\0\0\0WAVE", bytes(5000), b"\xff" * 5000])
def test_what_is_no_sound_is_refused(data: bytes, play: Play) -> None:
    with pytest.raises(AudioError):
        play(data)
