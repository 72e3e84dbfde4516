"""Streams what the microphone hears, and begins again whenever that ends."""

import logging
import random
from collections.abc import Callable

from appliance.plugin import FrameBlock, House, Permanent, Transient, backoff
from appliance_icecast.coder import WAYS, Coder
from appliance_icecast.options import IcecastOptions
from appliance_icecast.source import Source

BLOCK = 4800
"""Frames of one block: a tenth of a second at 48 kHz."""

FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds until the server is tried again: at first, and at most."""

log = logging.getLogger(__name__)


class Icecast:
    """One stream. While the server cannot be reached what sounds is passed over: a stream is of now."""

    def __init__(self, options: IcecastOptions, house: House, random: Callable[[], float] = random.random) -> None:
        self._options = options
        self._house = house
        self._random = random
        self._source: Source | None = None
        self._coder: Coder | None = None
        self._failures = 0
        self._due = 0.0

    def run(self) -> None:
        try:
            for block in self._house.frames(BLOCK, always=self._options.always):
                self._send(block)
        finally:
            self._end()

    def _send(self, block: FrameBlock) -> None:
        try:
            if self._source is None and block.data and block.at >= self._due:
                self._source = Source(self._options, WAYS[self._options.coding].media_type, self._house.device)
                self._coder = Coder(self._options.coding, block.format)
                log.info("streaming to %s", self._options.url)
                self._house.clear_fault()
                self._failures = 0
            if self._source and self._coder and block.data:
                self._source.send(self._coder.code(block))
        except (Permanent, Transient) as error:
            self._end()
            self._failures += 1
            longest = LONGEST_WAIT
            first = longest if isinstance(error, Permanent) else FIRST_WAIT
            self._due = block.at + max(1.0, backoff(self._failures, first, longest, self._random))
            self._house.raise_fault(f"the stream does not arrive: {error}")
        if block.is_last:  # the next one may be of another format
            self._end()

    def _end(self) -> None:
        """Close the stream."""
        source, coder, self._source, self._coder = self._source, self._coder, None, None
        if coder:
            rest = coder.close()
            if source:
                try:
                    source.send(rest)
                except (Permanent, Transient) as error:
                    log.debug("the end of the stream was lost: %s", error)
        if source:
            source.close()
