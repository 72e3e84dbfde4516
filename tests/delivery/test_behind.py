"""What a file says of its own sum while it grows, against the bytes that are in it at the end."""

import os
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from appliance.feeds.safefile import NewFile, SafeFile

_LONG = 6 << 20
"""Bytes of a file that is worth a thread."""


def _write_on(file: NewFile) -> None:
    for _ in range(_LONG // (1 << 18)):
        file.write(os.urandom(1 << 18))


def _go_back(file: NewFile) -> None:
    _write_on(file)
    file.sha256()
    file.seek(1000)
    file.write(b"anew")


def _cut_off(file: NewFile) -> None:
    _write_on(file)
    file.seek(5_000_000)
    file.truncate()
    file.write(b"other")


def _go_ahead(file: NewFile) -> None:
    file.seek(100)
    file.write(b"behind a hole")


def _go_on(file: NewFile) -> None:
    file.write(b"first")
    file.sha256()
    file.write(b"second")


def test_where_no_thread_can_be_had_the_sum_is_computed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    file = SafeFile(tmp_path / "there", lambda size: True)
    with file.filled(lambda path, size: None) as opened:
        _write_on(opened)
        told = opened.sha256()
    assert told == sha256(file.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("write", [_write_on, _go_back, _cut_off, _go_ahead, _go_on, lambda file: None])
def test_the_sum_is_of_what_is_in_the_file(tmp_path: Path, write: Callable[[NewFile], None]) -> None:
    file = SafeFile(tmp_path / "there", lambda size: True)
    with file.filled(lambda path, size: None) as opened:
        write(opened)
        told = opened.sha256()
    there = file.path.read_bytes()
    assert (told, file.sha256, file.size) == (*[sha256(there).hexdigest()] * 2, len(there))


def test_the_sum_knows_what_was_begun_before(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.write_bytes(b"of these bytes some are of no use")
    file = SafeFile(tmp_path / "there", lambda size: True, begun)
    with file.filled(lambda path, size: None) as opened:
        opened.read(8)
        opened.seek(8)
        opened.truncate()
        opened.write(b"letters")
    assert file.path.read_bytes() == b"of theseletters" and file.sha256 == sha256(b"of theseletters").hexdigest()
