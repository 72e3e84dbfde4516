"""Puts a take together: sound and losses in the order of time, cut at the very frames at which a person pressed.

It alone holds the take's file. A press mostly comes before the sound of its moment has been read; then it waits for
it. Where it comes later, as one that was debounced may, what was written beyond its moment is cut off again, and what
was passed over is still at hand.

Where a take is as long as it may be, or is split, what sounds beyond is kept for the one that carries it on.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from appliance.audio.journal import Begin, PauseBegin, PauseEnd
from appliance.audio.press import Press, Wish
from appliance.audio.recall import RECALL, Recall
from appliance.audio.stretch import Step, Stretch
from appliance.audio.takefile import TakeFile
from appliance.circumstances import Gain
from appliance.config.audio import RecordingSettings
from appliance.events import Command, Event, GapFound, MarkSet, TakePaused, TakeResumed
from appliance.models import AudioFormat, Clip, Gap, GapCause, Mark

if TYPE_CHECKING:
    from appliance.audio.levels import Meter


class Assembler:
    """Writes stretches and obeys presses. Every method may raise StorageError; the writer thread alone uses it.

    `stopped` once the stop, or the split, was reached. `until` is the moment up to which everything has been dealt
    with, apart from the `rest`, which is for the take that carries this one on.
    """

    def __init__(self, take: TakeFile, settings: RecordingSettings, post: Callable[[Command | Event], None]) -> None:
        self._meter: Meter | None = None
        self._unmeasured: list[memoryview] = []
        self.stopped = False
        self.until = 0.0
        self.waiting: deque[Press] = deque()
        self.rest: deque[Stretch] = deque()
        self._take = take
        self._take_id = take.begin.take_id
        self._rate = take.format.rate
        self._format = take.format
        self._recalled = take.format.frames(RECALL)
        self._fill_gaps = settings.fill_gaps
        self._longest: float = settings.most_frames(take.format)
        self._post = post
        self._paused_at: float | None = None
        self._recall = Recall(take.format)
        self._firm = 0
        self._cut = False
        self.split: Press | None = None
        """The press that ended it, where it goes on in another take."""

    @property
    def meter(self) -> "Meter":
        """What measures it. Made when somebody asks, so that no first frame waits for numpy."""
        if self._meter is None:
            from appliance.audio.levels import Meter

            self._meter = Meter(self._format)
            for data in self._unmeasured:
                self._meter.add(data)
            self._unmeasured.clear()
        return self._meter

    @property
    def begin(self) -> Begin:
        """What is known of the take since it began."""
        return self._take.begin

    @property
    def format(self) -> AudioFormat:
        """What the sound is made of."""
        return self._format

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
    def removed(self) -> bool:
        """Whether somebody removed the take's file while it was recorded."""
        return self._take.removed

    @property
    def paused(self) -> bool:
        """Whether the sound of now is passed over."""
        return self._paused_at is not None

    @property
    def full(self) -> bool:
        """Whether it is as long as it may be, and more has sounded since."""
        return bool(self.rest) and not self.stopped

    @property
    def ending(self) -> bool:
        """Whether it is known already where it ends."""
        return any(press.wish in (Wish.STOP, Wish.SPLIT) for press in self.waiting)

    @property
    def settled(self) -> int:
        """Frames from the beginning that no press will cut off any more, as none is told later than `RECALL`."""
        if self._paused_at is not None:
            return self._take.frames
        return max(self._firm, self._take.frames - self._recalled)

    def press(self, press: Press) -> None:
        """Obey a press, now or when its moment comes, in the order in which they were told; a split in that of time."""
        if press.at > self.until or (self.waiting and press.wish is not Wish.SPLIT):
            self.waiting.append(press)
        else:
            self._obey_late(press)

    def add(self, stretch: Stretch) -> int:
        """Take the next stretch in, up to the stop or to the longest that the take may be; how much it grew."""
        before, done = self._take.frames, 0
        while not (self.stopped or self.rest):
            press = self.waiting[0] if self.waiting and self.waiting[0].at <= stretch.end else None
            there = max(stretch.until(press.at, self._rate), done) if press else stretch.frames
            done = self._keep(stretch, done, there)
            if done == there and press:
                self.waiting.popleft()
                self._obey(press)
            else:
                break
        if done < stretch.frames:
            self.rest.append(stretch.part(done, stretch.frames, self._format))
        if done:
            self.until = stretch.end - (stretch.frames - done) / self._rate
        return self._take.frames - before

    def insert(self, loss: Step, behind: Sequence[Stretch]) -> None:
        """Put in what a sound server lost before the last sound written, `behind`, where that came to light only now.

        The sound moves back in place. Should the power go at that moment, a stretch as long as the loss may be there
        twice.
        """
        offset = self._take.frames - sum(stretch.frames for stretch in behind)
        begin = behind[0].end - behind[0].frames / self._rate if behind else self.until
        self._recall.forget()
        if not self._fill_gaps:
            self._note_gap(Gap(offset, loss.frames, loss.uncertainty, GapCause.SOUND_SERVER, filled=False))
            self._firm = offset
            return
        self._take.go_back(offset)
        rest: list[Stretch] = []
        for stretch in (Stretch(loss.frames, begin, None, GapCause.SOUND_SERVER, loss.uncertainty), *behind):
            fits = self._fitting(stretch, stretch.frames)
            if fits:
                part = stretch.part(0, fits, self._format)
                self._write(part)
                self.until = part.end
            if fits < stretch.frames:
                rest.append(stretch.part(fits, stretch.frames, self._format))
        self.rest.extendleft(reversed(rest))

    def outgrow(self) -> None:
        """Become longer than it may be, up to an end that is known already: nothing else would keep that sound."""
        self._longest = float("inf")
        rest, self.rest = self.rest, deque()
        for stretch in rest:
            self.add(stretch)

    def carry_on(self, before: "Assembler") -> None:
        """Begin where another take was split: paused where that was, with the presses that wait."""
        self.waiting, self.until = before.waiting, before.until
        if before.paused:
            self._take.note(PauseBegin(0))
            self._paused_at, self._recall = before._paused_at, before._recall

    def sync(self) -> None:
        """Return once everything written is safe."""
        self._take.sync()

    def cut_short(self) -> None:
        """End where it is as long as it may be, and say so in the clip."""
        self.stopped = self._cut = True

    def seal(self, drift_ppm: float | None, gain: Gain | None) -> Clip:
        """Make it a clip and judge it. Only `close` comes after."""
        from appliance.audio.levels import verdict

        take, levels = self._take, self.meter.levels
        judged = verdict(levels, take.seconds, take.begin.min_seconds, take.lost_seconds)
        return take.seal(levels, judged, drift_ppm=drift_ppm, cut=self._cut, gain=gain)

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

    def _fitting(self, stretch: Stretch, frames: int) -> int:
        """How many of so many frames of the stretch find room."""
        grows = stretch.data is not None or self._fills(stretch)
        return int(min(frames, self._longest - self._take.frames)) if grows else frames

    def _fills(self, loss: Stretch) -> bool:
        return loss.fill and self._fill_gaps

    def _keep(self, stretch: Stretch, begin: int, end: int) -> int:
        """Write frames `begin` to `end` of the stretch, unless they are to be passed over; how far it got."""
        kept = self._paused_at is None
        if kept:
            end = begin + self._fitting(stretch, end - begin)
        if end > begin:
            whole = end - begin == stretch.frames
            part = stretch if whole else stretch.part(begin, end, self._format)
            self._recall.remember(part)
            if kept:
                self._write(part)
                if part.data is not None:
                    self._unmeasured.append(part.data) if self._meter is None else self._meter.add(part.data)
        return end

    def _write(self, part: Stretch) -> None:
        if part.data is not None:
            self._take.append(part.data)
            return
        filled = self._fills(part)
        gap = Gap(self._take.frames, part.frames, part.uncertainty, part.cause, filled)
        self._note_gap(gap)
        if filled:
            self._take.append_silence(part.frames)
        else:
            self._firm = self._take.frames

    def _note_gap(self, gap: Gap) -> None:
        self._take.note(gap)
        self._post(GapFound(self._take_id, gap, self._rate))

    def _obey(self, press: Press) -> None:
        """Follow a press at the end of what is written."""
        here = self._take.frames
        match press.wish:
            case Wish.STOP:
                self.stopped = True
            case Wish.SPLIT:
                self.stopped, self.split = True, press
            case Wish.MARK:
                self._mark(here, press.label)
            case Wish.PAUSE if self._paused_at is None:
                self._take.note(PauseBegin(here))
                self._paused_at = press.at
                self._recall.forget(press.at)
                self._post(TakePaused(self._take_id, here))
            case Wish.RESUME if self._paused_at is not None:
                self._take.note(PauseEnd(max(0.0, round(press.at - self._paused_at, 6))))
                self._paused_at = None
                self._recall.forget()
                self._firm = here
                self._post(TakeResumed(self._take_id, here))

    def _mark(self, offset: int, label: str) -> None:
        self._take.note(Mark(offset, label))
        self._post(MarkSet(self._take_id, offset, self._rate, label))

    def _obey_late(self, press: Press) -> None:
        """Follow a press whose moment has been dealt with already."""
        if press.wish is Wish.RESUME:
            passed_over = self._recall.since(press.at) if self.paused else ()
            self._obey(press)
            for stretch in passed_over:
                self.add(stretch)
            return
        there = self._take.frames
        if not self.paused:
            there = max(self._firm, there - round((self.until - press.at) * self._rate))
        if press.wish is Wish.MARK:
            self._mark(there, press.label)
            return
        if press.wish is Wish.SPLIT:
            back = self._recall.take_back(self._take.frames - there)
            there = self._take.frames - sum(stretch.frames for stretch in back)
            self.rest.extendleft(reversed(back))
        if there < self._take.frames:
            self._take.cut(there)
        self._obey(press)
