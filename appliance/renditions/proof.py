"""Proves a file that was made of a clip by decoding it again, before it takes the place of anything."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import soundfile

_BLOCK_FRAMES = 65_536

_PADDING = 0.15
"""Seconds by which a codec may make a file longer: MP3 decodes what it pads, and its delay."""

AUDIBLE, SILENT = 1e-2, 1e-5
"""RMS of full scale of what no codec makes silence of, and of silence. Offsets and what nobody hears they may drop."""


def differs(source: Path, made: Path, lossless: bool, check: Callable[[], None]) -> str:
    """In words, what of `made` is not what `source` holds; empty where it decodes to the same.

    To the same samples where it is `lossless`, of 32 bits the upper 24; else to the same length, and to no silence.
    Calls `check` between blocks, which may raise to end it. Raises LibsndfileError where one cannot be decoded.
    """
    import soundfile

    with soundfile.SoundFile(source) as original, soundfile.SoundFile(made) as copy:
        if lossless:
            return "" if _same(original, copy, check) else "it decodes to other samples"
        if wrong := out_of_length(copy.frames / copy.samplerate, original.frames / original.samplerate):
            return wrong
        if _rms(original, check) > AUDIBLE and _rms(copy, check) < SILENT:
            return "it is silent"
    return ""


def out_of_length(found: float, wanted: float) -> str:
    """In words, by how much more seconds are found than a codec adds or takes away; empty where it is not more."""
    longer = found - wanted
    if -_PADDING / 2 <= longer <= _PADDING:
        return ""
    return f"it is {abs(longer):.2f} s {'longer' if longer > 0 else 'shorter'}"


def _same(original: "soundfile.SoundFile", copy: "soundfile.SoundFile", check: Callable[[], None]) -> bool:
    if (original.frames, original.channels, original.samplerate) != (copy.frames, copy.channels, copy.samplerate):
        return False
    narrow = original.subtype == copy.subtype == "PCM_16"
    dtype = "int16" if narrow else "int32"
    both = zip(_blocks(original, dtype, check), _blocks(copy, dtype, check), strict=True)
    if narrow:
        return all((one == other).all() for one, other in both)
    return not any(((one ^ other) >> 8).any() for one, other in both)


def _rms(sound: "soundfile.SoundFile", check: Callable[[], None]) -> float:
    """Without the mean of each block."""
    energy = sum(float(block.var()) * block.size for block in _blocks(sound, "float32", check))
    return math.sqrt(energy / max(1, sound.frames * sound.channels))


def _blocks(sound: "soundfile.SoundFile", dtype: str, check: Callable[[], None]) -> Iterator[Any]:
    """Each is to be used before the next one, which takes its place."""
    import numpy as np

    for block in sound.blocks(out=np.empty((_BLOCK_FRAMES, sound.channels), dtype)):
        check()
        yield block
