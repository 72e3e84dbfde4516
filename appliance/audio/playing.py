"""One playback: what sounds, where it is, and what is told of it."""

from collections.abc import Callable

from appliance.audio.source import Source
from appliance.errors import AudioError, TroubleKind, Unplayable
from appliance.events import (
    Event,
    Play,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPaused,
    PlaybackProgress,
    PlaybackReady,
    PlaybackResumed,
    PlaybackSeeked,
    PlaybackSeeking,
    PlaybackStarted,
    PlaybackUnderrun,
    PlaybackWaiting,
    TrackHeard,
)

_PROGRESS = 1.0
_TRY_AGAIN = 1.0
"""Seconds from one try to open the speaker to the next."""
_LOOK_AGAIN = 0.1
"""Seconds from one look at what still comes to the next, where it ran dry."""
_HEARD = 0.9
"""How much of a message must have sounded for it to count as heard; people hang up in the last words."""


class Playing:
    """What is in the player, from its readiness to its end. Used by the player's thread alone."""

    def __init__(self, playback_id: str, wish: Play, source: Source, post: Callable[[Event], None]) -> None:
        self.source = source
        self.wish = wish
        self.paused = False
        self.waits = False
        """Whether its speaker was unplugged."""
        self.started = False
        self.position = source.heard()
        """Seconds from the start to what sounds, or sounded last."""
        self.sounded_at = 0.0
        """When the speaker took something of it last, in CLOCK_MONOTONIC seconds."""
        self.id = playback_id
        self._post = post
        self._heard = False
        self._underruns = 0
        self._progress_due = 0.0
        post(PlaybackReady(playback_id, wish.title, source.seconds, source.estimated))

    def sounds(self, ahead: int, underruns: int, now: float) -> None:
        """Another period is on its way, the last of `ahead` frames, after so many underruns so far."""
        source = self.source
        self.sounded_at = now
        self.position = source.heard(ahead)
        if not self.started:
            self.started = True
            self._progress_due = now + _PROGRESS
            wish, seconds = self.wish, source.seconds
            self._post(PlaybackStarted(self.id, wish.title, seconds, wish.track_id, source.estimated, wish.feed))
        if underruns > self._underruns:
            self._underruns = underruns
            self._post(PlaybackUnderrun(self.id, underruns))
        self._look_how_much()
        if now >= self._progress_due:
            self._progress()

    @property
    def patience(self) -> float | None:
        """Seconds until it is worth a try to go on, where it does not sound; None while it is paused."""
        if self.paused:
            return None
        if self.source.is_catching_up:
            return 0.0
        return _LOOK_AGAIN if self.source.still_comes else _TRY_AGAIN

    def pause(self) -> None:
        """It holds still."""
        self.paused = True
        self._progress()
        self._post(PlaybackPaused(self.id, self.position))

    def go_on(self) -> None:
        """It sounds again."""
        self.paused = self.waits = False
        self._post(PlaybackResumed(self.id, self.position))

    def hold(self, why: str) -> None:
        """It waits where it is, with nothing of it on its way."""
        if not self.waits:
            self.waits = True
            self.position = self.source.heard()
            self._post(PlaybackWaiting(self.id, self.position, why))

    def dries_up(self) -> None:
        """What is to sound next has not come yet, and it is silent."""
        if not self.waits:
            self.waits = True
            self.position = self.source.heard()
            why = "it has not come so far yet" if self.source.is_behind else "it comes more slowly than it sounds"
            self._post(PlaybackWaiting(self.id, self.position, why))

    def seek(self, seconds: float) -> None:
        """It goes there."""
        self._post(PlaybackSeeking(self.id, seconds))
        self.source.seek(seconds)
        self.position = self.source.heard()
        self._progress()
        self._post(PlaybackSeeked(self.id, self.position))

    def end(self, *, completed: bool, given_up: bool = False) -> None:
        """It is over: at its end, or before."""
        self.source.close()
        self._look_how_much()
        if completed:
            self._is_heard()
        self._post(PlaybackFinished(self.id, completed, given_up))

    def fail(self, error: AudioError) -> None:
        """File or speaker ended it. Of a damaged file what sounded is all that there is."""
        self.source.close()
        unplayable, kind = None, TroubleKind.SYSTEM
        if isinstance(error, Unplayable):
            kind = error.kind
            if self.started:
                self._is_heard()
            else:
                unplayable = self.wish.track_id
        self._post(PlaybackFailed(self.id, str(error), unplayable, type(error).__name__, kind))

    def _look_how_much(self) -> None:
        if self.started and not self.source.estimated and self.position >= _HEARD * self.source.seconds:
            self._is_heard()

    def _is_heard(self) -> None:
        if self.wish.track_id is not None and not self._heard:
            self._heard = True
            self._post(TrackHeard(self.id, self.wish.track_id))

    def _progress(self) -> None:
        self._progress_due = self.sounded_at + _PROGRESS
        self._post(PlaybackProgress(self.id, self.position, self.source.buffered))
