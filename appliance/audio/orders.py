"""What a thread is told to do, in the order of the telling."""

import threading
from collections import deque
from collections.abc import Callable

from appliance.clock import Clock, wait_for

Order = Callable[[], None]


class Orders:
    """Any thread puts orders in, one takes them out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._orders: deque[Order] = deque()
        self._changed = threading.Condition()

    def put(self, order: Order) -> None:
        """Put an order behind all others. Returns at once."""
        with self._changed:
            self._orders.append(order)
            self._changed.notify()

    def take(self, timeout: float | None) -> Order | None:
        """The next one; wait for it up to `timeout` seconds, None for however long it takes."""
        if timeout == 0 and not self._orders:  # asked for every period that is played
            return None
        with self._changed:
            wait_for(self._clock, self._changed, lambda: self._orders, timeout)
            return self._orders.popleft() if self._orders else None
