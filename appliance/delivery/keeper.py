"""Sees to it that only the encrypted file of a clip stays on the card, where `storage.keep_encrypted` says so.

What needs the plain sound is done before: the renditions that deliveries wait for are made, encrypted, from it. The
encrypted file is made durable and read back from the card before the plain one goes; that it can be decrypted nobody
can find out here, as the key is elsewhere.
"""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.clock import Clock
from appliance.delivery.outbox import Outbox
from appliance.errors import ApplianceError, NotFound, Transient
from appliance.events import ClipDescribed, ClipFinished, ClipRestored, DeliverySucceeded, Event
from appliance.faults import ENCRYPTION
from appliance.foreign import words
from appliance.loops import Loop
from appliance.models import Clip, DeliveryState, Rendition
from appliance.recipes import ENCRYPTED, ORIGINAL, Recipe, encrypted_instead
from appliance.renditions.encrypt import looks_wrong
from appliance.status import Status
from appliance.store import Store
from appliance.store.search import is_undecided
from appliance.sums import sha256
from appliance.vitals import Vitals

SETTLE = 5.0
"""Seconds that a clip is left alone after it was found: a greeting that was just recorded is taken from it."""

_EVERY = 60.0
_PULSE_LIMIT = 30.0
_BLOCK = 1 << 20
_OPEN = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.PARKED)

log = logging.getLogger(__name__)


class Keeper:
    """Encrypts clips one after the other, on a thread of its own; those of before a crash too."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        recipes: Mapping[str, Recipe],
        clock: Clock,
        post: Callable[[Event], None],
        vitals: Vitals,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._recipes = recipes
        self._instead = encrypted_instead(recipes)
        self._kept = recipes[f"{ORIGINAL.name}{ENCRYPTED}"]
        self._clock = clock
        self._post = post
        self._seen: dict[str, float] = {}
        self._failing = False
        self._loop = Loop("keeper", self._look, _EVERY, _PULSE_LIMIT, clock, vitals)

    def start(self) -> None:
        """Begin with what lies there in the clear."""
        self._loop.start()

    def hear(self, event: Event, _: Status) -> None:
        """Take up what is finished, decided or brought back. Told of all that happens; returns at once."""
        if isinstance(event, (ClipFinished, ClipDescribed, ClipRestored, DeliverySucceeded)):
            self._loop.wake()

    def close(self, timeout: float = 2.0) -> None:
        """Stop. What was begun is done again after the next start."""
        self._loop.stop()
        if not self._loop.ends(timeout):
            log.warning("a clip is still being encrypted: that goes on at the next start")

    def _look(self) -> float | None:
        names = self._store.clips.plain_names()
        now = self._clock.monotonic()
        self._seen = {name: self._seen.get(name, now) for name in names}
        trouble, left = "", [SETTLE - (now - seen) for seen in self._seen.values()]
        for name in (name for name, seen in self._seen.items() if now - seen >= SETTLE):
            if not self._loop.goes_on():
                return None
            try:
                self._keep(self._store.clips.find(name))
            except NotFound:
                continue  # it is not entered yet, or was deleted meanwhile
            except ApplianceError as error:
                if not self._loop.goes_on():
                    return None  # that is why
                trouble = words(error)
        self._tell(trouble)
        return min((each for each in left if each > 0), default=None)

    def _keep(self, clip: Clip) -> None:
        if is_undecided(clip):  # whoever decides wants to hear it
            return
        found = self._store.outbox.find(clip_id=clip.id, states=_OPEN)
        wanted = {self._instead.get(each.recipe, each.recipe) for each in found}
        if unknown := sorted(wanted - self._recipes.keys()):
            raise Transient(
                f"clip {clip.name} waits to be sent as {unknown[0]}, which is not in the configuration any more. "
                "Put it back, or call that delivery off"
            )
        for name in sorted(wanted):
            self._outbox.prepared(clip, self._recipes[name], self._check)
        made = self._outbox.prepared(clip, self._kept, self._check)
        self._prove(clip, made)
        if self._store.clips.keep_encrypted(clip, made, wanted):
            self._store.upkeep.drop_encodings_of(clip.id)

    def _check(self) -> None:
        if not self._loop.goes_on():
            raise Transient("the appliance is stopping")

    def _prove(self, clip: Clip, made: Rendition) -> None:
        """Read back from the card what is to be kept. Raises Transient where it is not what was made."""
        try:
            wrong = looks_wrong(made.path, clip.size, len(made.recipe.recipients or ()))
            if wrong or _read_back(made.path) != made.sha256:
                raise Transient(
                    f"the encrypted file of clip {clip.name} is not what was written. The card may be failing; the "
                    "plain file is kept"
                )
        except OSError as error:
            raise Transient(f"{made.path.name} cannot be read back: {error.strerror}") from error

    def _tell(self, trouble: str) -> None:
        if trouble or self._failing:
            self._post(ENCRYPTION.raised(trouble) if trouble else ENCRYPTION.cleared())
        self._failing = bool(trouble)


def _read_back(path: Path) -> str:
    """The SHA-256 of what the card has of a file, not of what the kernel remembers of it, as far as it lets us."""
    digest = sha256()
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
