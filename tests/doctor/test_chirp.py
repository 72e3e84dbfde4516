"""The chirp is found in noise, in speech and in an echoing room, and nowhere else."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.config.profiles import RecordedFormat
from appliance.doctor.chirp import chirp, find
from appliance.models import AudioFormat, SampleFormat
from appliance.pcm import to_float
from appliance.simulation.sound import numbered, pack, speech

RATE = 48_000
FORMAT = AudioFormat(RATE)
LENGTH = 2 * RATE
AT = 20_000

Floats = NDArray[np.float32]


def noise(level: float, seed: int = 0) -> Any:
    return level * np.random.default_rng(seed).standard_normal(LENGTH)


def voice(second: int) -> Any:
    return to_float(speech(second * RATE, LENGTH, FORMAT), FORMAT)[:, 0] + noise(1e-4)


def with_chirp(background: Any, gain: float, rate: int = RATE) -> Floats:
    sound = np.array(background, np.float32)
    wanted = chirp(rate)[:, 0]
    sound[AT : AT + len(wanted)] += gain * wanted
    return sound[:, np.newaxis]


def echoing(sound: Floats) -> Floats:
    """In a room of 0.4 s of reverberation."""
    tail = np.exp(-6.9 * np.arange(0.4 * RATE) / (0.4 * RATE))
    answer = 0.05 * np.random.default_rng(3).standard_normal(len(tail)) * tail
    answer[0] = 1.0
    size = 1 << (len(sound) + len(answer)).bit_length()
    heard = np.fft.irfft(np.fft.rfft(sound[:, 0], size) * np.fft.rfft(answer, size), size)[: len(sound)]
    return heard.astype(np.float32)[:, np.newaxis]


@pytest.mark.parametrize("gain", [0.5, 0.03, 0.005])
@pytest.mark.parametrize("second", range(5))
def test_a_chirp_is_found_to_the_frame(gain: float, second: int) -> None:
    for background in (noise(0.01, second), voice(second)):
        echo = find(with_chirp(background, gain), RATE)
        assert echo is not None and abs(echo.frame - AT) <= 2
        assert echo.gain == pytest.approx(gain, rel=0.5)


def test_a_chirp_is_found_in_an_echoing_room() -> None:
    echo = find(echoing(with_chirp(noise(0.001), 0.05)), RATE)
    assert echo is not None and abs(echo.frame - AT) < 0.005 * RATE
    assert echo.decibels == pytest.approx(-26, abs=3)


@pytest.mark.parametrize("second", range(8))
def test_speech_is_no_chirp(second: int) -> None:
    assert find(voice(second).astype(np.float32)[:, np.newaxis], RATE) is None


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(LENGTH),
        noise(0.1),
        np.sin(2 * np.pi * 50 * np.arange(LENGTH) / RATE),
        np.sin(2 * np.pi * 1000 * np.arange(LENGTH) / RATE) + noise(0.001),
        np.where(np.arange(LENGTH) % 9000 == 0, 1.0, 0.0),
        to_float(numbered(5_000_000, LENGTH, FORMAT), FORMAT)[:, 0],
        np.zeros(100),
    ],
    ids=["silence", "noise", "hum", "tone", "clicks", "test card", "too short"],
)
def test_nothing_else_is_a_chirp(sound: Any) -> None:
    measured = np.round(np.clip(sound, -1, 1) * 32767) / 32767  # as every card does
    assert find(measured.astype(np.float32)[:, np.newaxis], RATE) is None


def test_the_channel_that_hears_it_counts() -> None:
    heard = with_chirp(noise(0.01), 0.1)
    echo = find(np.hstack([noise(0.3, 5).astype(np.float32)[:, np.newaxis], heard]), RATE)
    assert echo is not None and abs(echo.frame - AT) <= 2


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_every_rate_has_its_chirp(rate: int) -> None:
    assert len(chirp(rate)) == rate // 2 and np.abs(chirp(rate)).max() <= 1
    echo = find(with_chirp(noise(0.01), 0.1, rate), rate)
    assert echo is not None and abs(echo.frame - AT) <= 2


@settings(max_examples=30)
@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=2, max_size=20), st.sampled_from(RecordedFormat))
def test_samples_are_the_same_in_every_format(samples: list[int], word: RecordedFormat) -> None:
    sample = SampleFormat(word)
    frames = np.array(samples[: len(samples) // 2 * 2], np.int32).reshape(-1, 2)
    floats = to_float(pack(frames, sample), AudioFormat(RATE, 2, sample))
    assert floats.shape == frames.shape
    assert floats == pytest.approx(frames / 2**31, abs=2**-15)
