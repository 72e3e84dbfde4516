"""What housekeeping and timekeeping ask of the store."""

from collections.abc import Callable, Collection
from contextlib import suppress

from appliance.audio.takefile import AUDIO
from appliance.errors import NotFound, StorageError
from appliance.events import ClipCorrected, Command, Event
from appliance.models import Clip, ClockSource, ClockStamp
from appliance.store.access import Access
from appliance.store.catalogue import Catalogue
from appliance.store.deletion import destroy_clip
from appliance.store.places import Places
from appliance.store.retention import Arrived, Footprint, Recorded
from appliance.store.sidecars import freshen

TRASH_DAYS = 30
"""Days for which a clip that a person deleted may be brought back, while there is room."""

_DAY_NS = 86_400 * 10**9


class Upkeep:
    """Called from any thread, as the methods of `Store`: each may raise StorageError."""

    def __init__(self, places: Places, access: Access, post: Callable[[Command | Event], None]) -> None:
        self._places = places
        self._access = access
        self._post = post

    # -- room ----------------------------------------------------------------------------------------------------------

    def arrived(self, destinations: Collection[str], after: int, limit: int) -> list[Arrived]:
        """Clips with a receipt from each of `destinations`, in the order of entry, those behind number `after`."""
        return self._access.use(lambda catalogue: catalogue.retention.arrived(destinations, after, limit))

    def drop_encodings(self, room: Footprint) -> Footprint:
        """Remove encodings that no delivery waits for, while `room` is overdrawn; what it is then."""

        def work(catalogue: Catalogue) -> Footprint:
            with catalogue.transaction():
                paths = catalogue.retention.forget_encodings(room)
            left = room
            for path in paths:
                with suppress(FileNotFoundError):
                    size = path.stat().st_size
                    path.unlink()
                    left += Footprint(size, 1)
            return left

        return self._access.use(work)

    def drop_encodings_of(self, clip_id: str) -> None:
        """Remove the encodings of one clip that no delivery waits for any more."""

        def work(catalogue: Catalogue) -> None:
            with catalogue.transaction():
                paths = catalogue.retention.forget_encodings_of(clip_id)
            for path in paths:
                path.unlink(missing_ok=True)

        self._access.use(work)

    def empty_trash(self, room: Footprint, now: ClockStamp) -> Footprint:
        """Remove from the trash what has been there for `TRASH_DAYS`, and more, the oldest first, while `room` is
        overdrawn; what it is then.
        """

        def work(catalogue: Catalogue) -> Footprint:
            left, until = room, now.wall_ns - TRASH_DAYS * _DAY_NS
            is_dated = now.source is not ClockSource.NONE
            if is_dated:
                with catalogue.transaction():
                    catalogue.trash.date(now.wall_ns)
            for each in catalogue.trash.all():
                if left.overdrawn or (is_dated and each.since_ns < until):
                    destroy_clip(self._places, catalogue, each.clip)
                    left += Footprint(each.clip.size, 2)
            return left

        return self._access.use(work)

    def recorded(self, since_ns: int, until_ns: int) -> Recorded:
        """What was recorded in [since, until] by wall time, deleted clips included."""
        return self._access.use(lambda catalogue: catalogue.retention.recorded(since_ns, until_ns))

    def hold_ballast(self) -> None:
        """There is room: hold some back again for the next full disk."""
        self._access.use(lambda _: self._access.ballast.hold())

    # -- takes that the disk kept from becoming clips ------------------------------------------------------------------

    def leave(self, take_id: str) -> None:
        """A take could not be sealed or adopted, and nobody writes it any more: `take_up` tries again."""

        def work() -> None:
            if (self._places.takes / take_id).exists():
                self._access.left.unfinished.add(take_id)

        self._access.submit(work)

    @property
    def unfinished(self) -> bool:
        """Whether `take_up` has something to do."""
        return bool(self._access.left.unfinished) or not (self._access.left.recovered or self._access.left.goes_on)

    @property
    def goes_on(self) -> bool:
        """Whether what the last run left is still being dealt with, between everything else."""
        return self._access.left.goes_on

    def take_up(self) -> None:
        """Make clips of the takes that were left. Raises StorageError where the disk still refuses one of them."""

        def work(catalogue: Catalogue) -> None:
            recovery = self._access.left.recovery(catalogue)
            for take_id in sorted(self._access.left.unfinished):
                folder = self._places.takes / take_id
                if not (folder / AUDIO).exists():
                    with suppress(NotFound, ValueError):
                        self._access.adopt(catalogue, take_id)
                if folder.is_dir():
                    recovery.take_up([folder])
                if not folder.exists():
                    self._access.left.unfinished.remove(take_id)
            if not (self._access.left.recovered or self._access.left.goes_on):
                self._access.left.recover(catalogue)
            if self.unfinished:
                raise StorageError("takes are left that could not be made clips yet: the log says why. They are kept")

        self._access.use(work)

    def missing(self) -> list[str]:
        """Names of clips whose sound was not found at the start, and that were neither brought back nor deleted."""
        return self._access.use(self._access.left.still_missing) if self._access.left.missing else []

    # -- time ----------------------------------------------------------------------------------------------------------

    def correct_starts(self, now: ClockStamp, limit: int = 20) -> list[Clip]:
        """Give clips of this boot that a poorer clock stamped their start by the clock that `now` was read from.

        Catalogue and sidecars change, names and sound do not. Posts ClipCorrected for each. At most `limit` clips at
        once, so that nobody else has to wait long: call it until it returns none.
        """

        def work(catalogue: Catalogue) -> list[Clip]:
            with catalogue.transaction():
                corrected = catalogue.dates.correct(now, limit)
            for clip in corrected:
                self._post(ClipCorrected(clip))
            freshen(self._places, catalogue)
            return corrected

        return self._access.use(work)
