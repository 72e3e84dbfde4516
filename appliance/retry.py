"""How long to wait before the next attempt, and how many failures a person should know of."""

from collections.abc import Callable

from attrs import evolve

from appliance.values import frozen

TELL_AFTER = 600.0
"""Seconds that failures last before a person is told: routers and servers that start again are back by then."""

TELL_WAITS = 10
"""Where the longest wait is short, failures that last as many of it are told earlier."""

TELL_FAILURES = 5
"""So few failures are no habit yet, however far apart."""

_ENOUGH_DOUBLINGS = 64


def backoff(attempt: int, minimum: float, maximum: float, random: Callable[[], float]) -> float:
    """Seconds to wait after the failure of attempt number `attempt`, which counts from 1.

    Exponential backoff with full jitter: at random between nothing and `minimum` after the first failure, twice that
    after each further one, never above `maximum`. `random` gives numbers of [0, 1).

    Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    doublings = min(max(attempt, 1) - 1, _ENOUGH_DOUBLINGS)
    return random() * min(maximum, minimum * 2.0**doublings)


@frozen
class Streak:
    """Failures in a row, at one place, of the kind that may pass by itself.

    `since` is when the first of them happened, on CLOCK_MONOTONIC in seconds, `reason` what the last one was.
    """

    longest_wait: float
    failures: int = 0
    since: float = 0.0
    reason: str = ""

    def failed(self, reason: str, now: float) -> "Streak":
        """One more."""
        return evolve(self, failures=self.failures + 1, since=self.since if self.failures else now, reason=reason)

    def over(self) -> "Streak":
        """It works."""
        return Streak(self.longest_wait)

    def told_at(self) -> float | None:
        """From when on a person should know of it; None while there are too few failures."""
        if self.failures < TELL_FAILURES:
            return None
        return self.since + min(TELL_AFTER, TELL_WAITS * self.longest_wait)

    def lasts(self, now: float) -> bool:
        """Whether a person should know of it by now."""
        at = self.told_at()
        return at is not None and now >= at
