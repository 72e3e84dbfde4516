"""The sounds that a person gave the box, as files: `sounds/USE/[LANGUAGE/][DAY ]NUMBER[ TITLE].wav`.

The folder of greetings is one as the configuration may name: those of a day sound on it alone, the others in turn, and
those in a folder for a language where that is spoken. Each
change is one rename, so that at every moment the old sounds are there or the new ones.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from attrs import asdict

from appliance import durable
from appliance.clock import Clock
from appliance.config.words import either
from appliance.errors import NotFound, UsageError
from appliance.events import SoundsChanged
from appliance.models import ClockSource
from appliance.sound_verbs import DAYS, GREETING, MANY, QUESTION, USES
from appliance.store import Store
from appliance.store.trouble import storage_errors
from appliance.values import frozen

REMOVED_DAYS = 30
"""For so long can be brought back what was thrown away."""

MOST = 100
"""Sounds of one use that are kept, and as many of those thrown away."""

_DAY = 86_400.0
_LONGEST_NAME = 255
"""Bytes that file systems let a name have."""

_SUFFIX = ".wav"
_UNDATED = 0
"""The time of what was thrown away while no clock told it."""

_REMOVED = "removed"
_NAME = re.compile(rf"(?:({'|'.join(DAYS)}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}) )?([0-9]{{3,9}})(?: (.+))?\.wav")
_LANGUAGE = re.compile(r"[A-Za-z0-9_-]{1,35}")
_UNFIT = re.compile(r"[/\\\x00-\x1f\x7f]+")


@frozen
class Sound:
    """One of them. `day` is a weekday, a date, or empty for every day without one of its own."""

    id: str
    use: str
    title: str
    day: str
    seconds: float
    size: int
    path: str
    language: str
    """That a greeting is in; empty for whichever has none of its own."""
    time: float
    """When it came, or was thrown away: seconds since 1970 UTC."""


class KeptSounds:
    """Finds, adds and throws away. From any thread; each change raises StorageError where the disk refuses."""

    def __init__(
        self, store: Store, clock: Clock, post: Callable[[SoundsChanged], None], languages: Collection[str] = ()
    ) -> None:
        """`languages` are those that a greeting may be for."""
        self._folder = store.places.sounds
        self._store = store
        self._clock = clock
        self._post = post
        self._languages = languages

    def start(self) -> None:
        """Tell what there is, and let go of what was thrown away long ago. Returns at once."""
        if self._folder.is_dir():
            self._store.submit(self._settle)

    def told(self) -> dict[str, Any]:
        """Everything, as `sounds.list` answers."""
        recorded = self._store.places.greeting
        return {
            "sounds": [asdict(each) for each in self._found(self._folder)],
            "removed": [asdict(each) for each in self._found(self._folder / _REMOVED)],
            "recorded": {"path": str(recorded), "seconds": _seconds(recorded)} if recorded.is_file() else None,
        }

    def name(self, use: str, title: str, day: str, language: str = "") -> str:
        """A new name of a file for that use. Raises UsageError for what is no day or language, or too many."""
        if day and (use != GREETING or (day not in DAYS and not _is_date(day))):
            raise UsageError(f"day: found {day!r}, expected a weekday, such as monday, or 2026-06-13, for a greeting")
        if language:
            self._check_language(use, language)
        folders = (self._folder / use / language, self._folder / _REMOVED / use / language)
        numbers = [int(found[2]) for folder in folders for found in map(_NAME.fullmatch, _names(folder)) if found]
        if len(_names(folders[0])) >= MOST:
            raise UsageError(f"{MOST} of them are there already: throw some away first")
        words = (day, f"{max(numbers, default=0) + 1:03}", " ".join(_UNFIT.sub(" ", title).split()))
        name = " ".join(filter(None, words)).encode()[: _LONGEST_NAME - len(_SUFFIX)].decode(errors="ignore")
        return f"{name.rstrip()}{_SUFFIX}"

    def _check_language(self, use: str, language: str) -> None:
        if use != GREETING:
            raise UsageError("language: only a greeting is for one")
        if not self._languages:
            raise UsageError("language: this box has none: set `flow.languages` first")
        if language not in self._languages:
            known = either(self._languages)
            raise UsageError(f"language: found {language!r}, expected {known}, see `flow.languages`")

    def add(self, use: str, title: str, day: str, file: Path, language: str = "") -> Sound:
        """Let this file, which is moved, be one of them. Waits for the store."""
        return self._store.submit(lambda: self._add(use, title, day, file, language)).result()

    def remove(self, sound: str) -> None:
        """Throw one away. Raises NotFound."""
        self._store.submit(lambda: self._remove(sound)).result()

    def restore(self, sound: str) -> None:
        """Bring one back that was thrown away. Raises NotFound."""
        self._store.submit(lambda: self._restore(sound)).result()

    # -- on the store thread

    def _settle(self) -> None:
        now = self._clock.stamp()
        with storage_errors(self._folder):
            oldest = now.wall_ns / 1e9 - REMOVED_DAYS * _DAY
            for each in [*self._found(self._folder / _REMOVED)] if now.source is not ClockSource.NONE else ():
                if each.time == _UNDATED:  # the 30 days begin now
                    os.utime(each.path, ns=(now.wall_ns, now.wall_ns))
                elif each.time < oldest:
                    Path(each.path).unlink(missing_ok=True)
        self._tell()

    def _add(self, use: str, title: str, day: str, file: Path, language: str) -> Sound:
        with storage_errors(self._folder):
            target = self._folder / use / language / self.name(use, title, day, language)
            before = [] if use in MANY else [*_sounds(self._folder / use)]
            durable.make_directory(target.parent, mode=0o750)
            durable.move(file, target)
            for each in before:
                self._throw_away(each)
        self._tell()
        return self._sound(self._folder, target)

    def _remove(self, sound: str) -> None:
        path = self._path(self._folder, sound)
        with storage_errors(self._folder):
            self._throw_away(path)
        self._tell()

    def _restore(self, sound: str) -> None:
        path = self._path(self._folder / _REMOVED, sound)
        use = sound.partition("/")[0]
        target = self._folder / sound
        with storage_errors(self._folder):
            before = [] if use in MANY else [*_sounds(target.parent)]
            durable.make_directory(target.parent, mode=0o750)
            durable.move(path, target)
            for each in before:
                self._throw_away(each)
        self._tell()

    def _throw_away(self, path: Path) -> None:
        folder = self._folder / _REMOVED / path.parent.relative_to(self._folder)
        durable.make_directory(folder, mode=0o750)
        target = folder / path.name
        durable.move(path, target)
        if path.parent.parent != self._folder:  # an empty folder of a language would hide what is for all
            with suppress(OSError):
                path.parent.rmdir()
        with suppress(OSError):
            now = self._clock.stamp()
            time = _UNDATED if now.source is ClockSource.NONE else now.wall_ns  # the 30 days begin
            os.utime(target, ns=(time, time))
        old = sorted(_sounds(folder), key=lambda each: each.stat().st_mtime)
        for each in old[:-MOST]:
            each.unlink(missing_ok=True)

    def _tell(self) -> None:
        """Post SoundsChanged and GreetingChanged."""
        self._post(SoundsChanged(dict(self._heard()), tuple(_sounds(self._folder / QUESTION))))
        self._store.greeting.tell()

    def _heard(self) -> Iterator[tuple[str, Path]]:
        for use in USES:
            if use not in MANY and (found := [*_sounds(self._folder / use)]):
                yield use, found[-1]

    # -- files

    def _found(self, folder: Path) -> Iterator[Sound]:
        for use in USES:
            for path in (*_sounds(folder / use), *_of_languages(folder / use)):
                with suppress(OSError):
                    yield self._sound(folder, path)

    @staticmethod
    def _sound(folder: Path, path: Path) -> Sound:
        found, told = _NAME.fullmatch(path.name), path.stat()
        day, title = (found[1] or "", found[3] or "") if found else ("", path.stem)
        use, *languages, _ = path.relative_to(folder).parts
        id, seconds = "/".join((use, *languages, path.name)), _seconds(path)
        return Sound(id, use, title, day, seconds, told.st_size, str(path), "".join(languages), told.st_mtime)

    @staticmethod
    def _path(folder: Path, sound: str) -> Path:
        use, *languages, name = sound.split("/") if "/" in sound else ("", sound)
        path = folder / sound
        is_one = use in USES and _NAME.fullmatch(name) and (not languages or _LANGUAGE.fullmatch("/".join(languages)))
        if not is_one or not path.is_file():
            raise NotFound(f"there is no sound {sound!r}")
        return path


def _sounds(folder: Path) -> Iterator[Path]:
    return (folder / name for name in _names(folder) if _NAME.fullmatch(name))


def _of_languages(folder: Path) -> Iterator[Path]:
    inner = [folder / name for name in _names(folder) if _LANGUAGE.fullmatch(name)] if folder.name == GREETING else []
    return (path for each in inner if each.is_dir() for path in _sounds(each))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _seconds(path: Path) -> float:
    """How long a WAV of ours is; 0 where that cannot be told."""
    import wave

    try:
        with wave.open(str(path), "rb") as file:
            return round(file.getnframes() / file.getframerate(), 3)
    except (OSError, EOFError, wave.Error):
        return 0.0


def _is_date(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False
