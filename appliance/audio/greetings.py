"""Which greeting of a folder sounds next."""

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from appliance.errors import TroubleKind, Unplayable

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".m4a", ".aac")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class NoneToday(Unplayable):
    """A folder has greetings for other days alone, or none."""


def greeting(path: Path, turn: int, today: date, *, shuffled: bool = False, language: str = "") -> Path:
    """The file itself; of a folder, or what it holds for the `language`, the one whose `turn` it is, or any.

    Raises NoneToday where the folder has none for it, Unplayable where it cannot be read.
    Those named after `today` or its weekday alone, where there are any; never those named after another day.
    """
    if not path.is_dir():
        return path
    path = _of_language(path, language)
    try:
        names = sorted(each.name for each in path.iterdir() if _sounds(each))
    except OSError as error:
        raise Unplayable(f"cannot play a greeting of '{path}': {error.strerror}", TroubleKind.FILE) from error
    chosen = _of_the_day(names, today)
    if not chosen:
        raise NoneToday(f"cannot play a greeting: there is none for today in '{path}'", TroubleKind.FILE)
    return path / (random.choice(chosen) if shuffled else chosen[turn % len(chosen)])


def sounds_in(folder: Path, language: str = "") -> list[Path]:
    """The sounds in a folder, or in what it holds for the `language`, by name; none where that fails."""
    try:
        return sorted(each for each in _of_language(folder, language).iterdir() if _sounds(each))
    except OSError:
        return []


def _of_language(folder: Path, language: str) -> Path:
    inner = folder / language
    return inner if language and inner.is_dir() else folder


def _sounds(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS


def _of_the_day(names: Sequence[str], today: date) -> list[str]:
    for begin in (today.isoformat(), _DAYS[today.weekday()]):
        if found := [name for name in names if name.lower().startswith(begin)]:
            return found
    return [name for name in names if not _is_dated(name.lower())]


def _is_dated(name: str) -> bool:
    try:
        return bool(date.fromisoformat(name[:10]))
    except ValueError:
        return name.startswith(_DAYS)
