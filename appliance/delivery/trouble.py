"""What a person should know about a destination, until it is over."""

import logging
import threading
from collections.abc import Callable, Collection
from math import inf

from appliance.delivery.refusals import Refusals
from appliance.events import Command, Event
from appliance.faults import DELIVERY
from appliance.models import DeliveryState
from appliance.phrases import sentences
from appliance.retry import TELL_FAILURES, Streak
from appliance.store import Store

STUBBORN = 8
"""So many attempts at one clip are told though others arrive: with the usual waits they take ten minutes or so."""

log = logging.getLogger(__name__)


class Trouble:
    """Keeps the fault of one destination: raised with its latest message, cleared once nothing calls for a person.

    What does not pass by itself calls for one at once, and what may pass once it has lasted.
    """

    def __init__(
        self, store: Store, destination: str, longest_wait: float, post: Callable[[Command | Event], None]
    ) -> None:
        self._store = store
        self._destination = destination
        self._post = post
        self._lock = threading.Lock()
        self._message = ""
        self._complaints = 0
        self._stuck: set[int] = set()
        self._refusals = Refusals()
        self._answers = False
        self.streak = Streak(longest_wait)
        """What has failed since anything arrived last; may be read from any thread."""

    def complain(self, message: str, *, since: float | None = None) -> None:
        """A person should know this."""
        with self._lock:
            self._complaints += 1
            news, self._message = message != self._message, message
            if news:
                text = f"destination {self._destination}: {message}"
                log.warning("%s", text)
                self._post(DELIVERY.raised(text, self._destination, since=since))

    def stuck(self, delivery_id: int, message: str) -> None:
        """This delivery does not arrive, whatever others do."""
        with self._lock:
            self._stuck.add(delivery_id)
        self.complain(message)

    def refused(self, delivery_id: int, message: str) -> None:
        """This delivery was refused: it waits for a person, or for another to arrive."""
        with self._lock:
            self._refusals.refused(delivery_id, message)
        self.answered()
        self.complain(message)

    def failed(self, clip_id: str, delivery_id: int, attempts: int, reason: str, now: float) -> None:
        """An attempt has failed, number `attempts` of its clip, for a reason that may pass by itself."""
        with self._lock:
            self._refusals.forget([delivery_id])
            self.streak = self.streak.failed(reason, now)
        if attempts >= STUBBORN and self._answers and self.streak.failures < TELL_FAILURES:
            self.stuck(
                delivery_id, sentences(f"clip {clip_id} does not arrive: {reason}", "It is tried again by itself")
            )

    def answered(self) -> None:
        """Something has arrived, or was refused for good: whatever failed before it has passed."""
        with self._lock:
            self._answers, self.streak = True, self.streak.over()

    def arrived(self, delivery_id: int) -> list[int]:
        """This delivery has arrived; which of those refused before should go again now."""
        self.forget([delivery_id])
        self.answered()
        with self._lock:
            return self._refusals.arrived()

    def forget(self, delivery_ids: Collection[int]) -> None:
        """These deliveries have arrived or were cancelled. Returns at once."""
        with self._lock:
            self._stuck.difference_update(delivery_ids)
            self._refusals.forget(delivery_ids)

    def parked(self) -> int:
        """How many deliveries wait for a person."""
        return self._counts().get(DeliveryState.PARKED, 0)

    def look(self, now: float) -> float:
        """Tell what has lasted, and clear the fault where nothing calls for a person any more.

        The seconds until it should be asked again.
        """
        with self._lock:
            if not (self._message or self.streak.failures):
                return inf
            complaints = self._complaints
        counts = self._counts()  # without the lock: the store thread may want it
        with self._lock:
            if not (counts.get(DeliveryState.PENDING) or counts.get(DeliveryState.SENDING)):
                self.streak = self.streak.over()  # nothing is left that fails
            streak = self.streak
        if streak.lasts(now):
            self.complain(
                sentences(streak.reason, "Nothing arrives there; it is tried again by itself"), since=streak.since
            )
        else:
            self._clear(complaints)
        told_at = streak.told_at()
        return inf if told_at is None or told_at <= now else told_at - now

    def _clear(self, complaints: int) -> None:
        """Clear the fault, unless there was another complaint meanwhile."""
        with self._lock:
            if self._message and not (self._stuck or self._refusals) and complaints == self._complaints:
                self._message = ""
                self._post(DELIVERY.cleared(self._destination))

    def _counts(self) -> dict[DeliveryState, int]:
        return self._store.outbox.counts().get(self._destination, {})
