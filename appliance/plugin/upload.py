"""The contract of an upload backend: code that delivers renditions to one kind of destination."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from appliance.clock import clock_source
from appliance.codec import to_json
from appliance.config.options import OptionsClass
from appliance.errors import Cancelled
from appliance.models import Clip, ClockSource, Receipt, Rendition
from appliance.values import frozen


def _ignore(_: Any) -> None:
    """Where nobody wants to hear of progress."""


def _ignore_answer(_: int, __: Mapping[str, str]) -> None:
    """Where nobody wants to hear what a server says."""


def _clock_is_trusted() -> bool:
    return clock_source() is not ClockSource.NONE


def sidecars_of(remote_name: str) -> Iterator[str]:
    """What may be the name of what lies beside a file of this name, the likeliest first.

    The endings of its kind are up to three: `.bwf.wav.age`; under a name that a template made it may have none.
    """
    folder, slash, name = remote_name.rpartition("/")
    for _ in range(3):
        name = name.rpartition(".")[0]
        if not name:
            break
        yield f"{folder}{slash}{name}.json"
    yield f"{remote_name}.json"


@frozen
class UploadJob:
    """One attempt to deliver one file: the rendition of a clip, or any other, which belongs to no clip.

    `idempotency_key` is the same for every attempt at this delivery and differs from that of any other. `resume` is
    what the last attempt left with `save_resume`, None at first or when nothing was left; it survives a reboot.
    """

    rendition: Rendition
    clip: Clip | None
    idempotency_key: str
    attempt: int = 1
    resume: dict[str, object] | None = None
    progress: Callable[[int], None] = _ignore
    """Call it with the bytes handed over so far, from any thread, as often as you like: it is cheap.

    Where the destination has a rate limit it waits: call it between blocks, holding no lock.
    """
    held: Callable[[int], None] = _ignore
    """Call it with a number of bytes that the destination has from an earlier attempt, before the call of `progress`
    that counts them in: they are no load for the network, and no rate limit waits for them.
    """
    save_resume: Callable[[dict[str, object] | None], None] = _ignore
    """Keep a JSON-able note for the next attempt, durably; once a part, not once a block. None forgets it."""
    cancelled: Callable[[], bool] = bool
    """True once somebody took the delivery back."""
    answered: Callable[[int, Mapping[str, str]], None] = _ignore_answer
    """Call it with status and headers of a server's answer, where there is one, as soon as they are here."""

    @property
    def sidecar(self) -> bytes:
        """Everything that is known of the clip, as JSON; empty where there is none."""
        return f"{to_json(self.clip)}\n".encode() if self.clip else b""

    @property
    def sidecar_name(self) -> str:
        """What that is called beside the file: its name with `.json` for an ending."""
        return f"{self.rendition.file_name.removesuffix(self.rendition.recipe.suffix)}.json"

    def check_cancelled(self) -> None:
        """Raise Cancelled once somebody took the delivery back. Call it between blocks."""
        if self.cancelled():
            raise Cancelled(f"delivery of {self.rendition.file_name} was cancelled")


def began(rendition: Rendition, clip: Clip | None) -> datetime:
    """When the recording began, in its own local time; of another file, when it was last changed, in UTC."""
    if clip is None:
        changed = int(rendition.path.stat().st_mtime) if rendition.path.exists() else 0
        return datetime.fromtimestamp(changed, UTC)
    return clip.started.local


@frozen
class LiveJob:
    """One attempt to send a take while it is recorded: what of its file is there to stay.

    Of `clip` only id, name, device, format, start, fields and how it was begun are known yet. The first `head` bytes of
    the file are written anew when the take is over; it never gets longer than `longest` bytes. `resume` is what was
    last left with `save_resume`.
    """

    clip: Clip
    idempotency_key: str
    head: int
    longest: int
    wait_for: Callable[[int], bool]
    """Wait until the file, from its beginning, has that many bytes that stay. False once the take is over: what can be
    sent live was sent, the rest is for `deliver`."""
    read: Callable[[int, int], bytes]
    """`read(offset, size)`: up to `size` bytes of what stays; none where a person's late press cut it off after all."""
    resume: dict[str, object] | None = None
    progress: Callable[[int], None] = _ignore
    """As that of `UploadJob`."""
    save_resume: Callable[[dict[str, object] | None], None] = _ignore
    """Keep a JSON-able note, durably: for the next attempt, and for `deliver` once the take is a clip."""
    cancelled: Callable[[], bool] = bool
    """True once the take was thrown away, or the appliance stops."""

    def check_cancelled(self) -> None:
        """Raise Cancelled once it is to end. Call it between blocks."""
        if self.cancelled():
            raise Cancelled(f"sending {self.clip.name} while it is recorded was cancelled")


@frozen
class BackendContext:
    """Where a backend finds itself: the name of its destination or feed, of the box, and the state directory."""

    name: str
    device: str
    state_directory: Path
    clock_trusted: Callable[[], bool] = _clock_is_trusted
    """Whether the wall clock is to be believed. While it is not, what a server or a certificate has against the date is
    Transient: everything that waits is tried again as soon as the clock is set.
    """
    rate_limit: int | None = None
    """Most bytes per second for one attempt: the destination's `rate_limit`, shared by its parallel attempts. Calls of
    `progress` keep to the limit by themselves; this is for what cannot, such as another program that sends the file.
    """

    def block(self, most: int, connections: int = 1) -> int:
        """How many bytes to hand over between two calls of `progress`: `most`, or what `connections` that share the
        rate limit send in a second. No server then takes the waits for a line that is dead.
        """
        return most if self.rate_limit is None else min(most, max(1, self.rate_limit // connections))


class UploadBackend(Protocol):
    """One destination's deliverer. Built at start; `deliver` runs on the destination's worker threads, never on two at
    once for the same rendition. `verify` and `probe` run on the thread of whoever asked, beside `deliver` for others.
    """

    @property
    def proves(self) -> bool:
        """Whether receipts from this destination are verified: only then may the local copy be deleted one day."""

    def deliver(self, job: UploadJob) -> Receipt:
        """Deliver the file and return the proof.

        Raises Transient where trying again may help, Permanent where a person must act (the message says what to do),
        Cancelled as `job.check_cancelled` does. Anything else that escapes is a defect of the plugin.
        """

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        """Look again whether the destination still holds the same bytes.

        Raises CopyMissing or CopyDiffers where it does not, CannotVerify where there is no way to ask, else as
        `deliver` does. The file of the rendition may be gone from this box, and `sha256` empty where nobody knows it
        any more.
        """

    def probe(self) -> str:
        """Try the destination for real (a small object, deleted again) and say in one line what was found."""

    def close(self) -> None:
        """Free what is held. Called once, on no attempt in progress."""


@runtime_checkable
class LiveUploadBackend(Protocol):
    """What a backend has besides that can send a take while it is recorded.

    It is asked to where `live` holds, which its option `live` decides. Nothing that was sent so counts yet: `deliver`
    gets the note that was left, and compares what it names with the file of the clip before it relies on it.
    """

    @property
    def live(self) -> bool:
        """Whether the configuration wants it."""

    def deliver_live(self, job: LiveJob) -> None:
        """Send what stays, as it comes; return when `job.wait_for` says that no more will come. Raises as `deliver`.

        Runs on a thread of its own, beside `deliver` for other clips.
        """

    def withdraw(self, resume: dict[str, object]) -> None:
        """The take became no clip: undo what was sent of it. Raises as `deliver` does."""


def live_backend(backend: UploadBackend) -> LiveUploadBackend | None:
    """The backend as one that is to send takes live, if it is."""
    return backend if isinstance(backend, LiveUploadBackend) and backend.live else None


@runtime_checkable
class DeletingUploadBackend(Protocol):
    """What a backend has besides that can delete what it has delivered, for a person who withdraws what they said."""

    def delete(self, receipt: Receipt) -> None:
        """Delete the copy that the receipt names, and what lies beside it; where it is gone all is well.

        Raises as `deliver` does. Runs on the thread of whoever asked, beside `deliver` for others.
        """


@runtime_checkable
class LocalUploadBackend(Protocol):
    """What a backend has besides where its destination may lie on the disk of the box itself.

    Its receipts say so too (`on_own_disk`): such a copy never lets the clip be deleted.
    """

    @property
    def on_own_disk(self) -> bool:
        """Whether what is delivered now would lie on the box's own disk, or in its memory."""


def on_own_disk(backend: UploadBackend) -> bool:
    """Whether the destination lies on the disk of the box itself; backends that cannot are not asked."""
    return isinstance(backend, LocalUploadBackend) and backend.on_own_disk


@frozen
class UploadBackendType:
    """A kind of destination: its name in the config, its options class, and how to build a backend from them.

    `options` is an attrs class made of `option()` fields, or a function that imports one, which is called once the
    configuration chooses it, so that a box without it never pays for it. What every destination has is taken:
    `backend`, `deliver_as`, `delete_after`, `order`, `retry`, `max_parallel`, `rate_limit`, `active_hours`, `options`.
    One named `live` says that takes are sent while they are recorded (`LiveUploadBackend`).

    `create` may import what it needs; where that is missing and comes with an extra of the distribution, it raises
    ImportError and `extra` names the extra.
    """

    name: str
    options: OptionsClass
    create: Callable[[Any, BackendContext], UploadBackend]
    extra: str = ""
