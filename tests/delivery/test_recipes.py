"""Recipes of a person's own make what they say, of sound as it is recorded."""

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from attrs import evolve, frozen
from numpy.typing import NDArray
from wavinfo import WavInfoReader

from appliance.audio.loudness import Loudness, LoudnessMeter
from appliance.config.loader import parse, usable
from appliance.config.renditions import all_recipes
from appliance.config.settings import DestinationSettings, Settings
from appliance.errors import Cancelled, ConfigError, Permanent
from appliance.events import DeliverySucceeded, FaultRaised
from appliance.models import AudioFormat, Clip, Gap, GapCause, Mark, Pause, SampleFormat
from appliance.recipes import BWF, FLAC, MP3, OPUS, Recipe, Treatment, treated
from appliance.renditions import make, treat
from appliance.renditions.encode import encode
from appliance.renditions.maker import Renditions
from appliance.simulation.sound import numbered, speech
from appliance.testing.backends import MemoryBackend

Box = Any
Sound = NDArray[np.float64]
RATE = 48_000


def tone(decibels: float, seconds: float, hertz: float = 440, rate: int = RATE) -> Sound:
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def quiet(seconds: float, rate: int = RATE) -> Sound:
    return np.zeros(round(seconds * rate))


def clip_of(box: Box, *channels: Sound, rate: int = RATE) -> Clip:
    samples = np.rint(np.stack(channels, axis=1) * 32767).astype("<i2")
    clip: Clip = box.clip(samples.tobytes(), AudioFormat(rate, len(channels)))
    return clip


def made(box: Box, clip: Clip, format: str = "wav", **treatment: Any) -> Path:
    recipe = treated("mine", format, Treatment(**treatment))
    return Renditions(box.store, box.clock).prepare(clip, recipe).path


def sound_of(path: Path) -> Sound:
    sound: Sound = soundfile.read(path, always_2d=True)[0]
    return sound


def level(sound: Sound) -> float:
    return 20 * math.log10(max(1e-9, math.sqrt(2 * float((sound**2).mean()))))


def loudness(path: Path) -> Loudness:
    sound, rate = soundfile.read(path, always_2d=True)
    meter = LoudnessMeter(rate, sound.shape[1])
    meter.add(sound)
    return meter.result()


@pytest.mark.parametrize("sample", [SampleFormat.S16_LE, SampleFormat.S24_3LE, SampleFormat.S32_LE])
@pytest.mark.parametrize("format", ["wav", "flac"])
def test_what_is_not_treated_keeps_its_samples(box: Box, format: str, sample: SampleFormat) -> None:
    recorded = AudioFormat(RATE, 2, sample)
    clip = box.clip(numbered(0, 70_000, recorded), recorded)
    before = soundfile.read(box.path(clip), dtype="int32")[0]
    after = soundfile.read(made(box, clip, format), dtype="int32")[0]
    rounded = 128 if format == "flac" and sample is SampleFormat.S32_LE else 0
    assert np.abs(before.astype(np.int64) - after).max() <= rounded


@pytest.mark.parametrize(("format", "bits"), [("wav", 16), ("wav", 24), ("wav", 32), ("flac", 16), ("flac", 24)])
def test_bits_are_rounded_or_added(box: Box, format: str, bits: int) -> None:
    recorded = AudioFormat(RATE, 1, SampleFormat.S32_LE)
    values = (np.random.default_rng(bits).integers(-(1 << 31), 1 << 31, 5000) & ~0xFF).astype("<i4")
    path = made(box, box.clip(values.tobytes(), recorded), format, bits=bits)
    assert soundfile.info(path).subtype == f"PCM_{bits}"
    after = soundfile.read(path, dtype="int32")[0].astype(np.int64)
    assert np.abs(after - values).max() <= (0 if bits > 16 else 1 << 16)
    assert abs((after - values).mean()) < (1 << 12)


@pytest.mark.parametrize(
    ("wanted", "left", "right"), [("left", 1, 0), ("right", 0, 1), ("mono", 0.5, 0.5), ("mix", 1, 1)]
)
def test_channels(box: Box, wanted: str, left: float, right: float) -> None:
    one, other = tone(-20, 0.5, 300), tone(-30, 0.5, 1000)
    found = sound_of(made(box, clip_of(box, one, other), channels=wanted))
    assert found.shape == (24_000, 1)
    assert np.abs(found[:, 0] - left * one - right * other).max() < 1e-4
    assert made(box, clip_of(box, one), channels=wanted).exists(), "of mono, too"


def test_where_the_first_channel_is_clipped_the_second_mends_it(box: Box) -> None:
    voice = tone(-12, 0.6) * np.repeat([1.0, 8.0, 1.0], RATE // 5)  # 6 dB too loud in its middle
    clip = clip_of(box, np.clip(voice, -1, 1), voice / 10)
    mended = sound_of(made(box, clip, bits=24, channels="safety", gain=-10.0))
    assert mended.shape == (len(voice), 1)
    assert mended[:, 0] == pytest.approx(voice * 10 ** (-10 / 20), abs=0.003)
    assert np.abs(np.diff(mended[:, 0])).max() < 0.05, "no click where it goes from one to the other"
    spoiled = sound_of(made(box, clip, bits=24, channels="left", gain=-10.0))[:, 0]
    assert np.abs(spoiled - voice * 10 ** (-10 / 20)).max() > 0.2
    assert sound_of(box.store.clips.path(clip)).shape[1] == 2, "the original is as it was"


@pytest.mark.parametrize("second", ["another", "silent"])
def test_a_second_channel_that_is_no_safety_is_left_out(box: Box, second: str) -> None:
    voice = np.clip(tone(3, 0.2), -1, 1)
    other = {"another": tone(-20, 0.2, 555), "silent": quiet(0.2)}[second]
    mended = sound_of(made(box, clip_of(box, voice, other), channels="safety"))
    assert mended[:, 0] == pytest.approx(voice, abs=1e-4)


def test_what_is_mended_is_the_same_in_blocks_as_in_one() -> None:
    voice, hiss = tone(4, 0.2), np.random.default_rng(1).normal(0, 0.003, RATE // 5)
    sound = np.stack((np.clip(voice, -1, 1), voice / 10 + hiss), axis=1)

    def mended(size: int) -> Sound:
        return np.concatenate(
            list(treat._mended(lambda: (sound[at : at + size] for at in range(0, len(sound), size)), RATE)())
        )

    assert mended(1007) == pytest.approx(mended(len(sound)), abs=1e-9)


def test_rumble_goes_and_speech_stays(box: Box) -> None:
    rumble, voice = tone(-20, 2, 20), tone(-20, 2, 1000)
    assert level(sound_of(made(box, clip_of(box, rumble), high_pass=80.0))[RATE:]) < -42
    assert level(sound_of(made(box, clip_of(box, voice), high_pass=80.0))[RATE:]) == pytest.approx(-20, abs=0.1)


def test_silence_is_cut_off_where_that_is_wanted_and_places_move_with_it(box: Box) -> None:
    clip = clip_of(box, np.concatenate((quiet(3), tone(-20, 1), quiet(1), tone(-30, 1), quiet(2))))
    recipe: dict[str, Any] = {"trim_margin": 0.5, "trim_head": True}
    assert len(sound_of(made(box, clip, **recipe))) == pytest.approx(5.5 * RATE, abs=960)
    assert len(sound_of(made(box, clip, **recipe, trim_tail=True))) == pytest.approx(4 * RATE, abs=960)
    assert len(sound_of(made(box, clip, trim_margin=0.5, trim_tail=True))) == pytest.approx(6.5 * RATE, abs=960)
    assert len(sound_of(made(box, clip, **recipe, trim_below=-25.0, trim_tail=True))) == pytest.approx(
        2 * RATE, abs=960
    )
    silent = clip_of(box, quiet(1))
    assert len(sound_of(made(box, silent, **recipe, trim_tail=True))) == RATE, "something must be left"


def test_what_is_known_of_places_in_the_sound_moves_with_them(box: Box, tmp_path: Path) -> None:
    clip = clip_of(box, np.concatenate((quiet(3), tone(-20, 3), quiet(2))))
    gaps = (Gap(4 * RATE, 4800, 48, GapCause.OVERRUN),)
    marks = (Mark(10), Mark(3 * RATE), Mark(5 * RATE))
    clip = evolve(clip, marks=marks, gaps=gaps, pauses=(Pause(5 * RATE, 1.5),))
    recipe = treated("mine", "wav", Treatment(trim_head=True, trim_margin=1.0, rate=24_000))
    target = tmp_path / "made.wav"
    encode(box.path(clip), target, recipe, clip, lambda: None)
    info = WavInfoReader(target)
    assert [cue.sample_offset for cue in info.cues.cues] == [24_000, 3 * 24_000]
    guano = target.read_bytes().split(b"guan")[1]
    assert b'"offset": 48000, "frames": 2400' in guano or b'"offset":48000,"frames":2400' in guano
    began = clip.started.wall_ns / 1e9 + clip.started.utc_offset + 2
    assert info.bext.time_reference == pytest.approx(began % 86_400 * 24_000, abs=24)


def test_gain_and_fade(box: Box) -> None:
    clip = clip_of(box, tone(-30, 1))
    found = sound_of(made(box, clip, gain=6.0, fade=0.1))[:, 0]
    assert len(found) == RATE
    assert level(found[10_000:40_000]) == pytest.approx(-24, abs=0.05)
    assert level(found[:480]) < -50 and level(found[-480:]) < -50
    assert level(found[2160:2640]) == pytest.approx(-30, abs=1.5), "half of it in the middle"
    assert len(sound_of(made(box, clip_of(box, tone(-30, 0.05)), fade=0.1))) == 2400, "shorter than its fade"


@pytest.mark.parametrize("format", ["wav", "flac", "opus", "mp3"])
def test_it_gets_as_loud_as_is_wanted(box: Box, format: str) -> None:
    clip = clip_of(box, np.concatenate((tone(-38, 6), quiet(1), tone(-34, 3))))
    assert loudness(made(box, clip, format, loudness=-16.0, true_peak=-1.0)).integrated == pytest.approx(-16, abs=0.5)


def test_a_plop_keeps_no_speech_from_getting_loud_and_no_peak_is_too_high(box: Box) -> None:
    frames = np.arange(10 * RATE)
    plop = 0.5 * np.exp(-(((frames - 200_000) / 40) ** 2)) * np.sin(2 * np.pi * frames / 4 + math.pi / 4)
    voice = np.frombuffer(speech(0, 10 * RATE, AudioFormat(RATE, 1)), "<i2") / 32768 * 0.3
    clip = clip_of(box, voice + plop)
    before = loudness(box.path(clip))
    path = made(box, clip, bits=24, loudness=-16.0, true_peak=-1.0)
    after = loudness(path)
    assert before.true_peak + (-16 - before.integrated) > 10, "it would be far too high"
    assert after.true_peak <= -0.9
    assert after.integrated == pytest.approx(-16, abs=0.3)


def test_what_was_nothing_is_not_made_loud(box: Box) -> None:
    noise = np.random.default_rng(1).standard_normal(5 * RATE) * 10 ** (-75 / 20)
    assert loudness(made(box, clip_of(box, noise), loudness=-16.0)).integrated < -35
    assert not sound_of(made(box, clip_of(box, quiet(1)), loudness=-16.0)).any()


@pytest.mark.parametrize(
    ("format", "rate", "bit_rate", "comes_out"),
    [("mp3", 22_050, 64_000, 22_050), ("mp3", 0, 128_000, 48_000), ("opus", 24_000, 32_000, 24_000)],
)
def test_rate_and_bit_rate(box: Box, format: str, rate: int, bit_rate: int, comes_out: int) -> None:
    recorded = AudioFormat(96_000, 2)
    clip = box.clip(speech(0, recorded.frames(8), recorded), recorded)
    path = made(box, clip, format, rate=rate, bit_rate=bit_rate)
    info = soundfile.info(path)
    assert info.samplerate == comes_out
    assert info.duration == pytest.approx(8, abs=0.15)
    assert path.stat().st_size == pytest.approx(bit_rate, rel=0.35)


def test_a_long_clip_is_the_same_in_blocks_as_in_one(box: Box) -> None:
    """Every step carries what it knows from one block into the next."""
    sound = np.concatenate((quiet(0.2), tone(-9, 2.1, 997), tone(-3, 0.4, 12_000), tone(-20, 1.3, 331)))
    steps: dict[str, Any] = {"high_pass": 100.0, "rate": 44_100, "gain": 6.0, "true_peak": -3.0, "fade": 0.05}
    whole = sound_of(made(box, clip_of(box, sound), **steps))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(treat, "_BLOCK_FRAMES", 4_099)
        pieces = sound_of(made(box, clip_of(box, sound), **steps))
    assert whole.shape == pieces.shape
    assert np.abs(whole - pieces).max() < 1e-4


STEPS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "trim": {"trim_head": True, "trim_tail": True},
    "loudness": {"loudness": -20.0, "true_peak": -1.0},
    "true peak": {"true_peak": -20.0},
    "fade": {"fade": 1.0},
    "safety": {"channels": "safety", "true_peak": -1.0},
    "rate": {"rate": 44_100},
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_a_clip_of_any_length_is_made(box: Box, steps: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one of which the last block holds a few frames alone."""
    monkeypatch.setattr(treat, "_BLOCK_FRAMES", 4800)
    for rest in (1, 5, 11, 12, 31, 100, 479):
        for frames in (rest, 9600 + rest):
            found = sound_of(made(box, clip_of(box, *[tone(-9, 1)[:frames]] * 2), **steps))
            assert len(found) == pytest.approx(frames * steps.get("rate", RATE) / RATE, abs=1)


@pytest.mark.parametrize(
    "recipe", [BWF, FLAC, OPUS, MP3, treated("mine", "wav", Treatment())], ids=lambda made: made.name
)
@pytest.mark.parametrize("rest", [1, 31])
def test_a_clip_that_is_hardly_longer_than_its_blocks_is_made(box: Box, recipe: Recipe, rest: int) -> None:
    clip = clip_of(box, tone(-9, 3)[: 65_536 + rest])
    found, _ = soundfile.read(Renditions(box.store, box.clock).prepare(clip, recipe).path)
    assert len(found) == pytest.approx(65_536 + rest, abs=0 if recipe.name in ("mine", "bwf", "flac") else 2500)


@pytest.mark.parametrize("recipe", [MP3, treated("mine", "mp3", Treatment(gain=1.0))], ids=["mp3", "mine"])
def test_more_channels_than_a_format_holds_are_said_and_may_be_made_one(box: Box, recipe: Recipe) -> None:
    clip = clip_of(box, *[tone(-20, 1)] * 4)
    with pytest.raises(Permanent, match="it has 4 channels, mp3 holds 2: a recipe with `channels: mono` makes one"):
        Renditions(box.store, box.clock).prepare(clip, recipe)
    assert soundfile.info(made(box, clip, "mp3", channels="mono")).channels == 1


def test_what_decodes_to_something_else_is_never_sent(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = clip_of(box, tone(-20, 1))
    packed = make._packed
    monkeypatch.setattr(make, "_packed", lambda bits: lambda block: packed(bits)(block ^ (1 << 20)))
    with pytest.raises(Permanent, match="decodes to other samples"):
        made(box, clip)
    assert not list(box.store.places.renditions.iterdir())


def test_it_ends_soon_when_it_is_cancelled_and_leaves_nothing(box: Box) -> None:
    clip = clip_of(box, tone(-20, 3))
    calls = list[int]()

    def check() -> None:
        calls.append(1)
        if len(calls) > 5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        Renditions(box.store, box.clock).prepare(clip, treated("mine", "flac", Treatment(loudness=-16.0)), check)
    assert not list(box.store.places.renditions.iterdir())


# -- on the way --------------------------------------------------------------------------------------------------------


def test_a_destination_gets_it_and_it_goes_when_it_has_arrived(new_box: Callable[..., Box]) -> None:
    box = new_box(cloud="podcast")
    box.recipes = all_recipes(settings(FILE).renditions)
    box.restart()
    clip = clip_of(box, np.concatenate((quiet(2), tone(-30, 4))))
    backend = MemoryBackend()
    box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded)
    [(name, content)] = backend.objects.items()
    assert name == f"{clip.name}.podcast.mp3"
    sound, rate = soundfile.read(io.BytesIO(content))
    assert (rate, sound.ndim) == (RATE, 1) and len(sound) == pytest.approx(4.3 * RATE, abs=0.1 * RATE)
    box.settle(lambda: not list(box.store.places.renditions.iterdir()))


def test_a_recipe_that_was_taken_out_waits_until_it_is_back(new_box: Callable[..., Box]) -> None:
    box = new_box(cloud="podcast")
    clip_of(box, tone(-20, 1))
    backend = MemoryBackend()
    box.deliver(cloud=backend)
    [raised] = box.events.wait(FaultRaised)
    assert "1 delivery as 'podcast'" in raised.fault.message and "`renditions`" in raised.fault.message
    assert not backend.attempts
    box.recipes = all_recipes(settings(FILE).renditions)
    box.restart()
    box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded)


# -- configuration -----------------------------------------------------------------------------------------------------


@frozen
class NoOptions:
    """A backend without options."""


def settings(text: str) -> Settings:
    return parse(text, "config.yaml", {DestinationSettings: {"memory": NoOptions}}, {})


FILE = """
renditions:
  podcast:
    format: mp3
    channels: mono
    bit_rate: 96000
    steps:
      high_pass: 80
      trim: {head: true, tail: true}
      loudness: -16
destinations:
  cloud: {backend: memory, deliver_as: podcast}
"""


def test_a_recipe_is_found_by_its_name() -> None:
    found = settings(FILE)
    assert found.destinations["cloud"].deliver_as == "podcast"
    assert all_recipes(found.renditions)["podcast"] == Recipe(
        "podcast",
        ".podcast.mp3",
        "audio/mpeg",
        ("rate of mp3", "mp3", "tags"),
        Treatment(
            channels="mono",
            high_pass=80.0,
            trim_head=True,
            trim_tail=True,
            trim_margin=0.3,
            loudness=-16.0,
            true_peak=-1.0,
            bit_rate=96_000,
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("deliver_as: podcast", "deliver_as: podcats", 'podcats", expected .* or podcast; did you mean "podcast"'),
        ("podcast:", "flac:", "renditions.flac: flac is there already"),
        ("format: mp3", "format: ogg", "format"),
        ("bit_rate: 96000", "rate: 96000", "expected what mp3 knows: 8000"),
        ("bit_rate: 96000", "bits: 16", "which takes none"),
        ("format: mp3", "format: flac", "flac loses nothing, and has no bit rate"),
        ("loudness: -16", "loudness: 16", "between -50 and -5"),
    ],
)
def test_what_cannot_be_made_is_said_at_once(before: str, after: str, words: str) -> None:
    assert before in FILE
    with pytest.raises(ConfigError, match=words):
        settings(FILE.replace(before, after, 1))


def test_a_box_starts_without_a_recipe_that_is_wrong_and_clips_wait_for_it() -> None:
    text = FILE.replace("format: mp3", "format: ogg") + "  stick: {backend: memory}\n"
    found = usable(text, "config.yaml", {DestinationSettings: {"memory": NoOptions}}, {})
    assert found.left_out.keys() == {"renditions.podcast", "destinations.cloud"}
    assert found.settings.destinations["cloud"].deliver_as == "podcast"
    assert found.settings.destinations["stick"].backend == "memory"
