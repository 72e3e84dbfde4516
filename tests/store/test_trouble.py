"""What SQLite and the system refuse, in words for a person."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.errors import StorageError
from appliance.store.trouble import storage_errors


def told(error: Exception, place: Path = Path("/state")) -> str:
    with pytest.raises(StorageError) as caught, storage_errors(place):
        raise error
    assert caught.value.exit_code == 9 and "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "reports errors"),
        (errno.EACCES, "may not be written"),
        (errno.EPERM, "may not be written"),
        (errno.ENOTDIR, "cannot be used: Not a directory"),
    ],
)
def test_what_the_system_refuses_is_named(number: int, words: str) -> None:
    assert words in told(OSError(number, os.strerror(number)))


def provoke(path: Path, *statements: str, uri: str = "") -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as caught:
        connection = sqlite3.connect(f"file:{path}{uri}", uri=True, isolation_level=None, timeout=0)
        with closing(connection):
            for statement in statements:
                connection.execute(statement)
    return caught.value


def test_what_sqlite_refuses_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    create = "CREATE TABLE t (x)"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(create)

    fill = "INSERT INTO t VALUES (zeroblob(100000))"
    assert "is full" in told(provoke(path, "PRAGMA max_page_count = 3", fill))
    assert "read-only" in told(provoke(path, fill, uri="?mode=ro"))
    assert "may not be written" in told(provoke(tmp_path / "none" / "x.db", create))
    connection.execute("BEGIN IMMEDIATE")
    assert "locked by another program" in told(provoke(path, fill))
    connection.close()
    path.write_bytes(b"x" * 5000)
    assert "damaged" in told(provoke(path, "SELECT * FROM t"))


def test_defects_of_ours_are_not_blamed_on_the_disk(tmp_path: Path) -> None:
    for error in (provoke(tmp_path / "x.db", "SELEC"), sqlite3.ProgrammingError("closed"), KeyError("x")):
        with pytest.raises(type(error)), storage_errors(tmp_path):
            raise error
