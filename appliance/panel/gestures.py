"""From the edges of one pin to facts: debouncing, press, hold, double press, held keys. Pure; times are given.

Every fact carries the time of the first press-down that it is about, whenever it is decided. A key that only has
`press` is told as it goes down. With `hold` a short press is told as the key comes up, with `double_press` once the
time for the second one is over. One press is told as one gesture, and its end as that gesture's end.

Only the times of the edges decide, not when they come to be known: see `Key`, and `watch` for what may be believed.
"""

from copy import copy
from math import inf
from typing import Protocol

from appliance.config.settings import ButtonSettings, SwitchSettings
from appliance.panel.facts import Fact, Gesture


class Debouncer:
    """Takes a new level for true once it has held for `time` seconds, as of the first edge of the commotion."""

    def __init__(self, time: float, level: bool) -> None:
        self.level = level
        """The level that counts."""
        self.began: float | None = None
        """When the commotion that is not over yet began."""
        self.deadline: float | None = None
        """When it is over, unless another edge comes."""
        self._time = time
        self._latest = level

    def edge(self, level: bool, at: float) -> None:
        """The pin went to `level`; what was due before must have been settled."""
        if self.began is None:
            self.began = at
        self._latest = level
        self.deadline = at + self._time

    def settle(self, now: float) -> float | None:
        """Since when `level` has been another than before, or None where it has not changed."""
        if self.deadline is None or now < self.deadline:
            return None
        began, self.began, self.deadline = self.began, None, None
        if self._latest == self.level:
            return None
        self.level = self._latest
        return began


class Gestures:
    """What clean presses and releases of one key are told as.

    A key that is down from the start (`down`) has not been pressed: it counts from its next press on.
    """

    def __init__(self, settings: ButtonSettings, down: bool = False) -> None:
        self._settings = settings
        self._down = down
        self._pressed: float | None = None
        """When the press that is still to be decided began; None where there is none."""
        self._released = 0.0
        """When the key last came up."""
        self._told: Gesture | None = None
        """What was told of a press whose end is still to be told."""

    @property
    def deadline(self) -> float | None:
        """When time alone decides the next thing."""
        if self._pressed is None:
            return None
        if self._down and self._settings.hold:
            return self._pressed + self._settings.hold_time
        return self._pressed + self._settings.double_press_time

    def tick(self, now: float) -> list[Fact]:
        """What has been decided by `now` without another edge."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return []
        return self._decide(Gesture.HELD if self._down and self._settings.hold else Gesture.PRESSED)

    def press(self, at: float) -> list[Fact]:
        """The key went down."""
        if self._down:
            return []
        decided = self.tick(at)
        self._down = True
        if self._pressed is not None:
            return decided + self._decide(Gesture.PRESSED_TWICE)
        self._pressed = at
        if self._settings.hold or self._settings.double_press:
            return decided
        return decided + self._decide(Gesture.PRESSED)

    def release(self, at: float) -> list[Fact]:
        """The key came up."""
        if not self._down:
            return []
        decided = self.tick(at)
        self._down, self._released = False, at
        if self._pressed is None:
            return decided + self._end()
        if not self._settings.double_press or at >= self._pressed + self._settings.double_press_time:
            return decided + self._decide(Gesture.PRESSED)
        return decided

    def _decide(self, gesture: Gesture) -> list[Fact]:
        pressed, self._pressed = self._pressed, None
        assert pressed is not None
        self._told = gesture
        return [Fact(gesture, pressed)] if self._down else [Fact(gesture, pressed), *self._end()]

    def _end(self) -> list[Fact]:
        told, self._told = self._told, None
        return [Fact(Gesture.RELEASED, self._released, told)] if told else []


class Movements(Protocol):
    """What clean presses and releases are told as; copied whenever time is to decide on trial."""

    @property
    def deadline(self) -> float | None:
        """When time alone decides the next thing."""

    def tick(self, now: float) -> list[Fact]:
        """What has been decided by `now` without another edge."""

    def press(self, at: float) -> list[Fact]:
        """It went down."""

    def release(self, at: float) -> list[Fact]:
        """It came up."""


class _Course:
    """What one pin does, seen edge by edge: everything up to an edge is known when that edge is told."""

    def __init__(self, debounce: float, gestures: Movements, level: bool) -> None:
        self._debouncer = Debouncer(debounce, level)
        self._gestures = gestures

    def __copy__(self) -> "_Course":
        other = object.__new__(_Course)
        other._debouncer, other._gestures = copy(self._debouncer), copy(self._gestures)
        return other

    @property
    def deadline(self) -> float | None:
        """When time alone decides the next thing."""
        return self._gestures.deadline if self._debouncer.deadline is None else self._debouncer.deadline

    def edge(self, level: bool, at: float) -> list[Fact]:
        """The pin went to `level`."""
        facts = self.tick(at)
        self._debouncer.edge(level, at)
        return facts + self.tick(at)

    def tick(self, now: float) -> list[Fact]:
        """What has been decided by `now`."""
        changed = self._debouncer.settle(now)
        facts: list[Fact] = []
        if changed is not None:
            facts = self._gestures.press(changed) if self._debouncer.level else self._gestures.release(changed)
        began = self._debouncer.began
        return facts + self._gestures.tick(now if began is None else began)


class Key:
    """One pin's edges, bounces and all, to facts. `level` is whether the key is down when it begins to watch.

    Edges come in order, but may come late: after a tick that is past them. So what time has decided since the last edge
    is told, but not kept. The next edge begins where the last one ended, and what it decides is not told twice.
    """

    def __init__(self, settings: ButtonSettings, level: bool, gestures: Movements | None = None) -> None:
        """`gestures` in the place of those of a button."""
        self.timed = bool(settings.hold or settings.double_press or gestures)
        """Whether anything depends on how long the key is down, or up."""
        self._course = _Course(settings.debounce, gestures or Gestures(settings, down=level), level)
        self._ahead = self._course
        self._latest = -inf
        self._ticked = -inf
        self._told = 0
        """How many facts were told that the edges have not borne out yet."""

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called."""
        return self._ahead.deadline

    def edge(self, level: bool, at: float) -> list[Fact]:
        """The pin went to `level`."""
        self._latest = max(at, self._latest)
        facts = self._course.edge(level, self._latest)
        self._ahead = self._course
        untold = facts[self._told :]
        self._told = max(0, self._told - len(facts)) if at < self._ticked else 0
        return untold

    def tick(self, now: float) -> list[Fact]:
        """What has been decided by `now`, if no edge before it is missing."""
        self._ticked = max(now, self._ticked)
        self._ahead = copy(self._course)
        facts = self._ahead.tick(now)
        untold = facts[self._told :]
        self._told += len(untold)
        return untold


class Hook(Key):
    """A handset's switch: lifted and hung up.

    Off the hook from the start counts as just lifted: after a power cut, whoever is still speaking is recorded on.
    """

    def __init__(self, settings: SwitchSettings) -> None:
        super().__init__(ButtonSettings(debounce=settings.debounce), level=False)

    def edge(self, level: bool, at: float) -> list[Fact]:
        """The pin went to `level`."""
        return _of_the_hook(super().edge(level, at))

    def tick(self, now: float) -> list[Fact]:
        """What has been decided by `now`, if no edge before it is missing."""
        return _of_the_hook(super().tick(now))


def _of_the_hook(facts: list[Fact]) -> list[Fact]:
    told = {Gesture.PRESSED: Gesture.LIFTED, Gesture.RELEASED: Gesture.HUNG_UP}
    return [Fact(told[fact.gesture], fact.at) for fact in facts]
