"""Plays one sound file at a time. One thread decodes and writes; orders reach it through a queue."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from appliance.audio.card_volume import CardVolume
from appliance.audio.fading import Fading
from appliance.audio.orders import Order, Orders
from appliance.audio.output import Output
from appliance.audio.playing import Playing
from appliance.audio.ports import SoundCards
from appliance.audio.saying import Saying, Voice
from appliance.clock import Clock
from appliance.config.audio import PlaybackSettings
from appliance.errors import AudioError, Stuck, TroubleKind, Unplayable
from appliance.events import Command, Event, Play, PlaybackContinues, RateChanged, VolumeChanged
from appliance.vitals import Vitals

_PULSE_LIMIT = 10.0
_PATIENCE = 60.0
"""Seconds that a playback waits for a speaker that was unplugged; whoever listened has gone after that."""
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
        self._output = Output(cards, playback.device, rate, clock)
        self._voice = Voice(self._output, clock, post)
        self._fading = Fading(self._output, playback.volume, CardVolume(cards, playback, post))
        self._speed = 1.0
        self._playing: Playing | None = None
        self._next: Playing | None = None
        self._ending = False
        self._orders = Orders(clock)
        self._pulse = vitals.pulse("player", _PULSE_LIMIT)
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()

    def play(self, playback_id: str, wish: Play) -> None:
        """Play or say that, instead of what plays."""
        self._voice.begin(playback_id, wish)
        self._order(partial(self._do_play, playback_id, wish))

    def prepare(self, behind: str, wish: Play | None) -> None:
        """Play that behind the playback `behind`, without a gap; nothing where it is None."""
        self._order(partial(self._do_prepare, behind, wish))

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

    @property
    def voice(self) -> Voice:
        """What knows whether anything sounds."""
        return self._voice

    def hush(self) -> None:
        """End what the box says."""
        self._order(partial(self._do_stop, only=Saying))

    def set_rate(self, speed: float) -> None:
        """Play at so many times the recorded speed, at the same pitch: this and what follows."""
        self._order(partial(self._do_rate, speed))

    def set_volume(self, percent: int) -> None:
        """In percent; what may not be set counts as the nearest that may."""
        self._order(lambda: self._do_volume(percent))

    def change_volume(self, step_percent: int) -> None:
        """Louder, or quieter where the step is negative."""
        self._order(lambda: self._do_volume(self._fading.percent + step_percent))

    def duck(self, ducked: bool) -> None:
        """Let a voice stand out from what plays, or not any more."""
        self._order(lambda: self._fading.duck(ducked, self._playing))

    def close(self, timeout: float = 2.0) -> None:
        """Stop, and end the thread. Raises Stuck where it does not end within `timeout` seconds."""
        self._order(self._do_end)
        self._thread.join(timeout / 4)
        if self._thread.is_alive():
            self._output.interrupt()
            self._thread.join(timeout * 3 / 4)
        if self._thread.is_alive():
            raise Stuck("the player thread does not end")

    def _order(self, order: Order) -> None:
        self._orders.put(order)
        self._output.rouse()

    def _next_work(self) -> Order:
        """An order, or else what is to be done for what plays."""
        playing = self._playing
        patience: float | None = 0.0
        if playing is None or playing.paused or not self._output.is_open:
            self._pulse.rest()
            patience = playing.patience if playing else None
        return self._orders.take(patience) or (self._sound if self._output.is_open else self._go_on)

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
        """Hand over the next period, or wait until something is to be done."""
        playing, output = self._playing, self._output
        if playing is None or self._fading.runs_dry(playing):
            return
        try:
            if not output.is_ready():
                return
            frames = int(min(output.next_frames, playing.source.at_once * output.rate))
        except AudioError as error:
            self._wait_for_speaker(playing, error)
            return
        block = playing.source.read(frames)
        try:
            if not len(block) and self._next:
                if not output.sounds_on():
                    self._move_on(playing, self._next)
                return
            if not len(block) and not output.has_ended():
                return
            ahead = output.play(block)
        except AudioError as error:
            if not playing.started:
                raise
            self._wait_for_speaker(playing, error)
            return
        if len(block):
            playing.sounds(ahead, output.underruns, self._clock.monotonic())
        else:
            self._playing = None
            playing.end(completed=True)

    def _do_play(self, playback_id: str, wish: Play) -> None:
        self._do_stop()
        self._playing = self._voice.opened(playback_id, wish, self._output.rate, self._speed)
        if self._playing:
            self._output.underruns = 0
            self._output.open()
            self._playing.source.convert_to(self._output.rate)
            self._fading.begin(self._playing)

    def _do_prepare(self, behind: str, wish: Play | None) -> None:
        self._drop_next()
        if wish and self._playing and self._playing.id == behind:
            self._next = self._voice.opened(wish.playback_id or "", wish, self._output.rate, self._speed)

    def _move_on(self, ended: Playing, following: Playing) -> None:
        """Let what was prepared sound behind what has ended."""
        self._playing, self._next = following, None
        self._post(PlaybackContinues(ended.id, following.id))
        ended.end(completed=True)
        following.source.convert_to(self._output.rate)
        self._output.underruns = 0
        if following.wish.start_at:
            self._fading.begin(following)

    def _drop_next(self) -> None:
        if self._next:
            self._next.source.close()
            self._next = None

    def _taken_out(self) -> Playing | None:
        """What was in the player."""
        self._drop_next()
        playing, self._playing = self._playing, None
        return playing

    def _do_pause(self) -> None:
        playing = self._playing
        if playing and not playing.paused:
            self._fading.fall_silent(playing)
            playing.pause()

    def _do_resume(self) -> None:
        playing = self._playing
        if playing and playing.paused:
            playing.paused = False
            playing.sounded_at = self._clock.monotonic()
            self._go_on()

    def _go_on(self) -> None:
        """Open the speaker, and sound from where it was; or wait for it, or for what is to sound."""
        if (playing := self._playing) is None or playing.source.is_dry:
            return
        try:
            self._output.open()
            playing.source.convert_to(self._output.rate)
        except AudioError as error:
            self._wait_for_speaker(playing, error)
            return
        self._fading.go_on()
        playing.go_on()

    def _wait_for_speaker(self, playing: Playing, error: AudioError) -> None:
        """For some time; then the error ends the playback."""
        playing.source.put_back(self._output.unheard(playing.source.channels))
        self._output.close()
        if self._clock.monotonic() - playing.sounded_at > _PATIENCE:
            raise error
        playing.hold(str(error))

    def _do_seek(self, seconds: float) -> None:
        if (playing := self._playing) is None:
            return
        if self._output.is_open:
            self._fading.fade_out(playing)
            with suppress(AudioError):  # what writes next tells
                self._output.cover()
        playing.seek(seconds)
        self._fading.rise()

    def _do_skip(self, seconds: float) -> None:
        if playing := self._playing:
            with suppress(AudioError):  # what writes next tells
                playing.position = playing.source.heard(self._output.lead_frames)
            self._do_seek(max(0.0, playing.position + seconds))

    def _do_stop(self, *, given_up: bool = False, only: type[Playing] = Playing) -> None:
        if isinstance(self._playing, only) and (playing := self._taken_out()):
            self._fading.fall_silent(playing)
            playing.end(completed=False, given_up=given_up)

    def _do_rate(self, speed: float) -> None:
        self._speed = speed
        if self._playing and self._playing.source.is_plain:
            self._fading.take_back(self._playing)
        for playing in filter(None, (self._playing, self._next)):
            playing.source.play_at(speed)
        self._post(RateChanged(speed))

    def _do_volume(self, percent: int) -> None:
        self._fading.set(percent, self._playing)
        self._post(VolumeChanged(self._fading.percent))

    def _do_end(self) -> None:
        self._ending = True
        self._do_stop(given_up=True)

    def _fail(self, error: AudioError) -> None:
        """The file or the speaker ended it. What came before the damage of a file still sounds."""
        with suppress(AudioError):
            self._output.finish() if isinstance(error, Unplayable) else self._output.close()
        if playing := self._taken_out():
            playing.fail(error)
