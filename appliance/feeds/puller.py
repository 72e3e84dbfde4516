"""One feed: pulled on a thread and a schedule of its own."""

import logging
from collections.abc import Callable
from functools import partial

from attrs import evolve

from appliance.clock import Clock
from appliance.config.feeds import FeedSettings, Pulled
from appliance.errors import ApplianceError, Permanent, Transient
from appliance.events import Command, Event, LoopBegins, LoopRests, TrackArrived, TrackDue
from appliance.faults import FEED
from appliance.feeds.pull import Pull
from appliance.feeds.safefile import Room
from appliance.foreign import words
from appliance.hours import LOOK_AGAIN, seconds_of_span, seconds_until_active
from appliance.limits import Errand, leave
from appliance.loops import Loop
from appliance.models import Track
from appliance.plugin.feed import FeedBackend
from appliance.retry import TELL_AFTER, Streak, backoff
from appliance.store import Store
from appliance.values import frozen
from appliance.vitals import Vitals

LONGEST_WAIT = 3600.0
"""Seconds that a server may ask for at most before it is asked again, where they are more than the feed's interval."""

FIRST_RETRY = 5.0
"""Seconds within which a pull that failed is tried again; doubled each time up to the feed's own interval."""

_PULSE_LIMIT = 120.0
"""Seconds within which a thread that pulls shows that it moves, unless it waits."""

_SAME = 1.0
"""Seconds by which the ends of the same quiet hours may differ."""

Post = Callable[[Command | Event], None]
log = logging.getLogger(__name__)


@frozen
class Feed:
    """A configured feed and the backend that pulls it."""

    name: str
    settings: FeedSettings
    backend: FeedBackend


class Puller:
    """One feed's thread. `pulls` counts those that have ended."""

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
        self._loop = Loop(f"feed:{feed.name}", self._look, feed.settings.every, _PULSE_LIMIT, clock, vitals)
        self._complaint = ""
        self._held: list[Track] = []
        """What came in quiet hours, and is to be played after them."""
        self._asked = self._wanted = self._looked = False
        self._resting: bool | None = None
        """Whether nothing of a feed with `loop` may sound, as far as that was told."""
        self._tries = 0
        self.streak = Streak(feed.settings.every)
        self.due = 0.0
        """When it is pulled next, on CLOCK_MONOTONIC."""
        self.pulls = 0
        self.start = self._loop.start
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

    def wake(self) -> None:
        """Pull at once. Returns at once."""
        self._asked = True
        self._loop.wake()

    def want(self) -> None:
        """Somebody wants to hear a message: pull at once, where that is what it waits for. Returns at once."""
        if self._on_button:
            self._wanted = True
            self.wake()

    @property
    def _on_button(self) -> bool:
        return self._feed.settings.pulled is Pulled.ON_BUTTON

    def _look(self) -> float:
        """Pull if it is time; the seconds until the next look."""
        if not self._looked:
            self._looked, self._held = True, self._held_before()
        if self._held and not self._quiet_for():
            held, self._held = {track.id for track in self._held}, []
            for track in self._unheard():
                if track.id in held:
                    self._post(TrackDue(track))
        self._tell_of_loop()
        if self._asked or (self._clock.monotonic() >= self.due and not self._on_button):
            self._asked = False
            self.due = self._seconds_after_pull() + self._clock.monotonic()
            self.pulls += 1
            self._wanted = False
            self._clear()
        left = LOOK_AGAIN if self._on_button else max(0.0, self.due - self._clock.monotonic())
        waits_for_hours = self._held or (self._feed.settings.loop and self._feed.settings.quiet_hours)
        return min(left, self._until_hours_change(), LOOK_AGAIN) if waits_for_hours else left

    def _held_before(self) -> list[Track]:
        """What came in the quiet hours that are still on, before the box was started."""
        settings, now, left = self._feed.settings, self._clock.stamp(), self._quiet_for()
        if not (settings.autoplay and left) or settings.loop:
            return []

        def is_held(track: Track) -> bool:
            then = evolve(now, wall_ns=track.fetched_at)
            over = (now.wall_ns - then.wall_ns) / 1e9 + left - seconds_of_span(settings.quiet_hours, then)
            return abs(over) < _SAME

        return [track for track in self._unheard() if is_held(track)]

    def _unheard(self) -> list[Track]:
        tracks = self._store.inbox.tracks(self._feed.name)
        return [track for track in tracks if not (track.played or track.unplayable)]

    def _until_hours_change(self) -> float:
        return self._quiet_for() or seconds_until_active(self._feed.settings.quiet_hours, self._clock.stamp())

    def _tell_of_loop(self) -> None:
        """Let begin what sounds over and over, or rest, as the hours are."""
        resting = self._quiet_for() > 0
        if not self._feed.settings.loop or resting is self._resting:
            return
        self._resting = resting
        name = self._feed.name
        if resting:
            self._post(LoopRests(name))
        else:
            tracks = self._store.inbox.tracks(name)
            self._post(LoopBegins(name, tuple(track for track in tracks if not track.unplayable)))

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
        autoplay = (settings.autoplay or self._wanted) and not settings.loop
        quiet = autoplay and not self._wanted and self._quiet_for() > 0
        if quiet:
            self._held.append(track)
        self._post(TrackArrived(track, autoplay and not quiet))
        self._clear()
        self._resting = None  # what has given way to it is not to sound again
        self._tell_of_loop()

    def _quiet_for(self) -> float:
        """Seconds that nothing plays by itself; 0 where it may now."""
        return seconds_of_span(self._feed.settings.quiet_hours, self._clock.stamp())

    def _clear(self) -> None:
        kept = self._feed.settings
        self._store.inbox.clear(self._feed.name, kept.keep, kept.keep_unheard, kept.keep_for, kept.keep_size)
