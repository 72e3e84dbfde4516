"""One row of the outbox, read."""

from typing import Any

from appliance.codec import from_json, word
from appliance.models import Delivery, DeliveryState, Receipt
from appliance.store.trouble import note_in, reading

SELECT = (
    "SELECT d.id, c.id, d.destination, d.kind, d.state, d.attempts, d.last_error, d.resume, d.receipt"
    " FROM deliveries d JOIN clips c ON c.seq = d.clip"
)


def delivery_in(row: Any) -> Delivery:
    """The delivery of a row that `SELECT` found. Raises sqlite3.DatabaseError, as of damage, where it is none."""
    with reading("a delivery"):
        *_, resume, receipt = row
        return Delivery(
            id=row[0],
            clip_id=row[1],
            destination=row[2],
            recipe=row[3],
            state=word(row[4], DeliveryState),
            attempts=row[5],
            last_error=row[6],
            resume=note_in(resume),
            receipt=from_json(receipt, Receipt) if receipt is not None else None,
        )
