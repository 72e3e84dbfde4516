"""What the conformance checks put into an upload job to see how a backend behaves."""

import json
from collections.abc import Callable
from pathlib import Path

from attrs import define, field


@define
class Progress:
    """Takes the progress of one attempt and holds it against the rules."""

    last: int = 0
    _broken: str = ""

    def __call__(self, sent: int) -> None:
        if sent < self.last and not self._broken:
            self._broken = f"progress went back from {self.last} to {sent}"
        self.last = sent

    def check(self, size: int) -> None:
        """The attempt is over: nothing went back, and the last word was `size`."""
        assert not self._broken, self._broken
        assert self.last == size, f"progress ended at {self.last} of {size} bytes"


@define
class Notes:
    """Keeps resume notes as the store does: as JSON."""

    _forward: Callable[[dict[str, object] | None], None] | None = None
    last: dict[str, object] | None = None

    def __call__(self, note: dict[str, object] | None) -> None:
        assert note is None or isinstance(note, dict), f"a resume note is a dict or None, not {note!r}"
        try:
            self.last = json.loads(json.dumps(note, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise AssertionError(f"a resume note must be JSON-able: {error}") from error
        assert self.last == note, f"the resume note {note!r} comes back from JSON as {self.last!r}"
        if self._forward is not None:
            self._forward(self.last)


@define
class FileChange:
    """Changes a file in place at the first progress that is told."""

    path: Path
    content: bytes
    _done: bool = field(default=False, init=False)

    def __call__(self, sent: int) -> None:
        if sent and not self._done:
            self._done = True
            self.path.write_bytes(self.content)
