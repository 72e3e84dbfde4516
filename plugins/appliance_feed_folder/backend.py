"""Brings the sound files of a folder into the inbox, each again only once it has changed."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance_fetch.failures import together
from appliance_fetch.suffixes import SUFFIXES
from appliance_fetch.taking import taking
from appliance_fetch.versions import Versions
from attrs import frozen

from appliance.plugin import Cancelled, FeedJob, Permanent, Transient, counted

_BLOCK = 1 << 20
_VERSION = r"\d+ -?\d+"


@frozen
class _Found:
    path: Path
    key: str
    version: str
    changed: float


class FolderFeed:
    """Copies what is new; hidden files, links that lead nowhere and what is no sound by its name are passed over."""

    def __init__(self, folder: Path, settle: float) -> None:
        self._folder = folder
        self._settle = settle
        self._versions = Versions(_VERSION)

    def pull(self, job: FeedJob) -> None:
        failures = list[Permanent | Transient]()
        for found in sorted(self._files(failures.append), key=lambda each: (each.changed, each.key)):
            if job.cancelled():
                raise Cancelled(f"pulling {self._folder} was stopped")
            # Of another day by a clock that was set in between, it is not being written now.
            settled = abs(time.time() - found.changed) >= self._settle
            if settled:
                try:
                    if not self._versions.is_here(found.key, found.version, job):
                        self._bring(found, job)
                        self._versions.brought(found.key, found.version, job)
                except (Permanent, Transient) as error:
                    failures.append(error)
        if failures:
            raise together(failures, "file")

    def probe(self) -> str:
        """Count the files."""
        failures = list[Transient]()
        count = len(list(self._files(failures.append)))
        if failures:
            raise failures[0]
        return f"{self._folder} is there, with {counted(count, 'sound file')}"

    def close(self) -> None:
        pass

    def _files(self, tell: Callable[[Transient], None]) -> Iterator[_Found]:
        def refused(error: OSError) -> None:
            words = f"{error.filename} cannot be read: {error.strerror}. Is it there, and may the service read it?"
            tell(Transient(words))

        for folder, folders, names in os.walk(self._folder, onerror=refused):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(folder) / name
                if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                    continue
                try:
                    found = path.stat()
                except OSError:
                    continue
                if stat.S_ISREG(found.st_mode):
                    version = f"{found.st_size} {found.st_mtime_ns}"
                    yield _Found(path, str(path.relative_to(self._folder)), version, found.st_mtime)

    def _bring(self, found: _Found, job: FeedJob) -> None:
        def refused(error: Permanent) -> None:
            self._versions.refused(found.key, found.version, error)

        try:
            with (
                found.path.open("rb") as source,
                taking(job, found.key, found.path.stem, found.path.suffix, refused) as track,
            ):
                shutil.copyfileobj(source, track, _BLOCK)
                if os.fstat(source.fileno()).st_mtime != found.changed:
                    raise Transient(f"{found.path.name} changes while it is read: it is taken once it no longer does")
        except OSError as error:
            raise Transient(f"{found.path.name} cannot be read: {error.strerror}") from error
