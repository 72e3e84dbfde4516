"""Frozen value objects: what the parts of the appliance tell each other about.

Lengths and positions are frames (int); a frame is one sample of every channel. Levels are dBFS, where a full-scale
sine peaks at 0 (AES17 puts the RMS of that sine at 0 too; `Levels.rms_dbfs` is plain RMS, 3.01 dB lower).
"""

from enum import StrEnum
from pathlib import Path

from attrs import field, frozen
from attrs.validators import ge, gt, lt

from appliance.errors import NewerWord
from appliance.recipes import Recipe

_DAY = 86_400

SILENCE_DBFS = -144.0
"""The level given to digital silence, whose true level has no number. Just below the range of 24 bits."""


class SampleFormat(StrEnum):
    """How one sample is stored, named as ALSA names it: signed, little-endian integers, or floats for a speaker."""

    S16_LE = "S16_LE"
    S24_3LE = "S24_3LE"
    S32_LE = "S32_LE"
    FLOAT_LE = "FLOAT_LE"

    @property
    def bytes(self) -> int:
        """Bytes of one sample. Raises NewerWord."""
        try:
            return {"S16_LE": 2, "S24_3LE": 3, "S32_LE": 4, "FLOAT_LE": 4}[self.value]
        except KeyError:
            raise NewerWord(f"{self.value!r} is a sample format of a newer release") from None


@frozen
class AudioFormat:
    """Rate in frames per second, channel count and sample format of a stream."""

    rate: int = field(default=48_000, validator=ge(1))
    channels: int = field(default=1, validator=ge(1))
    sample: SampleFormat = SampleFormat.S16_LE

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.channels * self.sample.bytes

    @property
    def byte_rate(self) -> int:
        """Bytes of one second."""
        return self.rate * self.frame_bytes

    def frames(self, seconds: float) -> int:
        """The number of whole frames nearest to `seconds`."""
        return round(seconds * self.rate)

    def seconds(self, frames: int) -> float:
        """How long `frames` last, in seconds."""
        return frames / self.rate

    def __str__(self) -> str:
        channels = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        return f"{self.rate} Hz {self.sample} {channels}"


class ClockSource(StrEnum):
    """Where the wall clock's time comes from, best first."""

    NTP = "ntp"
    RTC = "rtc"
    NONE = "none"

    def beats(self, other: "ClockSource") -> bool:
        """Whether this one is to be believed rather than `other`, which a newer release may know better."""
        return other in _TRUST and _TRUST[self] > _TRUST[other]


_TRUST = {ClockSource.NTP: 2, ClockSource.RTC: 1, ClockSource.NONE: 0}


@frozen
class ClockStamp:
    """One moment on every clock of the box.

    `wall_ns` counts nanoseconds since 1970 UTC and is what the wall clock claimed then; `monotonic_ns` is
    CLOCK_MONOTONIC of the boot `boot_id`; `utc_offset` is in seconds east of UTC.
    """

    wall_ns: int
    monotonic_ns: int
    boot_id: str
    source: ClockSource
    utc_offset: int = field(default=0, validator=(gt(-_DAY), lt(_DAY)))


class GapCause(StrEnum):
    """Why frames are missing."""

    OVERRUN = "overrun"
    STORAGE = "storage"
    DEVICE = "device"
    SOUND_SERVER = "sound_server"


@frozen
class Gap:
    """`frames` that were lost at position `offset` of a clip, give or take `uncertainty` frames.

    Where `filled`, the clip holds silence for them from `offset` on; else the sound goes on at `offset` at once.
    """

    offset: int
    frames: int
    uncertainty: int
    cause: GapCause
    filled: bool = True


@frozen
class Mark:
    """A position that a person marked during a take."""

    offset: int


@frozen
class Pause:
    """A pause at position `offset` that lasted `seconds`; nothing of it is in the clip."""

    offset: int
    seconds: float


@frozen
class Levels:
    """Levels of a stretch of sound over all channels; `clipped`, `silent` and `active` are shares (0..1) of it.

    A frame is clipped at full scale, and silent at digital zero. `active` is what rises above the sound's own floor.
    """

    peak_dbfs: float = SILENCE_DBFS
    rms_dbfs: float = SILENCE_DBFS
    clipped: float = 0.0
    silent: float = 0.0
    active: float = 1.0


class Verdict(StrEnum):
    """What the levels of a clip, and what it lacks, say about the recording."""

    OK = "ok"
    SILENT = "silent"
    TOO_QUIET = "too_quiet"
    CLIPPING = "clipping"
    TOO_SHORT = "too_short"
    GAPS = "gaps"


@frozen
class Clip:
    """A finished take: an immutable audio file and its metadata.

    `name` is the file name without extension and never changes; `started` is what the clocks said at the press.
    `size` is that of the audio file in bytes. `drift_ppm` is how much faster than CLOCK_MONOTONIC the card's crystal
    runs, in a long take. `recovered` marks a take that was found unfinished at start, `cut` one that grew longer than
    it may. `continues` is the id of the clip that this one carries on, `corrected` the start by a better clock.
    `unread` are lines of a recovered take's journal that only a newer release knows to read.
    """

    id: str
    name: str
    device: str
    format: AudioFormat
    frames: int
    size: int
    started: ClockStamp
    levels: Levels = Levels()
    verdict: Verdict = Verdict.OK
    gaps: tuple[Gap, ...] = ()
    marks: tuple[Mark, ...] = ()
    pauses: tuple[Pause, ...] = ()
    drift_ppm: float | None = None
    recovered: bool = False
    continues: str | None = None
    cut: bool = False
    corrected: ClockStamp | None = None
    unread: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.format.seconds(self.frames)

    @property
    def began(self) -> ClockStamp:
        """The start by the best clock there was."""
        return self.corrected or self.started

    @property
    def file_name(self) -> str:
        """Name of the audio file."""
        return f"{self.name}.wav"


@frozen
class Rendition:
    """A file made of a clip; what the outbox delivers. `sha256` is lower-case hex of the file's bytes.

    Of a file that belongs to no clip, `clip_id` is empty.
    """

    clip_id: str
    recipe: Recipe
    path: Path
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The name under which every destination gets it."""
        return self.path.name


class DeliveryState(StrEnum):
    """Where a delivery is on its way."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    PARKED = "parked"
    CANCELLED = "cancelled"


@frozen
class Receipt:
    """What the destination returned as proof.

    `verified`: the destination itself proved to hold the same bytes, by a checksum it computed or a read-back; else it
    only accepted them. `checksum` is lower-case hex of `algorithm`, `received_at` wall time in ns, `detail` what one
    may look up later, such as the answer. `on_own_disk`: on the box's own disk, or in memory, and gone with the clip.
    """

    remote_name: str
    size: int
    verified: bool
    algorithm: str = ""
    checksum: str = ""
    received_at: int = 0
    detail: str = ""
    on_own_disk: bool = False


@frozen
class Delivery:
    """One clip on its way to one destination, as what `recipe` names. `resume` is the backend's own JSON-able note."""

    id: int
    clip_id: str
    destination: str
    recipe: str
    state: DeliveryState
    attempts: int = 0
    last_error: str = ""
    resume: dict[str, object] | None = None
    receipt: Receipt | None = None


@frozen
class Track:
    """One item of a feed, pulled into the inbox. `key` tells items of a feed apart and never changes."""

    id: int
    feed: str
    key: str
    title: str
    path: Path
    size: int
    sha256: str
    fetched_at: int
    played: bool = False
    unplayable: bool = False


@frozen
class Fault:
    """What a person should know until it is over; urgent where nothing can be recorded, or what is will not last."""

    name: str
    message: str
    urgent: bool = False
    owner: str = ""
    since: float | None = None  # CLOCK_MONOTONIC, in seconds
