"""One ZIP of many files, read back by others, and from any byte on."""

import io
import shutil
import subprocess
import zipfile
from datetime import datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.page.archive import Archive, Entry, streamed

MOMENT = datetime(2026, 1, 2, 3, 4, 6)
names = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\"), min_size=1, max_size=30)
contents = st.dictionaries(names, st.binary(max_size=300), max_size=6)


def archive(files: dict[str, bytes]) -> Archive:
    return Archive([Entry(name, MOMENT, content=content) for name, content in files.items()])


@given(contents)
def test_what_is_read_back_is_what_went_in(files: dict[str, bytes]) -> None:
    whole = b"".join(archive(files).read())
    assert len(whole) == archive(files).size
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert found.testzip() is None
        assert {each.filename: found.read(each) for each in found.infolist()} == files
        assert all(each.date_time == (2026, 1, 2, 3, 4, 6) for each in found.infolist())


@given(contents)
def test_what_is_made_while_it_is_sent_is_the_same(files: dict[str, bytes]) -> None:
    entries = (Entry(name, MOMENT, content=content) for name, content in files.items())
    assert b"".join(streamed(entries)) == b"".join(archive(files).read())


@given(contents, st.integers(0, 3000))
def test_from_any_byte_on(files: dict[str, bytes], start: int) -> None:
    assert b"".join(archive(files).read(start)) == b"".join(archive(files).read())[start:]


def test_what_it_is_known_by_changes_with_what_is_in_it() -> None:
    tags = {archive(files).tag for files in ({"a": b"1"}, {"a": b"12"}, {"b": b"1"}, {"a": b"1", "b": b""})}
    assert len(tags) == 4
    assert archive({"a": b"1"}).tag in tags


@pytest.mark.slow
def test_more_than_4_gib_is_whole_to_the_byte(tmp_path: Path) -> None:
    """Sparse files, read back by another program too."""
    entries = []
    for number in range(3):
        path = tmp_path / f"{number}.wav"
        with path.open("wb") as file:
            file.truncate(2_000_000_000 + number)
            file.seek(-4, io.SEEK_END)
            file.write(b"end%d" % number)
        entries.append(Entry(path.name, MOMENT, path))
    made, target = Archive(entries), tmp_path / "all.zip"
    with target.open("wb") as file:
        for piece in made.read():
            file.write(piece)
    assert target.stat().st_size == made.size
    with zipfile.ZipFile(target) as found:
        assert found.testzip() is None
        assert [each.file_size for each in found.infolist()] == [2_000_000_000, 2_000_000_001, 2_000_000_002]
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-tq", target], check=True)


def test_a_file_that_became_shorter_is_not_passed_off_as_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(1000))
    made = Archive([Entry("a.wav", MOMENT, path)])
    path.write_bytes(bytes(10))
    with pytest.raises(OSError, match="shorter"):
        list(made.read())


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert sum(len(piece) for piece in islice(Archive([Entry("a.wav", MOMENT, path)]).read(), 4)) < 1 << 20
