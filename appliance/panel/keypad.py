"""From the keys of a matrix keypad that conduct to the numbers that were pressed. Pure; times are given.

Keys connect a row with a column. While no key is down every row is watched, and its first edge tells when a press
began; from there on somebody looks which keys conduct, every `LOOK_EVERY`, until all are up again. With three keys
down a fourth one may seem to conduct: then nobody knows which are, and none counts before all are up.
"""

from appliance.panel.facts import Fact, Gesture

LOOK_EVERY = 0.01
"""Seconds between two looks at the keys while one may be down."""

_KNOWN = 2
"""So many keys at once are told apart."""

Keys = frozenset[tuple[int, int]]
"""Keys that conduct, each as its row and column."""


class Matrix:
    """Each key counts once it has conducted for `debounce` seconds, and again once it has been up for as long.

    A key that is `down` when this begins counts from its next press on.
    """

    def __init__(self, keys: tuple[str, ...], debounce: float, down: Keys = frozenset()) -> None:
        self._keys = keys
        self._debounce = debounce
        self._down: set[tuple[int, int]] = set(down)
        """Those that count as down."""
        self._since: dict[tuple[int, int], float] = {}
        """Since when keys are another way than they count."""
        self._began: float | None = None
        self._unsure = False
        self.deadline: float | None = 0.0 if down else None
        """When to look at the keys next; None while edges tell enough."""
        self._looked = 0.0

    def edge(self, at: float) -> None:
        """A row began to conduct at the time `at`. What a look itself moves does not count."""
        if self.deadline is None and at > self._looked:
            self._began = at
            self.deadline = at

    def look(self, conducting: Keys, begun: float, now: float) -> list[Fact]:
        """These keys conduct, as was found from `begun` to `now`; what is known by that, in order."""
        told: list[Fact] = []
        self._looked = now
        self._unsure = len(conducting) > _KNOWN or (self._unsure and bool(conducting))
        for key in conducting ^ self._down:
            since = self._since.setdefault(key, begun if self._began is None or self._down else self._began)
            if begun - since < self._debounce:
                continue
            del self._since[key]
            self._down ^= {key}
            self._began = None
            if key in self._down and not self._unsure and (number := self._number(key)):
                told.append(Fact(Gesture.DIALLED, since, number=number))
        for key in self._since.keys() - (conducting ^ self._down):
            del self._since[key]
        quiet = not (conducting or self._down or self._since)
        spike = self._began is not None and begun - self._began < self._debounce
        self.deadline = None if quiet and not spike else now + LOOK_EVERY
        if self.deadline is None:
            self._began = None
        return sorted(told, key=lambda fact: fact.at)

    def _number(self, key: tuple[int, int]) -> str:
        return self._keys[key[0]][key[1]].strip()
