"""One take from its press to its seal: the thread that writes what the microphone hears."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from appliance.audio.assembler import Assembler
from appliance.audio.growing import GrowingTake
from appliance.audio.journal import Begin
from appliance.audio.press import Press, Wish
from appliance.audio.stream import Line
from appliance.audio.stretch import Ended, Heard, Opened
from appliance.audio.studio import Studio
from appliance.audio.take import clip_name
from appliance.audio.takefile import AUDIO, TakeFile
from appliance.audio.writer import TakeWriter
from appliance.errors import ApplianceError, FormatUnsupported, StorageError
from appliance.events import Event, TakeContinues, TakeDiscarded, TakeFailed, TakeSealed
from appliance.faults import MICROPHONE_RATE, NOTHING_HEARD, STORAGE, TAKE_REMOVED
from appliance.models import AudioFormat, SampleFormat, Verdict

_WRITE_LIMIT = 60.0
"""Seconds after which a disk that does not answer counts as a hang; slow cards stall for twenty."""

_NOTHING = ApplianceError(
    "nothing was recorded: the take was stopped before the microphone delivered its first sound. Record again"
)

_DEFECT = (
    "a defect of the appliance ended the take, the log says which. What was recorded is kept and made a clip; report it"
)


class _Part:
    """A take that is being written."""

    def __init__(self, assembler: Assembler, growing: GrowingTake) -> None:
        self.take_id = assembler.begin.take_id
        self.assembler = assembler
        self.growing = growing

    def close(self) -> None:
        """Let go of the file, and of those who follow it: it is kept, unless they were told otherwise."""
        self.growing.end(kept=True)
        self.assembler.close()


class TakeSession:
    """Records the take `take_id` that was begun at `at`, and seals it; likewise those that carry it on without a break.

    Each ends with TakeSealed, TakeDiscarded or TakeFailed. TakeContinues asks for another take before that, where one
    is as long as it may be, or where only another can go on.
    """

    def __init__(self, studio: Studio, take_id: str, at: float, line: Line, continues: str | None = None) -> None:
        self._studio = studio
        self._continues = continues
        self._take_id = self._latest = take_id
        self._at = at
        self._line = line
        self._pulse = studio.vitals.pulse("writer", _WRITE_LIMIT)
        self._lock = threading.Lock()
        self._presses: deque[Press] = deque()
        self._discarding = False
        self._ended: Ended | None = None
        self._over = False
        self._format: AudioFormat | None = None
        self._part: _Part | None = None
        self._writer: TakeWriter | None = None
        self._error: ApplianceError = _NOTHING
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin. Raises RuntimeError where no thread can be had."""
        try:
            self._thread.start()
        except RuntimeError:
            self._line.leave()
            self._studio.vitals.remove(self._pulse)
            raise

    def press(self, press: Press) -> None:
        """Hand over a press. Returns at once, from any thread."""
        self._presses.append(press)
        self._line.wake()

    def split(self, press: Press, format: AudioFormat | None) -> bool:
        """Hand over a split; whether it can be followed, as it can by a take in progress in that format."""
        with self._lock:
            if self._over or not self._format or format not in (None, self._format):
                return False
            self._latest = press.into
            self.press(press)
            return True

    def next_part(self, at: float, reason: str) -> TakeContinues | None:
        """What asks for a take that goes on from the moment `at` on; None where there is nothing to go on with."""
        with self._lock:
            return TakeContinues(self._latest, at, self._format, reason) if self._format and not self._over else None

    def seconds(self, take_id: str) -> float | None:
        """How long the take is that is being written; None where it is another one, or none. From any thread."""
        part = self._part
        if part is None or part.take_id != take_id:
            return None
        return part.assembler.format.seconds(part.assembler.frames)

    def abandon(self) -> None:
        """Hear no further and keep what is there. Returns at once, from any thread."""
        self._line.end(self._studio.clock.monotonic())

    def join(self, timeout: float) -> bool:
        """Wait until the take is sealed; whether it is."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        outcome: Event | None = None
        try:
            try:
                self._record()
            except StorageError as error:
                self._storage_fails(error)
            self._line.leave()
            outcome = self._finish()
        finally:
            self._line.leave()
            if self._part:
                self._part.close()
            self._studio.vitals.remove(self._pulse)
            self._studio.faults.end(NOTHING_HEARD)
            self._studio.post(outcome or TakeFailed(self._take_id, _DEFECT))
            with self._lock:
                self._over = True
            for press in tuple(self._presses):
                if press.wish is Wish.SPLIT:
                    self._studio.post(TakeFailed(press.into, str(self._error), error=type(self._error).__name__))

    def _storage_fails(self, error: StorageError) -> None:
        self._error = error
        self._studio.faults.begin(STORAGE, str(error))

    def _record(self) -> None:
        self._studio.faults.end(MICROPHONE_RATE)
        while not (self._discarding or self._ended or (self._writer and self._writer.stopped)):
            self._pulse.rest()
            item = self._line.hear(self._writer.patience if self._writer else None)
            self._pulse.beat()
            if self._presses:
                self._heed_presses()
            self._take_in(item)
            if self._part and self._part.assembler.waiting:
                self._line.hasten()
            if self._line.odd_rate:
                self._tell_rate(self._line.odd_rate)

    def _tell_rate(self, rate: float) -> None:
        says = self._format.rate if self._format else 0
        words = f"the microphone says that it does {says} frames a second, and does about {rate:.0f}: its sound is too"
        words += f" {'slow' if rate > says else 'fast'}. Use another one, or another audio.capture.rate"
        self._studio.faults.begin(MICROPHONE_RATE, words)

    def _heed_presses(self) -> None:
        writer = self._writer
        if writer is None:
            self._discarding = any(press.wish is Wish.DISCARD for press in tuple(self._presses))
            return
        while self._presses and not self._discarding:
            press = self._presses.popleft()
            if press.wish is Wish.DISCARD:
                self._discarding = True
            else:
                writer.press(press)
                self._follow_split(writer)

    def _take_in(self, item: Heard | None) -> None:
        writer = self._writer
        if isinstance(item, Ended):
            self._ended = item
            self._error = item.error or self._error
        if writer is None:
            if isinstance(item, Opened):
                self._format = item.format
                self._part = self._begin(self._at, item.format)
                self._writer = TakeWriter(self._part.assembler, item, self._studio, self._part.growing)
        elif item is None:
            writer.idle()
        else:
            writer.hear(item)
            if writer.stopped:
                self._follow_split(writer)
            if isinstance(item, Ended):
                self._carry_on(item)

    def _begin(self, at: float, format: AudioFormat) -> _Part:
        studio, take_id, label = self._studio, self._take_id, self._studio.device_label
        started = studio.clock.stamp(at)
        brief = studio.brief
        name = clip_name(f"{label}_{brief.name}" if brief.name else label, started, take_id)
        shortest = 0.0 if self._continues else studio.recording.min_duration
        microphone = studio.capture.device
        about = (studio.place, microphone, brief.begun, brief.fields, studio.gain())
        begin = Begin(take_id, name, label, format, started, shortest, self._continues, *about)
        assembler = Assembler(TakeFile.create(studio.takes, begin), studio.recording, studio.post)
        growing = GrowingTake(begin, studio.takes / take_id / AUDIO, studio.recording.longest(format))
        studio.follow(growing)
        return _Part(assembler, growing)

    def _follow_split(self, writer: TakeWriter) -> None:
        """Go on in another take where one was split, and seal the one before, unless nothing is in it."""
        while (split := writer.split) and (before := self._part):
            empty = not before.assembler.frames
            self._part, self._take_id = None, split.into
            self._continues = self._continues if empty else before.take_id
            try:
                self._part = self._begin(split.at, before.assembler.format)
                writer.carry_on(self._part.assembler, self._part.growing)
            finally:
                self._studio.post(self._close(before, self._clear_away if empty else self._seal))

    def _finish(self) -> Event:
        """What is to be told of the last take, once it is sealed or cleared away."""
        part, self._part, self._writer = self._part, None, None
        if part and part.assembler.frames and not self._discarding:
            return self._close(part, self._seal)
        if part and isinstance(failed := self._close(part, self._clear_away), TakeFailed):
            return failed
        if self._discarding:
            return TakeDiscarded(self._take_id)
        fault, error = self._error is not _NOTHING, type(self._error).__name__
        return TakeFailed(self._take_id, str(self._error), fault, error)

    def _seal(self, part: _Part) -> Event:
        clip = part.assembler.seal(self._line.drift_ppm, self._studio.gain())
        part.growing.end(kept=clip.verdict is not Verdict.TOO_SHORT)
        return TakeSealed(part.take_id, clip)

    def _clear_away(self, part: _Part) -> Event:
        part.growing.end(kept=False)
        part.assembler.discard()
        return TakeDiscarded(part.take_id)

    def _close(self, part: _Part, how: Callable[[_Part], Event]) -> Event:
        """End a take; what is to be told of it."""
        try:
            return how(part)
        except StorageError as error:
            self._storage_fails(error)
            message = f"{error}. What was recorded is kept, and made a clip as soon as the disk takes it"
            return TakeFailed(part.take_id, message, error=type(error).__name__)
        finally:
            self._studio.faults.end(TAKE_REMOVED)
            part.close()

    def _carry_on(self, ended: Ended) -> None:
        """Ask for another take where the microphone came back as one that cannot do the format but another one."""
        error = ended.error
        if not (isinstance(error, FormatUnsupported) and error.offered and self._part and self._part.assembler.frames):
            return
        rate, channels, sample = error.offered
        with suppress(ValueError):
            format = AudioFormat(rate, channels, SampleFormat(sample))
            self._studio.capture.in_format(format)
            reason = "another microphone is plugged in"
            self._studio.post(TakeContinues(self._take_id, ended.at, format, reason))
