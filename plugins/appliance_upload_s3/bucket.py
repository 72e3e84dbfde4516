"""The requests to one bucket, each with the errors translated and with what this server can be asked for."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import evolve, frozen
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from appliance_upload_s3.errors import NoAnswer, Target, code, refuses_credentials, status, translate
from appliance_upload_s3.source import SENT_AT_ONCE, Body, Stretch, as_header

_REFUSED_HEADER = {"NotImplemented", "InvalidArgument", "InvalidRequest"}

Answer = Mapping[str, Any]


@frozen
class Abilities:
    """What the server understands: creation only where nothing is (`If-None-Match`), and SHA-256 checksums."""

    conditional: bool = True
    sha256: bool = True


class Bucket:
    """One bucket. All methods are for any thread and raise Transient, Permanent or a kind of them from errors.py."""

    def __init__(
        self,
        connect: Callable[[], Any],
        name: str,
        target: Target,
        properties: dict[str, Any],
        block: int = SENT_AT_ONCE,
    ) -> None:
        """`connect` makes a client with the credentials as they are now. `block` is how many bytes of a stretch are
        handed over at once.
        """
        self._connect = connect
        self._block = block
        self._name = name
        self._properties = properties
        self.target = target
        with self._translated():
            self._client = connect()
        self.abilities = Abilities()

    def find(self, key: str) -> Answer | None:
        """The object's HEAD with its checksums; None where there is none."""
        with self._translated():
            try:
                head = dict(self._client.head_object(Bucket=self._name, Key=key, ChecksumMode="ENABLED"))
            except ClientError as error:
                if status(error) == 404:
                    return None
                raise
        self.check_whole(head, "ETag")
        return head

    def put(
        self, key: str, stretch: Stretch, media_type: str, metadata: Mapping[str, str], progress: Callable[[int], None]
    ) -> Answer:
        """Create an object. Raises Exists where there is one already."""

        def send(abilities: Abilities) -> Answer:
            described = self._properties | {"ContentType": media_type, "Metadata": dict(metadata)}
            rules = _condition(abilities) | _checksum(abilities, stretch)
            body = Body(stretch, progress, self._block)
            return dict(self._client.put_object(Bucket=self._name, Key=key, Body=body, **described, **rules))

        return self._adapting(send)

    def put_small(self, key: str, content: bytes, media_type: str = "text/plain", *, over: bool = False) -> None:
        """Create a small object from memory; `over` one that may be there."""
        sha256, md5 = hashlib.sha256(content).digest(), hashlib.md5(content, usedforsecurity=False).digest()

        def send(abilities: Abilities) -> Answer:
            name, digest = ("ChecksumSHA256", sha256) if abilities.sha256 else ("ContentMD5", md5)
            rules = ({} if over else _condition(abilities)) | {name: as_header(digest)}
            described = (self._properties if over else {}) | {"ContentType": media_type}
            return dict(self._client.put_object(Bucket=self._name, Key=key, Body=content, **described, **rules))

        self.check_whole(self._adapting(send), "ETag")

    def begin(self, key: str, media_type: str, metadata: Mapping[str, str]) -> tuple[str, bool]:
        """Start a multipart upload; its id, and whether its parts go with a SHA-256."""

        def send(abilities: Abilities) -> Answer:
            described = self._properties | {"ContentType": media_type, "Metadata": dict(metadata)}
            rules = {"ChecksumAlgorithm": "SHA256"} if abilities.sha256 else {}
            return dict(self._client.create_multipart_upload(Bucket=self._name, Key=key, **described, **rules))

        answer = self._adapting(send)
        self.check_whole(answer, "UploadId")
        return str(answer["UploadId"]), self.abilities.sha256

    def put_part(
        self, key: str, upload_id: str, stretch: Stretch, sha256: bool, progress: Callable[[int], None]
    ) -> Answer:
        """Send one part with its SHA-256, or else its MD5. Raises UploadGone where the server lost the upload."""
        where = {"Bucket": self._name, "Key": key, "UploadId": upload_id, "PartNumber": stretch.number}
        checksum = _checksum(Abilities(sha256=sha256), stretch)
        with self._translated():
            return dict(self._client.upload_part(Body=Body(stretch, progress, self._block), **where, **checksum))

    def parts(self, key: str, upload_id: str) -> dict[int, Answer] | None:
        """What the server has of an upload, by part number; None where these credentials may not ask.

        Of a part that was sent twice the last counts: some servers list both. Raises UploadGone.
        """
        pages = self._client.get_paginator("list_parts").paginate(Bucket=self._name, Key=key, UploadId=upload_id)
        with self._translated():
            try:
                return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}
            except ClientError as error:
                if code(error) in ("AccessDenied", "NotImplemented"):
                    return None
                raise

    def complete(self, key: str, upload_id: str, parts: list[dict[str, Any]]) -> Answer:
        """Make the object of its parts. Raises UploadGone, or Exists where there is an object already."""
        where = {"Bucket": self._name, "Key": key, "UploadId": upload_id, "MultipartUpload": {"Parts": parts}}
        return self._adapting(
            lambda abilities: dict(self._client.complete_multipart_upload(**where, **_condition(abilities)))
        )

    def abort(self, key: str, upload_id: str) -> None:
        """Forget an upload and its parts."""
        with self._translated():
            self._client.abort_multipart_upload(Bucket=self._name, Key=key, UploadId=upload_id)

    def uploads(self, start: str) -> list[tuple[Answer, Answer]]:
        """The unfinished uploads whose keys start with `start`, each with the answer that named it."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._name, Prefix=start)
        with self._translated():
            return [(upload, page) for page in pages for upload in page.get("Uploads", ())]

    def read(self, key: str) -> bytes:
        """A small object."""
        with self._translated():
            return bytes(self._client.get_object(Bucket=self._name, Key=key)["Body"].read())

    def delete(self, key: str) -> bool:
        """Remove an object. Whether the bucket has versions, and only says now that there is none."""
        with self._translated():
            answer = self._client.delete_object(Bucket=self._name, Key=key)
        return bool(answer.get("DeleteMarker"))

    def check_whole(self, answer: Answer, word: str) -> None:
        """Raise NoAnswer where the answer lacks this: it was cut short, or comes from something else."""
        if not answer.get(word):
            raise NoAnswer(self.target)

    def close(self) -> None:
        """Free the connections."""
        self._client.close()

    def learn(self, **abilities: bool) -> None:
        """Remember what the server turned out not to do."""
        self.abilities = evolve(self.abilities, **abilities)

    def _adapting(self, send: Callable[[Abilities], Answer]) -> Answer:
        """Send; where the server refuses a header it does not know, find out which, and leave it out from then on."""
        start = self.abilities
        weaker = (evolve(start, conditional=False), evolve(start, sha256=False), Abilities(False, False))
        refusal: ClientError | None = None
        with self._translated():
            for abilities in dict.fromkeys((start, *weaker)):
                try:
                    answer = send(abilities)
                except ClientError as error:
                    if code(error) not in _REFUSED_HEADER:
                        raise
                    refusal = refusal or error
                else:
                    if refusal is not None:
                        self.abilities = abilities
                    return answer
            assert refusal is not None
            raise refusal

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ResponseParserError as error:
            raise NoAnswer(self.target) from error
        except (BotoCoreError, ClientError) as error:
            if refuses_credentials(error):
                self._client = self._connect()  # whoever renews them does not tell us
            raise translate(error, self.target) from error


def _condition(abilities: Abilities) -> dict[str, str]:
    return {"IfNoneMatch": "*"} if abilities.conditional else {}


def _checksum(abilities: Abilities, stretch: Stretch) -> dict[str, str]:
    return {"ChecksumSHA256": stretch.sha256_text} if abilities.sha256 else {"ContentMD5": stretch.md5_text}
