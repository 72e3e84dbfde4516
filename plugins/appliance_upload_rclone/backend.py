"""The backend: one remote of rclone's."""

import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from appliance.plugin import (
    BackendContext,
    CopyDiffers,
    CopyMissing,
    Permanent,
    Receipt,
    Rendition,
    Transient,
    UploadJob,
    sidecars_of,
)
from appliance_upload_rclone.hashes import digests
from appliance_upload_rclone.names import path_of
from appliance_upload_rclone.options import RcloneOptions
from appliance_upload_rclone.remote import Remote, RemoteFile


class RcloneBackend:
    """Delivers to one remote. See `appliance.plugin.UploadBackend` for the contract."""

    def __init__(self, options: RcloneOptions, context: BackendContext) -> None:
        self._folder = options.folder
        self._sidecar = options.sidecar
        self._context = context
        self._remote = Remote(options, context.clock_trusted, context.rate_limit)

    @property
    def proves(self) -> bool:
        return self._remote.computes_hashes is not False

    @property
    def on_own_disk(self) -> bool:
        """Rclone does not tell one disk of the box from the other: the backend `folder` does."""
        return self._remote.is_local

    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        rendition = job.rendition
        expected = self._hash_here(rendition, job.check_cancelled)
        path = path_of(self._folder, rendition, job.clip, self._context)
        there = self._remote.stat(path, job.check_cancelled)
        if there is None or (job.attempt > 1 and _is_leftover(there, rendition)):
            self._remote.copy(rendition.path, path, job.check_cancelled, lambda sent: _report(job, sent))
            job.check_cancelled()
            there = self._remote.stat(path, job.check_cancelled)
            if there is None:
                raise Transient(f"{self._remote} took {path} and does not show it")
            if not _same(there, rendition, expected):
                self._hash_here(rendition, job.check_cancelled)
                raise Permanent(
                    f"{self._remote} holds other bytes than were sent as {path}: check it, and delete that file"
                )
        elif not _same(there, rendition, expected):
            raise Permanent(f"{self._remote} has another file named {path}: move it away")
        if self._sidecar and job.sidecar:
            self._put_sidecar(job, path)
        job.progress(rendition.size)
        return self._receipt(path, there, expected)

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        there = self._remote.stat(receipt.remote_name)
        if there is None:
            raise CopyMissing(f"{self._remote} has no {receipt.remote_name} any more")
        known = {"sha256": rendition.sha256} if rendition.sha256 else {}
        expected = {receipt.algorithm: receipt.checksum} if receipt.verified else known
        if not _same(there, rendition, expected):
            raise CopyDiffers(f"{self._remote} holds other bytes as {receipt.remote_name}")
        return self._receipt(receipt.remote_name, there, expected)

    def delete(self, receipt: Receipt) -> None:
        self._delete(receipt.remote_name)
        for beside in sidecars_of(receipt.remote_name) if self._sidecar else ():
            if self._delete(beside):
                break

    def _delete(self, path: str) -> bool:
        """Whether it was there."""
        if self._remote.stat(path) is None:
            return False
        self._remote.delete(path)
        if self._remote.stat(path) is not None:
            raise Transient(f"{self._remote} says that it has deleted {path}, and still shows it")
        return True

    def probe(self) -> str:
        token = secrets.token_hex(8)
        content = f"probe {token} of {self._context.device}\n".encode()
        path = f".appliance-probe-{token}"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "probe"
            file.write_bytes(content)
            self._remote.copy(file, path)
        try:
            if self._remote.read(path) != content:
                raise Permanent(f"{self._remote} gave back other bytes than it got: check it")
        finally:
            self._remote.delete(path)
        kind = self._remote.hash_kind()
        proof = f"proves files by {kind}" if kind else "computes no checksums: clips are accepted, never proved"
        return f"{self._remote} works: wrote, read and deleted a small file; it {proof}"

    def close(self) -> None:
        """Nothing is held between two calls."""

    def _put_sidecar(self, job: UploadJob, path: str) -> None:
        """What is known of a clip may grow: the newest is what lies beside it."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "sidecar"
            file.write_bytes(job.sidecar)
            self._remote.copy(
                file, f"{path.removesuffix(job.rendition.file_name)}{job.sidecar_name}", job.check_cancelled, over=True
            )

    def _hash_here(self, rendition: Rendition, check: Callable[[], None]) -> dict[str, str]:
        """The checksums to expect. Raises Permanent where the file is not the one recorded."""
        kind = self._remote.hash_kind(check)
        found = digests(rendition, [kind] if kind else [], check)
        if kind and kind not in found:
            found[kind] = self._remote.hash_local(rendition.path, kind, check)
        return found

    def _receipt(self, path: str, there: RemoteFile, expected: dict[str, str]) -> Receipt:
        local = self.on_own_disk
        proven = next((kind for kind, digest in expected.items() if there.hashes.get(kind) == digest), None)
        if proven is None:
            return Receipt(path, there.size, False, received_at=time.time_ns(), on_own_disk=local)
        return Receipt(path, there.size, True, proven, expected[proven], time.time_ns(), on_own_disk=local)


def _is_leftover(there: RemoteFile, rendition: Rendition) -> bool:
    """A shorter file of the same name: clip names are never given twice, so an interrupted attempt left it."""
    return there.size < rendition.size


def _same(there: RemoteFile, rendition: Rendition, expected: dict[str, str]) -> bool:
    return there.size == rendition.size and all(
        there.hashes.get(kind, digest) == digest for kind, digest in expected.items()
    )


def _report(job: UploadJob, sent: int) -> None:
    job.progress(min(sent, job.rendition.size))
