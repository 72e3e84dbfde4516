"""Checksums. OpenSSL, which computes them, is 3.5 MB, and comes with the first: a box that only records has none."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash


def sha256(data: bytes = b"") -> "_Hash":
    """SHA-256 (FIPS 180-4) of these bytes, to which `update` adds more."""
    import hashlib

    return hashlib.sha256(data)
