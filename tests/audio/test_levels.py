import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audio.levels import Meter, verdict
from appliance.models import SILENCE_DBFS, AudioFormat, Levels, SampleFormat, Verdict

formats = st.builds(AudioFormat, st.just(48_000), st.integers(1, 5), st.sampled_from(SampleFormat))


def pack(format: AudioFormat, samples: list[int]) -> bytes:
    """Samples of the format's own width as bytes."""
    return b"".join(sample.to_bytes(format.sample.bytes, "little", signed=True) for sample in samples)


def decibels(share: float) -> float:
    return 20 * math.log10(share) if share else SILENCE_DBFS


@st.composite
def sounds(draw: st.DrawFn) -> tuple[AudioFormat, list[int]]:
    format = draw(formats)
    limit = 2 ** (format.sample.bytes * 8 - 1)
    values = st.one_of(st.integers(-limit, limit - 1), st.sampled_from([0, 0, limit - 1, -limit]))
    frames = draw(st.integers(1, 20))
    return format, draw(st.lists(values, min_size=frames * format.channels, max_size=frames * format.channels))


@settings(deadline=None)
@given(sounds(), st.integers(0, 20))
def test_levels_agree_with_their_definition(sound: tuple[AudioFormat, list[int]], split: int) -> None:
    format, samples = sound
    limit = 2 ** (format.sample.bytes * 8 - 1)
    highest = limit - 256 if format.sample is SampleFormat.S32_LE else limit - 1
    frames = [samples[at : at + format.channels] for at in range(0, len(samples), format.channels)]
    meter = Meter(format)
    data = pack(format, samples)
    meter.add(data[: split * format.frame_bytes])
    meter.add(memoryview(data)[split * format.frame_bytes :])
    levels = meter.levels
    assert levels.clipped == sum(any(s >= highest or s == -limit for s in frame) for frame in frames) / len(frames)
    assert levels.silent == sum(not any(frame) for frame in frames) / len(frames)
    peak = decibels(max(abs(s) for s in samples) / limit)
    rms = decibels(math.sqrt(sum(s * s for s in samples) / len(samples)) / limit)
    assert levels.peak_dbfs == pytest.approx(max(peak, SILENCE_DBFS), abs=0.01)
    assert levels.rms_dbfs == pytest.approx(max(rms, SILENCE_DBFS), abs=0.01)


def test_a_full_scale_sine_has_its_textbook_levels() -> None:
    samples = np.round(np.sin(np.arange(48_000) * 2 * np.pi * 997 / 48_000) * 32767).astype("<i2")
    meter = Meter(AudioFormat())
    meter.add(samples.tobytes())
    assert meter.levels.peak_dbfs == 0.0
    assert meter.levels.rms_dbfs == pytest.approx(-3.01, abs=0.01)


def test_a_stretch_is_what_came_since_the_last_one() -> None:
    format = AudioFormat(channels=2)
    meter = Meter(format)
    meter.add(pack(format, [16384, 0, 0, 0]))
    assert meter.stretch() == pytest.approx((-6.02, -12.04), abs=0.01)
    meter.add(pack(format, [164, 164]))
    assert meter.stretch() == pytest.approx((-46.01, -46.01), abs=0.01)
    assert meter.stretch() == (SILENCE_DBFS, SILENCE_DBFS)
    assert meter.levels.peak_dbfs == -6.02


def test_nothing_is_as_quiet_as_can_be() -> None:
    meter = Meter(AudioFormat())
    meter.add(b"")
    assert meter.levels == Levels()


@pytest.mark.parametrize(
    ("levels", "seconds", "expected"),
    [
        (Levels(-10, -20), 2.0, Verdict.OK),
        (Levels(-10, -20), 0.49, Verdict.TOO_SHORT),
        (Levels(), 0.49, Verdict.TOO_SHORT),
        (Levels(), 2.0, Verdict.SILENT),
        (Levels(-70, -80), 2.0, Verdict.SILENT),
        (Levels(-10, -40, silent=0.991), 2.0, Verdict.SILENT),
        (Levels(-10, -40, silent=0.99), 2.0, Verdict.OK),
        (Levels(-69.9, -80), 2.0, Verdict.TOO_QUIET),
        (Levels(-40.1, -60), 2.0, Verdict.TOO_QUIET),
        (Levels(-40, -60), 2.0, Verdict.OK),
        (Levels(0, -3, clipped=0.0011), 2.0, Verdict.CLIPPING),
        (Levels(0, -3, clipped=0.001), 2.0, Verdict.OK),
    ],
)
def test_the_verdict_follows_the_levels(levels: Levels, seconds: float, expected: Verdict) -> None:
    assert verdict(levels, seconds, 0.5) is expected
