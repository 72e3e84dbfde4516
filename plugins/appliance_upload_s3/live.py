"""A take goes while it is recorded, in equal parts; the first part, which holds the header, and the tail follow later.

Parts may come in any order (Amazon S3 User Guide, "Uploading and copying objects using multipart upload"), all but the
last must have 5 MiB at least. Here only parts are sent whose bytes stay; `multipart` compares each with the finished
file, sends what is missing or has changed, and makes the object.
"""

from attrs import evolve

from appliance.plugin import ORIGINAL, LiveJob, Transient
from appliance_upload_s3.attempt import describe_take
from appliance_upload_s3.bucket import Bucket
from appliance_upload_s3.errors import UploadGone
from appliance_upload_s3.multipart import send_part
from appliance_upload_s3.note import Note, read_note
from appliance_upload_s3.options import MIB
from appliance_upload_s3.orphans import Orphans
from appliance_upload_s3.source import stretch_of

LIVE_PART_SIZE = 5 * MIB
"""The smallest there is: at most two parts and a little are left when the take is over."""


def send_live(bucket: Bucket, key: str, job: LiveJob, part_size: int, orphans: Orphans) -> None:
    """Send every part but the first as soon as it stays, one after the other, until the take is over."""
    note = read_note(job.resume, key, "")
    if note is not None:
        orphans.in_use(note.upload_id)
    size = note.part_size if note is not None else part_size
    number = 2
    while job.wait_for(number * size):
        note = note or _begin(bucket, key, job, size, orphans)
        if number not in note.parts:
            note = _send(bucket, note, job, number)
        number += 1


def _begin(bucket: Bucket, key: str, job: LiveJob, part_size: int, orphans: Orphans) -> Note:
    metadata = describe_take(job.clip, ORIGINAL, job.idempotency_key, part_size)
    upload_id, sha256_parts = bucket.begin(key, ORIGINAL.media_type, metadata)
    orphans.in_use(upload_id)
    note = Note(upload_id, key, "", part_size, sha256_parts)
    job.save_resume(note.to_json())
    return note


def _send(bucket: Bucket, note: Note, job: LiveJob, number: int) -> Note:
    before = len(note.parts) * note.part_size
    stretch = stretch_of(_Growing(job), number, note.part_size)
    try:
        part = send_part(bucket, note, stretch, lambda sent: job.progress(before + sent))
    except UploadGone:
        job.save_resume(None)
        raise
    note = evolve(note, parts={**note.parts, number: part})
    job.save_resume(note.to_json())
    return note


class _Growing:
    """The file of a take that is still recorded."""

    def __init__(self, job: LiveJob) -> None:
        self._job = job

    def read(self, offset: int, size: int) -> bytes:
        self._job.check_cancelled()
        block = self._job.read(offset, size)
        if not block:
            raise self.changed()
        return block

    def changed(self) -> Transient:
        return Transient(f"{self._job.clip.name} was cut while its end was sent: it is sent again")
