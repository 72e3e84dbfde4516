"""Withdraws what somebody has said: deletes it here and at every destination that can, and keeps a proof of that."""

import logging
from collections.abc import Collection, Mapping
from enum import StrEnum

from appliance import durable
from appliance.clock import Clock
from appliance.codec import to_json
from appliance.delivery.destination import Destination
from appliance.delivery.sender import defect
from appliance.errors import DeliveryError
from appliance.foreign import words
from appliance.limits import within
from appliance.models import Clip, Delivery, DeliveryState, Receipt
from appliance.plugin.upload import DeletingUploadBackend
from appliance.store import Store
from appliance.store.trouble import storage_errors
from appliance.values import frozen

PATIENCE = 300.0
"""Seconds that a backend has to delete one copy."""

_LATE = "it was just being sent there, and may arrive: withdraw it again in a moment"

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a copy: `deleted`, or why it may be there still."""

    DELETED = "deleted"
    CANNOT = "cannot"
    FAILED = "failed"


@frozen
class Copy:
    """One copy that was delivered."""

    destination: str
    remote_name: str
    checksum: str
    outcome: Outcome
    message: str = ""


@frozen
class Proof:
    """What was withdrawn, when (wall time in ns), and what became of each copy. It lies in `withdrawn/NAME.json`."""

    clip_id: str
    name: str
    code: str
    withdrawn_ns: int
    copies: tuple[Copy, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing of it is left anywhere."""
        return all(copy.outcome is Outcome.DELETED for copy in self.copies)


class Withdrawals:
    """Any thread may ask; it takes as long as the destinations do."""

    def __init__(self, store: Store, destinations: Mapping[str, Destination], clock: Clock) -> None:
        self._store = store
        self._destinations = destinations
        self._clock = clock

    def withdraw(self, clip: Clip, code: str, running: Collection[str] = ()) -> Proof:
        """Delete what was delivered of a clip that is deleted here already; the proof. Harmless when repeated.

        `running` are destinations to which an attempt was under way that was taken back, and may succeed in spite of
        that. Raises StorageError where the proof cannot be kept.
        """
        delivered = self._store.outbox.find(clip.id, None, (DeliveryState.DELIVERED,))
        copies = tuple(self._delete(each, each.receipt) for each in delivered if each.receipt is not None)
        late = sorted(set(running) - {copy.destination for copy in copies})
        copies += tuple(Copy(name, clip.file_name, "", Outcome.FAILED, _LATE) for name in late)
        proof = Proof(clip.id, clip.name, code, self._clock.wall_ns(), copies)
        path = self._store.places.withdrawn / f"{clip.name}.json"
        with storage_errors(path.parent):
            durable.make_directory(path.parent)
            durable.write_file(path, to_json(proof).encode())
        return proof

    def _delete(self, delivery: Delivery, receipt: Receipt) -> Copy:
        outcome, message = self._ask(delivery.destination, receipt)
        return Copy(delivery.destination, receipt.remote_name, receipt.checksum, outcome, message)

    def _ask(self, name: str, receipt: Receipt) -> tuple[Outcome, str]:
        target = self._destinations.get(name)
        if target is None:
            return Outcome.FAILED, f"there is no destination {name} that can be used: see `appliance config check`"
        backend = target.backend
        if not isinstance(backend, DeletingUploadBackend):
            return Outcome.CANNOT, f"{name} cannot delete what was delivered: delete it there by hand"
        try:
            within(PATIENCE, lambda: backend.delete(receipt), f"delete:{name}")
        except DeliveryError as error:
            return Outcome.FAILED, words(error)
        except BaseException as error:  # a plugin may do anything
            log.exception("defect in the backend of destination %s", name)
            return Outcome.FAILED, defect(error)
        return Outcome.DELETED, ""
