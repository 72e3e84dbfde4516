"""The rows of clips and of the renditions made from them. Whoever calls holds the transaction."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from appliance.codec import from_json
from appliance.errors import NotFound
from appliance.models import Clip, ClockSource, Rendition
from appliance.recipes import ENCRYPTED, ORIGINAL, Recipe
from appliance.store.places import Places
from appliance.store.trouble import damage, reading

_LAST = chr(0x10FFFF)
"""Sorts behind every character of an id."""


def clip_in(body: str) -> Clip:
    """The clip that a row describes. Raises sqlite3.DatabaseError, as of damage, where it describes none."""
    with reading("the row of a clip"):
        return from_json(body, Clip)


def chosen(db: sqlite3.Connection, reference: str, among: str, absent: str) -> Clip:
    """The clip of this name, id or unambiguous beginning of an id, of the rows that the SQL term `among` holds for.

    Raises NotFound, which says `absent` where there is none.
    """
    rows = []
    if reference and reference.isprintable():  # else it need not even be UTF-8
        rows = db.execute(
            f"SELECT id, body FROM clips WHERE (name = ?1 OR id >= ?1 AND id < ?2) AND {among} ORDER BY id LIMIT 2",
            (reference, reference + _LAST),
        ).fetchall()
    if not rows:
        raise NotFound(absent)
    (first, body), *others = rows
    if others and first != reference:
        raise NotFound(f"{reference!r} begins the ids of several clips, {first} and {others[0][0]}: give more of it")
    return clip_in(body)


class ClipRows:
    """Clips that are there, and tombstones of those that were."""

    def __init__(self, connection: sqlite3.Connection, places: Places) -> None:
        self._db = connection
        self._places = places

    def add(self, clip: Clip, body: str) -> bool:
        """Enter a clip; False where it is there already. `body` is its metadata, which may hold more than we know.

        Raises ValueError where another clip, or a deleted one, has its id or its name.
        """
        rows = self._db.execute(
            "SELECT id, name, deleted_at FROM clips WHERE id = ? OR name = ?", (clip.id, clip.name)
        ).fetchall()
        if rows == [(clip.id, clip.name, None)]:
            return False
        if rows:
            raise ValueError(f"the catalogue knows another clip, or a deleted one, as {clip.id} or {clip.name}")
        numbers = clip.began.wall_ns, clip.size
        if not all(-(1 << 63) <= number < 1 << 63 for number in numbers):
            raise ValueError(f"it tells of numbers that cannot be: {numbers}")
        self._db.execute(
            "INSERT INTO clips (id, name, start_ns, body, bytes, boot_id, clock, continues)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                clip.id,
                clip.name,
                clip.began.wall_ns,
                body,
                clip.size,
                clip.started.boot_id,
                clip.began.source.value,
                clip.continues,
            ),
        )
        return True

    def get(self, clip_id: str) -> Clip | None:
        """The clip of exactly this id, unless it was deleted."""
        row = self._db.execute("SELECT body FROM clips WHERE id = ? AND deleted_at IS NULL", (clip_id,)).fetchone()
        return clip_in(row[0]) if row else None

    def number(self, clip_id: str) -> int:
        """The number of a clip in the order of entry, from 1 on. Raises NotFound where it never was."""
        row = self._db.execute("SELECT seq FROM clips WHERE id = ?", (clip_id,)).fetchone()
        if row is None:
            raise NotFound(f"no clip {clip_id!r}")
        return int(row[0])

    def find(self, reference: str) -> Clip:
        """The clip of this name, id or unambiguous beginning of an id. Raises NotFound, which says why."""
        absent = f"no clip {reference!r}: `appliance clips list` shows those there are"
        return chosen(self._db, reference, "deleted_at IS NULL", absent)

    def parts(self, clip_id: str) -> list[Clip]:
        """All parts of the recording that a clip belongs to, in order; those that were deleted are left out."""
        ids = [clip_id]
        while (before := self._before(ids[0])) and before not in ids:
            ids.insert(0, before)
        for part in ids:
            ids += [after for after in self._after(part) if after not in ids]
        return [clip for part in ids if (clip := self.get(part))]

    def _before(self, clip_id: str) -> str | None:
        row = self._db.execute("SELECT continues FROM clips WHERE id = ?", (clip_id,)).fetchone()
        return row[0] if row else None

    def _after(self, clip_id: str) -> list[str]:
        query = "SELECT id FROM clips WHERE continues = ? ORDER BY seq"
        return [after for (after,) in self._db.execute(query, (clip_id,))]

    def count(self, since_ns: int | None = None, until_ns: int | None = None) -> int:
        """How many clips started in that span, as `bodies` takes it."""
        row = self._db.execute(
            "SELECT COUNT(*) FROM clips WHERE deleted_at IS NULL AND start_ns >= ? AND start_ns < ?",
            (-(1 << 63) if since_ns is None else since_ns, (1 << 63) - 1 if until_ns is None else until_ns),
        ).fetchone()
        return int(row[0])

    def newest_first(self, term: str | None = None) -> Iterator[str]:
        """The names of all clips, newest start first; with `term` of those alone that are found by it."""
        rows = self._db.execute(
            "SELECT name FROM clips WHERE deleted_at IS NULL"
            " AND (?1 IS NULL OR EXISTS (SELECT 1 FROM terms WHERE term = ?1 AND clip = seq))"
            " ORDER BY start_ns DESC, seq DESC",
            (term,),
        )
        return (name for (name,) in rows)

    def bodies(
        self,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Iterator[str]:
        """Clips as JSON, newest start first; `since_ns` inclusive, `until_ns` exclusive, in wall time.

        With `after` those behind the clip of that id, deleted or not. Raises NotFound where it never was.
        """
        end = ((1 << 63) - 1 if until_ns is None else until_ns, -(1 << 63))
        if after is not None:
            row = self._db.execute("SELECT start_ns, seq FROM clips WHERE id = ?", (after,)).fetchone()
            if row is None:
                raise NotFound(f"no clip {after!r} to go on after: begin with the first page again")
            end = min(end, row)
        rows = self._db.execute(
            "SELECT body FROM clips WHERE deleted_at IS NULL AND start_ns >= ? AND (start_ns, seq) < (?, ?)"
            " ORDER BY start_ns DESC, seq DESC LIMIT ?",
            (-(1 << 63) if since_ns is None else since_ns, *end, -1 if limit is None else limit),
        )
        return (body for (body,) in rows)

    def began_ns(self, name: str) -> int:
        """When the clip of exactly this name began, in wall time; 0 where no clock told, or there is none."""
        row = self._db.execute("SELECT start_ns, clock FROM clips WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row and row[1] != ClockSource.NONE else 0

    def names(self) -> Iterator[str]:
        """Of all clips that are there; read from an index alone, so cheap with many."""
        query = "SELECT name FROM clips INDEXED BY clips_present WHERE deleted_at IS NULL"
        return (name for (name,) in self._db.execute(query))

    def body(self, name: str) -> str:
        """The metadata of the clip of exactly this name, which is there."""
        (body,) = self._db.execute("SELECT body FROM clips WHERE name = ?", (name,)).fetchone()
        clip_in(body)
        return str(body)

    def is_deleted(self, name: str) -> bool:
        """Whether there is a tombstone of this name."""
        return self._tombstone("name = ?", name)

    def by_field(self, name: str, value: str) -> list[tuple[Clip, bool]]:
        """Clips with this field, also those that were deleted, and whether each was."""
        rows = self._db.execute(
            "SELECT body, deleted_at IS NOT NULL FROM clips WHERE json_extract(body, '$.fields.' || ?) = ?",
            (name, value),
        )
        return [(clip_in(body), bool(deleted)) for body, deleted in rows.fetchall()]

    def is_tombstone(self, clip_id: str) -> bool:
        """Whether there was a clip of this id that was deleted."""
        return self._tombstone("id = ?", clip_id)

    def knows(self, clip_id: str) -> bool:
        """Whether there is or was a clip of this id."""
        return self._db.execute("SELECT 1 FROM clips WHERE id = ?", (clip_id,)).fetchone() is not None

    def _tombstone(self, which: str, value: str) -> bool:
        """Files are removed on a tombstone's word: half of one is damage."""
        query = f"SELECT reason FROM clips WHERE {which} AND deleted_at IS NOT NULL"
        row = self._db.execute(query, (value,)).fetchone()
        if row == (None,):
            raise damage(f"a clip is deleted for no reason: {value}")
        return row is not None

    def delete(self, clip_id: str, at_ns: int, reason: str) -> None:
        """Make it a tombstone, without renditions."""
        self._db.execute("UPDATE clips SET deleted_at = ?, reason = ? WHERE id = ?", (at_ns, reason, clip_id))
        self._db.execute("DELETE FROM renditions WHERE clip = (SELECT seq FROM clips WHERE id = ?)", (clip_id,))

    def rendition(self, clip_id: str, recipe: Recipe) -> Rendition | None:
        """What `add_rendition` kept for a clip that is there, made by the very recipe."""
        row = self._db.execute(
            "SELECT path, size, sha256 FROM renditions JOIN clips ON seq = clip"
            " WHERE id = ? AND kind = ? AND recipe = ? AND deleted_at IS NULL",
            (clip_id, recipe.name, recipe.hash),
        ).fetchone()
        return Rendition(clip_id, recipe, self._places.directory / row[0], row[1], row[2]) if row else None

    def add_rendition(self, rendition: Rendition) -> None:
        """Keep a rendition, in place of an older one of the same name. Raises NotFound where the clip is gone."""
        added = self._db.execute(
            "INSERT OR REPLACE INTO renditions (clip, kind, recipe, path, size, sha256)"
            " SELECT seq, ?, ?, ?, ?, ? FROM clips WHERE id = ? AND deleted_at IS NULL",
            (
                rendition.recipe.name,
                rendition.recipe.hash,
                self._places.relative(rendition.path),
                rendition.size,
                rendition.sha256,
                rendition.clip_id,
            ),
        )
        if not added.rowcount:
            raise NotFound(f"no clip {rendition.clip_id!r}: it was deleted meanwhile")

    def encoded_as(self, clip_id: str) -> set[str]:
        """The names of the recipes by which something was made of a clip."""
        query = "SELECT kind FROM renditions JOIN clips ON seq = clip WHERE id = ?"
        return {kind for (kind,) in self._db.execute(query, (clip_id,))}

    def forget_clear(self, clip_id: str) -> list[Path]:
        """Forget what was encoded of a clip and not encrypted; the files."""
        rows = self._db.execute(
            "DELETE FROM renditions WHERE clip = (SELECT seq FROM clips WHERE id = ?) AND kind <> ?"
            " AND kind NOT LIKE '%' || ? RETURNING path",
            (clip_id, ORIGINAL.name, ENCRYPTED),
        )
        return [self._places.directory / path for (path,) in rows.fetchall()]

    def encoding_paths(self, clip_id: str | None = None) -> set[str]:
        """Paths of the encodings of one clip or of all, as the catalogue spells them."""
        query = "SELECT path FROM renditions JOIN clips ON seq = clip WHERE kind <> ?2 AND (?1 IS NULL OR id = ?1)"
        return {path for (path,) in self._db.execute(query, (clip_id, ORIGINAL.name))}
