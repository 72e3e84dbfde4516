"""The control socket's listening end, which stays as one configuration gives way to the next: who calls then waits."""

import errno
import socket
from contextlib import ExitStack
from pathlib import Path

from appliance.errors import AlreadyRunning, ApplianceError

_WAITING = 128
"""Callers that the kernel lets wait until they are let in."""


class Door:
    """One listening socket at a time. From one thread."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._socket: socket.socket | None = None
        self._file: tuple[int, int] | None = None

    def open(self, path: Path) -> socket.socket:
        """The socket that listens at `path`, which accepts without waiting: the one from before, if it still does.

        A socket left behind there is replaced. Raises AlreadyRunning where another appliance listens there,
        ApplianceError where the socket cannot be made.
        """
        if self._socket and path == self._path and self._file == _identity(path):
            return self._socket
        self.close()
        self._socket, self._path = _listening(path), path
        self._file = _identity(path)
        return self._socket

    def close(self) -> None:
        """Let nobody in any more; whoever waits is hung up on."""
        if self._socket is None or self._path is None:
            return
        if self._file == _identity(self._path):
            self._path.unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes who waits for callers
        self._socket.close()
        self._socket = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file that is; None for none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _listening(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    with ExitStack() as undo:
        undo.callback(listening.close)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_socket():
                _replace(path)
            listening.bind(str(path))
            path.chmod(0o660)
            listening.listen(_WAITING)
            listening.setblocking(False)
        except OSError as error:
            raise ApplianceError(
                f"control socket {path} cannot be made: {error.strerror or error}. "
                "Set control.socket to a place this user may write to"
            ) from error
        undo.pop_all()
    return listening


def _replace(path: Path) -> None:
    """Remove a socket that nobody answers; the store's lock tells only of those that share its directory."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.setblocking(False)  # whoever listens may be too busy to take the call: EAGAIN
        if caller.connect_ex(str(path)) in (0, errno.EAGAIN):
            raise AlreadyRunning(
                f"another appliance listens at {path}. Stop that one first, or set control.socket to another place"
            )
    path.unlink()
