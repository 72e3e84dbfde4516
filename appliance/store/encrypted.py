"""What waits since before everything is encrypted goes encrypted too. Whoever calls holds the transaction."""

import sqlite3
from collections.abc import Mapping


def go_encrypted(connection: sqlite3.Connection, delivery: int, instead: Mapping[str, str]) -> None:
    """Let a delivery whose attempt begins go by the encrypted recipe, `instead` of its own, where there is one.

    What was sent of it in the clear, also while it was recorded, is no part of that: it begins with its first byte.
    """
    query = "SELECT kind, attempts FROM deliveries WHERE id = ?"
    kind, attempts = connection.execute(query, (delivery,)).fetchone()
    if kind in instead or (kind in instead.values() and attempts == 1):
        made = instead.get(kind, kind)
        connection.execute("UPDATE deliveries SET kind = ?, resume = NULL WHERE id = ?", (made, delivery))
