"""A file that broke off, and is gone on with where it is still the same."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO, Self

from attrs import field, frozen

from appliance.plugin import Transient
from appliance_fetch.answers import told_of

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_BLOCK = 1 << 20


@frozen
class Begun:
    """The first `size` bytes of the file of which this was told (`appliance_fetch.answers.told_of`)."""

    size: int = 0
    told: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(cls, note: Mapping[str, object], there: int) -> Self:
        """What the note of a URL says was begun, as far as so many bytes are `there`."""
        begun = note.get("begun")
        if not isinstance(begun, dict) or not 0 < begun["size"] <= there:
            return cls()
        return cls(begun["size"], {name: text for name, text in begun.items() if name != "size"})

    @property
    def condition(self) -> str:
        """By what a server tells the same file byte by byte (RFC 9110, 13.1.5); empty where it cannot."""
        etag = self.told.get("etag", "")
        return etag if etag and not etag.startswith("W/") else self.told.get("last_modified", "")

    def conditions(self) -> dict[str, str]:
        """The headers that ask for the rest, if the file is still the same (RFC 9110, 13.1.5 and 14.2)."""
        return {"Range": f"bytes={self.size}-", "If-Range": self.condition} if self.size else {}

    def is_refused_by(self, answer: "Answer") -> bool:
        """Whether the server gives another part than the rest, or one of another file, or none."""
        if answer.status != 206:
            return bool(answer.status == 416)
        begin = re.match(r"bytes (\d{1,18})-", answer.headers.get("Content-Range", ""))
        told = told_of(answer, self.size)
        is_other = any(text != self.told.get(name, text) for name, text in told.items())
        tagged_now = "etag" in told and "etag" not in self.told
        return not self.size or begin is None or int(begin[1]) != self.size or is_other or tagged_now

    def read(self, file: BinaryIO, hashed: Callable[[bytes], None]) -> None:
        """Go to the end of what was begun, and let the file end there."""
        left = self.size
        while left:
            block = file.read(min(left, _BLOCK))
            if not block:
                raise Transient("what was begun is no longer there: it begins anew")
            hashed(block)
            left -= len(block)
        file.seek(self.size)
        file.truncate()
