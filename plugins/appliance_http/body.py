"""A file as the body of a request, plain or in a form, streamed in constant memory."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from appliance.plugin import Permanent, Rendition

BLOCK = 64 * 1024


class Last(bytes):
    """The end of a body: it is held back until the peer has all that goes before it.

    Whoever has answered by then speaks of something that it cannot have, and is not believed before it has taken
    everything and ended the connection in good order.
    """


class Held:
    """A few bytes as the body of a request."""

    def __init__(self, content: bytes) -> None:
        self.len = len(content)
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class FileBody:
    """A file as the body of a request, between `head` and `tail`; an iterable of buffers. `headers` go with it.

    `len` is its length in bytes. That is no `__len__`, because that ends at 2 GiB on 32-bit systems; requests takes
    either. Each iteration reads the file anew. The end is held back until the bytes read were found to be those of
    `rendition.sha256`: a file that changed on the way never arrives whole. `complete` tells whether the last iteration
    got that far, `md5` the checksum that it found, where `hash_md5` asks for it.
    """

    def __init__(
        self,
        rendition: Rendition,
        headers: Mapping[str, str],
        head: bytes = b"",
        tail: bytes = b"",
        *,
        hash_md5: bool,
        progress: Callable[[int], None],
        check: Callable[[], None],
        block: int = BLOCK,
    ) -> None:
        self.headers = {"Content-Type": rendition.recipe.media_type, **headers}
        self.complete = False
        self.md5 = ""
        self.len = len(head) + rendition.size + len(tail)
        self._rendition = rendition
        self._head, self._tail = head, tail
        self._hash_md5 = hash_md5
        self._progress = progress
        self._check = check
        self._block = block

    def __iter__(self) -> Iterator[Any]:
        import hashlib  # which brings OpenSSL

        self.complete = False
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        size, tail = self._rendition.size, self._tail
        with _opened(self._rendition) as file:
            yield self._head
            buffer, done = memoryview(bytearray(self._block)), 0
            while done < size:
                self._check()
                block = buffer[: _read(file, buffer[: size - done], self._rendition)]
                sha256.update(block)
                if self._hash_md5:
                    md5.update(block)
                done += len(block)
                if done == size and not tail:
                    tail = bytes(block)
                else:
                    yield block
                    self._progress(done)
        if sha256.hexdigest() != self._rendition.sha256:
            raise _changed(self._rendition)
        self._check()
        self.md5 = md5.hexdigest()
        yield Last(tail)
        self._progress(size)
        self.complete = True


class FormBody(FileBody):
    """A form with the file in it (multipart/form-data, RFC 7578)."""

    def __init__(
        self,
        rendition: Rendition,
        field: str,
        file_name: str,
        *,
        fields: Mapping[str, str],
        part_headers: Mapping[str, str],
        hash_md5: bool,
        progress: Callable[[int], None],
        check: Callable[[], None],
        block: int = BLOCK,
    ) -> None:
        boundary = os.urandom(16).hex()
        parts = [f"name={_quoted(name)}\r\n\r\n{value}\r\n" for name, value in fields.items()]
        headers = {"Content-Type": rendition.recipe.media_type, **part_headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        parts.append(f"name={_quoted(field)}; filename={_quoted(file_name)}\r\n{lines}\r\n")
        opening = f"--{boundary}\r\nContent-Disposition: form-data; "
        head = "".join(opening + part for part in parts).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        super().__init__(rendition, kind, head, tail, hash_md5=hash_md5, progress=progress, check=check, block=block)


def content_md5(rendition: Rendition, check: Callable[[], None]) -> bytes:
    """MD5 of the whole file, read ahead of sending it."""
    import hashlib

    md5 = hashlib.md5(usedforsecurity=False)
    with _opened(rendition) as file:
        buffer = memoryview(bytearray(BLOCK))
        done = 0
        while done < rendition.size:
            check()
            count = _read(file, buffer, rendition)
            md5.update(buffer[:count])
            done += count
    return md5.digest()


def _quoted(name: str) -> str:
    """A name as browsers write it: UTF-8, with what would end it percent-encoded (HTML, "multipart form data")."""
    return '"' + name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22") + '"'


@contextlib.contextmanager
def _opened(rendition: Rendition) -> Iterator[BinaryIO]:
    """The file, if it is there and as long as it should be. What is wrong with it is no fault of the destination."""
    try:
        file = rendition.path.open("rb", buffering=0)
    except OSError as error:
        raise Permanent(
            f"{rendition.file_name} cannot be read on this box ({error.strerror}): check the card. "
            "`appliance clips delete` takes it off the list"
        ) from error
    with file:
        if os.fstat(file.fileno()).st_size != rendition.size:
            raise _changed(rendition)
        yield file


def _read(file: BinaryIO, buffer: memoryview, rendition: Rendition) -> int:
    """Fill the buffer from the file and say how far. Raises Permanent where the file ends or fails too early."""
    try:
        count = file.readinto(buffer)  # type: ignore[attr-defined]
    except OSError as error:
        raise Permanent(f"{rendition.file_name} cannot be read ({error.strerror}): check the card") from error
    if not count:
        raise _changed(rendition)
    return int(count)


def _changed(rendition: Rendition) -> Permanent:
    return Permanent(
        f"{rendition.file_name} is not what it was when it was recorded: its file changed on this box. Check the card"
    )
