"""Looks again at what destinations have taken: is it still there, and still the same?"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

from attrs import evolve

from appliance.delivery.destination import Destination
from appliance.delivery.receipts import believed
from appliance.delivery.sender import defect
from appliance.errors import CannotVerify, CopyDiffers, CopyMissing, DeliveryError, NotFound
from appliance.foreign import words
from appliance.limits import within
from appliance.models import Delivery, DeliveryState, Receipt, Rendition
from appliance.recipes import Recipe
from appliance.store import Store
from appliance.values import frozen

PATIENCE = 3600.0
"""Seconds that a backend has to look at one copy: some read it all."""

_PAGE = 100
_DELIVERED = (DeliveryState.DELIVERED,)

log = logging.getLogger(__name__)


class Found(StrEnum):
    """What a second look has shown. `there` means of the right size, and no more to be proved; `unknown` that the
    destination cannot be asked; `failed` that it did not answer as it should.
    """

    OK = "ok"
    THERE = "there"
    MISSING = "missing"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    FAILED = "failed"


LOST = (Found.MISSING, Found.DIFFERENT)
"""The copy cannot be counted on."""


@frozen
class Checked:
    """One copy and what was found. `resent` says that its clip is on its way there again."""

    clip_id: str
    destination: str
    remote_name: str
    found: Found
    message: str = ""
    resent: bool = False


class Verifier:
    """Asks the backends, one copy after the other. For any thread."""

    def __init__(self, store: Store, destinations: Mapping[str, Destination]) -> None:
        self._store = store
        self._destinations = destinations

    def look(self, clip_ids: Sequence[str] | None, destination: str | None, *, resend: bool) -> Iterator[Checked]:
        """Look at the copies of these clips (all where None, those deleted here included), at one destination or all.

        A copy that is lost is no proof any more: its receipt does not let the clip be deleted here. Where `resend` and
        the clip is still here, it is queued anew. Raises NotFound for a destination that cannot be asked.
        """
        if destination is not None and destination not in self._destinations:
            raise NotFound(f"there is no destination {destination!r} that can be used: see `appliance config check`")
        for delivery in self._deliveries(clip_ids, destination):
            target = self._destinations.get(delivery.destination)
            if target is not None and delivery.receipt is not None:
                yield self._look_at(delivery, delivery.receipt, target, resend)

    def _deliveries(self, clip_ids: Sequence[str] | None, destination: str | None) -> Iterator[Delivery]:
        if clip_ids is not None:
            for clip_id in clip_ids:
                yield from self._store.outbox.find(clip_id, destination, _DELIVERED)
            return
        last = 0
        while page := self._store.outbox.find(None, destination, _DELIVERED, _PAGE, after=last):
            yield from page
            last = page[-1].id

    def _look_at(self, delivery: Delivery, receipt: Receipt, target: Destination, resend: bool) -> Checked:
        checked = Checked(delivery.clip_id, delivery.destination, receipt.remote_name, Found.OK)
        look = partial(target.backend.verify, self._rendition(delivery, receipt), receipt)
        try:
            again = believed(within(PATIENCE, look, f"verify:{delivery.destination}:{delivery.clip_id}"), "verify")
        except DeliveryError as error:
            checked = evolve(checked, found=_meaning(error), message=words(error))
        except BaseException as error:  # a plugin may do anything
            log.exception("defect in the backend of destination %s", delivery.destination)
            return evolve(checked, found=Found.FAILED, message=defect(error))
        else:
            if again.verified or not receipt.verified:
                self._note(delivery, evolve(again, received_at=receipt.received_at))
            return checked if again.verified else evolve(checked, found=Found.THERE)
        if checked.found in LOST:
            if resend and self._store.outbox.redeliver(delivery.id):
                return evolve(checked, resent=True)
            self._note(delivery, evolve(receipt, verified=False))
        return checked

    def _note(self, delivery: Delivery, receipt: Receipt) -> None:
        if receipt != delivery.receipt:
            self._store.outbox.correct_receipt(delivery.id, receipt)

    def _rendition(self, delivery: Delivery, receipt: Receipt) -> Rendition:
        """What was delivered, as far as it is remembered: encodings are dropped or made anew, and clips deleted."""
        recipe = self._store.recipes.get(delivery.recipe) or Recipe(
            delivery.recipe, Path(receipt.remote_name).suffix, ""
        )
        known = self._store.clips.rendition(delivery.clip_id, recipe)
        sha256 = receipt.checksum if receipt.algorithm == "sha256" else ""
        if known is not None and sha256 in ("", known.sha256):
            return known
        path = self._store.places.renditions / Path(receipt.remote_name).name
        return Rendition(delivery.clip_id, recipe, path, receipt.size, sha256)


def _meaning(error: DeliveryError) -> Found:
    kinds = {CopyMissing: Found.MISSING, CopyDiffers: Found.DIFFERENT, CannotVerify: Found.UNKNOWN}
    return next((found for kind, found in kinds.items() if isinstance(error, kind)), Found.FAILED)
