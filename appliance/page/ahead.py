"""Computes the checksums of clips before somebody downloads them: a core takes longer for one than the kernel to send.

The recorder is asked for one clip only, to learn where they lie, and does nothing for all that follows.
"""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from appliance.clock import Clock
from appliance.errors import ApplianceError
from appliance.page.pieces import Stretch
from appliance.page.sums import Sums, key, summed
from appliance.recipes import ENCRYPTED

EVERY = 600.0
"""Seconds between two looks whether there are more clips."""

_FIRST = 20.0
"""Seconds until the first look: the box may be starting."""

_AT_ONCE = 1 << 20
"""Bytes that are summed before it rests."""

_RESTS = 2
"""Times as long as it worked."""

_BATCH = 2048
"""Clips whose checksums are looked for together."""

log = logging.getLogger(__name__)


class Ahead:
    """Looks now and then, on a thread of its own that lasts as long as the process."""

    def __init__(self, clips: Callable[[], list[dict[str, Any]]], sums: Sums, clock: Clock) -> None:
        """`clips` asks the recorder for some clip; it may raise an ApplianceError."""
        self._clips = clips
        self._sums = sums
        self._clock = clock
        self._changed = threading.Condition()
        self._seen: tuple[Path, int] | None = None

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="ahead", daemon=True).start()

    def _run(self) -> None:
        self._rest(_FIRST)
        while True:
            try:
                self.look()
            except (OSError, ApplianceError) as error:
                log.debug("checksums of clips cannot be computed now: %s", error)
            self._rest(EVERY)

    def look(self) -> None:
        """Sum every clip that is not summed yet. Raises OSError, ApplianceError."""
        for each in self._clips():
            folder = Path(each["path"]).parent
            state = folder, folder.stat().st_mtime_ns
            if state == self._seen:
                continue
            with os.scandir(folder) as found:
                sounds = (Path(one.path) for one in found if one.name.endswith((".wav", ENCRYPTED)))
                while batch := [*islice(sounds, _BATCH)]:
                    self._batch(batch)
            self._seen = state

    def _batch(self, paths: list[Path]) -> None:
        begun = self._clock.monotonic()
        keys = {made: path for path in paths if (made := _key(path))}
        for known in self._sums.find(keys.keys()):
            del keys[known]
        self._rest_after(begun)
        for path in keys.values():
            if self._sums.full:
                return
            self._sum(path)

    def _sum(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                before, crc = os.fstat(file.fileno()), 0
                for first in range(0, before.st_size, _AT_ONCE):
                    begun = self._clock.monotonic()
                    crc = summed(Stretch(file, first, min(_AT_ONCE, before.st_size - first)), crc)
                    self._rest_after(begun)
                after = os.fstat(file.fileno())
        except OSError as error:
            log.debug("%s is not summed: %s", path.name, error)
            return
        if key(path, before) == key(path, after):
            self._sums.keep(key(path, after), crc)

    def _rest_after(self, begun: float) -> None:
        self._rest((self._clock.monotonic() - begun) * _RESTS)

    def _rest(self, seconds: float) -> None:
        with self._changed:
            self._clock.wait(self._changed, seconds)


def _key(path: Path) -> bytes | None:
    with suppress(OSError):
        return key(path, path.stat())
    return None
