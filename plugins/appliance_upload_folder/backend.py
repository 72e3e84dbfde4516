"""Copies a file so that it is whole or not there, and reads it back to prove it."""

import contextlib
import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from appliance.plugin import (
    MOUNTINFO,
    BackendContext,
    CopyDiffers,
    CopyMissing,
    Permanent,
    Receipt,
    Rendition,
    Transient,
    UploadJob,
    sidecars_of,
)
from appliance_upload_folder import files, mounts
from appliance_upload_folder.errors import translated

_PREFIX = ".appliance-"
_FAT_LIMIT = 1 << 32
_PROBE = b"May this appliance write here?\n"


class FolderBackend:
    """Delivers to the folder `path`.

    A file grows under a hidden name, is synced, read back, compared and renamed, and the folder is synced: at every
    moment there is the whole file under its name or nothing. An existing file is never overwritten.
    """

    proves = True

    def __init__(
        self,
        path: Path,
        context: BackendContext,
        *,
        require_mount: bool,
        sidecar: bool = False,
        ownership: files.Ownership = files.READABLE,
        mountinfo: Path = MOUNTINFO,
        devices: Path = mounts.BLOCK_DEVICES,
    ) -> None:
        self._path = path
        self._require_mount = require_mount
        self._sidecar = sidecar
        self._ownership = ownership
        self._mountinfo = mountinfo
        self._devices = devices
        self._state_directory = context.state_directory
        self._owner = f"{context.device}\n{context.name}"
        self._tidied = False
        self._tidying = threading.Lock()

    @property
    def on_own_disk(self) -> bool:
        """Whether copies lie on the box's own disk. Where a mount is required and missing, they wait for another."""
        if self._require_mount and not mounts.on_other_disk(self._path, self._mountinfo):
            return False
        return mounts.on_same_disk(self._path, self._state_directory, self._mountinfo, self._devices)

    @cached_property
    def _own_prefix(self) -> str:
        return f"{_PREFIX}{files.sha256(self._owner.encode()).hexdigest()[:12]}-"

    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        name = files.safe_name(job.rendition.file_name)
        with _source(job.rendition) as source, translated(self._path), self._folder() as folder:
            self._tidy(folder)
            if not self._has(folder, name, job.rendition, job.check_cancelled):
                self._copy(source, folder, name, job)
            if self._sidecar and job.sidecar:
                self._put_sidecar(folder, files.safe_name(job.sidecar_name), job.sidecar)
            files.sync_folder(folder)
            receipt = self._receipt(name, job.rendition, folder)
        job.progress(job.rendition.size)
        return receipt

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        name = Path(receipt.remote_name).name
        with translated(self._path), self._folder() as folder:
            if not self._has(folder, name, rendition, lambda: None):
                raise CopyMissing(f"{name} is not in {self._path} any more")
            return self._receipt(name, rendition, folder)

    def delete(self, receipt: Receipt) -> None:
        name = Path(receipt.remote_name).name
        with translated(self._path), self._folder() as folder:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            for beside in sidecars_of(name) if self._sidecar else ():
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(beside, dir_fd=folder)
                    break
            files.sync_folder(folder)

    def probe(self) -> str:
        with translated(self._path), self._folder() as folder:
            name = f"{self._own_prefix}probe.partial"
            try:
                files.write(folder, name, [_PROBE], self._ownership)
                if files.digest(folder, name) != files.sha256(_PROBE).hexdigest():
                    raise Permanent(f"{self._path} returned other bytes than were written: replace the disk")
            finally:
                files.remove(folder, name)
            free = os.fstatvfs(folder)
        limit = ", no clip of 4 GB or more as it is FAT" if mounts.is_fat(self._path, self._mountinfo) else ""
        return f"{self._path} takes files{limit}, {free.f_bavail * free.f_frsize / 1e9:.1f} GB free"

    def close(self) -> None:
        pass

    @contextlib.contextmanager
    def _folder(self) -> Iterator[int]:
        """The folder as a descriptor: what is opened through it lands on the disk checked here, unplugged or not."""
        away = Transient(
            f"no disk is mounted at {self._path}: plug it in. Delivery goes on by itself when it is back "
            "(require_mount: false delivers to the box's own card)"
        )
        if self._require_mount and not mounts.on_other_disk(self._path, self._mountinfo):
            raise away
        files.make_folder(self._path, self._ownership)
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if self._require_mount and os.fstat(folder).st_dev == Path("/").stat().st_dev:
                raise away
            yield folder
        finally:
            os.close(folder)

    def _tidy(self, folder: int) -> None:
        """Remove what an attempt of this destination left when the box lost power. Once: later ones may be in use."""
        with self._tidying:
            if not self._tidied:
                for name in os.listdir(folder):
                    if name.startswith(self._own_prefix):
                        files.remove(folder, name)
                self._tidied = True

    def _has(self, folder: int, name: str, rendition: Rendition, check: Callable[[], None]) -> bool:
        """Whether the very same file is there already. Raises CopyDiffers where another one has its name."""
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        same = stat.S_ISREG(status.st_mode) and status.st_size == rendition.size
        if same:
            files.sync(folder, name)
        if not same or files.digest(folder, name, check) != rendition.sha256:
            raise CopyDiffers(
                f"{self._path / name} is there with other content, and is never overwritten: look at it, move it away, "
                "then `appliance clips retry`"
            )
        return True

    def _copy(self, source: int, folder: int, name: str, job: UploadJob) -> None:
        self._check_room(folder, job.rendition.size)
        with self._hidden(folder, name) as hidden:
            hashed = files.sha256()
            files.write(folder, hidden, _blocks(source, job, hashed.update), self._ownership)
            if hashed.hexdigest() != job.rendition.sha256:
                raise Permanent(
                    f"{job.rendition.file_name} is not what it was when it was recorded: its file changed on this box. "
                    "Check the card"
                )
            if files.digest(folder, hidden, job.check_cancelled) != job.rendition.sha256:
                raise Permanent(f"{self._path} returned other bytes than were written: the disk is bad, replace it")
            job.check_cancelled()

    def _put_sidecar(self, folder: int, name: str, content: bytes) -> None:
        """What is known of a clip may grow: the newest is what lies beside it."""
        with self._hidden(folder, name) as hidden:
            files.write(folder, hidden, [content], self._ownership)

    @contextlib.contextmanager
    def _hidden(self, folder: int, name: str) -> Iterator[str]:
        """The name under which a file grows; it gets its own once all is well with it, and else goes."""
        hidden = f"{self._own_prefix}{files.sha256(name.encode()).hexdigest()[:16]}.partial"
        try:
            yield hidden
            os.rename(hidden, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            files.remove(folder, hidden)
            raise

    def _check_room(self, folder: int, size: int) -> None:
        """Spare a full disk the writing, and FAT32 the first 4 GiB of what it cannot hold.

        Filesystems that tell nothing about their size are tried.
        """
        if size >= _FAT_LIMIT and mounts.is_fat(self._path, self._mountinfo):
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        room = os.fstatvfs(folder)
        if room.f_blocks and room.f_bavail * room.f_frsize < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _receipt(self, name: str, rendition: Rendition, folder: int) -> Receipt:
        own = os.fstat(folder).st_dev == self._state_directory.stat().st_dev or self.on_own_disk
        name = str(self._path / name)
        return Receipt(name, rendition.size, True, "sha256", rendition.sha256, time.time_ns(), on_own_disk=own)


@contextlib.contextmanager
def _source(rendition: Rendition) -> Iterator[int]:
    """The file to send as a descriptor. What goes wrong with it is a matter of the box, not of the destination."""
    try:
        descriptor = os.open(rendition.path, os.O_RDONLY)
    except OSError as error:
        raise Permanent(
            f"{rendition.file_name} cannot be read on this box ({error.strerror}): check the card. "
            "`appliance clips delete` takes it off the list"
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _blocks(source: int, job: UploadJob, hashed: Callable[[bytes], None]) -> Iterator[bytes]:
    """The bytes of the file, hashed and reported once they were written."""
    done = 0
    while True:
        try:
            block = os.read(source, files.BLOCK)
        except OSError as error:
            raise Permanent(f"{job.rendition.file_name} cannot be read ({error.strerror}): check the card") from error
        if not block:
            return
        hashed(block)
        yield block
        done += len(block)
        job.progress(min(done, job.rendition.size))
        job.check_cancelled()
