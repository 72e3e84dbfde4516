"""Where everything lies in the state directory, and where goes what cannot be used."""

import os
from itertools import count
from pathlib import Path

from appliance import durable
from appliance.recipes import ENCRYPTED
from appliance.values import frozen

MODE = 0o750
"""Recordings are for the appliance and its group."""

NOTE = "note.txt"

_LONGEST = 100
"""Letters of a name in quarantine: a longer one may leave no room for a number behind it."""


@frozen
class Places:
    """The state directory. Everything that the store makes is inside it."""

    directory: Path

    @property
    def takes(self) -> Path:
        """A folder for each take in progress, or left behind."""
        return self.directory / "takes"

    @property
    def clips(self) -> Path:
        """NAME.wav and NAME.json of every clip; where it is kept encrypted NAME.wav.age in the place of its sound."""
        return self.directory / "clips"

    @property
    def trash(self) -> Path:
        """The same of clips that a person deleted and may bring back."""
        return self.directory / "trash"

    @property
    def inbox(self) -> Path:
        """Tracks that feeds pulled."""
        return self.directory / "inbox"

    @property
    def tracks(self) -> Path:
        """What is known of each track beside its sound, in a file named after it."""
        return self.directory / "tracks"

    @property
    def guests(self) -> Path:
        """What guests send from their phones, until it is a clip."""
        return self.directory / "guests"

    @property
    def renditions(self) -> Path:
        """Encoded clips; all of them can be made again."""
        return self.directory / "renditions"

    @property
    def quarantine(self) -> Path:
        """A folder for each thing that could not be used, with a note that says why."""
        return self.directory / "quarantine"

    @property
    def catalogue(self) -> Path:
        """The SQLite database."""
        return self.directory / "catalogue.db"

    @property
    def catalogue_files(self) -> tuple[Path, Path, Path]:
        """The database and what SQLite keeps beside it: the write-ahead log and its index."""
        path = self.catalogue
        return path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")

    @property
    def playlist(self) -> Path:
        """The playlist, and where its tracks go on."""
        return self.directory / "playlist.json"

    @property
    def heard(self) -> Path:
        """Which message was heard last by somebody who may answer it."""
        return self.directory / "heard.json"

    @property
    def volume(self) -> Path:
        """The volume that somebody set."""
        return self.directory / "volume.json"

    @property
    def cards(self) -> Path:
        """What is known of sound cards: formats that work, and gains."""
        return self.directory / "cards.json"

    @property
    def greeting(self) -> Path:
        """The greeting that was recorded on the box itself."""
        return self.directory / "greeting.wav"

    @property
    def sounds(self) -> Path:
        """Greetings and prompts that a person gave the box."""
        return self.directory / "sounds"

    @property
    def withdrawn(self) -> Path:
        """Proofs of what was withdrawn."""
        return self.directory / "withdrawn"

    @property
    def lock(self) -> Path:
        """Held, and filled with its process id, by the one daemon that uses the directory."""
        return self.directory / "appliance.lock"

    @property
    def ballast(self) -> Path:
        """Room held back for a full disk."""
        return self.directory / "ballast"

    def audio(self, name: str) -> Path:
        """The audio file of the clip `name`."""
        return self.clips / f"{name}.wav"

    def encrypted(self, name: str) -> Path:
        """The same, encrypted: beside it for a moment, then in its place where that alone is kept."""
        return self.clips / f"{name}.wav{ENCRYPTED}"

    def sound(self, name: str) -> Path:
        """What there is of the sound of the clip `name`: as it was recorded, else encrypted."""
        path = self.audio(name)
        return path if path.exists() or not (kept := self.encrypted(name)).exists() else kept

    def sidecar(self, name: str) -> Path:
        """The metadata of the clip `name`, for the day when the catalogue is lost."""
        return self.clips / f"{name}.json"

    def make(self) -> None:
        """Create what is missing, durably. What is not what it must be goes to quarantine."""
        durable.make_directory(self.directory, mode=MODE)
        folders = self.quarantine, self.takes, self.clips, self.trash, self.inbox, self.tracks, self.renditions
        missing = [folder for folder in folders if not folder.is_dir()]
        for folder in missing:
            if os.path.lexists(folder):
                odd = folder.rename(self._free(folder.parent, f"no-{folder.name}"))
                self.quarantine.mkdir(MODE, exist_ok=True)
                self.set_aside(f"{folder.name} must be a folder, and {_kind(odd)} was there", odd)
            folder.mkdir(MODE, exist_ok=True)
        if missing:
            durable.sync_directory(self.directory)
        for file in (self.lock, self.ballast):
            if durable.is_odd(file):
                self.set_aside(f"{file.name} must be a file, and {_kind(file)} was there", file)

    def relative(self, path: Path) -> str:
        """How the catalogue spells a path, so that the state directory can move; `directory / it` is the inverse."""
        return str(path.relative_to(self.directory) if path.is_relative_to(self.directory) else path)

    def set_aside(self, why: str, *paths: Path) -> Path:
        """Move what cannot be used to a new folder in `quarantine/`, with a note; nothing is deleted.

        One folder moves as it is; files, those of them that exist, move together into a folder named after the first.
        """
        first, note = paths[0], f"{why}\n".encode(errors="backslashreplace")
        if first.is_dir() and not first.is_symlink():
            target = self._free(self.quarantine, legible(first.name))
            durable.write_file(first / NOTE, note)
            durable.move(first, target)
            return target
        target = self._free(self.quarantine, legible(first.stem))
        durable.make_directory(target, mode=MODE)
        durable.write_file(target / NOTE, note)
        for path in paths:
            if durable.is_odd(path):
                path.rename(target / path.name)
            elif path.exists():
                durable.move(path, target / path.name)
        durable.sync_directory(target)
        return target

    def _free(self, folder: Path, name: str) -> Path:
        name = name[:_LONGEST]
        names = (folder / (name if number == 1 else f"{name}-{number}") for number in count(1))
        return next(path for path in names if not os.path.lexists(path))


def is_text(name: str) -> bool:
    """Whether a file's name is UTF-8, as every name is that the appliance gives."""
    return name.isprintable()


def legible(name: str) -> str:
    """A file's name, of whatever bytes, as text."""
    return name.encode(errors="backslashreplace").decode()


def _kind(path: Path) -> str:
    if path.is_symlink():
        return f"a link to {legible(str(path.readlink()))}"
    return "a folder" if path.is_dir() else "a file" if path.is_file() else "a special file"
