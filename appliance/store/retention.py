"""The rows of what may make room: clips that have arrived, and encodings that nobody waits for."""

import sqlite3
from collections.abc import Collection
from pathlib import Path

from appliance.codec import from_json
from appliance.models import Clip, Receipt
from appliance.recipes import ENCRYPTED, ORIGINAL
from appliance.store.clips import clip_in
from appliance.store.places import Places
from appliance.store.trouble import reading
from appliance.values import frozen

_UNWANTED = (
    "SELECT r.clip, r.kind, r.path, r.size FROM renditions r"
    f" WHERE r.kind <> '{ORIGINAL.name}' AND NOT EXISTS ("
    f" SELECT 1 FROM deliveries d WHERE d.clip = r.clip AND d.kind IN (r.kind, r.kind || '{ENCRYPTED}')"
    " AND d.state IN ('pending', 'sending', 'parked'))"
)

_COUNTED_NS = 300 * 10**9
"""For so long what was recorded in a week is not counted again."""


@frozen
class Footprint:
    """What something takes up on a disk, or the room for it: bytes, and files (inodes), of which it may lack either.

    A file system that does not count its files has room for infinitely many.
    """

    bytes: int = 0
    files: float = 0

    def __add__(self, other: "Footprint") -> "Footprint":
        return Footprint(self.bytes + other.bytes, self.files + other.files)

    def __sub__(self, other: "Footprint") -> "Footprint":
        return Footprint(self.bytes - other.bytes, self.files - other.files)

    @property
    def overdrawn(self) -> bool:
        """Whether one of them is less than nothing."""
        return self.bytes < 0 or self.files < 0


@frozen
class Arrived:
    """A clip that has arrived and waits for nothing, and its receipts by destination. `number` grows in the order of
    entry.
    """

    number: int
    clip: Clip
    receipts: dict[str, Receipt]

    @property
    def footprint(self) -> Footprint:
        """The room that it takes up: its sound and its metadata."""
        return Footprint(self.clip.size, 2)


@frozen
class Recorded:
    """What clips took up that began in a stretch of time, deleted ones included, and when the first of them did."""

    taken: Footprint
    first_ns: int | None


@frozen
class _Counted:
    """What was found in [since, until] while `newest` was the clip that had come last."""

    since_ns: int
    until_ns: int
    newest: int | None
    found: Recorded

    def holds(self, since_ns: int, until_ns: int, newest: int | None) -> bool:
        later = since_ns - self.since_ns
        return newest == self.newest and later == until_ns - self.until_ns and 0 <= later < _COUNTED_NS


class Retention:
    """What is kept, and what for."""

    def __init__(self, connection: sqlite3.Connection, places: Places) -> None:
        self._db = connection
        self._places = places
        self._counted: _Counted | None = None

    def arrived(self, destinations: Collection[str], after: int, limit: int) -> list[Arrived]:
        """Clips that arrived at some of `destinations` and wait for none, in the order of entry, behind `after`."""
        marks = ", ".join("?" * len(destinations))
        rows = self._db.execute(
            "SELECT seq, body FROM clips WHERE deleted_at IS NULL AND seq > ? AND ("
            " SELECT min(state = 'delivered' AND receipt IS NOT NULL) FROM deliveries"
            f" WHERE clip = seq AND destination IN ({marks})"
            ") = 1 ORDER BY seq LIMIT ?",
            (after, *destinations, limit),
        ).fetchall()
        return [Arrived(seq, clip_in(body), self._receipts(seq)) for seq, body in rows]

    def _receipts(self, seq: int) -> dict[str, Receipt]:
        rows = self._db.execute(
            "SELECT destination, receipt FROM deliveries"
            " WHERE clip = ? AND state = 'delivered' AND receipt IS NOT NULL",
            (seq,),
        )
        with reading("a receipt"):
            return {destination: from_json(receipt, Receipt) for destination, receipt in rows}

    def forget_encodings(self, room: Footprint) -> list[Path]:
        """Take out encodings that no delivery waits for, until `room` should not be overdrawn any more; their files."""
        rows = self._db.execute(f"{_UNWANTED} ORDER BY r.clip").fetchall()
        paths = []
        for clip, kind, path, size in rows:
            if not room.overdrawn:
                break
            room += Footprint(size, 1)
            self._db.execute("DELETE FROM renditions WHERE clip = ? AND kind = ?", (clip, kind))
            paths.append(self._places.directory / path)
        return paths

    def forget_encodings_of(self, clip_id: str) -> list[Path]:
        """Take out the encodings of one clip that no delivery waits for; their files."""
        clip = "(SELECT seq FROM clips WHERE id = ?)"
        rows = self._db.execute(f"{_UNWANTED} AND r.clip = {clip}", (clip_id,)).fetchall()
        for number, kind, _, _ in rows:
            self._db.execute("DELETE FROM renditions WHERE clip = ? AND kind = ?", (number, kind))
        return [self._places.directory / path for _, _, path, _ in rows]

    def recorded(self, since_ns: int, until_ns: int) -> Recorded:
        """What was recorded in [since, until] by wall time.

        As there may be many, what was counted is told again for some minutes while nothing is recorded.
        """
        (newest,) = self._db.execute("SELECT max(seq) FROM clips").fetchone()
        known = self._counted
        if known is None or not known.holds(since_ns, until_ns, newest):
            query = "SELECT coalesce(sum(bytes), 0), count(*), min(start_ns) FROM clips WHERE start_ns BETWEEN ? AND ?"
            size, clips, first_ns = self._db.execute(query, (since_ns, until_ns)).fetchone()
            known = self._counted = _Counted(since_ns, until_ns, newest, Recorded(Footprint(size, 2 * clips), first_ns))
        return known.found
