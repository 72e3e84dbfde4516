"""AAC that still comes, as radio sends it: frames of ADTS, which FFmpeg decodes through PyAV.

FFmpeg is given the bytes that have come, and opens nothing itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from appliance.audio.arriving import Arrival
from appliance.audio.beyond import look_for_av
from appliance.errors import Unplayable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_BLOCK = 4096
_MOST_DAMAGED = 200
"""Frames in a row that cannot be decoded, some seconds: then it is no AAC any more."""


class Alone:
    """A way of reading behind which nothing follows that would be read another way."""

    def has_more(self) -> bool:
        """Whether something does."""
        return False

    def next(self) -> NoReturn:
        """See `has_more`."""
        raise Unplayable("nothing follows")


class AdtsStream(Alone):
    """The frames of an arrival from the byte `begin` on: how they come, and what decodes them."""

    endless = True
    frames = 0
    subtype = "AAC"
    spare = 16_384

    def __init__(self, arrival: Arrival, name: str, begin: int) -> None:
        """Raises DecoderMissing without PyAV."""
        look_for_av(name, "AAC")
        self._arrival = arrival
        self._at = begin
        self._damaged = 0
        self.samplerate = 0
        self.channels = 0

    def open(self) -> "AdtsStream":
        """Ready to be read. Raises soundfile.SoundFileError where no frame can be decoded."""
        av: Any = import_module("av")
        import numpy as np
        import soundfile

        self._av, self._np = av, np
        self._error: type[Exception] = soundfile.SoundFileError
        self._codec: Any = av.CodecContext.create("aac", "r")
        self._resampler: Any = None
        self._of: tuple[Any, ...] = ()
        self._ended = False
        self._ready: Samples = np.empty((0, 2), np.float32)
        while not self.samplerate and not self._ended:
            self._decode_more()
        if not self.samplerate:
            raise self._error("no frame of AAC can be decoded")
        return self

    def read(self, frames: int, **_: Any) -> "Samples":
        """The next frames; fewer only at the end. Raises SoundFileError where it is no AAC any more."""
        while len(self._ready) < frames and not self._ended:
            self._decode_more()
        block, self._ready = self._ready[:frames], self._ready[frames:]
        return block

    def ahead(self) -> int:
        """Bytes that have come and were not read yet."""
        return self._arrival.size() - self._at

    def read_so_far(self) -> int:
        """Bytes from the start that were read."""
        return self._at

    def abandon(self) -> None:
        """Read no further."""
        self._ended = True

    def _decode_more(self) -> None:
        block = self._arrival.read(self._at, _BLOCK)
        self._at += len(block)
        self._arrival.passed(self._at)
        self._ended = self._ended or not block
        for packet in self._codec.parse(block):
            try:
                found = self._codec.decode(packet)
                self._damaged = 0
            except self._av.error.FFmpegError as error:
                self._damaged += 1
                if self._damaged > _MOST_DAMAGED:
                    raise self._error(f"FFmpeg cannot go on: {error}") from error
                continue
            for frame in found:
                self._append(frame)

    def _append(self, frame: Any) -> None:
        """What follows is made like the first frame, should a station change its format."""
        of = (frame.sample_rate, frame.layout.name)
        if not self.samplerate:
            self.samplerate, self.channels = frame.sample_rate, len(frame.layout.channels)
            self._layout = frame.layout
            self._ready = self._np.empty((0, self.channels), self._np.float32)
        if of != self._of:
            self._of, self._resampler = of, self._av.AudioResampler("flt", self._layout, self.samplerate)
        frame.pts = None
        blocks = [each.to_ndarray().reshape(-1, self.channels) for each in self._resampler.resample(frame)]
        self._ready = self._np.concatenate((self._ready, *blocks))
