"""Which of the deliveries that were refused go again when another one has arrived."""

import re
from collections.abc import Collection
from math import inf

from attrs import evolve

from appliance.values import frozen

_RARER = 10
"""So many times more arrivals each time until what was refused for the same reason as before is tried again."""


@frozen
class _Refusal:
    """`due` is the number of the arrival after which it goes again; infinite once it was let go."""

    words: tuple[str, ...]
    wait: int
    due: float


class Refusals:
    """What refused them may have been the destination (a password, a portal, a disk that is read-only) or the clip.

    Nobody can tell, but an arrival shows that the destination works. Each goes again after it; where it is refused for
    the same reason, after ten further arrivals, then a hundred: so neither does a clip that is never taken cost an
    attempt for each that is, nor does a place that works now and then keep its clips waiting.

    Not for several threads at once.
    """

    def __init__(self) -> None:
        self._arrivals = 0
        self._refused: dict[int, _Refusal] = {}

    def __len__(self) -> int:
        return len(self._refused)

    def refused(self, delivery_id: int, reason: str) -> None:
        """It was refused. Reasons that differ in numbers alone are the same: dates, sizes, what servers count."""
        words = tuple(word for word in reason.split() if not re.search(r"\d", word))
        before = self._refused.get(delivery_id)
        wait = 1
        if before is not None and before.words == words:
            wait = before.wait * _RARER if before.due == inf else before.wait
        self._refused[delivery_id] = _Refusal(words, wait, self._arrivals + wait)

    def arrived(self) -> list[int]:
        """Something has arrived: which of the others are to go again now, each of them told once."""
        self._arrivals += 1
        due = [delivery_id for delivery_id, refusal in self._refused.items() if refusal.due <= self._arrivals]
        for delivery_id in due:
            self._refused[delivery_id] = evolve(self._refused[delivery_id], due=inf)
        return due

    def forget(self, delivery_ids: Collection[int]) -> None:
        """These were not refused after all, or are nobody's business any more."""
        for delivery_id in delivery_ids:
            self._refused.pop(delivery_id, None)
