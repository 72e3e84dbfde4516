"""Whose password is looked at now: one at a time, as that costs memory and a processor. Whoever has been let in at an
address before goes before strangers there are any number of, and of either the first comes first. Pure.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.clock import Clock
from appliance.page.guard import network_of

MOST_WAITING = 16
"""Strangers who wait at the same time, and others: each has a thread of the page meanwhile."""

_MOST_KNOWN = 100


class Turns:
    """Lets one after the other. From any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._known: dict[str, None] = {}
        self._waiting: dict[bool, list[object]] = {True: [], False: []}
        self._now: object = None

    def know(self, address: str) -> None:
        """Somebody there was let in. Of many such addresses the last ones count."""
        with self._changed:
            self._known.pop(network_of(address), None)
            self._known[network_of(address)] = None
            if len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]

    @contextmanager
    def turn(self, address: str) -> Iterator[bool]:
        """It has come; or, where False, too many wait before. Ends with the block."""
        place = object()
        came = self._wait(place, address)
        try:
            yield came
        finally:
            with self._changed:
                if self._now is place:
                    self._now = None
                    self._changed.notify_all()

    def _wait(self, place: object, address: str) -> bool:
        with self._changed:
            line = self._waiting[network_of(address) in self._known]
            if len(line) >= MOST_WAITING:
                return False
            line.append(place)
            while self._now or (self._waiting[True] or self._waiting[False])[0] is not place:
                self._clock.wait(self._changed, None)
            line.remove(place)
            self._now = place
            return True
