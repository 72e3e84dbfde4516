"""Writes that are still there after the power went.

What is promised: once a call returns, the kernel has told the disk to keep it and the disk has said that it did. What
no software can promise: that a card which acknowledges and forgets, or which breaks, keeps anything.

Nothing here relies on a file system to see a rename as one step, nor on names reaching the disk in order.
"""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

PARTIAL = ".partial"
"""How the names of files end that are not whole yet; they begin with a dot."""

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)


def is_odd(path: Path) -> bool:
    """Whether something is there that is no file, nor leads to one: a folder, a FIFO, a device, a link to nowhere."""
    return os.path.lexists(path) and not path.is_file()


def read_file(path: Path, most: int) -> bytes:
    """Up to `most` bytes of a file. Raises OSError, and ValueError for what may keep one waiting, such as a FIFO."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ValueError(f"{path.name} is no file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:  # which refuses a folder
            return file.read(most)
    finally:
        os.close(descriptor)


def read_object(path: Path, most: int = 1 << 24) -> dict[str, Any]:
    """The JSON object in a small file. Raises OSError, and ValueError for whatever else is there in its place."""
    try:
        found = json.loads(read_file(path, most))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return found


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable: creations, renames and removals so far."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, *, mode: int = 0o777) -> None:
    """Create `path` and whatever is missing above it, durably. An existing one is fine; `mode` is for `path` only."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir(mode, exist_ok=True)
        sync_directory(path.parent)


def write_file(path: Path, content: bytes, *, mode: int = 0o640) -> None:
    """Write `content` to `path` so that at every moment either the old file or the new one is there, whole."""
    replace_file(path, content, mode=mode)
    sync_directory(path.parent)


def replace_file(path: Path, content: bytes, *, mode: int = 0o640) -> None:
    """As `write_file`, but which of the two is there after a power cut is open until the folder is synced."""
    partial = path.with_name(f".{path.name}{PARTIAL}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def copy_file(source: Path, target: Path, *, mode: int = 0o640) -> None:
    """As `write_file`, with what is in the file `source`."""
    from shutil import copyfileobj  # it loads what packs files

    partial = target.with_name(f".{target.name}{PARTIAL}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file, source.open("rb") as original:
        copyfileobj(original, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
    sync_directory(target.parent)


def move(source: Path, target: Path) -> None:
    """Rename within one filesystem, durably: a file has its old name until the new one is safe.

    After a power cut the old name may be there too. A folder is renamed at one go. Raises FileExistsError.
    """
    if source.is_dir():
        source.rename(target)
    else:
        add_name(source, target)
    sync_directory(target.parent)
    if not target.is_dir():
        source.unlink(missing_ok=True)


def add_name(source: Path, target: Path) -> None:
    """Give a file a second name within one filesystem, durable once the folder of `target` is synced.

    Fine where it has that name already; raises FileExistsError where another file has. A file system that has no hard
    links, such as exFAT, moves the file.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        if not source.samefile(target):
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS or target.exists():
            raise
        source.rename(target)
