"""The thread that looks at the room on the card every few seconds, and sees to it.

Four things it does: it deletes what may be deleted once the reserve is reached; it says so where nothing may, so that
no take begins that could not be finished; after the disk has refused something it finds out when it works again; and it
tells of what a person must see to.
"""

import logging
from collections.abc import Callable, Iterable, Mapping

from appliance.clock import Clock
from appliance.config.routing import routes
from appliance.config.settings import Settings
from appliance.errors import StorageError
from appliance.events import (
    ClipDeleted,
    ClipFinished,
    DeliverySucceeded,
    Event,
    FaultRaised,
    StorageFree,
    StorageFull,
    StorageNearlyFull,
    TakeFailed,
)
from appliance.faults import CATALOGUE, MEMORY, RECORDING_UNKEPT, STORAGE, STORAGE_READ_ONLY
from appliance.housekeeping.clearing import Clearing
from appliance.housekeeping.disk import Disk, Space, StateDisk
from appliance.housekeeping.losses import Losses
from appliance.housekeeping.outlook import LOOK_BACK, Outlook, Prospect, days_until, obstacle, reserve_bytes
from appliance.housekeeping.policy import Rules
from appliance.housekeeping.prospects import Prospects
from appliance.loops import Loop
from appliance.plugin import UploadBackend
from appliance.store import Footprint, Store
from appliance.vitals import Vitals

LOOK_EVERY = 2.0
"""Seconds between two looks at least."""

CALM_EVERY = 10.0
"""The same at most, where all is well, and nothing can use the room up until then."""

_FASTEST = 2e8
_MOST_FILES = 1000
"""Bytes and files that may be written within a second."""

TRY_EVERY = 30.0
"""Seconds between two tries to finish what the disk refused, at most: the first come soon after each other."""

_LIMIT = 120.0
_PATIENCE = 10.0
_DISK_FAULTS = (STORAGE.name, CATALOGUE.name)
_READ_ONLY = "the disk is read-only: it may be broken. Look at `dmesg`, check the card, then restart the box"

log = logging.getLogger(__name__)


class Housekeeper:
    """Keeps `reserve` bytes free where `rules` let it."""

    def __init__(
        self,
        store: Store,
        disk: Disk,
        rules: Rules,
        reserve: int,
        byte_rate: int,
        prospects: Callable[[], Iterable[Prospect]],
        disk_works: Callable[[], None],
        clock: Clock,
        post: Callable[[Event], None],
        vitals: Vitals,
    ) -> None:
        """`prospects` tells of every configured destination. `disk_works` is called when the disk takes writes again
        after it refused some; it must return at once.
        """
        self._store = store
        self._disk = disk
        self._rules = rules
        self._reserve = reserve
        self._byte_rate = byte_rate
        self._prospects = prospects
        self._disk_works = disk_works
        self._clock = clock
        self._post = post
        self._losses = Losses(store, post)
        self._loop = Loop("housekeeper", self._look_round, LOOK_EVERY, _LIMIT, clock, vitals)
        self._clearing = Clearing(store, rules, clock, self._loop.goes_on)
        self._refused = False
        self._take_failed = False
        self._wanted = Footprint()
        self._try_at = 0.0
        self._patience = LOOK_EVERY
        self._told = ""
        self._nearly = False
        self._complaint = ""
        self._read_only = False
        self._in_vain = ""
        self._ballast_due = True

    @classmethod
    def of(
        cls,
        settings: Settings,
        store: Store,
        disk: StateDisk,
        backends: Mapping[str, UploadBackend],
        disk_works: Callable[[], None],
        clock: Clock,
        post: Callable[[Event], None],
        vitals: Vitals,
    ) -> "Housekeeper":
        """As configured: what may be deleted is a matter of all destinations, also of those without a backend, which
        cannot be used.
        """
        wanted = settings.destinations
        deletes = {name: each.delete_after for name, each in wanted.items()}
        goes = routes({name: each.only for name, each in wanted.items()})
        rules = Rules(deletes, settings.storage.keep_days, goes)
        reserve, byte_rate = reserve_bytes(settings), settings.audio.capture.format.byte_rate
        prospects = Prospects(wanted, backends, post)
        return cls(store, disk, rules, reserve, byte_rate, prospects, disk_works, clock, post, vitals)

    # -- from other threads --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look."""
        self._loop.start()

    def close(self) -> None:
        """Stop looking. Raises Stuck where the disk holds the thread up."""
        self._loop.close()

    def hear(self, event: Event, _: object) -> None:
        """Listen to what happens, on the controller's thread."""
        match event:
            case TakeFailed():
                self._store.upkeep.leave(event.take_id)
                if event.error == StorageError.__name__:
                    self._take_failed = self._refused = True
            case FaultRaised() if event.fault.name in _DISK_FAULTS:
                self._refused = True
            case DeliverySucceeded() | ClipDeleted():
                self._clearing.more_may_go()
            case ClipFinished():
                pass
            case _:
                return
        self._loop.wake()

    def outlook(self) -> Outlook:
        """What is to come. Raises StorageError."""
        try:
            space = self._disk.space()
        except OSError as error:
            raise StorageError(f"the disk does not tell how full it is: {error.strerror}. Look at `dmesg`") from error
        now_ns = self._clock.wall_ns()
        recorded = self._store.upkeep.recorded(now_ns - round(LOOK_BACK * 1e9), now_ns)
        days = days_until(space.beyond(self._reserve), recorded, now_ns)
        hindrance = obstacle(self._rules.keep_days, self._prospects())
        return Outlook(space, self._reserve, self._byte_rate, days, hindrance)

    def has_room_for(self, size: int) -> bool:
        """Whether a file of `size` bytes that is no recording can be written beside the reserve. Clips make room where
        they may, which is waited for. From any thread but those of controller and store. Raises OSError.
        """
        wanted = Footprint(size, 1)
        for _ in range(3):  # the look that is under way may know nothing of this
            if not (self._disk.space().beyond(self._reserve) - wanted).overdrawn:
                return True
            self._wanted = wanted
            self._loop.wait_for_look(_PATIENCE)
        return False

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _look_round(self) -> float:
        room = Footprint()
        try:
            room = self._look()
            self._losses.look()
            self._complaint = ""
        except (StorageError, OSError) as error:
            self._complain(str(error))
        if self._refused or self._store.upkeep.unfinished:
            return LOOK_EVERY
        return min(CALM_EVERY, max(LOOK_EVERY, min(room.bytes / _FASTEST, room.files / _MOST_FILES)))

    def _complain(self, message: str) -> None:
        if message != self._complaint:
            self._complaint = message
            log.warning("housekeeping: %s", message)

    def _look(self) -> Footprint:
        """What room there is."""
        space = self._disk.space()
        self._tell_read_only(space)
        self._tell_in_vain(space)
        room = space.beyond(self._reserve)
        wanted, self._wanted = self._wanted, Footprint()
        if (room - wanted).overdrawn and not space.read_only:
            self._ballast_due |= room.overdrawn
            room = self._clearing.make_room(room - wanted) + wanted
        self._clearing.tidy()
        self._tell_full(room)
        if not room.overdrawn and self._ballast_due:
            self._store.upkeep.hold_ballast()
            self._ballast_due = False
        self._try_again()
        return room

    def _tell_full(self, room: Footprint) -> None:
        message = self._why_full(room) if room.overdrawn else ""
        self._tell_nearly_full(room)
        if message == self._told:
            return
        self._told = message
        self._post(StorageFull(message) if message else StorageFree())

    def _tell_nearly_full(self, room: Footprint) -> None:
        """Once, ahead of a card that nothing but a person can empty."""
        nearly = room.bytes < self._reserve and obstacle(self._rules.keep_days, self._prospects()) is not None
        if nearly and not (self._nearly or room.overdrawn):
            self._post(StorageNearlyFull(room.bytes / self._byte_rate))
        self._nearly = nearly

    def _why_full(self, room: Footprint) -> str:
        full = "is full up to its reserve" if room.bytes < 0 else "can hold no more files (inodes)"
        hindrance = obstacle(self._rules.keep_days, self._prospects())
        if hindrance:
            why = f"no clip may be deleted: {hindrance.fact}. {hindrance.remedy}"
        else:
            why = "the clips that are left have not arrived everywhere, or are too new. See `appliance clips list`"
        return f"the card {full}, and {why}"

    def _tell_read_only(self, space: Space) -> None:
        if space.read_only and not self._read_only:
            self._post(STORAGE_READ_ONLY.raised(_READ_ONLY))
            self._refused = True
        self._read_only |= space.read_only

    def _tell_in_vain(self, space: Space) -> None:
        if space.in_vain != self._in_vain:
            self._in_vain = space.in_vain
            self._post(MEMORY.raised(space.in_vain) if space.in_vain else MEMORY.cleared())

    def _try_again(self) -> None:
        """After the disk refused something: once it works again, say so and have the rest finished."""
        now, unfinished = self._clock.monotonic(), self._store.upkeep.unfinished
        if not unfinished:
            self._patience = LOOK_EVERY
        if not (self._refused or (unfinished and now >= self._try_at)):
            return
        self._ballast_due = True
        try:
            self._disk.try_out()
        except OSError as error:
            log.debug("the disk does not work yet: %s", error)
            return
        self._refused = False
        self._try_at = now + self._patience
        self._patience = min(2 * self._patience, TRY_EVERY)
        for kind, raised in ((STORAGE_READ_ONLY, self._read_only), (RECORDING_UNKEPT, self._take_failed)):
            if raised:
                self._post(kind.cleared())
        self._read_only = self._take_failed = False
        self._disk_works()
