"""From the pulses of a rotary dial to the number that was dialled. Pure; times are given.

A dial opens its contact once for 1, twice for 2, ten times for 0, about ten times a second (ITU-T Q.23 calls that
decadic signalling). Only the times of the edges decide, see `gestures`.
"""

from math import inf

from appliance.config.settings import ButtonSettings, DialSettings
from appliance.panel.facts import Fact, Gesture
from appliance.panel.gestures import Key

_MOST = 10
"""Pulses of the longest number, which is 0."""


class Pulses:
    """Counts the pulses that belong together: a number ends once none has begun for `gap` seconds after the last."""

    def __init__(self, gap: float, down: bool) -> None:
        self._gap = gap
        self._down = down
        self._began: float | None = None
        self._ended = 0.0
        self._count = 0

    @property
    def deadline(self) -> float | None:
        """When time alone decides the next thing."""
        return None if self._began is None or self._down else self._ended + self._gap

    def tick(self, now: float) -> list[Fact]:
        """The number, where it is known by `now`; what has more pulses than a dial makes is none."""
        deadline, began, count = self.deadline, self._began, self._count
        if deadline is None or began is None or now < deadline:
            return []
        self._began, self._count = None, 0
        return [Fact(Gesture.DIALLED, began, number=str(count % _MOST))] if count <= _MOST else []

    def press(self, at: float) -> list[Fact]:
        """A pulse begins."""
        told = self.tick(at)
        if not self._down:
            self._down = True
            self._count += 1
            self._began = at if self._began is None else self._began
        return told

    def release(self, at: float) -> list[Fact]:
        """It ends."""
        self._down, self._ended = False, at
        return []


class Dial(Key):
    """The contact that pulses. `level` is whether it is open when it begins to watch."""

    def __init__(self, settings: DialSettings, level: bool) -> None:
        super().__init__(ButtonSettings(debounce=settings.debounce), level, Pulses(settings.gap, level))


class Rest:
    """The contact that is moved while somebody dials: what pulses at rest is no number."""

    def __init__(self) -> None:
        self._moved, self._back = inf, inf

    def told(self, facts: list[Fact]) -> list[Fact]:
        """It was moved, or came back; nothing of that is a fact of its own."""
        for fact in facts:
            if fact.gesture is Gesture.PRESSED:
                self._moved, self._back = fact.at, inf
            else:
                self._back = fact.at
        return []

    def moved(self, fact: Fact) -> bool:
        """Whether the number was dialled while it was moved."""
        return self._moved <= fact.at < self._back
