"""Records what a process asks of the file system, and reads the record back. See `filelog.c`."""

import os
import struct
import subprocess
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from attrs import frozen

_SOURCE = Path(__file__).with_name("filelog.c")
_HEAD = struct.Struct("<cQQQI")


class Kind(StrEnum):
    """What a record tells; `a` and `b` of it in brackets. Inode numbers name files and folders."""

    BEGIN = "O"
    """A process begins (inode of the root folder)."""
    FOLDER = "M"
    """A folder was made (inode of the one above, its own); `data` is its name."""
    FILE = "C"
    """A file was made (folder, file); `data` is its name."""
    LINK = "L"
    """A name for something that is there (folder, file); a rename is one of these and an UNLINK."""
    UNLINK = "U"
    """A name was removed (folder)."""
    WRITE = "W"
    """`data` was written (file, offset)."""
    CUT = "T"
    """The file was given a size (file, size)."""
    ALLOCATE = "A"
    """Room for a size at least was made (file, size)."""
    SYNC = "S"
    """A sync begins (file or folder, serial number)."""
    SYNCED = "E"
    """It has ended well."""
    SAID = "P"
    """`data` was sent on a Unix socket (descriptor)."""
    HEARD = "H"
    """`data` was received on one."""


@frozen
class Record:
    """One thing that happened; `time` is CLOCK_MONOTONIC in seconds."""

    kind: Kind
    time: float
    a: int
    b: int = 0
    data: bytes = b""


def build(directory: Path) -> Path:
    """Compile the recorder into `directory`. RuntimeError says what lacks."""
    library = directory / "filelog.so"
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden"]
    try:
        subprocess.run([*command, "-o", library, _SOURCE], check=True, capture_output=True, text=True, timeout=60)
    except FileNotFoundError as error:
        raise RuntimeError("the recorder of file operations needs a compiler: apt install gcc libc6-dev") from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"the recorder of file operations does not compile: {error.stderr}") from error
    return library


def environment(library: Path, root: Path, log: Path) -> dict[str, str]:
    """What a process needs in its environment to have what it does under `root` added to `log`."""
    return {"LD_PRELOAD": str(library), "FILELOG_ROOT": str(root), "FILELOG": str(log)}


def read(log: Path) -> Sequence[Record]:
    """All records, in order. What a killed process left half written at the end of its part did not happen."""
    return tuple(_parse(log.read_bytes()))


def _parse(content: bytes) -> Iterator[Record]:
    at = 0
    while at + _HEAD.size <= len(content):
        kind, time, a, b, length = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        yield Record(Kind(kind.decode()), time / 1e9, a, b, content[at : at + length])
        at += length


def snapshot(root: Path) -> Iterator[Record]:
    """What is under `root` now as if it had been made and synced before anything else happened."""
    above = root.stat().st_ino
    yield Record(Kind.BEGIN, 0.0, above)
    seen: set[int] = set()
    for folder, folders, files in os.walk(root):
        here = Path(folder).stat().st_ino
        for name in folders:
            yield Record(Kind.FOLDER, 0.0, here, (Path(folder) / name).stat().st_ino, name.encode())
        for name in files:
            path = Path(folder) / name
            number = path.stat().st_ino
            yield Record(Kind.LINK if number in seen else Kind.FILE, 0.0, here, number, name.encode())
            yield Record(Kind.WRITE, 0.0, number, 0, path.read_bytes())
            yield from _synced(number)
            seen.add(number)
        yield from _synced(here)


def _synced(number: int) -> Iterator[Record]:
    yield Record(Kind.SYNC, 0.0, number)
    yield Record(Kind.SYNCED, 0.0, number)
