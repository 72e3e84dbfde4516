"""Faster and slower at the same pitch."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.audio.samples import Block, full_scale
from appliance.audio.source import Source
from appliance.audio.tempo import Tempo
from appliance.errors import Unplayable

RATE = 8_000

factors = st.floats(0.5, 2.0)
blocks = st.lists(st.integers(0, 1500), min_size=1, max_size=12)


def stretched(tempo: Tempo, sound: Block, sizes: list[int]) -> Block:
    """Everything that comes out where the sound goes in in pieces of these sizes, over and over."""
    out, at, turn = list[Block](), 0, 0
    while at < len(sound):
        size = sizes[turn % len(sizes)] or 1
        out.append(tempo.put(sound[at : at + size]))
        at, turn = at + size, turn + 1
    return np.concatenate((*out, tempo.finish()))


def noise(frames: int, channels: int) -> NDArray[np.float32]:
    return np.random.default_rng(frames).uniform(-1, 1, (frames, channels)).astype(np.float32)


@given(st.integers(0, 6000), st.sampled_from([1, 2]), blocks)
@settings(max_examples=60)
def test_at_its_own_speed_every_sample_is_as_it_was(frames: int, channels: int, sizes: list[int]) -> None:
    sound = noise(frames, channels)
    assert np.array_equal(stretched(Tempo(RATE, channels), sound, sizes), sound)


@given(factors, st.integers(0, 20_000), st.sampled_from([1, 2]), blocks)
@settings(max_examples=60)
def test_it_lasts_as_long_as_the_speed_says_and_is_never_louder(
    factor: float, frames: int, channels: int, sizes: list[int]
) -> None:
    sound = noise(frames, channels)
    heard = stretched(Tempo(RATE, channels, factor), sound, sizes)
    assert abs(len(heard) - frames / factor) <= 0.04 * RATE + 2
    assert heard.shape[1] == channels and np.abs(heard).max(initial=0) <= 1.0001


@pytest.mark.slow
@given(factors, blocks)
@settings(max_examples=30)
def test_how_it_is_cut_into_blocks_makes_no_difference(factor: float, sizes: list[int]) -> None:
    sound = noise(9_000, 1)
    whole = stretched(Tempo(RATE, 1, factor), sound, [9_000])
    assert np.array_equal(stretched(Tempo(RATE, 1, factor), sound, sizes), whole)


def test_how_it_is_cut_makes_no_difference_where_it_is_looked_for_coarsely_first() -> None:
    sound = noise(48_000, 2)
    whole = stretched(Tempo(48_000, 2, 1.5), sound, [48_000])
    assert np.array_equal(stretched(Tempo(48_000, 2, 1.5), sound, [1, 3, 6, 2399, 11_000]), whole)


@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_sixteen_bits_stay_so_and_sound_like_floats(rate: int) -> None:
    sound = np.rint(30_000 * noise(rate, 2)).astype(np.int16)
    heard = stretched(Tempo(rate, 2, 1.5), sound, [rate // 2])
    assert heard.dtype == np.int16
    floats = stretched(Tempo(rate, 2, 1.5), full_scale(sound), [rate // 2])
    assert len(heard) == len(floats) and np.abs(full_scale(heard) - floats).max() < 1 / 32_768


@pytest.mark.slow
@given(st.lists(st.tuples(factors | st.just(1.0), st.integers(1, 3000)), min_size=1, max_size=15))
@settings(max_examples=60)
def test_what_is_pending_tells_the_place_whatever_the_speed_becomes(changes: list[tuple[float, int]]) -> None:
    """Frame numbers go in; those that come out are near the place that is told."""
    tempo, put = Tempo(RATE, 1), 0
    for factor, frames in changes:
        tempo.factor = factor
        sound = np.arange(put, put + frames, dtype=np.float32)[:, np.newaxis]
        put += frames
        heard = tempo.put(sound)
        if len(heard):
            assert abs(float(heard[-1, 0]) - (put - tempo.pending)) <= 0.06 * RATE


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("pitch", [90.0, 440.0, 3000.0])
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_a_tone_keeps_its_pitch_and_its_level(factor: float, pitch: float, rate: int) -> None:
    times = np.arange(2 * rate) / rate
    sound = (0.5 * np.sin(2 * np.pi * pitch * times)).astype(np.float32)[:, np.newaxis]
    heard = stretched(Tempo(rate, 1, factor), sound, [960])[:, 0]
    inside = heard[rate // 10 : -rate // 10]
    spectrum = np.abs(np.fft.rfft(inside * np.hanning(len(inside)), 1 << 19))
    assert spectrum.argmax() * rate / (1 << 19) == pytest.approx(pitch, rel=0.005, abs=0.6)
    assert 20 * np.log10(inside.std() / (0.5 / np.sqrt(2))) == pytest.approx(0, abs=0.5)
    own_step = 2 * np.pi * pitch / rate * 0.5
    assert np.abs(np.diff(inside)).max() <= own_step * 1.2 + 1e-3


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0])
def test_what_is_damaged_sounds_up_to_there_at_any_speed(speed: float, tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole.flac", tmp_path / "damaged.flac"
    soundfile.write(whole, np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    damaged.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    def heard(at: float) -> int:
        source, count = Source(damaged, 16_000, at), 0
        with pytest.raises(Unplayable, match="damaged"):
            while True:
                count += len(source.read(160))
        source.close()
        return count

    assert heard(speed) >= heard(1.0) // speed
