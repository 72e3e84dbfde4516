"""Deletes what may go to make room: encodings, which can be made again, and clips that are safe elsewhere."""

from collections.abc import Callable

from appliance.clock import Clock
from appliance.housekeeping.policy import Rules, choose
from appliance.store import Arrived, Footprint, Store

LOOK_AGAIN = 600.0
"""Seconds after which clips that could not go are looked at again, though nothing has arrived."""

TIDY_EVERY = 3600.0
"""Seconds between two looks for what has been in the trash for long enough."""

PAGE = 50
"""Clips looked at in one piece of work of the store."""


class Clearing:
    """Makes room. `goes_on` is asked between steps; where it says no, this comes to an end."""

    def __init__(self, store: Store, rules: Rules, clock: Clock, goes_on: Callable[[], bool]) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._goes_on = goes_on
        self._again_at = self._tidy_at = 0.0

    def more_may_go(self) -> None:
        """Something arrived, or was deleted. From any thread."""
        self._again_at = 0.0

    def make_room(self, room: Footprint) -> Footprint:
        """Make more of the room that there is, until it is not overdrawn, where that much may go; what it is then.

        Raises StorageError, OSError.
        """
        now = self._clock.monotonic()
        if now < self._again_at:
            return room
        self._again_at = now + LOOK_AGAIN
        room = self._delete_clips(self._empty_trash(self._store.upkeep.drop_encodings(room)))
        if not room.overdrawn:
            self._again_at = 0.0  # there may be more
        return room

    def tidy(self) -> None:
        """Remove from the trash what has been there for long enough. Raises StorageError."""
        if self._clock.monotonic() >= self._tidy_at:
            self._empty_trash(Footprint())

    def _empty_trash(self, room: Footprint) -> Footprint:
        self._tidy_at = self._clock.monotonic() + TIDY_EVERY
        return self._store.upkeep.empty_trash(room, self._clock.stamp())

    def _delete_clips(self, room: Footprint) -> Footprint:
        after = 0
        while room.overdrawn and self._rules.allow_any and self._goes_on():
            page = self._store.upkeep.arrived(tuple(self._rules.destinations), after, PAGE)
            if not page:
                break
            after = page[-1].number
            for arrived in choose(page, self._rules, room, self._clock.stamp()):
                if not self._goes_on():
                    break
                self._store.clips.delete(arrived.clip.id, f"made room: {self._safe_at(arrived)}")
                room += arrived.footprint
        return room

    def _safe_at(self, arrived: Arrived) -> str:
        places = [
            name
            for name in self._rules.destinations
            if name in arrived.receipts and not arrived.receipts[name].on_own_disk
        ]
        return f"it is safe at {' and '.join(places)}"
