"""What one attempt is made of, whether it takes one request or many."""

import contextlib
import itertools
import threading
from collections.abc import Callable, Container
from datetime import UTC, datetime
from urllib.parse import quote

from appliance.plugin import Clip, Permanent, Receipt, Recipe, UploadJob, field_texts
from appliance_upload_s3.bucket import Answer, Bucket
from appliance_upload_s3.errors import Exists
from appliance_upload_s3.proof import Mismatch, Proven, compare, make_receipt
from appliance_upload_s3.source import Source

PART_SIZE_WORD = "part-size"
KEY_WORD = "idempotency-key"

_MOST_FIELDS = 1200
"""Bytes of metadata that are left for fields: S3 takes 2 KB altogether."""

_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


def describe(job: UploadJob, part_size: int) -> dict[str, str]:
    """The object's metadata: what a person or another program may want to know without opening the file."""
    clip, rendition = job.clip, job.rendition
    if clip is None:
        return {"sha256": rendition.sha256, KEY_WORD: job.idempotency_key, PART_SIZE_WORD: str(part_size)}
    return {
        "sha256": rendition.sha256,
        **describe_take(clip, rendition.recipe, job.idempotency_key, part_size),
        "seconds": f"{clip.seconds:.3f}",
        "verdict": clip.verdict.value,
    }


def describe_take(clip: Clip, recipe: Recipe, key: str, part_size: int) -> dict[str, str]:
    """What of it is known while the take is still recorded: metadata cannot be changed later."""
    return {
        KEY_WORD: key,
        "clip-id": clip.id,
        "device": clip.device,
        "kind": recipe.name,
        "started": datetime.fromtimestamp(clip.started.wall_ns / 1e9, UTC).isoformat(timespec="milliseconds"),
        "rate": str(clip.format.rate),
        "channels": str(clip.format.channels),
        PART_SIZE_WORD: str(part_size),
        **_fields(clip),
    }


def _fields(clip: Clip) -> dict[str, str]:
    """The fields as `field-NAME`, percent-encoded where they are not ASCII (RFC 3986), as many as find room.

    Metadata are headers: proxies drop those with an underscore, and what was signed is not what arrives.
    """
    found: dict[str, str] = {}
    room = _MOST_FIELDS
    for name, text in field_texts(clip.fields).items():
        key, value = _free(f"field-{name.lower().replace('_', '-')}", found), quote(text, safe=_PLAIN)
        room -= len(key) + len(value)
        if room >= 0:
            found[key] = value
    return found


def _free(key: str, taken: Container[str]) -> str:
    """The key, with a number from 2 on where another field has it."""
    numbered = (f"{key}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([key], numbered) if each not in taken)


def part_size_of(head: Answer, default: int) -> int:
    """The size of the object's parts, as we noted it when we made it."""
    text = head.get("Metadata", {}).get(PART_SIZE_WORD, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) else default


class Attempt:
    """One job on its way to one key: what it is told, and the bytes handed over so far."""

    def __init__(self, bucket: Bucket, key: str, job: UploadJob, part_size: int) -> None:
        self.bucket = bucket
        self.key = key
        self.job = job
        self.part_size = part_size
        self._sent: dict[int, int] = {}
        self._reported = 0
        self._over = False
        self._lock = threading.Lock()

    def held(self, number: int, length: int) -> None:
        """The server has part `number` from an earlier attempt."""
        self.job.held(length)
        self.progress(number, length)

    def progress(self, number: int, sent: int) -> None:
        """`sent` bytes of part `number` are handed over. Any thread; what is reported never goes back.

        A rate limit is waited for with the lock held, which makes the parts take turns. Blocks are so small that no
        turn takes longer than a second.
        """
        with self._lock:
            self._sent[number] = sent
            total = sum(self._sent.values())
            if total > self._reported and not self._over:
                self._reported = total
                self.job.progress(total)

    def save(self, note: Callable[[], dict[str, object]]) -> None:
        """Keep a note for the next attempt. Any thread, one at a time."""
        with self._lock:
            if not self._over:
                self.job.save_resume(note())

    def end(self) -> None:
        """From now on nothing is told to the job: a thread left behind must not interfere with the next attempt."""
        with self._lock:
            self._over = True

    def receipt(self, proven: Proven | None, answer: Answer) -> Receipt:
        """The end of it."""
        return make_receipt(self.key, self.job.rendition.size, proven, answer)

    def existing(self, *, just_made: bool = False) -> Receipt | None:
        """The receipt for the object under the key; None where there is none to be seen.

        Raises Permanent where it is not this file. Not being allowed to look is no error: the request that follows
        says it better, as the answer to a HEAD has no words.
        """
        try:
            head = self.bucket.find(self.key)
        except Permanent:
            return None
        if head is None:
            return None
        try:
            with contextlib.closing(Source(self.job.rendition, self.job.check_cancelled)) as source:
                proven = compare(head, source, part_size_of(head, self.part_size))
        except Mismatch:
            raise (self.other_bytes() if just_made else self._others_object()) from None
        if proven is None and not just_made and not self._is_marked(head.get("Metadata", {})):
            raise self._others_object()
        return self.receipt(proven, head)

    def _is_marked(self, metadata: dict[str, str]) -> bool:
        """Whether an object of the right size says that it is this file. Begun live, it could not know its hash."""
        if "sha256" in metadata:
            return metadata["sha256"] == self.job.rendition.sha256
        return metadata.get(KEY_WORD) == self.job.idempotency_key

    def taken(self, error: Exists) -> Receipt:
        """The server refused to create the object because there is one. Raises Permanent where it is not ours."""
        receipt = self.existing()
        if receipt is None:
            raise Permanent(
                f"{self.bucket.target} has an object under the key {self.key!r} already, and these credentials may not"
                " look at it: allow them s3:GetObject"
            ) from error
        return receipt

    def other_bytes(self) -> Permanent:
        """The error for a server that stored something else than it was sent."""
        return Permanent(
            f"{self.bucket.target} stored other bytes than it got under the key {self.key!r}: check that server,"
            " delete the object and deliver the clip again"
        )

    def _others_object(self) -> Permanent:
        return Permanent(
            f"{self.bucket.target} holds another object under the key {self.key!r}: move it away, or change `prefix`"
        )
