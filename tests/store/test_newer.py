"""After a roll-back: words of a newer release are kept as they are, told, and left alone. Never are they damage."""

import json
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.codec import to_plain
from appliance.events import FaultRaised
from appliance.models import (
    AudioFormat,
    ClockSource,
    Delivery,
    DeliveryState,
    GapCause,
    Receipt,
    SampleFormat,
    Verdict,
)
from appliance.recipes import RECIPES

WORDS = {str(word) for kind in (SampleFormat, ClockSource, GapCause, Verdict, DeliveryState) for word in kind} | {
    *RECIPES
}
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30).filter(
    lambda word: word not in WORDS
)


def enums(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in JSON there are words."""
    if isinstance(plain, dict):
        return [found for key, value in plain.items() for found in enums(value, (*path, key))]
    if isinstance(plain, list):
        return [found for key, value in enumerate(plain) for found in enums(value, (*path, key))]
    return [path] if plain in WORDS else []


def put(plain: Any, path: tuple[Any, ...], word: str) -> Any:
    *way, last = path
    at = plain
    for key in way:
        at = at[key]
    at[last] = word
    return plain


def changed(text: str, where: int, word: str) -> str:
    """A text of JSON in which one word is another, and everything has a key that nobody knows."""
    plain = json.loads(text)
    places = enums(plain)
    return json.dumps(put(plain, places[where % len(places)], word) | {"mood": "calm"}, ensure_ascii=False)


@contextmanager
def boxed(box_type: Any) -> Iterator[Any]:
    """A box where it takes no time to sync."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        box = box_type(Path(folder))
        box.start()
        try:
            yield box
        finally:
            box.close()


@contextmanager
def filled(box_type: Any) -> Iterator[Any]:
    """A box with clips, and with deliveries in every state."""
    with boxed(box_type) as box:
        clips = [box.clip() for _ in range(5)]
        ends: tuple[Callable[[Delivery], None], ...] = (
            lambda each: box.store.outbox.delivered(each.id, Receipt("clip", 3, True, "sha256", "00")),
            lambda each: box.store.outbox.postponed(each.id, "no network", 5000.0),
            lambda each: box.store.outbox.parked(each.id, "wrong password"),
            lambda each: box.store.outbox.cancel(each.clip_id),
        )
        for clip, end in zip(clips, ends, strict=False):
            delivery = box.store.outbox.take_next("cloud", "oldest", now=box.clock.monotonic())
            assert delivery.clip_id == clip.id
            end(delivery)
        yield box


def rows(box: Any, query: str) -> list[Any]:
    with closing(sqlite3.connect(box.directory / "catalogue.db")) as connection:
        return connection.execute(query).fetchall()


def write(box: Any, query: str, *values: object) -> None:
    with closing(sqlite3.connect(box.directory / "catalogue.db", isolation_level=None)) as connection:
        connection.execute(query, values)


SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@SETTINGS
@given(word=words, where=st.integers(0, 20), column=st.sampled_from(["body", "clock"]))
def test_words_about_clips_are_kept(box_type: Any, word: str, where: int, column: str) -> None:
    with filled(box_type) as box:
        box.close()
        name, body = rows(box, "SELECT name, body FROM clips ORDER BY seq")[0]
        written = changed(body, where, word) if column == "body" else word
        write(box, f"UPDATE clips SET {column} = ? WHERE name = ?", written, name)
        sidecar = box.directory / "clips" / f"{name}.json"
        sidecar.unlink()
        box.start()
        assert len(box.store.clips.newest_first()) == 5
        box.store.upkeep.arrived(["cloud"], 0, 10)
        box.store.inbox.latest()
        assert rows(box, f"SELECT {column} FROM clips WHERE name = '{name}'") == [(written,)]
        sidecar.unlink()
        box.restart()
        expected = written if column == "body" else body
        assert sidecar.read_text() == expected
        box.close()
        box.lose_catalogue()
        box.start()
        assert rows(box, f"SELECT body FROM clips WHERE name = '{name}'") == [(expected,)]
        assert len(box.store.clips.newest_first()) == 5 and box.quarantined() == {}


@pytest.mark.slow
@SETTINGS
@given(word=words, column=st.sampled_from(["state", "kind"]), row=st.integers(1, 5))
def test_words_about_deliveries_are_kept_and_what_they_mean_is_left_alone(
    box_type: Any, word: str, column: str, row: int
) -> None:
    with filled(box_type) as box:
        box.close()
        write(box, f"UPDATE deliveries SET {column} = ? WHERE id = ?", word, row)
        box.start()
        before = {each.id: each for each in box.store.outbox.find()}[row]
        assert sum(sum(states.values()) for states in box.store.outbox.counts().values()) == 5
        box.store.outbox.retry()
        box.store.outbox.hurry()
        now = box.clock.monotonic()
        while delivery := box.store.outbox.take_next("cloud", "oldest", now=now):
            assert delivery.id != row
            box.store.outbox.parked(delivery.id, "no")
        found = {each.id: each for each in box.store.outbox.find()}[row]
        told = [event.fault.message for event in box.posted(FaultRaised)]
        if column == "state":
            assert found == before and found.state == word and box.store.outbox.counts()["cloud"][word] == 1
            assert len(told) == 1 and repr(word) in told[0]
        else:
            assert (found.attempts, found.recipe) == (before.attempts, word)
            assert (repr(word) in "".join(told)) == (found.state is DeliveryState.PENDING)
        assert box.quarantined() == {}


def test_what_waited_for_the_newer_release_goes_once_it_is_back(box: Any) -> None:
    box.clip()
    box.close()
    write(box, "UPDATE deliveries SET kind = 'aac'")
    box.start()
    assert box.store.outbox.take_next("cloud", "oldest", now=0.0) is None
    box.clip()
    assert box.store.outbox.take_next("cloud", "oldest", now=0.0).id == 2
    assert box.store.outbox.next_due("cloud") is None
    box.close()
    write(box, "UPDATE deliveries SET kind = 'flac' WHERE kind = 'aac'")  # as if this release knew it
    box.start()
    assert box.store.outbox.take_next("cloud", "oldest", now=0.0).id == 1


def test_a_receipt_with_more_in_it_is_no_damage(box_type: Any) -> None:
    with filled(box_type) as box:
        box.close()
        write(box, "UPDATE deliveries SET receipt = json_insert(receipt, '$.mood', 'calm') WHERE receipt IS NOT NULL")
        before = rows(box, "SELECT receipt FROM deliveries")
        box.start()
        assert len(box.store.upkeep.arrived(["cloud"], 0, 10)) == 1
        assert rows(box, "SELECT receipt FROM deliveries") == before


def test_a_true_start_changes_nothing_else_of_what_a_newer_release_wrote(box: Any) -> None:
    box.clock.source = ClockSource.NONE
    clip = box.clip()
    box.close()
    body = rows(box, "SELECT body FROM clips")[0][0].replace('"ok"', '"loud"').replace("{", '{"mood": "calm", ', 1)
    write(box, "UPDATE clips SET body = ?", body)
    box.start()
    box.clock.source = ClockSource.NTP
    [corrected] = box.store.upkeep.correct_starts(box.clock.stamp())
    after = json.loads((box.directory / "clips" / f"{clip.name}.json").read_text())
    assert after == json.loads(body) | {"corrected": to_plain(corrected.corrected)}


# -- takes and their journals ------------------------------------------------------------------------------------------


def noted(kind: str, body: dict[str, Any]) -> bytes:
    """A line of a journal, as any release from this one on writes it."""
    checksum = zlib.crc32(json.dumps({kind: body}, ensure_ascii=False).encode())
    return json.dumps({kind: body | {"crc32": checksum}}, ensure_ascii=False).encode() + b"\n"


def begun(journal: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(journal.read_bytes())["begin"]
    del body["crc32"]
    return body


@SETTINGS
@given(word=words)
def test_causes_and_clocks_of_a_take_are_kept(box_type: Any, word: str) -> None:
    with boxed(box_type) as box:
        take_id = box.take(sealed=False)
        journal = box.directory / "takes" / take_id / "journal.jsonl"
        gap = {"offset": 5, "frames": 3, "uncertainty": 0, "cause": word}
        body = begun(journal)
        body["started"]["source"] = word
        journal.write_bytes(noted("begin", body) + noted("gap", gap))
        box.restart()
        clip = box.store.clips.find(take_id)
        assert (clip.gaps[0].cause, clip.started.source) == (word, word) and box.quarantined() == {}


@SETTINGS
@given(kind=words.filter(lambda word: word not in {"begin", "gap", "mark", "pause", "resume"}))
def test_what_a_newer_release_noted_of_a_take_goes_to_its_clip(box_type: Any, kind: str) -> None:
    with boxed(box_type) as box:
        take_id = box.take(sealed=False)
        text = noted(kind, {"offset": 5, "by": "somebody"})
        with (box.directory / "takes" / take_id / "journal.jsonl").open("ab") as file:
            file.write(text + b'{"torn": {"off')
        box.restart()
        assert box.store.clips.find(take_id).unread == (text.decode().rstrip("\n"),)


def test_a_take_that_says_it_is_of_floats_is_believed_by_its_header(box: Any) -> None:
    """Speakers take floats, clips never hold them."""
    take_id = box.take(sealed=False)
    journal = box.directory / "takes" / take_id / "journal.jsonl"
    body = begun(journal)
    body["format"]["sample"] = "FLOAT_LE"
    journal.write_bytes(noted("begin", body))
    assert box.restart().clips.find(take_id).format == AudioFormat(rate=8000)


def test_a_take_of_a_sample_format_to_come_is_left_as_it_is(box: Any) -> None:
    take_id = box.take(sealed=False)
    journal = box.directory / "takes" / take_id / "journal.jsonl"
    body = begun(journal)
    body["format"]["sample"] = "DSD_U8"
    journal.write_bytes(noted("begin", body))
    before = {file.name: file.read_bytes() for file in journal.parent.iterdir()}
    box.restart()
    assert {file.name: file.read_bytes() for file in journal.parent.iterdir()} == before
    assert box.quarantined() == {} and not box.store.upkeep.unfinished
    [told] = box.posted(FaultRaised)
    assert told.fault.name == "newer_release" and "1 take" in told.fault.message
