"""Puts a take together: sound and losses in the order of time, cut at the very frames at which a person pressed.

It alone holds the take's file. A press mostly comes before the sound of its moment has been read; then it waits for
it. Where it comes later, as one that was debounced may, what was written beyond its moment is cut off again, and what
was passed over is still at hand.
"""

from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum

from attrs import evolve, frozen

from appliance.audio.journal import PauseBegin, PauseEnd
from appliance.audio.levels import Meter, verdict
from appliance.audio.stretch import Stretch
from appliance.audio.takefile import TakeFile
from appliance.config.settings import RecordingSettings
from appliance.events import Command, Event, GapFound, MarkSet, RecordStop, TakePaused, TakeResumed
from appliance.models import Clip, Gap, GapCause, Mark

_RECALL = 1.0
"""Seconds by which a press may be told late: as much sound is kept at hand while paused, for a resume."""

_GRACE = 1.0
"""Seconds that a take may outgrow its longest duration while its stop is on the way."""


class Wish(StrEnum):
    """What a press asks of a take."""

    PAUSE = "pause"
    RESUME = "resume"
    MARK = "mark"
    STOP = "stop"


@frozen
class Press:
    """What a person wants from the moment `at` on."""

    wish: Wish
    at: float


class Assembler:
    """Writes stretches and obeys presses. Every method may raise StorageError; the writer thread alone uses it.

    `stopped` once the stop was reached. `until` is the moment up to which everything has been dealt with.
    """

    def __init__(self, take: TakeFile, settings: RecordingSettings, post: Callable[[Command | Event], None]) -> None:
        self.meter = Meter(take.format)
        self.stopped = False
        self.until = 0.0
        self.waiting: deque[Press] = deque()
        self._take = take
        self._take_id = take.begin.take_id
        self._rate = take.format.rate
        self._format = take.format
        self._fill_gaps = settings.fill_gaps
        self._longest = take.format.frames(settings.max_duration)
        self._limit = self._longest + take.format.frames(_GRACE)
        self._stop_posted = False
        self._post = post
        self._paused_at: float | None = None
        self._passed_over: deque[Stretch] = deque()
        self._firm = 0

    @property
    def frames(self) -> int:
        """Length of the take so far."""
        return self._take.frames

    @property
    def held(self) -> tuple[int, int]:
        """Frames in the take, and how many things its history tells."""
        history = self._take.history
        return self._take.frames, len(history.gaps) + len(history.marks) + len(history.pauses)

    @property
    def paused(self) -> bool:
        """Whether the sound of now is passed over."""
        return self._paused_at is not None

    @property
    def settled(self) -> int:
        """Frames from the beginning that no press will cut off any more, as none is told later than `_RECALL`."""
        if self.paused:
            return self._take.frames
        return max(self._firm, self._take.frames - self._take.format.frames(_RECALL))

    def press(self, press: Press) -> None:
        """Obey a press, now or when its moment comes."""
        if self.waiting or press.at > self.until:
            self.waiting.append(press)
        else:
            self._obey_late(press)

    def add(self, stretch: Stretch) -> None:
        """Take the next stretch in, up to the stop."""
        done = 0
        while self.waiting and self.waiting[0].at <= stretch.end and not self.stopped:
            press = self.waiting.popleft()
            there = max(stretch.until(press.at, self._rate), done)
            self._keep(stretch, done, there)
            self._obey(press)
            done = there
        self._keep(stretch, done, stretch.frames)
        self.until = stretch.end

    def insert(self, frames: int, uncertainty: int, behind: Sequence[memoryview]) -> None:
        """Put in what a sound server lost before the last sound written, `behind`, where that came to light only now.

        The sound moves back in place. Should the power go at that moment, a stretch as long as the loss may be there
        twice.
        """
        offset = self._take.frames - sum(map(len, behind)) // self._format.frame_bytes
        lost = min(frames, self._limit - self._take.frames)
        if lost <= 0:
            return
        gap = Gap(offset, lost, uncertainty, GapCause.SOUND_SERVER, self._fill_gaps)
        self._take.note(gap)
        if self._fill_gaps:
            self._take.go_back(offset)
            self._take.append_silence(lost)
            for sound in behind:
                self._take.append(sound)
        else:
            self._firm = offset
        self._post(GapFound(self._take_id, gap))

    def sync(self) -> None:
        """Return once everything written is safe."""
        self._take.sync()

    def seal(self, drift_ppm: float | None) -> Clip:
        """Make it a clip and judge it. What is called here comes after `end`, and only `close` after it."""
        take, levels = self._take, self.meter.levels
        judged = verdict(levels, take.format.seconds(take.frames), take.begin.min_seconds)
        return take.seal(levels, judged, drift_ppm=drift_ppm)

    def discard(self) -> None:
        """Remove everything."""
        self._take.discard()

    def close(self) -> None:
        """Let go of the file, sealed or not."""
        self._take.close()

    def end(self) -> None:
        """Nothing more will come: obey the presses that still wait, where they can be."""
        while self.waiting and not self.stopped:
            self._obey(self.waiting.popleft())

    def _keep(self, stretch: Stretch, begin: int, end: int) -> None:
        """Write frames `begin` to `end` of the stretch, unless they are to be passed over."""
        if end <= begin or self.stopped:
            return
        if self.paused:
            self._pass_over(stretch.part(begin, end, self._format))
            return
        kept = min(end - begin, self._limit - self._take.frames)
        if stretch.data is not None:
            width = self._format.frame_bytes
            sound = stretch.data[begin * width : (begin + kept) * width]
            self._take.append(sound)
            self.meter.add(sound)
        else:
            self._lose(evolve(stretch, frames=kept))
        self._heed_longest(stretch.end - (stretch.frames - begin - kept) / self._rate)

    def _lose(self, stretch: Stretch) -> None:
        filled = stretch.fill and self._fill_gaps
        gap = Gap(self._take.frames, stretch.frames, stretch.uncertainty, stretch.cause, filled)
        self._take.note(gap)
        if filled:
            self._take.append_silence(stretch.frames)
        else:
            self._firm = self._take.frames
        self._post(GapFound(self._take_id, gap))

    def _heed_longest(self, now: float) -> None:
        """Ask for the stop where the take, whose last frame sounded at `now`, is as long as it may be; or stop it."""
        beyond = self._take.frames - self._longest
        if beyond >= 0 and not self._stop_posted:
            self._stop_posted = True
            self._post(RecordStop(now - beyond / self._rate))
        if self._take.frames >= self._limit:
            self._take.cut(self._longest)
            self.stopped = True

    def _pass_over(self, stretch: Stretch) -> None:
        self._passed_over.append(stretch)
        while self._passed_over[0].end < stretch.end - _RECALL:
            self._passed_over.popleft()

    def _obey(self, press: Press) -> None:
        """Follow a press at the end of what is written."""
        here = self._take.frames
        match press.wish:
            case Wish.STOP:
                self.stopped = True
            case Wish.MARK:
                self._take.note(Mark(here))
                self._post(MarkSet(self._take_id, here))
            case Wish.PAUSE if self._paused_at is None:
                self._take.note(PauseBegin(here))
                self._paused_at = press.at
                self._passed_over.clear()
                self._post(TakePaused(self._take_id, here))
            case Wish.RESUME if self._paused_at is not None:
                self._take.note(PauseEnd(max(0.0, round(press.at - self._paused_at, 6))))
                self._paused_at = None
                self._firm = here
                self._post(TakeResumed(self._take_id, here))

    def _obey_late(self, press: Press) -> None:
        """Follow a press whose moment has been dealt with already."""
        if press.wish is Wish.RESUME:
            self._obey(press)
            for stretch in self._passed_over:
                self._keep(stretch, stretch.until(press.at, self._rate), stretch.frames)
            return
        there = self._take.frames
        if not self.paused:
            there = max(self._firm, there - round((self.until - press.at) * self._rate))
        if press.wish is Wish.MARK:
            self._take.note(Mark(there))
            self._post(MarkSet(self._take_id, there))
            return
        if there < self._take.frames:
            self._take.cut(there)
        self._obey(press)
