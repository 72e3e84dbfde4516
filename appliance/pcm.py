"""The bytes of a sound card as numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.models import AudioFormat, SampleFormat


def integers(data: bytes | memoryview, sample: SampleFormat) -> NDArray[Any]:
    """The samples as integers; those of 24 bits are the upper ones of 32."""
    if sample is SampleFormat.S16_LE:
        return np.frombuffer(data, "<i2")
    if sample is SampleFormat.S32_LE:
        return np.frombuffer(data, "<i4")
    padded = np.zeros((len(data) // 3, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return padded.reshape(-1).view("<i4")


def to_float(data: bytes | memoryview, format: AudioFormat) -> NDArray[np.float32]:
    """Frames as floats of full scale 1.0, shape (frames, channels)."""
    samples = integers(data, format.sample)
    full_scale = np.float32(2.0 ** (8 * samples.itemsize - 1))
    return (samples.astype(np.float32) / full_scale).reshape(-1, format.channels)
