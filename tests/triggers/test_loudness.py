"""How loud it is in a band, by sine waves whose level is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.models import AudioFormat, SampleFormat
from appliance.simulation.sound import pack
from appliance.triggers.loudness import Loudness

SINE = -3.01


def sine(hertz: float, format: AudioFormat, dbfs: float = 0.0, seconds: float = 0.5, offset: float = 0.0) -> bytes:
    """A sine wave whose amplitude is `dbfs` below full scale, in the last channel alone."""
    when = np.arange(format.frames(seconds)) / format.rate
    wave = 10 ** (dbfs / 20) * np.sin(2 * np.pi * hertz * when) * 0.999 + offset
    frames = np.zeros((len(wave), format.channels))
    frames[:, -1] = wave
    return pack((frames * 0x7FFF_FF00).astype(np.int32), format.sample)


def levels(sound: bytes, format: AudioFormat, low: int | None, high: int | None, step: int) -> NDArray[np.float64]:
    """The levels of the sound, handed over in pieces of so many frames."""
    loudness, size = Loudness(format, low, high), step * format.frame_bytes
    return np.concatenate([loudness.add(sound[at : at + size]) for at in range(0, len(sound), size)])


FORMATS = (
    AudioFormat(48_000, 1),
    AudioFormat(44_100, 2, SampleFormat.S24_3LE),
    AudioFormat(192_000, 1, SampleFormat.S32_LE),
    AudioFormat(8000, 2),
)


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_a_tone_in_the_band_has_its_level_and_one_outside_has_none(format: AudioFormat) -> None:
    for hertz, there in ((2000, True), (1300, False), (3200, False)):
        found = levels(sine(hertz, format, -20.0), format, 1500, 3000, 1234)
        assert found == pytest.approx(SINE - 20, abs=0.2) if there else found.max() < -50


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_over_all_frequencies_an_offset_is_nothing(format: AudioFormat) -> None:
    assert levels(sine(1000, format, -12.0, offset=0.5), format, None, None, 999) == pytest.approx(SINE - 12, abs=0.1)


@pytest.mark.parametrize("band", [(None, None), (100, None), (None, 3000)])
def test_the_pieces_do_not_matter_and_nothing_is_measured_twice(band: tuple[int | None, int | None]) -> None:
    format = FORMATS[0]
    dice = np.random.default_rng(1)
    sound = pack((dice.standard_normal((48_000, 1)) * 2**27).astype(np.int32), format.sample)
    whole = levels(sound, format, *band, 48_000)
    assert np.array_equal(levels(sound, format, *band, 317), whole) and 98 < len(whole) <= 100


@pytest.mark.parametrize("low", [None, 1000])
def test_each_level_belongs_to_its_hop(low: int | None) -> None:
    """A burst from 200 to 300 ms is loud in these ten hundredths, give or take one where windows overlap."""
    format = FORMATS[0]
    sound = np.zeros(48_000, np.int32)
    when = np.arange(4800) / 48_000
    sound[9600:14_400] = (np.sin(2 * np.pi * 2000 * when) * 2**30).astype(np.int32)
    loudness = Loudness(format, low, None)
    found = loudness.add(pack(sound[:, np.newaxis], format.sample))
    first = 1.0 - loudness.left / 48_000 - len(found) * 0.01
    loud = np.flatnonzero(found > -20)
    assert first + loud[0] * 0.01 == pytest.approx(0.2, abs=0.011)
    assert first + (loud[-1] + 1) * 0.01 == pytest.approx(0.3, abs=0.011)
