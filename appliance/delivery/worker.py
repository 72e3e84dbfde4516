"""Everything that goes to one destination."""

import logging
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial

from attrs import evolve

from appliance.clock import Clock
from appliance.delivery.attempt import Attempt
from appliance.delivery.destination import Destination
from appliance.delivery.pace import RateLimit
from appliance.delivery.patience import PULSE_LIMIT, Patience
from appliance.delivery.sender import Delivered, Failed, FinishLive, Outcome, Sender
from appliance.delivery.trouble import Trouble
from appliance.errors import StorageError
from appliance.events import Command, DeliveryParked, DeliveryPostponed, DeliveryProgress, DeliverySucceeded, Event
from appliance.foreign import words
from appliance.hours import LOOK_AGAIN, seconds_until_active
from appliance.limits import leave
from appliance.models import Delivery, DeliveryState
from appliance.renditions.maker import Renditions
from appliance.retry import Streak
from appliance.store import Store
from appliance.vitals import Pulse, Vitals

DAY = 86_400.0
"""What is parked is tried again after this long, and at start: the configuration may be another one."""

STORAGE_PATIENCE = 5.0
"""Seconds between two tries to write down what happened, while the disk refuses."""

log = logging.getLogger(__name__)


class Worker:
    """Takes what waits for one destination from the store and sends it, on one thread per parallel attempt.

    Its lock is never held while it waits for the store: the store thread itself may wake and cancel. Attempts are
    claimed and cancelled on the store thread, so that a cancellation meets either the row or the running attempt.
    """

    def __init__(
        self,
        store: Store,
        destination: Destination,
        renditions: Renditions,
        clock: Clock,
        post: Callable[[Command | Event], None],
        vitals: Vitals,
        random: Callable[[], float],
        limit: RateLimit | None,
        finish_live: FinishLive | None,
    ) -> None:
        self._store = store
        self._name = destination.name
        self._settings = destination.settings
        self._backend = destination.backend
        self._renditions = renditions
        self._clock = clock
        self._post = post
        self._vitals = vitals
        self._changed = threading.Condition()
        self._patience = Patience(self._settings.retry, random)
        self._limit = limit
        self._running: dict[int, Attempt] = {}
        self._trouble = Trouble(store, self._name, self._settings.retry.max, post)
        stuck, called = self._trouble.stuck, self._settings.name
        self._sender = Sender(store, renditions, destination.backend, clock, post, stuck, finish_live, called)
        self._wakes = 0
        self._stopping = False
        self._parked_due = clock.monotonic()
        self._threads = [
            threading.Thread(target=self._run, name=f"delivery:{self._name}:{number}", daemon=True)
            for number in range(self._settings.max_parallel)
        ]

    # -- from other threads --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def wake(self, *, hope: bool = False) -> None:
        """There is something new, or `hope` that what failed works now: look at once.

        From any thread; returns at once.
        """
        with self._changed:
            if hope:
                self._patience.hope()
                for attempt in self._running.values():
                    attempt.hoped = True
            else:
                self._patience.hurry()
            self._wakes += 1
            self._changed.notify_all()

    def cancel(self, delivery_ids: Collection[int]) -> None:
        """End the attempts at these deliveries. From any thread; returns at once."""
        with self._changed:
            attempts = [self._running[number] for number in delivery_ids if number in self._running]
            self._wakes += 1
            self._changed.notify_all()
        self._trouble.forget(delivery_ids)
        for attempt in attempts:
            attempt.take_back()

    def progress(self) -> list[DeliveryProgress]:
        """How far the running attempts are."""
        with self._changed:
            return [attempt.status() for attempt in self._running.values()]

    def failing(self) -> tuple[Streak, float]:
        """What has failed since anything arrived last, and the seconds until the next attempt."""
        with self._changed:
            pause = self._patience.remaining(self._clock.monotonic())
        closed = seconds_until_active(self._settings.active_hours, self._clock.stamp())
        return self._trouble.streak, max(pause, closed or 0.0)

    def stop(self) -> None:
        """End the running attempts and claim no more. Returns at once; `join` waits."""
        with self._changed:
            self._stopping = True
            attempts = list(self._running.values())
            self._changed.notify_all()
        for attempt in attempts:
            attempt.take_back()

    def join(self, timeout: float, *, live_ended: bool = True) -> None:
        """Wait for the threads to end. A backend that does not come back is left behind and its delivery released.

        `live_ended` says that nothing is sent live by the same backend any more.
        """
        until = self._clock.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - self._clock.monotonic()))
        with self._changed:
            left = list(self._running.values())
            for attempt in left:
                attempt.abandoned = True
        for attempt in left:
            log.warning("destination %s does not let go of a delivery: it goes again at the next start", self._name)
            with suppress(StorageError):  # the next start does it anyway
                self._store.outbox.released(attempt.delivery.id)
        if live_ended and not left:
            leave(self._backend.close, f"destination {self._name}")

    # -- the threads ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pulse = self._vitals.pulse(threading.current_thread().name, PULSE_LIMIT)
        while (attempt := self._claim(pulse)) is not None:
            pulse.guard(partial(self._make, attempt, pulse), None)
            with self._changed:
                self._running.pop(attempt.delivery.id, None)
        self._vitals.remove(pulse)

    def _make(self, attempt: Attempt, pulse: Pulse) -> None:
        try:
            self._settle(attempt, self._sender.send(attempt, pulse), pulse)
        except Exception as error:
            log.exception("defect in the delivery to destination %s", self._name)
            failed = Failed(f"defect of the appliance: {words(error)}. Report it", defect=True)
            self._settle(attempt, failed, pulse)
        if not attempt.abandoned:
            self._renditions.finished(attempt.delivery.clip_id, attempt.delivery.recipe)

    def _claim(self, pulse: Pulse) -> Attempt | None:
        """Wait for something to send, and take it; None once it is time to stop."""
        while True:
            pulse.beat()
            with self._changed:
                if self._stopping:
                    return None
                seen = self._wakes
            found = pulse.guard(self._find, STORAGE_PATIENCE)
            if isinstance(found, Attempt):
                return found
            with self._changed:
                if self._wakes == seen and not self._stopping:
                    pulse.rest()
                    self._clock.wait(self._changed, found)

    def _find(self) -> Attempt | float:
        try:
            return self._look()
        except StorageError as error:
            self._trouble.complain(str(error))
            return STORAGE_PATIENCE

    def _look(self) -> Attempt | float:
        """An attempt to make now, or the seconds until it is worth to look again."""
        now = self._clock.monotonic()
        with self._changed:
            parked_due = now >= self._parked_due
            if parked_due:
                self._parked_due = now + DAY
        if parked_due and self._trouble.parked():
            self._store.outbox.retry(self._name)
        longest = self._trouble.look(now)
        with self._changed:
            now = self._clock.monotonic()
            pause = self._patience.remaining(now)
            longest = min(longest, self._parked_due - now)
        if closed := seconds_until_active(self._settings.active_hours, self._clock.stamp()):
            return min(closed, LOOK_AGAIN, longest)
        if pause:
            return min(pause, longest)
        attempt = self._store.submit(self._take).result()
        if attempt is not None:
            return attempt
        due = self._store.outbox.next_due(self._name)
        return longest if due is None else min(max(0.0, due - now), longest)

    def _take(self) -> Attempt | None:
        """Claim a delivery and make it known, at one go: runs on the store thread, as `cancel` of the outbox does."""
        delivery = self._store.outbox.take_next(self._name, self._settings.order, now=self._clock.monotonic())
        if delivery is None:
            return None
        attempt = Attempt(delivery, self._limit, self._clock, self._post)
        with self._changed:
            self._running[delivery.id] = attempt
            if self._stopping:
                attempt.take_back()
        return attempt

    # -- what came of an attempt ---------------------------------------------------------------------------------------

    def _settle(self, attempt: Attempt, outcome: Outcome, pulse: Pulse) -> None:
        delivery = attempt.delivery
        if attempt.abandoned:
            return
        if isinstance(outcome, Delivered):
            if not self._keep(lambda: self._store.outbox.delivered(delivery.id, outcome.receipt), pulse):
                return
            if again := self._trouble.arrived(delivery.id):
                self._keep(lambda: self._store.outbox.go_again(again), pulse)
            with self._changed:
                self._patience.succeeded()
                self._changed.notify_all()
            self._post(DeliverySucceeded(delivery.clip_id, self._name, outcome.receipt))
        elif isinstance(outcome, Failed) and not attempt.cancelled():
            self._fail(delivery, evolve(outcome, parks=outcome.parks and not attempt.hoped), pulse)
        else:
            self._keep(lambda: self._store.outbox.released(delivery.id), pulse)

    def _fail(self, delivery: Delivery, failed: Failed, pulse: Pulse) -> None:
        now = self._clock.monotonic()
        until = now
        with self._changed:
            if not failed.clip_only:
                until = self._patience.failed(delivery.attempts, now, asked=failed.asked, defect=failed.defect)
            wait = max(until - now, self._patience.remaining(now))
        if failed.parks:
            kept = self._keep(lambda: self._store.outbox.parked(delivery.id, failed.message), pulse)
        else:
            kept = self._keep(lambda: self._store.outbox.postponed(delivery.id, failed.message, until), pulse)
        if not kept or self._is_cancelled(delivery):
            return
        if failed.parks:
            self._post(DeliveryParked(delivery.clip_id, self._name, failed.message))
            told = self._trouble.stuck if failed.clip_only else self._trouble.refused
            told(delivery.id, f"{failed.message}; then run `appliance clips retry`")
            return
        self._post(DeliveryPostponed(delivery.clip_id, self._name, failed.message, wait))
        if failed.defect or failed.tell:
            self._trouble.stuck(delivery.id, failed.message)
        else:
            self._trouble.failed(delivery.clip_id, delivery.id, delivery.attempts, failed.message, now)

    def _keep(self, write: Callable[[], None], pulse: Pulse) -> bool:
        """Write down what happened. While the disk refuses, say so and try again until it is time to stop.

        False where it could not be written: then nobody may be told that it happened, and the next start tries again.
        """
        while True:
            pulse.beat()
            try:
                write()
                return True
            except StorageError as error:
                self._trouble.complain(str(error))
            with self._changed:
                if self._stopping:
                    return False
                pulse.rest()
                self._clock.wait(self._changed, STORAGE_PATIENCE)

    def _is_cancelled(self, delivery: Delivery) -> bool:
        """Whether somebody took it back meanwhile: then nobody needs to hear that it failed."""
        try:
            found = self._store.outbox.find(clip_id=delivery.clip_id, destination=self._name)
        except StorageError:
            return False
        return any(other.id == delivery.id and other.state is DeliveryState.CANCELLED for other in found)
