"""The file on its way: read by offset from several threads, hashed, and never trusted to stay as it was."""

import base64
import hashlib
import os
import weakref
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Protocol

from attrs import define

from appliance.plugin import Permanent, Rendition, Transient

_BLOCK = 1024 * 1024
SENT_AT_ONCE = 32 * 1024
"""Most bytes handed to the socket at once: these must go out within its time-out, on the slowest link."""


class Changed(Permanent):
    """The file is no longer the one that was recorded."""


def as_header(digest: bytes) -> str:
    """A checksum as headers have it."""
    return base64.b64encode(digest).decode()


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, block: bytes, /) -> None: ...


class Readable(Protocol):
    """Something on its way that is read by offset."""

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at `offset`, at least one. Raises what `changed` gives where there are none any more."""

    def changed(self) -> Transient | Permanent:
        """The error for bytes that are no longer what they were."""


def feed(source: Readable, offset: int, length: int, *hashes: Hash) -> None:
    """Feed `length` bytes at `offset` to all `hashes` in one reading."""
    end = offset + length
    while offset < end:
        block = source.read(offset, min(_BLOCK, end - offset))
        for each in hashes:
            each.update(block)
        offset += len(block)


class Source:
    """An open rendition. Raises Permanent where the file is gone, unreadable or no longer what was recorded.

    Close it only when no thread reads any more, else leave that to the garbage collector: a thread left waiting for a
    silent server must never read from a descriptor that another file has got since. `check` is called before every
    block and may raise.
    """

    def __init__(self, rendition: Rendition, check: Callable[[], None]) -> None:
        self.rendition = rendition
        self._check = check
        try:
            self._descriptor = os.open(rendition.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._unreadable(error) from error
        self.close = weakref.finalize(self, os.close, self._descriptor)
        if os.fstat(self._descriptor).st_size != rendition.size:
            self.close()
            raise self.changed()

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at `offset`, at least one."""
        self._check()
        try:
            block = os.pread(self._descriptor, size, offset)
        except OSError as error:
            raise self._unreadable(error) from error
        if not block:
            raise self.changed()
        return block

    def changed(self) -> Changed:
        """The error for a file that is no longer the one recorded."""
        return Changed(
            f"{self.rendition.file_name} changed on this box after it was recorded and is not delivered:"
            " check the card, and copy the file by hand"
        )

    def _unreadable(self, error: OSError) -> Permanent:
        return Permanent(f"{self.rendition.file_name} cannot be read ({error.strerror}): check the card of this box")


@define(slots=False, eq=False)
class Stretch:
    """A part of a source, or all of it, that goes out in one request. `number` counts from 1."""

    source: Readable
    number: int
    offset: int
    length: int
    sha256: bytes

    @cached_property
    def md5(self) -> bytes:
        """The MD5 of the very bytes that `sha256` is of. Reads them again; raises Permanent where they changed."""
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        feed(self.source, self.offset, self.length, md5, sha256)
        if sha256.digest() != self.sha256:
            raise self.source.changed()
        return md5.digest()

    @property
    def sha256_text(self) -> str:
        """`sha256` as the header `x-amz-checksum-sha256` has it."""
        return as_header(self.sha256)

    @property
    def md5_text(self) -> str:
        """`md5` as the header `Content-MD5` has it."""
        return as_header(self.md5)

    def check_unchanged(self) -> None:
        """Raise Permanent where the file no longer holds what was hashed."""
        self.__dict__.pop("md5", None)
        _ = self.md5


def whole(source: Source) -> Stretch:
    """All of the source as one stretch; its SHA-256 is known without reading."""
    rendition = source.rendition
    return Stretch(source, 1, 0, rendition.size, bytes.fromhex(rendition.sha256))


def stretch_of(source: Readable, number: int, part_size: int) -> Stretch:
    """The part `number` of parts of `part_size`, hashed. Reads it."""
    offset, part = (number - 1) * part_size, hashlib.sha256()
    feed(source, offset, part_size, part)
    return Stretch(source, number, offset, part_size, part.digest())


def stretches(source: Source, part_size: int) -> Iterator[Stretch]:
    """The source in parts, each hashed just before it is given out.

    Raises Permanent instead of giving out the last one where all of them together are not the file recorded.
    """
    rendition = source.rendition
    together = hashlib.sha256()
    for number, offset in enumerate(range(0, rendition.size, part_size), 1):
        length = min(part_size, rendition.size - offset)
        part = hashlib.sha256()
        feed(source, offset, length, part, together)
        if offset + length == rendition.size and together.hexdigest() != rendition.sha256:
            raise source.changed()
        yield Stretch(source, number, offset, length, part.digest())


class Body:
    """A stretch as the file-like body of one request, read `block` bytes at a time; nothing is kept in memory."""

    def __init__(self, stretch: Stretch, progress: Callable[[int], None], block: int) -> None:
        self._stretch = stretch
        self._block = block
        self._position = 0
        self._progress = progress

    def __len__(self) -> int:
        return self._stretch.length

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes. Reports how far this body has been read."""
        left = self._stretch.length - self._position
        wanted = min(left, self._block if size is None or size < 0 else min(size, self._block))
        if wanted == 0:
            return b""
        block = self._stretch.source.read(self._stretch.offset + self._position, wanted)
        self._position += len(block)
        self._progress(self._position)
        return block

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, as files do: botocore rewinds a body that it sends again after a redirect."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._stretch.length}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """How far this body has been read."""
        return self._position
