"""One attempt to deliver, while it runs."""

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from appliance.clock import Clock, wait_for
from appliance.delivery.pace import RateLimit, Speedometer
from appliance.errors import Cancelled
from appliance.events import Command, DeliveryProgress, Event
from appliance.models import Delivery

P = ParamSpec("P")
T = TypeVar("T")


class Attempt:
    """Can be taken back from any thread, tells how far it is, and keeps to the destination's rate limit.

    `abandoned` says that nobody waits for the outcome any more, `hoped` that the reason of failures may have gone since
    it began. `heard` is when the backend showed last that it moves, on CLOCK_MONOTONIC in seconds,
    `quiet` that it was told that it does not.
    """

    def __init__(
        self, delivery: Delivery, limit: RateLimit | None, clock: Clock, post: Callable[[Command | Event], None]
    ) -> None:
        self.delivery = delivery
        self.abandoned = False
        self.hoped = False
        self.heard = clock.monotonic()
        self.quiet = False
        self._limit = limit
        self._clock = clock
        self._post = post
        self._changed = threading.Condition()
        self._cancelled = False
        self._sent = 0
        self._held = 0
        self._size = 0
        self._speed = Speedometer(0)

    def take_back(self) -> None:
        """Let the backend raise Cancelled soon."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def cancelled(self) -> bool:
        """Whether it was taken back."""
        return self._cancelled

    def check(self) -> None:
        """Raise Cancelled where it was taken back."""
        if self._cancelled:
            raise Cancelled("taken back")

    def begin(self, size: int) -> None:
        """The file is ready, `size` bytes. What an attempt carries on from does not count for the rate."""
        self._size = size
        self.heard = self._clock.monotonic()
        self._speed = Speedometer(size)
        if self.delivery.resume is None:
            self._speed.report(self._clock.monotonic(), 0)

    def sign(self, call: Callable[P, T]) -> Callable[P, T]:
        """`call`, made by the backend, as a sign that it moves."""

        def signed(*values: P.args, **named: P.kwargs) -> T:
            self.heard = self._clock.monotonic()
            return call(*values, **named)

        return signed

    def grow(self, size: int) -> None:
        """There are `size` bytes to send by now."""
        with self._changed:
            self._size = self._speed.size = size

    def held(self, count: int) -> None:
        """`count` bytes of the progress to come are at the destination already."""
        with self._changed:
            self._held += count
            self._speed.skip(count)

    def progress(self, sent: int) -> None:
        """`sent` bytes are out. Waits where that is enough for now. Raises where it is no number."""
        sent = max(0, int(sent))
        self.heard = now = self._clock.monotonic()
        if self._limit is None and not self._held and not self._speed.is_due(now):
            self._sent = sent
            return
        with self._changed:
            step, self._sent = sent - self._sent, sent
            free = min(max(step, 0), self._held)
            step, self._held = step - free, self._held - free
            news = self.status() if self._speed.report(now, sent) else None
        if news is not None:
            self._post(news)
        if self._limit is not None and step > 0:
            self._wait(self._limit.take(step))

    def _wait(self, seconds: float) -> None:
        self.heard += seconds
        with self._changed:
            wait_for(self._clock, self._changed, self.cancelled, seconds)

    def status(self) -> DeliveryProgress:
        """How far it is."""
        delivery, speed = self.delivery, self._speed
        with self._changed:
            return DeliveryProgress(
                delivery.clip_id, delivery.destination, self._sent, self._size, speed.rate, speed.seconds_left
            )
