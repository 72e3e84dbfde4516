"""Frozen value objects: what the parts of the appliance tell each other about.

Lengths and positions are frames (int); a frame is one sample of every channel. Levels are dBFS, where a full-scale
sine peaks at 0 (AES17 puts the RMS of that sine at 0 too; `Levels.rms_dbfs` is plain RMS, 3.01 dB lower).
"""

from datetime import datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path

from attrs.validators import ge, gt, lt

from appliance.circumstances import Begun, Fields, Gain, Place, Text
from appliance.circumstances import Mark as Mark
from appliance.circumstances import Pause as Pause
from appliance.errors import NewerWord
from appliance.quantities import NOTHING, Kind, told
from appliance.recipes import Recipe
from appliance.values import frozen

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

    rate: int = told(48_000, "Frames in a second", Kind.GAUGE, "Hz", check=ge(1))
    channels: int = told(1, "Channels", Kind.GAUGE, "channels", check=ge(1))
    sample: SampleFormat = told(SampleFormat.S16_LE, "How a sample is written: S16_LE, S24_3LE, S32_LE", Kind.STATE)

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
    """One moment on every clock of the box."""

    wall_ns: int = told(NOTHING, "What the wall clock claimed, since 1970 UTC", Kind.TIME, "ns")
    monotonic_ns: int = told(NOTHING, "CLOCK_MONOTONIC of the boot", Kind.GAUGE, "ns")
    boot_id: str = told(NOTHING, "The boot that this was in", Kind.TEXT)
    source: ClockSource = told(NOTHING, "Why the wall clock is to be believed: ntp, rtc, none", Kind.STATE)
    utc_offset: int = told(0, "Local time was so far east of UTC", Kind.GAUGE, "s", check=(gt(-86_400), lt(86_400)))

    @property
    def local(self) -> datetime:
        """The second in which it was, in local time."""
        return datetime.fromtimestamp(self.wall_ns // 10**9, timezone(timedelta(seconds=self.utc_offset)))


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

    offset: int = told(NOTHING, "Where it is", Kind.GAUGE, "frames")
    frames: int = told(NOTHING, "How much was lost", Kind.GAUGE, "frames")
    uncertainty: int = told(NOTHING, "Give or take so much", Kind.GAUGE, "frames")
    cause: GapCause = told(NOTHING, "Why: overrun, storage, device, sound_server", Kind.STATE)
    filled: bool = told(True, "Whether the clip holds silence for it", Kind.FLAG)


@frozen
class Levels:
    """Levels of a stretch of sound over all channels."""

    peak_dbfs: float = told(SILENCE_DBFS, "The peak", Kind.GAUGE, "dBFS")
    rms_dbfs: float = told(SILENCE_DBFS, "The level", Kind.GAUGE, "dBFS")
    clipped: float = told(0.0, "The share of it at full scale, 0 to 1", Kind.GAUGE)
    silent: float = told(0.0, "The share of it at digital zero, 0 to 1", Kind.GAUGE)
    active: float = told(1.0, "The share of it that rises above its own floor, 0 to 1", Kind.GAUGE)
    loudest_dbfs: float | None = told(None, "The level of its loudest 50 ms, without the mean", Kind.GAUGE, "dBFS")


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
    """A finished take: an immutable audio file and its metadata."""

    id: str = told(NOTHING, "Its id", Kind.TEXT)
    name: str = told(NOTHING, "The name of its file without the extension; it never changes", Kind.TEXT)
    device: str = told(NOTHING, "The name of the box then", Kind.TEXT)
    format: AudioFormat = told(NOTHING, "How it was recorded", Kind.OBJECT)
    frames: int = told(NOTHING, "Its length", Kind.GAUGE, "frames")
    size: int = told(NOTHING, "The size of its file", Kind.GAUGE, "bytes")
    started: ClockStamp = told(NOTHING, "What the clocks said at the press", Kind.OBJECT)
    levels: Levels = told(Levels(), "How loud it is", Kind.OBJECT)
    verdict: Verdict = told(Verdict.OK, "What that says: ok, silent, too_quiet, clipping, too_short, gaps", Kind.STATE)
    gaps: tuple[Gap, ...] = told((), "What is missing", Kind.OBJECT)
    marks: tuple[Mark, ...] = told((), "What a person marked", Kind.OBJECT)
    pauses: tuple[Pause, ...] = told((), "Where it was paused", Kind.OBJECT)
    drift_ppm: float | None = told(
        None, "How much faster than CLOCK_MONOTONIC the crystal of the card runs, in a long take", Kind.GAUGE, "ppm"
    )
    recovered: bool = told(False, "Whether it was found unfinished at a start", Kind.FLAG)
    continues: str | None = told(None, "The id of the clip that it carries on", Kind.TEXT)
    cut: bool = told(False, "Whether it grew longer than it may", Kind.FLAG)
    corrected: ClockStamp | None = told(None, "When it began, by a better clock", Kind.OBJECT)
    title: str = told("", "What a person calls it", Kind.TEXT)
    labels: tuple[str, ...] = told((), "Labels that a person gave it", Kind.TEXT)
    starred: bool = told(False, "Whether a person gave it a star", Kind.FLAG)
    approved: bool = told(False, "Whether a person approved of it, so that anybody may hear it", Kind.FLAG)
    note: str = told("", "What a person wrote about it", Kind.TEXT)
    place: Place | None = told(None, "Where the box stood", Kind.OBJECT)
    texts: tuple[Text, ...] = told((), "What processors found in it", Kind.OBJECT)
    microphone: str = told("", "The device word of the microphone", Kind.TEXT)
    gain: Gain | None = told(None, "How the mixer of the sound card turned it", Kind.OBJECT)
    begun: Begun | None = told(None, "How it was begun", Kind.OBJECT)
    fields: Fields = told(dict, "Fields that the configuration names, with what was given", Kind.OBJECT)
    kept_sha256: str = told("", "The SHA-256 of its encrypted file, where that alone is kept", Kind.TEXT)
    unread: tuple[str, ...] = told(
        (), "Lines of a recovered take's journal that only a newer release knows to read", Kind.TEXT
    )

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
    called: str = ""

    @property
    def file_name(self) -> str:
        """The name under which a destination gets it: what it is `called` there, or as it is here."""
        return self.called or self.path.name


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
    """One item of a feed, pulled into the inbox. `key` tells items of a feed apart and never changes.

    `fetched_at` is wall time in ns, 0 where no clock told.
    """

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
