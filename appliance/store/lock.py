"""One daemon to one state directory."""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from appliance.errors import AlreadyRunning

_WIDTH = 20


class DirectoryLock:
    """A file locked with flock(2): the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock and write our process id into it. Raises AlreadyRunning with the directory and the holder."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, _WIDTH).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRunning(
                f"{self._path.parent} is in use by another appliance, process {holder}. "
                "Stop that one first (`systemctl stop appliance`), or set storage.directory to another place"
            ) from None
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        with suppress(OSError):  # a full disk may have no room for a name; written over the last one it needs none
            os.pwrite(descriptor, f"{os.getpid():<{_WIDTH - 1}}\n".encode(), 0)

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o640)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            return os.open(self._path, os.O_RDONLY)  # whoever held it when the disk turned read-only still does

    def release(self) -> None:
        """Let go of it, where it is held. The file stays: removing it would race with the next daemon."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
