"""What SQLite and the file system say when the disk refuses, in words for a person. The one place that translates."""

import errno
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.errors import StorageError
from appliance.redact import redact

_PRIMARY = 0xFF
"""The part of an extended result code that tells the kind; the rest tells where it happened."""

_UNDECODABLE = "Could not decode to UTF-8"
"""How the Python module begins to complain, without a code, of a text that is none."""

_FULL = "{place} is full. Make room: delete clips with `appliance clips delete`, or use a larger card"
_READ_ONLY = "{place} cannot be written, its disk is read-only. A worn-out card turns so: look at `dmesg`, replace it"
_BROKEN = "the disk of {place} reports errors ({error}). Copy the clips away and replace the card"
_FORBIDDEN = "{place} may not be written by this user ({error}). Give it to the user that runs the appliance"
_DAMAGED = "the catalogue in {place} is damaged. It is rebuilt from the clips, none is lost"
_LOCKED = "the catalogue in {place} is locked by another program. Close that program"

_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _BROKEN,
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
}

_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EIO: _BROKEN,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
}
_OTHER = "{place} cannot be used: {error}. Check the disk, and storage.directory in the configuration"


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Raise StorageError for what SQLite or the system refuses inside the block; defects of ours pass as they are."""
    try:
        yield
    except sqlite3.Error as error:
        message = _SQLITE.get(_code(error)) or _SQLITE.get(_code(error) & _PRIMARY)
        if message is None:
            raise
        raise StorageError(_said(message, place, error)) from error
    except OSError as error:
        message = _SYSTEM.get(error.errno or 0, _OTHER)
        raise StorageError(_said(message, place, error.strerror or error)) from error


def _said(message: str, place: Path, error: object) -> str:
    """SQLite cannot open its files on a disk that is read-only, and does not tell that from a lack of permission."""
    with suppress(OSError):
        if message == _FORBIDDEN and os.statvfs(place).f_flag & os.ST_RDONLY:
            message = _READ_ONLY
    return message.format(place=place, error=error)


def is_full(error: BaseException | None) -> bool:
    """Whether there was no room."""
    if isinstance(error, sqlite3.Error):
        return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_damage(error: BaseException | None) -> bool:
    """Whether the database file itself is broken."""
    return isinstance(error, sqlite3.Error) and _code(error) & _PRIMARY in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def is_riddle(error: BaseException) -> bool:
    """Whether it makes no sense: our mistake, or what the database holds is not what was put in."""
    known = isinstance(error, sqlite3.Error) and (_code(error) in _SQLITE or _code(error) & _PRIMARY in _SQLITE)
    return isinstance(error, sqlite3.Error | TypeError | UnicodeDecodeError) and not known


def damage(message: str) -> sqlite3.DatabaseError:
    """An error that says so, for what SQLite finds without raising."""
    error = sqlite3.DatabaseError(message)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Count a row that says what it cannot say as damage: SQLite has no checksums, so a bit that flips may do that."""
    try:
        yield
    except (ValueError, TypeError, RecursionError) as error:
        raise damage(f"{what} cannot be read: {error}") from error


def note_out(note: dict[str, object] | None) -> str | None:
    """Such a note as text. One that holds a secret, which a server has said back, is not kept."""
    text = json.dumps(note, ensure_ascii=False, allow_nan=False)
    return None if note is None or redact(text) != text else text


def note_in(text: str | None) -> dict[str, object] | None:
    """The note that a backend or a feed made for itself; None where it is none, as they can do without."""
    try:
        note = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    return note if isinstance(note, dict) else None


def _code(error: sqlite3.Error) -> int:
    """The extended result code; 0 where the error came from the Python module itself."""
    if str(error).startswith(_UNDECODABLE):
        return sqlite3.SQLITE_CORRUPT
    return getattr(error, "sqlite_errorcode", 0)
