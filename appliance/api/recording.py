"""Finished recordings in a folder: a sound file each, and a JSON file beside it with everything that is known of it."""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from appliance import codec, durable
from appliance.api.given import place
from appliance.audio.take import repair
from appliance.audio.takefile import AUDIO
from appliance.errors import AlreadyRunning, NewerWord, NotFound, StorageError
from appliance.models import Clip
from appliance.values import frozen

TAKES = ".takes"
"""The folder, in that of the recordings, where takes are until they are whole."""

log = logging.getLogger(__name__)


@frozen
class Recording:
    """A finished recording: its file, and what is known of it.

    Where it carries others on (it grew longer than one file may, or the microphone was changed), `earlier` holds them,
    the first one first.
    """

    path: Path
    clip: Clip
    earlier: tuple["Recording", ...] = ()

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """The recording whose sound is in that file. Raises NotFound where nothing is known of it."""
        path = place("path", path)
        try:
            return cls(path, codec.from_json(path.with_suffix(".json").read_bytes(), Clip))
        except (OSError, ValueError) as error:
            raise NotFound(f"{path.with_suffix('.json')} does not tell what {path.name} is: {error}") from error

    @property
    def seconds(self) -> float:
        """How long this file is."""
        return self.clip.seconds

    @property
    def size(self) -> int:
        """Bytes of its file."""
        return self.clip.size

    @property
    def verdict(self) -> str:
        """What can be said of the sound: `ok`, `silent`, `too_quiet`, `clipping`, `too_short` or `gaps`."""
        return self.clip.verdict.value


class Shelf:
    """The folder that recordings go to. One process uses it at a time.

    Raises AlreadyRunning where another recorder uses it, StorageError where the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.takes = folder / TAKES
        try:
            durable.make_directory(self.takes)
            self._lock = os.open(self.takes, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise StorageError(f"nothing can be recorded into {folder}: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise AlreadyRunning(f"another recorder uses {folder}: close that one, or give this one a folder") from None

    def recovered(self) -> Iterator[Recording]:
        """Make whole what a crash left behind. What cannot be is left as it is, and logged."""
        for folder in sorted(self.takes.iterdir()):
            try:
                if clip := repair(folder):
                    yield self.keep(clip)
                elif not (folder / AUDIO).exists():
                    shutil.rmtree(folder, ignore_errors=True)
            except (StorageError, NewerWord) as error:
                log.warning("%s cannot be made whole: %s", folder, error)

    def keep(self, clip: Clip) -> Recording:
        """Give a finished take its name. A crash in between leaves it where it is found again. Raises StorageError."""
        folder = self.takes / clip.id
        target = self._folder / clip.file_name
        try:
            durable.write_file(target.with_suffix(".json"), codec.to_json(clip).encode())
            durable.move(folder / AUDIO, target)
        except OSError as error:
            raise StorageError(
                f"{target.name} cannot be given its name: {error.strerror}. It is kept in {folder}"
            ) from error
        shutil.rmtree(folder, ignore_errors=True)
        return Recording(target, clip)

    def close(self) -> None:
        """Let others use it; once that was said, it says nothing again."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)
