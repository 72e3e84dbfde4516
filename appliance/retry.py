"""How long to wait before the next attempt."""

from collections.abc import Callable

_ENOUGH_DOUBLINGS = 64


def backoff(attempt: int, minimum: float, maximum: float, random: Callable[[], float]) -> float:
    """Seconds to wait after the failure of attempt number `attempt`, which counts from 1.

    Exponential backoff with full jitter: at random between nothing and `minimum` after the first failure, twice that
    after each further one, never above `maximum`. `random` gives numbers of [0, 1).

    Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    doublings = min(max(attempt, 1) - 1, _ENOUGH_DOUBLINGS)
    return random() * min(maximum, minimum * 2.0**doublings)
