"""The model of the disk: what may be on it is neither more nor less than it should be."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.powercut import log
from tests.powercut.choices import all_but, at_random, everything, nothing, only
from tests.powercut.disk import SECTOR, Choice, Data, Disk, Name, Safety, Size
from tests.powercut.log import Kind, Record

ROOT, FOLDER, FILE = 1, 2, 3
BOTH = (False, True)
BEGIN = Record(Kind.BEGIN, 0.0, ROOT)
MADE = Record(Kind.FILE, 0.0, ROOT, FILE, b"file")


def write(offset: int, data: bytes) -> Record:
    return Record(Kind.WRITE, 0.0, FILE, offset, data)


def synced(inode: int) -> list[Record]:
    return [Record(Kind.SYNC, 0.0, inode), Record(Kind.SYNCED, 0.0, inode)]


SAFE = [BEGIN, MADE, *synced(ROOT)]


def safety(records: Iterable[Record]) -> Safety:
    disk = Disk(tuple(records))
    return Safety(disk, disk.syncs)


def content(safety: Safety, choice: Choice, crash: int = 99, path: str = "file", filler: int = 0) -> bytes | None:
    state = safety.state(crash, choice, filler)
    return state.contents[state.paths[path]] if path in state.paths else None


def test_what_was_synced_is_there_and_nothing_else_must_be() -> None:
    disk = safety([*SAFE, write(0, b"one"), *synced(FILE), write(3, b"two")])
    open = disk.open(99)
    assert [type(change) for change in open] == [Data, Size]
    assert content(disk, nothing(open)) == b"one"
    assert content(disk, everything(open)) == b"onetwo"
    assert content(disk, only(open, open[0])) == b"one"
    assert content(disk, only(open, open[1]), filler=0x5A) == b"oneZZZ"


def test_a_sync_counts_for_what_came_before_its_begin_once_it_has_ended() -> None:
    sync, done = synced(FILE)
    disk = safety([*SAFE, write(0, b"a"), sync, write(1, b"b"), done])
    assert {change.at for change in disk.open(99)} == {6}
    assert {change.at for change in disk.open(7)} == {4, 6}
    assert content(disk, nothing(disk.open(99))) == b"a"


def test_a_sync_of_the_file_does_not_keep_its_name_nor_that_of_the_folder_its_sound() -> None:
    disk = safety([BEGIN, MADE, write(0, b"a"), *synced(FILE)])
    assert content(disk, nothing(disk.open(99))) is None
    disk = safety([BEGIN, MADE, write(0, b"a"), *synced(ROOT)])
    assert content(disk, nothing(disk.open(99))) == b""


def test_a_rename_may_be_half_done() -> None:
    renamed = [Record(Kind.LINK, 0.0, ROOT, FILE, b"new"), Record(Kind.UNLINK, 0.0, ROOT, 0, b"file")]
    disk = safety([*SAFE, *renamed])
    new, old = disk.open(99)
    paths = [set(disk.state(99, choice).paths) for choice in ({new: n, old: o} for n in BOTH for o in BOTH)]
    assert paths == [{"file"}, set(), {"file", "new"}, {"new"}]


def test_what_lies_in_a_folder_whose_name_is_lost_is_lost() -> None:
    made = [Record(Kind.FOLDER, 0.0, ROOT, FOLDER, b"d"), Record(Kind.FILE, 0.0, FOLDER, FILE, b"f"), *synced(FOLDER)]
    disk = safety([BEGIN, *made])
    assert disk.state(99, nothing(disk.open(99))).paths == {}
    assert set(disk.state(99, everything(disk.open(99))).paths) == {"d", "d/f"}


def test_a_sector_reaches_the_disk_as_a_whole() -> None:
    disk = safety([*SAFE, write(0, b"a" * 100), write(100, b"b" * 100), write(SECTOR, b"c")])
    first, _, second, _, _, size = disk.open(99)
    assert content(disk, {**nothing(disk.open(99)), second: True, size: True}) == b"a" * 100 + b"b" * 100 + bytes(313)
    assert content(disk, {**nothing(disk.open(99)), first: True, size: True}) == b"a" * 100 + bytes(413)


def test_a_write_is_torn_between_sectors_only() -> None:
    disk = safety([*SAFE, write(100, b"x" * 3 * SECTOR)])
    data, size = disk.open(99)
    assert isinstance(data, Data)
    torn = content(disk, {data: frozenset({1}), size: True})
    assert torn == bytes(SECTOR) + b"x" * SECTOR + bytes(SECTOR + 100)


def test_a_cut_may_be_forgotten() -> None:
    disk = safety([*SAFE, write(0, b"abcdef"), *synced(FILE), Record(Kind.CUT, 0.0, FILE, 2), write(2, b"X")])
    cut, data, size = disk.open(99)
    assert content(disk, nothing([cut, data, size])) == b"abcdef"
    assert content(disk, {cut: True, data: False, size: False}) == b"ab"
    assert content(disk, {cut: True, data: False, size: True}) == b"ab\0"
    assert content(disk, {cut: False, data: True, size: False}) == b"abXdef"
    assert content(disk, all_but([cut, data, size], size)) == b"ab"


def test_inode_numbers_are_used_again() -> None:
    again = [Record(Kind.UNLINK, 0.0, ROOT, 0, b"file"), Record(Kind.FILE, 0.0, ROOT, FILE, b"other"), write(0, b"new")]
    disk = safety([*SAFE, write(0, b"old"), *synced(FILE), *again])
    gone, there, *_ = disk.open(99)
    assert isinstance(gone, Name) and isinstance(there, Name)
    choice = {**everything(disk.open(99)), gone: False}
    assert (content(disk, choice), content(disk, choice, path="other")) == (b"old", b"new")


@given(st.data())
def test_every_state_of_a_growing_file_lies_between_its_sync_and_its_end(data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.binary(min_size=1, max_size=1300), min_size=1, max_size=6))
    after = data.draw(st.integers(0, len(pieces)))
    records, at = list(SAFE), 0
    for number, piece in enumerate(pieces):
        if number == after:
            records += synced(FILE)
        records.append(write(at, piece))
        at += len(piece)
    disk = safety(records)
    found = content(disk, at_random(disk.open(99), Random(data.draw(st.integers()))))
    whole, safe = b"".join(pieces), b"".join(pieces[:after]) if after < len(pieces) else b""
    assert found is not None and len(safe) <= len(found) <= len(whole)
    assert found.startswith(safe)
    for sector in range(0, len(found), SECTOR):
        assert all(a in (b, 0) for a, b in zip(found[sector:], whole[sector : sector + SECTOR], strict=False))


def test_a_state_is_made_and_read_back(tmp_path: Path) -> None:
    linked = [Record(Kind.FOLDER, 0.0, ROOT, FOLDER, b"d"), Record(Kind.LINK, 0.0, FOLDER, FILE, b"second")]
    disk = safety([*SAFE, write(0, b"abc"), *linked])
    state = disk.state(99, everything(disk.open(99)))
    state.write(tmp_path)
    assert (tmp_path / "file").samefile(tmp_path / "d/second")
    again = Disk(tuple(log.snapshot(tmp_path)))
    read = Safety(again, again.syncs).state(99, {})
    assert {path: read.contents.get(node) for path, node in read.paths.items()} == {
        path: state.contents.get(node) for path, node in state.paths.items()
    }
