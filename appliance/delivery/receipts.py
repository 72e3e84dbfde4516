"""Receipts as backends hand them over: what can be kept and believed."""

from attrs import evolve

from appliance.foreign import one_line, printable
from appliance.models import Receipt
from appliance.redact import redact

_LONGEST_NAME = 4096
_LATEST = (1 << 63) - 1


def believed(receipt: object, said_by: str, size: int | None = None) -> Receipt:
    """The receipt that a method returned; `size` is how many bytes were handed over, where that is known.

    Raises TypeError or ValueError, in words, where the backend broke its contract.
    """
    if not isinstance(receipt, Receipt):
        raise TypeError(f"{said_by} returned {type(receipt).__name__}, which is no receipt")
    for name, kind in _KINDS.items():
        value = getattr(receipt, name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise TypeError(f"the receipt has a {name} that is no {kind.__name__}")
    if size is not None and receipt.size != size:
        raise ValueError(f"the receipt says {receipt.size} bytes, the file has {size}")
    if not 0 <= receipt.received_at <= _LATEST or not 0 <= receipt.size <= _LATEST:
        raise ValueError("the receipt has a number that cannot be")
    if len(receipt.remote_name) > _LONGEST_NAME or "\0" in receipt.remote_name:
        raise ValueError("the receipt has a remote_name that cannot be one")
    for text in (receipt.remote_name, receipt.algorithm, receipt.checksum):
        text.encode()
    return evolve(
        receipt,
        remote_name=printable(redact(receipt.remote_name), _LONGEST_NAME),
        algorithm=one_line(receipt.algorithm),
        checksum=one_line(receipt.checksum),
        detail=one_line(receipt.detail),
    )


_KINDS = {
    "remote_name": str,
    "size": int,
    "verified": bool,
    "algorithm": str,
    "checksum": str,
    "received_at": int,
    "detail": str,
    "on_own_disk": bool,
}
