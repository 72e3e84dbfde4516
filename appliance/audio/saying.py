"""What the box says itself: a short sound, of which only its end is told."""

from collections.abc import Callable
from datetime import date
from functools import partial
from math import inf
from pathlib import Path

from appliance.audio.announced import Announced
from appliance.audio.arriving import Arrivals
from appliance.audio.greetings import NoneToday, greeting
from appliance.audio.output import LATE, Output
from appliance.audio.playing import Playing
from appliance.audio.source import Source
from appliance.clock import Clock
from appliance.errors import AudioError, DeviceLost, Unplayable
from appliance.events import Event, Greet, Play, PlaybackFailed, Said, Say


class Saying(Playing):
    """A prompt or a greeting. It waits for no speaker: what was to be said then would come too late."""

    def __init__(self, say_id: str, wish: Say, source: Source, clock: Clock, tell: Callable[[Event], None]) -> None:
        super().__init__(say_id, wish, source, lambda _: None)
        self._clock = clock
        self._tell = tell

    def hold(self, why: str) -> None:
        """It cannot go on. Raises DeviceLost."""
        raise DeviceLost(why)

    def end(self, *, completed: bool, given_up: bool = False) -> None:
        """It has sounded to its end, or was cut off."""
        self.source.close()
        self._tell(Said(self.id, self._clock.monotonic(), completed, sound=str(self.wish.path)))

    def fail(self, error: AudioError) -> None:
        """File or speaker ended it."""
        self.source.close()
        self._tell(_unsaid(self.id, error, self._clock, self.wish))


class _Nothing(Exception):
    """Nothing is to be said today."""


class Voice:
    """Opens what is to sound, and knows whether the box says something, as any thread may ask."""

    def __init__(self, output: Output, clock: Clock, post: Callable[[Event], None]) -> None:
        self._output = output
        self._clock = clock
        self._post = post
        self.arrivals = Arrivals()
        """What may be played while it still comes."""
        self.announces: Callable[[Play], Path | None] = lambda _: None
        """Gives a file of what is said before that is played, where there is something to say."""
        self._says: str | None = None
        self._said_at = -inf

    @property
    def silent_from(self) -> float:
        """From which moment on nothing of it sounds, if it is cut off now: CLOCK_MONOTONIC seconds."""
        return self._said_at if self._says is None else self._clock.monotonic() + self._output.longest_end

    @property
    def sounded_until(self) -> float:
        """When the last that was played or said has sounded at the latest: CLOCK_MONOTONIC seconds."""
        return max(self.silent_from, self._output.silent_at + LATE)

    def begin(self, playback_id: str, wish: Play) -> None:
        """That is what the player is to play next."""
        if isinstance(wish, Say):
            self._says = playback_id

    def opened(self, playback_id: str, wish: Play, rate: int, speed: float) -> Playing | None:
        """A file ready to sound on a speaker of that `rate`; None where it cannot, which is told."""
        says = isinstance(wish, Say)
        try:
            path = wish.path
            if isinstance(wish, Greet):
                path = self._greeting(wish)
            arrival = self.arrivals.take(path)
            said = self.announces(wish) if wish.at_ns is not None and not (says or wish.loop or wish.start_at) else None
            source = (
                Announced(said, path, rate, speed, arrival=arrival)
                if said
                else Source(path, rate, 1.0 if says else speed, loop=wish.loop, arrival=arrival)
            )
        except _Nothing:
            self._tell(Said(playback_id, self._clock.monotonic(), True))
            return None
        except Unplayable as error:
            failed = PlaybackFailed(playback_id, str(error), wish.track_id, type(error).__name__, error.kind)
            self._tell(_unsaid(playback_id, error, self._clock, wish) if says else failed)
            return None
        if isinstance(wish, Say):
            return Saying(playback_id, wish, source, self._clock, self._tell)
        if wish.start_at:
            source.seek(wish.start_at)
        return Playing(playback_id, wish, source, self._post)

    def _greeting(self, wish: Greet) -> Path:
        today = date.fromtimestamp(self._clock.wall_ns() / 1e9)
        choice = partial(greeting, turn=wish.turn, today=today, shuffled=wish.shuffled, language=wish.language)
        try:
            return choice(wish.path)
        except NoneToday as error:
            if not wish.own:
                raise Unplayable(str(error), error.kind) from error
        if wish.instead is None:
            raise _Nothing
        return choice(wish.instead)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Said):
            self._said_at = event.at
            if event.say_id == self._says:
                self._says = None
        self._post(event)


def _unsaid(say_id: str, error: AudioError, clock: Clock, wish: Play) -> Said:
    sound = str(wish.path) if isinstance(error, Unplayable) else ""
    return Said(say_id, clock.monotonic(), False, str(error), type(error).__name__, sound)
