"""The backend: one destination in one bucket."""

import contextlib
import secrets
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from appliance.plugin import (
    ORIGINAL,
    BackendContext,
    CopyDiffers,
    CopyMissing,
    LiveJob,
    Permanent,
    Receipt,
    Rendition,
    UploadJob,
    sidecars_of,
)
from appliance_upload_s3.attempt import Attempt, part_size_of
from appliance_upload_s3.bucket import Answer, Bucket
from appliance_upload_s3.client import endpoint_of, make_client
from appliance_upload_s3.errors import Target, UploadGone
from appliance_upload_s3.keys import own_keys, probe_key, render
from appliance_upload_s3.live import LIVE_PART_SIZE, send_live
from appliance_upload_s3.multipart import send_in_parts
from appliance_upload_s3.note import parse_note, read_note
from appliance_upload_s3.options import MIB, S3Options
from appliance_upload_s3.orphans import Orphans
from appliance_upload_s3.proof import Mismatch, Proven, compare, make_receipt, same_proof
from appliance_upload_s3.single import send_at_once
from appliance_upload_s3.source import SENT_AT_ONCE, Source

MULTIPART_FROM = 8 * MIB
_MOST_PARTS = 10_000


class S3Backend:
    """Delivers to one bucket. See `appliance.plugin.UploadBackend` for the contract."""

    proves = True

    def __init__(self, options: S3Options, context: BackendContext) -> None:
        self._options = options
        self._context = context
        target = Target(options.bucket, endpoint_of(options), context.clock_trusted)
        block = context.block(SENT_AT_ONCE, options.parallel_parts)
        self._bucket = Bucket(partial(make_client, options), options.bucket, target, _properties(options), block)
        self._template = options.prefix.replace("{", "{{").replace("}", "}}") + options.key
        ledger = context.state_directory / "uploads" / f"{context.name}.json"
        self._orphans = Orphans(self._bucket, own_keys(self._template, context.device), ledger=ledger)

    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        size = job.rendition.size
        key = render(self._template, job.rendition, job.clip, self._context)
        attempt = Attempt(self._bucket, key, job, self._part_size(size, self._options.part_size))
        if size < MULTIPART_FROM and read_note(job.resume, key, job.rendition.sha256) is None:
            receipt = send_at_once(attempt)
        else:
            receipt = send_in_parts(attempt, self._options.parallel_parts, self._orphans)
        if self._options.sidecar and job.sidecar:
            beside = f"{key.removesuffix(job.rendition.recipe.suffix)}.json"
            self._bucket.put_small(beside, job.sidecar, "application/json", over=True)
        job.progress(size)
        self._orphans.sweep_when_due()
        return receipt

    @property
    def live(self) -> bool:
        return self._options.live

    def deliver_live(self, job: LiveJob) -> None:
        job.check_cancelled()
        rendition = Rendition(job.clip.id, ORIGINAL, Path(job.clip.file_name), 0, "")
        key = render(self._template, rendition, job.clip, self._context)
        send_live(self._bucket, key, job, self._part_size(job.longest, LIVE_PART_SIZE), self._orphans)

    def withdraw(self, resume: dict[str, object]) -> None:
        if note := parse_note(resume):
            with contextlib.suppress(UploadGone):
                self._bucket.abort(note.key, note.upload_id)
            self._orphans.finished(note.upload_id)

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        key = receipt.remote_name
        head = self._bucket.find(key)
        if head is None:
            raise CopyMissing(f"{self._bucket.target} has no object {key!r} any more")
        try:
            proven = same_proof(head, receipt) or self._compare(head, rendition)
        except Mismatch:
            raise CopyDiffers(f"{self._bucket.target} holds other bytes than were delivered under {key!r}") from None
        return make_receipt(key, receipt.size, proven, head)

    def delete(self, receipt: Receipt) -> None:
        key = receipt.remote_name
        beside = (each for each in sidecars_of(key) if self._bucket.find(each)) if self._options.sidecar else ()
        kept = [each for each in chain((key,), islice(beside, 1)) if self._bucket.delete(each)]
        if kept:
            raise Permanent(
                f"{self._bucket.target} keeps old versions: {key!r} is shown no more, and still there. "
                "Delete its versions by hand"
            )

    def probe(self) -> str:
        token = secrets.token_hex(8)
        key = probe_key(self._template, self._context.device, self._context.name, token)
        content = f"probe {token} of {self._context.device}\n".encode()
        self._bucket.put_small(key, content)
        try:
            if self._bucket.read(key) != content:
                raise Permanent(f"{self._bucket.target} gave back other bytes than it got: check that server")
        finally:
            kept = self._delete(key)
        return f"{self._bucket.target} works: wrote, read and {kept} a small object"

    def _delete(self, key: str) -> str:
        """Boxes do well without the right to delete."""
        try:
            self._bucket.delete(key)
        except Permanent:
            return f"could not delete ({key})"
        return "deleted"

    def close(self) -> None:
        self._bucket.close()

    def _part_size(self, size: int, wanted: int) -> int:
        smallest = -(-size // (_MOST_PARTS * MIB)) * MIB
        return max(wanted, smallest)

    def _compare(self, head: Answer, rendition: Rendition) -> Proven | None:
        """Against the local file, where it is still there."""
        if not rendition.path.exists():
            if head["ContentLength"] != rendition.size:
                raise Mismatch
            return None
        source = Source(rendition, lambda: None)
        with contextlib.closing(source):
            return compare(head, source, part_size_of(head, self._part_size(rendition.size, self._options.part_size)))


def _properties(options: S3Options) -> dict[str, Any]:
    wanted = {
        "StorageClass": options.storage_class,
        "ServerSideEncryption": options.encryption.value if options.encryption else "",
        "SSEKMSKeyId": options.kms_key,
        "Tagging": urlencode(options.tags),
    }
    return {name: value for name, value in wanted.items() if value}
