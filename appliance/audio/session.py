"""One take from its press to its seal: the thread that writes what the microphone hears."""

import threading
from collections import deque
from contextlib import suppress

from appliance.audio.assembler import Assembler, Press
from appliance.audio.growing import GrowingTake
from appliance.audio.journal import Begin
from appliance.audio.microphone import Line
from appliance.audio.stretch import Ended, Heard, Opened
from appliance.audio.studio import Studio
from appliance.audio.take import clip_name
from appliance.audio.takefile import AUDIO, TakeFile
from appliance.audio.writer import TakeWriter
from appliance.errors import FormatUnsupported, StorageError
from appliance.events import Event, TakeContinues, TakeDiscarded, TakeFailed, TakeSealed
from appliance.models import AudioFormat, SampleFormat, Verdict

_WRITE_LIMIT = 60.0
"""Seconds after which a disk that does not answer counts as a hang; slow cards stall for twenty."""

_NOTHING = "nothing was recorded: the take was stopped before the microphone delivered its first sound. Record again"

_DEFECT = (
    "a defect of the appliance ended the take, the log says which. What was recorded is kept and made a clip; report it"
)


class TakeSession:
    """Records the take `take_id` that was begun at `at`, and seals it.

    Ends with TakeSealed, TakeDiscarded or TakeFailed; before that asks with TakeContinues for another take where only
    that can go on.
    """

    def __init__(self, studio: Studio, take_id: str, at: float, line: Line, continues: str | None = None) -> None:
        self._studio = studio
        self._continues = continues
        self._take_id = take_id
        self._at = at
        self._line = line
        self._pulse = studio.vitals.pulse("writer", _WRITE_LIMIT)
        self._presses: deque[Press] = deque()
        self._discarding = False
        self._ended: Ended | None = None
        self._assembler: Assembler | None = None
        self._growing: GrowingTake | None = None
        self._writer: TakeWriter | None = None
        self._message = _NOTHING
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def press(self, press: Press) -> None:
        """Hand over a press. Returns at once, from any thread."""
        self._presses.append(press)
        self._line.wake()

    def discard(self) -> None:
        """Stop now and keep nothing. Returns at once, from any thread."""
        self._discarding = True
        self._line.wake()

    def abandon(self) -> None:
        """Hear no further and keep what is there. Returns at once, from any thread."""
        self._line.end(self._studio.clock.monotonic())

    def join(self, timeout: float) -> bool:
        """Wait until the take is sealed; whether it is."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        outcome: Event = TakeFailed(self._take_id, _DEFECT)
        try:
            try:
                self._record()
            except StorageError as error:
                self._storage_fails(error)
            self._line.leave()
            outcome = self._finish()
        except StorageError as error:
            self._storage_fails(error)
            message = f"{error}. What was recorded is kept, and made a clip as soon as the disk takes it"
            outcome = TakeFailed(self._take_id, message)
        finally:
            self._line.leave()
            self._end(kept=True)
            if self._assembler:
                self._assembler.close()
            self._studio.vitals.remove(self._pulse)
            self._studio.post(outcome)

    def _storage_fails(self, error: StorageError) -> None:
        self._message = str(error)
        self._studio.faults.begin("storage", self._message, urgent=True)

    def _record(self) -> None:
        while not (self._discarding or self._ended or (self._writer and self._writer.stopped)):
            self._pulse.rest()
            item = self._line.hear(self._writer.patience if self._writer else None)
            self._pulse.beat()
            while self._presses and self._writer:
                self._writer.press(self._presses.popleft())
            self._take_in(item)

    def _take_in(self, item: Heard | None) -> None:
        writer = self._writer
        if isinstance(item, Ended):
            self._ended = item
            self._message = str(item.error) if item.error else self._message
        if writer is None:
            if isinstance(item, Opened):
                self._writer = self._begin(item)
        elif item is None:
            writer.idle()
        else:
            writer.hear(item)
            if isinstance(item, Ended):
                self._carry_on(item)

    def _begin(self, opened: Opened) -> TakeWriter:
        studio = self._studio
        started = studio.clock.stamp(self._at)
        name = clip_name(studio.device_label, started, self._take_id)
        shortest = studio.recording.min_duration
        label = studio.device_label
        begin = Begin(self._take_id, name, label, opened.format, started, shortest, self._continues)
        self._assembler = Assembler(TakeFile.create(studio.takes, begin), studio.recording, studio.post)
        studio.faults.end("microphone")
        audio = studio.takes / self._take_id / AUDIO
        self._growing = GrowingTake(begin, audio, studio.recording.max_duration)
        studio.follow(self._growing)
        return TakeWriter(self._assembler, begin, opened, studio, self._growing)

    def _finish(self) -> Event:
        """Seal the take, or clear away what is not to be kept; what is to be told of it."""
        take = self._assembler
        if take and (self._discarding or not take.frames):
            self._end(kept=False)
            take.discard()
        if self._discarding:
            return TakeDiscarded(self._take_id)
        if take and take.frames:
            clip = take.seal(self._line.drift_ppm)
            self._end(kept=clip.verdict is not Verdict.TOO_SHORT)
            return TakeSealed(self._take_id, clip)
        return TakeFailed(self._take_id, self._message)

    def _carry_on(self, ended: Ended) -> None:
        """Ask for another take where the microphone came back as one that cannot do the format but another one."""
        error = ended.error
        if not (isinstance(error, FormatUnsupported) and error.offered and self._assembler and self._assembler.frames):
            return
        rate, channels, sample = error.offered
        with suppress(ValueError):
            format = AudioFormat(rate, channels, SampleFormat(sample))
            self._studio.capture.in_format(format)
            self._studio.post(TakeContinues(self._take_id, ended.at, format))

    def _end(self, *, kept: bool) -> None:
        if self._growing:
            self._growing.end(kept=kept)
