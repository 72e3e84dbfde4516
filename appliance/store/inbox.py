"""The room of the inbox: what may be asked of it, from any thread."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from appliance.clock import Clock
from appliance.errors import NotFound
from appliance.events import TrackRemoved
from appliance.models import ClockSource, Track
from appliance.store.access import Access
from appliance.store.beside import keep, note_of
from appliance.store.catalogue import Catalogue
from appliance.store.messages import Message, message_of
from appliance.store.places import Places
from appliance.store.room import Room, change, read
from appliance.store.tracks import TrackRows


class Inbox(Room[TrackRows]):
    """Tracks that feeds pulled, what the feeds noted, and what is to be heard next.

    Changes post InboxChanged, what is gone TrackRemoved.
    """

    def __init__(self, access: Access, places: Places, clock: Clock) -> None:
        super().__init__(access, lambda catalogue: catalogue.tracks)
        self._places = places
        self._clock = clock

    tracks = read(TrackRows.all)
    page = read(TrackRows.page)
    files = read(TrackRows.files)
    has = read(TrackRows.has)
    holds = read(TrackRows.holds)
    note = read(TrackRows.note)
    save_note = change(TrackRows.save_note)
    _beyond = read(TrackRows.beyond)
    _stale = read(TrackRows.stale)
    _date = change(TrackRows.date)
    unheard = read(TrackRows.unheard)
    unheard_by_feed = read(TrackRows.unheard_by_feed)

    def add(self, feed: str, key: str, title: str, path: Path, size: int, sha256: str) -> Track:
        """Enter a file of the inbox; a track of the same feed and key gives way to it.

        Where no clock has told yet when it came, it counts as having come when one did.
        """
        at_ns = self._now() or 0
        track = self.access.change(lambda catalogue: catalogue.tracks.add(feed, key, title, path, size, sha256, at_ns))
        self.access.use(lambda _: keep(self._places, track))
        return track

    def take_over(self, feed: str, key: str, version: str) -> str:
        """Keep under `key` what a feed brought when keys had a version behind them, which this pattern matches.

        That is the newest; older ones that somebody has heard are removed. The version of the newest, or an empty text.
        """

        def work(catalogue: Catalogue) -> tuple[str, Track | None, list[Track]]:
            tracks = catalogue.tracks
            found = [each for each in tracks.versions(feed, key) if re.fullmatch(version, each[1])]
            if not found or tracks.has(feed, key):
                return "", None, []
            (newest, said), *older = found
            tracks.rename(newest, key)
            old = [track for track_id, _ in older if (track := tracks.one(track_id))]
            return said, tracks.one(newest), [track for track in old if track.played or track.unplayable]

        said, track, old = self.access.change(work)
        if track:
            self.access.use(lambda _: keep(self._places, track))
        for each in old:
            with suppress(NotFound):  # a person was quicker
                self.remove(each.id)
        return said

    def mark_played(self, track_id: int) -> None:
        """Somebody has heard the track."""
        self._mark(lambda tracks: tracks.mark_played(track_id), track_id)

    def mark_unheard(self, track_id: int) -> None:
        """Let it be played as if nobody had heard it. Raises NotFound."""
        self._mark(lambda tracks: tracks.mark_unheard(track_id), track_id)

    def mark_unplayable(self, track_id: int) -> None:
        """It holds no sound: as nobody can hear it, no other waits behind it."""
        self._mark(lambda tracks: tracks.mark_unplayable(track_id), track_id)

    def _mark(self, mark: Callable[[TrackRows], None], track_id: int) -> None:
        def work(catalogue: Catalogue) -> Track | None:
            before = catalogue.tracks.changes
            mark(catalogue.tracks)
            return catalogue.tracks.one(track_id) if catalogue.tracks.changes != before else None

        track = self.access.change(work)
        if track:
            self.access.use(lambda _: keep(self._places, track))

    def remove(self, track_id: int) -> None:
        """Remove a track and its file; its feed does not bring it again by itself. Raises NotFound.

        Should the power go in between, the next start removes the file.
        """
        path = self.access.change(lambda catalogue: catalogue.tracks.remove(track_id))
        self.access.post(TrackRemoved(track_id))
        if path.parent == self._places.inbox:
            self.access.use(lambda _: self._unlink(path))

    def _unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        note_of(self._places, path).unlink(missing_ok=True)

    def clear(
        self, feed: str, keep: int, keep_unheard: int | None, keep_for: float | None = None, size: int | None = None
    ) -> None:
        """Remove the oldest tracks of a feed: of those heard all but the newest `keep`, and what came more than
        `keep_for` seconds ago or is more than `size` bytes together; of those that nobody has heard all but the newest
        `keep_unheard`, or none.
        """
        surplus = set(self._beyond(feed, keep, played=True))
        if keep_unheard is not None:
            surplus |= set(self._beyond(feed, keep_unheard, played=False))
        if (keep_for, size) != (None, None):
            now = self._now()
            if now:
                self._date(now)
            before_ns = now - round(keep_for * 1e9) if now and keep_for is not None else None
            surplus |= set(self._stale(feed, before_ns, size))
        for track_id in surplus:
            with suppress(NotFound):  # a person was quicker
                self.remove(track_id)

    def _now(self) -> int | None:
        """Wall time in ns, where a clock tells."""
        now = self._clock.stamp()
        return None if now.source is ClockSource.NONE else now.wall_ns

    def next_message(self, after: int | None = None, orders: Mapping[str, str] | None = None) -> Message | None:
        """The oldest message not heard yet, beginning behind track `after`, else the newest one.

        Where `orders` says `newest` or `random` of its feed, it is that one of the feed instead.
        """
        return self._choose(lambda tracks: tracks.unheard_first(after or 0, orders or {}))

    def new_message(self) -> Message | None:
        """The oldest message not heard yet."""
        return self._choose(TrackRows.unheard_only)

    def again(self, last: int | None) -> Message | None:
        """Track `last`, or the message before it where it is gone; without one the newest that somebody has heard."""
        return self._choose(lambda tracks: tracks.heard_last() if last is None else tracks.newest_first(last))

    def previous(self, current: int | None) -> Message | None:
        """The message before track `current`; without one the newest that somebody has heard."""
        return self.again(None if current is None else current - 1)

    def latest(self) -> Message | None:
        """The newest message."""
        return self._choose(lambda tracks: tracks.newest_first())

    def _choose(self, order: Callable[[TrackRows], Iterable[Track]]) -> Message | None:
        """The first of these whose file is there."""
        return self.access.use(lambda catalogue: message_of(order(catalogue.tracks)))
