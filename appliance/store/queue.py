"""What has not arrived at a destination, in a few words and constant time. Whoever calls holds the transaction."""

import sqlite3
from collections.abc import Iterator

from appliance.models import ClockStamp
from appliance.store.clips import clip_in
from appliance.values import frozen


@frozen
class Queue:
    """`oldest` is when the oldest clip of it began, parked or not. `due` is CLOCK_MONOTONIC of the next attempt;
    None for never. `error` is why the last attempt failed at what is tried then, or now; empty where there was none.
    """

    oldest: ClockStamp | None
    due: float | None
    error: str


def queue_of(connection: sqlite3.Connection, run: int, destination: str, due: float | None) -> Queue:
    """The queue of a destination in this run of the daemon, whose next attempt is `due`."""
    (error,) = connection.execute(
        "SELECT coalesce((SELECT last_error FROM deliveries WHERE state = 'pending' AND due IS NOT NULL"
        " AND destination = ?1 AND tried = ?2 ORDER BY due LIMIT 1),"
        " (SELECT max(last_error) FROM deliveries WHERE state = 'sending' AND destination = ?1), '')",
        (destination, run),
    ).fetchone()
    oldest = min((row for row in _oldest(connection, destination) if row), default=None)
    return Queue(clip_in(oldest[1]).began if oldest else None, due, error)


def _oldest(connection: sqlite3.Connection, destination: str) -> Iterator[tuple[int, str] | None]:
    """The first clips of every kind that an index keeps in order: number and body."""
    select = "SELECT seq, body FROM deliveries JOIN clips ON seq = clip WHERE destination = ? AND state = "
    for state in ("'sending'", "'parked'"):
        yield connection.execute(f"{select}{state} ORDER BY deliveries.id LIMIT 1", (destination,)).fetchone()
    tried: int | None = -1
    while tried is not None:
        (tried,) = connection.execute(
            "SELECT min(tried) FROM deliveries WHERE destination = ? AND state = 'pending' AND tried > ?",
            (destination, tried),
        ).fetchone()
        query = f"{select}'pending' AND tried = ? ORDER BY clip LIMIT 1"
        yield connection.execute(query, (destination, tried)).fetchone()
