"""Proves a file that was made of a clip by decoding it again, before it takes the place of anything."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import Cancelled

if TYPE_CHECKING:
    from concurrent.futures import Future

    import soundfile

_BLOCK_FRAMES = 65_536
_SHORT = 8 * _BLOCK_FRAMES
"""Frames that are no work for two."""

_LOOK = 0.2
"""Seconds from one look whether to go on to the next, while one half is ready before the other."""

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

    if lossless:
        return "" if _same(source, made, check) else "it decodes to other samples"
    with soundfile.SoundFile(source) as original, soundfile.SoundFile(made) as copy:
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


def _same(source: Path, made: Path, check: Callable[[], None]) -> bool:
    """Two halves at a time where they are long, on two threads: most of it is libsndfile, which Python need not wait
    for. The second thread is as ready to give way as the one that asks.
    """
    import soundfile

    with soundfile.SoundFile(source) as original, soundfile.SoundFile(made) as copy:
        if (original.frames, original.channels, original.samplerate) != (copy.frames, copy.channels, copy.samplerate):
            return False
        length: int = original.frames
    if length < _SHORT:
        return _same_part(source, made, 0, length, check)
    from concurrent.futures import ThreadPoolExecutor

    over = threading.Event()

    def goes_on() -> None:
        if over.is_set():
            raise Cancelled("the other half has failed")

    half = length // 2
    with ThreadPoolExecutor(1, "proof") as beside:
        second = beside.submit(_same_part, source, made, half, length - half, goes_on)
        try:
            return _same_part(source, made, 0, half, check) and _awaited(second, check)
        finally:
            over.set()


def _awaited(other: "Future[bool]", check: Callable[[], None]) -> bool:
    while True:
        check()
        with suppress(TimeoutError):
            return other.result(_LOOK)


def _same_part(source: Path, made: Path, first: int, frames: int, check: Callable[[], None]) -> bool:
    """Whether so many frames from there on are the same."""
    import soundfile

    with soundfile.SoundFile(source) as original, soundfile.SoundFile(made) as copy:
        narrow = original.subtype == copy.subtype == "PCM_16"
        dtype = "int16" if narrow else "int32"
        for sound in (original, copy):
            sound.seek(first)
        both = zip(_blocks(original, dtype, check, frames), _blocks(copy, dtype, check, frames), strict=True)
        if narrow:
            return all((one == other).all() for one, other in both)
        return not any(((one ^ other) >> 8).any() for one, other in both)


def _rms(sound: "soundfile.SoundFile", check: Callable[[], None]) -> float:
    """Without the mean of each block."""
    energy = sum(float(block.var()) * block.size for block in _blocks(sound, "float32", check))
    return math.sqrt(energy / max(1, sound.frames * sound.channels))


def _blocks(sound: "soundfile.SoundFile", dtype: str, check: Callable[[], None], frames: int = -1) -> Iterator[Any]:
    """Of so many frames, or all that are left. Each is to be used before the next one, which takes its place."""
    import numpy as np

    for block in sound.blocks(frames=frames, out=np.empty((_BLOCK_FRAMES, sound.channels), dtype)):
        check()
        yield block
