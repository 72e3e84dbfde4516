"""The conformance checks pass a good backend and catch each kind of bad one."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance.plugin import Cancelled, Permanent, Receipt, Rendition, UploadJob
from appliance.testing.backends import MemoryBackend, check_upload_backend


class Destination:
    """What is behind the backends of one test, and the backend class under test."""

    def __init__(self, backend: type[MemoryBackend] = MemoryBackend) -> None:
        self.objects: dict[str, bytes] = {}
        self._backend = backend

    def check(self, directory: Path, **options: Any) -> None:
        def make() -> MemoryBackend:
            return self._backend(self.objects)

        check_upload_backend(
            make,
            self.objects.__getitem__,
            directory=directory,
            listing=self.objects.keys,
            spoil=self.spoil,
            large=300_000,
            **options,
        )

    def spoil(self, name: str) -> None:
        self.objects[name] = b"?" + self.objects[name][1:]


def test_a_good_backend_passes(tmp_path: Path) -> None:
    destination = Destination()
    destination.check(tmp_path)
    assert len(destination.objects) > 15


def test_it_passes_without_a_look_at_the_destination(tmp_path: Path) -> None:
    check_upload_backend(MemoryBackend, directory=tmp_path)


class Truncates(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        receipt = super().deliver(job)
        self.objects[receipt.remote_name] = self.objects[receipt.remote_name][:-1]
        return receipt


class MixesUpNames(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        receipt = super().deliver(job)
        self.objects["clip.wav"] = self.objects.pop(receipt.remote_name)
        return evolve(receipt, remote_name="clip.wav")


class CopiesTwice(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        receipt = super().deliver(job)
        if job.attempt > 1:
            self.objects[f"{job.rendition.file_name} ({job.attempt})"] = b"copy"
        return receipt


class HearsNothing(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        return super().deliver(evolve(job, cancelled=lambda: False))


class HearsOnlyAtFirst(HearsNothing):
    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        return super().deliver(job)


class TrustsItsNotes(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        if job.resume is not None:
            int(str(job.resume["part"]))
        return super().deliver(job)


class NotesBytes(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        job.save_resume({"digest": b"\x00"})
        return super().deliver(job)


class Crashes(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        job.rendition.path.read_bytes()
        return super().deliver(job)


class BelievesTheFile(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        content = job.rendition.path.read_bytes() if job.rendition.path.exists() else self._missing()
        job.progress(job.rendition.size)
        job.check_cancelled()
        self.objects[job.rendition.file_name] = content
        return self._receipt(job.rendition)

    def _missing(self) -> bytes:
        raise Permanent("gone")


class BelievesTheFirstLook(MemoryBackend):
    """Proves the hash of what it read at first, and sends what it reads at second."""

    def deliver(self, job: UploadJob) -> Receipt:
        receipt = super().deliver(evolve(job, progress=lambda sent: None))
        job.progress(job.rendition.size)
        job.check_cancelled()
        self.objects[receipt.remote_name] = job.rendition.path.read_bytes()
        return receipt


class LosesProgress(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        job.progress(2)
        return super().deliver(job)


class SizesWrong(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        return evolve(super().deliver(job), size=1)


class ProvesWithMd5InCapitals(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        receipt = super().deliver(job)
        digest = hashlib.md5(self.objects[receipt.remote_name]).hexdigest().upper()
        return evolve(receipt, algorithm="md5", checksum=f"A{digest}")


class ClaimsNoProof(MemoryBackend):
    proves = False


class SharesAName(MemoryBackend):
    """Keeps the name of the job in itself; the barrier makes sure that two jobs meet."""

    _parties = threading.Barrier(3)
    _name = ""

    def deliver(self, job: UploadJob) -> Receipt:
        self._name = job.rendition.file_name
        if "parallel" in self._name:
            self._parties.wait(10)
        return evolve(super().deliver(job), remote_name=self._name)


class VouchesBlindly(MemoryBackend):
    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        return receipt


class LeavesAProbe(MemoryBackend):
    def probe(self) -> str:
        self.objects["probe"] = b""
        return "fine"


class ProbesAtLength(MemoryBackend):
    def probe(self) -> str:
        return "fine\nreally"


@pytest.mark.parametrize(
    ("backend", "complaint"),
    [
        (Truncates, "delivers_exactly: .* bytes of .* arrived"),
        (LosesProgress, "delivers_exactly: .*progress went back"),
        (NotesBytes, "delivers_exactly: .*JSON-able"),
        (SizesWrong, "delivers_exactly: .*the receipt says 1 bytes"),
        (ProvesWithMd5InCapitals, "delivers_exactly: .*not lower-case hex"),
        (ClaimsNoProof, "delivers_exactly: .*proves nothing"),
        (MixesUpNames, "odd_names: .* got one name"),
        (CopiesTwice, "same_key_twice: .*made a copy"),
        (HearsNothing, "cancelled_before: .*and yet delivered"),
        (HearsOnlyAtFirst, "cancelled_midway: .*and yet delivered"),
        (TrustsItsNotes, "strange_resume_note: KeyError"),
        (Crashes, "missing_file: FileNotFoundError"),
        (BelievesTheFile, "changed_file: .*a verified receipt for other bytes"),
        (BelievesTheFirstLook, "changed_while_sent: .*lacks the bytes"),
        (SharesAName, "in_parallel: .*other bytes arrived"),
        (VouchesBlindly, "looks_again: .*vouched for other bytes"),
        (LeavesAProbe, "probes: .*left something"),
        (ProbesAtLength, "probes: .*one line"),
    ],
)
def test_a_bad_backend_is_caught(tmp_path: Path, backend: type[MemoryBackend], complaint: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s)^{complaint}"):
        Destination(backend).check(tmp_path)


def test_a_destination_that_cannot_tell_may_copy_twice(tmp_path: Path) -> None:
    Destination(CopiesTwice).check(tmp_path, honours_key=False)


def test_the_fixtures_of_the_pytest_plugin(
    upload_job: Callable[..., UploadJob], memory_backend: MemoryBackend, manual_clock: Any
) -> None:
    before = manual_clock.monotonic()
    manual_clock.advance(5)
    assert manual_clock.monotonic() == before + 5
    job = upload_job(b"tone")
    assert memory_backend.deliver(job).verified
    assert memory_backend.objects == {job.rendition.file_name: b"tone"}


@pytest.mark.slow
def test_who_does_not_ask_for_the_fixtures_has_none_of_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--fixtures", "-p", "no:cacheprovider", str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60).stdout
    assert "tmp_path" in told and "manual_clock" not in told


def test_a_held_backend_waits_until_it_is_cancelled(
    upload_job: Callable[..., UploadJob], memory_backend: MemoryBackend
) -> None:
    memory_backend.held.set()
    with pytest.raises(Cancelled):
        memory_backend.deliver(evolve(upload_job(), cancelled=memory_backend.started.is_set))
