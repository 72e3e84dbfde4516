"""The contract of a service: code that runs beside the recorder and speaks with the whole house."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from appliance.config.options import OptionsClass
from appliance.events import Event
from appliance.models import AudioFormat, ClockStamp
from appliance.report import Report
from appliance.values import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Happenings(Protocol):
    """Events as they happen, the oldest first. Iterating over them ends once the service is to end.

    Whoever falls far behind finds `EventsLost` in the place of those that had to go.
    """

    def __iter__(self) -> Iterator[Event]: ...

    def get(self, timeout: float) -> Event | None:
        """The next one; None where none comes for `timeout` seconds, and at once where the service is to end."""


@frozen
class FrameBlock:
    """Some frames of the microphone, interleaved, as `format` says.

    `offset` counts the frames since the microphone was opened, `at` is when the first of these sounded, CLOCK_MONOTONIC
    in seconds. `is_last` where the microphone was closed, or opened otherwise: that block may be shorter, or empty, and
    the next one begins at 0 again. `dropped` frames before this block were lost because whoever reads was too slow.
    What the card itself lost is silence.
    """

    data: bytes
    offset: int
    at: float
    format: AudioFormat
    is_last: bool
    dropped: int = 0

    def floats(self) -> "NDArray[np.float32]":
        """The samples as floats of full scale 1.0, shape (frames, channels)."""
        from appliance.pcm import to_float

        return to_float(self.data, self.format)


class House(Protocol):
    """What a service finds of the box. All of it may be used from any thread, and none of it holds up the recorder."""

    @property
    def name(self) -> str:
        """What the service is called in the configuration."""

    @property
    def device(self) -> str:
        """The name of the box."""

    @property
    def folder(self) -> Path:
        """A folder of the service's own in the state directory, which outlasts restarts."""

    @property
    def stopping(self) -> bool:
        """Whether the service is to end: `run` returns soon."""

    def wait(self, seconds: float) -> bool:
        """Let time pass; whether to go on. False at once where the service is to end."""

    def report(self) -> Report:
        """How the box is: what `appliance status --json` prints. Raises ApplianceError."""

    def events(self, *kinds: type[Event]) -> Happenings:
        """What happens from now on; of these kinds alone where any are named."""

    def frames(self, size: int, *, always: bool = False) -> Iterable[FrameBlock]:
        """What the microphone hears from now on, in blocks of so many frames, while it is open for something else.

        With `always` it is opened for that and stays open, which everybody is told. Iterating over them ends once the
        service is to end. A slow reader loses blocks, which are counted and told, and harms no recording.
        """

    def ask(self, word: str, /, **arguments: object) -> Any:
        """Ask for what a verb says, and wait for the answer: both as over the control socket, see its reference.

        Raises ApplianceError in words for a person, such as Refused, and UsageError where the words do not fit.
        """

    def raise_fault(self, message: str) -> None:
        """Show everybody what keeps the service from its work, in the place of what it said before."""

    def clear_fault(self) -> None:
        """Nothing does any more."""

    def open_clip(self, clip: str, recipe: str = "original") -> BinaryIO:
        """The bytes of a clip, named by its id, the beginning of one, or its name; or of what a recipe makes of it:
        `original`, `flac`, `opus`, which may take its time. Raises NotFound, StorageError, Permanent, Transient, and
        Refused where `storage.encrypt_to` is set, as nothing leaves the box in the clear then.
        """

    def now(self) -> ClockStamp:
        """What the clocks of the box say; nobody else's are to be gone by."""

    def clock_trusted(self) -> bool:
        """Whether the wall clock is to be believed."""


class Service(Protocol):
    """One service of the configuration."""

    def run(self) -> None:
        """Do the work, on the service's own thread, until the house is stopping or there is nothing more to do.

        Whatever it raises is a fault that people see. It is then built and run again, after waits that grow.
        """


@frozen
class ServiceType:
    """A kind of service: its name in the configuration, its options class, and how to build one from them.

    `options` is an attrs class made of `option()` fields, or a function that imports one; `service` and `options` are
    taken. Where such options have `sends_sound`, and it is true, the service sends sound as it is: it is refused
    together with `storage.encrypt_to`. `create` may import what it needs and take its time, on the thread that then
    calls `run`. Where something is missing that comes with an extra of the distribution, it raises ImportError and
    `extra` names the extra.
    """

    name: str
    options: OptionsClass
    create: Callable[[Any, House], Service]
    extra: str = ""
