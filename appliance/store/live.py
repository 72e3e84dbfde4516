"""Notes about takes that are sent while they are recorded. Whoever calls holds the transaction."""

import sqlite3

from appliance.store.trouble import note_in, note_out

_DELIVERY = "destination = ?2 AND kind = 'original' AND clip = (SELECT seq FROM clips WHERE id = ?1)"


class LiveNotes:
    """One note for each take and destination, until the take is a clip with a delivery there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def save(self, take_id: str, destination: str, note: dict[str, object] | None) -> None:
        """Keep the note of what was sent of a take while it is recorded; None forgets it.

        It becomes the note of the delivery once the take is a clip that goes there, be it after a crash.
        """
        text = note_out(note)
        values = (take_id, destination, text)
        if self._db.execute(f"UPDATE deliveries SET resume = ?3 WHERE {_DELIVERY}", values).rowcount:
            return
        if text is None:
            self._db.execute("DELETE FROM live WHERE take = ? AND destination = ?", values[:2])
        else:
            self._db.execute(
                "INSERT INTO live (take, destination, note) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET note = excluded.note",
                values,
            )

    def hand_over(self, take_id: str) -> None:
        """The take is a clip now, and its deliveries are queued: they get the notes."""
        rows = self._db.execute("SELECT take, destination, note FROM live WHERE take = ?", (take_id,)).fetchall()
        for row in rows:
            self._db.execute(f"UPDATE deliveries SET resume = ?3 WHERE {_DELIVERY}", row)
            self._db.execute("DELETE FROM live WHERE take = ? AND destination = ?", row[:2])

    def notes(self, destination: str) -> dict[str, dict[str, object]]:
        """Notes of takes that are not clips with a delivery there, by take."""
        rows = self._db.execute("SELECT take, note FROM live WHERE destination = ?", (destination,))
        return {take_id: note for take_id, text in rows if (note := note_in(text)) is not None}
