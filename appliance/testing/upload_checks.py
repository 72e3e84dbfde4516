"""The single checks that `appliance.testing.backends.check_upload_backend` runs, each one rule of the contract."""

import re
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from attrs import evolve

from appliance.codec import from_json, to_json
from appliance.errors import Cancelled, CannotVerify, CopyDiffers, Permanent, Transient
from appliance.models import Receipt, Rendition
from appliance.plugin.upload import UploadBackend, UploadJob
from appliance.recipes import Recipe
from appliance.testing.memory import make_upload_job
from appliance.testing.observers import FileChange, Notes, Progress
from appliance.values import frozen

_HEADER = (
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\xbb\x00\x00\x00w\x01\x00\x02\x00\x10\x00data"
)
_EMPTY_WAV = _HEADER + bytes(4)
_ODD_NAMES = (
    "two words",
    "Grüße-東京",
    "100% & more; #1+(2)=3",
    "it's ~me, @home!",
    "dots..and.wav",
    "-dash",
    "x" * 120,
)


@frozen
class UploadChecks:
    """The checks and what they need to know of the destination."""

    make_backend: Callable[[], UploadBackend]
    fetch: Callable[[str], bytes] | None
    listing: Callable[[], Collection[str]] | None
    spoil: Callable[[str], object] | None
    directory: Path
    large: int
    honours_key: bool

    def delivers_exactly(self) -> None:
        """What arrives is what was sent, whatever its length; the receipt and the progress tell the truth about it."""
        for label, content in (
            ("header only", _EMPTY_WAV),
            ("one byte", b"\x00"),
            ("even block", bytes(range(256)) * 256),
            ("large", self.sound()),
        ):
            job, sent = self.job(label, content), Progress()
            receipt = self.deliver(evolve(job, progress=sent))
            self.check_receipt(job.rendition, receipt)
            self.check_arrived(job, receipt)
            sent.check(job.rendition.size)

    def odd_names(self) -> None:
        """A name is data: no character of it means anything to the destination, and none mixes up two files."""
        arrived: dict[str, str] = {}
        for name in _ODD_NAMES:
            job = make_upload_job(self.directory / "odd", name.encode(), name)
            receipt = self.deliver(job)
            assert receipt.remote_name not in arrived, f"{name!r} and {arrived[receipt.remote_name]!r} got one name"
            arrived[receipt.remote_name] = name
            self.check_arrived(job, receipt)

    def any_file(self) -> None:
        """A file that belongs to no clip arrives like any other, each under a name of its own."""
        report, names = Recipe("report", ".json", "application/json"), set()
        for number in (1, 2):
            job = self.job(f"report {number}", bytes([number]))
            job = evolve(job, rendition=evolve(job.rendition, clip_id="", recipe=report), clip=None)
            receipt = self.deliver(job)
            self.check_receipt(job.rendition, receipt)
            self.check_arrived(job, receipt)
            names.add(receipt.remote_name)
        assert len(names) == 2, f"two files got one name: {names}"

    def same_key_twice(self) -> None:
        """A second attempt under the same key succeeds, and makes no second copy where the destination can tell."""
        job = self.job("twice", self.sound(100_000))
        first = self.deliver(job)
        before = self.names()
        second = self.deliver(evolve(job, attempt=2))
        self.check_receipt(job.rendition, second)
        self.check_arrived(job, second)
        if self.honours_key:
            assert second.remote_name == first.remote_name, "the second attempt went to another name"
            assert self.names() == before, f"the second attempt made a copy: {sorted(self.names() - before)}"

    def cancelled_before(self) -> None:
        """A job that was taken back before it began raises Cancelled and leaves nothing under its name."""
        before = self.names()
        self.expect_cancelled(evolve(self.job("never", self.sound()), cancelled=lambda: True))
        assert self.names() == before, "a cancelled job left something at the destination"

    def cancelled_midway(self) -> None:
        """A job that is taken back while it runs raises Cancelled soon; a later attempt carries it through."""
        job, notes, sent = self.job("midway", self.sound()), Notes(), Progress()
        self.expect_cancelled(evolve(job, progress=sent, save_resume=notes, cancelled=lambda: bool(sent.last)))
        receipt = self.deliver(evolve(job, attempt=2, resume=notes.last, save_resume=notes))
        self.check_receipt(job.rendition, receipt)
        self.check_arrived(job, receipt)

    def strange_resume_note(self) -> None:
        """A note from another release, or of an upload that the destination has forgotten, does no harm."""
        for number, note in enumerate(({}, {"from_another_release": [1, {"part": None}]})):
            job = self.job(f"strange {number}", self.sound(100_000))
            self.check_arrived(job, self.deliver(evolve(job, attempt=2, resume=dict(note))))

    def missing_file(self) -> None:
        """A file that is not there is Permanent or Transient, never a crash, and leaves nothing."""
        job, before = self.job("missing", b"gone"), self.names()
        job.rendition.path.unlink()
        self.expect_no_proof(job)
        self.expect_no_proof(evolve(job, clip=None))
        assert self.names() == before, "a missing file left something at the destination"

    def changed_file(self) -> None:
        """A file whose bytes are not those of its hash, from the start, never gets a verified receipt."""
        content = self.sound()
        for label, other in (
            ("one bit", content[:-1] + bytes([content[-1] ^ 1])),
            ("shorter", content[:-1000]),
            ("longer", content + bytes(1000)),
        ):
            job = self.job(f"changed {label}", content)
            job.rendition.path.write_bytes(other)
            self.expect_no_proof(job)

    def changed_while_sent(self) -> None:
        """A file that changes under the sender never gets a verified receipt for bytes that the other side lacks."""
        content = self.sound()
        for label, other in (("other bytes", bytes(len(content))), ("cut", content[:1000])):
            job = self.job(f"under {label}", content)
            self.expect_no_proof(evolve(job, progress=FileChange(job.rendition.path, other)), content)

    def in_parallel(self) -> None:
        """Two files at once, on two threads of one backend, do not mix."""
        jobs = [self.job(f"parallel {number}", bytes([number]) * 300_000) for number in (1, 2, 3)]
        backend, receipts = self.make_backend(), dict[int, Receipt]()

        def deliver(number: int) -> None:
            receipts[number] = backend.deliver(jobs[number])

        threads = [threading.Thread(target=deliver, args=(number,), daemon=True) for number in range(len(jobs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        backend.close()
        assert len(receipts) == len(jobs), "an attempt failed or hung"
        for number, job in enumerate(jobs):
            self.check_arrived(job, receipts[number])

    def looks_again(self) -> None:
        """`verify` finds what is there, does not vouch for what is gone bad, and says which of both is wrong."""
        job = self.job("again", self.sound(100_000))
        receipt = self.deliver(job)
        backend = self.make_backend()
        try:
            again = backend.verify(job.rendition, receipt)
            self.check_receipt(job.rendition, again)
            assert again.remote_name == receipt.remote_name, "verify looked at another name"
        except (Permanent, Transient) as error:
            assert str(error), "an error without a word"
        if self.spoil is not None:
            self.spoil(receipt.remote_name)
            try:
                assert not backend.verify(job.rendition, receipt).verified, "verify vouched for other bytes"
            except (CopyDiffers, CannotVerify, Transient) as error:
                assert str(error), "an error without a word"
        backend.close()

    def probes(self) -> None:
        """`probe` says one line and cleans up; a backend that was never used closes."""
        before, backend = self.names(), self.make_backend()
        line = backend.probe()
        assert line and "\n" not in line, f"probe must say one line, not {line!r}"
        assert self.names() == before, "probe left something behind"
        backend.close()
        self.make_backend().close()

    # -- what the checks are made of -----------------------------------------------------------------------------------

    def sound(self, size: int | None = None) -> bytes:
        """Bytes that repeat in no power of two, so that a block lost or doubled shows."""
        wanted = self.large if size is None else size
        pattern = b"".join(number.to_bytes(3, "big") for number in range(33_331))
        return (pattern * (wanted // len(pattern) + 1))[:wanted]

    def job(self, name: str, content: bytes) -> UploadJob:
        return make_upload_job(self.directory, content, f"check_{name.replace(' ', '-')}")

    def deliver(self, job: UploadJob) -> Receipt:
        backend = self.make_backend()
        try:
            return backend.deliver(evolve(job, save_resume=Notes(job.save_resume)))
        finally:
            backend.close()

    def names(self) -> frozenset[str]:
        return frozenset(self.listing()) if self.listing is not None else frozenset()

    def expect_cancelled(self, job: UploadJob) -> None:
        try:
            receipt = self.deliver(job)
        except Cancelled:
            return
        raise AssertionError(f"cancelled, and yet delivered as {receipt.remote_name!r}")

    def expect_no_proof(self, job: UploadJob, arrived: bytes | None = None) -> None:
        """An error, a receipt that is not verified, or one that is right because `arrived` did arrive."""
        try:
            receipt = self.deliver(job)
        except (Permanent, Transient) as error:
            assert str(error) and "\n" not in str(error), f"an error is one line for a person, not {str(error)!r}"
            return
        if receipt.verified:
            assert arrived is not None and self.fetch is not None, "a verified receipt for other bytes"
            there = self.fetch(receipt.remote_name) == arrived  # pytest would look for the difference for minutes
            assert there, "a verified receipt, but the destination lacks the bytes"

    def check_arrived(self, job: UploadJob, receipt: Receipt) -> None:
        if self.fetch is not None:
            arrived, wanted = self.fetch(receipt.remote_name), job.rendition.path.read_bytes()
            assert len(arrived) == len(wanted), f"{len(arrived)} bytes of {len(wanted)} arrived"
            same = arrived == wanted
            assert same, "other bytes arrived"

    def check_receipt(self, rendition: Rendition, receipt: Receipt) -> None:
        assert receipt.remote_name, "the receipt names nothing"
        assert receipt.size == rendition.size, f"the receipt says {receipt.size} bytes, not {rendition.size}"
        assert receipt.received_at > 1_500_000_000_000_000_000, "received_at is wall time in nanoseconds"
        assert from_json(to_json(receipt), Receipt) == receipt, "the receipt does not survive being stored"
        if receipt.verified:
            assert receipt.algorithm, "verified, but by what?"
            assert re.fullmatch("[0-9a-f]{8,}(-[0-9]+)?", receipt.checksum), f"not lower-case hex: {receipt.checksum!r}"
            assert receipt.algorithm != "sha256" or receipt.checksum == rendition.sha256, "another file's checksum"
            backend = self.make_backend()
            assert backend.proves, "a verified receipt from a backend that says it proves nothing"
            backend.close()
