"""Takes on their way to one destination while they are still recorded."""

import logging
import os
import queue
import threading
from collections.abc import Callable
from functools import partial

from appliance.audio.growing import GrowingTake
from appliance.clock import Clock
from appliance.config.settings import DestinationSettings
from appliance.delivery.attempt import Attempt
from appliance.delivery.pace import RateLimit
from appliance.delivery.patience import PULSE_LIMIT, Patience
from appliance.delivery.sending import Note, Sending
from appliance.errors import Cancelled, Permanent, StorageError, Transient
from appliance.events import Command, DeliveryCancelled, DeliveryPostponed, DeliveryProgress, Event
from appliance.foreign import words
from appliance.hours import LOOK_AGAIN, seconds_until_active
from appliance.limits import within
from appliance.models import Delivery, DeliveryState
from appliance.plugin.upload import LiveUploadBackend
from appliance.recipes import ORIGINAL
from appliance.store import Store
from appliance.vitals import Vitals

_LOOK_AROUND = 0.5
_WITHDRAW = 60.0

log = logging.getLogger(__name__)


class Live:
    """Sends takes to one destination while they are recorded, on a thread of its own, one take at a time.

    What was sent is in the store before anybody relies on it, and the ordinary delivery of the clip carries on from
    there: it waits in `finish` until the part under way is out. Whatever fails here costs time, never sound.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        settings: DestinationSettings,
        backend: LiveUploadBackend,
        limit: RateLimit | None,
        clock: Clock,
        post: Callable[[Command | Event], None],
        vitals: Vitals,
        random: Callable[[], float],
    ) -> None:
        self._store = store
        self._name = name
        self._settings = settings
        self._backend = backend
        self._limit = limit
        self._clock = clock
        self._post = post
        self._vitals = vitals
        self._pulse = vitals.pulse(f"live:{name}", PULSE_LIMIT)
        self._patience = Patience(settings.retry, random)
        self._until = 0.0
        self._takes: queue.SimpleQueue[GrowingTake | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._sending: Sending | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"live:{name}", daemon=True)

    # -- from other threads --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin. What was sent of takes that became no clips is withdrawn."""
        self._thread.start()

    def follow(self, take: GrowingTake) -> None:
        """A take has begun. Returns at once."""
        self._takes.put(take)

    def finish(self, clip_id: str, check: Callable[[float], None]) -> None:
        """Wait until nothing of the take that became this clip is sent live any more. `check` may end that; it is told
        when the backend has shown last that it moves.
        """
        while True:
            with self._changed:
                if self._sending is None or self._sending.take.begin.take_id != clip_id:
                    return
                heard = self._sending.attempt.heard
                self._clock.wait(self._changed, _LOOK_AROUND)
            check(heard)

    def progress(self) -> list[DeliveryProgress]:
        """How far it is."""
        with self._changed:
            return [self._sending.attempt.status()] if self._sending else []

    def wake(self, *, hope: bool = False) -> None:
        """Somebody asks for another try, or there is `hope` that what failed works now. As that of a worker."""
        if take := self._current():
            with take.changed:
                if hope:
                    self._patience.hope()
                else:
                    self._patience.hurry()
                self._until = 0.0
                take.changed.notify_all()

    def stop(self) -> None:
        """Send no more. Returns at once; `join` waits."""
        self._stopping = True
        self._takes.put(None)
        with self._changed:
            sending = self._sending
        if sending:
            sending.attempt.take_back()
            sending.take.wake()

    def join(self, timeout: float) -> bool:
        """Wait for the thread to end; whether it did."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _current(self) -> GrowingTake | None:
        with self._changed:
            return self._sending.take if self._sending else None

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._pulse.guard(self._withdraw_leftovers, None)
        while (take := self._takes.get()) is not None and not self._stopping:
            self._pulse.guard(partial(self._send, take), None)
            self._pulse.rest()
        self._vitals.remove(self._pulse)

    def _send(self, take: GrowingTake) -> None:
        try:
            file = os.open(take.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # it is over and was moved or removed
            return
        try:
            self._follow(self._sending_of(take, file))
        finally:
            os.close(file)

    def _sending_of(self, take: GrowingTake, file: int) -> Sending:
        take_id = take.begin.take_id
        delivery = Delivery(0, take_id, self._name, ORIGINAL.name, DeliveryState.SENDING)
        attempt = Attempt(delivery, self._limit, self._clock, self._post)
        return Sending(take, file, attempt, lambda: self._stopping, lambda note: self._save(take, note))

    def _save(self, take: GrowingTake, note: Note | None) -> None:
        try:
            self._store.outbox.save_live(take.begin.take_id, self._name, note)
        except StorageError as error:
            log.warning("a note to resume %s could not be kept: %s", take.begin.name, error)
        if note is not None:
            with take.changed:
                self._patience.succeeded()

    def _follow(self, sending: Sending) -> None:
        with self._changed:
            self._sending = sending
        try:
            while self._wait_for_turn(sending.take) and self._fails(sending):
                pass
            self._pulse.rest()
            if not sending.take.kept:
                self._withdraw(sending)
        finally:
            with self._changed:
                self._sending = None
                self._changed.notify_all()

    def _wait_for_turn(self, take: GrowingTake) -> bool:
        """Wait until an attempt may begin; false where there is no use in it any more."""
        while True:
            self._pulse.beat()
            closed = seconds_until_active(self._settings.active_hours, self._clock.stamp())
            with take.changed:
                if take.over or self._stopping:
                    return False
                now = self._clock.monotonic()
                seconds = max(closed, self._until - now, self._patience.remaining(now))
                if seconds <= 0:
                    return True
                self._pulse.rest()
                self._clock.wait(take.changed, min(seconds, LOOK_AGAIN))

    def _fails(self, sending: Sending) -> bool:
        """Make an attempt; whether it failed."""
        self._pulse.rest()  # inside the backend the network's own timeouts hold
        try:
            self._backend.deliver_live(sending.job())
            return False
        except BaseException as error:  # a plugin may do anything
            if isinstance(error, Cancelled) and sending.cancelled():
                return False
            self._tell(sending.take, error)
            return True

    def _tell(self, take: GrowingTake, error: BaseException) -> None:
        defect = not isinstance(error, Transient | Permanent)
        if defect:
            log.error("defect in the backend of destination %s", self._name, exc_info=error)
        asked = error.retry_after or 0.0 if isinstance(error, Transient) else 0.0
        self._pulse.beat()
        now = self._clock.monotonic()
        with take.changed:
            self._until = self._patience.failed(1, now, asked=asked, defect=defect)
            wait = max(self._until - now, self._patience.remaining(now))
        self._post(DeliveryPostponed(take.begin.take_id, self._name, words(error), wait))

    def _withdraw(self, sending: Sending) -> None:
        take_id = sending.take.begin.take_id
        if sending.note is not None:
            self._withdraw_note(take_id, sending.note)
        if sending.attempt.status().sent:
            self._post(DeliveryCancelled(take_id, self._name))

    def _withdraw_leftovers(self) -> None:
        """What a crash kept from being withdrawn. A take that is still there becomes a clip some day."""
        try:
            notes = self._store.outbox.live_notes(self._name)
        except StorageError as error:
            log.warning("destination %s: %s", self._name, error)
            return
        for take_id, note in notes.items():
            if not (self._store.places.takes / take_id).exists():
                self._withdraw_note(take_id, note)

    def _withdraw_note(self, take_id: str, note: Note) -> None:
        """Failures are logged: what stays there is little, and the next start tries again."""
        try:
            within(_WITHDRAW, partial(self._backend.withdraw, note), f"withdraw:{self._name}")
            self._store.outbox.save_live(take_id, self._name, None)
        except BaseException as error:  # a plugin may do anything
            log.warning("destination %s keeps a part of take %s: %s", self._name, take_id, words(error))
