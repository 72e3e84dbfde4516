"""What a person must see to: it is told until that was done."""

import os
from collections.abc import Callable

from appliance.events import Event
from appliance.faultkind import FaultKind
from appliance.faults import MISSING_CLIPS, QUARANTINE
from appliance.phrases import counted
from appliance.store import Store


class Losses:
    """Tells of what lies in quarantine, and of clips whose sound is gone."""

    def __init__(self, store: Store, post: Callable[[Event], None]) -> None:
        self._store = store
        self._place = str(store.places.quarantine)
        self._post = post
        self._told: dict[FaultKind, str] = {}

    def look(self) -> None:
        """Tell what has changed. Raises StorageError, OSError."""
        self._tell(QUARANTINE, self._quarantine())
        self._tell(MISSING_CLIPS, self._missing())

    def _quarantine(self) -> str:
        with os.scandir(self._place) as things:
            count = sum(1 for _ in things)
        if not count:
            return ""
        return (
            f"{counted(count, 'thing')} that could not be used: read note.txt in each folder of "
            f"{self._place}, save what is of worth, and remove the folder"
        )

    def _missing(self) -> str:
        names = self._store.upkeep.missing()
        if not names:
            return ""
        clips = f"clip {names[0]}" if len(names) == 1 else f"{len(names)} clips, the first of them {names[0]},"
        return (
            f"the sound of {clips} is missing: put it back into {self._store.places.clips}, "
            "or give it up with `appliance clips delete`"
        )

    def _tell(self, kind: FaultKind, message: str) -> None:
        if message == self._told.get(kind, ""):
            return
        self._told[kind] = message
        self._post(kind.raised(message) if message else kind.cleared())
