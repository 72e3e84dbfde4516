"""What is to come of the room that is left: whether clips can ever make room, and when it will be used up. Pure."""

from collections.abc import Iterable
from math import inf

from appliance.config.settings import DeleteAfter, Settings
from appliance.housekeeping.disk import Space
from appliance.phrases import counted, duration
from appliance.store import Footprint, Recorded
from appliance.values import frozen

DAY = 86_400.0
LOOK_BACK = 7 * DAY
"""Seconds of the past that tell how much is recorded in a day."""


@frozen
class Prospect:
    """What may be hoped of a destination: that its receipts prove what it holds, and that this is another disk."""

    name: str
    delete_after: DeleteAfter
    usable: bool = True
    proves: bool = True
    on_own_disk: bool = False


@frozen
class Obstacle:
    """Why no clip can ever make room, and what a person can do about it."""

    fact: str
    remedy: str


def obstacle(keep_days: float, prospects: Iterable[Prospect]) -> Obstacle | None:
    """The first thing that keeps clips from ever being deleted; None where they can be."""
    if keep_days == inf:
        return Obstacle("storage.keep is always", "Set it to until_space_needed, or delete clips by hand")
    prospects = list(prospects)
    if not prospects:
        return Obstacle("there is no destination", "Configure one, or delete clips by hand")
    for each in prospects:
        if not each.usable:
            return Obstacle(f"destination {each.name} cannot be used", "Correct or remove it")
    elsewhere = [each for each in prospects if not each.on_own_disk]
    if not elsewhere:
        return Obstacle(
            f"destination {prospects[0].name} lies on the disk of the box itself", "Add a destination elsewhere"
        )
    for each in elsewhere:
        if not each.proves and each.delete_after is DeleteAfter.VERIFIED:
            option = f"destinations.{each.name}.delete_after: accepted"
            remedy = f"Let it prove what it holds, or take the risk of {option}"
            return Obstacle(f"destination {each.name} gives no proof", remedy)
    return None


def reserve_bytes(settings: Settings) -> int:
    """The room to keep free, in bytes."""
    return max(round(settings.storage.reserve * settings.audio.capture.format.byte_rate), settings.storage.floor)


def days_until(room: Footprint, recorded: Recorded, now_ns: int) -> float | None:
    """Days until `room` is used up at the rate of what was `recorded` lately; None where nothing was."""
    taken = recorded.taken
    if recorded.first_ns is None or not (taken.bytes and taken.files):
        return None
    seconds = min(LOOK_BACK, max(DAY, (now_ns - recorded.first_ns) / 1e9))
    return max(0, min(room.bytes / taken.bytes, room.files / taken.files)) * seconds / DAY


@frozen
class Outlook:
    """The room that is left. `reserve` is in bytes, `byte_rate` in bytes a second of sound."""

    space: Space
    reserve: int
    byte_rate: int
    days: float | None = None
    obstacle: Obstacle | None = None

    @property
    def room(self) -> Footprint:
        """What is left beside the reserve; below nothing where that is reached."""
        return self.space.beyond(self.reserve)

    @property
    def warning(self) -> str:
        """What a person should know ahead; empty where clips can make room."""
        if self.obstacle is None:
            return ""
        return f"can never free space: {self.obstacle.fact}; {self._full}. {self.obstacle.remedy}"

    @property
    def _full(self) -> str:
        if self.room.overdrawn:
            return "full now"
        if self.days is None:
            return f"full after {duration(self.room.bytes / self.byte_rate)} of recording"
        if self.days >= 2:
            return f"full in {self.days:.0f} days" if self.days < 1000 else "full in some years"
        return f"full in {counted(round(self.days * 24), 'hour')}"
