"""Clips get their true start once the clock was set, and nothing else of them changes, whatever the clock does."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audio.journal import Begin
from appliance.audio.take import clip_name, new_take_id
from appliance.audio.takefile import TakeFile
from appliance.clock import SystemClock
from appliance.codec import from_json
from appliance.events import ClipCorrected, ClipFinished, Command, Event, FaultRaised
from appliance.faults import DEFECT
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Levels, Verdict
from appliance.status import Status
from appliance.store import Store
from appliance.testing.clock import ManualClock
from appliance.timekeeping import Timekeeper, is_steady
from appliance.vitals import Vitals

NTP, RTC, NONE = ClockSource.NTP, ClockSource.RTC, ClockSource.NONE
BEGIN = 1_800_000_000.0
"""The true time at CLOCK_MONOTONIC 0."""


class WatchedClock(ManualClock):
    """Counts how often somebody looked at it."""

    stamps = 0

    def stamp(self, at: float | None = None) -> ClockStamp:
        self.stamps += 1
        return super().stamp(at)


class Box:
    """A box that knows the true time as well as what its clock claims."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[Command | Event] = []
        self.truth: dict[str, float] = {}
        self.boots = 0
        self.boot()

    def boot(self, wall: float = 0.0, source: ClockSource = NONE) -> None:
        """Start after a reboot: the clock begins somewhere."""
        self.boots += 1
        self.began = BEGIN + 1_000_000 * self.boots
        self.clock = WatchedClock(wall, 10.0)
        self.clock.boot_id = f"boot-{self.boots}"
        self.clock.source = source
        self.start()

    def start(self) -> None:
        self.vitals = Vitals(self.clock, self._post)
        self.store = Store(self.root, self.clock, self._post, self.vitals)
        self.store.set_destinations({"office": "original"})
        self.store.start()
        self.timekeeper = Timekeeper(self.store, self.clock, self.vitals, self.clock_set)
        self.timekeeper.start()
        self.clock.waiters()

    def clock_set(self) -> None:
        """What a test wants to hear of."""

    def _post(self, event: Command | Event) -> None:
        self.events.append(event)
        if isinstance(event, ClipFinished) and hasattr(self, "timekeeper"):
            self.timekeeper.hear(event, Status())

    def close(self) -> None:
        self.timekeeper.close()
        self.store.close()

    def now(self) -> float:
        """The true time."""
        return self.began + self.clock.monotonic()

    def synchronise(self, error: float = 0.0) -> None:
        self.clock.set_wall(self.now() + error)
        self.clock.source = NTP

    def look(self, times: int = 1) -> None:
        """Let the timekeeper look."""
        for _ in range(times):
            before, limit = self.clock.stamps, time.monotonic() + 5
            while self.clock.stamps == before:
                assert time.monotonic() < limit
                self.clock.advance(5.0)
                patience = time.monotonic() + 0.05
                while self.clock.stamps == before and time.monotonic() < patience:
                    time.sleep(0.0005)
            self.clock.waiters()

    def record(self) -> Clip:
        """A clip of its own sound, adopted."""
        take_id, started = new_take_id(), self.clock.stamp()
        self.truth[take_id] = self.now()
        name = clip_name("box", started, take_id)
        begin = Begin(take_id, name, "box", AudioFormat(rate=8000), started, 0.0)
        take = TakeFile.create(self.store.places.takes, begin)
        take.append(hashlib.sha256(take_id.encode()).digest())
        take.seal(Levels(), Verdict.OK)
        take.close()
        return self.store.clips.adopt(take_id)

    def sidecar(self, clip: Clip) -> Clip:
        return from_json((self.store.places.clips / f"{clip.name}.json").read_text(), Clip)

    def files(self) -> dict[str, str]:
        """Every sound file, and the hash of what is in it."""
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in self.store.places.clips.glob("*.wav")
        }


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.close()


def test_a_sync_gives_clips_of_the_same_boot_their_true_start(box: Box) -> None:
    first = box.record()
    box.clock.advance(100)
    second = box.record()
    files = box.files()
    box.synchronise()
    box.look()
    assert box.store.clips.find(first.id) == first, "one look is not enough: the clock may be about to be set"
    box.look()
    for clip in (first, second):
        found = box.store.clips.find(clip.id)
        assert found.corrected and found.corrected.wall_ns / 1e9 == pytest.approx(box.truth[clip.id])
        assert found.corrected.source is NTP and found.started.source is NONE
        assert evolve(found, corrected=None) == clip, "nothing else changes"
        assert box.sidecar(clip) == found
    assert box.files() == files
    assert [event for event in box.events if isinstance(event, ClipCorrected)] == [
        ClipCorrected(box.store.clips.find(first.id)),
        ClipCorrected(box.store.clips.find(second.id)),
    ]


def test_a_clock_that_is_right_is_looked_at_more_rarely(box: Box) -> None:
    def looks(seconds: float) -> int:
        before = box.clock.stamps
        for _ in range(int(seconds)):
            box.clock.advance(1.0)
            box.clock.waiters()
        return box.clock.stamps - before

    assert looks(60) == 6
    box.synchronise()
    box.look(2)
    assert looks(60) == 2


def test_clips_are_found_by_their_true_time(box: Box) -> None:
    clip = box.record()
    box.synchronise()
    box.look(2)
    begun = round(box.truth[clip.id] * 1e9)
    assert [found.id for found in box.store.clips.newest_first(since_ns=begun - 10**9, until_ns=begun + 10**9)] == [
        clip.id
    ]
    assert box.store.clips.newest_first(until_ns=10**15) == []


def test_a_take_in_progress_at_the_sync_gets_its_true_start_too(box: Box) -> None:
    take_id, started = new_take_id(), box.clock.stamp()
    begin = Begin(take_id, clip_name("box", started, take_id), "box", AudioFormat(), started, 0.0)
    take = TakeFile.create(box.store.places.takes, begin)
    began = box.now()
    box.synchronise()
    box.look(2)
    take.append(b"\x01\x02")
    take.seal(Levels(), Verdict.OK)
    take.close()
    box.store.clips.adopt(take_id)
    box.look()
    assert box.store.clips.find(take_id).began.wall_ns / 1e9 == pytest.approx(began)


def test_a_better_clock_corrects_again_and_a_poorer_one_never(box: Box) -> None:
    clip = box.record()
    box.synchronise(error=40.0)
    box.clock.source = RTC
    box.look(2)
    assert box.store.clips.find(clip.id).began.source is RTC
    box.synchronise()
    box.look(2)
    right = box.store.clips.find(clip.id)
    assert right.began.source is NTP
    box.clock.source = RTC
    box.clock.set_wall(0)
    box.look(3)
    assert box.store.clips.find(clip.id) == right


def test_the_best_clock_of_the_boot_counts_after_it_got_worse(box: Box) -> None:
    box.synchronise()
    box.look(2)
    box.clock.source = NONE
    box.clock.set_wall(0.0)
    box.look()
    clip = box.record()
    box.look()
    assert box.store.clips.find(clip.id).began.wall_ns / 1e9 == pytest.approx(box.truth[clip.id])
    assert clip.name.startswith("box_1970-01-01_")


def test_clips_of_an_earlier_boot_stay_as_they_are(box: Box) -> None:
    clip = box.record()
    box.close()
    box.boot()
    box.synchronise()
    box.look(2)
    assert box.store.clips.find(clip.id) == clip


def test_a_restart_in_the_same_boot_goes_on(box: Box) -> None:
    clip = box.record()
    box.synchronise()
    box.close()
    box.start()
    box.look(2)
    assert box.store.clips.find(clip.id).began.wall_ns / 1e9 == pytest.approx(box.truth[clip.id])


@pytest.mark.slow
def test_many_clips_are_corrected(box: Box) -> None:
    clips = [box.record() for _ in range(50)]
    box.synchronise()
    box.look(2)
    assert all(box.store.clips.find(clip.id).corrected for clip in clips)


def test_a_sidecar_that_could_not_be_written_is_written_at_the_next_start(box: Box) -> None:
    clip = box.record()
    sidecar = box.store.places.clips / f"{clip.name}.json"
    (partial := sidecar.with_name(f".{sidecar.name}.partial")).mkdir()
    box.synchronise()
    box.look(2)
    assert box.store.clips.find(clip.id).corrected and not box.sidecar(clip).corrected
    box.close()
    partial.rmdir()
    box.start()
    assert box.sidecar(clip) == box.store.clips.find(clip.id)


def test_a_lost_catalogue_is_rebuilt_with_the_true_start(box: Box) -> None:
    clip = box.record()
    box.synchronise()
    box.look(2)
    right = box.store.clips.find(clip.id)
    box.close()
    for path in box.root.glob("catalogue.db*"):
        path.unlink()
    box.start()
    assert box.store.clips.find(clip.id) == right
    assert box.store.clips.newest_first(since_ns=right.began.wall_ns, until_ns=right.began.wall_ns + 1) == [right]


def test_a_defect_ends_no_more_than_one_look(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Surprised(Box):
        def clock_set(self) -> None:
            raise RuntimeError("nobody has foreseen that")

    box = Surprised(tmp_path)
    clip = box.record()
    box.synchronise()
    box.look()
    [raised] = [event for event in box.events if isinstance(event, FaultRaised)]
    assert raised.fault.name == "defect:timekeeper"
    assert any(record.exc_info for record in caplog.records)
    box.look(2)
    assert box.store.clips.find(clip.id).began.wall_ns / 1e9 == pytest.approx(box.truth[clip.id])
    assert DEFECT.cleared("timekeeper") in box.events
    box.close()


STAMP = ClockStamp(10**18, 10**12, "boot", NTP)


@pytest.mark.parametrize(
    ("now", "steady"),
    [
        (evolve(STAMP, wall_ns=10**18 + 5 * 10**9, monotonic_ns=10**12 + 5 * 10**9), True),
        (evolve(STAMP, wall_ns=10**18 + 5 * 10**9, monotonic_ns=10**12 + 5 * 10**9 + 10**7), True),
        (evolve(STAMP, wall_ns=10**18 - 10**9), False),
        (evolve(STAMP, source=RTC), False),
        (evolve(STAMP, boot_id="other"), False),
    ],
)
def test_two_looks_must_agree(now: ClockStamp, steady: bool) -> None:
    assert is_steady(STAMP, now) is steady
    assert not is_steady(evolve(STAMP, source=NONE), evolve(now, source=NONE))


def test_the_real_clock_agrees_with_itself() -> None:
    clock = SystemClock()
    before, now = clock.stamp(), clock.stamp()
    assert is_steady(before, now) is (before.source is not NONE)
    assert now.monotonic_ns >= before.monotonic_ns


def advance(seconds: float) -> Callable[[Box], object]:
    return lambda box: box.clock.advance(seconds)


def claim(wall: float, source: ClockSource) -> Callable[[Box], object]:
    """The clock is set to something, by nobody who knows."""

    def act(box: Box) -> None:
        box.clock.source = source
        box.clock.set_wall(wall)

    return act


def zone(box: Box) -> None:
    """Daylight saving begins or ends."""
    box.clock.utc_offset = 7200 - box.clock.utc_offset


def reboot(box: Box) -> None:
    box.close()
    box.boot()


def restart(box: Box) -> None:
    box.close()
    box.start()


ACTIONS = st.one_of(
    st.just(Box.record),
    st.just(Box.record),
    st.just(Box.synchronise),
    st.just(Box.look),
    st.just(lambda box: box.synchronise(-1.0)),  # a leap second, seen from outside
    st.builds(advance, st.floats(0, 1e7)),
    st.builds(claim, st.sampled_from([0.0, 1e9, 4e9, -1e9, BEGIN, BEGIN + 5e6]) | st.floats(-9e9, 9e9), st.just(NONE)),
    st.just(zone),
    st.just(reboot),
    st.just(restart),
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(ACTIONS, max_size=14))
def test_whatever_the_clock_does_nothing_collides_and_starts_become_true(
    actions: list[Callable[[Box], object]],
) -> None:
    with TemporaryDirectory() as folder:
        box = Box(Path(folder))
        made: dict[str, Clip] = {}
        files: dict[str, str] = {}
        try:
            for action in actions:
                result = action(box)
                if isinstance(result, Clip):
                    made[result.id] = result
                    files |= {name: box.files()[name] for name in [result.file_name]}
                assert box.files() == files, "names and sound never change"
            box.synchronise()
            box.look(3)
            assert box.files() == files
            found = {clip.id: clip for clip in box.store.clips.newest_first()}
            assert found.keys() == made.keys() and len({clip.name for clip in made.values()}) == len(made)
            for clip in found.values():
                assert evolve(clip, corrected=None) == made[clip.id]
                assert box.sidecar(clip) == clip
                if clip.began.source is NTP:
                    assert clip.began.wall_ns / 1e9 == pytest.approx(box.truth[clip.id], abs=1.001)
                if clip.started.boot_id == box.clock.boot_id:
                    assert clip.began.source is NTP
            assert json.loads((box.root / "appliance.lock").read_text())
        finally:
            box.close()


def test_a_time_zone_that_is_set_while_it_runs_is_followed(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    clock = SystemClock()
    assert clock.stamp().utc_offset == 0
    monkeypatch.setenv("TZ", "JST-9")
    box.look()
    assert clock.stamp().utc_offset == 9 * 3600
    monkeypatch.undo()
    time.tzset()
