"""What an answer tells of the file in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_LONGEST_VALIDATOR = 1000
_VALIDATORS = {"etag": "ETag", "last_modified": "Last-Modified"}
_CONDITIONS = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}


def validators_of(answer: "Answer") -> dict[str, str]:
    """By what the server tells this answer from others later on (RFC 9110, 8.8)."""
    return {
        name: text
        for name, header in _VALIDATORS.items()
        if (text := answer.headers.get(header, "")) and len(text) <= _LONGEST_VALIDATOR
    }


def told_of(answer: "Answer", before: int = 0) -> dict[str, str]:
    """All by which it may be told from others, what tells most first; `before` as in `length_of`."""
    length = length_of(answer, before)
    return validators_of(answer) | ({} if length is None else {"length": str(length)})


def conditions_of(note: Mapping[str, object]) -> dict[str, str]:
    """The headers that ask for something only if it is another than that of these validators (RFC 9110, 13.1)."""
    return {header: str(note[name]) for name, header in _CONDITIONS.items() if note.get(name)}


def is_live(answer: "Answer") -> bool:
    """Whether this is radio: it has no length, and the headers that Icecast and SHOUTcast give a station."""
    return not answer.bounded and any(name.lower().startswith("icy-") for name in answer.headers)


def length_of(answer: "Answer", before: int = 0) -> int | None:
    """The announced length of the file in bytes of which `before` are here already; None where there is none, or it is
    that of an encoding. Of a part the whole counts, where that is told: the part may be less than the rest.
    """
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        return None
    whole = _number(answer.headers.get("Content-Range", "").rpartition("/")[2])
    rest = _number(answer.headers.get("Content-Length", ""))
    return whole if whole is not None or rest is None else before + rest


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
