"""Sound servers lose frames without a word. What they lost is told by a stream that falls behind, and stays behind."""

from collections import deque
from collections.abc import Sequence

from attrs import frozen

from appliance.audio.assembler import Assembler
from appliance.audio.ring import Period
from appliance.audio.takefile import TakeFile
from appliance.audio.timeline import ALLOWANCE, PROMPT_EVERY, Timeline

STEP = 0.050
"""Seconds by which every read must be later than the stream's rate tells before frames count as lost."""

_LAST_LOOK = 1.0
"""Seconds that must tell so where the take ends, and nothing more will come."""


@frozen
class Step:
    """`frames` were lost, give or take `uncertainty`, before the last `reads` reads."""

    frames: int
    uncertainty: int
    reads: int


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

    def step(self, patience: float = PROMPT_EVERY) -> Step | None:
        """What is missing where every read of the last `patience` seconds was late; it is told once."""
        reads = self._late
        if not reads or sum(frames for frames, _, _ in reads) < patience * self._rate:
            return None
        lost = min(late for _, _, late in reads)
        uncertainty = self._in_frames(self._width + ALLOWANCE)
        frames, returned, late = reads[0]
        self.begin(returned - late - frames / self._rate + lost - ALLOWANCE)
        for frames, returned, _ in reads:
            self.add(frames, returned)
        return Step(round(lost * self._rate), uncertainty, len(reads))


@frozen
class _Placed:
    """A period, and what the take held before and after it."""

    period: Period
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def plain(self) -> bool:
        """Whether it lies in the take as it came, with nothing in between."""
        return self.period.data is not None and self.after == (self.before[0] + self.period.frames, self.before[1])

    @property
    def counts(self) -> bool:
        """Whether anything of it is in the take: it is not passed over, as in a pause."""
        return self.after[0] > self.before[0]


class ServerLosses:
    """Puts what the server lost where it was lost. That is known only later, so the last sound is kept at hand."""

    def __init__(self, timeline: ServerTimeline, take: TakeFile, assembler: Assembler) -> None:
        self._timeline = timeline
        self._take = take
        self._assembler = assembler
        self._recent: deque[_Placed] = deque()
        self._before = self._held

    @property
    def _held(self) -> tuple[int, int]:
        """Frames in the take, and how many things its history tells."""
        history = self._take.history
        return self._take.frames, len(history.gaps) + len(history.marks) + len(history.pauses)

    @property
    def settled(self) -> int:
        """Frames from the beginning that no loss that comes to light later will move."""
        return self._recent[0].before[0] if self._recent else self._take.frames

    def placed(self, period: Period) -> None:
        """The period was dealt with: look whether it tells a loss. Raises StorageError."""
        held = self._held
        self._recent.append(_Placed(period, self._before, held))
        self.look(last=self._assembler.stopped)
        self._before = self._held

    def look(self, *, last: bool) -> None:
        """Put down what was lost; with less evidence where this is the `last` look. Raises StorageError."""
        step = self._timeline.step(_LAST_LOOK) if last else self._timeline.step()
        if step:
            self._keep(step.reads)
            if self._recent and self._recent[0].counts:
                self._assembler.insert(step.frames, step.uncertainty, self._behind())
        self._keep(self._timeline.late_reads)

    def _keep(self, reads: int) -> None:
        while len(self._recent) > reads:
            self._recent.popleft()

    def _behind(self) -> Sequence[bytes]:
        """The sound behind the loss, as far back as nothing but sound is there: a press or another loss stays put."""
        sound: deque[bytes] = deque()
        end = self._held
        for placed in reversed(self._recent):
            if not placed.plain or placed.after != end:
                break
            sound.appendleft(placed.period.data or b"")
            end = placed.before
        return sound
