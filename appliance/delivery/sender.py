"""Makes one attempt: prepares the file, asks the backend, and puts into plain words what came of it."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from attrs import evolve

from appliance.clock import Clock
from appliance.delivery.attempt import Attempt
from appliance.delivery.receipts import believed
from appliance.delivery.sending import key
from appliance.errors import Cancelled, KeptAlone, NotFound, Permanent, StorageError, Transient
from appliance.events import Command, DeliveryStarted, Event
from appliance.foreign import words
from appliance.limits import LOOK, Errand
from appliance.models import Clip, Delivery, Receipt, Rendition
from appliance.naming import Named, name_of
from appliance.plugin.upload import UploadBackend, UploadJob
from appliance.recipes import ENCRYPTED, ORIGINAL
from appliance.renditions.maker import Check, Renditions
from appliance.retry import TELL_AFTER
from appliance.store import Store
from appliance.values import frozen
from appliance.vitals import Pulse

FinishLive = Callable[[str, Callable[[float], None]], None]

_HANGS = "nothing is heard of its plugin: it hangs. Update or remove it, then restart"

log = logging.getLogger(__name__)


@frozen
class Delivered:
    """It arrived."""

    receipt: Receipt


@frozen
class Failed:
    """It did not arrive, and why.

    `parks` where a person must act, `defect` where the backend broke its contract, `clip_only` where the destination
    was not even asked. `asked` is the wait in seconds that the other side asked for. `tell` where a person should know
    at once.
    """

    message: str
    parks: bool = False
    defect: bool = False
    clip_only: bool = False
    asked: float = 0.0
    tell: bool = False


class TakenBack:
    """It was cancelled while it ran."""


Outcome = Delivered | Failed | TakenBack


class Sender:
    """Makes attempts at one destination. For several threads at once.

    `stuck` tells of a delivery whose backend hangs. `finish_live` waits until nothing of a clip's take is sent live any
    more, where takes are. `name` is the template of the names that files get, where they do not keep theirs.
    """

    def __init__(
        self,
        store: Store,
        renditions: Renditions,
        backend: UploadBackend,
        clock: Clock,
        post: Callable[[Command | Event], None],
        stuck: Callable[[int, str], None],
        finish_live: FinishLive | None = None,
        name: str = "",
    ) -> None:
        self._name = name
        self._store = store
        self._renditions = renditions
        self._backend = backend
        self._clock = clock
        self._post = post
        self._stuck = stuck
        self._finish_live = finish_live

    def send(self, attempt: Attempt, pulse: Pulse) -> Outcome:
        """Make the attempt. Blocks; raises nothing, whatever the backend does."""
        delivery = attempt.delivery

        def check() -> None:
            pulse.beat()
            attempt.check()

        try:
            clip = self._store.clips.find(delivery.clip_id)
            made = self._prepared(attempt, clip, check)
            delivery = attempt.delivery
            told = _discreet(clip) if made.recipe.clear else clip
            rendition = self._called(told, made)
            attempt.delivery = self._with_live_note(attempt, check)
        except Cancelled:
            return TakenBack()
        except (Permanent, NotFound) as error:
            return Failed(words(error), parks=True, clip_only=True)
        except (Transient, StorageError) as error:
            return Failed(words(error), tell=isinstance(error, Transient) and error.tell)
        attempt.begin(rendition.size)
        self._post(DeliveryStarted(clip.id, delivery.destination, delivery.attempts, rendition.size))
        pulse.rest()  # inside the backend the network's own timeouts hold
        outcome = self._deliver(self._job(attempt, told, rendition), attempt)
        pulse.beat()
        return outcome

    def _prepared(self, attempt: Attempt, clip: Clip, check: Check) -> Rendition:
        """The file to send: what is kept of a clip encrypted alone, where what is wanted was not made in time."""
        recipes, delivery = self._store.recipes, attempt.delivery
        try:
            return self._renditions.prepare(clip, recipes[delivery.recipe], check)
        except KeptAlone:
            kept = recipes.get(f"{ORIGINAL.name}{ENCRYPTED}")
            if kept is None:
                raise Permanent(
                    f"clip {clip.name} is kept encrypted alone, and goes so while `storage.encrypt_to` is there. "
                    "Put that back"
                ) from None
            self._store.outbox.go_as(delivery.id, kept.name)  # before it is there: what nobody waits for is dropped
            attempt.delivery = evolve(delivery, recipe=kept.name, resume=None)
            return self._renditions.prepare(clip, kept, check)

    def _called(self, clip: Clip, rendition: Rendition) -> Rendition:
        """The rendition under the name that the destination wants."""
        if not self._name:
            return rendition
        named = Named(clip, rendition.recipe, self._store.clips.number(clip.id))
        return evolve(rendition, called=name_of(self._name, named))

    def _with_live_note(self, attempt: Attempt, check: Check) -> Delivery:
        """The delivery with the note that the last part sent live has left."""
        delivery = attempt.delivery
        if self._finish_live is None:
            return delivery

        def goes_on(heard: float) -> None:
            check()
            attempt.heard = max(attempt.heard, heard)
            self._look_at(attempt)

        self._finish_live(delivery.clip_id, goes_on)
        [found] = self._store.outbox.find(delivery.clip_id, delivery.destination)
        return evolve(delivery, resume=found.resume)

    def _job(self, attempt: Attempt, clip: Clip, rendition: Rendition) -> UploadJob:
        delivery = attempt.delivery

        def save_resume(note: dict[str, object] | None) -> None:
            try:
                if not attempt.abandoned:
                    self._store.outbox.save_resume(delivery.id, note)
            except StorageError as error:
                log.warning("a note to resume %s could not be kept: %s", rendition.file_name, error)

        return UploadJob(
            rendition,
            clip,
            idempotency_key=key(clip.id, delivery.recipe, delivery.destination),
            attempt=delivery.attempts,
            resume=delivery.resume,
            progress=attempt.progress,
            held=attempt.held,
            save_resume=attempt.sign(save_resume),
            cancelled=attempt.sign(attempt.cancelled),
        )

    def _deliver(self, job: UploadJob, attempt: Attempt) -> Outcome:
        errand = Errand(partial(self._backend.deliver, job), f"deliver:{attempt.delivery.destination}")
        try:
            receipt = errand.watched(partial(self._look_at, attempt))
            return Delivered(self._stamped(believed(receipt, "deliver", job.rendition.size)))
        except Transient as error:
            return Failed(words(error), asked=error.retry_after or 0.0, tell=error.tell)
        except Permanent as error:
            return Failed(words(error), parks=True)
        except BaseException as error:  # a plugin may do anything
            if isinstance(error, Cancelled) and attempt.cancelled():
                return TakenBack()
            log.error("defect in the backend of destination %s", attempt.delivery.destination, exc_info=True)
            return Failed(defect(error), defect=True)

    def _look_at(self, attempt: Attempt) -> None:
        """Tell where nothing is heard of the backend: at once beside the delivery, as a fault once that lasts."""
        silence, delivery = self._clock.monotonic() - attempt.heard, attempt.delivery
        if silence >= LOOK and not attempt.quiet:
            attempt.quiet = True
            with suppress(StorageError):
                self._store.outbox.noted(delivery.id, f"nothing was heard of its plugin for {silence:.0f} s")
        if silence >= TELL_AFTER:
            self._stuck(delivery.id, _HANGS)

    def _stamped(self, receipt: Receipt) -> Receipt:
        return receipt if receipt.received_at else evolve(receipt, received_at=self._clock.wall_ns())


def defect(error: BaseException) -> str:
    """What a person is told of an error that no backend should let out."""
    return f"defect in the backend: {words(error)}. Update its plugin"


def _discreet(clip: Clip) -> Clip:
    """The clip as it may be told of beside an encrypted file: without what people said, in it or of it, and where."""
    begun = clip.begun and evolve(clip.begun, which="", profile="")
    quiet = evolve(clip, title="", labels=(), note="", texts=(), fields={}, marks=(), starred=False)
    return evolve(quiet, place=None, begun=begun)
