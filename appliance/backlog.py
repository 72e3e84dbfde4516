"""What waits for somebody who listens to events: bounded, the newest stay, and the stream itself says what was lost."""

import threading
from collections import deque

from appliance.clock import Clock, wait_for
from appliance.events import Event, EventsLost

LIMIT = 1000
"""Events that wait for one who listens."""


class Backlog:
    """A queue from whoever tells to one who listens; the one who tells never waits."""

    def __init__(self, clock: Clock, limit: int = LIMIT) -> None:
        self._clock = clock
        self._waiting: deque[Event] = deque(maxlen=limit)
        self._lost = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, event: Event) -> None:
        """Let `event` wait; where there is no room the oldest goes. Returns at once, from any thread."""
        with self._changed:
            self._lost += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(event)
            self._changed.notify()

    def get(self, timeout: float | None = None) -> Event | None:
        """The next event, or EventsLost in the place of those that had to go.

        None where none came for `timeout` seconds, and at once where none will come any more.
        """
        with self._changed:
            if not wait_for(self._clock, self._changed, lambda: self._waiting or self._closed, timeout):
                return None
            if self._lost:
                lost, self._lost = self._lost, 0
                return EventsLost(lost)
            return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Nothing more comes. What waits can still be had."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._closed

    @property
    def over(self) -> bool:
        """Whether it was closed, and everything was had."""
        return self._closed and not self._waiting
