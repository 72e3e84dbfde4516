"""The note that one attempt at a multipart upload leaves for the next."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen
class Note:
    """An upload under way. `parts` holds the ETag and the SHA-256 (hex) of each part that the server has."""

    upload_id: str
    key: str
    sha256: str
    part_size: int
    parts: Mapping[int, tuple[str, str]] = field(factory=dict)

    def to_json(self) -> dict[str, object]:
        """As JSON has it: keys are text there, and tuples lists."""
        return {
            "upload_id": self.upload_id,
            "key": self.key,
            "sha256": self.sha256,
            "part_size": self.part_size,
            "parts": {str(number): list(part) for number, part in sorted(self.parts.items())},
        }


def read_note(stored: Mapping[str, Any] | None, key: str, sha256: str) -> Note | None:
    """The note as it was left; None where there is none, or where it is about something else."""
    if not stored:
        return None
    try:
        parts = {
            int(number): (str(etag), bytes.fromhex(digest).hex()) for number, (etag, digest) in stored["parts"].items()
        }
        note = Note(str(stored["upload_id"]), stored["key"], stored["sha256"], int(stored["part_size"]), parts)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return note if (note.key, note.sha256) == (key, sha256) and note.part_size > 0 and note.upload_id else None
