"""Whatever a bit that flips makes of the catalogue: the store says so in words, goes on, and loses no clip."""

import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from appliance.errors import NotFound, StorageError
from appliance.models import ClockSource, ClockStamp, Delivery, DeliveryState, Receipt, Rendition
from appliance.recipes import FLAC, RECIPES
from appliance.store import Footprint, Store

CALM = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SOUND = bytes(range(256)) * 8
MEMORY = Path("/dev/shm")
"""Where it takes no time to sync."""


@frozen
class Filled:
    """A state directory with something in every table, and a checksum of each clip by its file's name."""

    directory: Path
    sounds: dict[str, int]
    columns: tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, box_type: Any) -> Filled:
    box = box_type(tmp_path_factory.mktemp("filled"), {"cloud": "original", "stick": "flac"})
    store = box.start()
    clips = [store.clips.adopt(box.take(SOUND + bytes([number, 1]))) for number in range(4)]
    store.clips.delete(clips[3].id, "by hand")
    path = store.places.renditions / f"{clips[0].name}.flac"
    path.write_bytes(b"fLaC")
    store.clips.add_rendition(Rendition(clips[0].id, FLAC, path, 4, "0" * 64))
    ends: tuple[Callable[[Delivery], None], ...] = (
        lambda each: store.outbox.delivered(each.id, Receipt("clip", 3, True, "sha256", "00")),
        lambda each: store.outbox.postponed(each.id, "no network", 5000.0),
        lambda each: store.outbox.parked(each.id, "wrong password"),
    )
    for end in ends:
        delivery = store.outbox.take_next("cloud", "oldest", now=box.clock.monotonic())
        store.outbox.save_resume(delivery.id, {"offset": 5})
        end(delivery)
    track = store.places.inbox / "track.flac"
    track.write_bytes(b"fLaC")
    store.inbox.add("news", "key", "title", track, 4, "0" * 64)
    store.inbox.save_note("news", "key", {"etag": "x"})
    box.close()
    with closing(sqlite3.connect(box.directory / "catalogue.db")) as database:
        database.execute("INSERT INTO live VALUES ('take', 'cloud', '{}')")
        database.commit()
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = [(table, name) for table in tables for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
    sounds = checksums(box.directory / "clips")
    assert len(sounds) == 3
    return Filled(box.directory, sounds, tuple(columns))


def checksums(directory: Path) -> dict[str, int]:
    return {path.name: zlib.crc32(path.read_bytes()) for path in directory.rglob("*.wav")}


@contextmanager
def copied(filled: Filled, box_type: Any) -> Iterator[Any]:
    """A box on a copy of the directory."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        shutil.copytree(filled.directory, Path(folder) / "state")
        box = box_type(Path(folder))
        box.destinations = {"cloud": "original", "stick": "flac"}
        try:
            yield box
        finally:
            box.close()


def uses(box: Any, store: Store) -> list[Callable[[], object]]:
    """Everything that is asked of a store."""
    ids = [path.stem[-10:] for path in store.places.clips.glob("*.wav")]
    now = box.clock.monotonic()
    return [
        store.clips.newest_first,
        lambda: store.clips.find(ids[0]),
        lambda: [store.clips.parts(id) for id in ids],
        lambda: [store.clips.rendition(id, recipe) for id in ids for recipe in RECIPES.values()],
        store.outbox.find,
        lambda: store.outbox.find(states=[DeliveryState.DELIVERED]),
        store.outbox.counts,
        lambda: [store.outbox.next_due(name) for name in ("cloud", "stick")],
        lambda: store.outbox.retry("cloud"),
        lambda: [
            store.outbox.take_next(name, order, now=now)
            for name in ("cloud", "stick")
            for order in ("oldest", "newest")
        ],
        lambda: store.outbox.enqueue(ids, "new", "original"),
        lambda: store.upkeep.arrived(["cloud"], 0, 10),
        lambda: store.upkeep.recorded(0, 1 << 62),
        lambda: store.upkeep.drop_encodings(Footprint(-1)),
        lambda: store.upkeep.correct_starts(ClockStamp(1, 1, "manual-boot", ClockSource.NTP)),
        store.inbox.tracks,
        lambda: store.inbox.note("news", "key"),
        store.inbox.unheard,
        store.inbox.next_message,
        store.inbox.latest,
        lambda: store.clips.adopt(box.take(SOUND)),
    ]


def check(box: Any, filled: Filled) -> None:
    """The store starts and does everything; or it says what is wrong, and does everything once it was started anew."""
    if any(run(box) for _ in range(3)):
        assert run(box) == [] and box.quarantined()
    assert filled.sounds.items() <= checksums(box.directory).items(), "a clip is gone or changed"


def run(box: Any) -> list[StorageError]:
    """Start, ask for everything, end; what was refused."""
    refused = []
    store = box.start()
    for use in uses(box, store):
        try:
            use()
        except NotFound:
            pass
        except StorageError as error:
            refused.append(error)
    store.close()
    return refused


WORDS = ["", "null", "[]", "{}", '{"size": "x"}', "[" * 5000, "pending", "original", "..", "/etc/passwd", "\ud800"[:0]]
VALUES = st.sampled_from(WORDS) | st.text(max_size=20) | st.integers(-(1 << 40), 1 << 40) | st.none()


@pytest.mark.slow
@CALM
@given(data=st.data())
def test_a_value_that_cannot_be(filled: Filled, box_type: Any, data: st.DataObject) -> None:
    table, column = data.draw(st.sampled_from(filled.columns))
    value = data.draw(VALUES | st.binary(max_size=8).map(bytes))
    row = data.draw(st.integers(0, 3))
    with copied(filled, box_type) as box:
        with closing(sqlite3.connect(box.directory / "catalogue.db", isolation_level=None)) as database:
            key = "rowid" if table not in ("renditions", "delivery_counts", "notes", "live") else None
            where = f"WHERE rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET {row})" if key else ""
            expression = "CAST(? AS TEXT)" if isinstance(value, bytes) else "?"
            try:
                database.execute(f"UPDATE {table} SET {column} = {expression} {where}", (value,))
            except (sqlite3.Error, OverflowError):
                assume(False)
        check(box, filled)


@pytest.mark.slow
@CALM
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=6))
@example([(0.0006, 0)])
def test_bits_that_flip(filled: Filled, box_type: Any, flips: list[tuple[float, int]]) -> None:
    with copied(filled, box_type) as box:
        path = box.directory / "catalogue.db"
        content = bytearray(path.read_bytes())
        used = [index for index, byte in enumerate(content) if byte]
        for where, bit in flips:
            content[used[int(where * len(used))]] ^= 1 << bit
        path.write_bytes(content)
        try:
            check(box, filled)
        except StorageError as error:
            assert "newer release" in str(error)
