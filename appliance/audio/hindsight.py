"""Losses behind a sound server come to light some seconds later; they are put where they were."""

from collections import deque
from collections.abc import Sequence

from appliance.audio.assembler import Assembler
from appliance.audio.stretch import Step, Stretch
from appliance.values import frozen


@frozen
class _Placed:
    """A stretch of sound, and what the take held before and after it."""

    stretch: Stretch
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def kept(self) -> int:
        """Frames of it that are in the take: not those passed over, as in a pause."""
        return self.after[0] - self.before[0]


class Hindsight:
    """Keeps the sound at hand that may have to move. Every method may raise StorageError."""

    def __init__(self, assembler: Assembler) -> None:
        self._assembler = assembler
        self._recent: deque[_Placed] = deque()
        self._before = assembler.held
        self._suspicion: Step | None = None

    @property
    def settled(self) -> int:
        """Frames from the beginning that no loss that comes to light later will move."""
        return self._recent[0].before[0] if self._recent else self._assembler.frames

    def placed(self, stretch: Stretch) -> None:
        """The stretch of sound was dealt with."""
        if stretch.late:
            self._recent.append(_Placed(stretch, self._before, self._assembler.held))
        self._keep(stretch.late)
        self._suspicion = stretch.suspicion
        if self._assembler.stopped:
            self.last_look()
        self._before = self._assembler.held

    def last_look(self) -> None:
        """Put down what seems to be lost: nothing more will come."""
        self.look_back(self._suspicion)
        self._suspicion = None

    def look_back(self, step: Step | None) -> None:
        """Put down what was lost, where anything was."""
        if step:
            self._keep(step.reads)
            if self._recent and self._recent[0].kept:
                self._assembler.insert(step, self._behind())
            self._keep(step.late)
            self._before = self._assembler.held

    def _keep(self, reads: int) -> None:
        while len(self._recent) > reads:
            self._recent.popleft()

    def _behind(self) -> Sequence[Stretch]:
        """The sound behind the loss, as far back as nothing but sound is there: a press or another loss stays put."""
        sound: deque[Stretch] = deque()
        end, cut = self._assembler.held, self._assembler.stopped
        for placed in reversed(self._recent):
            whole = placed.kept == placed.stretch.frames or cut
            if not whole or (end[0] - placed.kept, end[1]) != placed.before or placed.after != end:
                break
            sound.appendleft(placed.stretch.part(0, placed.kept, self._assembler.format))
            end, cut = placed.before, False
        return sound
