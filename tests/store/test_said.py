"""What a person says of clips: kept with them whatever happens, and found again at a cost that does not grow."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.circumstances import Begun
from appliance.errors import NotFound
from appliance.events import ClipDescribed
from appliance.models import Clip, DeliveryState, Mark, Receipt, Verdict
from appliance.store import Search
from appliance.store.places import Places
from appliance.store.schema import MIGRATIONS, connect
from appliance.store.search import SearchRows, terms_of, words

Box = Any  # tests/store/conftest.py is not importable

SAID: dict[str, object] = {
    "title": "Anna's toast",
    "labels": ("family", "Best of"),
    "starred": True,
    "note": "Für Élodie\nund Jörg",
}


def found(box: Box, **wanted: Any) -> list[str]:
    return [clip.id for clip in box.store.clips.search(Search(**wanted), 1000)]


def test_what_is_said_is_kept_in_catalogue_and_sidecar_and_nothing_else_changes(box: Box) -> None:
    clip = box.clip()
    sound = box.store.clips.path(clip).read_bytes()
    told = box.store.clips.say(clip.id, **SAID)
    assert (told.title, told.labels, told.starred, told.note) == tuple(SAID.values())
    assert (told.name, told.size) == (clip.name, clip.size)
    assert box.store.clips.path(told).read_bytes() == sound
    assert box.posted(ClipDescribed) == [ClipDescribed(told)]
    sidecar = json.loads(box.store.places.sidecar(clip.name).read_text())
    assert (sidecar["title"], sidecar["labels"]) == ("Anna's toast", ["family", "Best of"])
    assert box.restart().clips.find(clip.id) == told


def test_a_draft_waits_until_somebody_keeps_or_deletes_it(box: Box) -> None:
    kept, deleted, _ = box.clip(), box.clip(), box.clip()
    for clip in (kept, deleted):
        box.store.clips.say(clip.id, begun=Begun(draft=True))
    box.store.close()
    box.lose_catalogue()
    box.start()
    assert found(box, undecided=True) == [deleted.id, kept.id] and box.store.clips.undecided() == 2
    box.store.clips.release(kept.id, None)
    assert found(box, undecided=True) == [deleted.id]
    box.store.clips.trash(deleted.id)
    assert box.store.clips.undecided() == 0 == len(found(box, undecided=True))


def test_it_outlives_the_catalogue(box: Box) -> None:
    clip = box.clip()
    told = box.store.clips.say(clip.id, **SAID)
    box.store.close()
    box.lose_catalogue()
    box.start()
    assert box.store.clips.find(clip.id) == told
    assert found(box, text="toast") == found(box, label="family") == found(box, starred=True) == [clip.id]


def test_marks_and_approval_outlive_the_catalogue_too(box: Box) -> None:
    clip = box.clip()
    told = box.store.clips.say(clip.id, approved=True, marks=(Mark(5, "here"),))
    box.store.close()
    box.lose_catalogue()
    box.start()
    assert box.store.clips.find(clip.id) == told and told.approved and told.marks


def test_it_outlives_trash_and_power_cut(box: Box) -> None:
    clip = box.clip()
    told = box.store.clips.say(clip.id, **SAID)
    box.store.clips.trash(clip.id)
    assert found(box, text="toast") == [] and found(box, starred=True) == []
    assert box.crash().clips.restore(clip.id) == told
    assert found(box, text="toast") == [clip.id]


def test_words_of_a_newer_release_in_the_metadata_stay(box: Box) -> None:
    clip = box.clip()
    box.store.close()
    body = json.dumps(json.loads(box.store.places.sidecar(clip.name).read_text()) | {"mood": "merry"})
    box.store.places.sidecar(clip.name).write_text(body)
    box.lose_catalogue()
    box.start().clips.say(clip.id, title="a")
    assert json.loads(box.store.places.sidecar(clip.name).read_text())["mood"] == "merry"


def test_a_clip_that_is_gone_cannot_be_described(box: Box) -> None:
    clip = box.clip()
    box.store.clips.trash(clip.id)
    with pytest.raises(NotFound):
        box.store.clips.say(clip.id, title="a")


@pytest.mark.parametrize(
    ("text", "so"),
    [
        ("anna", True), ("ANN", True), ("toa anna", True), ("elodie", True), ("fur jorg", True), ("best", True),
        ("oast", False), ("anna bert", False), ("annabella", False), ("'", True),
    ],
)  # fmt: skip
def test_found_by_the_beginnings_of_words(text: str, so: bool, box: Box) -> None:
    clip = box.clip()
    box.store.clips.say(clip.id, **SAID)
    assert (found(box, text=text) == [clip.id]) is so


def test_languages_without_spaces_are_found_by_any_of_their_letters(box: Box) -> None:
    clip = box.clip()
    box.store.clips.say(clip.id, title="你好世界")
    assert found(box, text="世界") == found(box, text="你") == [clip.id] and found(box, text="再见") == []


def test_what_is_no_longer_said_is_no_longer_found(box: Box) -> None:
    clip = box.clip()
    box.store.clips.say(clip.id, **SAID)
    box.store.clips.say(clip.id, title="", labels=("work",), starred=False, note="")
    assert found(box, text="anna") == found(box, label="family") == found(box, starred=True) == []
    assert box.store.clips.labels() == ["work"]


def test_labels_are_listed_once_each(box: Box) -> None:
    for labels in (("b", "a b"), ("a b",), ("z", "#")):
        box.store.clips.say(box.clip().id, labels=labels)
    assert box.store.clips.labels() == ["#", "a b", "b", "z"]
    assert len(found(box, label="a b")) == 2 and found(box, label="a") == []


def test_found_by_verdict_time_and_delivery_and_all_at_once(box: Box) -> None:
    quiet, good, late = box.clip(Verdict.SILENT), box.clip(), box.clip(Verdict.SILENT)
    store = box.store
    store.outbox.delivered(store.outbox.take_next("cloud", "oldest", now=0.0).id, Receipt("x", 1, True))
    store.outbox.enqueue([quiet.id], "office", "original")
    store.clips.say(late.id, title="late")
    silent, waits = Verdict.SILENT.value, DeliveryState.PENDING.value
    assert found(box, verdict=silent) == [late.id, quiet.id]
    assert found(box, state=waits) == [late.id, good.id, quiet.id]
    assert found(box, state=waits, to="office") == [quiet.id]
    assert found(box, state="delivered") == found(box, state="delivered", to="cloud") == [quiet.id]
    assert found(box, state="parked") == []
    since = late.started.wall_ns
    assert found(box, verdict=silent, since_ns=since) == found(box, verdict=silent, text="late") == [late.id]
    assert found(box, verdict=silent, until_ns=since, state=waits) == [quiet.id]
    assert found(box, text="late", state="delivered") == []


def test_pages_follow_each_other_without_a_gap(box: Box) -> None:
    clips = [box.clip() for _ in range(7)]
    for clip in clips:
        box.store.clips.say(clip.id, title="message")
    search = Search(text="mess")
    pages: list[list[str]] = []
    after = None
    while page := box.store.clips.search(search, 3, after):
        pages.append([clip.id for clip in page])
        after = page[-1].id
    assert [id for page in pages for id in page] == [clip.id for clip in reversed(clips)] and len(pages) == 3
    box.store.clips.delete(pages[0][-1], "deleted by hand")
    assert [clip.id for clip in box.store.clips.search(search, 3, pages[0][-1])] == pages[1]
    with pytest.raises(NotFound, match="first page"):
        box.store.clips.search(search, 3, "never")


def test_clips_of_a_release_that_knew_nothing_of_this_are_found(box: Box) -> None:
    """What came while an older release was at work, and what came before this one."""
    first, second = box.clip(Verdict.GAPS), box.clip()
    box.store.clips.say(second.id, title="toast")
    box.store.close()
    with sqlite3.connect(box.store.places.catalogue) as older:
        older.execute("DELETE FROM terms")
    box.start()
    assert found(box, verdict="gaps") == [first.id] and found(box, text="toast", verdict="ok") == [second.id]


def test_a_catalogue_of_the_release_before_is_brought_further(tmp_path: Any) -> None:
    path = tmp_path / "catalogue.db"
    with sqlite3.connect(path) as old:
        for script in MIGRATIONS[:6]:
            old.executescript(script)
        old.execute("PRAGMA user_version = 6")
    connection = connect(path)
    assert connection.execute("SELECT count(*) FROM terms").fetchone() == (0,)
    connection.close()


@given(st.text(), st.lists(st.text(), max_size=5), st.text())
def test_whatever_is_said_can_be_searched_for(title: str, labels: list[str], note: str) -> None:
    terms = terms_of(_clip(title=title, labels=tuple(labels), note=note))
    assert all(word in terms for text in (title, note, *labels) for word in words(text))
    assert all(f"#{label}".encode(errors="replace").decode() in terms for label in labels)


def _clip(number: int = 0, **said: Any) -> Clip:
    from appliance.models import AudioFormat, ClockSource, ClockStamp

    stamp = ClockStamp(number * 10**9, number * 10**9, "boot", ClockSource.NTP)
    return Clip(f"{number:06x}", f"box_{number:06x}", "box", AudioFormat(), 1, 46, stamp, **said)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], sqlite3.Connection]]:
    """Catalogues of many clips: all called message, every second one labelled, few parked."""
    from appliance.codec import to_json
    from appliance.store.clips import ClipRows

    made: dict[int, sqlite3.Connection] = {}

    def catalogue(count: int) -> sqlite3.Connection:
        if count not in made:
            folder = tmp_path_factory.mktemp("many")
            made[count] = db = connect(folder / "catalogue.db")
            clips, rows = ClipRows(db, Places(folder)), SearchRows(db)
            db.execute("BEGIN")
            for number in range(count):
                clip = _clip(number, title="message", labels=("family",) if number % 2 else ("work",))
                clips.add(clip, to_json(clip))
                rows.enter(clip)
                state = "parked" if number in (7, 8) else "delivered"
                db.execute(
                    "INSERT INTO deliveries (clip, destination, kind, state) VALUES (?, 'cloud', 'original', ?)",
                    (number + 1, state),
                )
            db.execute("COMMIT")
        return made[count]

    yield catalogue
    for db in made.values():
        db.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "search",
    [
        Search(text="mess"), Search(label="family"), Search(state="parked"), Search(state="delivered"),
        Search(verdict="ok", label="work"), Search(text="message", state="parked"),
        Search(text="m", state="delivered", to="cloud"), Search(starred=True, text="message"),
        Search(text="message", since_ns=0, until_ns=9 * 10**9),
    ],
    ids=str,
)  # fmt: skip
def test_a_page_costs_no_more_among_many_clips(search: Search, many: Callable[[int], sqlite3.Connection]) -> None:
    assert _steps(many(2400), search) < 1.3 * _steps(many(600), search)


def _steps(db: sqlite3.Connection, search: Search) -> int:
    """Hundreds of instructions of SQLite for a page."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    db.set_progress_handler(count, 100)
    list(islice(SearchRows(db).bodies(search), 51))
    list(SearchRows(db).labels())
    db.set_progress_handler(None, 0)
    return steps
