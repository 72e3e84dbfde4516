"""Any sound file as a stream of frames at the speaker's rate: libsndfile reads it, soxr resamples it.

WAV and RF64, FLAC, Ogg (Vorbis, Opus), MP3 and whatever else libsndfile knows. Samples are floats, full scale is 1.0;
16-bit samples pass through unchanged at their own rate.
"""

import mmap
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from appliance.audio.beyond import HEAD, AvSound, kind_of, missing
from appliance.audio.ends import breaks_off, ends_whole
from appliance.audio.mpeg import TAG_HEAD, after_tags
from appliance.audio.resampling import resampler
from appliance.audio.sndfile import Sound
from appliance.errors import TroubleKind, Unplayable
from appliance.phrases import counted
from appliance.recipes import ENCRYPTED

if TYPE_CHECKING:
    from appliance.audio.samples import Block

_BLOCK = 4096
"""Frames read from the file at once, at least."""

_LEAST = 256
"""The same, where it is damaged."""

_RATES = range(1000, 768_001)
_MOST_CHANNELS = 64
_MISSING = 0.25
"""Seconds that may be missing at the end: MP3 headers tell the length roughly."""

_CHECKED_RATE = 48_000


class Decoder:
    """One open sound file. Only one thread uses it.

    Raises Unplayable where the file cannot be read; a damaged one is played up to the damage. More than two channels
    are mixed to one.
    """

    def __init__(self, path: Path, rate: int, *, narrow: bool = False) -> None:
        """`narrow` leaves 16-bit samples as they are where nothing is done to them."""
        import numpy as np
        import soundfile

        from appliance.audio.samples import full_scale, joined

        self._np = np
        self._full_scale = full_scale
        self._joined = joined
        self._error: type[Exception] = soundfile.SoundFileError
        self._name = path.name
        if path.suffix == ENCRYPTED:
            raise Unplayable(
                f"cannot play '{self._name}': it is kept encrypted, and only whoever has the private key can hear it"
            )
        with ExitStack() as opened:
            try:
                if not stat.S_ISREG(path.stat().st_mode):
                    raise Unplayable(f"cannot play '{self._name}': it is not a file", TroubleKind.FILE)
                file = opened.enter_context(path.open("rb", buffering=0))
            except (FileNotFoundError, ValueError):
                raise Unplayable(f"cannot play '{self._name}': there is no such file", TroubleKind.FILE) from None
            except OSError as error:
                raise Unplayable(f"cannot play '{self._name}': {error.strerror}", TroubleKind.FILE) from error
            try:
                self._file: Sound | AvSound = Sound(file, opened)
            except soundfile.SoundFileError as error:
                self._file = self._beyond(file, opened, error)
            if self._file.samplerate not in _RATES or not 1 <= self._file.channels <= _MOST_CHANNELS:
                raise Unplayable(
                    f"cannot play '{self._name}': {self._file.samplerate} Hz with "
                    f"{counted(self._file.channels, 'channel')} makes no sense. The file is damaged"
                )
            if self._file.frames <= 0:
                raise Unplayable(f"cannot play '{self._name}': there is no sound in it")
            self._opened, self._bytes = opened.pop_all(), file
        self._rate = rate
        self._narrow = narrow and self._file.subtype == "PCM_16" and self._file.channels <= 2
        self._ready: Block
        self.channels: int = self._file.channels if self._file.channels <= 2 else 1
        """Channels of what `read` returns."""
        self._file_rate: int = self._file.samplerate
        self.seconds: float = self._file.frames / self._file_rate
        """Duration: as the file tells it, as its frames were counted, or as its size lets guess."""
        self.estimated: bool = not self._file.counted
        """Whether it was guessed."""
        self._resampler = resampler(self._file_rate, self._rate, self.channels)
        self._begin(0)

    def _beyond(self, file: BinaryIO, opened: ExitStack, error: Exception) -> AvSound:
        """As PyAV reads it, what libsndfile cannot. Raises Unplayable."""
        file.seek(0)
        file.seek(after_tags(file.read(TAG_HEAD)))
        kind = kind_of(file.read(HEAD))
        file.seek(0)
        if kind:
            try:
                found = AvSound(file, kind)
                opened.callback(found.close)
                return found
            except ImportError:
                raise missing(self._name, kind) from error
            except self._error:
                pass
        raise Unplayable(
            f"cannot play '{self._name}': this is no sound that can be read. Use WAV, FLAC, Ogg, Opus or MP3"
        ) from error

    @property
    def nothing(self) -> "Block":
        """A block without a frame."""
        return self._np.empty((0, self.channels), self._np.float32)

    @property
    def position(self) -> float:
        """Seconds from the start of the file to what `read` returns next."""
        return self._first / self._file_rate + self._taken / self._rate

    def read(self, frames: int) -> "Block":
        """The next `frames` frames, shape (frames, channels); fewer only at the end.

        Raises Unplayable at the place where the file is damaged or cut off.
        """
        while not self._ended and len(self._ready) < frames:
            block = self._decode(max(_BLOCK, frames))
            self._ready = self._joined(self._ready, block)
        block, self._ready = self._ready[:frames], self._ready[frames:]
        if not len(block) and self._damage:
            raise self._damage
        self._taken += len(block)
        return block

    def seek(self, seconds: float) -> None:
        """Go on at `seconds` from the start; beyond the end is the end."""
        frame = round(min(max(0.0, seconds * self._file_rate), self._file.frames))
        try:
            self._go_to(frame)
        except self._error as error:
            raise self._damaged_at(seconds) from error
        if self._resampler:
            self._resampler.clear()
        self._begin(frame)

    def convert_to(self, rate: int) -> None:
        """Go on at the same place, at another rate."""
        if rate == self._rate:
            return
        position, self._rate = self.position, rate
        self._resampler = resampler(self._file_rate, self._rate, self.channels)
        self.seek(position)

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def _begin(self, frame: int) -> None:
        self._first = self._next = frame
        self._taken = 0
        self._ended = False
        self._damage: Unplayable | None = None
        self._ready = self.nothing

    def _decode(self, frames: int) -> "Block":
        np, narrow = self._np, self._file.subtype == "PCM_16"  # libsndfile turns samples into floats one by one
        dtype = "int16" if narrow else "float32"
        try:
            block = self._file.read(frames, dtype=dtype, always_2d=True)
        except self._error:
            block = self._before_damage(frames, dtype)
            self._damage = self._damaged_at((self._next + len(block)) / self._file_rate)
        if narrow and (self._resampler or not self._narrow):
            block = self._full_scale(block)
        self._next += len(block)
        if len(block) < frames:
            self._ended = True
            if self._file.counted and self._next < self._file.frames - _MISSING * self._file_rate:
                self._damage = self._damaged_at(self._next / self._file_rate)
            elif not self._damage and breaks_off(_mapped(self._bytes)):
                self._damage = Unplayable(f"'{self._name}' is damaged: its end is missing. Fetch it anew")
        if self._file.subtype in ("FLOAT", "DOUBLE"):
            block = np.clip(np.nan_to_num(block), -1, 1)
        if block.shape[1] > 2:
            block = block.mean(axis=1, keepdims=True)
        if self._resampler:
            block = self._resampler.resample_chunk(np.ascontiguousarray(block), last=self._ended)
        samples: Block = block
        return samples

    def _before_damage(self, frames: int, dtype: str) -> Any:
        """What can be read yet of so many frames: libsndfile says nothing of what it has read before it failed."""
        blocks = [self._np.empty((0, self._file.channels), dtype)]
        for step in (_LEAST, 1):
            with suppress(self._error):
                self._begin_anew()
                self._file.seek(self._next + (here := sum(map(len, blocks))))
                for _ in range((frames - here) // step):
                    blocks.append(self._file.read(step, dtype=dtype, always_2d=True))
        return self._np.concatenate(blocks)

    def _go_to(self, frame: int) -> None:
        try:
            self._file.seek(frame)
        except self._error:
            self._begin_anew()
            self._file.seek(frame)

    def _begin_anew(self) -> None:
        """Where it has met damage, libsndfile reads FLAC no further, and goes nowhere in it."""
        if isinstance(self._file, Sound):
            self._file = Sound(self._bytes, self._opened)

    def _damaged_at(self, seconds: float) -> Unplayable:
        return Unplayable(
            f"'{self._name}' is damaged: nothing can be read after {seconds:.1f} s of {self.seconds:.1f} s. "
            "Fetch it anew"
        )


def check_sound(path: Path) -> None:
    """Look whether a file could be played. Raises Unplayable where it is no sound that can be read."""
    Decoder(path, _CHECKED_RATE).close()


def check_ends(path: Path) -> None:
    """As `check_sound`, and decode the first and the last second. Raises Unplayable where one is damaged."""
    decoder = Decoder(path, _CHECKED_RATE)
    try:
        decoder.read(_CHECKED_RATE)
        decoder.seek(max(0.0, decoder.seconds - 1.0))
        while len(decoder.read(_BLOCK)):
            pass
    finally:
        decoder.close()


def check_whole(path: Path) -> bool:
    """Whether a file that can be played ends as its format says, so that nothing of it is missing.

    An MP3 without an index may end after any of its frames.
    """
    decoder = Decoder(path, _CHECKED_RATE)
    try:
        while len(decoder.read(_BLOCK)):
            pass
    except Unplayable:
        return False
    finally:
        decoder.close()
    with path.open("rb") as file:
        return ends_whole(_mapped(file))


def _mapped(file: BinaryIO) -> mmap.mmap:
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
