"""The thread that takes sound from the card.

It waits for nothing but the card. Where the card is unplugged it looks for it, for as long as the settings say.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

from appliance.audio.nearest import open_nearest
from appliance.audio.ports import XRUN, Capture, Direction, SoundCards
from appliance.audio.stretch import Ended, Lost, Opened
from appliance.audio.timeline import PROMPT_EVERY
from appliance.clock import Clock
from appliance.config.audio import CaptureSettings
from appliance.errors import AudioError, DeviceBusy, DeviceLost, FormatUnsupported
from appliance.models import AudioFormat
from appliance.values import frozen
from appliance.vitals import Vitals

LOOK_EVERY = 0.5
"""Seconds between two looks for a card that was unplugged."""

BUSY_PATIENCE = 2.0
"""Seconds for which a card that another program holds is tried again before a take fails."""

BUSY_AGAIN = 0.1
"""Seconds between two tries."""

_READ_LIMIT = 15.0
_FREE_LIMIT = 60.0
_MOST_OVERRUNS = 50
_DEFECT = "a defect of the appliance ended the reading of the microphone, the log says which. Report it"


class Period(NamedTuple):
    """Frames that the card handed over to a read from `called` to `returned`. A tuple, as `Stretch` is."""

    frames: int
    data: bytes
    called: float
    returned: float


@frozen
class Overrun:
    """The card lost frames; its stream begins again not before the moment `earliest`."""

    earliest: float


Item = Opened | Period | Overrun | Lost | Ended


@frozen
class Intake:
    """Where sound is taken from and how, and for how many seconds a card that was unplugged is looked for."""

    cards: SoundCards
    settings: CaptureSettings
    reconnect: float
    clock: Clock
    vitals: Vitals


class CaptureThread:
    """Reads one card from `start` to `stop`, and tells `hear` what comes; the last is always `Ended`.

    It opens the card once the thread `after` has let go of it, and opens it again for a while after
    it was unplugged. `hear` must return at once. To wake everybody costs more than to read, so it reads as many periods
    at once as `patience` seconds hold, which whoever listens may change; those of the first seconds come by themselves.
    """

    def __init__(self, intake: Intake, after: "CaptureThread | None", hear: Callable[[Item], None]) -> None:
        self._intake = intake
        self._clock = intake.clock
        self._pulse = intake.vitals.pulse("capture", _READ_LIMIT)
        self._after = after
        self._hear = hear
        self._changed = threading.Condition()
        self._stopping = False
        self._capture: Capture | None = None
        self._format: AudioFormat | None = None
        self._sounded = True
        self._give_up_at = 0.0
        self.patience = 0.0
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin. Raises RuntimeError where no thread can be had."""
        try:
            self._thread.start()
        except RuntimeError:
            self._intake.vitals.remove(self._pulse)
            raise

    def stop(self) -> None:
        """Read no further. Returns at once."""
        with self._changed:
            self._stopping = True
            if self._capture:
                self._capture.stop()
            self._changed.notify_all()

    def hasten(self) -> None:
        """Read no further than to the end of the period that sounds now. Returns at once, from any thread."""
        with self._changed:
            if self._capture:
                self._capture.hasten()

    def join(self, timeout: float) -> bool:
        """Wait until the card is free; whether it is."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        error: AudioError | None = AudioError(_DEFECT)
        try:
            self._wait_for_card()
            self._open_first()
            while self._capture:
                self._stream(self._capture)
            error = None
        except AudioError as caught:
            error = caught
        finally:
            self._hear(Ended(self._clock.monotonic(), error))
            self._intake.vitals.remove(self._pulse)

    def _wait_for_card(self) -> None:
        if self._after and not self._after.join(_FREE_LIMIT):
            raise DeviceBusy("the microphone is still held by the take before. Restart the appliance")
        self._after = None

    def _open_first(self) -> None:
        """In the nearest format; again and again for a moment where another program holds the card."""
        give_up_at = self._clock.monotonic() + BUSY_PATIENCE
        while not self._stopping:
            self._pulse.beat()
            try:
                return self._opened(open_nearest(self._intake.cards, self._intake.settings))
            except DeviceBusy:
                left = give_up_at - self._clock.monotonic()
                if left <= 0:
                    raise
                self._wait(min(BUSY_AGAIN, left))

    def _open_as_before(self) -> None:
        settings = self._intake.settings
        self._pulse.beat()
        if not self._stopping:
            format = self._format or settings.format
            self._opened(self._intake.cards.open_capture(settings.device, format, settings.period, settings.buffer))

    def _opened(self, capture: Capture) -> None:
        self._format = capture.format
        held = capture.format.seconds(capture.buffer_frames)
        self._hear(Opened(self._clock.monotonic(), capture.format, held, capture.behind_server))
        with self._changed:
            self._capture = capture
            if self._stopping:
                capture.stop()

    def _stream(self, capture: Capture) -> None:
        """Read until stopped or unplugged; then let go of the card, and open it again where it was unplugged."""
        try:
            self._read(capture)
        except DeviceLost as lost:
            self._close(capture)
            self._hear(Lost(str(lost)))
            self._open_again(lost)
        finally:
            self._close(capture)

    def _close(self, capture: Capture) -> None:
        with self._changed:
            if self._capture is not capture:
                return
            self._capture = None
        capture.close()

    def _read(self, capture: Capture) -> None:
        overruns, overrun_at = 0, 0.0
        since = self._clock.monotonic()
        while True:
            self._pulse.beat()
            called = self._clock.monotonic()
            frames, data = capture.read(self._at_once(capture, called - since))
            returned = self._clock.monotonic()
            if frames > 0:
                self._sounded = True
                if overruns:
                    self._hear(Overrun(overrun_at))
                    overruns = 0
                self._hear(Period(frames, data, called, returned))
            elif frames == XRUN:
                overruns, overrun_at, since = overruns + 1, returned, returned
                if overruns > _MOST_OVERRUNS:
                    raise DeviceLost("the microphone delivers no sound, only overruns. Unplug it and plug it in again")
            else:
                return

    def _at_once(self, capture: Capture, running: float) -> int:
        """Frames to read next: a period until enough prompt reads have told when the stream began."""
        return capture.format.frames(self.patience) if running >= PROMPT_EVERY else 0

    def _open_again(self, lost: DeviceLost) -> None:
        """Look for the card until it can be opened. Raises `lost` where no sound came from it for too long.

        At once where it had sounded, as a short failure of the bus leaves it there; else never in a hurry.
        """
        if self._sounded:
            self._give_up_at = self._clock.monotonic() + self._intake.reconnect
        else:
            self._wait_a_little(lost)
        self._sounded = False
        while not self._stopping:
            if self._intake.cards.present(self._intake.settings.device, Direction.CAPTURE):
                try:
                    return self._open_as_before()
                except FormatUnsupported:
                    raise
                except AudioError:
                    pass  # just plugged in, not ready yet
            self._wait_a_little(lost)

    def _wait_a_little(self, lost: DeviceLost) -> None:
        left = self._give_up_at - self._clock.monotonic()
        if left <= 0:
            raise lost
        self._wait(min(LOOK_EVERY, left))

    def _wait(self, seconds: float) -> None:
        self._pulse.rest()
        with self._changed:
            if not self._stopping:
                self._clock.wait(self._changed, seconds)
