"""What is known of sound cards from before, so that the next first press needs no trying."""

import json
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.audio.gain import GainUnit
from appliance.circumstances import Gain
from appliance.codec import from_plain, to_plain
from appliance.config.files import read_text
from appliance.durable import write_file
from appliance.errors import ConfigError
from appliance.models import AudioFormat

_MOST_CARDS = 32

log = logging.getLogger(__name__)


class CardNotes:
    """By a card's identity, which outlives its number and its port. An empty identity is that of no card.

    What is noted is kept once `save` was called, where there is a path; a file that cannot be read counts for nothing.
    Any thread may use it; each note is changed as a whole.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.tuned: Gain | None = None
        """How the mixer of the microphone stood when it was looked at last; None where it has none."""
        self._path = path
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._notes: dict[str, Mapping[str, Any]] = {}
        self._saved = self._notes
        if path:
            with suppress(FileNotFoundError, ConfigError, ValueError, RecursionError):
                self._notes = self._saved = _checked(json.loads(read_text(path)))

    def format(self, card: str, wish: AudioFormat) -> AudioFormat | None:
        """The format that worked where `wish` was wanted; None where that is not known, or `wish` works."""
        try:
            return from_plain(self._note(card)["formats"][str(wish)], AudioFormat)
        except (LookupError, TypeError, ValueError):
            return None

    def keep_format(self, card: str, wish: AudioFormat, granted: AudioFormat) -> None:
        """Note in which format the card was opened where `wish` was wanted."""
        with self._lock:
            before = self._note(card).get("formats", {})
            others = {name: format for name, format in before.items() if name != str(wish)}
            formats = others if granted == wish else others | {str(wish): to_plain(granted)}
            if formats != before:
                self._put(card, "formats", formats)

    def gain(self, card: str) -> tuple[float, str] | None:
        """Value and unit of the gain that was found for the card."""
        try:
            note = self._note(card)["gain"]
            return float(note["value"]), str(GainUnit(note["unit"]))
        except (LookupError, TypeError, ValueError):
            return None

    def keep_gain(self, card: str, value: float, unit: str) -> None:
        """Note the gain that was found for the card, which is switched on with it."""
        with self._lock:
            self._put(card, "gain", {"value": value, "unit": unit})

    def save(self) -> None:
        """Keep what was noted since. Blocks while it is written."""
        with self._writing:
            notes = self._notes
            if self._path and notes != self._saved:
                self._saved = notes
                try:
                    write_file(self._path, json.dumps(notes).encode())
                except OSError as error:
                    log.warning("what is known of the sound card is not kept: %s: %s", self._path, error.strerror)

    def _note(self, card: str) -> Mapping[str, Any]:
        return self._notes.get(card, {})

    def _put(self, card: str, name: str, told: Mapping[str, Any]) -> None:
        if card:
            others = [each for each in self._notes.items() if each[0] != card][1 - _MOST_CARDS :]
            self._notes = dict(others) | {card: {**self._note(card), name: told}}


def _checked(plain: object) -> dict[str, Mapping[str, Any]]:
    if not isinstance(plain, dict):
        return {}
    return {
        card: note
        for card, note in plain.items()
        if isinstance(note, dict) and isinstance(note.get("formats", {}), dict)
    }
