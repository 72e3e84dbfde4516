"""Sound at another rate than it was recorded."""

from typing import Any


def resampler(file_rate: int, rate: int, channels: int) -> Any:
    """What converts blocks from one rate to the other; None where there is nothing to convert."""
    if file_rate == rate:
        return None
    import soxr

    return soxr.ResampleStream(file_rate, rate, channels, dtype="float32")


class Resampled:
    """An open `soundfile.SoundFile` as if it was of that rate, with so many channels."""

    def __init__(self, file: Any, rate: int, channels: int) -> None:
        self._file = file
        self.samplerate = rate
        self.channels = channels
        self.frames: int = round(file.frames * rate / file.samplerate)
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Go on at this frame."""
        self._file.seek(round(frame * self._file.samplerate / self.samplerate))
        self._resampler = resampler(self._file.samplerate, self.samplerate, self.channels)
        self._ready: Any = None
        self._ended = False

    def buffer_read_into(self, block: Any, dtype: str) -> int:
        """Fill the block, shape (frames, channels), as far as there is enough: with how many frames."""
        from appliance.audio.samples import joined, to_channels

        while not self._ended and (self._ready is None or len(self._ready) < len(block)):
            new = to_channels(self._file.read(len(block), dtype, always_2d=True), self.channels)
            self._ended = len(new) < len(block)
            if self._resampler:
                new = self._resampler.resample_chunk(new, last=self._ended)
            self._ready = new if self._ready is None else joined(self._ready, new)
        ready = self._ready[: len(block)]
        self._ready = self._ready[len(block) :]
        block[: len(ready)] = ready
        return len(ready)
