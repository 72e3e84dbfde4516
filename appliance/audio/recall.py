"""The last sound of a take, at hand for presses that are told late: it may be kept after all, or go elsewhere."""

from collections import deque
from collections.abc import Sequence

from appliance.audio.stretch import Stretch
from appliance.models import AudioFormat

RECALL = 1.0
"""Seconds by which a press may be told late."""


class Recall:
    """The stretches of the last second, in the order of time."""

    def __init__(self, format: AudioFormat) -> None:
        self._format = format
        self._stretches: deque[Stretch] = deque()

    def remember(self, stretch: Stretch) -> None:
        """It was written, or passed over."""
        self._stretches.append(stretch)
        while self._stretches[0].end < stretch.end - RECALL:
            self._stretches.popleft()

    def forget(self, until: float | None = None) -> None:
        """Forget what had sounded by then; all of it where no moment is given."""
        self._stretches = deque() if until is None else deque(self.since(until))

    def since(self, moment: float) -> Sequence[Stretch]:
        """What has sounded since then."""
        sounded = ((stretch.until(moment, self._format.rate), stretch) for stretch in self._stretches)
        return [each.part(there, each.frames, self._format) for there, each in sounded if there < each.frames]

    def take_back(self, frames: int) -> Sequence[Stretch]:
        """The last so many frames, or as many as are at hand; they are forgotten."""
        back: deque[Stretch] = deque()
        while frames and self._stretches:
            last = self._stretches.pop()
            taken = min(frames, last.frames)
            back.appendleft(last.part(last.frames - taken, last.frames, self._format))
            frames -= taken
        return back
