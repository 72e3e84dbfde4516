"""The feeds: each is pulled into the inbox on a thread and a schedule of its own."""

import logging
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

from attrs import frozen

from appliance.clock import Clock
from appliance.config.settings import FeedSettings
from appliance.durable import PARTIAL
from appliance.errors import ApplianceError, NotFound, Permanent, PluginError, Transient, WrongKind
from appliance.events import Command, Event, TrackArrived
from appliance.faults import FEED
from appliance.feeds.pull import BEGUN, Pull
from appliance.feeds.safefile import Room
from appliance.foreign import words
from appliance.limits import Errand, leave
from appliance.loops import Loop
from appliance.models import Track
from appliance.plugin.feed import FeedBackend
from appliance.redact import shown_url
from appliance.retry import TELL_AFTER, Streak, backoff
from appliance.store import Store
from appliance.vitals import Vitals

FETCHED = "url"
"""The feed that tracks fetched by a person's word belong to."""

LONGEST_WAIT = 3600.0
"""Seconds that a server may ask for at most before it is asked again, where they are more than the feed's interval."""

FETCHED_KEPT = 100
"""How many of them are kept, heard or not."""

FIRST_RETRY = 5.0
"""Seconds within which a pull that failed is tried again; doubled each time up to the feed's own interval."""

_GONE_ON_WITH = 7 * 86_400.0
"""Seconds within which a track that broke off is gone on with."""

_PULSE_LIMIT = 120.0
"""Seconds within which a thread that pulls shows that it moves, unless it waits."""

Post = Callable[[Command | Event], None]
log = logging.getLogger(__name__)


@frozen
class Feed:
    """A configured feed and the backend that pulls it."""

    name: str
    settings: FeedSettings
    backend: FeedBackend


class Feeds:
    """Pulls all feeds. Feeds never wait for each other."""

    def __init__(
        self,
        store: Store,
        feeds: Mapping[str, Feed],
        clock: Clock,
        post: Post,
        vitals: Vitals,
        has_room: Room,
        build_fetchers: Callable[[str], Iterable[FeedBackend]] | None = None,
        random: Callable[[], float] = random.random,
    ) -> None:
        """`has_room` tells whether a track may grow. `build_fetchers` makes backends that would pull just one URL, the
        most specific first; without it `fetch` finds nothing.
        """
        self._store = store
        self._clock = clock
        self._post = post
        self._has_room = has_room
        self._build_fetchers = build_fetchers
        self._stopping = threading.Event()
        self._pullers = {
            name: _Puller(store, feed, clock, post, vitals, has_room, random) for name, feed in feeds.items()
        }

    def start(self) -> None:
        """Pull every feed now and then on its schedule. What a crash left half pulled is removed where it can be, and
        what was begun so long ago that nobody goes on with it.
        """
        inbox, old = self._store.places.inbox, self._clock.wall_ns() / 1e9 - _GONE_ON_WITH
        begun = [path for path in inbox.glob(f".*{BEGUN}") if path.lstat().st_mtime < old]
        for path in [*inbox.glob(f".*{PARTIAL}"), *begun]:
            with suppress(OSError):
                path.unlink()
        for puller in self._pullers.values():
            puller.start()

    def pull_now(self, name: str | None = None) -> None:
        """Pull one feed, or all, at once. Returns at once. Raises NotFound."""
        if name is not None and name not in self._pullers:
            raise NotFound(f"there is no feed {name!r} that can be pulled: see `appliance config check`")
        for key, puller in self._pullers.items():
            if name in (None, key):
                puller.wake()

    def hurry(self) -> None:
        """Pull at once what failed: the network is back, or the clock is set. Returns at once."""
        for puller in self._pullers.values():
            puller.hurry()

    def failing(self) -> dict[str, tuple[Streak, float]]:
        """For each feed, what has failed since a pull ended well, and the seconds until the next one."""
        now = self._clock.monotonic()
        return {name: (puller.streak, max(0.0, puller.due - now)) for name, puller in self._pullers.items()}

    def pulls(self) -> dict[str, int]:
        """How many pulls of each feed have ended."""
        return {name: puller.pulls for name, puller in self._pullers.items()}

    def fetch(
        self,
        url: str,
        given_up: Callable[[], bool] = lambda: False,
        received: Callable[[int], None] = lambda _: None,
    ) -> Track:
        """Pull one URL into the inbox, on the caller's thread. Blocks, until it is `given_up` at the latest; `received`
        is told of the bytes that came.

        Raises Transient, Permanent or Cancelled as a feed does, NotFound where no plugin can pull it or nothing came.
        """
        if self._build_fetchers is None:
            raise NotFound(f"no plugin can fetch {shown_url(url)}: see `appliance plugins`")

        def is_over() -> bool:
            return self._stopping.is_set() or given_up()

        def has_room(size: int) -> bool:
            received(size)
            return self._has_room(size)

        pull = Pull(self._store, FETCHED, self._clock, has_room, is_over, self._fetched, fresh=True)
        first: WrongKind | None = None
        for backend in self._build_fetchers(url):
            try:
                self._fetch_as(backend, pull, url)
                first = None
                break
            except WrongKind as error:
                first = first or error
        if first is not None:
            raise first
        if not pull.tracks:
            raise NotFound(f"there is nothing to play at {shown_url(url)}")
        return pull.tracks[0]

    def _fetch_as(self, backend: FeedBackend, pull: Pull, url: str) -> None:
        try:
            backend.pull(pull)
        except ApplianceError as error:
            error.args = (words(error),)
            raise
        except BaseException as error:  # a plugin may do anything
            raise PluginError(f"fetching {shown_url(url)} failed: {words(error)}") from error
        finally:
            leave(backend.close, f"feed {FETCHED}")

    def _fetched(self, track: Track) -> None:
        self._post(TrackArrived(track, play_now=False))
        self._store.inbox.clear(FETCHED, FETCHED_KEPT, FETCHED_KEPT)

    def close(self, timeout: float = 2.0) -> None:
        """Stop. A backend that does not come back in time is left behind."""
        self._stopping.set()
        until = self._clock.monotonic() + timeout
        for puller in self._pullers.values():
            puller.stop()
        for puller in self._pullers.values():
            puller.join(max(0.0, until - self._clock.monotonic()))


class _Puller:
    """One feed's thread."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        clock: Clock,
        post: Post,
        vitals: Vitals,
        has_room: Room,
        random: Callable[[], float],
    ) -> None:
        self._store = store
        self._feed = feed
        self._clock = clock
        self._post = post
        self._has_room = has_room
        self._random = random
        self._loop = Loop(f"feed:{feed.name}", self._pull, feed.settings.every, _PULSE_LIMIT, clock, vitals)
        self._complaint = ""
        self._tries = 0
        self.streak = Streak(feed.settings.every)
        self.due = 0.0
        """When it is pulled next, on CLOCK_MONOTONIC."""
        self.pulls = 0
        self.start = self._loop.start
        self.wake = self._loop.wake
        self.stop = self._loop.stop

    def hurry(self) -> None:
        if self.streak.failures:
            self._tries = 0
            self.wake()

    def join(self, timeout: float) -> None:
        if not self._loop.ends(timeout):
            log.warning("feed %s does not come back: the appliance stops without it", self._feed.name)
            return
        leave(self._feed.backend.close, f"feed {self._feed.name}")

    def _pull(self) -> float:
        """Pull once; the seconds until the next time."""
        seconds = self._seconds_after_pull()
        self.due = self._clock.monotonic() + seconds
        self.pulls += 1
        return seconds

    def _seconds_after_pull(self) -> float:
        every: float = self._feed.settings.every
        error = self._error_of_pull()
        if self._loop.stopping:
            return 0.0
        if error is None:
            self._tries, self.streak = 0, self.streak.over()
            if self._complaint:
                self._complaint = ""
                self._post(FEED.cleared(self._feed.name))
            return every
        self._tries += 1
        self._complain(error)
        if isinstance(error, Permanent) or not isinstance(error, ApplianceError):
            return every
        asked = (error.retry_after or 0.0) if isinstance(error, Transient) else 0.0
        return max(min(asked, LONGEST_WAIT), backoff(self._tries, FIRST_RETRY, every, self._random))

    def _error_of_pull(self) -> BaseException | None:
        pull = Pull(self._store, self._feed.name, self._clock, self._has_room, self._is_over, self._arrived)
        self._loop.pulse.rest()  # inside the backend the network's own timeouts hold
        try:
            errand = Errand(partial(self._feed.backend.pull, pull), f"pull:{self._feed.name}")
            errand.watched(partial(self._look_at, pull))
            return None
        except BaseException as error:  # a plugin may do anything
            log.debug("feed %s", self._feed.name, exc_info=True)
            return error
        finally:
            self._loop.pulse.beat()

    def _look_at(self, pull: Pull) -> None:
        """Tell where nothing has been heard of the backend for long."""
        if self._clock.monotonic() - pull.heard >= TELL_AFTER:
            self._tell("nothing is heard of its plugin: it hangs. Update or remove it, then restart", pull.heard)

    def _is_over(self) -> bool:
        return self._loop.stopping

    def _complain(self, error: BaseException) -> None:
        """Log it; what does not pass by itself, or lasts, is a fault too."""
        ours = isinstance(error, ApplianceError)
        said = words(error) if ours else f"defect in the backend: {words(error)}. Update its plugin"
        log.warning("feed %s: %s", self._feed.name, said)
        now = self._clock.monotonic()
        self.streak = self.streak.failed(said, now)
        if isinstance(error, Permanent) or not ours or self.streak.lasts(now):
            self._tell(said, self.streak.since)

    def _tell(self, said: str, since: float) -> None:
        message = f"feed {self._feed.name}: {said}"
        if message != self._complaint:
            self._complaint = message
            self._post(FEED.raised(message, self._feed.name, since=since))

    def _arrived(self, track: Track) -> None:
        settings = self._feed.settings
        self._post(TrackArrived(track, settings.autoplay))
        self._store.inbox.clear(self._feed.name, settings.keep, settings.keep_unheard)
