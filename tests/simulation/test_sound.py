"""Numbered sound finds every lost frame; the speech is speech in every format."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from appliance.models import AudioFormat, SampleFormat
from appliance.pcm import integers
from appliance.simulation.sound import SPEECH, Stretch, looped, louder, missing, numbered, pack, speech, stretches

formats = st.builds(AudioFormat, rate=st.just(48_000), channels=st.integers(1, 3), sample=st.sampled_from(SampleFormat))


@given(formats, st.integers(0, 2**30), st.integers(10, 300), st.integers(1, 10**7), st.integers(10, 300))
def test_every_lost_frame_is_counted(format: AudioFormat, first: int, before: int, lost: int, after: int) -> None:
    data = numbered(first, before, format) + numbered(first + before + lost, after, format)
    assert missing(data, format) == lost


@given(formats, st.integers(0, 2**30), st.integers(10, 300), st.integers(1, 300))
def test_silence_between_is_skipped(format: AudioFormat, first: int, frames: int, silent: int) -> None:
    silence = bytes(silent * format.frame_bytes)
    data = silence + numbered(first, frames, format) + silence
    assert stretches(data, format) == [Stretch(silent, first, frames)]


@pytest.mark.parametrize("first", [0, 65_535, 65_536 * 7 - 1, 2**31 - 200_000])
def test_long_sound_is_one_stretch(first: int) -> None:
    format = AudioFormat(48_000, 2, SampleFormat.S24_3LE)
    assert stretches(numbered(first, 150_000, format), format) == [Stretch(0, first, 150_000)]


def test_foreign_sound_is_refused() -> None:
    format = AudioFormat(48_000, 1)
    with pytest.raises(ValueError, match="neither"):
        stretches(speech(48_000, 1000, format), format)


def test_swapped_channels_are_refused() -> None:
    format = AudioFormat(48_000, 2)
    swapped = np.frombuffer(numbered(1000, 100, format), "<i2").reshape(-1, 2)[:, ::-1].tobytes()
    with pytest.raises(ValueError, match="neither"):
        stretches(swapped, format)


def test_pack_keeps_the_upper_bits() -> None:
    sample = np.array([[0x12345678], [-1]], np.int32)
    assert pack(sample, SampleFormat.S32_LE) == bytes.fromhex("78563412ffffffff")
    assert pack(sample, SampleFormat.S24_3LE) == bytes.fromhex("563412ffffff")
    assert pack(sample, SampleFormat.S16_LE) == bytes.fromhex("3412ffff")


def test_sound_file_loops_without_a_seam(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    tone = (np.arange(100, dtype=np.int16) + 1) * 100
    soundfile.write(path, tone, 48_000, subtype="PCM_16")
    heard = np.frombuffer(looped(path)(50, 200, AudioFormat(48_000, 2)), "<i2").reshape(-1, 2)
    assert np.array_equal(heard[:, 0], heard[:, 1])
    assert np.abs(heard[:, 0] - np.tile(tone, 3)[50:250].astype(int)).max() <= 1


def test_speech_is_short_small_and_audible() -> None:
    assert SPEECH.stat().st_size < 200_000
    assert 8 < soundfile.info(SPEECH).duration < 12
    samples = np.frombuffer(speech(0, 5 * 48_000, AudioFormat(48_000, 1)), "<i2")
    assert np.abs(samples.astype(int)).max() > 3000


@pytest.mark.parametrize("sample", [SampleFormat.S16_LE, SampleFormat.S24_3LE, SampleFormat.S32_LE])
def test_louder_is_louder_and_clips(sample: SampleFormat) -> None:
    format = AudioFormat(8000, 2, sample)
    quiet = pack(np.array([[2**20, -(2**20)], [2**30, -(2**30)]], np.int32), sample)
    twice = integers(louder(quiet, format, 2.0), sample).astype(float) / integers(quiet, sample)
    assert twice == pytest.approx([2.0] * 4, rel=1e-3)
    assert louder(quiet, format, 1.0) is quiet
