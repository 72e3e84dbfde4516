"""The way to the catalogue: opens it, lets work at it on the one thread, and sees to it when it breaks."""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from math import inf
from typing import TypeVar

from appliance import events, sdnotify
from appliance.durable import is_odd
from appliance.errors import StorageError
from appliance.faults import CATALOGUE_DAMAGED, NEWER_RELEASE
from appliance.models import Clip
from appliance.mounts import in_memory
from appliance.phrases import counted
from appliance.recipes import RECIPES, Recipe
from appliance.store.adoption import adopt
from appliance.store.ballast import Ballast
from appliance.store.catalogue import Catalogue, Wanted
from appliance.store.left import LeftBehind
from appliance.store.lock import DirectoryLock
from appliance.store.places import Places
from appliance.store.recovery import Recovery
from appliance.store.thread import LIMIT, StoreThread
from appliance.store.trouble import damage, is_damage, is_full, is_riddle, storage_errors
from appliance.vitals import Vitals

T = TypeVar("T")
Post = Callable[[events.Command | events.Event], None]

_REBUILT_EVERY = 600.0
"""Seconds between two catalogues made anew in one run: a disk that spoils one after the other needs a person."""

_AGAIN = "the catalogue was found damaged again. The card may be failing: look at `dmesg`, replace it, restart the box"

_TICK_NS = 2_000_000_000
"""The coarsest clock by which file systems note changes."""

log = logging.getLogger(__name__)


class Access:
    """The directory's lock, the store thread, and the catalogue while it is open.

    Where the disk is full, everything is tried once more with the room that was held back: what may be deleted must
    have been delivered first, and both want to be written down.
    """

    def __init__(self, places: Places, post: Post, vitals: Vitals) -> None:
        self.wanted = Wanted()
        self.recipes: Mapping[str, Recipe] = RECIPES
        self._places = places
        self.post = post
        self._thread = StoreThread(vitals)
        self._lock = DirectoryLock(places.lock)
        self.ballast = Ballast(places.ballast)
        self.left = LeftBehind(places, post, self._recovery, self._later)
        self._lasting = True
        self._clips_known = False
        self._catalogue: Catalogue | None = None
        self._told: tuple[int | None, int | None, int | None] = (None, None, None)
        self._rebuilt_at = -inf

    def start(self) -> None:
        """See `Store.start`."""
        with storage_errors(self._places.directory):
            self._places.make()
            self._lock.acquire()
        self._lasting = not in_memory(self._places.clips)
        self._thread.start()
        try:
            self._thread.call(self._open)
        except BaseException:
            self.close(timeout=1.0)
            raise

    def close(self, timeout: float) -> None:
        """See `Store.close`."""
        self._thread.submit(self._end)
        self._thread.close(timeout)
        self._lock.release()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the store thread."""
        return self._thread.submit(work)

    def use(self, work: Callable[[Catalogue], T]) -> T:
        """Run `work` with the catalogue on the store thread, and wait for it."""
        return self._thread.call(lambda: self._guarded(work))

    def change(self, work: Callable[[Catalogue], T]) -> T:
        """As `use`, in one transaction; then tell what has changed."""

        def changed(catalogue: Catalogue) -> T:
            with catalogue.transaction():
                result = work(catalogue)
            self.tell(catalogue)
            return result

        return self.use(changed)

    def adopt(self, catalogue: Catalogue, take_id: str) -> Clip:
        """Make a sealed take a clip and tell of it, on the store thread. Raises as `adoption.adopt`."""
        clip, added = self._insist(lambda: adopt(self._places, catalogue, self.wanted, take_id))
        if added:
            self.post(events.ClipFinished(clip, clip.verdict, self._lasting))
            self.tell(catalogue)
        return clip

    def _recovery(self, catalogue: Catalogue) -> Recovery:
        return Recovery(
            self._places,
            catalogue,
            self.wanted,
            self._thread.beat,
            lambda status: sdnotify.notify(sdnotify.goes_on(LIMIT, status)),
            lambda take_id: self.adopt(catalogue, take_id),
        )

    def _later(self, work: Callable[[Catalogue], None], refused: Callable[[StorageError], None]) -> None:
        """Run `work` after everything submitted so far, unless the store was closed by then."""

        def told(catalogue: Catalogue) -> None:
            work(catalogue)
            self.tell(catalogue)

        def run() -> None:
            if self._catalogue is not None:
                try:
                    self._guarded(told)
                except StorageError as error:
                    refused(error)

        self._thread.submit(run)

    def tell(self, catalogue: Catalogue) -> None:
        """Post what has changed since the last time, at first all of it. On the store thread, after a commit."""
        waiting, inbox, passed = catalogue.outbox.waiting(), catalogue.tracks.changes, catalogue.outbox.passed_over
        told_waiting, told_inbox, told_passed = self._told
        self._told = waiting, inbox, passed
        if waiting != told_waiting:
            self.post(events.QueueChanged(waiting))
        if inbox != told_inbox:
            self.post(events.InboxChanged(catalogue.tracks.unheard()))
        if passed != told_passed:
            self._tell_newer(catalogue)

    def _tell_newer(self, catalogue: Catalogue) -> None:
        """Say what a newer release left here that this one has to leave alone."""
        found = catalogue.newer() + ([counted(self.left.newer_takes, "take")] if self.left.newer_takes else [])
        if found:
            told = f"written by a newer release, and left as it is: {', '.join(found)}. Install that release again"
            if catalogue.outbox.passed_over:
                told += ", or put what was taken out of `renditions` or `storage.encrypt_to` back"
            log.warning("%s", told)
            self.post(NEWER_RELEASE.raised(told))

    def _guarded(self, work: Callable[[Catalogue], T]) -> T:
        if self._catalogue is not None:
            try:
                return self._try(work, self._catalogue)
            except StorageError as error:
                if not is_damage(error.__cause__):
                    raise
                self._give_up(str(error.__cause__))
        return self._try(work, self._rebuilt())

    def _try(self, work: Callable[[Catalogue], T], catalogue: Catalogue) -> T:
        with storage_errors(self._places.directory):
            return self._insist(lambda: work(catalogue))

    def _rebuilt(self) -> Catalogue:
        """A catalogue made anew from the clips in mid-run: what is recorded, encoded and pulled meanwhile is let be."""
        try:
            if time.monotonic() < self._rebuilt_at + _REBUILT_EVERY:
                raise StorageError(_AGAIN)
            with storage_errors(self._places.directory):
                catalogue = self._insist(self._connect)
                catalogue.outbox.first = time.time_ns() // 1000  # attempts under way speak of those of the old one
                self._insist(partial(self._begin_run, catalogue))
                self.left.recover(catalogue)
        except StorageError as error:
            self._shut()
            self.post(CATALOGUE_DAMAGED.raised(str(error)))
            raise
        self._rebuilt_at = time.monotonic()
        self._told = (None, None, None)
        self.tell(catalogue)
        self.post(CATALOGUE_DAMAGED.cleared())
        return catalogue

    def _insist(self, work: Callable[[], T]) -> T:
        """Run `work`, and once more with the room that was held back where there was none. It must bear that."""
        try:
            return work()
        except (sqlite3.Error, OSError, TypeError, UnicodeDecodeError) as error:
            if self._explains(error):
                raise damage(str(error)) from error
            if not is_full(error):
                raise
        self.ballast.give_up()
        if self._catalogue is not None:
            self._catalogue.recycle()
        return work()

    def _explains(self, error: BaseException) -> bool:
        """Whether an error that makes no sense is the fault of a catalogue that is not what we made of it."""
        return is_riddle(error) and self._catalogue is not None and not self._catalogue.is_sound()

    def _open(self) -> None:
        with storage_errors(self._places.directory):
            self._set_aside_stray_log()
            try:
                self._begin()
            except (sqlite3.Error, TypeError, UnicodeDecodeError) as error:
                if not (is_damage(error) or self._explains(error)):
                    raise
                self._give_up(str(error))
                self._begin()

    def _begin(self) -> None:
        self.ballast.hold()
        catalogue = self._insist(self._connect)
        self._insist(partial(self._begin_run, catalogue))
        self.left.begin(catalogue, clips_known=self._clips_known)
        self.tell(catalogue)

    def _connect(self) -> Catalogue:
        self._catalogue = Catalogue(self._places, self.recipes)
        return self._catalogue

    def _begin_run(self, catalogue: Catalogue) -> None:
        with catalogue.transaction():
            catalogue.outbox.begin_run()
            catalogue.search.catch_up()
            self._clips_known = catalogue.take_mark() == self._places.clips.stat().st_mtime_ns

    def _set_aside_stray_log(self) -> None:
        """A log without its database belongs to one that is gone: SQLite must not take it for the new one's."""
        database, log_file, index = self._places.catalogue_files
        if any(map(is_odd, self._places.catalogue_files)):
            self._places.set_aside("this must be files", *self._places.catalogue_files)
        if log_file.exists() and not (database.exists() and database.stat().st_size):
            self._places.set_aside("the catalogue is missing or empty; this was beside it", database, log_file, index)

    def _give_up(self, why: str) -> None:
        """Put a damaged catalogue out of the way, so that this or the next start makes a new one."""
        self._shut()
        with suppress(OSError):
            self._places.set_aside(f"the catalogue cannot be used: {why}", *self._places.catalogue_files)
        log.error("the catalogue cannot be used and was moved to quarantine/: %s", why)

    def _end(self) -> None:
        with suppress(StorageError, sqlite3.Error, OSError):
            self._leave_mark()
        self._shut()

    def _leave_mark(self) -> None:
        """Spare the next start the look through `clips/`, unless the folder was changed so recently that a further
        change would get the same time. What is missing must be found missing again.
        """
        changed = self._places.clips.stat().st_mtime_ns
        found = self.left.recovered and not self.left.missing
        if self._catalogue is not None and found and changed < time.time_ns() - _TICK_NS:
            with self._catalogue.transaction():
                self._catalogue.leave_mark(changed)

    def _shut(self) -> None:
        catalogue, self._catalogue = self._catalogue, None
        if catalogue is not None:
            with suppress(sqlite3.Error):
                catalogue.close()
