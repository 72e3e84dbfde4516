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


def test_a_chain_of_another_kind_of_sound_is_heard_up_to_there(play: Play) -> None:
    with pytest.raises(AudioError, match=r"damaged: nothing can be read after 2\.0 s"):
        play(made(2, 48_000, format="OGG", subtype="VORBIS") + made(2, 16_000, format="OGG", subtype="VORBIS"))


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
