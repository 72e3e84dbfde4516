"""Clips that a person deleted: tombstones whose files wait in `trash/`, until room is needed or their time is over.

The row comes first and the files follow, so that a start after a power cut knows where they belong. Without the
catalogue what lies in `trash/` stays trash.
"""

import sqlite3
from pathlib import Path

from appliance import durable
from appliance.codec import from_json
from appliance.errors import NotFound
from appliance.models import Clip
from appliance.recipes import ENCRYPTED
from appliance.store.clips import chosen, clip_in
from appliance.store.places import Places, is_text
from appliance.values import frozen

_NOT_DATED = 0


@frozen
class Trashed:
    """A clip in the trash, and since when: wall time in ns, 0 where no clock told."""

    clip: Clip
    since_ns: int


class TrashRows:
    """Which tombstones can still be brought back. Whoever calls holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, clip_id: str, since_ns: int) -> None:
        """Note that the files of a tombstone are kept."""
        self._db.execute("INSERT OR REPLACE INTO trash SELECT seq, ? FROM clips WHERE id = ?", (since_ns, clip_id))

    def remove(self, clip_id: str) -> None:
        """Its files are kept no more."""
        self._db.execute("DELETE FROM trash WHERE clip = (SELECT seq FROM clips WHERE id = ?)", (clip_id,))

    def bring_back(self, clip_id: str) -> None:
        """Make the tombstone a clip again, whose deliveries go on."""
        self.remove(clip_id)
        self._db.execute("UPDATE clips SET deleted_at = NULL, reason = NULL WHERE id = ?", (clip_id,))
        self._db.execute(
            "UPDATE deliveries SET state = 'pending', attempts = 0, tried = 0"
            " WHERE state = 'cancelled' AND clip = (SELECT seq FROM clips WHERE id = ?)",
            (clip_id,),
        )

    def holds(self, name: str) -> bool:
        """Whether a clip of this name can be brought back."""
        query = "SELECT 1 FROM trash JOIN clips ON seq = clip WHERE name = ?"
        return self._db.execute(query, (name,)).fetchone() is not None

    def all(self) -> list[Trashed]:
        """What is in the trash, in the order in which it came there."""
        rows = self._db.execute("SELECT body, since_ns FROM trash JOIN clips ON seq = clip ORDER BY since_ns, clip")
        return [Trashed(clip_in(body), since_ns) for body, since_ns in rows]

    def find(self, reference: str) -> Clip:
        """The clip of this name, id or unambiguous beginning of an id. Raises NotFound."""
        absent = f"no clip {reference!r} in the trash: `appliance clips trash` shows those there are"
        return chosen(self._db, reference, "seq IN (SELECT clip FROM trash)", absent)

    def date(self, now_ns: int) -> None:
        """What came here while no clock told the time counts from now on."""
        self._db.execute("UPDATE trash SET since_ns = ? WHERE since_ns = ?", (now_ns, _NOT_DATED))


def put_away(places: Places, name: str) -> None:
    """Move all files of a clip to the trash, as far as they are not there: metadata first, as sound tells less."""
    for path in (places.sidecar(name), places.audio(name), places.encrypted(name)):
        if path.exists():
            _move(path, places.trash / path.name)


def take_out(places: Places, name: str) -> None:
    """Move all files of a clip back. Raises NotFound where its sound is gone."""
    for path in (places.sidecar(name), places.audio(name), places.encrypted(name)):
        if (places.trash / path.name).exists():
            _move(places.trash / path.name, path)
    if not places.sound(name).exists():
        raise NotFound(f"the sound of clip {name} is not in {places.trash} any more")


def _move(source: Path, target: Path) -> None:
    durable.move(source, target)
    durable.sync_directory(source.parent)


def throw_out(places: Places, name: str) -> None:
    """Remove all files of a clip from the trash."""
    for path in (places.audio(name), places.encrypted(name), places.sidecar(name)):
        (places.trash / path.name).unlink(missing_ok=True)
    durable.sync_directory(places.trash)


def strays(places: Places) -> set[str]:
    """Names of the clips whose files lie in the trash."""
    names = [path.name.removesuffix(ENCRYPTED) for path in places.trash.iterdir() if is_text(path.name)]
    return {Path(name).stem for name in names if name.endswith((".wav", ".json"))}


def described(places: Places, name: str) -> tuple[Clip, str]:
    """The clip that a sidecar in the trash describes, and its text. Raises ValueError, OSError."""
    text = durable.read_file(places.trash / f"{name}.json", 1 << 24).decode()
    clip = from_json(text, Clip)
    if clip.name != name:
        raise ValueError(f"it describes the clip {clip.name}")
    return clip, text
