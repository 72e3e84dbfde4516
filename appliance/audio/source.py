"""A sound file as it is to sound: from where on, how fast, once or over and over."""

from math import ceil, inf
from pathlib import Path

from appliance.audio.arriving import Arrival
from appliance.audio.live import LiveDecoder, decoder_of
from appliance.audio.samples import Block, joined, to_channels
from appliance.audio.tempo import Tempo
from appliance.errors import Unplayable


class Source:
    """One file on its way to a speaker of `rate` frames per second, `speed` times as fast as it was recorded.

    Only one thread uses it. Raises Unplayable as the decoder does, and for a file without sound.
    """

    def __init__(
        self, path: Path, rate: int, speed: float = 1.0, *, loop: bool = False, arrival: Arrival | None = None
    ) -> None:
        """`arrival` is what comes in under that path, where it is not there yet."""
        self._decoder = decoder_of(path, arrival, rate)
        self._rate = rate
        self._speed = speed
        self._loop = loop
        self.seconds = self._decoder.seconds
        """Duration."""
        self.estimated = self._decoder.estimated
        """Whether the duration is a guess."""
        self._tempo: Tempo | None = None
        self._ready: Block
        self._ended: bool
        self._begin()
        try:
            first = self.read(1)
            if not len(first):
                raise Unplayable(f"cannot play '{path.name}': there is no sound in it")
        except Unplayable:
            self.close()
            raise
        self._ready = joined(first, self._ready)

    def read(self, frames: int) -> Block:
        """The next `frames` frames, shape (frames, channels); fewer only at the end, or before a damage."""
        if self._tempo is None and not len(self._ready) and not self._ended:
            block = self._decoder.read(frames)
            if len(block) == frames:
                return block
            self._ready = block
        while len(self._ready) < frames and not self._ended:
            try:
                block = self._decoder.read(self._wanted(frames))
            except Unplayable:
                if self._tempo and self._tempo.pending:
                    self._append(self._tempo.finish())
                    self._tempo = self._new_tempo()
                if len(self._ready):
                    break
                raise
            if len(block):
                self._append(self._tempo.put(block) if self._tempo else block)
            elif self.is_behind:
                break
            elif self._loop and self._decoder.position > 0:
                self.seconds = self._decoder.position
                self._decoder.seek(0)
            else:
                self._ended = True
                if self._tempo:
                    self._append(self._tempo.finish())
        block, self._ready = self._ready[:frames], self._ready[frames:]
        return block

    def put_back(self, block: Block) -> None:
        """Let what was read last be what is read next: it has not sounded."""
        self._ready = joined(to_channels(block, self.channels), self._ready)

    @property
    def channels(self) -> int:
        """Channels of what is read."""
        return self._decoder.channels

    @property
    def is_plain(self) -> bool:
        """Whether what is read are the samples of the file, at their own speed."""
        return self._tempo is None

    @property
    def is_dry(self) -> bool:
        """Whether what is to sound next has not come yet."""
        return isinstance(self._decoder, LiveDecoder) and self._decoder.is_dry

    @property
    def is_behind(self) -> bool:
        """Whether it has to come to where it was sent first, and nothing can be read before that."""
        return isinstance(self._decoder, LiveDecoder) and self._decoder.is_behind

    @property
    def is_catching_up(self) -> bool:
        """Whether it comes there by looking at `is_dry` again, with what is here."""
        return isinstance(self._decoder, LiveDecoder) and self._decoder.is_catching_up

    @property
    def still_comes(self) -> bool:
        """Whether some of it may not be here yet."""
        return self.at_once < inf

    @property
    def buffered(self) -> float:
        """Seconds from its start that are here; all of it, but for what still comes."""
        return self._decoder.buffered if isinstance(self._decoder, LiveDecoder) else self.seconds

    @property
    def at_once(self) -> float:
        """How many seconds may be read before another look at `is_dry`."""
        return self._decoder.at_once if isinstance(self._decoder, LiveDecoder) else inf

    def heard(self, ahead: int = 0) -> float:
        """Seconds from the start of the file to what sounds while `ahead` frames that were read are still to sound."""
        pending = (self._tempo.pending if self._tempo else 0) + (len(self._ready) + ahead) * self._speed
        at = self._decoder.position - pending / self._rate
        return at % self.seconds if self._loop else max(0.0, at)

    def seek(self, seconds: float) -> None:
        """Go on at `seconds` from the start; beyond the end is the end."""
        self._decoder.seek(seconds)
        self._begin()

    def play_at(self, speed: float) -> None:
        """Go on at another speed."""
        self._speed = speed
        if self._tempo:
            self._tempo.factor = speed
        elif speed != 1.0:
            self._tempo = self._new_tempo()
            self._ready = self._tempo.put(self._ready)
            if self._ended:
                self._append(self._tempo.finish())

    def convert_to(self, rate: int) -> None:
        """Go on at the same place for a speaker of another rate."""
        if rate != self._rate:
            at = self.heard()
            self._rate = rate
            self._decoder.convert_to(rate)
            self.seek(at)

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def _begin(self) -> None:
        self._tempo = None if self._speed == 1.0 else self._new_tempo()
        self._ready = self._decoder.nothing
        self._ended = False

    def _new_tempo(self) -> Tempo:
        return Tempo(self._rate, self._decoder.channels, self._speed)

    def _wanted(self, frames: int) -> int:
        """How many frames of the file make so many, all at once."""
        if not self._tempo:
            return frames
        missing = (frames - len(self._ready)) * self._speed
        return ceil(missing) + max(0, self._tempo.margin - self._tempo.pending)

    def _append(self, block: Block) -> None:
        self._ready = joined(self._ready, block)
