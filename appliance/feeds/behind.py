"""The SHA-256 of a file that grows, computed while it does, so that nobody has to read it again at its end."""

import os
import threading
from contextlib import suppress

from appliance.sums import sha256

_BLOCK = 1 << 18
_BEGIN = 1 << 22
"""Bytes that are left for the end, as they are soon read, before a thread is worth its while."""

_WRITE_BACK = 1 << 23
"""Bytes after which the disk is asked to begin with what it has not written yet: the sync at the end finds little."""


class Behind:
    """Follows whoever writes a file from its start to its end, on a thread of its own where that is long.

    It reads what was written, so it tells what is in the file. Raises OSError where that cannot be read.
    """

    def __init__(self, descriptor: int) -> None:
        """The descriptor is its own: `close` closes it."""
        self._descriptor = descriptor
        self._digest = sha256()
        self._buffer = memoryview(bytearray(_BLOCK))
        self._done = self._there = self._written_back = 0
        self._turn = threading.Lock()
        """Held by the one who reads and computes."""
        self._grown = threading.Condition()
        self._over = False
        self._thread: threading.Thread | None = None

    @property
    def there(self) -> int:
        """How many bytes were told; whoever changes one of them has to begin anew."""
        return self._there

    def grown(self, size: int) -> None:
        """So many bytes are in the file now, and stay as they are."""
        if self._thread is None and size - self._done >= _BEGIN:
            thread = threading.Thread(target=self._run, name="behind", daemon=True)
            with suppress(RuntimeError):  # no thread can be had: perhaps at the next call, else at the end
                thread.start()
                self._thread = thread
        with self._grown:
            self._there = size
            self._grown.notify()

    def sha256(self, size: int) -> str:
        """In lower-case hex, of the first `size` bytes, which are all that were ever told. Waits for what is left."""
        self._follow(size)
        return self._digest.hexdigest()

    def close(self) -> None:
        """End the thread, and close the descriptor."""
        with self._grown:
            self._over = True
            self._grown.notify()
        if self._thread:
            self._thread.join()
        os.close(self._descriptor)

    def _run(self) -> None:
        while True:
            with self._grown:
                self._grown.wait_for(lambda: self._over or self._there - self._done >= _BLOCK)
                if self._over:
                    return
                there = self._there
            try:
                self._follow(there)
            except OSError:  # whoever asks for the sum is told
                return

    def _follow(self, size: int) -> None:
        with self._turn:
            while self._done < size and not self._over:
                count = os.preadv(self._descriptor, [self._buffer[: size - self._done]], self._done)
                if not count:
                    raise OSError(f"the file ends after {self._done} of {size} bytes")
                self._digest.update(self._buffer[:count])
                self._done += count
                if self._done - self._written_back >= _WRITE_BACK:
                    length = self._done - self._written_back
                    os.posix_fadvise(self._descriptor, self._written_back, length, os.POSIX_FADV_DONTNEED)
                    self._written_back = self._done
