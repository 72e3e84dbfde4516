"""The journal of a take: what its sound alone does not tell, one JSON object a line.

The first line is `{"begin": ...}`; then `pause`, `resume`, `mark` and `gap` follow as they happen. Each ends with the
CRC-32 of its own text without it. A line that does not parse, as the last one may after a power cut, or that is not
what was written, is passed over. One of a kind that a newer release added is kept as it is. Older releases wrote no
checksums.
"""

import json
import zlib
from contextlib import suppress

from attrs import define, evolve, field

from appliance.circumstances import Begun, Fields, Gain, Place
from appliance.codec import from_plain, plain_of
from appliance.models import AudioFormat, ClockStamp, Gap, Mark, Pause
from appliance.values import frozen


@frozen
class Begin:
    """What is known when a take begins.

    `min_seconds` is the duration below which its clip is too short, `continues` the id of the clip that it carries on.
    """

    take_id: str
    name: str
    device: str
    format: AudioFormat
    started: ClockStamp
    min_seconds: float
    continues: str | None = None
    place: Place | None = None
    microphone: str = ""
    begun: Begun | None = None
    fields: Fields = field(factory=dict, hash=False)
    gain: Gain | None = None


@frozen
class PauseBegin:
    """The take holds still from position `offset` on; what was written beyond is cut off."""

    offset: int


@frozen
class PauseEnd:
    """The take goes on after `seconds`."""

    seconds: float


Entry = Begin | PauseBegin | PauseEnd | Mark | Gap

_KINDS: dict[str, type[Entry]] = {"begin": Begin, "pause": PauseBegin, "resume": PauseEnd, "mark": Mark, "gap": Gap}
_CHECKSUM = "crc32"
_NAMES = {kind: name for name, kind in _KINDS.items()}


def line(entry: Entry) -> bytes:
    """An entry as a line of the journal."""
    name, body = _NAMES[type(entry)], plain_of(entry)
    return _text(name, body | {_CHECKSUM: _checksum(name, body)}) + b"\n"


def _text(name: str, body: object) -> bytes:
    return json.dumps({name: body}, ensure_ascii=False, allow_nan=False).encode()


def _checksum(name: str, body: object) -> int:
    return zlib.crc32(_text(name, body))


@define
class History:
    """What happened in a take so far: the sum of its journal's entries.

    `unread` are lines of kinds that only a newer release knows. `checked` tells whether the beginning had a checksum.
    """

    gaps: list[Gap] = field(factory=list)
    marks: list[Mark] = field(factory=list)
    pauses: list[Pause] = field(factory=list)
    unread: list[str] = field(factory=list)
    checked: bool = field(default=False, eq=False)
    _held_at: int | None = None

    def apply(self, entry: Entry) -> None:
        """Take an entry in. A gap that goes on where the last one ended makes that one longer."""
        match entry:
            case Mark():
                self.marks.append(entry)
            case Gap():
                self._add(entry)
            case PauseBegin():
                self.cut(entry.offset)
                self._held_at = entry.offset
            case PauseEnd() if self._held_at is not None:
                self.pauses.append(Pause(self._held_at, entry.seconds))
                self._held_at = None

    def _add(self, gap: Gap) -> None:
        last = self.gaps[-1] if self.gaps else None
        if last and (last.cause, last.filled, _end(last)) == (gap.cause, gap.filled, gap.offset):
            uncertainty = max(last.uncertainty, gap.uncertainty)
            self.gaps[-1] = evolve(last, frames=last.frames + gap.frames, uncertainty=uncertainty)
        else:
            self.gaps.append(gap)

    def cut(self, frames: int) -> None:
        """Forget what lies beyond the first `frames` of the take, and what no take can hold."""
        self.gaps = [
            evolve(gap, frames=min(gap.frames, frames - gap.offset)) if gap.filled else gap
            for gap in self.gaps
            if gap.frames > 0 and gap.offset >= 0 and gap.offset + gap.filled <= frames
        ]
        self.marks = [mark for mark in self.marks if 0 <= mark.offset <= frames]
        self.pauses = [pause for pause in self.pauses if 0 <= pause.offset <= frames]


def _end(gap: Gap) -> int:
    return gap.offset + gap.frames * gap.filled


def replay(content: bytes) -> tuple[Begin | None, History]:
    """Read a journal back. The first part is None where its beginning cannot be read."""
    begin: Begin | None = None
    history = History()
    for text in content.splitlines():
        name, body, checked = _read(text)
        if name in _KINDS:
            with suppress(ValueError):
                entry = from_plain(body, _KINDS[name])
                if not isinstance(entry, Begin):
                    history.apply(entry)
                elif begin is None:
                    begin, history.checked = entry, checked
        elif checked:
            history.unread.append(text.decode(errors="replace"))
    return begin, history


def _read(text: bytes) -> tuple[str, object, bool]:
    """Kind and body of a line, and whether a checksum vouches for them; no kind where it is not what was written."""
    try:
        ((name, body),) = json.loads(text).items()
        if not isinstance(body, dict) or _CHECKSUM not in body:
            return name, body, False
        checksum = body.pop(_CHECKSUM)
        return (name, body, True) if checksum == _checksum(name, body) else ("", None, False)
    except (ValueError, AttributeError, RecursionError):
        return "", None, False
