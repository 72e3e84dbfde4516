"""Loudness on the signals of EBU Tech 3341 and 3342, made here."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.audio.biquads import Cascade, high_pass
from appliance.audio.loudness import Loudness, LoudnessMeter

Sound = NDArray[np.float64]


def tones(*parts: tuple[float, float], rate: int = 48_000, hertz: float = 1000) -> Sound:
    """A stereo sine of so many dBFS for so many seconds, then of others."""
    pieces = [10 ** (level / 20) * np.sin(2 * np.pi * hertz * np.arange(round(s * rate)) / rate) for level, s in parts]
    return np.repeat(np.concatenate(pieces)[:, None], 2, axis=1)


def measured(sound: Sound, rate: int = 48_000, block: int = 65_536) -> Loudness:
    meter = LoudnessMeter(rate, sound.shape[1])
    for begin in range(0, len(sound), block):
        meter.add(sound[begin : begin + block])
    return meter.result()


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
    ids=["case 1", "case 2", "case 3", "case 4", "case 5"],
)
def test_integrated_loudness_of_tech_3341(parts: list[tuple[float, float]], expected: float) -> None:
    rate = 48_000 if len(parts) == 1 else 16_000
    assert measured(tones(*parts, rate=rate), rate).integrated == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 96_000, 192_000])
def test_it_is_the_same_at_every_rate_and_in_blocks_of_any_length(rate: int) -> None:
    sound = tones((-40, 0.4), (-23, 4), rate=rate)
    found = measured(sound, rate, block=1777)
    assert found.integrated == pytest.approx(-23.0, abs=0.2)
    assert found.integrated == pytest.approx(measured(sound, rate).integrated, abs=1e-6)
    assert found.momentary == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("block", [1, 7, 12, 31, 32, 33, 1000])
def test_the_peak_is_the_same_in_blocks_of_any_length(block: int) -> None:
    sound = np.random.default_rng(block).normal(0, 0.1, (3001, 2))
    assert measured(sound, block=block).true_peak == pytest.approx(measured(sound).true_peak, abs=1e-4)


def test_short_term_and_momentary_loudness_of_tech_3341() -> None:
    """Cases 9 and 12: -20 and -30 dBFS by turns, whose mean in every window is -23."""
    assert measured(tones(*[(-20, 1.34), (-30, 1.66)] * 5)).short_term == pytest.approx(-23.0, abs=0.1)
    assert measured(tones(*[(-20, 0.18), (-30, 0.22)] * 25)).momentary == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
    ids=["case 1", "case 2", "case 3", "case 4"],
)
def test_loudness_range_of_tech_3342(parts: list[tuple[float, float]], expected: float) -> None:
    assert measured(tones(*parts, rate=16_000), 16_000).range == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    ("period", "degrees", "amplitude", "expected"),
    [(4, 0, 0.5, -6), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)],
    ids=["case 15", "case 16", "case 17", "case 18", "case 19"],
)
def test_true_peak_of_tech_3341(period: int, degrees: float, amplitude: float, expected: float) -> None:
    """Tones whose samples miss their peaks; they rise and fall slowly, as an edge has peaks of its own."""
    frames = np.arange(48_000)
    shape = np.minimum(1.0, np.minimum(frames, frames[::-1]) / 4800)
    tone = amplitude * shape * np.sin(2 * np.pi * frames / period + math.radians(degrees))
    found = measured(tone[:, None], block=4_801).true_peak
    assert expected - 0.4 <= found <= expected + 0.2


@pytest.mark.parametrize("offset", [0, 1, 2, 3], ids=["case 20", "case 21", "case 22", "case 23"])
def test_a_peak_between_samples_is_found_wherever_it_lies(offset: int) -> None:
    """A sine of fs/6 with one louder period, made at four times the rate; every fourth sample, from four beginnings."""
    at = np.arange(4 * 48_000) - 96_000
    wide = 0.5 * np.sin(2 * np.pi * at / 24) * (1 + np.exp(-((at / 200) ** 2)))
    found = measured(wide[offset::4, None]).true_peak
    assert 20 * math.log10(np.abs(wide).max()) - 0.4 <= found <= 20 * math.log10(np.abs(wide).max()) + 0.2


def test_silence_and_what_is_shorter_than_a_moment_have_no_loudness() -> None:
    assert measured(np.zeros((48_000, 1))) == Loudness()
    found = measured(tones((-20, 0.3)))
    assert (found.integrated, found.momentary) == (-math.inf, -math.inf)
    assert found.true_peak == pytest.approx(-20, abs=0.1)
    assert LoudnessMeter(48_000, 1).result() == Loudness()


def test_a_filter_is_what_its_equation_says() -> None:
    sections = [high_pass(80, 48_000), high_pass(9_000, 48_000, 0.9)]
    sound = np.random.default_rng(1).standard_normal((1500, 2))
    expected = sound
    for b0, b1, b2, a1, a2 in sections:
        out = np.zeros((len(sound) + 2, 2))
        padded = np.concatenate((np.zeros((2, 2)), expected))
        for n in range(2, len(out)):
            out[n] = b0 * padded[n] + b1 * padded[n - 1] + b2 * padded[n - 2] - a1 * out[n - 1] - a2 * out[n - 2]
        expected = out[2:]
    cascade = Cascade(sections, 2)
    found = [cascade.filter(part) for part in np.split(sound, [1, 1, 64, 65, 200, 1000])]
    assert np.abs(np.concatenate(found) - expected).max() < 1e-9
