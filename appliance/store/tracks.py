"""The rows of the inbox: tracks that feeds pulled, and the feeds' own notes. Whoever calls holds the transaction."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance.models import Track
from appliance.store.places import Places
from appliance.store.trouble import note_in

_COLUMNS = "id, feed, key, title, path, size, sha256, fetched_at, played"


class Tracks:
    """All tracks in the inbox."""

    def __init__(self, connection: sqlite3.Connection, places: Places) -> None:
        self._db = connection
        self._places = places

    def add(self, feed: str, key: str, title: str, path: Path, size: int, sha256: str, at_ns: int) -> Track:
        """Enter a track, not heard yet. One of the same feed and key gives way to it."""
        self._db.execute("DELETE FROM tracks WHERE feed = ? AND key = ?", (feed, key))
        row = self._db.execute(
            "INSERT INTO tracks (feed, key, title, path, size, sha256, fetched_at)"
            f" VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {_COLUMNS}",
            (feed, key, title, self._places.relative(path), size, sha256, at_ns),
        ).fetchone()
        return self._track(row)

    def all(self, feed: str | None) -> list[Track]:
        """Tracks of one feed or of all, in the order of arrival."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM tracks WHERE ?1 IS NULL OR feed = ?1 ORDER BY id", (feed,))
        return [self._track(row) for row in rows]

    def unheard_first(self) -> Iterator[Track]:
        """What nobody has heard yet, oldest first; then the rest, newest first."""
        for query in ("played = 0 ORDER BY id", "played <> 0 ORDER BY id DESC"):
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM tracks WHERE {query}"):
                yield self._track(row)

    def newest_first(self) -> Iterator[Track]:
        """All, by arrival."""
        for row in self._db.execute(f"SELECT {_COLUMNS} FROM tracks ORDER BY id DESC"):
            yield self._track(row)

    def has(self, feed: str, key: str) -> bool:
        """Whether the item was pulled."""
        query = "SELECT 1 FROM tracks WHERE feed = ? AND key = ?"
        return self._db.execute(query, (feed, key)).fetchone() is not None

    def mark_played(self, track_id: int) -> None:
        """Somebody has heard it."""
        self._db.execute("UPDATE tracks SET played = 1 WHERE id = ?", (track_id,))

    def unheard(self) -> int:
        """How many nobody has heard yet."""
        (count,) = self._db.execute("SELECT count(*) FROM tracks WHERE played = 0").fetchone()
        return int(count)

    def note(self, feed: str, key: str) -> dict[str, object]:
        """What `save_note` kept last, or an empty dict."""
        row = self._db.execute("SELECT note FROM notes WHERE feed = ? AND key = ?", (feed, key)).fetchone()
        return (note_in(row[0]) if row else None) or {}

    def save_note(self, feed: str, key: str, note: dict[str, object]) -> None:
        """Keep a feed's note about one of its items."""
        text = json.dumps(note, ensure_ascii=False, allow_nan=False)
        self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (feed, key, text))

    def _track(self, row: tuple[Any, ...]) -> Track:
        track_id, feed, key, title, path, size, sha256, fetched_at, played = row
        return Track(track_id, feed, key, title, self._places.directory / path, size, sha256, fetched_at, bool(played))
