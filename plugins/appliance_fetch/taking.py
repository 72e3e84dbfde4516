"""Takes one sound of a feed into the inbox."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import BinaryIO

from appliance.plugin import FeedJob, Permanent, TooLarge
from appliance_fetch.failures import too_large


class Taking:
    """The file of a sound called `what`, of up to `most` bytes; `size` are there."""

    def __init__(self, file: BinaryIO, what: str, most: float) -> None:
        self._file = file
        self._what = what
        self._most = most
        self.size = 0

    def write(self, block: bytes) -> None:
        """What comes next. Raises TooLarge, and what writing to a new track does."""
        self.size += len(block)
        if self.size > self._most:
            raise too_large(self._what, self._most)
        self._file.write(block)


@contextmanager
def taking(
    job: FeedJob,
    key: str,
    title: str,
    suffix: str,
    refused: Callable[[Permanent], None],
    what: str = "",
    most: float = inf,
) -> Iterator[Taking]:
    """A new track that the block writes whole.

    Raises what `FeedJob.new_track` does, and tells `refused` before where that is for the sound as it is: the inbox has
    all of it and does not take it, or it is too large.
    """
    whole = False
    try:
        with job.new_track(key, title, suffix) as file:
            yield Taking(file, what, most)
            file.flush()
            whole = True
    except Permanent as error:
        if whole or isinstance(error, TooLarge):
            refused(error)
        raise
