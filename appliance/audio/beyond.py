"""What libsndfile cannot read (AAC, M4A, ALAC, WMA ...), decoded by FFmpeg through PyAV, where that is installed."""

import mmap
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, BinaryIO

from appliance.audio.aac import seconds_of_aac
from appliance.audio.mpeg import after_tags
from appliance.errors import DecoderMissing
from appliance.extras import installing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_KINDS = (
    (4, b"ftyp", "M4A", "mov"),
    (4, b"moov", "M4A", "mov"),
    (0, b"\xff\xf1", "AAC", "aac"),  # ADTS, ISO/IEC 13818-7, 6.2
    (0, b"\xff\xf9", "AAC", "aac"),
    (0, b"\x30\x26\xb2\x75", "WMA", "asf"),
    (0, b"\x1a\x45\xdf\xa3", "WebM", "matroska"),
    (0, b"#!AMR", "AMR", "amr"),
    (0, b"wvpk", "WavPack", "wv"),
    (0, b"MAC ", "APE", "ape"),
    (0, b"TTA1", "TTA", "tta"),
    (0, b"MPCK", "Musepack", "mpc8"),
    (0, b"DSD ", "DSF", "dsf"),
    (0, b"\x0b\x77", "AC-3", "ac3"),
    (0, b"FLV\x01", "FLV", "flv"),
    (8, b"AVI ", "AVI", "avi"),
    (28, b"Speex   ", "Speex", "ogg"),
    (28, b"\x7fFLAC", "FLAC in Ogg", "ogg"),
    (28, b"alac", "ALAC in CAF", "caf"),
    (28, b"opus", "Opus in CAF", "caf"),
    (20, b"\x45\x00", "G.726 in WAV", "wav"),
    (20, b"\x61\x01", "WMA in WAV", "wav"),
)
"""How files begin, what people call them, and what FFmpeg is to read them as. It is never left to guess: some of what
it knows names other files to be read."""

HEAD = 64
"""Bytes from the beginning in which that is seen."""


def kind_of(head: bytes) -> str:
    """The kind of sound that a file begins like, where PyAV is needed for it; else empty."""
    return next((name for at, magic, name, _ in _KINDS if head[at : at + len(magic)] == magic), "")


def missing(name: str, kind: str) -> DecoderMissing:
    """What is told of a sound of that kind where PyAV is not installed."""
    wanted = installing("av")
    return DecoderMissing(
        f"this is {kind}, which needs PyAV. Install it: sudo apt install python3-av, or {wanted}; or use MP3", name
    )


def look_for_av(name: str, kind: str) -> None:
    """Raises DecoderMissing where PyAV, which that kind of sound needs, is not installed."""
    if find_spec("av") is None:
        raise missing(name, kind)


def _opened(av: Any, file: BinaryIO, format: str) -> Any:
    """The container, whatever its tags are. PyAV 19 reads them when asked for them, and has no word for that here."""
    try:
        return av.open(file, "r", format=format, metadata_errors="replace")
    except TypeError:
        return av.open(file, "r", format=format)


class AvSound:
    """As the decoder wants it: samples are floats, positions are frames. Raises ImportError without PyAV, and
    soundfile.SoundFileError for what is no sound, or damaged.
    """

    subtype = "FLOAT"

    def __init__(self, file: BinaryIO, kind: str) -> None:
        av: Any = import_module("av")
        import numpy as np
        import soundfile

        self._np = np
        self._error: type[Exception] = soundfile.SoundFileError
        self._foreign: tuple[type[Exception], ...] = (av.error.FFmpegError, ValueError, IndexError)
        try:
            self._container: Any = _opened(av, file, next(format for *_, name, format in _KINDS if name == kind))
            self._stream: Any = self._container.streams.audio[0]
        except self._foreign as error:
            raise self._error(f"FFmpeg cannot read it: {error}") from error
        context = self._stream.codec_context
        self.samplerate: int = context.sample_rate
        self.channels: int = len(context.layout.channels)
        told = self._stream.duration
        self.counted = told is not None
        seconds = float(told * self._stream.time_base) if told else (self._container.duration or 0) / av.time_base
        if kind == "AAC":  # FFmpeg guesses, and does not say so
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                seconds = seconds_of_aac(data, after_tags(data))
        self.frames: int = round(seconds * self.samplerate)
        self._ready: Samples = np.empty((0, self.channels), np.float32)
        self._resampler: Any = av.AudioResampler("flt", context.layout, self.samplerate)
        self._blocks: Iterator[Samples] = self._decoded(0)

    def read(self, frames: int, **_: Any) -> "Samples":
        """The next frames; fewer only at the end. Raises SoundFileError where the file is damaged."""
        try:
            while len(self._ready) < frames and (block := next(self._blocks, None)) is not None:
                self._ready = self._np.concatenate((self._ready, block))
        except self._foreign as error:
            raise self._error(f"FFmpeg cannot go on: {error}") from error
        block, self._ready = self._ready[:frames], self._ready[frames:]
        return block

    def seek(self, frame: int) -> None:
        """Go on at this frame. Raises SoundFileError."""
        try:
            self._container.seek(int(frame / self.samplerate / self._stream.time_base), stream=self._stream)
        except self._foreign as error:
            raise self._error(f"FFmpeg cannot go there: {error}") from error
        self._begin(frame)

    def close(self) -> None:
        """Close it."""
        self._container.close()

    def _begin(self, frame: int) -> None:
        self._ready = self._np.empty((0, self.channels), self._np.float32)
        self._blocks = self._decoded(frame)

    def _decoded(self, begin: int) -> "Iterator[Samples]":
        """Blocks of samples from the frame `begin` on; a seek leads to one before it."""
        for found in self._container.decode(self._stream):
            at = begin if found.pts is None else round(float(found.pts * found.time_base) * self.samplerate)
            for frame in self._resampler.resample(found):
                block = frame.to_ndarray().reshape(-1, self.channels)
                yield block[max(0, begin - at) :]
                at += len(block)
