"""Which clips may be deleted to make room. Pure.

Oldest first, only as many as are needed, and only where every configured destination that the clip goes to has it:
with a receipt that proves the same bytes, unless `delete_after: accepted` says otherwise. A copy on the box's own disk
must have arrived as well but counts for nothing: at least one destination elsewhere must have the clip. What goes
nowhere, as tests do, stays.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf

from appliance.config.settings import DeleteAfter
from appliance.models import Clip, ClockSource, ClockStamp, Receipt
from appliance.store import Arrived, Footprint
from appliance.store.catalogue import everywhere
from appliance.values import frozen

_DAY_NS = 86_400 * 10**9


@frozen
class Rules:
    """What the configuration says: the receipt that each destination must have given, and the days kept in any case.

    `goes` tells whether a clip goes to a destination at all.
    """

    destinations: Mapping[str, DeleteAfter]
    keep_days: float = 0.0
    goes: Callable[[Clip, str], bool] = everywhere

    @property
    def allow_any(self) -> bool:
        """Whether there can be a clip that may go."""
        return bool(self.destinations) and self.keep_days < inf

    def satisfied_by(self, clip: Clip, receipts: Mapping[str, Receipt]) -> bool:
        """Whether every destination that the clip goes to has it, and at least one of them elsewhere."""
        names = [name for name in self.destinations if self.goes(clip, name)]
        if not all(name in receipts and self._counts(name, receipts[name]) for name in names):
            return False
        return any(not receipts[name].on_own_disk for name in names)

    def _counts(self, name: str, receipt: Receipt) -> bool:
        return receipt.verified or receipt.on_own_disk or self.destinations[name] is DeleteAfter.ACCEPTED


def choose(clips: Sequence[Arrived], rules: Rules, room: Footprint, now: ClockStamp) -> Iterator[Arrived]:
    """Those of `clips`, given in the order of entry, that may go while `room` is overdrawn."""
    if not rules.allow_any:
        return
    for arrived, is_old in zip(clips, _old(clips, rules, now), strict=True):
        if not room.overdrawn:
            return
        if is_old and rules.satisfied_by(arrived.clip, arrived.receipts):
            room += arrived.footprint
            yield arrived


def _old(clips: Sequence[Arrived], rules: Rules, now: ClockStamp) -> list[bool]:
    """For each clip whether it has been kept for long enough.

    A clip that no clock dated is at least as old as the next one that was; while the clock is not set, none is old.
    """
    if not rules.keep_days:
        return [True] * len(clips)
    latest = now.wall_ns - rules.keep_days * _DAY_NS if now.source is not ClockSource.NONE else -inf
    old, began = [], inf
    for arrived in reversed(clips):
        stamp = arrived.clip.began
        if stamp.source is not ClockSource.NONE:
            began = stamp.wall_ns
        old.append(began <= latest)
    return old[::-1]
