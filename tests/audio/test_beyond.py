"""What only PyAV can read sounds as it is, and where PyAV is missing that is said."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.audio.arriving import GrowingFile, Stream
from appliance.audio.beyond import kind_of
from appliance.audio.decode import Decoder, check_ends
from appliance.audio.live import LiveDecoder, can_begin
from appliance.errors import Unplayable

RATE = 48_000


def sound(seconds: float = 3.0) -> "np.ndarray[Any, np.dtype[np.int16]]":
    times = np.arange(round(RATE * seconds)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * (300 + 200 * times) * times)
    noise = np.random.default_rng(0).normal(0, 0.01, len(times))
    return np.round(np.stack((tone + noise, noise - tone)) * 32767).astype(np.int16)


def write(path: Path, codec: str, samples: "np.ndarray[Any, np.dtype[np.int16]]") -> Path:
    av: Any = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.codec_context.layout = "stereo"
        formats = [each.name for each in stream.codec_context.codec.audio_formats]
        stream.codec_context.format = next((each for each in formats if each.startswith("s16")), formats[0])
        resampler = av.AudioResampler(stream.codec_context.format, "stereo", RATE)
        frame = av.AudioFrame.from_ndarray(samples, format="s16p", layout="stereo")
        frame.sample_rate, frame.pts = RATE, 0
        for whole in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(whole):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def heard(path: Path, seek: float = 0.0) -> "np.ndarray[Any, np.dtype[np.float32]]":
    decoder = Decoder(path, RATE)
    if seek:
        decoder.seek(seek)
    blocks = []
    while len(block := decoder.read(4800)):
        blocks.append(block)
    decoder.close()
    return np.concatenate(blocks)


@pytest.mark.parametrize("seek", [0.0, 1.2345])
def test_alac_sounds_sample_by_sample_from_anywhere(tmp_path: Path, seek: float) -> None:
    samples = sound()
    path = write(tmp_path / "a.m4a", "alac", samples)
    decoder = Decoder(path, RATE)
    assert abs(decoder.seconds - 3.0) < 0.1 and decoder.channels == 2
    got = np.round(heard(path, seek) * 32768).astype(np.int16)
    expected = samples.T[round(seek * RATE) :]
    np.testing.assert_array_equal(got[: len(expected)], expected)
    assert len(got) - len(expected) < 5000, "its last block is filled up"
    check_ends(path)


@pytest.mark.parametrize("name", ["a.m4a", "a.aac"])
def test_aac_sounds_as_it_was(tmp_path: Path, name: str) -> None:
    samples = sound()
    got = heard(write(tmp_path / name, "aac", samples))[:, 0]
    original = samples[0] / 32768
    spectrum = np.fft.rfft(got, 1 << 19) * np.conj(np.fft.rfft(original, 1 << 19))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    lag -= (1 << 19) * (lag > 1 << 18)
    part = slice(RATE // 2, 2 * RATE)
    moved = got[part.start + lag : part.stop + lag]
    assert np.corrcoef(moved, original[part])[0, 1] > 0.99
    assert abs(20 * np.log10(moved.std() / original[part].std())) < 0.5
    assert abs(len(got) - len(original)) < 0.1 * RATE


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wv", "wavpack"), ("a.tta", "tta"), ("a.ogg", "flac"), ("a.caf", "alac"), ("a.ac3", "ac3"), ("a.flv", "aac")],
)
def test_whatever_else_there_is_sounds(tmp_path: Path, name: str, codec: str) -> None:
    samples = sound()
    got = heard(write(tmp_path / name, codec, samples))
    assert abs(len(got) / RATE - 3.0) < 0.1
    if codec in ("ac3", "aac"):
        assert abs(20 * np.log10(got[RATE : 2 * RATE].std() / (samples[:, RATE : 2 * RATE] / 32768).std())) < 0.5
    else:
        np.testing.assert_array_equal(np.round(got * 32768).astype(np.int16)[: len(samples.T)], samples.T)


def test_how_long_aac_is_is_counted(tmp_path: Path) -> None:
    """FFmpeg guesses that by its first frames, which are quiet here; tags and pictures in front are passed over."""
    samples = sound(12.0)
    samples[:, : 9 * RATE] //= 1000
    path = write(tmp_path / "a.aac", "aac", samples)
    path.write_bytes(b"ID3\x04\0\0\0\x02\0\0" + bytes(2 << 14) + path.read_bytes())
    decoder = Decoder(path, RATE)
    assert decoder.seconds == pytest.approx(12.0, abs=0.05) and not decoder.estimated
    assert len(heard(path)) / RATE == pytest.approx(decoder.seconds, abs=0.02)


@pytest.mark.parametrize("begin", [0, 777])
def test_aac_sounds_as_it_comes_from_wherever_a_station_is(tmp_path: Path, begin: int) -> None:
    """Damaged in the middle too, as by a line that drops bytes: only some frames are missing."""
    content = write(tmp_path / "a.aac", "aac", sound(5.0)).read_bytes()[begin:]
    reference, whole = heard(tmp_path / "a.aac"), live(content)
    hole = len(content) // 2
    damaged = live(content[:hole] + content[hole + 500 :])
    assert abs(len(whole) / RATE - 5.0) < 0.1 and 4.8 < len(damaged) / RATE <= len(whole) / RATE
    for each in (whole, damaged):
        both = np.corrcoef(each[-2 * RATE :, 0], reference[-2 * RATE :, 0])
        assert both[0, 1] > 0.99, "but for the noise that AAC makes up"


def test_aac_goes_back_in_what_has_come(tmp_path: Path) -> None:
    path = write(tmp_path / "a.aac", "aac", sound(5.0))
    arrival = GrowingFile(path)
    assert can_begin(arrival, "a")
    decoder = LiveDecoder(arrival, "a", RATE)
    first = decoder.read(2 * RATE)
    decoder.seek(1.0)
    while decoder.is_dry:
        pass
    np.testing.assert_allclose(decoder.read(RATE), first[RATE:], atol=1e-6)
    decoder.close()


def live(content: bytes) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """What a listener hears of that."""
    arrival = Stream()
    arrival.write(content)
    arrival.end()
    assert can_begin(arrival, "radio")
    decoder, blocks = LiveDecoder(arrival, "radio", RATE), []
    while len(block := decoder.read(4800)):
        blocks.append(block)
    decoder.close()
    return np.concatenate(blocks)


def test_a_file_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.m4a", "alac", sound())
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(Unplayable, match="no sound that can be read"):
        heard(path)


def test_no_file_leads_to_another(tmp_path: Path) -> None:
    """FFmpeg would follow such a list to files of the box, and to its services."""
    path = write(tmp_path / "secret.m4a", "alac", sound(0.5))
    (tmp_path / "list.m4a").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n")
    (tmp_path / "other.m4a").write_text(f"ffconcat version 1.0\nfile '{path}'\n")
    for name in ("list.m4a", "other.m4a"):
        with pytest.raises(Unplayable, match="no sound that can be read"):
            Decoder(tmp_path / name, RATE)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / "voice.m4a"
    path.write_bytes(b"\0\0\0\x20ftypM4A " + bytes(1000))
    with pytest.raises(
        Unplayable, match=r"this is M4A, which needs PyAV\. Install it: sudo apt install python3-av"
    ) as it:
        Decoder(path, RATE)
    assert f"{sys.prefix}/bin/pip install 'audio-appliance[av]'; or use MP3" in str(it.value)
    path.write_bytes(bytes(1000))
    with pytest.raises(Unplayable, match="no sound that can be read"):
        Decoder(path, RATE)
    assert kind_of(b"\xff\xf1\x50") == "AAC" and kind_of(b"ID3") == ""
