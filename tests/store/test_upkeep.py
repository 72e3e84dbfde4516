"""What housekeeping and timekeeping ask of the store: takes that were left, what may go, and when clips began."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance.codec import to_json
from appliance.errors import StorageError
from appliance.events import ClipCorrected, ClipFinished
from appliance.models import ClockSource, Receipt, Rendition, Verdict
from appliance.recipes import FLAC, ORIGINAL, Recipe
from appliance.store import Footprint, Recorded
from appliance.store.schema import MIGRATIONS

Box = Any  # tests/store/conftest.py is not importable
PROOF = Receipt("there", 1, True)


def test_a_take_that_was_left_becomes_a_clip_without_a_restart(box: Box) -> None:
    sealed, torn = box.take(), box.take(sealed=False)
    for take in (sealed, torn):
        box.store.upkeep.leave(take)
    box.store.upkeep.take_up()
    clips = {clip.id: clip for clip in box.store.clips.newest_first()}
    assert clips.keys() == {sealed, torn} and clips[torn].recovered
    assert len(box.posted(ClipFinished)) == 2 and not box.store.upkeep.unfinished
    assert list(box.store.places.takes.iterdir()) == []
    box.store.upkeep.take_up()
    assert len(box.posted(ClipFinished)) == 2


def test_only_what_was_left_is_taken_up(box: Box) -> None:
    """Another take may be in progress."""
    left, running = box.take(sealed=False), box.take(sealed=False)
    box.store.upkeep.leave(left)
    box.store.upkeep.take_up()
    assert [folder.name for folder in box.store.places.takes.iterdir()] == [running]


def hindered(box: Box) -> Path:
    """Close the store, and put in something that keeps its start from looking through `clips/`."""
    gone = box.clip()
    obstacle: Path = box.store.clips.path(gone)
    box.store.clips.delete(gone.id, "by hand")
    box.close()
    obstacle.mkdir()
    return obstacle


def test_a_take_in_progress_is_left_alone_while_what_the_start_could_not_finish_is_tried_again(box: Box) -> None:
    """That goes on for as long as the disk refuses a single file, and people record meanwhile."""
    obstacle = hindered(box)
    store = box.start()
    running = box.take(sealed=False)
    files = {path.name: path.read_bytes() for path in (store.places.takes / running).iterdir()}
    with pytest.raises(StorageError):
        store.upkeep.take_up()
    obstacle.rmdir()
    store.upkeep.take_up()
    assert {path.name: path.read_bytes() for path in (store.places.takes / running).iterdir()} == files
    assert store.clips.newest_first() == [] and not store.upkeep.unfinished


def test_so_are_tracks_and_encodings_that_are_just_being_made(box: Box) -> None:
    """They enter the catalogue a moment after they are whole."""
    obstacle = hindered(box)
    store = box.start()
    unknown = [store.places.inbox / "news.mp3", store.places.renditions / ".clip.flac.partial"]
    for path in unknown:
        path.touch()
    obstacle.rmdir()
    store.upkeep.take_up()
    assert all(path.exists() for path in unknown) and not store.upkeep.unfinished


def test_a_clip_without_metadata_that_could_not_be_mended_at_start_is_mended_later(box: Box) -> None:
    """Half of it was done at the first try: it is a take again, and no clip yet."""
    clip = box.clip()
    bare = evolve(clip, id="abcdefghij", name=clip.name.replace(clip.id, "abcdefghij"))
    shutil.copy(box.store.clips.path(clip), box.store.clips.path(bare))
    obstacle = hindered(box)
    store = box.start()
    obstacle.rmdir()
    in_the_way = store.places.takes / bare.id / ".clip.json.partial"
    in_the_way.mkdir(parents=True)
    with pytest.raises(StorageError):
        store.upkeep.take_up()
    assert not store.clips.path(bare).exists()
    in_the_way.rmdir()
    store.upkeep.take_up()
    assert bare.id in [found.id for found in store.clips.newest_first()] and not store.upkeep.unfinished


def test_a_take_whose_files_were_moved_already_is_entered(box: Box) -> None:
    clip = box.clip()
    (folder := box.store.places.takes / "moved00001").mkdir()
    renamed = evolve(clip, id="moved00001", name=clip.name.replace(clip.id, "moved00001"))
    for suffix in (".wav", ".json"):
        (box.store.places.clips / f"{clip.name}{suffix}").rename(box.store.places.clips / f"{renamed.name}{suffix}")
    (box.store.places.clips / f"{renamed.name}.json").write_text(to_json(renamed))
    box.store.upkeep.leave("moved00001")
    box.store.upkeep.take_up()
    assert box.store.clips.find("moved00001") == renamed and not folder.exists()


def test_a_take_that_is_gone_is_forgotten(box: Box) -> None:
    box.store.upkeep.leave("never00001")
    assert not box.store.upkeep.unfinished


def test_what_has_arrived_everywhere(box: Box) -> None:
    clips = [box.clip() for _ in range(5)]
    box.clip(Verdict.TOO_SHORT)
    box.store.outbox.enqueue([clip.id for clip in clips], "office", "flac")
    for destination, count in (("cloud", 4), ("office", 2)):
        for _ in range(count):
            delivery = box.store.outbox.take_next(destination, "oldest", now=0.0)
            assert delivery
            box.store.outbox.delivered(delivery.id, PROOF)
    box.store.clips.delete(clips[0].id, "test")
    found = box.store.upkeep.arrived(["cloud", "office"], 0, 10)
    assert [(each.clip, each.receipts) for each in found] == [(clips[1], {"cloud": PROOF, "office": PROOF})]
    cloud = box.store.upkeep.arrived(["cloud"], 0, 2)
    assert [each.clip for each in cloud] == clips[1:3]
    assert [each.clip for each in box.store.upkeep.arrived(["cloud"], cloud[-1].number, 2)] == clips[3:4]
    assert [each.clip for each in box.store.upkeep.arrived(["cloud", "other"], 0, 10)] == clips[1:4]  # none waits there
    assert box.store.upkeep.arrived(["other"], 0, 10) == []


def test_encodings_that_nobody_waits_for_are_dropped(box: Box) -> None:
    clips = [box.clip() for _ in range(3)]
    for clip in clips:
        path = box.store.places.renditions / f"{clip.name}.flac"
        path.write_bytes(b"x" * 100)
        box.store.clips.add_rendition(Rendition(clip.id, FLAC, path, 100, "0" * 64))
        original = box.store.clips.path(clip)
        box.store.clips.add_rendition(Rendition(clip.id, ORIGINAL, original, clip.size, "1" * 64))
    box.store.outbox.enqueue([clips[0].id], "office", "flac")
    assert box.store.upkeep.drop_encodings(Footprint(-50)) == Footprint(50, 1)
    assert box.store.clips.rendition(clips[1].id, FLAC) is None
    assert box.store.upkeep.drop_encodings(Footprint(1, -5)) == Footprint(101, -4)
    assert [path.stem for path in box.store.places.renditions.iterdir()] == [clips[0].name]
    assert all(box.store.clips.rendition(clip.id, ORIGINAL) for clip in clips)
    assert all(box.store.clips.path(clip).exists() for clip in clips)


def test_starts_are_corrected_a_few_at_a_time(box: Box) -> None:
    box.clock.source = ClockSource.NONE
    clips = [box.clip() for _ in range(5)]
    now = evolve(box.clock.stamp(), source=ClockSource.NTP)
    now = evolve(now, wall_ns=now.wall_ns + 3600 * 10**9)
    assert [clip.id for clip in box.store.upkeep.correct_starts(now, 3)] == [clip.id for clip in clips[:3]]
    assert [clip.id for clip in box.store.upkeep.correct_starts(now, 3)] == [clip.id for clip in clips[3:]]
    assert box.store.upkeep.correct_starts(now) == []
    for clip in box.store.clips.newest_first():
        assert clip.began.wall_ns - clip.started.wall_ns == 3600 * 10**9
    assert len(box.posted(ClipCorrected)) == 5
    assert box.store.upkeep.correct_starts(evolve(now, boot_id="other")) == []


def test_what_was_recorded_lately(box: Box) -> None:
    assert box.store.upkeep.recorded(0, 2**62).first_ns is None
    clips = [box.clip() for _ in range(3)]
    box.store.clips.delete(clips[1].id, "test")
    starts = [clip.started.wall_ns for clip in clips]
    found = box.store.upkeep.recorded(starts[1], starts[2])
    assert found == Recorded(Footprint(clips[1].size + clips[2].size, 4), starts[1])


def test_what_was_recorded_lately_is_counted_anew_when_something_came_or_time_went_by(box: Box) -> None:
    first, week, second = box.clip(), 7 * 86_400 * 10**9, 10**9

    def recorded(after: int) -> int:
        until = first.started.wall_ns + after
        found: Recorded = box.store.upkeep.recorded(until - week, until)
        return found.taken.bytes

    assert recorded(second) == first.size
    last = box.clip()
    later = last.started.wall_ns - first.started.wall_ns
    assert recorded(later + second) == first.size + last.size
    assert recorded(later + 2 * second) == first.size + last.size
    assert recorded(week + later + second) == 0
    assert recorded(later + second) == first.size + last.size, "the clock was set back"


def test_a_catalogue_of_the_first_release_is_brought_up_to_date(box: Box) -> None:
    box.clock.source = ClockSource.NONE
    clips = [box.clip(), box.clip()]
    clips.append(box.store.clips.adopt(box.take(continues=clips[0].id)))
    box.store.close()
    database: Path = box.directory / "catalogue.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        rows = connection.execute("SELECT seq, id, name, start_ns, body FROM clips").fetchall()
    for path in box.directory.glob("catalogue.db*"):
        path.unlink()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.executescript(f"BEGIN; {MIGRATIONS[0]}; PRAGMA user_version = 1; COMMIT")
        connection.executemany("INSERT INTO clips (seq, id, name, start_ns, body) VALUES (?, ?, ?, ?, ?)", rows)
    store = box.start()
    assert store.clips.newest_first() == clips[::-1]
    assert store.clips.parts(clips[2].id) == [clips[0], clips[2]]
    assert store.upkeep.recorded(0, 2**62).taken.bytes == sum(clip.size for clip in clips)
    now = evolve(box.clock.stamp(), source=ClockSource.NTP)
    assert len(store.upkeep.correct_starts(now)) == 3


def test_encodings_made_before_recipes_had_hashes_are_still_known(box: Box) -> None:
    clip, path = box.clip(), box.directory / "renditions" / "a.flac"
    then = Recipe("flac", ".flac", "audio/flac", ("flac",))
    made = [Rendition(clip.id, recipe, path, 4, recipe.name) for recipe in (ORIGINAL, then)]
    box.store.close()
    database = box.directory / "catalogue.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        [row] = connection.execute("SELECT seq, id, name, start_ns, body FROM clips").fetchall()
    for stale in box.directory.glob("catalogue.db*"):
        stale.unlink()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for script in MIGRATIONS[:4]:
            connection.executescript(script)
        connection.execute("PRAGMA user_version = 4")
        connection.execute("INSERT INTO clips (seq, id, name, start_ns, body) VALUES (?, ?, ?, ?, ?)", row)
        for each in made:
            connection.execute(
                "INSERT INTO renditions VALUES (1, ?, ?, 4, ?)", (each.recipe.name, str(path), each.sha256)
            )
    box.start()
    assert [box.store.clips.rendition(clip.id, each.recipe) for each in made] == made


@pytest.mark.alone
def test_with_many_clips_what_may_go_is_found_quickly(box: Box, seconds: Any) -> None:
    """None of 20,000 has arrived everywhere: the worst case, as all are looked at."""
    box.store.close()
    box.files(20_000)
    store = box.start()
    box.settle()
    assert seconds(lambda: store.upkeep.arrived(["cloud"], 0, 50)) < 0.5
    assert seconds(lambda: store.upkeep.recorded(0, 2**62)) < 0.1
    now = evolve(box.clock.stamp(), source=ClockSource.NTP)
    assert seconds(lambda: store.upkeep.correct_starts(now)) < 0.1
