"""Plays in a script: the daemon's player, with the words that audio elements of web pages have."""

import itertools
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.api.cards import real_cards
from appliance.api.given import callback, number, place, switch, text
from appliance.api.telling import Teller
from appliance.api.transfer import download_file
from appliance.audio import player as engine
from appliance.audio.ports import SoundCards
from appliance.clock import Clock, SystemClock, wait_for
from appliance.config.audio import PlaybackSettings, VolumeSettings
from appliance.config.options import Percent
from appliance.errors import ApplianceError, Refused, Unplayable, named
from appliance.events import (
    Command,
    Event,
    Play,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPaused,
    PlaybackProgress,
    PlaybackReady,
    PlaybackResumed,
    PlaybackSeeked,
    PlaybackStarted,
    PlaybackWaiting,
)
from appliance.vitals import Vitals

_RATE = 48_000


class Player:
    """Plays one file or URL at a time, on the speaker that `device` names; `volume` is 0 to 1.

    `on_event` is called with every event of `appliance.events`, one after the other on a thread of its own, and may ask
    the player for more. Use the player in a `with` block, which ends what plays. Raises UsageError.
    """

    def __init__(
        self,
        *,
        device: str = "default",
        volume: float = 0.8,
        on_event: Callable[[Event], None] | None = None,
        cards: SoundCards | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._changed = threading.Condition()
        self._ids = itertools.count(1)
        self._playback = ""
        self._ready: PlaybackReady | None = None
        self._started = self._closed = self._loop = False
        self._end: PlaybackFinished | PlaybackFailed | None = None
        self._still = True
        self._position, self._told_at = 0.0, 0.0
        self._volume = _share(volume)
        self._rate = 1.0
        self._fetched: tempfile.TemporaryDirectory[str] | None = None
        settings = PlaybackSettings(text("device", device), volume=VolumeSettings(Percent(round(100 * self._volume))))
        self._teller = Teller(callback("on_event", on_event))
        vitals = Vitals(self._clock, self._post)
        self._engine = engine.Player(cards or real_cards(), settings, _RATE, self._clock, self._post, vitals)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def play(self, src: Path | str, *, start_at: float = 0.0, loop: bool = False) -> Self:
        """Play a file, or what is at a URL, from `start_at` seconds on, and wait until it sounds.

        What plays already ends. Raises Unplayable where there is no sound in it, AudioError where the speaker cannot be
        used, Refused where the player is closed, UsageError, and what `download_file` raises.
        """
        start_at, loop, file = number("start_at", start_at), switch("loop", loop), place("src", src)
        if self._closed:
            raise Refused("this player is closed: make another one")
        path = self._fetch(src) if isinstance(src, str) and src.startswith(("http://", "https://")) else file
        with self._changed:
            self._playback = playback = f"playback{next(self._ids)}"
            self._ready, self._started, self._end = None, False, None
            self._still, self._position, self._loop = True, start_at, loop
        self._engine.play(playback, Play(path, path.name, playback_id=playback, start_at=start_at, loop=loop))
        with self._changed:
            wait_for(self._clock, self._changed, lambda: self._started or self._end, None)
            if not self._started and isinstance(self._end, PlaybackFailed):
                raise _why(self._end)
        return self

    def pause(self) -> None:
        """Hold still. Returns at once, as everything does from here on but `wait` and `close`."""
        self._engine.pause()

    def resume(self) -> None:
        """Go on."""
        self._engine.resume()

    def seek(self, seconds: float) -> None:
        """Go to so many seconds from the start; beyond the end is the end. Raises UsageError for what is no number."""
        self._engine.seek(number("seconds", seconds))

    def skip(self, seconds: float) -> None:
        """Go so many seconds on, or back where they are negative. Raises UsageError for what is no number."""
        self._engine.skip(number("seconds", seconds))

    def stop(self) -> None:
        """End it."""
        self._engine.stop()

    def wait(self) -> bool:
        """Wait until it has ended; whether it was played to its end. Raises AudioError where it broke off."""
        with self._changed:
            wait_for(self._clock, self._changed, lambda: self._end or not self._playback, None)
            if isinstance(self._end, PlaybackFailed):
                raise _why(self._end)
            return self._end is not None and self._end.completed

    def close(self) -> None:
        """End what plays, and let go of the speaker. Raises Stuck where that does not end."""
        self._closed = True
        self._engine.close()
        self._teller.close()
        if self._fetched:
            self._fetched.cleanup()

    @property
    def volume(self) -> float:
        """The volume, 0 to 1."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = _share(volume)
        self._engine.set_volume(round(100 * self._volume))

    @property
    def rate(self) -> float:
        """How many times as fast as recorded it plays, at the same pitch: 0.5 to 2."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._rate = min(max(number("rate", rate), 0.5), 2.0)
        self._engine.set_rate(self._rate)

    @property
    def duration(self) -> float | None:
        """Seconds that what plays is long; None where nothing has played yet."""
        with self._changed:
            return self._ready.seconds if self._ready else None

    @property
    def position(self) -> float:
        """Seconds from the start to what sounds."""
        with self._changed:
            passed = 0.0 if self._still else self._clock.monotonic() - self._told_at
            position, end = self._position + passed * self._rate, self._ready.seconds if self._ready else 0.0
            return position % end if self._loop and end else min(position, end)

    @property
    def paused(self) -> bool:
        """Whether it is silent: paused, at its end, or not begun."""
        with self._changed:
            return self._still

    def _fetch(self, url: str) -> Path:
        self._fetched = self._fetched or tempfile.TemporaryDirectory(prefix="appliance-")
        return download_file(url, self._fetched.name).path

    def _post(self, event: Command | Event) -> None:
        """On the engine's thread."""
        if not isinstance(event, Event):
            return
        with self._changed:
            if getattr(event, "playback_id", None) == self._playback:
                self._heed(event)
            self._changed.notify_all()
        self._teller.tell(event)

    def _heed(self, event: Event) -> None:
        match event:
            case PlaybackReady():
                self._ready = event
            case PlaybackStarted():
                self._started = True
                self._at(self._position, still=False)
            case PlaybackProgress() | PlaybackSeeked():
                self._at(event.position, still=self._still)
            case PlaybackPaused() | PlaybackWaiting():
                self._at(event.position, still=True)
            case PlaybackResumed():
                self._at(event.position, still=False)
            case PlaybackFinished() | PlaybackFailed():
                self._end = event
                self._still = True

    def _at(self, position: float, *, still: bool) -> None:
        self._position, self._told_at, self._still = position, self._clock.monotonic(), still


def _share(volume: float) -> float:
    return min(max(number("volume", volume), 0.0), 1.0)


def _why(failed: PlaybackFailed) -> ApplianceError:
    if failed.error == Unplayable.__name__:
        return Unplayable(failed.message, failed.kind)
    return named(failed.error, failed.message)
