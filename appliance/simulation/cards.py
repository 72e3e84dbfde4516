"""Sound cards made of nothing: what tests use, and what `appliance run --simulate` runs on.

They keep the contract of `appliance.audio.ports` with its ugly parts: a reader that comes too late gets XRUN and has
lost everything the ring held, a speaker takes less than it is given, and a call after `close`, which aborts the process
with a real card, fails an assertion.
"""

from collections.abc import Collection

from appliance.audio.card_notes import CardNotes
from appliance.audio.ports import Card, Direction
from appliance.circumstances import Gain
from appliance.clock import Clock
from appliance.errors import AudioError, DeviceNotFound, FormatUnsupported
from appliance.models import AudioFormat
from appliance.simulation.mixer import FakeMixer
from appliance.simulation.sound import Sound, louder, numbered, speech
from appliance.simulation.speaker import FakePlayback
from appliance.simulation.streams import FakeCapture, Hearing

__all__ = ["FakeCapture", "FakeCards", "FakeMixer", "FakePlayback", "simulated_cards"]


class FakeCards:
    """Sound cards that answer to every device word.

    With a `clock` everything is paced by it: from its first opening on the microphone hears, whether it is read or not,
    and its frame numbers tell what was lost. Without one, sound comes as fast as it is read. After `length` frames
    nothing more comes. `formats` are those that the card can do (None: all), `max_buffer` is the longest ring in
    seconds that it grants, `drift_ppm` how much too fast its crystal runs, `behind_server` whether the microphone says
    that a sound server is in between, `takes_back` whether the speaker forgets what is taken back. `captures` and
    `playbacks` are the streams opened so far, the latest last; they and what was written are kept unless `remember` is
    False. `mixer` is that of the card, which is known by the identity `card`; `turned` is how loud each control of its
    speaker is.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        sound: Sound = numbered,
        length: int | None = None,
        formats: Collection[AudioFormat] | None = None,
        max_buffer: float = 10.0,
        drift_ppm: float = 0.0,
        behind_server: bool = False,
        remember: bool = True,
        mixer: FakeMixer | None = None,
        takes_back: bool = True,
    ) -> None:
        self.formats = formats
        self.notes = CardNotes()
        self.mixer = mixer
        self.card = "Simulated sound card"
        self.turned: dict[str, float] = {}
        self.captures: list[FakeCapture] = []
        self.playbacks: list[FakePlayback] = []
        self._hearing = Hearing(clock, sound, length, drift_ppm)
        self._max_buffer = max_buffer
        self._behind_server = behind_server
        self._remember = remember
        self._takes_back = takes_back
        self._refusals: dict[Direction, AudioError] = {}
        self._unplugged: set[Direction] = set()

    @property
    def capture(self) -> FakeCapture:
        """The microphone opened last."""
        return self.captures[-1]

    @property
    def playback(self) -> FakePlayback:
        """The speaker opened last."""
        return self.playbacks[-1]

    def unplug(self, *directions: Direction) -> None:
        """Pull the card, or only one direction of it: what is open raises DeviceLost, nothing can be opened."""
        self._unplugged |= set(directions or Direction)
        for stream in (*self.captures, *self.playbacks):
            if stream.direction in self._unplugged:
                stream.unplug()

    def replug(self, *directions: Direction) -> None:
        """Put the card back; it must be opened anew."""
        self._unplugged -= set(directions or Direction)

    def refuse(self, direction: Direction, error: AudioError | None) -> None:
        """Let every opening of that direction raise `error` from now on; None makes it work again."""
        self._refusals.pop(direction, None)
        if error:
            self._refusals[direction] = error

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> FakeCapture:
        self._check(device, Direction.CAPTURE, format)
        stream = FakeCapture(
            self._hearing,
            format,
            format.frames(period),
            self._granted(format, buffer),
            behind_server=self._behind_server,
        )
        self.captures = [*(other for other in self.captures if self._remember or not other.closed), stream]
        return stream

    def check_capture(self, device: str, format: AudioFormat) -> None:
        self._check(device, Direction.CAPTURE, format)

    def open_playback(self, device: str, format: AudioFormat, period: float, buffer: float) -> FakePlayback:
        self._check(device, Direction.PLAYBACK, format)
        stream = FakePlayback(
            self._hearing.clock,
            format,
            format.frames(period),
            self._granted(format, buffer),
            remember=self._remember,
            takes_back=self._takes_back,
        )
        self.playbacks = [*(other for other in self.playbacks if self._remember or not other.closed), stream]
        return stream

    def identity(self, device: str) -> str:
        return "" if Direction.CAPTURE in self._unplugged else self.card

    def open_mixer(self, device: str) -> FakeMixer | None:
        if self.mixer and Direction.CAPTURE not in self._unplugged:
            self.mixer.opened += 1
            return self.mixer
        return None

    def turn_speaker(self, device: str, control: str, factor: float) -> None:
        if Direction.PLAYBACK not in self._unplugged:
            self.turned[control] = factor

    def present(self, device: str, direction: Direction) -> bool:
        return direction not in self._unplugged

    def cards(self) -> tuple[Card, ...]:
        if len(self._unplugged) == len(Direction):
            return ()
        return (Card("Simulated sound card", ("simulated",), "every format", "every format"),)

    def _check(self, device: str, direction: Direction, format: AudioFormat) -> None:
        if direction in self._unplugged:
            raise DeviceNotFound(f"{direction} device '{device}' not found: the simulated sound card is unplugged")
        if direction in self._refusals:
            raise self._refusals[direction]
        if self.formats is not None and format not in self.formats:
            offered = next(((each.rate, each.channels, each.sample.value) for each in self.formats), None)
            raise FormatUnsupported(f"{direction} device '{device}' cannot do {format}", offered=offered)

    def _granted(self, format: AudioFormat, buffer: float) -> int:
        return format.frames(min(buffer, self._max_buffer))


def simulated_cards(clock: Clock) -> FakeCards:
    """A microphone that hears the shipped speech in a loop and a speaker that nobody hears, both at real-time pace.

    Its mixer turns it.
    """
    mixer = FakeMixer(Gain("Mic", 0.0, "dB", -20.0, 20.0))

    def turned(first: int, frames: int, format: AudioFormat) -> bytes:
        return louder(speech(first, frames, format), format, mixer.factor)

    return FakeCards(clock, sound=turned, remember=False, mixer=mixer)
