"""What outlasts a restart: what is to be told, what was told, and what is known of clips."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen

from appliance.plugin import StorageError, write_file
from appliance_notify.notes import Kind, Note, kind_of

FILE = "messages.json"

MOST_NOTES = 200
"""So much waits at most; then the oldest go, the clips first, and are counted."""

KNOWN_CLIPS = 1000
"""So many clips are remembered as told of, and up to twice as many before the older half is forgotten."""

log = logging.getLogger(__name__)


@frozen
class Memory:
    """`told` are the faults that people know of, with the words; `clips` the ids of those that are no news. `newest` is
    when the last of these began, and whatever began before `since` is no news either.

    `recorded` is when somebody last recorded, or when this began, in seconds since 1970 UTC; `silent` whether it was
    told that nobody does. `summed_up` is the date of the last summary, `summed_up_to` its moment.
    """

    notes: tuple[Note, ...] = ()
    lost: int = 0
    number: int = 0
    told: Mapping[str, str] = field(factory=dict)
    clips: tuple[str, ...] | None = None
    newest: float = 0.0
    since: float = 0.0
    recorded: float | None = None
    silent: bool = False
    summed_up: str = ""
    summed_up_to: float | None = None

    def with_note(self, note: Note) -> "Memory":
        """With one more thing to tell."""
        notes, lost = (*self.notes, note), self.lost
        if len(notes) > MOST_NOTES:
            goes = next((each for each in notes if each.kind is Kind.CLIP), notes[0])
            notes, lost = tuple(each for each in notes if each is not goes), lost + 1
        return attrs.evolve(self, notes=notes, lost=lost)

    def without(self, sent: tuple[Note, ...]) -> "Memory":
        """After these were told, or need not be."""
        left = tuple(note for note in self.notes if not any(note is each for each in sent))
        return attrs.evolve(self, notes=left, lost=self.lost if left else 0, number=self.number + 1)

    def with_clip(self, clip: str, began: float) -> "Memory":
        """Once that clip is no news any more."""
        known, newest = (*(self.clips or ()), clip), max(self.newest, began)
        since = began if self.clips is None else self.since  # nobody could look yet: what was before is no news
        if len(known) > 2 * KNOWN_CLIPS:
            known, since = known[-KNOWN_CLIPS:], self.newest
        return attrs.evolve(self, clips=known, newest=newest, since=since)

    def with_look(self, oldest: float) -> "Memory":
        """After a look at as many clips as are remembered, of which the oldest began then."""
        return attrs.evolve(self, since=max(self.since, oldest))


def save(folder: Path, memory: Memory) -> None:
    """Keep it, durably. Raises StorageError."""
    try:
        write_file(folder / FILE, json.dumps(attrs.asdict(memory), ensure_ascii=False).encode())
    except OSError as error:
        raise StorageError(f"{folder / FILE} cannot be written: {error.strerror}. Look at the disk") from error


def load(folder: Path) -> Memory:
    """What was kept; where that cannot be read, a word in the log and nothing. Raises StorageError."""
    try:
        return _read(json.loads((folder / FILE).read_bytes()))
    except FileNotFoundError:
        return Memory()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        log.warning("%s cannot be understood (%s): messages that waited in it are lost", folder / FILE, error)
        return Memory()
    except OSError as error:
        raise StorageError(f"{folder / FILE} cannot be read: {error.strerror}. Look at the disk") from error


def _read(kept: Any) -> Memory:
    known = {each.name for each in attrs.fields(Memory)}
    values = {name: value for name, value in kept.items() if name in known}
    values["notes"] = tuple(_note(note) for note in kept["notes"])
    values["told"] = {str(name): str(words) for name, words in kept["told"].items()}
    values["clips"] = None if kept["clips"] is None else tuple(map(str, kept["clips"]))
    for name in ("recorded", "summed_up_to"):
        values[name] = None if kept[name] is None else float(kept[name])
    newest = float(kept["newest"])
    since = float(kept.get("since", newest))  # releases before told of nothing that began before the newest
    return Memory(**{**values, "lost": int(kept["lost"]), "newest": newest, "since": since})


def _note(kept: Any) -> Note:
    known = {each.name for each in attrs.fields(Note)}
    values = {name: value for name, value in kept.items() if name in known}
    return Note(**{**values, "kind": kind_of(str(kept["kind"])), "text": str(kept["text"])})
