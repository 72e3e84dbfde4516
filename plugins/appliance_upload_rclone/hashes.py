"""Checksums of the file here, of the kinds that remotes compute."""

import hashlib
from collections.abc import Callable, Collection, Iterable

from appliance.plugin import Permanent, Rendition

_BLOCK = 1024 * 1024
STRONG = ("sha256", "sha512", "sha1", "md5", "blake3", "quickxor", "dropbox", "hidrive", "mailru", "whirlpool")
"""Kinds that count as proof, best first, as rclone names them; CRC-32 and the like are not among them."""

_HERE = ("sha256", "sha512", "sha1", "md5")


def choose(offered: Collection[str]) -> str | None:
    """The best kind of checksum among those that a remote computes."""
    return next((kind for kind in STRONG if kind in offered), None)


def digests(rendition: Rendition, kinds: Iterable[str], check: Callable[[], None]) -> dict[str, str]:
    """Checksums of the file, in hex, of those `kinds` that can be computed here, all of one reading.

    Raises Permanent where the file is gone, unreadable or no longer the one recorded. `check` is called between
    blocks and may raise.
    """
    hashes = {kind: hashlib.new(kind, usedforsecurity=False) for kind in {"sha256", *kinds} if kind in _HERE}
    try:
        with rendition.path.open("rb", buffering=0) as file:
            while block := file.read(_BLOCK):
                check()
                for each in hashes.values():
                    each.update(block)
    except OSError as error:
        raise Permanent(
            f"{rendition.file_name} cannot be read ({error.strerror}): check the card of this box"
        ) from error
    if hashes["sha256"].hexdigest() != rendition.sha256:
        raise Permanent(
            f"{rendition.file_name} changed on this box after it was recorded and is not delivered:"
            " check the card, and copy the file by hand"
        )
    return {kind: each.hexdigest() for kind, each in hashes.items()}
