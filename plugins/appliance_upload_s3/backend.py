"""The backend: one destination in one bucket."""

import contextlib
import secrets
from typing import Any
from urllib.parse import urlencode

from appliance.plugin import BackendContext, CopyDiffers, CopyMissing, Permanent, Receipt, Rendition, UploadJob
from appliance_upload_s3.attempt import Attempt, part_size_of
from appliance_upload_s3.bucket import Answer, Bucket
from appliance_upload_s3.client import make_client
from appliance_upload_s3.errors import Target
from appliance_upload_s3.keys import own_keys, probe_key, render
from appliance_upload_s3.multipart import send_in_parts
from appliance_upload_s3.options import MIB, S3Options
from appliance_upload_s3.orphans import Orphans
from appliance_upload_s3.proof import Mismatch, Proven, compare, make_receipt, same_proof
from appliance_upload_s3.single import send_at_once
from appliance_upload_s3.source import Source

MULTIPART_FROM = 8 * MIB
_MOST_PARTS = 10_000


class S3Backend:
    """Delivers to one bucket. See `appliance.plugin.UploadBackend` for the contract."""

    proves = True

    def __init__(self, options: S3Options, context: BackendContext) -> None:
        self._options = options
        self._context = context
        self._client = make_client(options)
        target = Target(options.bucket, self._client.meta.endpoint_url, context.clock_trusted)
        self._bucket = Bucket(self._client, options.bucket, target, _properties(options))
        self._template = options.prefix.replace("{", "{{").replace("}", "}}") + options.key
        self._orphans = Orphans(self._bucket, own_keys(self._template, context.device))

    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        size = job.rendition.size
        key = render(self._template, job.clip, job.rendition, self._context.name)
        attempt = Attempt(self._bucket, key, job, self._part_size(size))
        if size < MULTIPART_FROM:
            receipt = send_at_once(attempt)
        else:
            receipt = send_in_parts(attempt, self._options.parallel_parts, self._orphans)
        job.progress(size)
        self._orphans.sweep_when_due()
        return receipt

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
        self._client.close()

    def _part_size(self, size: int) -> int:
        smallest = -(-size // (_MOST_PARTS * MIB)) * MIB
        return max(self._options.part_size, smallest)

    def _compare(self, head: Answer, rendition: Rendition) -> Proven | None:
        """Against the local file, where it is still there."""
        if not rendition.path.exists():
            if head["ContentLength"] != rendition.size:
                raise Mismatch
            return None
        source = Source(rendition, lambda: None)
        with contextlib.closing(source):
            return compare(head, source, part_size_of(head, self._part_size(rendition.size)))


def _properties(options: S3Options) -> dict[str, Any]:
    wanted = {
        "StorageClass": options.storage_class,
        "ServerSideEncryption": options.encryption.value if options.encryption else "",
        "SSEKMSKeyId": options.kms_key,
        "Tagging": urlencode(options.tags),
    }
    return {name: value for name, value in wanted.items() if value}
