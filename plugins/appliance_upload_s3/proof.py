"""Proof that the server holds the same bytes: its checksums against those of the file.

A single PUT has a SHA-256 of the whole. A multipart object has a composite: the SHA-256 of the parts' SHA-256s, with
the number of parts behind a dash; ETags are the same with MD5 (Amazon S3 User Guide, "Checking object integrity").
ETags are MD5 unless the object is encrypted with KMS or the customer's key. Some servers echo on HEAD a SHA-256 that
they never computed, so one that is read back counts only beside an ETag that does not contradict it.
"""

import base64
import hashlib
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from appliance.plugin import Receipt
from appliance_upload_s3.source import Source, stretches, whole

_MD5_ETAG = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")


@frozen
class Proven:
    """A checksum of the stored bytes that the server vouches for; `checksum` is hex, with `-PARTS` in a composite."""

    algorithm: str
    checksum: str


class Mismatch(Exception):
    """The object is not the file."""


def composite(algorithm: str, digests: Iterable[bytes]) -> Proven:
    """The checksum of a multipart object."""
    parts = list(digests)
    together = hashlib.new(algorithm, b"".join(parts), usedforsecurity=False)
    return Proven(f"{algorithm}-composite", f"{together.hexdigest()}-{len(parts)}")


def sha256_of(answer: Mapping[str, Any]) -> str:
    """The SHA-256 in an answer, in hex (`-PARTS` in a composite), "" where there is none."""
    text, dash, parts = str(answer.get("ChecksumSHA256", "")).partition("-")
    try:
        return base64.b64decode(text, validate=True).hex() + dash + parts
    except ValueError:
        return ""


def md5_of(answer: Mapping[str, Any]) -> str:
    """The MD5 that the ETag of an answer is, in hex (`-PARTS` in a composite), "" where it is something else."""
    etag = str(answer.get("ETag", "")).strip('"').lower()
    encrypted = "SSECustomerAlgorithm" in answer or "kms" in str(answer.get("ServerSideEncryption", ""))
    return etag if _MD5_ETAG.fullmatch(etag) and not encrypted else ""


def found_in(answer: Mapping[str, Any], algorithm: str) -> str:
    """The checksum of the kind that `Proven.algorithm` names."""
    return sha256_of(answer) if algorithm.startswith("sha256") else md5_of(answer)


def compare(head: Mapping[str, Any], source: Source, part_size: int) -> Proven | None:
    """Hold the HEAD of an object against the file; None where that proves nothing either way. Raises Mismatch.

    `part_size` is that of the object's parts, if it has any. Reads the file.
    """
    size = source.rendition.size
    if head["ContentLength"] != size:
        raise Mismatch
    md5, sha256 = md5_of(head), sha256_of(head)
    parts = (md5 or sha256).partition("-")[2]
    if not (md5 or sha256) or (parts and int(parts) != -(-size // part_size)):
        return None
    md5_here, sha256_here = _composites(source, part_size) if parts else _sums(source)
    if md5 and md5 == md5_here.checksum:
        return md5_here
    if sha256 and sha256 == sha256_here.checksum:
        return None if md5 else sha256_here
    if parts and not sha256:  # some servers have their own idea of the ETag of a multipart object
        return None
    raise Mismatch


def _sums(source: Source) -> tuple[Proven, Proven]:
    stretch = whole(source)
    return Proven("md5", stretch.md5.hex()), Proven("sha256", stretch.sha256.hex())


def _composites(source: Source, part_size: int) -> tuple[Proven, Proven]:
    digests = [(stretch.md5, stretch.sha256) for stretch in stretches(source, part_size)]
    return composite("md5", (md5 for md5, _ in digests)), composite("sha256", (sha256 for _, sha256 in digests))


def same_proof(head: Mapping[str, Any], receipt: Receipt) -> Proven | None:
    """The proof of a receipt, where the HEAD of the object still gives it; None where it gives none. Raises Mismatch.

    Some servers answer a HEAD with another kind of ETag than an upload: that says nothing.
    """
    if head["ContentLength"] != receipt.size:
        raise Mismatch
    found = found_in(head, receipt.algorithm) if receipt.verified else ""
    if found == receipt.checksum:
        return Proven(receipt.algorithm, receipt.checksum) if found else None
    if found and ("-" in found) == ("-" in receipt.checksum):
        raise Mismatch
    return None


def make_receipt(key: str, size: int, proven: Proven | None, answer: Mapping[str, Any]) -> Receipt:
    """What is kept: verified where there is proof, else the server only accepted the bytes."""
    labels = (("ETag", "ETag"), ("version", "VersionId"))
    detail = "; ".join(f"{label} {answer[name]}" for label, name in labels if answer.get(name))
    proven, verified = proven or Proven("", ""), proven is not None
    return Receipt(key, size, verified, proven.algorithm, proven.checksum, time.time_ns(), detail)
