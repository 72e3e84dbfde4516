"""Makes a file by a recipe of a person's own, and proves it by decoding what was made."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import evolve

from appliance.metadata.wave import write
from appliance.models import AudioFormat, Clip, ClockStamp, Mark, SampleFormat
from appliance.recipes import RATES, Recipe
from appliance.renditions.proof import AUDIBLE, SILENT, out_of_length
from appliance.renditions.treat import Treated
from appliance.sums import sha256

if TYPE_CHECKING:
    import soundfile

_BLOCK_FRAMES = 65_536
_SAMPLES = {16: SampleFormat.S16_LE, 24: SampleFormat.S24_3LE, 32: SampleFormat.S32_LE}
_MP3_BIT_RATES = ((32_000, 32_000, 320_000), (16_000, 8_000, 160_000), (0, 8_000, 64_000))
"""From which rate on, the lowest and the highest bit rate: ISO/IEC 11172-3, 13818-3 and what LAME calls MPEG 2.5."""

_OPUS_BIT_RATES = (6_000, 256_000)
"""Of one channel, as libsndfile counts them."""

Write = Callable[["soundfile.SoundFile", Any], None]


def make(source: Path, made: Path, recipe: Recipe, clip: Clip, write_block: Write, check: Callable[[], None]) -> Clip:
    """Make a file of a clip's own, without the tags of encoded ones; the clip as it is in there.

    `write_block` puts a block into an open file and tells disk from format. Raises LibsndfileError, ValueError where
    the sound does not fit the format or what was made does not decode to it, OSError.
    """
    assert recipe.treatment
    known = next((RATES[step] for step in recipe.steps if step in RATES), ())
    sound = Treated(source, recipe.treatment, check, known)
    written = _Written()
    if "bwf" in recipe.steps:
        about = _moved(clip, sound, sound.bits)
        loudness = sound.loudness()
        write(made, about, map(_packed(sound.bits), written.of(_whole(sound, sound.bits))), loudness)
    elif "flac" in recipe.steps:
        bits = min(sound.bits, 24)
        about = _moved(clip, sound, bits)
        _encode(made, sound, written.of(_whole(sound, bits)), write_block, format="FLAC", subtype=f"PCM_{bits}")
    else:
        about = _moved(clip, sound, sound.bits)
        floats = (np.clip(block, -1.0, 1.0).astype(np.float32) for block in sound.blocks())
        _encode(made, sound, written.of(floats), write_block, **_lossy(recipe, sound))
    if wrong := written.missing(made, sound.rate, "bwf" in recipe.steps or "flac" in recipe.steps, check):
        raise ValueError(f"decoded again, {wrong}")
    return evolve(about, frames=written.frames)


class _Written:
    """What went into a file: how long it is, how loud, and its hash."""

    def __init__(self) -> None:
        self.frames = 0
        self._energy = 0.0
        self._samples = 0
        self._hash = sha256()

    def of(self, blocks: Iterator[Any]) -> Iterator[Any]:
        """The blocks, noted as they pass."""
        for block in blocks:
            self._note(block)
            yield block

    def _note(self, block: Any) -> None:
        self.frames += len(block)
        self._samples += block.size
        if block.dtype == np.int32:
            self._hash.update(block.tobytes())
        else:
            self._energy += float(block.var()) * block.size

    def missing(self, made: Path, rate: int, lossless: bool, check: Callable[[], None]) -> str:
        """In words, what of it the file does not decode to; empty where it does."""
        import soundfile

        again = _Written()
        with soundfile.SoundFile(made) as copy:
            if copy.samplerate != rate:
                return "it has another rate"
            for block in copy.blocks(_BLOCK_FRAMES, dtype="int32" if lossless else "float32", always_2d=True):
                check()
                again._note(block)
        if lossless:
            return "" if again._hash.digest() == self._hash.digest() else "it decodes to other samples"
        if wrong := out_of_length(again.frames / rate, self.frames / rate):
            return wrong
        return "it is silent" if self._rms > AUDIBLE and again._rms < SILENT else ""

    @property
    def _rms(self) -> float:
        return math.sqrt(self._energy / max(1, self._samples))


def _encode(made: Path, sound: Treated, blocks: Iterator[Any], write_block: Write, **file: Any) -> None:
    import soundfile

    with soundfile.SoundFile(made, "w", sound.rate, sound.channels, **file) as encoded:
        for block in blocks:
            write_block(encoded, block)


def _whole(sound: Treated, bits: int) -> Iterator[Any]:
    """Samples as whole numbers of 32 bits, of which the upper `bits` are used."""
    scale, lowest, shift = float(1 << bits - 1), -(1 << bits - 1), 32 - bits
    for block in sound.blocks():
        yield np.clip(np.rint(block * scale), lowest, -lowest - 1).astype(np.int32) << np.int32(shift)


def _packed(bits: int) -> Callable[[Any], bytes]:
    def packed(block: Any) -> bytes:
        octets = np.ascontiguousarray(block, "<i4").view(np.uint8).reshape(-1, 4)
        return octets[:, 4 - bits // 8 :].tobytes()

    return packed


def _lossy(recipe: Recipe, sound: Treated) -> dict[str, Any]:
    assert recipe.treatment
    wanted = recipe.treatment.bit_rate
    if "opus" in recipe.steps:
        low, high = (sound.channels * each for each in _OPUS_BIT_RATES)
        return {"format": "OGG", "subtype": "OPUS", **_level(wanted, low, high)}
    low, high = next(rates for rate, *rates in _MP3_BIT_RATES if sound.rate >= rate)
    constant = {"bitrate_mode": "CONSTANT"} if wanted else {}
    return {"format": "MP3", "subtype": "MPEG_LAYER_III", **constant, **_level(wanted, low, high)}


def _level(wanted: int, low: int, high: int) -> dict[str, float]:
    """What libsndfile calls the level of compression: 0 is the highest bit rate, and it refuses 1."""
    return {"compression_level": min(max((high - wanted) / (high - low), 0.0), 0.99)} if wanted else {}


def _moved(clip: Clip, sound: Treated, bits: int) -> Clip:
    """The clip as it is in the file: what is known of places in it, and when it began, moves with what was cut off."""
    format = AudioFormat(sound.rate, sound.channels, _SAMPLES[bits])
    delay = round(sound.first / sound.recorded_rate * 1e9)

    def place(offset: int) -> int:
        return round((min(max(offset, sound.first), sound.end) - sound.first) * sound.rate / sound.recorded_rate)

    def inside(offset: int) -> bool:
        return sound.first <= offset <= sound.end

    def later(stamp: ClockStamp) -> ClockStamp:
        return evolve(stamp, wall_ns=stamp.wall_ns + delay, monotonic_ns=stamp.monotonic_ns + delay)

    def lasts(frames: int) -> int:
        return round(frames * sound.rate / sound.recorded_rate)

    marks: tuple[Mark, ...] = tuple(
        evolve(each, offset=place(each.offset)) for each in clip.marks if inside(each.offset)
    )
    return evolve(
        clip,
        format=format,
        marks=marks,
        pauses=tuple(evolve(each, offset=place(each.offset)) for each in clip.pauses if inside(each.offset)),
        gaps=tuple(
            evolve(
                each,
                offset=place(each.offset),
                frames=place(each.offset + each.frames) - place(each.offset) if each.filled else lasts(each.frames),
                uncertainty=lasts(each.uncertainty),
            )
            for each in clip.gaps
            if inside(each.offset) or (each.filled and inside(each.offset + each.frames))
        ),
        started=later(clip.started),
        corrected=clip.corrected and later(clip.corrected),
    )
