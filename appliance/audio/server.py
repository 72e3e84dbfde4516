"""Sound servers lose frames without a word. What they lost is told by a stream that falls behind, and stays behind."""

from attrs import evolve

from appliance.audio.stretch import Step
from appliance.audio.timeline import ALLOWANCE, PROMPT_EVERY, Timeline

STEP = 0.050
"""Seconds by which every read must be later than the stream's rate tells before frames count as lost."""

_LAST_LOOK = 1.0
"""Seconds that must tell so where nothing more will come."""


class ServerTimeline(Timeline):
    """Follows a stream behind a sound server.

    A late reader catches up: within `PROMPT_EVERY` seconds one read at least is prompt again. Where none is, frames are
    missing. That the server merely became slower cannot be told from that, and counts as a loss too.
    """

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self._late: list[tuple[int, float, float]] = []

    @property
    def late_reads(self) -> int:
        """How many of the last reads, without one in between that was not, came later by a step."""
        return len(self._late)

    @property
    def suspicion(self) -> Step | None:
        """What is missing as far as can be told, should nothing more come."""
        return self._missing(_LAST_LOOK)

    def begin(self, earliest: float) -> None:
        super().begin(earliest)
        self._late = []

    def add(self, frames: int, returned: float) -> None:
        super().add(frames, returned)
        late = returned - self.end
        if late >= STEP:
            self._late.append((frames, returned, late))
        else:
            self._late = []

    def step(self, *, last: bool = False) -> Step | None:
        """What is missing where every read of the last `PROMPT_EVERY` seconds was late; it is told once.

        With less evidence where nothing more will come to this stream: a `last` step.
        """
        step = self._missing(_LAST_LOOK if last else PROMPT_EVERY)
        if step is None:
            return None
        reads = self._late
        lost = min(late for _, _, late in reads)
        frames, returned, late = reads[0]
        self.begin(returned - late - frames / self._rate + lost - ALLOWANCE)
        for frames, returned, _ in reads:
            self.add(frames, returned)
        return evolve(step, late=self.late_reads)

    def _missing(self, patience: float) -> Step | None:
        reads = self._late
        if not reads or sum(frames for frames, _, _ in reads) < patience * self._rate:
            return None
        lost = min(late for _, _, late in reads)
        return Step(round(lost * self._rate), self._in_frames(self._width + ALLOWANCE), len(reads))
