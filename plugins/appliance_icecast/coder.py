"""Codes sound as it comes: Opus in Ogg (RFC 7845) or MP3, for a stream that nobody can go back in."""

from typing import Any

import numpy as np
import soundfile
from attrs import frozen

from appliance.plugin import AudioFormat, FrameBlock
from appliance_icecast.options import Coding

MOST_CHANNELS = 2


@frozen
class Way:
    """How libsndfile calls a coding, and which rates it knows."""

    format: str
    subtype: str
    rates: tuple[int, ...]
    media_type: str


WAYS = {
    Coding.OPUS: Way("OGG", "OPUS", (8_000, 12_000, 16_000, 24_000, 48_000), "audio/ogg"),
    Coding.MP3: Way("MP3", "MPEG_LAYER_III", (16_000, 22_050, 24_000, 32_000, 44_100, 48_000), "audio/mpeg"),
}


class Coder:
    """One stream, in one format. Not usable after `close`."""

    def __init__(self, coding: Coding, format: AudioFormat) -> None:
        way = WAYS[coding]
        self._format = format
        self._channels = min(format.channels, MOST_CHANNELS)
        self._rate = format.rate if format.rate in way.rates else 48_000
        self._pages = _Pages()
        self._resampler: Any = None
        if self._rate != format.rate:
            import soxr

            self._resampler = soxr.ResampleStream(format.rate, self._rate, self._channels, dtype="float32")
        self._file = soundfile.SoundFile(self._pages, "w", self._rate, self._channels, way.subtype, format=way.format)

    def code(self, block: FrameBlock) -> bytes:
        """What there is to send once this has sounded too."""
        samples: Any = block.floats()[:, : self._channels]
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(np.ascontiguousarray(samples))
        self._file.write(samples)
        return self._pages.take()

    def close(self) -> bytes:
        """What there is to send at the end."""
        self._file.close()
        return self._pages.take()


class _Pages:
    """A file that is sent as it grows: what is written over its beginning afterwards comes too late."""

    def __init__(self) -> None:
        self._untaken = bytearray()
        self._at = self._end = 0

    def write(self, data: Any) -> int:
        content = bytes(data)
        if self._at == self._end:
            self._untaken += content
            self._end += len(content)
        self._at += len(content)
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, _: int = -1) -> bytes:
        return b""

    def take(self) -> bytes:
        """What has grown since the last time."""
        found = bytes(self._untaken)
        self._untaken.clear()
        return found
