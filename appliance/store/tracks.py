"""The rows of the inbox: tracks that feeds pulled, and the feeds' own notes. Whoever calls holds the transaction."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.errors import NotFound
from appliance.models import Track
from appliance.store.places import Places
from appliance.store.trouble import note_in, note_out
from appliance.verbs import PAGE

_COLUMNS = "id, feed, key, title, path, size, sha256, fetched_at, played"
_NONE = 1 << 62
"""An id that no track has."""

_PLAYED, _UNPLAYABLE = 1, 2
"""What `played` says, where it does not say 0."""


class TrackRows:
    """All tracks in the inbox."""

    def __init__(self, connection: sqlite3.Connection, places: Places) -> None:
        self._db = connection
        self._places = places
        self.changes = 0
        """Grows with whatever changes about the tracks, so that it can be told."""

    def add(self, feed: str, key: str, title: str, path: Path, size: int, sha256: str, at_ns: int) -> Track:
        """Enter a track, not heard yet. One of the same feed and key gives way to it."""
        self.changes += 1
        self._db.execute("DELETE FROM tracks WHERE feed = ? AND key = ?", (feed, key))
        row = self._db.execute(
            "INSERT INTO tracks (feed, key, title, path, size, sha256, fetched_at)"
            f" VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {_COLUMNS}",
            (feed, key, title, self._places.relative(path), size, sha256, at_ns),
        ).fetchone()
        return self._track(row)

    def enter(self, track: Track) -> None:
        """Enter a track again as it was, unless one of the same feed and key is there, or was."""
        if self.has(track.feed, track.key):
            return
        self.changes += 1
        free = self._db.execute("SELECT 1 FROM tracks WHERE id = ?", (track.id,)).fetchone() is None
        played = _PLAYED if track.played else _UNPLAYABLE if track.unplayable else 0
        self._db.execute(
            f"INSERT INTO tracks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                track.id if free else None,
                track.feed,
                track.key,
                track.title,
                self._places.relative(track.path),
                track.size,
                track.sha256,
                track.fetched_at,
                played,
            ),
        )

    def one(self, track_id: int) -> Track | None:
        """A track, where it is in the inbox."""
        query = f"SELECT {_COLUMNS} FROM tracks WHERE id = ? AND removed = 0"
        row = self._db.execute(query, (track_id,)).fetchone()
        return self._track(row) if row else None

    def all(self, feed: str | None = None) -> list[Track]:
        """Tracks of one feed or of all, in the order of arrival."""
        query = f"SELECT {_COLUMNS} FROM tracks WHERE removed = 0 AND (?1 IS NULL OR feed = ?1) ORDER BY id"
        rows = self._db.execute(query, (feed,))
        return [self._track(row) for row in rows]

    def names(self) -> set[str]:
        """The names of all files in the inbox."""
        folder = f"{self._places.relative(self._places.inbox)}/"
        paths: Iterator[tuple[str]] = self._db.execute("SELECT path FROM tracks WHERE removed = 0")
        return {path.removeprefix(folder) for (path,) in paths if path.startswith(folder)}

    def named(self, name: str) -> list[Track]:
        """The track whose file in the inbox has this name."""
        path = self._places.relative(self._places.inbox / name)
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM tracks WHERE path = ? AND removed = 0", (path,))
        return [self._track(row) for row in rows]

    def page(self, limit: int = PAGE, before: int | None = None) -> list[Track]:
        """Of all tracks, or of those before a track, the last `limit`, in the order of arrival."""
        query = f"SELECT {_COLUMNS} FROM tracks WHERE removed = 0 AND id < ? ORDER BY id DESC LIMIT ?"
        rows = self._db.execute(query, (_NONE if before is None else before, limit))
        return [self._track(row) for row in rows][::-1]

    def files(self, feed: str, key: str) -> list[Path]:
        """The file of an item of a feed, where it is in the inbox."""
        rows = self._db.execute("SELECT path FROM tracks WHERE feed = ? AND key = ? AND removed = 0", (feed, key))
        return [self._places.directory / path for (path,) in rows]

    def holds(self, feed: str, key: str, sha256: str) -> bool:
        """Whether the item of the feed has these bytes, and its file is there, unless its track was removed."""
        query = "SELECT path, removed FROM tracks WHERE feed = ? AND key = ? AND sha256 = ?"
        row = self._db.execute(query, (feed, key, sha256)).fetchone()
        return row is not None and (bool(row[1]) or (self._places.directory / row[0]).is_file())

    def versions(self, feed: str, key: str) -> list[tuple[int, str]]:
        """Tracks of a feed, the newest first, by id and what their keys say behind `key` and a space."""
        query = "SELECT id, key FROM tracks WHERE feed = ? AND key > ? AND key < ? ORDER BY id DESC"
        rows = self._db.execute(query, (feed, f"{key} ", f"{key}!"))  # "!" comes next to a space
        return [(track_id, found[len(key) + 1 :]) for track_id, found in rows]

    def rename(self, track_id: int, key: str) -> None:
        """Give a track another key, which no other of its feed has."""
        self.changes += 1
        self._db.execute("UPDATE tracks SET key = ? WHERE id = ?", (key, track_id))

    def unheard_first(self, after: int = 0, orders: Mapping[str, str] = {}) -> Iterator[Track]:
        """What nobody has heard yet, oldest first, beginning behind `after`; then the rest, newest first.

        Of the feeds in `orders` one gives way to the one of its feed that is `newest`, or `random`.
        """
        for where in ("id > ?", "id <= ?"):  # found in the index, while an order by whether it is so sorts them all
            for track in self._playable(f"played = 0 AND {where} ORDER BY id", after):
                order = orders.get(track.feed, "")
                if order == "newest":
                    for newer in ("id < ?1", "id >= ?1"):
                        query = f"played = 0 AND {newer} AND feed = ?2 ORDER BY id DESC"
                        yield from self._playable(query, after or _NONE, track.feed)
                elif order == "random":
                    query = "played = 0 AND feed = ?2 ORDER BY id = ?1, random()"
                    yield from self._playable(query, after or _NONE, track.feed)
                else:
                    yield track
        yield from self._playable("played = 1 ORDER BY id DESC")

    def unheard_only(self) -> Iterator[Track]:
        """What nobody has heard yet, oldest first."""
        yield from self._playable("played = 0 ORDER BY id")

    def heard_last(self) -> Iterator[Track]:
        """What somebody has heard, newest first."""
        yield from self._playable("played = 1 ORDER BY id DESC")

    def newest_first(self, until: int | None = None) -> Iterator[Track]:
        """All that can be played, by arrival, from `until` on."""
        yield from self._playable("(?1 IS NULL OR id <= ?1) ORDER BY id DESC", until)

    def _playable(self, query: str, *values: int | str | None) -> Iterator[Track]:
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM tracks WHERE removed = 0 AND played <> {_UNPLAYABLE} AND {query}", values
        )
        return (self._track(row) for row in rows)

    def has(self, feed: str, key: str) -> bool:
        """Whether the item of the feed was pulled, be it that its track was removed since."""
        query = "SELECT 1 FROM tracks WHERE feed = ? AND key = ?"
        return self._db.execute(query, (feed, key)).fetchone() is not None

    def mark_played(self, track_id: int) -> None:
        """Somebody has heard the track."""
        self._mark(track_id, _PLAYED, "played <> ?2")

    def mark_unheard(self, track_id: int) -> None:
        """Let it be played as if nobody had heard it. Raises NotFound."""
        if not self._mark(track_id, 0, "removed = 0"):
            raise _no_track(track_id)

    def mark_unplayable(self, track_id: int) -> None:
        """It holds no sound: as nobody can hear it, no other waits behind it."""
        self._mark(track_id, _UNPLAYABLE, "played = 0")

    def _mark(self, track_id: int, played: int, where: str) -> bool:
        marked = self._db.execute(f"UPDATE tracks SET played = ?2 WHERE id = ?1 AND {where}", (track_id, played))
        self.changes += marked.rowcount
        return marked.rowcount > 0

    def beyond(self, feed: str, keep: int, *, played: bool) -> list[int]:
        """The tracks of a feed, heard or not, that are older than the newest `keep` of them."""
        rows = self._db.execute(
            "SELECT id FROM tracks WHERE feed = ? AND removed = 0 AND (played <> 0) = ?"
            " ORDER BY id DESC LIMIT -1 OFFSET ?",
            (feed, played, keep),
        )
        return [track_id for (track_id,) in rows]

    def stale(self, feed: str, before_ns: int | None, size: int | None) -> list[int]:
        """The tracks of a feed that somebody has heard and that came before a moment, or for which there is no room
        beside newer ones in `size` bytes.
        """
        rows = self._db.execute(
            "SELECT id FROM (SELECT id, fetched_at, sum(size) OVER (ORDER BY id DESC) AS together FROM tracks"
            " WHERE feed = ?1 AND removed = 0 AND played <> 0) WHERE fetched_at < ?2 OR together > ?3",
            (feed, before_ns, size),
        )
        return [track_id for (track_id,) in rows]

    def date(self, at_ns: int) -> None:
        """What came while no clock told when has come now."""
        self._db.execute("UPDATE tracks SET fetched_at = ?1 WHERE fetched_at = 0 AND removed = 0", (at_ns,))

    def remove(self, track_id: int) -> Path:
        """Forget a track, but not that it was pulled; its file. Raises NotFound."""
        self.changes += 1
        row = self._db.execute(
            "UPDATE tracks SET removed = 1, played = 1 WHERE id = ? AND removed = 0 RETURNING path", (track_id,)
        ).fetchone()
        if row is None:
            raise _no_track(track_id)
        return self._places.directory / str(row[0])

    def removed(self) -> set[str]:
        """Names of the files of removed tracks."""
        rows: Iterator[tuple[str]] = self._db.execute("SELECT path FROM tracks WHERE removed <> 0")
        return {path.rpartition("/")[2] for (path,) in rows}

    def unheard(self) -> int:
        """How many tracks nobody has heard yet."""
        (count,) = self._db.execute("SELECT count(*) FROM tracks WHERE played = 0").fetchone()
        return int(count)

    def unheard_by_feed(self) -> dict[str, int]:
        """The same for each feed that has any."""
        return dict(self._db.execute("SELECT feed, count(*) FROM tracks WHERE played = 0 GROUP BY feed"))

    def note(self, feed: str, key: str) -> dict[str, object]:
        """What `save_note` kept for an item last, or an empty dict."""
        row = self._db.execute("SELECT note FROM notes WHERE feed = ? AND key = ?", (feed, key)).fetchone()
        return (note_in(row[0]) if row else None) or {}

    def save_note(self, feed: str, key: str, note: dict[str, object]) -> None:
        """Keep a feed's note about one of its items."""
        text = note_out(note) or "{}"
        self._db.execute("INSERT OR REPLACE INTO notes (feed, key, note) VALUES (?, ?, ?)", (feed, key, text))

    def _track(self, row: tuple[Any, ...]) -> Track:
        track_id, feed, key, title, path, size, sha256, fetched_at, played = row
        path, marks = self._places.directory / path, (played == _PLAYED, played == _UNPLAYABLE)
        return Track(track_id, feed, key, title, path, size, sha256, fetched_at, *marks)


def _no_track(track_id: int) -> NotFound:
    return NotFound(f"no track {track_id} in the inbox: `appliance feeds list` shows those there are")
