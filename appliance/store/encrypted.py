"""What waits since before everything is encrypted goes encrypted too. Whoever calls holds the transaction."""

import sqlite3
from collections.abc import Mapping


def all_go_encrypted(connection: sqlite3.Connection, clip_id: str, instead: Mapping[str, str]) -> None:
    """Let all of a clip that still waits go by the encrypted recipe, `instead` of its own, where there is one."""
    for clear, made in instead.items():
        connection.execute(
            "UPDATE deliveries SET kind = ?, resume = NULL WHERE clip = (SELECT seq FROM clips WHERE id = ?)"
            " AND kind = ? AND state IN ('pending', 'parked')",
            (made, clip_id, clear),
        )


def go_encrypted(connection: sqlite3.Connection, delivery: int, instead: Mapping[str, str]) -> None:
    """Let a delivery whose attempt begins go by the encrypted recipe, `instead` of its own, where there is one.

    What was sent of it in the clear, also while it was recorded, is no part of that: it begins with its first byte.
    """
    query = "SELECT kind, attempts FROM deliveries WHERE id = ?"
    kind, attempts = connection.execute(query, (delivery,)).fetchone()
    if kind in instead or (kind in instead.values() and attempts == 1):
        made = instead.get(kind, kind)
        connection.execute("UPDATE deliveries SET kind = ?, resume = NULL WHERE id = ?", (made, delivery))
