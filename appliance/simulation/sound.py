"""Sounds for fakes and tests: one that carries its own frame numbers, and a short speech.

`speech.flac` beside this module is synthesised speech (espeak-ng, voice en-gb), 16 kHz mono; no person was recorded.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.models import AudioFormat, SampleFormat
from appliance.values import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.int32]

Sound = Callable[[int, int, AudioFormat], bytes]
"""What a fake microphone hears: `sound(first, frames, format)` are the bytes of `frames` frames from number `first`."""

SPEECH = Path(__file__).with_name("speech.flac")

_BLOCK = 65_536
_SHORTEST = 8
"""Frames of a stretch that is no accident: any two frames tell some number."""


def numbered(first: int, frames: int, format: AudioFormat) -> bytes:
    """The signal whose every two neighbouring frames tell their frame number, up to 2**31.

    The upper 16 bits of an even frame's sample are `(n >> 1 & 0x7FFF) << 1 | 1`, those of an odd one
    `((n >> 16) + 1 & 0x7FFF) << 1`; no sample is ever zero. The bits below, where the format has them, are the low
    16 bits of n. Every second channel is inverted. The test card in `tests/testcard` makes the same signal in C.
    """
    import numpy as np

    number = np.arange(first, first + frames, dtype=np.int64)
    even = ((number >> 1) & 0x7FFF) << 1 | 1
    odd = (((number >> 16) + 1) & 0x7FFF) << 1
    sample = (np.where(number & 1, odd, even) << 16 | number & 0xFFFF).astype(np.int32)
    sign = np.where(np.arange(format.channels) & 1, np.int32(-1), np.int32(0))
    return pack(sample[:, np.newaxis] ^ sign, format.sample)


@frozen
class Stretch:
    """A piece of numbered sound without a loss: where it begins in the data, its first frame's number, its length."""

    offset: int
    first: int
    frames: int


def stretches(data: bytes, format: AudioFormat) -> Sequence[Stretch]:
    """Find the unbroken pieces of `numbered` sound in `data`; digital silence between them is skipped.

    Raises ValueError where something is neither. Every sample of every channel is compared.
    """
    import numpy as np

    frames = np.frombuffer(data, np.uint8).reshape(-1, format.frame_bytes)
    found: list[Stretch] = []
    offset = 0
    while offset < len(frames):
        silent = _leading(np.all(frames[offset : offset + _BLOCK] == 0, axis=1))
        if silent:
            offset += silent
            continue
        if offset + 1 == len(frames):
            break
        first = _number(frames[offset : offset + 2], format)
        length = 0
        while offset + length < len(frames):
            block = frames[offset + length : offset + length + _BLOCK]
            wanted = np.frombuffer(numbered(first + length, len(block), format), np.uint8).reshape(block.shape)
            same = _leading(np.all(block == wanted, axis=1))
            length += same
            if same < len(block):
                break
        if length < min(_SHORTEST, len(frames) - offset):
            raise ValueError(f"frame {offset} is neither numbered sound nor silence")
        found.append(Stretch(offset, first, length))
        offset += length
    return found


def missing(data: bytes, format: AudioFormat) -> int:
    """How many frames of `numbered` sound were lost between the first and the last frame of `data`."""
    pieces = stretches(data, format)
    return sum(after.first - before.first - before.frames for before, after in pairwise(pieces))


def speech(first: int, frames: int, format: AudioFormat) -> bytes:
    """The shipped speech in an endless loop, resampled to the format's rate, the same in every channel."""
    return looped(SPEECH)(first, frames, format)


@cache
def looped(path: Path) -> Sound:
    """The first channel of a sound file in an endless loop, in whatever format is wanted."""

    def sound(first: int, frames: int, format: AudioFormat) -> bytes:
        import numpy as np

        samples = _resampled(path, format.rate)
        wanted = samples[np.arange(first, first + frames) % len(samples)]
        return pack(np.repeat(wanted[:, np.newaxis], format.channels, axis=1), format.sample)

    return sound


def louder(data: bytes, format: AudioFormat, factor: float) -> bytes:
    """The sound so many times as loud; what is beyond full scale is clipped."""
    if factor == 1.0:
        return data
    import numpy as np

    from appliance.pcm import integers

    narrow = format.sample is SampleFormat.S16_LE
    samples = integers(data, format.sample).astype(float) * (2**16 if narrow else 1) * factor
    return pack(np.clip(np.round(samples), -(2**31), 2**31 - 1).astype(np.int32), format.sample)


def pack(samples: "Samples", sample: SampleFormat) -> bytes:
    """Samples of 32 bits, frame by frame, as bytes; narrower formats keep the upper bits."""
    import numpy as np

    if sample is SampleFormat.S16_LE:
        return (samples >> 16).astype("<i2").tobytes()
    octets = np.ascontiguousarray(samples, "<i4").view(np.uint8).reshape(-1, 4)
    return octets[:, 4 - sample.bytes :].tobytes()


@cache
def _resampled(path: Path, rate: int) -> "Samples":
    import numpy as np
    import soundfile
    import soxr

    read, file_rate = soundfile.read(path, dtype="float32", always_2d=True)
    resampled = soxr.resample(read[:, 0], file_rate, rate)
    samples: Samples = (np.clip(resampled, -1, 1) * 0x7FFF_FF00).astype(np.int32)
    return samples


def _leading(flags: "NDArray[np.bool_]") -> int:
    """How many flags at the front are true."""
    return len(flags) if flags.all() else int(flags.argmin())


def _number(pair: "NDArray[np.uint8]", format: AudioFormat) -> int:
    """The frame number of the first of two neighbouring frames."""
    upper: Any = pair[:, format.sample.bytes - 2 : format.sample.bytes].copy().view("<u2").ravel().astype(int)
    here, following = (int(value) for value in upper)
    if here & 1:
        return (((following >> 1) - 1) & 0x7FFF) << 16 | here & ~1
    return (((here >> 1) - 1) & 0x7FFF) << 16 | (following & ~1) - 1 & 0xFFFF
