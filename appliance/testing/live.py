"""What a backend that sends takes live has to keep, as checks that its authors run in their own tests."""

from collections.abc import Callable, Collection
from pathlib import Path

from attrs import define, evolve, field

from appliance.errors import Cancelled, Transient
from appliance.models import Clip
from appliance.plugin.upload import LiveJob, LiveUploadBackend, UploadBackend, UploadJob, live_backend
from appliance.testing.memory import make_upload_job
from appliance.testing.observers import Notes, Progress

HEAD = 104


@define
class FakeTake:
    """A take for tests of backends: `recorded` is what its file has so far, of which `stable` bytes stay.

    `finished` is the delivery of the clip that it becomes. What is not stable when it is asked for never will be, so
    `deliver_live` comes back, and goes on when it is called again.
    """

    recorded: bytearray
    finished: UploadJob
    stable: int = 0
    notes: Notes = field(factory=Notes)
    sent: Progress = field(factory=Progress)

    def job(self, cancelled: Callable[[], bool] = bool) -> LiveJob:
        """The next attempt to send it live."""
        clip = self.finished.clip
        assert clip is not None
        return LiveJob(
            Clip(clip.id, clip.name, clip.device, clip.format, 0, 0, clip.started),
            self.finished.idempotency_key,
            HEAD,
            len(self.recorded) + 1_000_000,
            wait_for=lambda size: size <= self.stable,
            read=lambda offset, size: bytes(self.recorded[offset : offset + size]),
            resume=self.notes.last,
            progress=self.sent,
            save_resume=self.notes,
            cancelled=cancelled,
        )

    def delivery(self) -> UploadJob:
        """The delivery of the clip, which carries on from what was sent live."""
        return evolve(self.finished, resume=self.notes.last, save_resume=self.notes)


def make_fake_take(folder: Path, content: bytes, name: str) -> FakeTake:
    """A take that will become a clip of `content`. Its header is not known yet."""
    return FakeTake(bytearray(b"\xff" * HEAD + content[HEAD:]), make_upload_job(folder, content, name))


def check_live_backend(
    make_backend: Callable[[], UploadBackend],
    fetch: Callable[[str], bytes],
    *,
    directory: Path,
    listing: Callable[[], Collection[str]],
    large: int,
) -> None:
    """Run every check of live delivery against a destination that works. Raises AssertionError at a broken rule.

    The arguments are those of `check_upload_backend`; of `large` bytes some are sent live. The rules: what was sent
    live is not seen at the destination before the clip is delivered, and then its bytes are those of the clip, be it
    that the take was cut after its end had been sent; attempts carry on from notes; cancelling works; what is withdrawn
    leaves nothing.
    """
    pattern = b"".join(number.to_bytes(3, "big") for number in range(33_331))
    checks = _LiveChecks(make_backend, fetch, directory, listing, (pattern * (large // len(pattern) + 1))[:large])
    for check in (checks.arrives_whole, checks.cut_afterwards, checks.cancelled, checks.withdrawn):
        try:
            check()
        except Exception as error:  # whatever the backend let out, the author wants to know in which check
            raise AssertionError(f"{check.__name__}: {type(error).__name__}: {error}") from error


@define
class _LiveChecks:
    make_backend: Callable[[], UploadBackend]
    fetch: Callable[[str], bytes]
    directory: Path
    listing: Callable[[], Collection[str]]
    content: bytes

    def arrives_whole(self) -> None:
        """Sent live in two attempts and delivered in a third, by three lives of the appliance."""
        take, before = self.take("live"), set(self.listing())
        for stable in (len(self.content) * 2 // 3, len(self.content) - 1000):
            take.stable = stable
            self.live_backend().deliver_live(take.job())
        assert take.notes.last is not None, "nothing was sent live: make `large` larger"
        assert set(self.listing()) == before, "an unfinished take is seen at the destination"
        self.check_delivered(take)

    def cut_afterwards(self) -> None:
        """A late press cut the take, and other sound came in the place of what had been sent."""
        take = self.take("cut")
        take.stable = len(take.recorded)
        take.recorded[len(take.recorded) // 2 :] = bytes(len(take.recorded) - len(take.recorded) // 2)
        self.live_backend().deliver_live(take.job())
        self.check_delivered(take)

    def cancelled(self) -> None:
        """Cancelled midway it raises Cancelled soon; later attempts carry it through."""
        take = self.take("cancelled")
        take.stable = len(take.recorded)
        try:
            self.live_backend().deliver_live(take.job(cancelled=lambda: bool(take.sent.last)))
        except Cancelled:
            self.check_delivered(take)
        else:
            raise AssertionError("cancelled, and yet it was sent to the end")

    def withdrawn(self) -> None:
        """A take that was thrown away leaves nothing; to withdraw it twice does no harm."""
        take, before = self.take("withdrawn"), set(self.listing())
        take.stable = len(take.recorded)
        self.live_backend().deliver_live(take.job())
        assert take.notes.last is not None, "nothing was sent live: make `large` larger"
        for _ in range(2):
            self.live_backend().withdraw(take.notes.last)
        assert set(self.listing()) == before, "what was withdrawn is still there"

    def take(self, name: str) -> FakeTake:
        return make_fake_take(self.directory, self.content, f"check_{name}")

    def live_backend(self) -> LiveUploadBackend:
        backend = live_backend(self.make_backend())
        assert backend is not None, "the backend does not send takes live: set its option `live`"
        return backend

    def check_delivered(self, take: FakeTake) -> None:
        try:
            receipt = self.make_backend().deliver(take.delivery())
        except Transient:
            receipt = self.make_backend().deliver(take.delivery())
        assert receipt.size == len(self.content), f"the receipt says {receipt.size} bytes, not {len(self.content)}"
        same = self.fetch(receipt.remote_name) == self.content  # pytest would look for the difference for minutes
        assert same, "other bytes arrived"
