"""One ZIP of many files, read back by others, and from any byte on."""

import io
import shutil
import subprocess
import threading
import zipfile
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.page.archive import Archive, Entry, streamed
from appliance.page.pieces import length, read
from appliance.page.sums import STRETCH, Sums

MOMENT = datetime(2026, 1, 2, 3, 4, 6)
names = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\"), min_size=1, max_size=30)
contents = st.dictionaries(names, st.binary(max_size=300), max_size=6)


NOWHERE = Sums(Path("/nowhere/sums"))


def archive(files: dict[str, bytes]) -> Archive:
    return Archive([Entry.given(name, MOMENT, content) for name, content in files.items()], NOWHERE)


def whole(made: Archive, start: int = 0, count: int | None = None) -> bytes:
    return b"".join(read(made.read(start, count)))


@given(contents)
def test_what_is_read_back_is_what_went_in(files: dict[str, bytes]) -> None:
    content = whole(archive(files))
    assert len(content) == archive(files).size
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        assert {each.filename: found.read(each) for each in found.infolist()} == files
        assert all(each.date_time == (2026, 1, 2, 3, 4, 6) for each in found.infolist())


@given(contents)
def test_what_is_made_while_it_is_sent_is_the_same(files: dict[str, bytes]) -> None:
    entries = (Entry.given(name, MOMENT, content) for name, content in files.items())
    assert b"".join(read(streamed(entries))) == whole(archive(files))


@given(contents, st.integers(0, 3000), st.integers(0, 3000))
def test_from_any_byte_on_to_any_other(files: dict[str, bytes], start: int, count: int) -> None:
    assert whole(archive(files), start) == whole(archive(files))[start:]
    assert whole(archive(files), start, count) == whole(archive(files))[start : start + count]


def test_a_checksum_is_computed_once(tmp_path: Path) -> None:
    """A second download does not read what it sends, and what lies before the byte that it begins with not at all."""
    sums, paths = Sums(tmp_path / "kept" / "sums"), [tmp_path / f"{number}.wav" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 700_000)

    def made() -> Archive:
        return Archive([Entry.of(path, MOMENT) for path in paths], sums)

    first = whole(made())
    assert whole(made()) == first
    assert len([*made().read()]) < 20
    for start in (1, 700_100, len(first) - 30):
        assert whole(made(), start) == first[start:]
    with zipfile.ZipFile(io.BytesIO(whole(made()))) as found:
        assert found.testzip() is None
    paths[1].write_bytes(b"another")
    with zipfile.ZipFile(io.BytesIO(whole(made()))) as found:
        assert found.testzip() is None and found.read("1.wav") == b"another"


def test_kept_checksums_that_a_power_cut_spoilt_begin_anew(tmp_path: Path) -> None:
    sums = Sums(tmp_path / "sums")
    key, other = b"k" * 12, b"o" * 12
    sums.keep(key, 5)
    sums.keep(other, 0xFFFF_FFFF)
    assert sums.find({key, other}) == {key: 5, other: 0xFFFF_FFFF}
    assert sums.find({key}) == {key: 5}
    with (tmp_path / "sums").open("ab") as file:
        file.write(b"half")
    assert sums.find({key}) == {key: 5}
    sums.keep(other, 7)
    assert sums.find({key, other}) == {other: 7}


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
        entries.append(Entry.of(path, MOMENT))
    made, target = Archive(entries, NOWHERE), tmp_path / "all.zip"
    with target.open("wb") as file:
        for piece in read(made.read()):
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
    made = Archive([Entry.of(path, MOMENT)], NOWHERE)
    path.write_bytes(bytes(10))
    with pytest.raises(OSError, match="shorter"):
        whole(made)


def test_a_file_that_became_shorter_is_seen_in_what_is_not_sent_too(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(1000))
    made = Archive([Entry.of(path, MOMENT)], NOWHERE)
    path.write_bytes(bytes(10))
    with pytest.raises(OSError, match="shorter"):
        whole(made, made.size - 10)


def test_files_of_several_stretches_are_whole_from_any_byte_on(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(2)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes(range(256)) * (2 * STRETCH // 256) + b"end" * number)
    made = Archive([Entry.of(path, MOMENT) for path in paths], NOWHERE)
    first = whole(made)
    with zipfile.ZipFile(io.BytesIO(first)) as found:
        assert found.testzip() is None and found.read("1.wav") == paths[1].read_bytes()
    for start in (1, STRETCH - 1, STRETCH + 100, 3 * STRETCH, len(first) - 1):
        assert whole(made, start) == first[start:]


def test_who_hangs_up_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    pieces = Archive([Entry.of(path, MOMENT)], NOWHERE).read()
    begun = [*islice(pieces, 2)]
    assert length(begun[1]) == STRETCH
    with closing(pieces):  # type: ignore[type-var]
        pass
    assert not [each for each in threading.enumerate() if each.name == "sum"]


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    made = Archive([Entry.of(path, MOMENT)], NOWHERE)
    assert sum(length(piece) for piece in islice(made.read(), 4)) <= 4 * STRETCH
