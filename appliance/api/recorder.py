"""Records in a script: the engine of the daemon, with the guarantees of its takes."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import evolve

from appliance.api.blocks import Block, growing_blocks
from appliance.api.cards import real_cards
from appliance.api.given import callback, described, file_name, number, one_of, place, text, whole_number, wished
from appliance.api.recording import Recording, Shelf
from appliance.api.take import Take
from appliance.api.telling import Teller
from appliance.api.tuning import tuned
from appliance.audio import recorder as engine
from appliance.audio.growing import GrowingTake
from appliance.audio.ports import SoundCards
from appliance.audio.take import new_take_id
from appliance.circumstances import Fields
from appliance.clock import Clock, SystemClock, wait_for
from appliance.config.audio import AtMax, CaptureSettings, RecordingSettings
from appliance.config.options import Seconds
from appliance.config.profiles import RecordedFormat
from appliance.config.takes import Brief
from appliance.config.units import parse_gain
from appliance.errors import Refused, StorageError, UsageError
from appliance.events import Command, Event, TakeContinues, TakeFailed, TakeSealed
from appliance.models import AudioFormat
from appliance.vitals import Vitals


class Recorder:
    """Records into WAV files in `folder`, each with a JSON file beside it that says what is known of it.

    What is recorded is synced twice a second, so a crash costs less than a second: what one left behind is made whole
    when a recorder for the same folder is made next, and is in `recovered`. Every loss is a gap with a length and a
    cause. Where `rate`, `channels` and `sample_format` (S16_LE, S24_3LE, S32_LE) are not given, the microphone's
    nearest to 48 kHz, mono and 16 bits is taken. `device` is a device word or the name of an ALSA PCM. `gain` is how
    far the mixer of the card turns the microphone up, whenever it opens: in dB ("12dB"), or in percent of what it can
    do ("60%"); without, it stays as it is.

    After `max_duration` seconds the recording ends by itself, and `wait` and `stop` return it; without, it goes on in
    another file every hour, and not a frame is lost in between. `on_event` is called with every event of
    `appliance.events`, one after the other on a thread of its own, and may ask the recorder for more. Use the recorder
    in a `with` block, which stops and keeps what is in progress.

    Raises AlreadyRunning where another recorder uses the folder, AudioError where the card cannot have that gain,
    StorageError, UsageError. What the card does not take later, such as once it was plugged in again, is an event.
    """

    def __init__(
        self,
        folder: Path | str = ".",
        *,
        device: str = "default",
        rate: int | None = None,
        channels: int | None = None,
        sample_format: str | None = None,
        gain: str | None = None,
        max_duration: float | None = None,
        name: str = "recording",
        on_event: Callable[[Event], None] | None = None,
        cards: SoundCards | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._changed = threading.Condition()
        self._asking = threading.Lock()
        self._going_on = self._closed = False
        self._takes: list[Take] = []
        try:
            word = one_of("sample_format", sample_format, RecordedFormat)
            rate, channels = wished("rate", rate), wished("channels", channels)
            level = None if gain is None else parse_gain(str(gain))
            capture = CaptureSettings(text("device", device), rate, channels, word, gain=level)
            settings = RecordingSettings()
            if max_duration is not None:
                longest = Seconds(number("max_duration", max_duration))
                settings = evolve(settings, max_duration=longest, at_max=AtMax.STOP)
        except ValueError as error:
            raise UsageError(f"nothing can be recorded so: {error}") from error
        name, on_event = file_name("name", name), callback("on_event", on_event)
        self._shelf = Shelf(place("folder", folder))
        self.recovered: tuple[Recording, ...] = tuple(self._shelf.recovered())
        """Recordings that a crash had left unfinished."""
        self._teller = Teller(on_event)
        try:
            microphone, self._settle = tuned(cards or real_cards(), capture, self._post)
        except BaseException:
            self._teller.close()
            self._shelf.close()
            raise
        self._engine = engine.Recorder(
            microphone,
            capture,
            settings,
            self._shelf.takes,
            name,
            self._clock,
            self._post,
            Vitals(self._clock, self._post),
            lambda: self._teller.listened,
            self._follow,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    @property
    def recording(self) -> bool:
        """Whether a recording is in progress."""
        with self._changed:
            return self._in_progress()

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        with self._changed:
            return self._in_progress() and self._takes[-1].paused

    @property
    def seconds(self) -> float:
        """How long the recording is, as last told: once a second, or four times where `on_event` is given."""
        with self._changed:
            return sum(take.seconds for take in self._takes)

    def start(self, *, fields: Fields | None = None) -> AudioFormat:
        """Begin, and wait for the first sound: the format that the microphone granted.

        `fields` describe the recording, by names of your own; its `title` is what it is called. They are kept with it
        from its first moment on.

        Raises UsageError where these cannot be kept, Refused where a recording is in progress or the recorder is
        closed, AudioError where the microphone cannot be used, StorageError.
        """
        brief, take = Brief(fields=described(fields or {})), Take(new_take_id())
        with self._asking:
            if self._closed:
                raise Refused("this recorder is closed: make another one")
            if self.recording:
                raise Refused("a recording is in progress: stop it first")
            with self._changed:
                self._takes = [take]
            self._going_on = True
            self._engine.start(take.id, self._clock.monotonic(), brief=brief)
        with self._changed:
            self._wait_for(lambda: take.started or take.over)
            if not take.started:
                raise take.why()
            return take.started.format

    def pause(self) -> None:
        """Pass over what sounds from now on. Raises Refused where nothing is recorded."""
        self._hold(self._engine.pause, paused=True)

    def resume(self) -> None:
        """Go on. Raises Refused where nothing is recorded."""
        self._hold(self._engine.resume, paused=False)

    def mark(self, label: str = "") -> None:
        """Mark this moment, and call it so; it is in `clip.marks`. Raises Refused where nothing is recorded."""
        self._check_in_progress()
        self._engine.mark(self._clock.monotonic(), label and text("label", label))

    def stop(self) -> Recording:
        """End the recording, and wait until its file is whole and safe.

        Raises Refused where nothing was begun, and what else ended it.
        """
        with self._asking:
            self._going_on = False
            self._engine.stop(self._clock.monotonic())
        return self.wait()

    def wait(self) -> Recording:
        """Wait until the recording has ended, as it does by itself with `max_duration`. Raises as `stop` does."""
        with self._changed:
            if not self._takes:
                raise Refused("nothing was recorded yet: call start first")
            self._wait_for(lambda: not self._in_progress())
            whole = [take.recording for take in self._takes if take.recording]
            failed = next((take for take in self._takes if take.failed and take.failed.fault), None)
            if failed or not whole:
                raise (failed or self._takes[-1]).why()
            return evolve(whole[-1], earlier=tuple(whole[:-1]))

    def discard(self) -> None:
        """Throw the recording away. Raises Refused where nothing is recorded."""
        self._check_in_progress()
        with self._asking:
            self._going_on = False
            self._engine.discard()
        with self._changed:
            self._wait_for(lambda: not self._in_progress())

    def blocks(self, frames: int) -> Iterator[Block]:
        """The recording from its beginning, in blocks of so many frames, until it ends.

        Together they are the sound of the file, byte by byte: pauses are left out, and gaps are the silence that fills
        them. They come once they are safe on the disk, about half a second after they sounded; who is slow loses
        nothing, and keeps nobody waiting. The last block may be shorter. Raises Refused where nothing was recorded,
        UsageError for blocks of nothing, and what ended the recording where it could not be kept. One file gives its
        blocks: what goes on in another one after an hour is recorded, but not told here.
        """
        frames = whole_number("frames", frames)
        with self._changed:
            take = self._takes[-1] if self._takes else Take("")
            growing, started = take.growing, take.started
        if growing is None or started is None:
            raise Refused("nothing has sounded yet: call start first, on one thread")
        return growing_blocks(growing, started.format, frames, lambda: self._whole(take))

    def close(self) -> None:
        """Finish what is in progress, keep it, and let go of the microphone. Raises Stuck where that does not end."""
        with self._asking:
            self._going_on, self._closed = False, True
        self._engine.close()
        self._settle()
        self._teller.close()
        self._shelf.close()

    def _whole(self, take: Take) -> Recording:
        with self._changed:
            self._wait_for(lambda: take.over)
            if take.recording is None:
                raise take.why()
            return take.recording

    def _wait_for(self, found: Callable[[], object]) -> None:
        """While `_changed` is held."""
        wait_for(self._clock, self._changed, found, None)

    def _in_progress(self) -> bool:
        return any(not take.over for take in self._takes)

    def _check_in_progress(self) -> None:
        if not self.recording:
            raise Refused("nothing is recorded: call start first")

    def _hold(self, ask: Callable[[float], None], *, paused: bool) -> None:
        self._check_in_progress()
        ask(self._clock.monotonic())
        with self._changed:
            self._wait_for(lambda: not self._in_progress() or self._takes[-1].paused == paused)

    def _follow(self, growing: GrowingTake) -> None:
        """On the thread that writes."""
        with self._changed:
            self._find(growing.begin.take_id).growing = growing

    def _post(self, event: Command | Event) -> None:
        """On the threads of the engine."""
        if not isinstance(event, Event):
            return
        recording = None
        if isinstance(event, TakeSealed):
            try:
                recording = self._shelf.keep(event.clip)
            except StorageError as error:
                event = TakeFailed(event.take_id, str(error), error=type(error).__name__)
        if isinstance(event, TakeContinues):
            self._go_on(event)
        with self._changed:
            self._find(getattr(event, "take_id", "")).heed(event, recording)
            self._changed.notify_all()
        self._teller.tell(event)

    def _find(self, take_id: str) -> Take:
        """The take of that id; one that nobody waits for any more is not kept."""
        return next((take for take in self._takes if take.id == take_id), Take(take_id))

    def _go_on(self, event: TakeContinues) -> None:
        """Carry the take on in another one, from a thread that the engine need not wait for."""
        threading.Thread(target=self._carry_on, args=(event,), name="recorder goes on", daemon=True).start()

    def _carry_on(self, event: TakeContinues) -> None:
        with self._asking:
            if not self._going_on:
                return
            take = Take(new_take_id())
            with self._changed:
                self._takes = [*self._takes, take]
            self._engine.start(take.id, event.at, event.format, event.take_id)
