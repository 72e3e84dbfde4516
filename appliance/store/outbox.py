"""The rows of the outbox: which clip still has to go where. Whoever calls holds the transaction.

What a destination gets next is found in constant time, however many rows wait:

1. deliveries never tried of which a part is there already, because the take was sent while it was recorded;
2. then those not tried in this run of the daemon, those tried longest ago last, else in the destination's order;
3. then the one whose wait has been over for the longest.

So a clip that fails again and again, or even takes the daemon down, goes behind all others each time. What a newer
release, or a recipe that was taken out of the configuration, added to the queue is passed over, until that is back.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

from appliance.codec import to_json, word
from appliance.models import Delivery, DeliveryState, Receipt
from appliance.phrases import counted
from appliance.recipes import Recipe, encrypted_instead
from appliance.store.deliveries import SELECT, delivery_in
from appliance.store.encrypted import go_encrypted
from appliance.store.queue import Queue, queue_of
from appliance.store.trouble import note_out, reading

_KNOWN = "SELECT value FROM json_each(?)"
_LAST_RUN = 1 << 60
_NOT_OURS = 1 << 62
"""What `tried` says in this run of a delivery that nothing here knows to make: no run has that number."""
_CLIP = "(SELECT seq FROM clips WHERE id = ?)"


class OutboxRows:
    """All deliveries, ever."""

    def __init__(self, connection: sqlite3.Connection, recipes: Mapping[str, Recipe]) -> None:
        self._db = connection
        self._known = json.dumps(list(recipes))
        self._instead = encrypted_instead(recipes)
        self._run = 0
        self.first = 1
        """The id of the first delivery that this catalogue will ever have."""
        self.passed_over = 0
        """Grows with the deliveries that were found to be a newer release's alone."""

    def begin_run(self) -> None:
        """A new run of the daemon: what was on its way is pending again, and all waits are over."""
        with reading("the number of the run"):
            (self._run,) = self._db.execute(
                f"UPDATE run SET number = number % {_LAST_RUN} + 1 RETURNING number"
            ).fetchone()
        self._db.execute("UPDATE deliveries SET state = 'pending' WHERE state = 'sending'")
        self._db.execute(f"UPDATE deliveries SET tried = 0 WHERE tried = {_NOT_OURS}")

    def newer(self) -> list[str]:
        """Deliveries that only a newer release knows to make, in words: they are left as they are."""
        kinds = self._db.execute(
            f"SELECT kind, count(*) FROM deliveries WHERE state = 'pending' AND tried = {_NOT_OURS} GROUP BY kind"
        )
        states = self._db.execute(
            "SELECT state, sum(count) FROM delivery_counts GROUP BY state HAVING sum(count) > 0 AND state NOT IN"
            f" ({', '.join(repr(state.value) for state in DeliveryState)})"
        )
        return [
            *(f"{counted(number, 'delivery', 'deliveries')} as {kind!r}" for kind, number in kinds),
            *(f"{counted(number, 'delivery', 'deliveries')} marked {state!r}" for state, number in states),
        ]

    def enqueue(self, clip_ids: Iterable[str], destination: str, recipe: str) -> int:
        """Add a delivery for each clip that has none to this destination, in whatever state; how many were added."""
        rows = ((self.first, destination, recipe, clip_id) for clip_id in clip_ids)
        return self._db.executemany(
            "INSERT INTO deliveries (id, clip, destination, kind)"
            " SELECT coalesce((SELECT max(id) + 1 FROM deliveries), ?), seq, ?, ?"
            " FROM clips WHERE id = ? AND deleted_at IS NULL ON CONFLICT DO NOTHING",
            rows,
        ).rowcount

    def take_next(self, destination: str, order: str, now: float) -> Delivery | None:
        """Claim what goes next to a destination, if anything is due at `now` (CLOCK_MONOTONIC).

        `order` is `oldest` or `newest`. It is SENDING until one of `delivered`, `postponed`, `parked`, `released` and
        `cancel` ends that; `attempts` counts this one.
        """
        found = self._found(destination, order, now)
        while found is not None and self._pass_over(found, destination):
            found = self._found(destination, order, now)
        if found is None:
            return None
        self._db.execute(
            "UPDATE deliveries SET state = 'sending', attempts = attempts + 1, tried = ?, due = NULL WHERE id = ?",
            (self._run, found),
        )
        go_encrypted(self._db, found, self._instead)
        return delivery_in(self._db.execute(f"{SELECT} WHERE d.id = ?", (found,)).fetchone())

    def _found(self, destination: str, order: str, now: float) -> int | None:
        return self._begun(destination, order) or self._ready(destination, order) or self._waited(destination, now)

    def _pass_over(self, found: int, destination: str) -> bool:
        """Whether a delivery, and others with it, are a newer release's: they wait for that one."""
        query = f"SELECT 1 FROM deliveries WHERE id = ? AND kind IN ({_KNOWN})"
        if self._db.execute(query, (found, self._known)).fetchone():
            return False
        self.passed_over += self._db.execute(
            f"UPDATE deliveries SET tried = {_NOT_OURS}"
            f" WHERE state = 'pending' AND destination = ? AND tried <= ? AND kind NOT IN ({_KNOWN})",
            (destination, self._run, self._known),
        ).rowcount
        return True

    def _begun(self, destination: str, order: str) -> int | None:
        direction = "DESC" if order == "newest" else "ASC"
        row = self._db.execute(
            "SELECT id FROM deliveries INDEXED BY deliveries_begun"
            " WHERE state = 'pending' AND tried = 0 AND resume IS NOT NULL AND destination = ?"
            f" ORDER BY clip {direction} LIMIT 1",
            (destination,),
        ).fetchone()
        return row[0] if row else None

    def _ready(self, destination: str, order: str) -> int | None:
        direction = "DESC" if order == "newest" else "ASC"
        row = self._db.execute(
            "SELECT id FROM deliveries WHERE state = 'pending' AND destination = ?1 AND tried = ("
            " SELECT min(tried) FROM deliveries WHERE state = 'pending' AND destination = ?1 AND tried < ?2"
            f") ORDER BY clip {direction} LIMIT 1",
            (destination, self._run),
        ).fetchone()
        return row[0] if row else None

    def _waited(self, destination: str, now: float) -> int | None:
        row = self._db.execute(
            "SELECT id FROM deliveries WHERE state = 'pending' AND due IS NOT NULL"
            " AND destination = ? AND tried = ? AND due <= ? ORDER BY due LIMIT 1",
            (destination, self._run, now),
        ).fetchone()
        return row[0] if row else None

    def next_due(self, destination: str) -> float | None:
        """When `take_next` will find something: CLOCK_MONOTONIC, 0.0 for at once, None for nothing pending."""
        if self._ready(destination, "oldest") is not None:
            return 0.0
        (due,) = self._db.execute(
            "SELECT min(due) FROM deliveries WHERE state = 'pending' AND due IS NOT NULL"
            " AND destination = ? AND tried = ?",
            (destination, self._run),
        ).fetchone()
        return None if due is None else float(due)

    def queue(self, destination: str) -> Queue:
        """What has not arrived at a destination."""
        return queue_of(self._db, self._run, destination, self.next_due(destination))

    def delivered(self, delivery_id: int, receipt: Receipt) -> None:
        """It arrived. True even of what was cancelled too late: the receipt counts."""
        self._db.execute(
            "UPDATE deliveries SET state = 'delivered', receipt = ?, resume = NULL, last_error = ''"
            " WHERE id = ? AND state IN ('sending', 'cancelled')",
            (to_json(receipt), delivery_id),
        )

    def correct_receipt(self, delivery_id: int, receipt: Receipt) -> None:
        """A second look at what had arrived has shown something else."""
        query = "UPDATE deliveries SET receipt = ? WHERE id = ? AND state = 'delivered'"
        self._db.execute(query, (to_json(receipt), delivery_id))

    def redeliver(self, delivery_id: int) -> bool:
        """Queue anew what had arrived and was lost there; False where its clip is gone from here as well."""
        changed = self._db.execute(
            "UPDATE deliveries SET state = 'pending', attempts = 0, tried = 0, due = NULL, receipt = NULL"
            " WHERE id = ? AND state = 'delivered' AND clip IN (SELECT seq FROM clips WHERE deleted_at IS NULL)",
            (delivery_id,),
        )
        return changed.rowcount > 0

    def postponed(self, delivery_id: int, error: str, until: float) -> None:
        """Try again when CLOCK_MONOTONIC of this run reaches `until`, or in the next run."""
        self._leave(delivery_id, "state = 'pending', last_error = ?, due = ?", error, until)

    def noted(self, delivery_id: int, error: str) -> None:
        """Something is to be known of an attempt while it is made."""
        self._leave(delivery_id, "last_error = ?", error)

    def parked(self, delivery_id: int, error: str) -> None:
        """Not again before a person has acted."""
        self._leave(delivery_id, "state = 'parked', last_error = ?", error)

    def released(self, delivery_id: int) -> None:
        """The attempt was broken off by us and counts for nothing."""
        self._leave(delivery_id, "state = 'pending', attempts = attempts - 1, tried = 0")

    def go_as(self, delivery_id: int, recipe: str) -> None:
        """It goes by this recipe instead: from its first byte."""
        self._db.execute("UPDATE deliveries SET kind = ?, resume = NULL WHERE id = ?", (recipe, delivery_id))

    def _leave(self, delivery_id: int, change: str, *values: object) -> None:
        """Only what is being sent can end so: what was cancelled meanwhile stays cancelled."""
        self._db.execute(f"UPDATE deliveries SET {change} WHERE id = ? AND state = 'sending'", (*values, delivery_id))

    def save_resume(self, delivery_id: int, note: dict[str, object] | None) -> None:
        """Keep the backend's note for the next attempt; None forgets it."""
        text = note_out(note)
        self._db.execute("UPDATE deliveries SET resume = ? WHERE id = ?", (text, delivery_id))

    def retry(self, destination: str | None = None, clip_id: str | None = None) -> int:
        """Make what is parked or waits for its time due at once; how many that were."""
        return sum(
            self._db.execute(
                f"UPDATE deliveries SET state = 'pending', tried = 0, due = NULL WHERE {which}"
                f" AND (?1 IS NULL OR destination = ?1) AND (?2 IS NULL OR clip = {_CLIP.replace('?', '?2')})",
                (destination, clip_id),
            ).rowcount
            for which in ("state = 'parked'", f"state = 'pending' AND due IS NOT NULL AND tried = {self._run}")
        )

    def hurry(self) -> None:
        """Make everything due at once that is parked or waits for its time; the order stays."""
        self._db.execute("UPDATE deliveries SET state = 'pending', due = 0 WHERE state = 'parked'")
        waiting = "state = 'pending' AND due > 0 AND tried = ?"
        self._db.execute(f"UPDATE deliveries SET due = 0 WHERE {waiting}", (self._run,))

    def go_again(self, delivery_ids: Iterable[int]) -> None:
        """Make these due at once, behind what was not tried yet, as far as they are parked."""
        self._db.executemany(
            "UPDATE deliveries SET state = 'pending', due = 0 WHERE state = 'parked' AND id = ?",
            [(delivery_id,) for delivery_id in delivery_ids],
        )

    def cancel(self, clip_id: str, destination: str | None = None) -> list[int]:
        """Take back what has not arrived; ids of the deliveries. An attempt that is running is the caller's to stop."""
        rows = self._db.execute(
            "UPDATE deliveries SET state = 'cancelled', due = NULL, resume = NULL"
            f" WHERE clip = {_CLIP} AND state IN ('pending', 'sending', 'parked')"
            " AND (?2 IS NULL OR destination = ?2) RETURNING id",
            (clip_id, destination),
        )
        return [delivery_id for (delivery_id,) in rows.fetchall()]

    def forget(self, destination: str) -> int:
        """Let nothing wait for a destination, as if it had never been asked for; how many deliveries that were."""
        waiting = "destination = ? AND state IN ('pending', 'parked')"
        self._db.execute(f"UPDATE delivery_counts SET count = 0 WHERE {waiting}", (destination,))
        return self._db.execute(f"DELETE FROM deliveries WHERE {waiting}", (destination,)).rowcount

    def find(
        self,
        clip_id: str | None = None,
        destination: str | None = None,
        states: Collection[DeliveryState] | None = None,
        limit: int | None = None,
        after: int = 0,
    ) -> list[Delivery]:
        """Deliveries in the order in which they were queued, which is that of their ids: those above `after`.

        Those of deleted clips are included.
        """
        conditions: list[str] = ["d.id > ?"]
        values: list[object] = [after]
        if clip_id is not None:
            conditions.append(f"d.clip = {_CLIP}")
            values.append(clip_id)
        if destination is not None:
            conditions.append("d.destination = ?")
            values.append(destination)
        if states is not None:
            conditions.append(f"d.state IN ({', '.join(repr(state.value) for state in states)})")
        query = f"{SELECT} WHERE {' AND '.join(conditions)} ORDER BY d.id LIMIT ?"
        return [delivery_in(row) for row in self._db.execute(query, (*values, -1 if limit is None else limit))]

    def of_each(self, clip_ids: Sequence[str]) -> dict[str, list[Delivery]]:
        """The deliveries of several clips at once, by their ids, in the same order."""
        query = f"{SELECT} WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY d.id"
        found: dict[str, list[Delivery]] = {clip_id: [] for clip_id in clip_ids}
        for row in self._db.execute(query, (json.dumps(list(clip_ids)),)):
            delivery = delivery_in(row)
            found[delivery.clip_id].append(delivery)
        return found

    def counts(self) -> dict[str, dict[DeliveryState, int]]:
        """How many deliveries each destination has in each state; costs the same however many there are."""
        counts: dict[str, dict[DeliveryState, int]] = {}
        for destination, state, count in self._db.execute(
            "SELECT destination, state, count FROM delivery_counts WHERE count > 0"
        ):
            with reading("a count of deliveries"):
                counts.setdefault(destination, {})[word(state, DeliveryState)] = count
        return counts

    def waiting(self) -> int:
        """How many deliveries are still to be made by themselves: pending or on their way."""
        query = "SELECT coalesce(sum(count), 0) FROM delivery_counts WHERE state IN ('pending', 'sending')"
        return int(self._db.execute(query).fetchone()[0])
