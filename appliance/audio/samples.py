"""Blocks of samples as a speaker takes them."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from appliance.models import SampleFormat

Floats = NDArray[np.float32]
"""Shape (frames, channels), full scale 1.0."""

Block = NDArray[Any]
"""As such, or as 16-bit files have them: what nothing is done to need not be made floats."""

_NARROW = np.float32(2**-15)
"""What the last bit of 16 counts."""

T = TypeVar("T", np.float32, np.float64)


def full_scale(block: Block) -> Floats:
    """The same as floats."""
    floats: Floats = np.multiply(block, _NARROW, dtype=np.float32) if block.dtype == np.int16 else block
    return floats


def joined(*blocks: Block) -> Block:
    """One behind the other."""
    filled = [block for block in blocks if len(block)]
    if len(filled) <= 1:
        return filled[0] if filled else blocks[0]
    if len({block.dtype for block in filled}) > 1:
        return np.concatenate([full_scale(block) for block in filled])
    return np.concatenate(filled, dtype=filled[0].dtype.type)


def to_channels(block: Block, channels: int) -> Block:
    """The same sound in `channels` channels: one is repeated, two are mixed evenly; the third and others are silent."""
    have = block.shape[1]
    if have < channels > 2:
        padded: Block = np.pad(to_channels(block, 2), ((0, 0), (0, channels - 2)))
        return padded
    if have == channels:
        return block
    mono = block if have == 1 else full_scale(block).mean(axis=1, keepdims=True)
    repeated: Block = np.repeat(mono, channels, axis=1)
    return repeated


def to_pcm(block: Block, sample: SampleFormat, factor: float = 1.0) -> bytes:
    """The sound, `factor` times as loud, as a speaker takes it, the loudest at its limits."""
    scaled: Floats
    if block.dtype == np.int16 and sample is SampleFormat.S16_LE and factor <= 1:
        if factor == 1:
            return block.tobytes()
        scaled = np.multiply(block, np.float32(factor), dtype=np.float32)
        return np.rint(scaled, out=scaled).astype("<i2").tobytes()
    block = full_scale(block)
    if sample is SampleFormat.FLOAT_LE:
        scaled = np.clip(block * np.float32(factor), -1, 1)
        return scaled.astype("<f4").tobytes()
    limit = 1 << 8 * sample.bytes - 1
    if sample is SampleFormat.S16_LE:
        scaled = block * np.float32(factor * limit)
        return _whole(scaled, limit).astype("<i2").tobytes()
    whole = _whole(block.astype(np.float64) * (factor * limit), limit)
    octets: NDArray[np.uint8] = whole.astype("<i4").view(np.uint8).reshape(-1, 4)
    return octets[:, : sample.bytes].tobytes()


def _whole(scaled: NDArray[T], limit: int) -> NDArray[T]:
    """Rounded in place, the loudest at the limits. What NumPy's `clip` does beside that costs more than the work."""
    np.rint(scaled, out=scaled)
    np.maximum(scaled, -limit, out=scaled)
    np.minimum(scaled, limit - 1, out=scaled)
    return scaled
