import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.codec import to_json
from appliance.errors import NotFound, StorageError
from appliance.events import ClipFinished, FaultCleared, FaultRaised, QueueChanged
from appliance.models import Clip, DeliveryState, Receipt, Rendition, Verdict
from appliance.recipes import FLAC
from appliance.store import listing, recovery
from appliance.testing.clock import ManualClock

SOUND = b"\x01\x02\x03\x04" * 500


def sound_of(box: Any, clip: Clip) -> bytes:
    content: bytes = box.store.clips.path(clip).read_bytes()
    return content[104:]


# -- takes -------------------------------------------------------------------------------------------------------------


def test_takes_left_behind_become_clips_in_the_order_of_their_start(new_box: Callable[[], Any]) -> None:
    box = new_box()
    ids = [box.take(SOUND, sealed=False), box.take(SOUND), box.take(SOUND, sealed=False)]
    store = box.start()
    clips = store.clips.newest_first()[::-1]
    assert [clip.id for clip in clips] == ids
    assert [clip.recovered for clip in clips] == [True, False, True]
    assert all(sound_of(box, clip) == SOUND for clip in clips)
    assert list(store.places.takes.iterdir()) == []
    assert [event.clip for event in box.posted(ClipFinished)] == clips
    assert box.posted(QueueChanged)[-1] == QueueChanged(3)
    assert [delivery.clip_id for delivery in store.outbox.find()] == ids


def test_a_take_without_a_byte_of_sound_is_removed(new_box: Callable[[], Any]) -> None:
    box = new_box()
    box.take(b"", sealed=False)
    (box.directory / "takes" / "empty").mkdir()
    store = box.start()
    assert list(store.places.takes.iterdir()) == []
    assert store.clips.newest_first() == [] and box.quarantined() == {}


def test_a_file_that_strayed_among_the_takes_is_nothing_to_finish(new_box: Callable[[], Any]) -> None:
    box = new_box()
    box.take(SOUND)
    (box.directory / "takes" / ".DS_Store").write_bytes(b"rubbish")
    store = box.start()
    assert len(store.clips.newest_first()) == 1 and not store.upkeep.unfinished


def test_a_take_that_cannot_be_repaired_is_kept_with_a_note(new_box: Callable[[], Any]) -> None:
    box = new_box()
    for _ in range(2):
        folder = box.directory / "takes" / "hopeless"
        folder.mkdir(parents=True)
        (folder / "audio.wav").write_bytes(b"\xff" * 5000)
        box.start()
        box.close()
    notes = box.quarantined()
    assert sorted(notes) == ["hopeless", "hopeless-2"] and "could not be repaired" in notes["hopeless"]
    assert (box.store.places.quarantine / "hopeless-2" / "audio.wav").stat().st_size == 5000
    assert list(box.store.places.takes.iterdir()) == []


def test_a_sealed_take_whose_metadata_broke_is_repaired(new_box: Callable[[], Any]) -> None:
    box = new_box()
    take = box.take(SOUND)
    (box.directory / "takes" / take / "clip.json").write_bytes(b'{"id": "torn')
    store = box.start()
    assert sound_of(box, store.clips.find(take)) == SOUND


def test_a_half_moved_take_whose_metadata_broke_keeps_its_sound_and_name(new_box: Callable[[], Any]) -> None:
    box = new_box()
    box.start().close()
    take = box.take(SOUND)
    folder = box.directory / "takes" / take
    name = (folder / "clip.json").read_text().split('"name": "')[1].split('"')[0]
    (folder / "audio.wav").rename(box.directory / "clips" / f"{name}.wav")
    (folder / "clip.json").write_bytes(b"\x00" * 100)
    store = box.start()
    clip = store.clips.find(name)
    assert clip.id == take and clip.recovered and sound_of(box, clip) == SOUND
    assert list(store.places.takes.iterdir()) == []


def test_a_sealed_take_without_sound_anywhere_is_kept_with_a_note(new_box: Callable[[], Any]) -> None:
    box = new_box()
    take = box.take(SOUND)
    (box.directory / "takes" / take / "audio.wav").unlink()
    box.start()
    assert "its sound is missing" in box.quarantined()[take]


@pytest.mark.parametrize("left", [("audio.wav", "clip.json", "journal.jsonl"), ("audio.wav",), ("clip.json",)], ids=str)
@pytest.mark.parametrize("deleted", [False, True])
def test_an_adopted_take_that_a_power_cut_brings_back_is_removed(
    box: Any, left: tuple[str, ...], deleted: bool
) -> None:
    take = box.take(SOUND)
    folder = box.directory / "takes" / take
    files = {name: (folder / name).read_bytes() for name in left}
    clip = box.store.clips.adopt(take)
    if deleted:
        box.store.clips.delete(take, "by hand")
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    store = box.restart()
    assert store.clips.newest_first() == ([] if deleted else [clip])
    assert len(list(store.places.clips.iterdir())) == (0 if deleted else 2)
    assert list(store.places.takes.iterdir()) == list(store.places.quarantine.iterdir()) == []


def test_the_metadata_of_an_adoption_that_a_power_cut_undid_gives_way(new_box: Callable[[], Any]) -> None:
    box = new_box()
    box.start().close()
    folder = box.directory / "takes" / box.take(SOUND)
    content = (folder / "clip.json").read_bytes()
    name = content.decode().split('"name": "')[1].split('"')[0]
    (folder / "clip.json").rename(box.directory / "clips" / f"{name}.json")
    store = box.start()
    clip = store.clips.find(name)
    assert clip.recovered and sound_of(box, clip) == SOUND
    assert (store.places.clips / f"{name}.json").read_text() == to_json(clip)
    assert list(store.places.takes.iterdir()) == list(store.places.quarantine.iterdir()) == []


# -- clips -------------------------------------------------------------------------------------------------------------


def test_clips_that_the_catalogue_does_not_know_are_entered_by_age(new_box: Callable[[], Any]) -> None:
    box = new_box()
    clips = box.files(450)
    store = box.start()
    assert store.clips.newest_first() == clips[::-1]
    assert store.outbox.take_next("cloud", "oldest", now=0.0).clip_id == clips[0].id
    assert store.outbox.take_next("cloud", "newest", now=0.0).clip_id == clips[-1].id
    assert box.posted(QueueChanged)[-1] == QueueChanged(450)


class Impatient(ManualClock):
    """A clock that ends whoever has looked at it so often."""

    left = 300

    def monotonic(self) -> float:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
        return super().monotonic()


def test_a_rebuild_that_is_broken_off_goes_on_where_it_was(new_box: Callable[[], Any]) -> None:
    box = new_box()
    clips = box.files(450)
    box.clock = Impatient()
    with pytest.raises(KeyboardInterrupt):
        box.start()
    box.clock = ManualClock()
    for clip in clips[:200]:
        (box.directory / "clips" / f"{clip.name}.json").write_text("not looked at")
    assert box.start().clips.newest_first() == clips[::-1]


def test_systemd_is_asked_for_patience_while_many_clips_are_entered(
    new_box: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        box = new_box()
        box.files(450)
        box.start()
        told = [systemd.recv(1000, socket.MSG_DONTWAIT).decode() for _ in range(3)]
    wanted = [f"EXTEND_TIMEOUT_USEC=60000000\nSTATUS=entering clips: {done} of 450" for done in (0, 200, 400)]
    assert told == wanted


def test_takes_that_last_are_finished_in_portions_and_systemd_is_asked_for_patience(
    new_box: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    box = new_box()
    ids = [box.take(SOUND, sealed=False) for _ in range(3)]
    monkeypatch.setattr(recovery, "time", SimpleNamespace(monotonic=iter(range(100)).__next__))
    monkeypatch.setattr(recovery, "TAKES_FOR", 1.5)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        store = box.start()
        recorded = box.clip()
        box.settle()
        told = systemd.recv(1000, socket.MSG_DONTWAIT).decode()
    assert told == "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=finishing takes: 0 of 3"
    assert {clip.id for clip in store.clips.newest_first()} == {*ids, recorded.id}
    assert "catalogue_incomplete" in {event.fault.name for event in box.posted(FaultRaised)}


def test_a_take_of_a_whole_day_is_finished_by_reading_a_few_moments_of_it(
    new_box: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, hours, read = new_box(), 24, 0
    take_id = box.take(SOUND, sealed=False)
    os.truncate(box.directory / "takes" / take_id / "audio.wav", 104 + hours * 3600 * 8000 * 2 * 16)
    pread = os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        nonlocal read
        content = pread(descriptor, size, offset)
        read += len(content)
        return content

    monkeypatch.setattr(os, "pread", counted)
    [clip] = box.start().clips.newest_first()
    assert clip.seconds == hours * 3600 * 16 and read < 70_000_000


def test_metadata_that_the_disk_refuses_to_read_holds_up_no_other_clip(new_box: Callable[[], Any]) -> None:
    box = new_box()
    clips = box.files(3)
    sidecar = box.directory / "clips" / f"{clips[1].name}.json"
    sidecar.rename(kept := box.directory / "kept")
    sidecar.mkdir()
    store = box.start()
    assert store.clips.newest_first() == [clips[2], clips[0]] and store.upkeep.unfinished
    sidecar.rmdir()
    kept.rename(sidecar)
    store.upkeep.take_up()
    assert store.clips.newest_first() == clips[::-1] and not store.upkeep.unfinished


def test_only_what_is_not_in_the_catalogue_is_opened(new_box: Callable[[], Any]) -> None:
    box = new_box()
    clips = box.files(3)
    box.start().close()
    for sidecar in (box.directory / "clips").glob("*.json"):
        sidecar.write_text("not looked at")
    new = box.files(1)
    assert box.start().clips.newest_first() == [*new, *clips[::-1]]


def test_a_lost_catalogue_is_rebuilt_and_everything_queued_anew(box: Any) -> None:
    clips = [box.clip() for _ in range(3)]
    short = box.clip(Verdict.TOO_SHORT)
    box.store.outbox.delivered(box.store.outbox.take_next("cloud", "oldest", now=0.0).id, Receipt("x", 1, True))
    gone = box.clip()
    box.store.clips.delete(gone.id, "by hand")
    box.close()
    box.lose_catalogue()
    store = box.start()
    assert store.clips.newest_first() == [short, *clips[::-1]]
    assert store.outbox.counts() == {"cloud": {DeliveryState.PENDING: 3}}
    with pytest.raises(NotFound):
        store.clips.find(gone.id)
    assert box.quarantined() == {}


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite_the_middle(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 8192))


@pytest.mark.parametrize(
    ("damage", "in_quarantine"),
    [
        (lambda path: path.write_bytes(os.urandom(50_000)), True),
        (lambda path: path.write_bytes(b"SQLite format 3\x00" + os.urandom(50_000)), True),
        (truncate, True),
        (overwrite_the_middle, True),
        (lambda path: path.write_bytes(b""), False),
    ],
    ids=["garbage", "garbage behind a good beginning", "truncated", "overwritten", "empty"],
)
def test_a_damaged_catalogue_goes_to_quarantine_and_is_rebuilt(
    box: Any, damage: Callable[[Path], None], in_quarantine: bool
) -> None:
    clips = [box.clip() for _ in range(20)]
    box.close()
    damage(box.directory / "catalogue.db")
    store = box.start()
    assert store.clips.newest_first() == clips[::-1]
    assert store.outbox.counts() == {"cloud": {DeliveryState.PENDING: 20}}
    assert ("catalogue" in box.quarantined()) is in_quarantine
    assert box.restart().clips.newest_first() == clips[::-1]


def test_after_a_power_cut_damage_is_found_where_the_start_does_not_look(box: Any) -> None:
    clips = [box.clip() for _ in range(3)]
    box.restart()

    def damage(path: Path) -> None:
        with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
            (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'notes'").fetchone()
        with path.open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xa5" * 4096)

    store = box.crash(damage)
    assert "catalogue" in box.quarantined()
    assert store.clips.newest_first() == clips[::-1]
    store.inbox.save_note("feed", "key", {})


def test_the_log_of_a_lost_catalogue_is_not_taken_for_that_of_the_new_one(box: Any) -> None:
    clip = box.clip()
    log = box.directory / "catalogue.db-wal"
    kept = log.read_bytes()
    box.close()
    box.lose_catalogue()
    log.write_bytes(kept)
    assert box.start().clips.newest_first() == [clip]
    assert (box.store.places.quarantine / "catalogue" / "catalogue.db-wal").read_bytes() == kept


def test_damage_met_at_work_is_mended_at_once(box: Any) -> None:
    clips = [box.clip() for _ in range(20)]
    store = box.restart()
    running = box.take(sealed=False)
    before = store.outbox.take_next("cloud", "oldest", now=0.0)
    overwrite_the_middle(box.directory / "catalogue.db")
    assert [delivery.clip_id for delivery in store.outbox.find()] == [clip.id for clip in clips]
    assert "catalogue" in box.quarantined() and box.posted(FaultRaised) == []
    assert box.posted(QueueChanged)[-1] == QueueChanged(20)
    store.outbox.delivered(before.id, Receipt("x", 1, True))
    assert store.outbox.counts() == {"cloud": {DeliveryState.PENDING: 20}}, "another attempt is not meant"
    assert [folder.name for folder in store.places.takes.iterdir()] == [running]
    clips.append(box.clip())
    store = box.restart()
    assert sorted(store.clips.newest_first(), key=lambda clip: clip.id) == sorted(
        [store.clips.find(running), *clips], key=lambda clip: clip.id
    )


def test_a_row_that_says_what_it_cannot_say_is_damage_too(box: Any) -> None:
    clips = [box.clip() for _ in range(3)]
    with closing(sqlite3.connect(box.directory / "catalogue.db", isolation_level=None)) as other:
        other.execute("UPDATE clips SET body = 'spoilt'")
    assert box.store.clips.newest_first() == clips[::-1]


def test_a_disk_that_spoils_one_catalogue_after_the_other_needs_a_person(box: Any) -> None:
    clips = [box.clip() for _ in range(20)]
    store = box.restart()
    overwrite_the_middle(box.directory / "catalogue.db")
    assert len(store.outbox.find()) == 20
    with closing(sqlite3.connect(box.directory / "catalogue.db", isolation_level=None)) as other:
        other.execute("UPDATE clips SET body = 'spoilt'")
    for _ in range(2):
        with pytest.raises(StorageError, match=r"damaged again\. The card may be failing"):
            store.clips.newest_first()
    assert {event.fault.name for event in box.posted(FaultRaised)} == {"catalogue"}
    assert box.restart().clips.newest_first() == clips[::-1]


def newer(box: Any, *statements: str) -> None:
    """Do to the catalogue what a newer release might have done."""
    box.close()
    with closing(sqlite3.connect(box.directory / "catalogue.db", isolation_level=None)) as connection:
        for statement in (*statements, "PRAGMA user_version = 99"):
            connection.execute(statement)


def test_a_catalogue_of_a_newer_release_is_used_as_it_is(box: Any) -> None:
    clip = box.clip()
    newer(
        box,
        "ALTER TABLE clips ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",
        "ALTER TABLE notes ADD COLUMN more TEXT",
        "ALTER TABLE live ADD COLUMN more TEXT",
        "ALTER TABLE renditions ADD COLUMN more TEXT",
        "CREATE TABLE songs (a)",
        "UPDATE clips SET mood = 'glad'",
    )
    box.start()
    other = box.clip()
    box.store.inbox.save_note("news", "a", {"etag": "x"})
    box.store.outbox.save_live("take", "cloud", {"part": 1})
    box.store.clips.add_rendition(Rendition(clip.id, FLAC, box.directory / "x.flac", 1, "00"))
    assert box.store.clips.newest_first() == [other, clip]
    assert box.quarantined() == {} and (box.directory / "catalogue.db").exists()
    [raised] = box.posted(FaultRaised)
    assert raised.fault.name == "newer_release" and "version 99" in raised.fault.message
    box.close()
    with closing(sqlite3.connect(box.directory / "catalogue.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
        assert connection.execute("SELECT mood FROM clips").fetchall() == [("glad",), ("calm",)]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE clips ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'; ALTER TABLE clips DROP COLUMN continues",
        "ALTER TABLE live RENAME TO dead",
        "DROP INDEX deliveries_begun",
        "DROP TABLE notes; CREATE TABLE notes (feed TEXT, key TEXT, note TEXT, mood TEXT NOT NULL)",
    ],
)
def test_a_catalogue_that_a_newer_release_changed_too_much_is_kept_and_made_anew(box: Any, change: str) -> None:
    clip = box.clip()
    newer(box, "DROP INDEX clips_continued", *change.split(";"))
    box.start()
    assert box.store.clips.newest_first() == [clip]
    [(name, note)] = box.quarantined().items()
    assert "a newer release (version 99)" in note and (box.directory / "quarantine" / name / "catalogue.db").exists()


def test_a_wav_file_without_metadata_becomes_the_clip_that_it_was(box: Any) -> None:
    clip = box.store.clips.adopt(box.take(SOUND))
    box.close()
    box.lose_catalogue()
    (box.directory / "clips" / f"{clip.name}.json").unlink()
    store = box.start()
    found = store.clips.find(clip.id)
    assert (found.name, found.device, found.format, found.frames) == (clip.name, "box", clip.format, clip.frames)
    assert found.started.wall_ns == clip.started.wall_ns and found.recovered
    assert sound_of(box, found) == SOUND
    assert len(store.outbox.find()) == 1


def test_unreadable_metadata_goes_to_quarantine_and_the_sound_is_a_clip(box: Any) -> None:
    clip = box.store.clips.adopt(box.take(SOUND))
    box.close()
    box.lose_catalogue()
    (box.directory / "clips" / f"{clip.name}.json").write_bytes(b"\xff\xfe")
    assert sound_of(box, box.start().clips.find(clip.id)) == SOUND
    assert "cannot be used" in box.quarantined()[clip.name]


def test_metadata_of_another_clip_is_not_believed(box: Any) -> None:
    clip, other = box.store.clips.adopt(box.take(SOUND)), box.clip()
    box.close()
    box.lose_catalogue()
    clips = box.directory / "clips"
    shutil.copy(clips / f"{other.name}.json", clips / f"{clip.name}.json")
    store = box.start()
    assert {found.id for found in store.clips.newest_first()} == {clip.id, other.id}
    assert sound_of(box, store.clips.find(clip.id)) == SOUND


@pytest.mark.parametrize("content", [b"RIFF", os.urandom(500)])
def test_sound_that_nothing_is_known_of_is_kept_with_a_note(box: Any, content: bytes) -> None:
    (box.store.places.clips / "strange.wav").write_bytes(content)
    store = box.restart()
    assert "strange.wav has no metadata" in box.quarantined()["strange"]
    assert (store.places.quarantine / "strange" / "strange.wav").read_bytes() == content
    assert store.clips.newest_first() == []


def test_a_foreign_recording_is_kept_with_a_note(box: Any) -> None:
    clip = box.clip()
    shutil.copy(box.store.clips.path(clip), box.store.places.clips / "my song.wav")
    (box.store.places.clips / "read me.txt").write_text("left alone")
    assert box.restart().clips.newest_first() == [clip]
    assert "not one that the appliance gives" in box.quarantined()["my song"]
    assert (box.store.places.clips / "read me.txt").exists()


def test_metadata_without_sound_is_kept_with_a_note(box: Any) -> None:
    clip = box.clip()
    box.close()
    box.lose_catalogue()
    (box.directory / "clips" / f"{clip.name}.wav").unlink()
    assert box.start().clips.newest_first() == []
    assert "sound of clip" in box.quarantined()[clip.name]


def test_lost_metadata_is_written_again_from_the_catalogue(box: Any) -> None:
    clip = box.clip()
    sidecar = box.store.places.clips / f"{clip.name}.json"
    before = sidecar.read_text()
    sidecar.unlink()
    box.restart()
    assert sidecar.read_text() == before


def test_missing_sound_is_said_until_it_is_back_or_given_up_and_forgets_nothing(box: Any) -> None:
    clips = [box.clip() for _ in range(2)]
    assert box.restart().upkeep.missing() == []
    sound = [box.store.clips.path(clip).read_bytes() for clip in clips]
    for clip in clips:
        box.store.clips.path(clip).unlink()
    names = [clip.name for clip in clips]
    for _ in range(2):
        assert sorted(box.restart().upkeep.missing()) == sorted(names)
        assert len(box.store.clips.newest_first()) == 2
        os.utime(box.store.places.clips, (1, 1))  # the folder has not changed for long
    box.store.clips.path(clips[0]).write_bytes(sound[0])
    assert box.store.upkeep.missing() == names[1:]
    box.store.clips.delete(clips[1].id, "as asked")
    assert box.store.upkeep.missing() == []
    assert box.restart().upkeep.missing() == []


def test_a_deletion_that_was_cut_short_is_finished(box: Any) -> None:
    clip = box.clip()
    files = {path: path.read_bytes() for path in box.store.places.clips.iterdir()}
    box.store.clips.delete(clip.id, "by hand")
    for path, content in files.items():
        path.write_bytes(content)
    store = box.restart()
    assert store.clips.newest_first() == [] and list(store.places.clips.iterdir()) == []


def test_half_written_metadata_is_removed(box: Any) -> None:
    (box.store.places.clips / ".x.json.partial").write_bytes(b"{")
    assert list(box.restart().places.clips.iterdir()) == []


def test_tracks_that_nothing_names_are_put_away(box: Any) -> None:
    kept, stray = (box.store.places.inbox / name for name in ("kept.mp3", "stray.mp3"))
    for path in (kept, stray):
        path.write_bytes(b"ID3")
    box.store.inbox.add("news", "1", "One", kept, 3, "aa")
    box.restart()
    assert kept.exists() and not stray.exists()
    assert box.quarantined().keys() == {"stray"}


def test_a_catalogue_made_anew_knows_what_was_heard_in_the_inbox(box: Any) -> None:
    paths = [box.store.places.inbox / f"{name}.mp3" for name in ("heard", "new", "bad", "again")]
    for number, path in enumerate(paths):
        path.write_bytes(b"ID3")
        box.clock.advance(1)
        box.store.inbox.add("phone" if number else "news", path.stem, f"Title {number}", path, 3, "aa")
    heard, _, bad, again = (track.id for track in box.store.inbox.tracks())
    box.store.inbox.mark_played(heard)
    box.store.inbox.mark_unplayable(bad)
    box.store.inbox.mark_played(again)
    box.store.inbox.mark_unheard(again)
    before = box.store.inbox.tracks()
    box.store.close()
    box.lose_catalogue()
    box.start()
    assert box.store.inbox.tracks() == before and box.quarantined() == {}
    assert box.store.inbox.has("news", "heard") and box.store.inbox.unheard() == 2


def test_a_catalogue_made_anew_in_mid_run_knows_the_inbox_too(box: Any) -> None:
    path = box.store.places.inbox / "heard.mp3"
    path.write_bytes(b"ID3")
    track = box.store.inbox.add("news", "1", "One", path, 3, "aa")
    box.store.inbox.mark_played(track.id)
    before = box.store.inbox.tracks()
    box.clip()
    with closing(sqlite3.connect(box.directory / "catalogue.db", isolation_level=None)) as other:
        other.execute("UPDATE clips SET body = 'spoilt'")
    assert len(box.store.clips.newest_first()) == 1
    assert box.store.inbox.tracks() == before


def test_what_lies_beside_tracks_follows_them(box: Any) -> None:
    inbox, notes = box.store.places.inbox, box.store.places.tracks
    for name in ("a", "b", "c"):
        (inbox / f"{name}.mp3").write_bytes(b"ID3")
    old = box.store.inbox.add("news", "1", "One", inbox / "a.mp3", 3, "aa")
    box.store.inbox.remove(old.id)
    box.store.inbox.add("news", "2", "Two", inbox / "b.mp3", 3, "bb")
    assert [path.name for path in notes.iterdir()] == ["b.mp3.json"]
    (notes / "b.mp3.json").unlink()
    (notes / "gone.mp3.json").write_text("{}")
    box.restart()
    assert [path.name for path in notes.iterdir()] == ["b.mp3.json"]
    assert [path.name for path in inbox.iterdir()] == ["b.mp3"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"\xff", b'{"id": 1e400}', b"[" * 100_000, "a folder", "another length", "a surrogate", "a number"],
)
def test_a_note_beside_a_track_that_cannot_be_used_is_no_end(box: Any, content: bytes | str) -> None:
    path = box.store.places.inbox / "a.mp3"
    path.write_bytes(b"ID3")
    box.store.inbox.add("news", "1", "One", path, 3, "aa")
    box.store.close()
    box.lose_catalogue()
    note = box.store.places.tracks / "a.mp3.json"
    if content == "a folder":
        note.unlink()
        note.mkdir()
    elif isinstance(content, bytes):
        note.write_bytes(content)
    else:
        kept = json.loads(note.read_text())
        kept |= {"another length": {"size": 4}, "a surrogate": {"title": "\ud800"}, "a number": {"id": 1 << 70}}[
            content
        ]
        note.write_text(json.dumps(kept))
    box.start()
    assert box.store.inbox.tracks() == [] and box.quarantined().keys() == {"a"}


def test_of_two_tracks_of_one_key_the_newer_is_entered_again(box: Any) -> None:
    inbox = box.store.places.inbox
    for name in ("a", "b"):
        (inbox / f"{name}.mp3").write_bytes(b"ID3")
        box.clock.advance(1)
        newest = box.store.inbox.add("news", "1", "One", inbox / f"{name}.mp3", 3, "aa")
    box.store.close()
    box.lose_catalogue()
    box.start()
    assert box.store.inbox.tracks() == [newest]


def put_in(box: Any, changed_ns: int | None) -> Path:
    """Close the store, long after the last clip, and put half-written metadata in; the folder's time may be set."""
    os.utime(box.store.places.clips, (1000, 1000))
    box.close()
    stray: Path = box.directory / "clips" / ".clip.json.partial"
    stray.touch()
    if changed_ns is not None:
        os.utime(box.directory / "clips", ns=(changed_ns, changed_ns))
    return stray


def test_a_folder_that_nobody_has_touched_since_a_good_end_is_not_looked_through(box: Any) -> None:
    stray = put_in(box, 1000 * 10**9)
    box.start()
    assert stray.exists(), "its time says that nothing has changed"


def test_a_folder_that_somebody_has_touched_is_looked_through(box: Any) -> None:
    stray = put_in(box, None)
    box.start()
    assert not stray.exists()


def test_after_a_bad_end_the_folder_is_looked_through(box: Any, tmp_path: Path) -> None:
    os.utime(box.store.places.clips, (1000, 1000))
    box.restart()
    crashed = tmp_path / "crashed"
    shutil.copytree(box.directory, crashed)
    box.close()
    shutil.rmtree(box.directory)
    crashed.rename(box.directory)
    stray = box.directory / "clips" / ".clip.json.partial"
    stray.touch()
    os.utime(box.directory / "clips", (1000, 1000))
    box.start()
    assert not stray.exists()


def test_a_change_too_recent_to_tell_from_the_next_is_not_relied_on(box: Any) -> None:
    box.clip()
    box.close()
    changed = (box.directory / "clips").stat().st_mtime_ns
    stray = box.directory / "clips" / ".clip.json.partial"
    stray.touch()
    os.utime(box.directory / "clips", ns=(changed, changed))
    box.start()
    assert not stray.exists()


def test_renditions_that_nothing_names_are_removed_at_start(box: Any) -> None:
    clip = box.clip()
    kept, stray = (box.store.places.renditions / name for name in ("kept.flac", ".stray.flac.partial"))
    for path in (kept, stray):
        path.write_bytes(b"fLaC")
    box.store.clips.add_rendition(Rendition(clip.id, FLAC, kept, 4, "aa"))
    box.restart()
    assert kept.exists() and not stray.exists()


@pytest.mark.alone
def test_a_start_with_many_clips_is_quick(
    new_box: Callable[[], Any], seconds: Callable[[Callable[[], object]], float]
) -> None:
    """20,000 clips cost a start little more than none; a rebuild from their files may take its time."""
    box, empty = new_box(), new_box()
    box.files(20_000)
    box.start()
    box.settle()
    assert len(box.store.clips.newest_first()) == 20_000
    box.close()

    def quickest(one: Any) -> float:
        return min(seconds(lambda: (one.start(), one.close())) for _ in range(3))

    assert quickest(box) - quickest(empty) < 0.5


# -- much of it --------------------------------------------------------------------------------------------------------


@pytest.fixture
def portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clips or takes at a time."""
    monkeypatch.setattr(recovery, "AT_FIRST", 2)
    monkeypatch.setattr(recovery, "BATCH", 2)
    monkeypatch.setattr(recovery, "TAKES_AT_ONCE", 2)


def left_behind(box: Any) -> list[str]:
    """What was said to be left for later."""
    said = [event.fault.message for event in box.posted(FaultRaised) if event.fault.name == "catalogue_incomplete"]
    return [words.removeprefix("still to be entered: ").partition(".")[0] for words in said]


@pytest.mark.usefixtures("portions")
def test_many_clips_are_entered_in_portions_between_which_a_take_becomes_a_clip(new_box: Callable[[], Any]) -> None:
    box = new_box()
    clips = box.files(7)
    fresh = box.take(SOUND)
    (box.directory / "takes" / fresh).rename(box.directory / fresh)
    order: list[str] = []

    class Events(list[Any]):
        def append(self, event: Any) -> None:
            super().append(event)
            if isinstance(event, FaultRaised) and not order:
                order.append("first portion")
                (box.directory / fresh).rename(box.directory / "takes" / fresh)
                box.store.submit(lambda: order.append(box.store.clips.adopt(fresh).id))
            elif isinstance(event, FaultCleared) and event.name == "catalogue_incomplete":
                order.append("all portions")

    box.events = Events()
    box.start()
    box.settle()
    assert order == ["first portion", fresh, "all portions"]
    assert left_behind(box) == ["5 clips", "3 clips", "1 clip"]
    assert {clip.id for clip in box.store.clips.newest_first()} == {fresh, *(clip.id for clip in clips)}
    assert not box.store.upkeep.unfinished


@pytest.mark.usefixtures("portions")
def test_many_takes_are_taken_up_in_portions_and_before_the_clips(new_box: Callable[[], Any]) -> None:
    box = new_box()
    clips = box.files(3)
    ids = [box.take(SOUND, sealed=False) for _ in range(3)]
    for number in range(4):
        (box.directory / "takes" / f"empty{number}").mkdir()
    box.start()
    box.settle()
    assert left_behind(box) == ["1 take", "1 clip"]
    assert {clip.id for clip in box.store.clips.newest_first()} == {*ids, *(clip.id for clip in clips)}
    assert list(box.store.places.takes.iterdir()) == [] and not box.store.upkeep.unfinished


@pytest.mark.usefixtures("portions")
def test_what_was_not_entered_when_it_stopped_is_entered_by_the_next_start(new_box: Callable[[], Any]) -> None:
    box = new_box()
    box.files(5)
    box.start()
    box.restart()
    box.settle()
    assert len(box.store.clips.newest_first()) == 5


@pytest.mark.usefixtures("portions")
def test_portions_that_get_nowhere_are_left_to_housekeeping(
    new_box: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    box = new_box()
    box.files(5)
    with monkeypatch.context() as broken:
        broken.setattr(recovery, "read_clip", refuse)
        box.start()
        box.settle()
    assert box.store.upkeep.unfinished and box.store.clips.newest_first() == []
    for _ in range(3):
        with suppress(StorageError):
            box.store.upkeep.take_up()
    assert len(box.store.clips.newest_first()) == 5 and not box.store.upkeep.unfinished


def test_a_start_removes_some_empty_folders_and_is_in_no_hurry_with_more(
    new_box: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "EMPTY_AT_ONCE", 2)
    box = new_box()
    taken = box.take(SOUND)
    for number in range(5):
        (box.directory / "takes" / f"empty{number}").mkdir()
    left = []
    for _ in range(3):
        box.start()
        assert [clip.id for clip in box.store.clips.newest_first()] == [taken] and not box.store.upkeep.unfinished
        left.append(len(list(box.store.places.takes.iterdir())))
        box.close()
    assert left == [3, 1, 0]
