"""The note that one attempt at a multipart upload leaves for the next."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen
class Note:
    """An upload under way. `parts` holds the ETag and the SHA-256 (hex) of each part that the server has.

    `sha256` is that of the file, "" where the take is still recorded. `sha256_parts` says whether it was begun with
    SHA-256 checksums: then every part needs one.
    """

    upload_id: str
    key: str
    sha256: str
    part_size: int
    sha256_parts: bool
    parts: Mapping[int, tuple[str, str]] = field(factory=dict)

    def to_json(self) -> dict[str, object]:
        """As JSON has it: keys are text there, and tuples lists."""
        return {
            "upload_id": self.upload_id,
            "key": self.key,
            "sha256": self.sha256,
            "part_size": self.part_size,
            "sha256_parts": self.sha256_parts,
            "parts": {str(number): list(part) for number, part in sorted(self.parts.items())},
        }


def read_note(stored: Mapping[str, Any] | None, key: str, sha256: str) -> Note | None:
    """The note as it was left; None where there is none, or where it is about something else."""
    note = parse_note(stored)
    return note if note and note.key == key and note.sha256 in (sha256, "") else None


def parse_note(stored: Mapping[str, Any] | None) -> Note | None:
    """The note as it was left, whatever it is about; None where there is none."""
    if not stored:
        return None
    try:
        note = Note(
            upload_id=str(stored["upload_id"]),
            key=stored["key"],
            sha256=stored["sha256"],
            part_size=int(stored["part_size"]),
            sha256_parts=bool(stored["sha256_parts"]),
            parts={int(number): _part(*part) for number, part in stored["parts"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return note if note.part_size > 0 and note.upload_id else None


def _part(etag: object, sha256: str) -> tuple[str, str]:
    return str(etag), bytes.fromhex(sha256).hex()
