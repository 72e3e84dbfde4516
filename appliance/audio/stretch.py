"""The account of a stream: what every listener of the microphone hears, in the order of time."""

from math import inf
from typing import NamedTuple

from appliance.errors import AudioError
from appliance.models import AudioFormat, GapCause
from appliance.values import frozen


@frozen
class Opened:
    """The card was opened, for the first time or again; its stream begins not before the moment `earliest`."""

    earliest: float
    format: AudioFormat
    buffer_seconds: float
    behind_server: bool = False


@frozen
class Step:
    """`frames` were lost, give or take `uncertainty`, before the last `reads` stretches of sound.

    Of them the last `late` still come later than they should.
    """

    frames: int
    uncertainty: int
    reads: int
    late: int = 0


class Stretch(NamedTuple):
    """A piece of the stream whose last frame had sounded at `end`: sound, or a loss with its cause.

    `uncertainty` is how many frames `end`, or the length of a loss, may be off. Behind a sound server `late` counts the
    stretches up to this one that came later than they should, and `suspicion` is what that would mean were this the
    last one. `read` is when the card had handed sound over, which may be long after it sounded. Made several times a
    second, it is a tuple, which costs a fraction of what attrs makes.
    """

    frames: int
    end: float
    data: memoryview | None = None
    cause: GapCause = GapCause.DEVICE
    uncertainty: int = 0
    fill: bool = True
    late: int = 0
    suspicion: Step | None = None
    read: float = -inf

    def part(self, begin: int, end: int, format: AudioFormat) -> "Stretch":
        """Its frames from `begin` to `end`."""
        if end - begin == self.frames:
            return self
        width = format.frame_bytes
        data = self.data and self.data[begin * width : end * width]
        return self._replace(frames=end - begin, end=self.end - (self.frames - end) / format.rate, data=data)

    def until(self, moment: float, rate: int) -> int:
        """How many of its frames had sounded by then."""
        return min(max(self.frames - round((self.end - moment) * rate), 0), self.frames)


@frozen
class Lost:
    """The card is gone and is being looked for."""

    message: str


@frozen
class Ended:
    """Nothing more will come; because of `error`, or because that was asked for."""

    at: float
    error: AudioError | None


Heard = Opened | Stretch | Step | Lost | Ended
