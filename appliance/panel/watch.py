"""What may be believed of a pin whose edges are handed over late. Pure: times and looks at the pin are given.

An edge carries the time at which the kernel saw it, but Python hears of it when its threads come to it, on a busy box
many milliseconds later. So what was told of a pin may be out of date, and time alone may decide only what is known:

- an edge: those of one pin come in order, so at each the past up to it is known;
- patience: an edge that is not there `LATEST` seconds after it happened never comes;
- a look at the pin itself. Where it reads as the last edge left it, whatever is still on its way has come to nothing:
  enough to say that a key is down, or up, so a plain press need not wait. (It is dated too early where a spike came
  just before it, and made of two spikes where the look falls into the second, all while edges are on their way.)
  How *long* it was so is known where looks follow each other closely enough to have seen any change longer than a
  bounce, but for what may be beginning to bounce just now.

Where the pin reads otherwise an edge is missing. It is waited for; the kernel drops edges where a contact bounces too
wildly, and then what the pin reads counts, from the first look that saw it.
"""

from collections.abc import Callable
from math import inf

from appliance.panel.facts import Fact
from appliance.panel.gestures import Key

LATEST = 0.5
"""Seconds by which an edge may be handed over late."""

LOOK_AGAIN = 0.25
"""Seconds after an edge was handed over when the pin is looked at in any case."""

LOOK_EVERY = 0.01
"""Seconds between two looks at a pin while something waits to be known."""

SHORTEST = 0.02
"""Seconds within which nobody lets go of a key and presses it again."""


class PinWatch:
    """Tells a key what is known of its pin, from the first edge on.

    `bounces` is the key's time of debouncing, `look` reads the pin.
    """

    def __init__(self, key: Key, bounces: float, look: Callable[[], bool]) -> None:
        self._key = key
        self._look = look
        self._unseen = max(bounces, SHORTEST)
        self.deadline: float | None = None
        """When `tick` must be called."""

    def edge(self, level: bool, at: float, now: float) -> list[Fact]:
        """The pin went to `level` at the time `at`, which is heard of now."""
        self._level = level
        self._edge = self._known = self._since = self._seen = at
        self._missing: float | None = None
        self._look_again: float | None = now + LOOK_AGAIN
        facts = self._key.edge(level, at)
        self._plan(now, now)
        return facts

    def tick(self, now: float) -> list[Fact]:
        """What is known by `now`, looking at the pin where that is due."""
        if self.deadline is None or now < self.deadline:
            return []
        level = self._look()
        if level == self._level:
            self._agrees(now)
        elif self._missing is not None and now >= self._missing + LATEST:
            return self.edge(level, self._missing, now)
        elif self._missing is None:
            self._missing, self._look_again, self._seen = now, now + LATEST, -inf
        self._known = max(self._known, now - LATEST)
        facts = self._key.tick(self._known)
        self._plan(now, now + LOOK_EVERY)
        return facts

    def _agrees(self, now: float) -> None:
        self._missing = None
        if self._look_again is not None and now >= self._look_again:
            self._look_again = None
        if now >= self._seen + self._unseen:
            self._since = now
        self._seen = now
        if not self._key.timed:
            self._known = now
        elif self._since <= max(self._edge, now - LATEST):
            self._known = max(self._known, now - self._unseen)

    def _plan(self, now: float, soon: float) -> None:
        undecided = self._key.deadline
        if undecided is not None and (self._key.timed or undecided <= now):
            undecided = soon
        self.deadline = min((at for at in (undecided, self._look_again) if at is not None), default=None)
