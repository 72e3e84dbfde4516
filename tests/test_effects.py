"""Effects that the disk refuses: what was left is told, kept, and finished when the disk works again."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from appliance.circumstances import Wishes
from appliance.config.audio import CaptureSettings, RecordingSettings
from appliance.config.takes import Briefing
from appliance.effects import Effects, refusing
from appliance.errors import ApplianceError, NotFound, StorageError
from appliance.events import (
    ClipRelease,
    FaultRaised,
    GreetingUse,
    NothingToSplit,
    PlaybackFailed,
    RecordPauseToggle,
    RecordSplit,
    RecordStart,
    RecordToggle,
    TakeFailed,
)
from appliance.faults import CATALOGUE
from appliance.machine import TABLE, Do, Effect, Input

BRIEFING = Briefing(CaptureSettings(), RecordingSettings())


class FakeUpkeep:
    def __init__(self) -> None:
        self.left: list[str] = []
        self.refusal = ""

    @property
    def unfinished(self) -> bool:
        return bool(self.left)

    def leave(self, take_id: str) -> None:
        self.left.append(take_id)

    def take_up(self) -> None:
        if self.refusal:
            raise StorageError(self.refusal)
        self.left.clear()


class FakeStore:
    """Does everything at once, on the caller's thread; clips, inbox and greeting are rooms of it."""

    def __init__(self) -> None:
        self.upkeep = FakeUpkeep()
        self.clips = self.inbox = self.greeting = self
        self.adopted: list[str] = []
        self.gone = False

    def submit(self, work: Any) -> "Future[None]":
        done: Future[None] = Future()
        try:
            done.set_result(work())
        except ApplianceError as error:
            done.set_exception(error)
        return done

    def next_message(self, after: int | None = None, orders: Any = None) -> None:
        """There is none."""

    def new_message(self) -> None:
        """There is none."""

    def release(self, clip_id: str, destinations: object) -> None:
        """It goes where clips go."""
        if self.gone:
            raise NotFound(clip_id)

    def all_recordings(self, most: int, approved: bool) -> tuple[()]:
        """Nothing was recorded."""
        return ()

    def drop(self, clip_id: str) -> None:
        """It goes there."""

    def use(self, clip_id: str) -> None:
        """It is the greeting."""
        if self.gone:
            raise NotFound(clip_id)

    def forget(self) -> None:
        """There is no greeting."""

    def earlier(self, name: str, approved: bool) -> None:
        """Nothing was recorded."""

    def at_random(self, name: str, approved: bool) -> None:
        """Nothing was recorded."""

    def latest(self) -> None:
        """There is none."""

    previous = again = next_message

    def mark_unplayable(self, track_id: int) -> None:
        """Nothing more than that."""

    def mark_played(self, track_id: int) -> None:
        """Nothing more than that."""

    def adopt(self, take_id: str) -> None:
        if self.upkeep.refusal:
            raise StorageError(self.upkeep.refusal)
        self.adopted.append(take_id)


class Fake:
    """A recorder, player or outbox that remembers what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.named: dict[str, object] = {}
        self.silent_from = self.sounded_until = float("-inf")
        self.voice = self
        self.answer: object = None

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: object, **named: object) -> object:
            self.calls.append((name, *arguments))
            self.named = named
            return self.answer

        return call


class House:
    def __init__(self) -> None:
        self.store, self.recorder, self.outbox = FakeStore(), Fake(), Fake()
        self.events: list[object] = []
        self.player = Fake()
        parts: Any = (self.recorder, self.player, Fake(), self.store, self.outbox, self.events.append, BRIEFING)
        self.effects = Effects(*parts)

    def do(self, what: Do, take_id: str, cause: Any = None) -> None:
        self.effects.table()[what](Effect(what, take_id, cause))


@pytest.fixture
def house() -> House:
    return House()


def test_a_take_that_the_disk_refuses_is_kept_and_told_once(house: House) -> None:
    house.store.upkeep.refusal = "the disk is full"
    house.do(Do.ADOPT_TAKE, "t1")
    house.do(Do.ADOPT_TAKE, "t2")
    assert house.store.upkeep.left == ["t1", "t2"]
    (raised,) = house.events
    assert isinstance(raised, FaultRaised) and (raised.fault.name, raised.fault.urgent) == ("catalogue", True)


def test_a_take_begins_once_the_guard_behind_what_the_box_says_is_over(house: House) -> None:
    for silent_from, at in ((5.0, 5.15), (1.9, 2.05), (1.8, 2.0), (float("-inf"), 2.0)):
        house.player.silent_from = silent_from
        for what, cause, word in (
            (Do.START_TAKE, RecordStart(2.0), "start"),
            (Do.RESUME_TAKE, RecordPauseToggle(2.0), "resume"),
        ):
            house.recorder.calls.clear()
            house.do(what, "t1", cause)
            name, *arguments = house.recorder.calls[0]
            assert name == word and arguments[-1] == pytest.approx(at)
        assert ("hush",) in house.player.calls


def test_a_take_reaches_back_no_further_than_the_guard_behind_what_was_played(house: House) -> None:
    house.player.sounded_until = 1.5
    house.do(Do.START_TAKE, "t1", RecordStart(2.0))
    assert house.recorder.named["quiet_since"] == pytest.approx(1.65)


def test_a_split_before_the_first_sound_is_answered_at_once(house: House) -> None:
    house.recorder.answer = False
    house.do(Do.SPLIT_TAKE, "t1", RecordSplit(2.0))
    (told,) = house.events
    assert isinstance(told, NothingToSplit) and told.take_id == "t1"
    house.recorder.answer = True
    house.do(Do.SPLIT_TAKE, "t1", RecordSplit(3.0))
    assert house.events == [told] and house.recorder.calls[-1] == ("next_part", 3.0, "split")


def test_what_was_left_is_finished_when_the_disk_works(house: House) -> None:
    house.store.upkeep.refusal = "the disk is full"
    house.do(Do.ADOPT_TAKE, "t1")
    house.effects.disk_works()
    assert len(house.events) == 1 and house.store.upkeep.left == ["t1"]
    house.store.upkeep.refusal = ""
    house.effects.disk_works()
    assert house.events[1:] == [CATALOGUE.cleared()] and house.store.upkeep.left == []
    assert ("disk_works",) in house.recorder.calls and ("wake",) in house.outbox.calls


def test_what_works_meanwhile_does_not_end_the_fault_of_a_take_that_was_left(house: House) -> None:
    house.store.upkeep.refusal = "the disk is full"
    house.do(Do.ADOPT_TAKE, "t1")
    house.do(Do.CHOOSE_NEXT, "")
    house.store.upkeep.refusal = ""
    house.do(Do.CHOOSE_NEXT, "")
    assert CATALOGUE.cleared() not in house.events
    house.effects.disk_works()
    assert house.events[-1] == CATALOGUE.cleared()


def test_a_take_that_becomes_a_clip_brings_those_that_were_left(house: House) -> None:
    house.store.upkeep.refusal = "the catalogue is locked"
    house.do(Do.ADOPT_TAKE, "t1")
    house.store.upkeep.refusal = ""
    house.do(Do.ADOPT_TAKE, "t2")
    assert house.store.adopted == ["t2"] and house.store.upkeep.left == []
    assert house.events[-1] == CATALOGUE.cleared()


@pytest.mark.parametrize(("do", "kind"), sorted({(do, row.input) for row in TABLE for do in row.do}, key=str))
def test_every_effect_can_start_whatever_asks_for_it(house: House, do: Do, kind: type[Input]) -> None:
    values = {
        "at": 1.0,
        "path": Path("/a.wav"),
        "title": "a",
        "seconds": 1.0,
        "percent": 50,
        "take_id": "t1",
        "track_id": 5,
        "unplayable": 5,
        "wishes": Wishes(),
    }
    names = kind.__match_args__
    house.do(do, "t1", kind(**{name: values.get(name) for name in names}))


def test_an_appliance_that_can_do_nothing_says_so_to_whoever_asks() -> None:
    posted: list[Input] = []
    table = refusing("the disk is read-only", "StorageError", posted.append)
    for do in Do:
        table[do](Effect(do, "one", RecordToggle(1.0)))
    why = "the disk is read-only"
    assert sorted(posted, key=repr) == [
        PlaybackFailed("one", why, error="StorageError"),
        TakeFailed("one", why, error="StorageError"),
    ]


@pytest.mark.parametrize("input", [ClipRelease("gone"), GreetingUse("gone")])
def test_what_somebody_has_deleted_meanwhile_is_no_fault_of_the_catalogue(
    input: ClipRelease | GreetingUse, house: House
) -> None:
    house.store.gone = True
    do = Do.RELEASE_CLIP if isinstance(input, ClipRelease) else Do.USE_GREETING
    house.effects.table()[do](Effect(do, "", input))
    assert house.events == []
