"""The note of an attempt whose file a server has taken, while what lies beside it still goes."""

from collections.abc import Mapping

from attrs import asdict

from appliance.plugin import Receipt

_TAKEN = "taken"
_RECEIPT = "receipt"


def note_of(receipt: Receipt, url: str, sha256: str) -> dict[str, object]:
    """As JSON has it. The URL, which may hold a key, is told by a hash alone."""
    return {_TAKEN: _mark(url, sha256), _RECEIPT: asdict(receipt)}


def taken(note: Mapping[str, object] | None, url: str, sha256: str) -> Receipt | None:
    """The receipt where an attempt before left word that these bytes are at that URL."""
    told = (note or {}).get(_RECEIPT)
    if note is None or note.get(_TAKEN) != _mark(url, sha256) or not isinstance(told, dict):
        return None
    try:
        return Receipt(**told)
    except TypeError:  # of another release
        return None


def _mark(url: str, sha256: str) -> str:
    import hashlib  # which brings OpenSSL

    return hashlib.sha256(f"{url}\n{sha256}".encode()).hexdigest()
