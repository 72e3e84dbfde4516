"""A destination in memory that keeps the whole contract of an upload backend, and upload jobs to give it."""

import hashlib
import threading
import time
from pathlib import Path

from appliance.errors import CopyDiffers, CopyMissing, Permanent, Transient
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Receipt, Rendition
from appliance.plugin.upload import UploadJob
from appliance.recipes import ORIGINAL

_BLOCK = 65_536


def make_upload_job(folder: Path, content: bytes, name: str, *, key: str = "") -> UploadJob:
    """Write `content` to `folder/NAME.wav` and make the first attempt at its delivery.

    The clip is made up around the file. The key is derived from the name unless given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.wav"
    path.write_bytes(content)
    clip = Clip(
        id=hashlib.sha256(name.encode()).hexdigest()[:10],
        name=name,
        device="box",
        format=AudioFormat(),
        frames=len(content) // 2,
        size=len(content),
        started=ClockStamp(1_800_000_000_000_000_000, 1_000_000_000_000, "manual-boot", ClockSource.NTP, 3600),
    )
    sha256 = hashlib.sha256(content).hexdigest()
    rendition = Rendition(clip.id, ORIGINAL, path, len(content), sha256)
    return UploadJob(rendition, clip, key or f"{clip.id}-original-test")


class MemoryBackend:
    """Keeps what it gets in `objects`, one object for each file name, and proves it by SHA-256.

    `fail` queues the outcomes of the next attempts. While `held` is set, an attempt stays in its first block until it
    is cancelled or `held` is cleared; `started` tells that one is there.
    """

    proves = True

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        self.objects: dict[str, bytes] = {} if objects is None else objects
        self.attempts: list[UploadJob] = []
        self.held = threading.Event()
        self.started = threading.Event()
        self.closed = False
        self._outcomes: list[Exception | None] = []
        self._lock = threading.Lock()

    def fail(self, *outcomes: Exception | None) -> None:
        """Let the next attempts end with these errors, one after the other; None is an attempt that succeeds."""
        self._outcomes.extend(outcomes)

    def deliver(self, job: UploadJob) -> Receipt:
        with self._lock:
            self.attempts.append(job)
            outcome = self._outcomes.pop(0) if self._outcomes else None
        job.check_cancelled()
        if outcome is not None:
            raise outcome
        content = self._read(job)
        if hashlib.sha256(content).hexdigest() != job.rendition.sha256:
            raise Permanent(f"{job.rendition.file_name} changed while it was sent: look at the card of this box")
        job.check_cancelled()
        with self._lock:
            self.objects[job.rendition.file_name] = content
        return self._receipt(job.rendition)

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        content = self.objects.get(receipt.remote_name)
        if content is None:
            raise CopyMissing(f"{receipt.remote_name} is not there any more")
        if hashlib.sha256(content).hexdigest() != receipt.checksum:
            raise CopyDiffers(f"{receipt.remote_name} holds other bytes")
        return self._receipt(rendition)

    def probe(self) -> str:
        return f"memory holds {len(self.objects)} objects"

    def close(self) -> None:
        self.closed = True

    def _read(self, job: UploadJob) -> bytes:
        blocks: list[bytes] = []
        sent = 0
        try:
            with job.rendition.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    blocks.append(block)
                    sent += len(block)
                    job.progress(sent)
                    self._hold(job)
                    job.check_cancelled()
        except OSError as error:
            raise Permanent(f"{job.rendition.file_name} cannot be read: {error.strerror}") from error
        return b"".join(blocks)

    def _hold(self, job: UploadJob) -> None:
        self.started.set()
        limit = time.monotonic() + 30
        while self.held.is_set() and not job.cancelled():
            if time.monotonic() > limit:
                raise Transient("held for too long")
            time.sleep(0.001)

    def _receipt(self, rendition: Rendition) -> Receipt:
        return Receipt(rendition.file_name, rendition.size, True, "sha256", rendition.sha256, time.time_ns())
