"""Is anybody there? More constructed recordings: what settles after steps, what is soft, what people record outdoors.

Each is made with several seeds, of which the last two decide: no number of the rule was chosen by them.
"""

from collections.abc import Callable

import numpy as np
import pytest

from appliance.audio.levels import Meter, verdict
from appliance.models import AudioFormat, SampleFormat, Verdict
from tests.audio.test_anybody import (
    RATE,
    Sound,
    clicks,
    crackle,
    gain,
    hum,
    judged,
    noise,
    nothing,
    speech,
    time,
    tone,
    within,
)

SEEDS = (20, 21, 22, 101, 102)


def shaped(seconds: float, dbfs: float, seed: int, shape: Callable[[Sound], Sound]) -> Sound:
    """Noise whose spectrum is multiplied by what `shape` makes of frequencies."""
    size = round(seconds * RATE)
    sound = np.fft.irfft(
        np.fft.rfft(noise(seconds, 0, seed)) * shape(np.asarray(np.fft.rfftfreq(size, 1 / RATE), float)), size
    )
    return np.asarray(sound / np.sqrt(np.mean(sound**2)) * gain(dbfs))


def room(seconds: float, dbfs: float, seed: int) -> Sound:
    """Pink noise."""
    return shaped(seconds, dbfs, seed, lambda hertz: 1 / np.sqrt(np.maximum(hertz, 5)))


def wind(seconds: float, dbfs: float, seed: int) -> Sound:
    gusts = 1 + 0.8 * np.sin(2 * np.pi * time(seconds) / 3.3 + seed)
    return np.asarray(shaped(seconds, dbfs, seed, lambda hertz: np.where((hertz > 5) & (hertz < 120), 1.0, 0)) * gusts)


def plops(seconds: float, times: int, dbfs: float, seed: int, decay: float) -> Sound:
    chance, sound = np.random.default_rng(seed), nothing(seconds)
    for at in chance.uniform(0.3, seconds - 0.3, times):
        since = time(seconds) - at
        sound += np.where(since >= 0, np.exp(-np.maximum(since, 0) / decay), 0) * chance.choice([-1, 1]) * gain(dbfs)
    return sound


def word(seconds: float, length: float, dbfs: float, seed: int) -> Sound:
    """Two syllables."""
    chance, half = np.random.default_rng(seed), round(length * RATE) // 2
    loudness, pitch = np.r_[np.hanning(half), np.hanning(half) * chance.uniform(0.5, 1)], chance.uniform(110, 220)
    voice = sum((tone(length, pitch * n, -3 * n) for n in range(1, 12)), noise(length, -25, seed))[: 2 * half]
    return within(seconds, loudness * voice / np.max(np.abs(voice)) * gain(dbfs), chance.uniform(1, seconds - 2))


def whisper(seconds: float, dbfs: float, seed: int) -> Sound:
    breath = shaped(seconds, 0, seed, lambda hertz: np.where((hertz > 800) & (hertz < 6000), 1.0, 0))
    loudness = np.convolve(np.abs(speech(seconds, 0, seed)), np.ones(400) / 400, "same")
    return np.asarray(breath * loudness / np.max(loudness) / 3 * gain(dbfs))


def birds(seconds: float, dbfs: float, seed: int, times: int) -> Sound:
    chance, sound = np.random.default_rng(seed), nothing(seconds)
    for at in chance.uniform(0.2, seconds - 0.5, times):
        length = chance.uniform(0.08, 0.3)
        hertz = chance.uniform(2500, 6000) + chance.uniform(-1500, 1500) * time(length) / length
        call = np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * np.hanning(len(hertz)) * gain(dbfs)
        sound += within(seconds, call, at)
    return sound


def piano(seconds: float, dbfs: float, hertz: float, at: float) -> Sound:
    since = time(seconds - at)
    strings = (np.sin(2 * np.pi * hertz * n * since + n) * np.exp(-since * (1.2 + 0.6 * n)) / n for n in range(1, 8))
    note = sum(strings, nothing(seconds - at))
    return within(seconds, note / np.max(np.abs(note)) * gain(dbfs), at)


def gated(seconds: float, dbfs: float, seed: int) -> Sound:
    sound = speech(seconds, dbfs, seed)
    return np.where(np.convolve(np.abs(sound), np.ones(800) / 800, "same") > gain(dbfs - 24), sound, 0)


def glitches(sound: Sound, times: int, seed: int) -> Sound:
    """A bus that delivers a millisecond of zeros now and then."""
    for at in np.random.default_rng(seed).uniform(0.2, len(sound) / RATE - 0.2, times):
        sound[round(at * RATE) :][: RATE // 1000] = 0
    return sound


def hopping(sound: Sound, times: int, seed: int) -> Sound:
    """A bus that drops some samples now and then."""
    chance = np.random.default_rng(seed)
    drops = [
        np.arange(20, 400)[: chance.integers(1, 380)] + chance.integers(RATE, len(sound) - RATE) for _ in range(times)
    ]
    return np.delete(sound, np.concatenate(drops))


def settling(times: int, decay: float, dbfs: float) -> Callable[[int], Sound]:
    return lambda seed: crackle(20, times, dbfs, seed, decay) + noise(20, -70, seed)


def soft_word(length: float) -> Callable[[int], Sound]:
    return lambda seed: word(20, length, -26, seed) + room(20, -50, seed)


NOBODY: dict[str, Callable[[int], Sound]] = {
    **{
        f"{times} steps that settle in {decay * 1000:.0f} ms, at {dbfs} dBFS": settling(times, decay, dbfs)
        for decay in (0.005, 0.01, 0.02, 0.05, 0.08)
        for times, dbfs in ((3, -4), (6, -10), (12, -6))
    },
    "three plops in digital zero": lambda seed: crackle(20, 3, -4, seed, 0.02),
    "three plops in four seconds": lambda seed: plops(4, 3, -4, seed, 0.03) + noise(4, -72, seed),
    "thirty plops": lambda seed: plops(30, 30, -6, seed, 0.02) + noise(30, -70, seed),
    "plops in hum": lambda seed: plops(20, 8, -6, seed, 0.03) + hum(20, -36) + noise(20, -75, seed),
    "hum that drifts": lambda seed: hum(30, -30) * (1 + 0.25 * np.sin(time(30) / 4 + seed)) + noise(30, -70, seed),
    "hum and one click": lambda seed: hum(10, -32) + clicks(10, 1, -3, seed),
    "hum of a mains that wanders": lambda seed: (
        np.sin(2 * np.pi * 50 * time(20) + np.sin(time(20) + seed) / 2) * gain(-28) + noise(20, -72, seed)
    ),
    "loud noise for minutes": lambda seed: noise(300, -28, seed),
    "an offset that swings": lambda seed: 0.3 * np.sin(2 * np.pi * time(30) / 11 + seed) + noise(30, -72, seed),
    "zeros in hum beside an offset": lambda seed: glitches(hum(20, -34) + 0.05, 10, seed),
    "zeros in noise beside an offset": lambda seed: glitches(noise(20, -60, seed) + 0.1, 10, seed),
    "drops in hum": lambda seed: hopping(hum(20, -30) + noise(20, -70, seed), 10, seed),
    "drops in the whistle of 1 kHz of a USB bus": lambda seed: hopping(tone(20, 1000, -40) + noise(20, -75), 10, seed),
}

SOMEBODY: dict[str, Callable[[int], Sound]] = {
    **{f"a word of {length} s, soft in a room": soft_word(length) for length in (0.3, 0.4)},
    "a word of 0.4 s, soft in a noisy room": lambda seed: word(8, 0.4, -21, seed) + room(8, -45, seed),
    "a word in five minutes through a gate": lambda seed: within(300, gated(2, -16, seed), 100),
    "speech through a gate": lambda seed: gated(20, -16, seed),
    "a whisper": lambda seed: whisper(8, -15, seed) + noise(8, -60, seed),
    "birds": lambda seed: birds(30, -26, seed, 4) + room(30, -58, seed),
    "birds in wind": lambda seed: birds(30, -22, seed, 6) + wind(30, -30, seed) + noise(30, -70, seed),
    "speech in wind": lambda seed: speech(20, -16, seed) + wind(20, -28, seed),
    "one note of a piano": lambda seed: piano(6, -16, 60 + seed * 7, 1) + noise(6, -70, seed),
    "a note with which the clip begins": lambda seed: piano(4, -16, 60 + seed * 7, 0.02) + noise(4, -66, seed),
    "a second of speech": lambda seed: speech(1, -14, seed) + noise(1, -66, seed),
    "a deep voice": lambda seed: within(10, np.hanning(RATE) * hum(1, -14, 85), 3) + noise(10, -66, seed),
    "speech that clips a little": lambda seed: np.clip(speech(10, -1, seed), -0.85, 0.85),
    "a few words, and a plug that crackles": (
        lambda seed: within(30, speech(2, -18, seed), 12) + crackle(30, 20, -8, seed, 0.02) + noise(30, -70, seed)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NOBODY)
def test_nobody_is_there(name: str, seed: int) -> None:
    assert judged(NOBODY[name](seed), AudioFormat(RATE)) in (Verdict.SILENT, Verdict.TOO_QUIET)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SOMEBODY)
def test_somebody_is_there(name: str, seed: int) -> None:
    assert judged(SOMEBODY[name](seed), AudioFormat(RATE)) is Verdict.OK


@pytest.mark.parametrize("sample", [SampleFormat.S16_LE, SampleFormat.S24_3LE, SampleFormat.S32_LE])
@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
def test_neither_rate_nor_samples_nor_a_dead_channel_matter(rate: int, sample: SampleFormat) -> None:
    """Speech, and a plug that crackles, each at one of two channels."""
    for sound, expected in ((speech(5, -16), Verdict.OK), (crackle(5, 6, -6, 8, 0.02) + noise(5, -70), Verdict.SILENT)):
        at = np.arange(round(5 * rate)) * RATE / rate
        full_scale = 2.0 ** (8 * sample.bytes - 1)
        left = np.interp(at, np.arange(len(sound)), sound) * full_scale
        whole = np.stack([left, np.zeros_like(left)], axis=1).astype("<i4")
        meter = Meter(AudioFormat(rate, 2, sample))
        meter.add(np.frombuffer(whole.tobytes(), np.uint8).reshape(-1, 4)[:, : sample.bytes].tobytes())
        assert verdict(meter.levels, 5, 0.5) is expected
