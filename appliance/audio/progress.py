"""How often it is told how far a take is."""

from collections.abc import Callable

from appliance.clock import Clock

_WATCHED = 0.25
"""Seconds of sound between two TakeProgress."""

_UNWATCHED_FIRST = 1.0
_UNWATCHED = 10.0
"""The same while nobody follows them, of the first and of all others: to tell costs as much as to write."""

_LEAST = 0.2
"""Seconds between two of them at least, also while a stalled disk catches up."""


class Progress:
    """Says when it is time to tell. One thread uses it."""

    def __init__(self, rate: int, watched: Callable[[], bool], clock: Clock) -> None:
        self._rate = rate
        self._watched = watched
        self._clock = clock
        self._told_at = clock.monotonic()
        self.begin()

    def begin(self) -> None:
        """A take begins, of which nothing was told yet."""
        self._untold = 0
        self._unwatched = _UNWATCHED_FIRST

    def due(self, frames: int) -> bool:
        """Whether it is to be told now that the take has grown by so many frames."""
        self._untold += frames
        every, now = _WATCHED if self._watched() else self._unwatched, self._clock.monotonic()
        if self._untold < every * self._rate or now - self._told_at < _LEAST:
            return False
        self._untold, self._told_at, self._unwatched = 0, now, _UNWATCHED
        return True
