"""What is to be told, and how it is put together when several things wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from attrs import field, frozen

from appliance.plugin import counted

LONGEST = 1800
"""Bytes of UTF-8 in one message at most: ntfy takes 4096, Telegram 4096 characters, Discord 2000 with the title."""

_ROOM_TO_COUNT = 40
"""Bytes that are left for how many more there are."""

_MOST_LINES = 20


class Kind(StrEnum):
    """What a note is about."""

    CLIP = "clip"
    FAULT = "fault"
    OVER = "over"
    DAILY = "daily"
    SILENCE = "silence"


_TITLES = {
    Kind.CLIP: "new recording",
    Kind.FAULT: "something is wrong",
    Kind.OVER: "it works again",
    Kind.DAILY: "today",
    Kind.SILENCE: "nobody records",
}


def kind_of(word: str) -> str:
    """The kind that a word names; the word itself where only a newer release knows that kind."""
    return Kind(word) if word in {*Kind} else word


def _title(note: "Note") -> str:
    return _TITLES[note.kind] if isinstance(note.kind, Kind) else note.kind.replace("_", " ")


@frozen
class Note:
    """One thing to be told. `kind` is a Kind, or the word of one that a newer release left behind.

    `about` is the id of the clip, whose `name` is told too, or the fault. `at` is when it was, in seconds since 1970
    UTC, where a clock told that; `offset` is local time less UTC, in seconds.
    """

    kind: str
    text: str
    about: str = ""
    at: float | None = None
    offset: int = 0
    urgent: bool = False
    link: str = ""
    name: str = ""

    @property
    def clock(self) -> str:
        """When it was, in local time; empty where no clock told."""
        if self.at is None:
            return ""
        return f"{datetime.fromtimestamp(self.at, timezone(timedelta(seconds=self.offset))):%a %H:%M}"


@frozen
class Sound:
    """A clip as a file to be sent along."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@frozen
class Message:
    """What is sent at once. `id` is the same whenever the same is tried again."""

    id: str
    title: str
    text: str
    urgent: bool = False
    link: str = ""
    sound: Sound | None = None

    @property
    def body(self) -> str:
        """Text and link, for what has no place of its own for a link."""
        return "\n".join(filter(None, (self.text, self.link)))


def merged(device: str, notes: Sequence[Note], lost: int, id: str, sound: Sound | None = None) -> Message:
    """One message of all that waits; `lost` notes had to go because there were too many."""
    urgent = any(note.urgent and note.kind is Kind.FAULT for note in notes)
    if len(notes) == 1 and not lost:
        [note] = notes
        return Message(id, f"{device}: {_title(note)}", _cut(note.text), urgent, note.link, sound)
    clips = [note for note in notes if note.kind is Kind.CLIP]
    wrong = [note for note in notes if note.kind is Kind.FAULT]
    if not len(notes) - len(clips) and not lost:
        title = f"{len(clips)} new recordings"
    elif wrong:
        title = _TITLES[Kind.FAULT] if len(wrong) == 1 else f"{len(wrong)} things are wrong"
    else:
        title = f"{len(notes) + lost} things to tell"
    return Message(id, f"{device}: {title}", _cut("\n".join(_lines(notes, lost))), urgent)


def _lines(notes: Sequence[Note], lost: int) -> list[str]:
    """A line for each, in their order; where these are too many or too long, those that matter least are counted."""
    left = len(notes) - _MOST_LINES
    kept = [note for note in notes if note.kind is not Kind.CLIP] if left > 0 else list(notes)
    kept = kept[-_MOST_LINES:]
    while len(kept) > 1 and sum(len(_line(note).encode()) + 1 for note in kept) > LONGEST - _ROOM_TO_COUNT:
        kept.remove(next((note for note in kept if note.kind is Kind.CLIP), kept[0]))
    more = len(notes) - len(kept) + lost
    lines = [_line(note) for note in kept]
    clips = sum(note.kind is Kind.CLIP for note in notes) - sum(note.kind is Kind.CLIP for note in kept)
    if more:
        lines.append(f"and {counted(clips, 'new recording')}" if clips == more else f"and {more} more")
    return lines


def _line(note: Note) -> str:
    return " ".join(filter(None, (note.clock, note.text, note.link)))


def _cut(text: str) -> str:
    whole = text.encode()
    return text if len(whole) <= LONGEST else whole[: LONGEST - 3].decode(errors="ignore") + "..."
