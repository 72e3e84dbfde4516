"""The feeds: each is pulled into the inbox on a thread and a schedule of its own."""

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

from appliance.audio.arriving import Arrivals
from appliance.clock import Clock
from appliance.durable import PARTIAL
from appliance.errors import ApplianceError, NotFound, PluginError, WrongKind
from appliance.events import Command, Event, PlayLatest, PlayNext, PlayToggle, TrackArrived
from appliance.feeds.listening import Begins, ListeningPull
from appliance.feeds.pull import BEGUN, Pull
from appliance.feeds.puller import Feed, Post, Puller
from appliance.feeds.safefile import Room
from appliance.feeds.uploads import KEPT as UPLOADS_KEPT
from appliance.feeds.uploads import UPLOADED, Uploads
from appliance.foreign import words
from appliance.limits import leave
from appliance.machine import Player
from appliance.models import Track
from appliance.plugin.feed import FeedBackend
from appliance.redact import shown_url
from appliance.retry import Streak
from appliance.status import Status
from appliance.store import Store
from appliance.vitals import Vitals

__all__ = ["FETCHED", "FETCHED_KEPT", "Feed", "Feeds"]

FETCHED = "url"
"""The feed that tracks fetched by a person's word belong to."""

FETCHED_KEPT = 100
"""How many of them are kept, heard or not."""

_GONE_ON_WITH = 7 * 86_400.0
"""Seconds within which a track that broke off is gone on with."""


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
        arrivals: Arrivals | None = None,
    ) -> None:
        """`has_room` tells whether a track may grow. `build_fetchers` makes backends that would pull just one URL, the
        most specific first; without it `fetch` finds nothing. `arrivals` is where a player finds what still comes.
        """
        self._arrivals = arrivals
        self._store = store
        self._clock = clock
        self._post = post
        self._has_room = has_room
        self._build_fetchers = build_fetchers
        self._stopping = threading.Event()
        self.uploads = Uploads(store, clock, has_room, partial(self._took_in, UPLOADED, UPLOADS_KEPT))
        self._pullers = {
            name: Puller(store, feed, clock, post, vitals, has_room, random) for name, feed in feeds.items()
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

    def hear(self, input: Command | Event, status: Status) -> None:
        """Pull at once what waits for a button, when somebody wants to hear a message. Returns at once."""
        stopped = status.player is Player.STOPPED
        if isinstance(input, PlayNext | PlayLatest) or (isinstance(input, PlayToggle) and stopped):
            for puller in self._pullers.values():
                puller.want()

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
        begins: Begins | None = None,
    ) -> Track:
        """Pull one URL into the inbox, on the caller's thread. Blocks, until it is `given_up` at the latest; `received`
        is told of the bytes that came, and `begins` as soon as something of it can be played: it is not waited for
        any more once nobody listens to that.

        Raises Transient, Permanent or Cancelled as a feed does, NotFound where no plugin can pull it or nothing came.
        """
        if self._build_fetchers is None:
            raise NotFound(f"no plugin can fetch {shown_url(url)}: see `appliance plugins`")

        def is_over() -> bool:
            return self._stopping.is_set() or given_up()

        def has_room(size: int) -> bool:
            received(size)
            return self._has_room(size)

        arrived = partial(self._took_in, FETCHED, FETCHED_KEPT)
        how = (self._store, FETCHED, self._clock, has_room, is_over, arrived)
        if begins and self._arrivals:
            pull: Pull = ListeningPull(*how, fresh=True, arrivals=self._arrivals, begins=begins)
        else:
            pull = Pull(*how, fresh=True)
        first: WrongKind | None = None
        for backend in self._build_fetchers(url):
            try:
                self._fetch_as(backend, pull, url)
                break
            except WrongKind as error:
                first = first or error
        else:
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

    def _took_in(self, feed: str, kept: int, track: Track) -> None:
        self._post(TrackArrived(track, play_now=False))
        self._store.inbox.clear(feed, kept, kept)

    def close(self, timeout: float = 2.0) -> None:
        """Stop. A backend that does not come back in time is left behind."""
        self._stopping.set()
        self.uploads.close()
        until = self._clock.monotonic() + timeout
        for puller in self._pullers.values():
            puller.stop()
        for puller in self._pullers.values():
            puller.join(max(0.0, until - self._clock.monotonic()))
