import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audio.levels import Meter, verdict
from appliance.models import SILENCE_DBFS, AudioFormat, Levels, SampleFormat, Verdict

WHOLE_NUMBERS = [SampleFormat.S16_LE, SampleFormat.S24_3LE, SampleFormat.S32_LE]
formats = st.builds(AudioFormat, st.just(48_000), st.integers(1, 5), st.sampled_from(WHOLE_NUMBERS))


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


@pytest.mark.slow
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
        (Levels(-10, -40, silent=0.991, active=0.07), 2.0, Verdict.SILENT),
        (Levels(-10, -40, silent=0.99, active=0.08), 2.0, Verdict.OK),
        (Levels(-10, -40, silent=0.999, active=0.001), 3600.0, Verdict.OK),
        (Levels(-69.9, -80), 2.0, Verdict.TOO_QUIET),
        (Levels(-40.1, -60), 2.0, Verdict.TOO_QUIET),
        (Levels(-40, -60), 2.0, Verdict.OK),
        (Levels(0, -3, clipped=0.0011), 2.0, Verdict.CLIPPING),
        (Levels(0, -3, clipped=0.001), 2.0, Verdict.OK),
    ],
)
def test_the_verdict_follows_the_levels(levels: Levels, seconds: float, expected: Verdict) -> None:
    assert verdict(levels, seconds, 0.5) is expected


@pytest.mark.parametrize(("lost", "expected"), [(0.99, Verdict.OK), (1.0, Verdict.GAPS)])
def test_a_clip_that_lacks_a_second_is_not_simply_well(lost: float, expected: Verdict) -> None:
    assert verdict(Levels(-10, -20), 60.0, 0.5, lost) is expected
    assert verdict(Levels(-50, -60), 60.0, 0.5, lost) is Verdict.TOO_QUIET


# -- whether the microphone is alive -----------------------------------------------------------------------------------

RATE = 48_000
CHANCE = np.random.default_rng(7)
Sound = np.ndarray


def noise(seconds: float, dbfs: float) -> Sound:
    return CHANCE.normal(0, 10 ** (dbfs / 20), round(seconds * RATE))


def tone(seconds: float, hertz: float, dbfs: float) -> Sound:
    wave: Sound = np.sin(np.arange(round(seconds * RATE)) * 2 * np.pi * hertz / RATE) * 10 ** (dbfs / 20)
    return wave


def words(seconds: float, dbfs: float) -> Sound:
    """Something like speech: a third of a second, a little less of it, a pause, and again."""
    loudness = np.repeat(np.resize([1.0, 0.3, 0.02], round(seconds * 6) + 1), RATE // 6)[: round(seconds * RATE)]
    return np.asarray(tone(seconds, 1000, dbfs) * loudness)


def plop(seconds: float) -> Sound:
    return 0.6 * np.exp(-np.arange(round(seconds * RATE)) / 300)


def judged(samples: Sound, channels: int = 1, piece: float = 0.25) -> Verdict:
    format = AudioFormat(RATE, channels)
    meter = Meter(format)
    data = np.repeat(np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2"), channels).tobytes()
    step = format.frames(piece) * format.frame_bytes
    for begin in range(0, len(data), step):
        meter.add(data[begin : begin + step])
    return verdict(meter.levels, len(samples) / RATE, 0.5)


@pytest.mark.parametrize("dc", [0.0, 0.03, -0.3])
@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(10 * RATE),
        noise(10, -84),
        plop(10) + noise(10, -84),
        noise(10, -45),
        tone(10, 50, -32) + noise(10, -80),
        tone(10, 100, -32) + plop(10),
    ],
    ids=["nothing", "the last bits", "a plop", "noise", "hum", "hum and a plop"],
)
def test_a_dead_microphone_is_never_well(sound: Sound, dc: float) -> None:
    assert judged(sound + dc) is not Verdict.OK


@pytest.mark.slow
@pytest.mark.parametrize("piece", [0.0123, 0.25, 12.0])
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize(
    "sound",
    [
        words(5, -12),
        words(5, -12) + 0.03,
        words(5, -35) + noise(5, -60),
        words(0.5, -12),
        np.r_[np.zeros(600 * RATE), words(1, -10), np.zeros(600 * RATE)],
        np.r_[noise(60, -50), words(1, -10) + noise(1, -50), noise(60, -50)],
        tone(5, 1000, -10),
    ],
    ids=["words", "with an offset", "quiet", "a short word", "a word in zeros", "a word in noise", "a loud tone"],
)
def test_a_living_one_is(sound: Sound, channels: int, piece: float) -> None:
    if len(sound) > 200 * RATE and (channels > 1 or piece < 0.1):
        pytest.skip("takes long and tells no more")
    assert judged(sound, channels, piece) is Verdict.OK


@settings(deadline=None, max_examples=30)
@given(st.floats(40, 20_000), st.floats(-30, -1), st.integers(0, 2**32 - 1))
def test_no_tone_keeps_step_with_the_samples_that_are_looked_at(hertz: float, dbfs: float, seed: int) -> None:
    pauses = np.repeat(np.random.default_rng(seed).integers(0, 2, 8), RATE // 4)
    pauses[: RATE // 2] = np.repeat([0, 1], RATE // 4)
    assert judged(tone(2, hertz, dbfs) * pauses) is Verdict.OK
