"""Plays one sound file at a time. One thread decodes and writes; orders reach it through a queue."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from appliance.audio.output import Output, loudness
from appliance.audio.playing import Playing
from appliance.audio.ports import SoundCards
from appliance.audio.source import Source
from appliance.clock import Clock, wait_for
from appliance.config.audio import PlaybackSettings
from appliance.errors import AudioError, Stuck, TroubleKind, Unplayable
from appliance.events import Command, Event, PlaybackFailed, RateChanged, VolumeChanged
from appliance.vitals import Vitals

_PULSE_LIMIT = 10.0
_PATIENCE = 60.0
"""Seconds that a playback waits for a speaker that was unplugged; whoever listened has gone after that."""
_TRY_AGAIN = 1.0
_DEFECT = "a defect of the appliance ended the playback, the log says which. Report it"

log = logging.getLogger(__name__)


class Player:
    """Plays on the speaker, which is open only while something sounds.

    `rate` is the one that the speaker should run at, if it can. Every method returns at once, from any thread; what
    becomes of it is posted. What makes no sense at the moment, as `resume` of what is not paused, is passed over.
    A speaker that is unplugged while something sounds is waited for, and the sound goes on where it was.
    """

    def __init__(
        self,
        cards: SoundCards,
        playback: PlaybackSettings,
        rate: int,
        clock: Clock,
        post: Callable[[Command | Event], None],
        vitals: Vitals,
    ) -> None:
        self._clock = clock
        self._post = post
        self._vitals = vitals
        self._output = Output(cards, playback.device, rate)
        self._percent: int = playback.volume
        self._speed = 1.0
        self._playing: Playing | None = None
        self._ending = False
        self._orders: deque[Callable[[], None]] = deque()
        self._ordered = threading.Condition()
        self._pulse = vitals.pulse("player", _PULSE_LIMIT)
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()

    def play(
        self,
        playback_id: str,
        path: Path,
        title: str,
        track_id: int | None,
        start_at: float = 0.0,
        loop: bool = False,
    ) -> None:
        """Play a file from `start_at` seconds on, instead of what plays; in a `loop` over and over."""
        self._order(partial(self._do_play, playback_id, path, title, track_id, start_at, loop))

    def pause(self) -> None:
        """Hold still."""
        self._order(self._do_pause)

    def resume(self) -> None:
        """Go on where it was paused."""
        self._order(self._do_resume)

    def seek(self, seconds: float) -> None:
        """Go to `seconds` from the start; beyond the end is the end."""
        self._order(partial(self._do_seek, seconds))

    def skip(self, seconds: float) -> None:
        """Go so many seconds on, or back where they are negative."""
        self._order(partial(self._do_skip, seconds))

    def stop(self) -> None:
        """End it."""
        self._order(self._do_stop)

    def set_rate(self, speed: float) -> None:
        """Play at so many times the recorded speed, at the same pitch: this and what follows."""
        self._order(partial(self._do_rate, speed))

    def set_volume(self, percent: int) -> None:
        """0..100; more or less counts as the nearest."""
        self._order(lambda: self._do_volume(percent))

    def change_volume(self, step_percent: int) -> None:
        """Louder, or quieter where the step is negative."""
        self._order(lambda: self._do_volume(self._percent + step_percent))

    def close(self, timeout: float = 2.0) -> None:
        """Stop, and end the thread. Raises Stuck where it does not end within `timeout` seconds."""
        self._order(self._do_end)
        self._thread.join(timeout / 4)
        if self._thread.is_alive():
            self._output.interrupt()
            self._thread.join(timeout * 3 / 4)
        if self._thread.is_alive():
            raise Stuck("the player thread does not end")

    def _order(self, order: Callable[[], None]) -> None:
        with self._ordered:
            self._orders.append(order)
            self._ordered.notify()

    def _next_work(self) -> Callable[[], None]:
        """An order, or else what is to be done for what plays."""
        playing = self._playing
        with self._ordered:
            if not self._orders and (playing is None or playing.paused):
                self._pulse.rest()
                wait_for(self._clock, self._ordered, lambda: self._orders, None)
            elif not self._orders and not self._output.is_open:
                self._pulse.rest()
                wait_for(self._clock, self._ordered, lambda: self._orders, _TRY_AGAIN)
            if self._orders:
                return self._orders.popleft()
        return self._sound if self._output.is_open else self._go_on

    def _run(self) -> None:
        while not self._ending:
            work = self._next_work()
            self._pulse.beat()
            try:
                work()
            except AudioError as error:
                self._fail(error)
            except Exception:  # what libraries make of any file, or we of any order, must not end the player
                log.exception("defect in the player")
                self._output.close()
                self._fail(Unplayable(_DEFECT, TroubleKind.UNKNOWN))
        self._vitals.remove(self._pulse)

    def _sound(self) -> None:
        """Hand over the next period."""
        playing, output = self._playing, self._output
        if playing is None:
            return
        block = playing.source.read(output.period_frames)
        try:
            output.play(block) if len(block) else output.finish()
        except AudioError as error:
            if not playing.started:
                raise
            self._wait_for_speaker(playing, error)
            return
        if len(block):
            playing.sounds(output.lead_frames, output.underruns, self._clock.monotonic())
        else:
            self._playing = None
            playing.end(completed=True)

    def _do_play(
        self, playback_id: str, path: Path, title: str, track_id: int | None, start_at: float, loop: bool
    ) -> None:
        self._do_stop()
        try:
            source = Source(path, self._output.rate, self._speed, loop=loop)
        except Unplayable as error:
            self._post(PlaybackFailed(playback_id, str(error), track_id, type(error).__name__, error.kind))
            return
        if start_at:
            source.seek(start_at)
        self._playing = Playing(playback_id, title, track_id, source, self._post)
        self._output.underruns = 0
        self._open(self._playing)
        self._output.gain.go_to(0 if start_at else loudness(self._percent), 0)
        self._fade_in()

    def _do_pause(self) -> None:
        playing = self._playing
        if playing and not playing.paused:
            self._fall_silent(playing)
            playing.pause()

    def _do_resume(self) -> None:
        playing = self._playing
        if playing and playing.paused:
            playing.paused = False
            playing.sounded_at = self._clock.monotonic()
            self._go_on()

    def _go_on(self) -> None:
        """Open the speaker, and sound from where it was; or wait for it."""
        playing = self._playing
        if playing is None:
            return
        try:
            self._open(playing)
        except AudioError as error:
            self._wait_for_speaker(playing, error)
            return
        self._output.gain.go_to(0, 0)
        self._fade_in()
        playing.go_on()

    def _wait_for_speaker(self, playing: Playing, error: AudioError) -> None:
        """For some time; then the error ends the playback."""
        self._output.close()
        if self._clock.monotonic() - playing.sounded_at > _PATIENCE:
            raise error
        playing.hold(str(error))

    def _do_seek(self, seconds: float) -> None:
        playing = self._playing
        if playing is None:
            return
        if self._output.is_open:
            self._fade_out(playing)
        playing.seek(seconds)
        self._fade_in()

    def _do_skip(self, seconds: float) -> None:
        if self._playing:
            self._do_seek(max(0.0, self._playing.position + seconds))

    def _do_stop(self, *, given_up: bool = False) -> None:
        playing, self._playing = self._playing, None
        if playing:
            self._fall_silent(playing)
            playing.end(completed=False, given_up=given_up)

    def _do_rate(self, speed: float) -> None:
        self._speed = speed
        if self._playing:
            self._playing.source.play_at(speed)
        self._post(RateChanged(speed))

    def _do_volume(self, percent: int) -> None:
        self._percent = min(max(percent, 0), 100)
        self._fade_in()
        self._post(VolumeChanged(self._percent))

    def _do_end(self) -> None:
        self._ending = True
        self._do_stop(given_up=True)

    def _open(self, playing: Playing) -> None:
        self._output.open()
        playing.source.convert_to(self._output.rate)

    def _fade_in(self) -> None:
        self._output.gain.go_to(loudness(self._percent), self._output.ramp_frames)

    def _fade_out(self, playing: Playing) -> None:
        self._output.gain.go_to(0, self._output.ramp_frames)
        with suppress(AudioError):  # where the file breaks off, or the speaker is gone, it is silent by itself
            self._output.play(playing.source.read(self._output.ramp_frames))

    def _fall_silent(self, playing: Playing) -> None:
        """Fade out, and give the speaker back once that has sounded."""
        if not self._output.is_open:
            return
        self._fade_out(playing)
        try:
            self._output.finish()
        except AudioError:
            playing.source.seek(playing.position)  # nobody heard what was on its way
        else:
            playing.position = playing.source.heard()

    def _fail(self, error: AudioError) -> None:
        """The file or the speaker ended it. What came before the damage of a file still sounds."""
        with suppress(AudioError):
            self._output.finish() if isinstance(error, Unplayable) else self._output.close()
        playing, self._playing = self._playing, None
        if playing:
            playing.fail(error)
