"""A large file goes in parts, each kept by the server and noted here: a restart or reboot costs the unfinished ones."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve

from appliance.plugin import Permanent, Receipt, Transient
from appliance_upload_s3.attempt import Attempt, describe
from appliance_upload_s3.bucket import Answer, Bucket
from appliance_upload_s3.crew import Crew
from appliance_upload_s3.errors import Damaged, Exists, Unsupported, UploadGone
from appliance_upload_s3.note import Note, read_note
from appliance_upload_s3.orphans import Orphans
from appliance_upload_s3.proof import composite, found_in, md5_of, sha256_of
from appliance_upload_s3.source import Changed, Source, Stretch, as_header, stretches


def send_in_parts(attempt: Attempt, parallel: int, orphans: Orphans) -> Receipt:
    """Begin or go on with a multipart upload, `parallel` parts at once, and return the receipt for the object."""
    upload = _Upload(attempt, parallel)
    try:
        return upload.run(orphans)
    finally:
        upload.close()


class _Upload:
    def __init__(self, attempt: Attempt, parallel: int) -> None:
        self._attempt = attempt
        self._bucket = attempt.bucket
        self._job = attempt.job
        self._crew = Crew(parallel, self._send, attempt.job.check_cancelled)
        self._source = Source(attempt.job.rendition, self._crew.check)
        self._parts: dict[int, tuple[str, str]] = {}
        self._replaced: set[int] = set()

    def close(self) -> None:
        self._attempt.end()
        if self._crew.close():
            self._source.close()

    def run(self, orphans: Orphans) -> Receipt:
        left = read_note(self._job.resume, self._attempt.key, self._job.rendition.sha256)
        there: Mapping[int, Answer] | None = {}
        if left is not None:
            orphans.in_use(left.upload_id)
            try:
                there = self._bucket.parts(left.key, left.upload_id)
            except UploadGone:
                left = None
        if left is None and (receipt := self._attempt.existing()) is not None:
            return receipt
        sha256 = self._job.rendition.sha256
        self._note = evolve(left, sha256=sha256, parts={}) if left is not None else self._begin(orphans)
        try:
            receipt = self._carry_on(left or self._note, there)
        except (Changed, UploadGone):
            self._abort()
            self._job.save_resume(None)
            raise
        orphans.finished(self._note.upload_id)
        return receipt

    def _begin(self, orphans: Orphans) -> Note:
        attempt = self._attempt
        media_type, metadata = self._job.rendition.recipe.media_type, describe(self._job, attempt.part_size)
        upload_id, sha256_parts = self._bucket.begin(attempt.key, media_type, metadata)
        orphans.in_use(upload_id)
        note = Note(upload_id, attempt.key, self._job.rendition.sha256, attempt.part_size, sha256_parts)
        self._job.save_resume(note.to_json())
        return note

    def _carry_on(self, left: Note, there: Mapping[int, Answer] | None) -> Receipt:
        """Send what is missing. `there` is what the server lists; None where it may not be asked."""
        for stretch in stretches(self._source, left.part_size):
            noted = left.parts.get(stretch.number)
            if there is not None:
                found = there.get(stretch.number)
            else:
                found = {"ETag": noted[0], "Size": stretch.length} if noted else None
            if found is not None and _holds(found, noted, stretch):
                self._parts[stretch.number] = (found["ETag"], stretch.sha256.hex())
                self._attempt.held(stretch.number, stretch.length)
            else:
                if found is not None:
                    self._replaced.add(stretch.number)
                self._crew.submit(stretch)
        self._crew.finish()
        return self._complete()

    def _send(self, stretch: Stretch) -> None:
        number = stretch.number
        try:
            part = send_part(self._bucket, self._note, stretch, lambda sent: self._attempt.progress(number, sent))
        except Unsupported as error:
            if number in self._replaced:  # some servers keep the first version of a part for ever
                raise UploadGone(f"{self._bucket.target}: part {number} cannot be replaced, all go anew") from error
            raise
        self._parts[number] = part
        self._attempt.save(lambda: evolve(self._note, parts=dict(self._parts)).to_json())

    def _complete(self) -> Receipt:
        parts = sorted(self._parts.items())
        digests = [bytes.fromhex(digest) for _, (_, digest) in parts]
        listed: list[dict[str, Any]] = [{"PartNumber": number, "ETag": etag} for number, (etag, _) in parts]
        if self._note.sha256_parts:
            for part, digest in zip(listed, digests, strict=True):
                part["ChecksumSHA256"] = as_header(digest)
        try:
            answer = self._bucket.complete(self._note.key, self._note.upload_id, listed)
        except Exists as error:
            receipt = self._attempt.taken(error)
            self._abort()
            return receipt
        except UploadGone:
            if (made_before := self._attempt.existing()) is not None:
                return made_before
            raise
        return self._prove(answer, digests, [md5_of({"ETag": etag}) for _, (etag, _) in parts])

    def _abort(self) -> None:
        """Best effort: what stays is an orphan, and swept up later."""
        with contextlib.suppress(Transient, Permanent):
            self._bucket.abort(self._note.key, self._note.upload_id)

    def _prove(self, answer: Answer, sha256s: list[bytes], etags: list[str]) -> Receipt:
        """Each part was proven when it was sent; the composite proves that the object is these parts in this order."""
        expected = [composite("sha256", sha256s)]
        if all(etags):
            expected.append(composite("md5", map(bytes.fromhex, etags)))
        for proven in expected:
            if found_in(answer, proven.algorithm) == proven.checksum:
                return self._attempt.receipt(proven, answer)
        return self._attempt.existing(just_made=True) or self._attempt.receipt(None, answer)


def send_part(bucket: Bucket, note: Note, stretch: Stretch, progress: Callable[[int], None]) -> tuple[str, str]:
    """Send one part, proven to have arrived as it is: its ETag, and its SHA-256 in hex."""
    try:
        answer = bucket.put_part(note.key, note.upload_id, stretch, note.sha256_parts, progress)
    except Damaged:
        stretch.check_unchanged()
        raise
    if sha256_of(answer) != stretch.sha256.hex():
        bucket.check_whole(answer, "ETag")
        bucket.learn(sha256=False)
        etag = md5_of(answer)
        if etag and etag != stretch.md5.hex():
            raise Damaged(f"{bucket.target}: part {stretch.number} was damaged on its way")
    return answer["ETag"], stretch.sha256.hex()


def _holds(found: Answer, noted: tuple[str, str] | None, stretch: Stretch) -> bool:
    """Whether a part that the server has is this stretch: by its SHA-256, by our note, or by its MD5."""
    digest = stretch.sha256.hex()
    if found["Size"] != stretch.length:
        return False
    return sha256_of(found) == digest or noted == (found["ETag"], digest) or md5_of(found) == stretch.md5.hex()
