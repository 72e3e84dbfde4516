"""Decodes sound that still comes, in its order. See `appliance.audio.arriving`.

It is never asked for more than has come, with something to spare: the caller looks at `is_dry` first.
"""

from contextlib import suppress
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.audio.arriving import Arrival
from appliance.audio.decode import Decoder
from appliance.audio.resampling import resampler
from appliance.audio.sndfile import NO_LENGTH
from appliance.audio.ways import way_of
from appliance.errors import DecoderMissing, Unplayable

if TYPE_CHECKING:
    from appliance.audio.samples import Block, Floats

_BLOCK = 4096
_SPARE_SECONDS = 0.3
"""So much of what is not compressed: more than is read at once."""

_STRIDE = 256
"""Blocks that are passed over at once: so few that nobody waits long who wants something else meanwhile."""

_AT_ONCE = 0.1
"""Seconds: at twice the speed, and rounded up to a block, still less than that."""

_WIDTHS = {"PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}


class LiveDecoder:
    """As `Decoder`, of sound that still comes. Raises Unplayable where it is none, and where it broke off.

    Of what is kept it goes anywhere: it decodes what comes before that once more, or sooner, until it is there. Radio
    goes only forward. Once all is there, it is an ordinary file.
    """

    estimated = True

    def __init__(self, arrival: Arrival, name: str, rate: int) -> None:
        import numpy as np
        import soundfile

        from appliance.audio.samples import to_channels

        self._np = np
        self._to_channels = to_channels
        self._arrival = arrival
        self._name = name
        self._rate = rate
        self._error: type[Exception] = soundfile.SoundFileError
        self._dry = False
        self._rest_later = False
        """Whether what follows can be read only once all is there: another file joined to the first."""
        self._whole: Decoder | None = None
        self._skipped = 0
        """Frames of the file that are still to be passed over."""
        self._decoded = 0
        self._way = way_of(arrival, name)
        try:
            self._file = self._way.open()
        except soundfile.SoundFileError as error:
            self._leave()
            raise Unplayable(f"cannot play '{name}': this is no sound that can be played while it comes") from error
        self.channels: int = self._file.channels if self._file.channels <= 2 else 1
        self._file_rate: int = self._file.samplerate
        width = self._file.channels * _WIDTHS.get(self._file.subtype, 0)
        self._spare = max(self._way.spare, round(_SPARE_SECONDS * self._file_rate * width))
        self._resampler = resampler(self._file_rate, self._rate, self.channels)
        self._ready: Floats = self.nothing
        self._ended = False
        self._taken = 0
        known = 0 < self._file.frames < NO_LENGTH and not self._way.endless
        self.seconds: float = self._file.frames / self._file_rate if known else 0.0

    @property
    def nothing(self) -> "Floats":
        """See `Decoder`."""
        return self._np.empty((0, self.channels), self._np.float32)

    @property
    def position(self) -> float:
        """See `Decoder`."""
        return self._whole.position if self._whole else self._taken / self._rate

    @property
    def is_dry(self) -> bool:
        """Whether there is too little to go on with. What ran dry once goes on when there is a good deal again."""
        self._catch_up()
        if self.is_behind:
            self._dry = True
        elif self._rest_later:
            self._dry = self._arrival.final is None and not self._arrival.error
        elif self._whole or self._arrival.over or self._ended:
            self._dry = False
        else:
            self._dry = self._way.ahead() < self._spare * (1 + self._dry)
        return self._dry

    @property
    def is_behind(self) -> bool:
        """Whether it still has to pass over what comes before the place that it goes to."""
        return self._skipped > 0

    @property
    def is_catching_up(self) -> bool:
        """Whether it can do so now, with what has come."""
        return self.is_behind and self._can_decode()

    @property
    def buffered(self) -> float:
        """Seconds from the start that have come, about: as many bytes make a second as did so far."""
        if self._whole:
            return self._whole.seconds
        here, read = self._decoded / self._file_rate, self._way.read_so_far()
        return here * max(1.0, self._arrival.size() / read) if read else here

    @property
    def at_once(self) -> float:
        """How many seconds of it may be read before another look at `is_dry`."""
        return inf if self._whole or self._arrival.over else _AT_ONCE

    def read(self, frames: int) -> "Block":
        """See `Decoder`."""
        if self._whole:
            return self._whole.read(frames)
        if self.is_behind:
            return self.nothing
        while not self._ended and not self._rest_later and len(self._ready) < frames:
            block = self._decode()
            self._ready = self._np.concatenate((self._ready, block)) if len(self._ready) else block
        block, self._ready = self._ready[:frames], self._ready[frames:]
        if not len(block) and self._rest_later and self._arrival.final:
            self.seek(self.position)
            return self.read(frames)
        if not len(block) and self._arrival.error:
            raise Unplayable(f"'{self._name}' broke off after {self.position:.1f} s: {self._arrival.error}")
        self._taken += len(block)
        return block

    def seek(self, seconds: float) -> None:
        """Go there; what has not come yet is waited for. Radio goes on where it is."""
        if self._whole is None and self._arrival.final is not None:
            self._leave()
            self._whole = Decoder(self._arrival.final, self._rate)
            self.seconds, self.channels = self._whole.seconds, self._whole.channels
            self._skipped = 0
        if self._whole:
            self._whole.seek(seconds)
        elif not self._arrival.endless:
            self._go_to(seconds)

    def _go_to(self, seconds: float) -> None:
        frame = round(max(0.0, seconds) * self._file_rate)
        if frame < self._decoded or self._ended or self._rest_later:
            self._way.abandon()
            self._way = way_of(self._arrival, self._name)
            self._file = self._way.open()
            self._decoded, self._ended, self._rest_later = 0, False, False
        self._resampler = resampler(self._file_rate, self._rate, self.channels)
        self._ready = self.nothing
        self._dry = False
        self._skipped = frame - self._decoded
        self._taken = round(frame / self._file_rate * self._rate)

    def _can_decode(self) -> bool:
        if self._arrival.final is not None or self._rest_later:
            return self._arrival.final is not None or bool(self._arrival.error)
        return self._arrival.over or self._way.ahead() >= self._spare

    def _catch_up(self) -> None:
        """Pass over what has come before the place that it goes to, some seconds of it at once."""
        for _ in range(_STRIDE):
            if not self.is_catching_up:
                return
            if self._arrival.final is not None:
                self.seek(self.position)
            else:
                self._pass_over()

    def _pass_over(self) -> None:
        passed = 0
        if not self._rest_later:
            with suppress(self._error):
                passed = len(self._file.read(min(self._skipped, _BLOCK), dtype="float32", always_2d=True))
        self._decoded += passed
        self._skipped -= passed
        if not passed and not self._rest_later and self._way.has_more():
            self._rest_later = True
        elif not passed:
            self._ended, self._skipped = True, 0
            self._taken = round(self._decoded / self._file_rate * self._rate)

    def convert_to(self, rate: int) -> None:
        """See `Decoder`."""
        if self._whole:
            self._whole.convert_to(rate)
        elif rate != self._rate:
            self._taken = round(self._taken * rate / self._rate)
            self._rate = rate
            self._resampler = resampler(self._file_rate, self._rate, self.channels)

    def close(self) -> None:
        """Nobody listens any more."""
        self._leave()
        if self._whole:
            self._whole.close()

    def _leave(self) -> None:
        self._arrival.leave()
        self._way.abandon()

    def _decode(self) -> "Floats":
        np = self._np
        try:
            block = self._file.read(_BLOCK, dtype="float32", always_2d=True)
        except self._error:
            block = np.empty((0, self._file.channels), np.float32)
        self._decoded += len(block)
        if len(block) < _BLOCK:
            self._at_an_end()
        changed = self._file.samplerate != self._file_rate
        block = self._to_channels(np.clip(np.nan_to_num(block), -1, 1), self.channels)
        if self._resampler:
            block = self._resampler.resample_chunk(np.ascontiguousarray(block), last=self._ended or changed)
        if changed:
            self._file_rate = self._file.samplerate
            self._resampler = resampler(self._file_rate, self._rate, self.channels)
        samples: Floats = block
        return samples

    def _at_an_end(self) -> None:
        """Go on with what follows where a file ends that another one may be joined to."""
        if not self._way.has_more():
            self._ended = True
        elif not self._arrival.endless:
            self._rest_later = True
        else:
            try:
                self._way = self._way.next()
                self._file = self._way.open()
            except (self._error, Unplayable):
                self._ended = True


def can_begin(arrival: Arrival, name: str) -> bool:
    """Whether what is there already can be played while the rest comes. Reads nothing that is not there.

    Raises DecoderMissing where it could be, once something is installed.
    """
    try:
        decoder = LiveDecoder(_Now(arrival), name, 48_000)
    except DecoderMissing:
        raise
    except Unplayable:
        return False
    try:
        return bool(len(decoder.read(1)))
    finally:
        decoder.close()


class _Now(Arrival):
    """What is there of an arrival now, as if it was all."""

    def __init__(self, arrival: Arrival) -> None:
        super().__init__()
        self._all = arrival.read(0, arrival.size())
        self.end()

    def size(self) -> int:
        return len(self._all)

    def there(self, at: int, count: int) -> bytes:
        return self._all[at : at + count]


def decoder_of(path: Path, arrival: Arrival | None, rate: int) -> "Decoder | LiveDecoder":
    """What decodes a file, or the arrival that is played under its name."""
    return (
        Decoder(path, rate, narrow=True) if arrival is None else LiveDecoder(arrival, arrival.title or path.name, rate)
    )
