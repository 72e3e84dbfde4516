"""When each frame of a stream sounded, told from nothing but how many frames came and when the reads returned.

A read returns at or after the moment when its last frame sounded, never before. So each read gives a latest possible
time for the stream's beginning, and the least of them is the best estimate. The crystal of the card may run up to
`DRIFT_LIMIT` off, which loosens old evidence a little with every frame. How early the stream can have begun follows
from when it was started and, as that evidence ages, from one assumption: within five seconds at least one read returns
no more than 5 ms late. Then the estimate is never more than `ALLOWANCE` late.
"""

import math

DRIFT_LIMIT = 500e-6
"""How far a card's rate may be off against CLOCK_MONOTONIC: cheap crystals and a clock being slewed, together."""

ALLOWANCE = 0.010
"""Seconds by which a settled estimate may be late: 5 ms for the promptest read, 5 ms of drift both ways in 5 s."""

PROMPT_EVERY = 5.0
"""Seconds within which one read at least is taken to be prompt."""

DRIFT_SPAN = 60.0
"""Seconds of unbroken stream from which on the drift is told, to about 20 ppm."""

_DRIFT_WINDOW = 10.0

ODD = 0.01
"""By how much a card's rate is off that is not what it says: no crystal is so bad."""

_ODD_SPAN = 19.0
"""Seconds of unbroken stream beyond the first window from which on that is told."""


class Timeline:
    """Follows one stream of `rate` frames per second. Times are CLOCK_MONOTONIC in seconds."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self.end = -math.inf
        """When the last frame had sounded."""
        self._latest = math.inf
        self._earliest = -math.inf
        self._frames = 0
        self._width = math.inf
        self.uncertainty = 0
        """Frames by which `end` may be late."""
        self._end_before: float | None = None
        self._width_before = 0.0
        self._drift = _Drift(rate)

    def begin(self, earliest: float) -> None:
        """The stream begins, or begins again, not before the moment `earliest`."""
        if self._frames:
            self._end_before, self._width_before = self.end, self._width
        self._latest, self._earliest, self._frames = math.inf, earliest, 0
        self._drift.begin()

    def add(self, frames: int, returned: float) -> None:
        """A read brought `frames` and returned at `returned`."""
        self._frames += frames
        loosened = DRIFT_LIMIT * frames / self._rate
        self._latest = min(self._latest + loosened, returned - self._frames / self._rate)
        self._earliest -= loosened
        self.end = self._latest + self._frames / self._rate
        evident = max(0.0, self._latest - self._earliest)
        self._width = min(ALLOWANCE, evident) if self._frames >= PROMPT_EVERY * self._rate else evident
        self.uncertainty = self._in_frames(self._width)
        self._drift.add(self._frames, returned)

    @property
    def settled(self) -> bool:
        """Whether the place of the stream in time is known as well as it can be."""
        return self._latest - self._earliest <= ALLOWANCE

    def _in_frames(self, width: float) -> int:
        return math.ceil(width * self._rate) + 1

    def lost(self) -> tuple[int, int]:
        """Frames lost between the end of the stream before the last `begin` and its new beginning, and how many more or
        fewer they may have been. Zero before the first loss."""
        if self._end_before is None:
            return 0, 0
        frames = max(0, round((self._latest - self._end_before) * self._rate))
        drifted = DRIFT_LIMIT * self._frames / self._rate
        width = max(self._width_before + drifted, self._latest - self._earliest)
        return frames, self._in_frames(width)

    @property
    def drift_ppm(self) -> float | None:
        """How much faster than CLOCK_MONOTONIC the crystal runs, by the longest unbroken stretch; None if too short."""
        return self._drift.ppm

    @property
    def odd_rate(self) -> float | None:
        """Frames a second that the card delivers, where that is not the rate that it says; None else."""
        return self._drift.odd_rate


class _Drift:
    """Compares the promptest read of the first ten seconds with that of the last whole ten seconds."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._longest = DRIFT_SPAN
        self.ppm: float | None = None
        self.odd_rate: float | None = None
        self.begin()

    def begin(self) -> None:
        self._first: tuple[float, int] | None = None
        self._best: tuple[float, int] | None = None
        self._window_end = round(_DRIFT_WINDOW * self._rate)

    def add(self, frames: int, returned: float) -> None:
        origin = (returned - frames / self._rate, frames)
        self._best = min(self._best or origin, origin)
        if frames < self._window_end:
            return
        self._window_end = frames + round(_DRIFT_WINDOW * self._rate)
        if self._first is None:
            self._first = self._best
        else:
            nominal = (self._best[1] - self._first[1]) / self._rate
            drift = (self._first[0] - self._best[0]) / nominal
            if nominal >= _ODD_SPAN:
                self.odd_rate = self._rate / (1 - drift) if drift < 1 and abs(drift) > ODD else None
            if nominal >= self._longest and abs(drift) <= 2 * DRIFT_LIMIT:
                self._longest = nominal
                self.ppm = round(drift * 1e6, 1)
        self._best = None
