"""The open catalogue: one connection and the rows in it."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import field

from appliance.models import Clip, Verdict
from appliance.recipes import RECIPES, Recipe, encrypted_instead
from appliance.store.clips import ClipRows
from appliance.store.dates import Dates
from appliance.store.encrypted import all_go_encrypted
from appliance.store.live import LiveNotes
from appliance.store.outbox import OutboxRows
from appliance.store.places import Places
from appliance.store.retention import Retention
from appliance.store.said import SaidRows
from appliance.store.schema import connect, is_sound, newer_version, transaction
from appliance.store.search import SearchRows
from appliance.store.tracks import TrackRows
from appliance.store.trash import TrashRows
from appliance.values import frozen


def everywhere(_: Clip, __: str) -> bool:
    """Where every clip goes to every destination."""
    return True


@frozen
class Wanted:
    """Which destinations new clips go to: the recipe of each, and whether a clip `goes` there by itself."""

    recipes: Mapping[str, str] = field(factory=dict)
    goes: Callable[[Clip, str], bool] = everywhere

    def of(self, clip: Clip) -> dict[str, str]:
        """Those that this clip goes to."""
        return {name: recipe for name, recipe in self.recipes.items() if self.goes(clip, name)}


class Catalogue:
    """Opened, used and closed on the store thread alone."""

    def __init__(self, places: Places, recipes: Mapping[str, Recipe] = RECIPES) -> None:
        """Open it, or make a new one where there is none. Raises sqlite3.Error; `is_damage` tells a broken file."""
        database, log, _ = places.catalogue_files
        # SQLite removes the log when it is closed well. After anything else every page is looked at.
        self._connection = connect(database, check=log.exists())
        self.clips = ClipRows(self._connection, places)
        self.outbox = OutboxRows(self._connection, recipes)
        self._instead = encrypted_instead(recipes)
        self.live = LiveNotes(self._connection)
        self.tracks = TrackRows(self._connection, places)
        self.trash = TrashRows(self._connection)
        self.dates = Dates(self._connection)
        self.search = SearchRows(self._connection)
        self.said = SaidRows(self._connection, self.search)
        self.retention = Retention(self._connection, places)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, durably, or nothing of it."""
        with transaction(self._connection):
            yield

    def enter(self, clip: Clip, body: str, wanted: Wanted) -> bool:
        """Enter a clip and its metadata, with its deliveries, in a transaction; False where it is there already.

        What is too short to have been meant is kept, but goes nowhere by itself. Raises ValueError as `ClipRows.add`.
        """
        added = self.clips.add(clip, body)
        if added:
            self.search.enter(clip)
        if added and clip.verdict is not Verdict.TOO_SHORT:
            self.send(clip, wanted)
            self.live.hand_over(clip.id)
        return added

    def send(self, clip: Clip, wanted: Wanted) -> None:
        """Queue a clip for every destination that it goes to by itself, in a transaction."""
        for destination, recipe in wanted.of(clip).items():
            self.outbox.enqueue([clip.id], destination, recipe)

    def forget_clear(self, clip_id: str) -> list[Path]:
        """Let all that waits of a clip go encrypted, in a transaction; the files that were encoded in the clear."""
        all_go_encrypted(self._connection, clip_id, self._instead)
        return self.clips.forget_clear(clip_id)

    def take_mark(self) -> int:
        """What `leave_mark` left at the end of the last run, once; 0 where that did not end well."""
        (mark,) = self._connection.execute("SELECT clips_changed FROM run").fetchone()
        self._connection.execute("UPDATE run SET clips_changed = 0")
        return int(mark)

    def leave_mark(self, clips_changed: int) -> None:
        """This run ends well: all that is in `clips/`, last changed then, is in the catalogue."""
        self._connection.execute("UPDATE run SET clips_changed = ?", (clips_changed,))

    def newer(self) -> list[str]:
        """What in it only a newer release understands, in words."""
        version = newer_version(self._connection)
        return ([f"the catalogue (version {version})"] if version else []) + self.outbox.newer()

    def is_sound(self) -> bool:
        """Whether it is what we made of it; takes its time."""
        return is_sound(self._connection)

    def recycle(self) -> None:
        """Write the log into the database, where the disk lets us, so that its room is used anew."""
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)")

    def close(self) -> None:
        """Write the log into the database and let go."""
        self._connection.close()
