"""Plays one sound file at a time. One thread decodes and writes; orders reach it through a queue."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

from attrs import define

from appliance.audio.decode import Decoder
from appliance.audio.output import Output, loudness
from appliance.audio.ports import SoundCards
from appliance.clock import Clock
from appliance.config.audio import PlaybackSettings
from appliance.errors import AudioError, DeviceLost, Stuck, Unplayable
from appliance.events import (
    Command,
    Event,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPaused,
    PlaybackProgress,
    PlaybackResumed,
    PlaybackStarted,
    TrackHeard,
    VolumeChanged,
)
from appliance.vitals import Vitals

_PULSE_LIMIT = 10.0
_PROGRESS = 1.0
_HEARD = 0.9
"""How much of a message must have sounded for it to count as heard; people hang up in the last words."""
_DEFECT = "a defect of the appliance ended the playback, the log says which. Report it"

log = logging.getLogger(__name__)


@define
class _Playing:
    """What is in the player."""

    playback_id: str
    title: str
    track_id: int | None
    decoder: Decoder
    started: bool = False
    paused: bool = False
    heard: bool = False
    progress_due: float = _PROGRESS


class Player:
    """Plays on the speaker, which is open only while something sounds.

    `rate` is the one that the speaker should run at, if it can. Every method returns at once, from any thread; what
    becomes of it is posted. What makes no sense at the moment, as `resume` of what is not paused, is passed over.
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
        self._post = post
        self._vitals = vitals
        self._output = Output(cards, playback.device, rate)
        self._percent: int = playback.volume
        self._playing: _Playing | None = None
        self._ending = False
        self._orders: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._pulse = vitals.pulse("player", _PULSE_LIMIT)
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()

    def play(self, playback_id: str, path: Path, title: str, track_id: int | None) -> None:
        """Play a file from its start, instead of what plays."""
        self._orders.put(partial(self._do_play, playback_id, path, title, track_id))

    def pause(self) -> None:
        """Hold still."""
        self._orders.put(self._do_pause)

    def resume(self) -> None:
        """Go on where it was paused."""
        self._orders.put(self._do_resume)

    def seek(self, seconds: float) -> None:
        """Go to `seconds` from the start; beyond the end is the end."""
        self._orders.put(partial(self._do_seek, seconds))

    def stop(self) -> None:
        """End it."""
        self._orders.put(self._do_stop)

    def set_volume(self, percent: int) -> None:
        """0..100; more or less counts as the nearest."""
        self._orders.put(lambda: self._do_volume(percent))

    def change_volume(self, step_percent: int) -> None:
        """Louder, or quieter where the step is negative."""
        self._orders.put(lambda: self._do_volume(self._percent + step_percent))

    def close(self, timeout: float = 2.0) -> None:
        """Stop, and end the thread. Raises Stuck where it does not end within `timeout` seconds."""
        self._orders.put(self._do_end)
        self._thread.join(timeout / 4)
        if self._thread.is_alive():
            self._output.interrupt()
            self._thread.join(timeout * 3 / 4)
        if self._thread.is_alive():
            raise Stuck("the player thread does not end")

    def _run(self) -> None:
        while not self._ending:
            sounding = self._playing is not None and not self._playing.paused
            if not sounding:
                self._pulse.rest()
            try:
                work = self._orders.get(block=not sounding)
            except Empty:
                work = self._sound
            self._pulse.beat()
            try:
                work()
            except AudioError as error:
                self._fail(error)
            except Exception:  # what libraries make of any file, or we of any order, must not end the player
                log.exception("defect in the player")
                self._output.close()
                self._fail(Unplayable(_DEFECT))
        self._vitals.remove(self._pulse)

    def _sound(self) -> None:
        """Hand over the next period."""
        playing = self._playing
        if playing is None:
            return
        block = playing.decoder.read(self._output.period_frames)
        if not len(block):
            if not playing.started:
                raise Unplayable(f"'{playing.title}' holds no sound")
            self._output.finish()
            self._heard(playing)
            self._forget(playing)
            self._post(PlaybackFinished(playing.playback_id, completed=True))
            return
        self._output.play(block)
        if not playing.started:
            playing.started = True
            self._post(PlaybackStarted(playing.playback_id, playing.title, playing.decoder.seconds, playing.track_id))
        heard = playing.decoder.position - self._output.lead_frames / self._output.rate
        if heard >= _HEARD * playing.decoder.seconds:
            self._heard(playing)
        if heard >= playing.progress_due:
            self._progress(playing, heard)

    def _heard(self, playing: _Playing) -> None:
        if playing.track_id is not None and not playing.heard:
            playing.heard = True
            self._post(TrackHeard(playing.playback_id, playing.track_id))

    def _do_play(self, playback_id: str, path: Path, title: str, track_id: int | None) -> None:
        try:
            self._do_stop()
        except AudioError as error:
            self._fail(error)
        try:
            decoder = Decoder(path, self._output.rate)
        except Unplayable as error:
            self._post(PlaybackFailed(playback_id, str(error), track_id, type(error).__name__))
            return
        self._playing = _Playing(playback_id, title, track_id, decoder)
        self._open(decoder)
        self._output.gain.go_to(loudness(self._percent), 0)

    def _do_pause(self) -> None:
        playing = self._playing
        if playing and not playing.paused:
            self._fade_out(playing)
            self._output.finish()
            playing.paused = True
            self._progress(playing, playing.decoder.position)
            self._post(PlaybackPaused(playing.playback_id, playing.decoder.position))

    def _do_resume(self) -> None:
        playing = self._playing
        if playing and playing.paused:
            self._open(playing.decoder)
            playing.paused = False
            self._output.gain.go_to(0, 0)
            self._output.gain.go_to(loudness(self._percent), self._output.ramp_frames)
            self._post(PlaybackResumed(playing.playback_id, playing.decoder.position))

    def _do_seek(self, seconds: float) -> None:
        playing = self._playing
        if playing is None:
            return
        if not playing.paused:
            self._fade_out(playing)
        playing.decoder.seek(seconds)
        self._output.gain.go_to(loudness(self._percent), self._output.ramp_frames)
        self._progress(playing, playing.decoder.position)

    def _do_stop(self, *, given_up: bool = False) -> None:
        playing = self._playing
        if playing is None:
            return
        if not playing.paused:
            self._fade_out(playing)
            self._output.finish()
        self._forget(playing)
        self._post(PlaybackFinished(playing.playback_id, completed=False, given_up=given_up))

    def _do_volume(self, percent: int) -> None:
        self._percent = min(max(percent, 0), 100)
        self._output.gain.go_to(loudness(self._percent), self._output.ramp_frames)
        self._post(VolumeChanged(self._percent))

    def _do_end(self) -> None:
        self._ending = True
        self._do_stop(given_up=True)

    def _open(self, decoder: Decoder) -> None:
        self._output.open()
        decoder.convert_to(self._output.rate)

    def _fade_out(self, playing: _Playing) -> None:
        self._output.gain.go_to(0, self._output.ramp_frames)
        self._output.play(playing.decoder.read(self._output.ramp_frames))

    def _progress(self, playing: _Playing, position: float) -> None:
        playing.progress_due = position + _PROGRESS
        self._post(PlaybackProgress(playing.playback_id, position))

    def _forget(self, playing: _Playing) -> None:
        self._playing = None
        playing.decoder.close()

    def _fail(self, error: AudioError) -> None:
        """The file or the speaker ended it. What came before the damage of a file still sounds."""
        if isinstance(error, DeviceLost):
            self._output.close()
        with suppress(AudioError):
            self._output.finish()
        if self._playing:
            playing = self._playing
            self._forget(playing)
            unplayable = None
            if isinstance(error, Unplayable) and playing.started:
                self._heard(playing)  # all that there is
            elif isinstance(error, Unplayable):
                unplayable = playing.track_id
            self._post(PlaybackFailed(playing.playback_id, str(error), unplayable, type(error).__name__))
