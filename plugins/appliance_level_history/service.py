"""Writes down how loud it was: a line for each minute, in one small file a day (UTC)."""

import logging
import os
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from math import ceil, log10
from pathlib import Path
from typing import BinaryIO

import numpy as np

from appliance.plugin import FrameBlock, House, StorageError
from appliance_level_history.options import LevelHistoryOptions

BLOCK = 4800
"""Frames of one block: a tenth of a second at 48 kHz."""

HEAD = "began,seconds,peak_dbfs,rms_dbfs\n"
"""Moments are UTC by the clock of the box (ISO 8601), levels dBFS as those of clips; silence is 144 below."""

_SILENCE = -144.0
_PREFIX = "levels-"

log = logging.getLogger(__name__)


class LevelHistory:
    """Adds blocks up and writes a line whenever enough has sounded. What is not full at the end is written too."""

    def __init__(self, options: LevelHistoryOptions, house: House) -> None:
        self._options = options
        self._house = house
        self._sum = _Sum()

    def run(self) -> None:
        for block in self._house.frames(BLOCK, always=self._options.always):
            if self._sum.seconds and block.dropped:
                self._write()
            self._sum.add(block, self._now(block))
            if self._sum.seconds >= self._options.every - 1e-6 or (block.is_last and self._sum.seconds):
                self._write()
        if self._sum.seconds:
            self._write()

    def _now(self, block: FrameBlock) -> datetime:
        """When a block began."""
        stamp = self._house.now()
        since = stamp.monotonic_ns / 1e9 - block.at
        return datetime.fromtimestamp(stamp.wall_ns / 1e9, UTC) - timedelta(seconds=since)

    def _write(self) -> None:
        line, day = self._sum.line, self._sum.began.date()
        self._sum = _Sum()
        try:
            path = self._house.folder / f"{_PREFIX}{day}.csv"
            with path.open("a+b") as file:
                is_new = file.tell() == 0
                file.write(f"{HEAD if is_new else _after(file)}{line}".encode())
            if is_new:
                self._forget(path.parent)
            self._house.clear_fault()
        except StorageError as error:
            self._house.raise_fault(str(error))
        except OSError as error:
            self._house.raise_fault(f"the levels cannot be written down: {error.strerror}. Look at the disk")

    def _forget(self, folder: Path) -> None:
        """Remove what is beyond the newest days: by their number, as a clock may be set by a year."""
        days = dict[date, Path]()
        for path in folder.glob(f"{_PREFIX}*.csv"):
            with suppress(ValueError):  # a file of another name is not ours
                days[date.fromisoformat(path.stem.removeprefix(_PREFIX))] = path
        for day in sorted(days)[: -ceil(self._options.keep / 86_400)]:
            days[day].unlink(missing_ok=True)


def _after(file: BinaryIO) -> str:
    """What ends a line that a full disk or a power cut broke off."""
    file.seek(-1, os.SEEK_END)
    return "" if file.read(1) == b"\n" else "\n"


class _Sum:
    """The levels of what has sounded since the last line."""

    def __init__(self) -> None:
        self.began = datetime.fromtimestamp(0, UTC)
        self.seconds = 0.0
        self._peak = 0.0
        self._squares = 0.0
        self._samples = 0

    def add(self, block: FrameBlock, began: datetime) -> None:
        """Take a block in that began then."""
        samples = block.floats().ravel().astype(np.float64)
        if not len(samples):
            return
        if not self._samples:
            self.began = began
        self.seconds += len(samples) / block.format.channels / block.format.rate
        self._peak = max(self._peak, float(np.abs(samples).max()))
        self._squares += float(np.dot(samples, samples))
        self._samples += len(samples)

    @property
    def line(self) -> str:
        """The line of the file."""
        rms = (self._squares / self._samples) ** 0.5
        began = self.began.isoformat(timespec="seconds").replace("+00:00", "Z")
        return f"{began},{self.seconds:.1f},{_dbfs(self._peak):.1f},{_dbfs(rms):.1f}\n"


def _dbfs(share: float) -> float:
    return max(20 * log10(share), _SILENCE) if share > 0 else _SILENCE
