"""What the writer thread does with each thing that comes out of the ring: place it in time, write it, keep it safe."""

from appliance.audio.assembler import Assembler, Press, Stretch, Wish
from appliance.audio.growing import GrowingTake
from appliance.audio.ring import Ended, Lost, Opened, Overrun, Period
from appliance.audio.server import ServerLosses, ServerTimeline
from appliance.audio.studio import Studio
from appliance.audio.takefile import TakeFile
from appliance.audio.timeline import Timeline
from appliance.events import TakeProgress, TakeStarted
from appliance.models import GapCause, Levels

_PROGRESS_EVERY = 0.25
"""Seconds of sound between two TakeProgress."""

_UNWATCHED_EVERY = 1.0
"""The same while nobody follows them: to tell costs as much as to write."""

_PROGRESS_LEAST = 0.2
"""Seconds between two of them at least, also while a stalled disk catches up."""

_STOP_PATIENCE = 1.0
"""Seconds that the card may be late beyond its buffer with the sound of the moment of a stop."""


class TakeWriter:
    """Writes one take. Every method may raise StorageError; one thread uses it."""

    def __init__(self, take: TakeFile, opened: Opened, studio: Studio, growing: GrowingTake) -> None:
        self._take = take
        self._growing = growing
        self._take_id = take.begin.take_id
        self._rate = take.format.rate
        self._settings = studio.recording
        self._clock = studio.clock
        self._post = studio.post
        self._faults = studio.faults
        self._watched = studio.watched
        self._slow_after = studio.slow_after
        self._period_seconds = studio.capture.period
        self._buffer_seconds = opened.buffer_seconds
        self._assembler = Assembler(take, studio.recording, studio.post)
        self._server: ServerLosses | None = None
        self._timeline = Timeline(self._rate)
        if opened.behind_server:
            self._timeline = server = ServerTimeline(self._rate)
            self._server = ServerLosses(server, take, self._assembler)
        self._timeline.begin(opened.earliest)
        self._started = False
        self._loss: GapCause | None = None
        self._told = 0
        self._held: list[Period] = []
        self._unplugged = False
        self._stop: Press | None = None
        self._stop_by = 0.0
        self._unsafe_since: float | None = None
        self._safe_at = self._told_at = self._clock.monotonic()
        self._untold = 0

    @property
    def stopped(self) -> bool:
        """Whether the moment of the stop was reached."""
        return self._assembler.stopped

    @property
    def levels(self) -> Levels:
        """Levels of the sound written."""
        return self._assembler.meter.levels

    @property
    def drift_ppm(self) -> float | None:
        """How much faster than CLOCK_MONOTONIC the card runs, where that can be told."""
        return self._timeline.drift_ppm

    @property
    def patience(self) -> float | None:
        """Seconds after which `idle` wants to be called where nothing else happens."""
        due: list[float] = []
        if self._unsafe_since is not None:
            due.append(self._safe_at + self._settings.sync_interval + self._period_seconds)
        if self._stop:
            due.append(self._stop_by)
        return max(0.001, min(due) - self._clock.monotonic()) if due else None

    def press(self, press: Press) -> None:
        """A person pressed."""
        if press.wish is Wish.STOP and not self._stop:
            self._stop = press
            self._stop_by = self._clock.monotonic() + self._buffer_seconds + _STOP_PATIENCE
            if self._server:
                self._server.look(last=True)
        if self._unplugged:
            self._bridge(press)
        self._assembler.press(press)

    def idle(self) -> None:
        """Nothing came for as long as `patience` said."""
        now = self._clock.monotonic()
        if self._unsafe_since is not None and now >= self._safe_at + self._settings.sync_interval:
            self._sync()
        if self._stop and now >= self._stop_by:
            self._bridge(self._stop)
            self._assembler.end()

    def opened(self, opened: Opened) -> None:
        """The card was plugged in again."""
        self._faults.end("microphone")
        self._unplugged = False
        self._begin_anew(opened.earliest, GapCause.DEVICE)

    def overrun(self, overrun: Overrun) -> None:
        """The card lost frames."""
        self._begin_anew(overrun.earliest, GapCause.OVERRUN)

    def period(self, period: Period) -> None:
        """The card delivered. After a loss the first periods are held until they tell how long it was."""
        self._timeline.add(period.frames, period.returned)
        if self._loss is None:
            self._place(period, self._timeline.end)
            if self._server:
                self._server.placed(period)
        else:
            self._held.append(period)
            if self._timeline.settled or self._caught_up(period):
                self._settle()
        self._keep_safe()

    def lost(self, lost: Lost) -> None:
        """The card is gone."""
        self._break_off()
        self._unplugged = True
        self._faults.begin("microphone", lost.message, urgent=True)
        for press in tuple(self._assembler.waiting):
            self._bridge(press)
        self._sync()

    def ended(self, ended: Ended) -> None:
        """Nothing more will come."""
        self._break_off()
        if self._unplugged and not self.stopped:
            self._miss(ended.at, fill=False)
        if ended.error:
            self._faults.begin("microphone", f"the take ended early: {ended.error}", urgent=True)
        self._assembler.end()

    def _begin_anew(self, earliest: float, loss: GapCause) -> None:
        self._break_off()
        self._timeline.begin(earliest)
        self._loss = loss

    def _break_off(self) -> None:
        """No further read will tell anything of what came so far."""
        self._settle()
        if self._server:
            self._server.look(last=True)

    def _caught_up(self, period: Period) -> bool:
        """Whether the reader, should it have been late, is no more: a read had to wait again, or the ring was read."""
        waited = period.returned - period.called >= period.frames / self._rate / 2
        held = sum(period.frames for period in self._held)
        return (waited and len(self._held) > 1) or held >= self._buffer_seconds * self._rate

    def _settle(self) -> None:
        """Put the loss down, and after it what was held."""
        if self._held and self._loss:
            frames, uncertainty = self._timeline.lost()
            begin = self._timeline.end - sum(period.frames for period in self._held) / self._rate
            frames = max(frames - self._told, 1 if self._loss is GapCause.OVERRUN else 0)
            if frames:
                self._add(Stretch(frames, begin, None, self._loss, uncertainty))
            self._told = 0
            for period in self._held:
                begin += period.frames / self._rate
                self._place(period, begin)
            self._held = []
            self._loss = None

    def _bridge(self, press: Press) -> None:
        """The card is silent: what was lost until a press is known when the press comes."""
        self._miss(press.at, fill=press.wish is not Wish.STOP)

    def _miss(self, until: float, *, fill: bool) -> None:
        frames = round((until - self._assembler.until) * self._rate)
        if frames > 0 and self._started:
            self._told += frames
            uncertainty = self._timeline.uncertainty
            self._add(Stretch(frames, until, None, GapCause.DEVICE, uncertainty, fill=fill))

    def _place(self, period: Period, end: float) -> None:
        if not self._started:
            self._started = True
            begin = self._take.begin
            self._post(TakeStarted(self._take_id, begin.name, begin.format, self._buffer_seconds))
        data = None if period.data is None else memoryview(period.data)
        self._add(Stretch(period.frames, end, data, GapCause.STORAGE))

    def _add(self, stretch: Stretch) -> None:
        before = self._take.frames
        self._assembler.add(stretch)
        written = self._take.frames - before
        if written:
            if self._unsafe_since is None:  # silence that fills a gap is as old as its writing
                sounding = stretch.frames / self._rate
                self._unsafe_since = self._clock.monotonic() if stretch.data is None else stretch.end - sounding
            self._tell(written)

    def _tell(self, frames: int) -> None:
        self._untold += frames
        every = _PROGRESS_EVERY if self._watched() else _UNWATCHED_EVERY
        now = self._clock.monotonic()
        if self._untold < every * self._rate or now - self._told_at < _PROGRESS_LEAST:
            return
        self._untold, self._told_at = 0, now
        peak, rms = self._assembler.meter.stretch()
        length = self._take.frames
        self._post(TakeProgress(self._take_id, length, self._take.format.seconds(length), peak, rms))

    def _keep_safe(self) -> None:
        """Sync at the period's end that is nearest to the interval's."""
        due = self._safe_at + self._settings.sync_interval - self._period_seconds / 2
        if self._unsafe_since is not None and self._clock.monotonic() >= due:
            self._sync()

    def _sync(self) -> None:
        if self._unsafe_since is None:
            return
        self._take.sync()
        settled = self._assembler.settled
        self._growing.settle(min(settled, self._server.settled) if self._server else settled)
        self._safe_at = self._clock.monotonic()
        age = self._safe_at - self._unsafe_since
        self._unsafe_since = None
        self._faults.end("storage")
        if age > self._slow_after:
            self._faults.begin("slow_storage", _slow(age))
        else:
            self._faults.end("slow_storage")


def _slow(age: float) -> str:
    return f"the disk is slow: a power cut would have cost {age:.1f} s of sound. Use a faster card"
