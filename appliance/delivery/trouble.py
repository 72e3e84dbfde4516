"""What a person should know about a destination, until it is over."""

import logging
import threading
from collections.abc import Callable, Collection

from appliance.events import Command, Event
from appliance.faults import DELIVERY
from appliance.models import DeliveryState
from appliance.store import Store

log = logging.getLogger(__name__)


class Trouble:
    """Keeps the fault of one destination: raised with its latest message, cleared once nothing calls for a person."""

    def __init__(self, store: Store, destination: str, post: Callable[[Command | Event], None]) -> None:
        self._store = store
        self._destination = destination
        self._post = post
        self._lock = threading.Lock()
        self._message = ""
        self._complaints = 0
        self._defects: set[int] = set()

    def complain(self, message: str) -> None:
        """A person should know this."""
        with self._lock:
            self._complaints += 1
            news, self._message = message != self._message, message
            if news:
                text = f"destination {self._destination}: {message}"
                log.warning("%s", text)
                self._post(DELIVERY.raised(text, self._destination))

    def defect(self, delivery_id: int, message: str) -> None:
        """The backend spoilt this delivery."""
        with self._lock:
            self._defects.add(delivery_id)
        self.complain(message)

    def forget(self, delivery_ids: Collection[int]) -> None:
        """These deliveries have arrived or were cancelled. Returns at once."""
        with self._lock:
            self._defects.difference_update(delivery_ids)

    def parked(self) -> int:
        """How many deliveries wait for a person."""
        return self._store.outbox.counts().get(self._destination, {}).get(DeliveryState.PARKED, 0)

    def clear_if_over(self) -> None:
        """Clear the fault where nothing is parked any more and no delivery is left that the backend spoilt."""
        with self._lock:
            if not self._message or self._defects:
                return
            complaints = self._complaints
        if self.parked():  # without the lock: the store thread may want it
            return
        with self._lock:
            if complaints == self._complaints:
                self._message = ""
                self._post(DELIVERY.cleared(self._destination))
