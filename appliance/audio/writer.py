"""What the writer thread does with each thing that it hears: write it, keep it safe, and tell how far the take is."""

from math import inf
from typing import TYPE_CHECKING

from appliance.audio.assembler import Assembler
from appliance.audio.fulltimes import next_full
from appliance.audio.growing import GrowingTake
from appliance.audio.hindsight import Hindsight
from appliance.audio.press import Press, Wish
from appliance.audio.progress import Progress
from appliance.audio.stretch import Ended, Heard, Lost, Opened, Step, Stretch
from appliance.audio.studio import Studio
from appliance.config.units import format_duration
from appliance.events import TakeContinues, TakeNearlyUp, TakeProgress, TakeStarted
from appliance.faults import MICROPHONE_LOST, NOTHING_HEARD, SLOW_STORAGE, STORAGE, TAKE_REMOVED
from appliance.models import GapCause
from appliance.phrases import duration

if TYPE_CHECKING:
    from appliance.audio.vigil import Vigil

_QUIET_PATIENCE = 2.0
"""Seconds beyond a period after which a microphone that delivers nothing is a fault."""

_MUTE = "the microphone is open but delivers no sound. Unplug it and plug it in again, or choose another"

_REMOVED = "somebody removed the file that is being recorded. Its sound is kept. Leave the folder of takes alone:"

_STOP_PATIENCE = 1.0
"""Seconds that the card may be late beyond its buffer with the sound of the moment of a stop."""

_WARN_MOST = 60.0
"""Seconds before a hard end from which on it is told, at most."""

_WARN_SHARE = 0.1
"""The same as a share of the longest duration."""


class TakeWriter:
    """Writes one take, or several that carry each other on. Every method may raise StorageError; one thread uses it."""

    def __init__(self, assembler: Assembler, opened: Opened, studio: Studio, growing: GrowingTake) -> None:
        self._assembler = assembler
        self._growing = growing
        self._format = opened.format
        self._rate = opened.format.rate
        self._settings = studio.recording
        self._clock = studio.clock
        self._post = studio.post
        self._faults = studio.faults
        self._progress = Progress(opened.format.rate, studio.watched, studio.clock)
        self._slow_after = studio.slow_after
        self._quiet_after = studio.capture.period + _QUIET_PATIENCE
        self._idle_after = self._settings.sync_interval + studio.capture.period
        self._step: float = self._settings.sync_interval
        self._buffer_seconds = opened.buffer_seconds
        self._silence = studio.monitor.silence
        self._vigil: Vigil | None = None
        if self._silence:
            from appliance.audio import vigil

            self._vigil = vigil.Vigil(self._silence, self._rate)
        self._hindsight = Hindsight(assembler) if opened.behind_server else None
        self._longest = self._settings.most_frames(self._format) / self._rate
        self._hard_end = self._settings.ends_hard(self._format)
        self._split_due = next_full(self._settings.split_at, assembler.begin.started, self._clock.stamp)
        self._started = self._asked = self._warned = False
        self._told = 0
        self._uncertainty = 0
        self._unplugged = self._mute = False
        self._sounds = False
        """Whether sound came since a microphone was last opened, or fell silent."""
        self._heard_at = self._clock.monotonic()
        self._stop: Press | None = None
        self._stop_by = 0.0
        begin = assembler.begin
        preroll = 0.0 if begin.continues else self._settings.preroll
        self._pressed_at = begin.started.monotonic_ns / 1e9 + preroll
        """What sounded before was in memory only on purpose."""
        self._unsafe_since: float | None = None
        self._safe_at = self._clock.monotonic()

    @property
    def stopped(self) -> bool:
        """Whether the moment of the stop was reached."""
        return self._assembler.stopped

    @property
    def patience(self) -> float | None:
        """Seconds after which `idle` wants to be called where nothing else happens."""
        due = inf if self._unplugged or self._mute else self._heard_at + self._quiet_after
        if self._unsafe_since is not None:
            due = min(due, self._safe_at + self._idle_after)
        if self._stop:
            due = min(due, self._stop_by)
        return None if due == inf else max(0.001, due - self._clock.monotonic())

    @property
    def split(self) -> Press | None:
        """The press at whose moment another take goes on, once that was reached."""
        return self._assembler.split

    def carry_on(self, assembler: Assembler, growing: GrowingTake) -> None:
        """Go on in another take, with what the one before has left over."""
        before, self._assembler, self._growing = self._assembler, assembler, growing
        assembler.carry_on(before)
        self._hindsight = Hindsight(assembler) if self._hindsight else None
        self._started = self._asked = self._warned = False
        self._split_due = next_full(self._settings.split_at, assembler.begin.started, self._clock.stamp)
        self._unsafe_since = None
        self._progress.begin()
        for stretch in before.rest:
            self._take_in(stretch)

    def press(self, press: Press) -> None:
        """A person pressed."""
        if press.wish is Wish.STOP and not self._stop:
            self._stop = press
            self._stop_by = self._clock.monotonic() + self._buffer_seconds + _STOP_PATIENCE
            if self._hindsight and press.at <= self._assembler.until:
                self._hindsight.last_look()
        if self._unplugged:
            self._bridge(press)
        self._assembler.press(press)
        self._heed_longest()

    def idle(self) -> None:
        """Nothing came for as long as `patience` said."""
        now = self._clock.monotonic()
        if self._unsafe_since is not None and now >= self._safe_at + self._settings.sync_interval:
            self._sync()
        if not (self._unplugged or self._mute) and now >= self._heard_at + self._quiet_after:
            self._mute, self._sounds = True, False
            self._faults.begin(MICROPHONE_LOST, _MUTE)
        if self._stop and now >= self._stop_by:
            if self._hindsight:
                self._hindsight.last_look()
            self._bridge(self._stop)
            self._assembler.end()

    def hear(self, item: Heard) -> None:
        """What comes from the microphone, in the order of time."""
        self._heard_at = self._clock.monotonic()
        match item:
            case Stretch(data=None):
                self._lose(item)
            case Stretch():
                self._sound(item)
            case Step() if self._hindsight:
                self._hindsight.look_back(item)
                self._heed_longest()
                self._keep_safe()
            case Opened():
                self._unplugged = self._sounds = False
            case Lost():
                self._lost(item)
            case Ended():
                self._ended(item)

    def _sound(self, stretch: Stretch) -> None:
        self._uncertainty = stretch.uncertainty
        if not self._sounds:
            self._mute, self._sounds = False, True
            self._faults.end(MICROPHONE_LOST)
        self._take_in(stretch)
        self._keep_safe()
        self._step = min(self._settings.sync_interval, stretch.frames / self._rate)

    def _take_in(self, stretch: Stretch) -> None:
        self._add(stretch)
        if self._hindsight and stretch.data is not None:
            self._hindsight.placed(stretch)

    def _lose(self, stretch: Stretch) -> None:
        """What was bridged already until a press is not lost once more."""
        frames = stretch.frames
        if stretch.cause is not GapCause.STORAGE:
            frames = max(frames - self._told, 1 if stretch.cause is GapCause.OVERRUN else 0)
            self._told = 0
        if frames:
            self._add(Stretch(frames, stretch.end, None, stretch.cause, stretch.uncertainty))

    def _lost(self, lost: Lost) -> None:
        """The card is gone."""
        self._unplugged = True
        self._faults.begin(MICROPHONE_LOST, lost.message)
        for press in tuple(self._assembler.waiting):
            self._bridge(press)
        self._sync()

    def _ended(self, ended: Ended) -> None:
        """Nothing more will come."""
        if self._assembler.full:
            self._assembler.outgrow()
        if self._unplugged and not self.stopped:
            self._miss(ended.at, fill=False)
        if ended.error:
            self._faults.begin(MICROPHONE_LOST, f"the take ended early: {ended.error}")
        self._assembler.end()

    def _bridge(self, press: Press) -> None:
        """The card is silent: what was lost until a press is known when the press comes."""
        self._miss(press.at, fill=press.wish is not Wish.STOP)

    def _miss(self, until: float, *, fill: bool) -> None:
        frames = round((until - self._assembler.until) * self._rate)
        if frames > 0 and self._started:
            self._told += frames
            self._add(Stretch(frames, until, None, GapCause.DEVICE, self._uncertainty, fill=fill))

    def _add(self, stretch: Stretch) -> None:
        if not self._started:
            self._started = True
            begin = self._assembler.begin
            about = (begin.name, begin.format, self._buffer_seconds, str(self._growing.path))
            self._post(TakeStarted(begin.take_id, *about))
        written = self._assembler.add(stretch)
        if written:
            if self._unsafe_since is None:  # silence that fills a gap is as old as its writing
                sounding = stretch.frames / self._rate
                heard = max(stretch.end, stretch.read)  # what a card is late with is no fault of the disk
                since = self._clock.monotonic() if stretch.data is None else heard - sounding
                self._unsafe_since = max(since, self._pressed_at)
            if self._progress.due(written):
                self._tell()
        self._heed_longest()

    def _heed_longest(self) -> None:
        """Where more has sounded than the take may hold, end it, ask for another, or go on to an end that is known."""
        assembler = self._assembler
        if self._hard_end and not self._warned and not self.stopped:
            left = self._longest - self._format.seconds(assembler.frames)
            if left <= min(_WARN_MOST, self._longest * _WARN_SHARE):
                self._warned = True
                self._post(TakeNearlyUp(assembler.begin.take_id, left))
        if assembler.until >= self._split_due and not (self._asked or assembler.stopped or assembler.ending):
            self._ask(self._split_due, f"every {format_duration(self._settings.split_at or 0)} of the clock")
        if not assembler.full:
            return
        if self._hard_end:
            assembler.cut_short()
        elif assembler.ending:
            assembler.outgrow()
        elif not self._asked:
            self._ask(assembler.until, f"the clip is {duration(self._longest)} long, as long as one may be")

    def _ask(self, at: float, reason: str) -> None:
        self._asked = True
        self._post(TakeContinues(self._assembler.begin.take_id, at, self._format, reason))

    def _tell(self) -> None:
        peak, rms = self._assembler.meter.stretch()
        length = self._assembler.frames
        self._post(TakeProgress(self._assembler.begin.take_id, length, self._format.seconds(length), peak, rms))

    def _keep_safe(self) -> None:
        """Sync at the end that is nearest to the interval's, where as much comes next as came before."""
        due = self._safe_at + self._settings.sync_interval - self._step / 2
        if self._unsafe_since is not None and self._clock.monotonic() >= due:
            self._sync()

    def _sync(self) -> None:
        if self._unsafe_since is None:
            return
        self._assembler.sync()
        if self._assembler.removed:
            self._faults.begin(TAKE_REMOVED, f"{_REMOVED} take {self._assembler.begin.name}")
        settled = self._assembler.settled
        self._growing.settle(min(settled, self._hindsight.settled) if self._hindsight else settled)
        self._watch_over()
        self._safe_at = self._clock.monotonic()
        age = self._safe_at - self._unsafe_since
        self._unsafe_since = None
        self._faults.end(STORAGE)
        if age > self._slow_after:
            words = f"the disk is slow: a power cut would have cost {age:.1f} s of sound. Use a faster card"
            self._faults.begin(SLOW_STORAGE, words)
        else:
            self._faults.end(SLOW_STORAGE)

    def _watch_over(self) -> None:
        if not (self._vigil and self._silence and self._vigil.due(self._assembler.meter)):
            return
        if self._vigil.hopeless(self._assembler.meter):
            words = f"for {format_duration(self._silence)} nothing was heard but silence, a steady hum or clipping"
            self._faults.begin(NOTHING_HEARD, f"{words}. {NOTHING_HEARD.next_step.capitalize()}")
        else:
            self._faults.end(NOTHING_HEARD)
