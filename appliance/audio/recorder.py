"""The recorder as the controller knows it: every call returns at once, what happens is posted."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.audio.capture import Intake
from appliance.audio.growing import GrowingTake, follow_nothing
from appliance.audio.microphone import LAST_SECONDS, Microphone
from appliance.audio.ports import SoundCards
from appliance.audio.press import Press, Wish
from appliance.audio.session import TakeSession
from appliance.audio.stream import Line
from appliance.audio.stretch import Ended, Lost, Stretch
from appliance.audio.studio import Faults, Studio
from appliance.circumstances import Place
from appliance.clock import Clock
from appliance.config.audio import AtPause, CaptureSettings, MonitorSettings, RecordingSettings
from appliance.config.takes import AS_CONFIGURED, Brief
from appliance.errors import Stuck
from appliance.events import Command, Event, MicrophoneOpen, TakeFailed
from appliance.faults import MICROPHONE_LOST, STORAGE
from appliance.models import AudioFormat
from appliance.vitals import Vitals

if TYPE_CHECKING:
    from appliance.audio.overhearing import Overhearing

_NO_THREAD = "nothing was recorded: the system has no thread left for it. Stop what else runs, then record again"

_PATIENCE = 1.5
"""Seconds within which a microphone that works has delivered sound."""

_NEVER = 1e15
"""A moment that does not come, in CLOCK_MONOTONIC seconds."""

log = logging.getLogger(__name__)


class Recorder:
    """Records one take after the other; the next may begin while the last one is still being sealed.

    Times named `at` are CLOCK_MONOTONIC seconds of the press. A take begins with the first sound after its press and
    is cut, paused and marked at the very frame that sounded at the press.
    """

    def __init__(
        self,
        cards: SoundCards,
        capture: CaptureSettings,
        recording: RecordingSettings,
        takes: Path,
        device_label: str,
        clock: Clock,
        post: Callable[[Command | Event], None],
        vitals: Vitals,
        watched: Callable[[], bool] = lambda: True,
        follow: Callable[[GrowingTake], None] = follow_nothing,
        monitor: MonitorSettings = MonitorSettings(),  # noqa: B008 - it is frozen
        place: Place | None = None,
        reach: float = 0.0,
        patience: float = 0.0,
    ) -> None:
        """`watched` tells whether anybody wants TakeProgress four times a second; else it comes every ten seconds.

        `follow` is told of each take when it begins, and returns at once. `place` is where the box stands. A take may
        be asked for up to `reach` seconds after its beginning, while somebody overhears the microphone. `patience` is
        how many seconds of sound may be taken at once, as `Microphone` knows it.
        """
        self._studio = Studio(
            capture,
            recording,
            takes,
            device_label,
            clock,
            post,
            vitals,
            Faults(post),
            watched,
            follow,
            monitor,
            place,
            lambda: cards.notes.tuned,
        )
        kept = LAST_SECONDS + max(recording.preroll, reach)
        self._microphone = Microphone(Intake(cards, capture, recording.reconnect, clock, vitals), kept, patience)
        self._reach = max(LAST_SECONDS, recording.preroll, reach)
        self._armed = False
        self._guests: set[int] = set()
        """Those who have had the microphone opened for them."""
        self._lock = threading.Lock()
        self._sessions: list[TakeSession] = []
        self._attention: Line | None = None
        self._closed = False
        self._brief = AS_CONFIGURED

    def arm(self) -> None:
        """Where takes are to begin before their press, have the microphone open.

        To be called now and then, and at once after a microphone was plugged in.
        """
        with self._lock, suppress(RuntimeError):  # no thread can be had: later, perhaps
            wanted = self._studio.recording.preroll > 0 and not self._closed
            if wanted and self._microphone.stay_open() and not self._armed:
                self._armed = True
                if not self._guests:
                    self._studio.post(MicrophoneOpen(self._studio.recording.preroll))

    def start(
        self,
        take_id: str,
        at: float,
        format: AudioFormat | None = None,
        continues: str | None = None,
        quiet_since: float = -inf,
        brief: Brief | None = None,
    ) -> None:
        """Begin a take, beside the one before where that is still being finished, or as its next part.

        In `format` instead of the configured one, and carrying on the clip `continues`, where these are given. Another
        one begins as long before `at` as is configured and at hand, but not before `quiet_since`, and is made as
        `brief` says. What carries another one on is made as that was. After `close` nothing begins.
        """
        with self._lock:
            if self._closed:
                self._studio.post(TakeFailed(take_id, "the appliance is stopping", fault=False))
                return
            if continues and self._split(take_id, at, format):
                return
            self._sessions = [session for session in self._sessions if not session.join(0)]
            if not continues:
                self._brief = brief or AS_CONFIGURED
            studio = self._studio.briefed(self._brief)
            try:
                since = at if continues else max(min(quiet_since, at), at - studio.recording.preroll)
                capture = studio.capture.in_format(format) if format else studio.capture
                behind = studio.clock.monotonic() - since
                line = self._microphone.listen(since, capture, partial(studio.heed_backlog, behind))
                session = TakeSession(studio, take_id, min(line.begins, at), line, continues)
                session.start()
            except RuntimeError:
                log.exception("no take could be started")
                self._studio.post(TakeFailed(take_id, _NO_THREAD))
            else:
                self._sessions.append(session)

    def attend(self, *, on: bool) -> None:
        """Keep the microphone open though nothing is recorded, so that what begins soon is not cut; or no longer."""
        with self._lock:
            attention, self._attention = self._attention, None
            if on and not self._closed:
                self._attention = self._microphone.listen(_NEVER)
        if attention:
            attention.leave()

    def pause(self, at: float) -> None:
        """Pass over the sound from `at` on; the card stays open."""
        self._press(Wish.PAUSE, at)

    def resume(self, at: float) -> None:
        """Go on with the sound from `at` on; where the settings want that, in another part."""
        self._press(Wish.RESUME, at)
        if self._studio.recording.pause is AtPause.SPLIT:
            self.next_part(at, "paused")

    def mark(self, at: float, label: str = "") -> None:
        """Mark the frame that sounded at `at`."""
        self._press(Wish.MARK, at, label)

    def next_part(self, at: float, reason: str) -> bool:
        """Ask for a take that carries the one in progress on from `at` on: TakeContinues, with the reason in words.

        False, and nothing is asked for, where the microphone has not been opened yet for the one in progress.
        """
        with self._lock:
            wish = self._sessions[-1].next_part(at, reason) if self._sessions else None
        if wish:
            self._studio.post(wish)
        return wish is not None

    def stop(self, at: float) -> None:
        """Seal the take once everything that sounded before `at` has been read."""
        self._press(Wish.STOP, at)

    def discard(self) -> None:
        """Throw the take away."""
        self._press(Wish.DISCARD, self._studio.clock.monotonic())

    def split(self, take_id: str, at: float) -> bool:
        """End the take with the frame that sounded at `at`, and go on with the next one in `take_id`, linked to it.

        Nothing is lost or doubled in between. Told late, it splits at most a second ago. False where none is recorded.
        """
        with self._lock:
            return self._split(take_id, at, None)

    def _split(self, take_id: str, at: float, format: AudioFormat | None) -> bool:
        press = Press(Wish.SPLIT, at, take_id)
        return bool(self._sessions) and self._sessions[-1].split(press, format)

    def seconds(self, take_id: str) -> float | None:
        """How long the take in progress is, whether anybody was told or not; None where it is none."""
        with self._lock:
            return self._sessions[-1].seconds(take_id) if self._sessions else None

    def listen(self, at: float) -> Line:
        """Hear what the microphone hears from the moment `at` on, beside a take or without one."""
        return self._microphone.listen(at)

    def delivers(self) -> bool:
        """Whether the microphone delivers sound; then the fault of one that did not is over.

        Hears for a moment where no take is recorded, and keeps nothing of it; False where one is.
        """
        with self._lock:
            if self._closed or not all(session.join(0) for session in self._sessions):
                return False
            line = self._microphone.listen(self._studio.clock.monotonic())
        try:
            until = self._studio.clock.monotonic() + _PATIENCE
            while (left := until - self._studio.clock.monotonic()) > 0:
                item = line.hear(left)
                if isinstance(item, Stretch) and item.data is not None:
                    self._studio.faults.end(MICROPHONE_LOST)
                    return True
                if item is None or isinstance(item, Lost | Ended):
                    break
            return False
        finally:
            line.leave()

    def eavesdrop(self) -> Line | None:
        """Hear what the microphone hears from now on, and give way to a take in another format; None once closed."""
        with self._lock:
            return None if self._closed else self._microphone.overhear(opens=True, hurried=True)

    def overhear(self, frames: int, *, always: bool, dropped: Callable[[int], None]) -> "Overhearing":
        """The sound of the microphone, in blocks of so many frames, beside every take and harming none.

        While it is open for something else, or `always`. `dropped` is told of frames that were lost to who is slow, and
        of 0 once that is over.
        """
        from appliance.audio.overhearing import Overhearing

        def open_line() -> Line | None:
            with self._lock:
                line = None if self._closed else self._microphone.overhear(opens=always)
                tell = line is not None and always and not self._guests
                if line is not None and always:
                    self._guests.add(id(overhearing))
            if tell:
                self._studio.post(MicrophoneOpen(self._reach))
            return line

        def over() -> None:
            with self._lock:
                tell = self._guests == {id(overhearing)}
                self._guests.discard(id(overhearing))
                left = self._studio.recording.preroll if self._armed else 0.0
            if tell:
                self._studio.post(MicrophoneOpen(left))

        overhearing = Overhearing(open_line, frames, self._studio.clock, dropped, over)
        return overhearing

    def disk_works(self) -> None:
        """The disk takes writes again: the fault of a take that it refused is over."""
        self._studio.faults.end(STORAGE)

    def close(self, timeout: float = 4.0) -> None:
        """Seal what is in progress and end the threads. Raises Stuck where they do not end within `timeout`."""
        self._press(Wish.STOP, self._studio.clock.monotonic())
        with self._lock:
            self._closed = True
            self._microphone.let_close()
            sessions, self._sessions = self._sessions, []
        self.attend(on=False)
        for session in sessions:
            if not session.join(timeout * 3 / 8):
                session.abandon()
        sealed = [session.join(timeout / 4) for session in sessions]
        if not (all(sealed) and self._microphone.join(timeout / 4)):
            raise Stuck("the sound card or the disk does not let go: the take is repaired at the next start")

    def _press(self, wish: Wish, at: float, label: str = "") -> None:
        with self._lock:
            if self._sessions:
                self._sessions[-1].press(Press(wish, at, label=label))
