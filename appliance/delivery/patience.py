"""How long one destination waits after failures."""

from collections.abc import Callable

from appliance.config.settings import RetrySettings
from appliance.retry import backoff

LONGEST_ASKED = 3_600.0
"""No other side makes us wait longer than this."""

PULSE_LIMIT = 120.0
"""Seconds within which a thread that sends or pulls shows that it moves, unless it waits."""

HOPEFUL = 8
"""So many failures after a reason to hope count as if they were the first ones: a network comes back step by step."""


class Patience:
    """Two waits at a time: that of the clip that failed, and that of the whole destination.

    When an attempt fails, nobody can tell yet whether the clip or the destination is to blame. So both wait: the clip
    by the number of its own attempts, the destination by the number of failures since anything last arrived. With
    the network down, 100,000 clips thus cost one attempt each time the destination's wait is over, and not one each.
    After the wait the store hands out clips that were not tried yet before those that failed, so that a poisoned clip
    costs the others one short wait for each of its own attempts, which grow rarer; the first clip that arrives ends
    the destination's wait and its count.

    Times are CLOCK_MONOTONIC in seconds. Not for several threads at once.
    """

    def __init__(self, settings: RetrySettings, random: Callable[[], float]) -> None:
        self._settings = settings
        self._random = random
        self._failures = 0
        self._until = 0.0
        self._asked_until = 0.0
        self._hopes = 0

    def remaining(self, now: float) -> float:
        """Seconds that the destination still waits."""
        return max(0.0, self._until - now, self._asked_until - now)

    def succeeded(self) -> None:
        """Something arrived."""
        self._failures = self._hopes = 0
        self._until = self._asked_until = 0.0

    def hurry(self) -> None:
        """Somebody wants it now: try at once, unless the other side asked us to wait.

        Should it fail, the waits are as long as before.
        """
        self._until = 0.0

    def hope(self) -> None:
        """The reason of the failures may be gone: try at once, as `hurry`, and soon again should it fail."""
        self._until = 0.0
        self._failures, self._hopes = 0, HOPEFUL

    def failed(self, attempts: int, now: float, *, asked: float = 0.0, defect: bool = False) -> float:
        """The attempt failed, number `attempts` of its clip; when the clip may be tried again.

        `asked` is the wait that the other side asked for. A `defect` of the backend will hardly go away by itself: the
        clip waits for the longest time.
        """
        self._failures += 1
        if self._hopes:
            self._hopes -= 1
            attempts = min(attempts, HOPEFUL - self._hopes)
        asked = min(asked, LONGEST_ASKED)
        self._asked_until = max(self._asked_until, now + asked)
        self._until = max(self._until, now + self._wait(self._failures))
        return now + max(asked, self._settings.max if defect else self._wait(attempts))

    def _wait(self, failures: int) -> float:
        return backoff(failures, self._settings.min, self._settings.max, self._random)
