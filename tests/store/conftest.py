"""A state directory that is filled with real takes, and opened, closed and crashed at will."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from appliance import durable
from appliance.audio.journal import Begin
from appliance.audio.take import clip_name, new_take_id
from appliance.audio.takefile import TakeFile
from appliance.codec import to_json
from appliance.events import Command, Event
from appliance.models import AudioFormat, Clip, Levels, Verdict
from appliance.store import Store
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

CLOUD = {"cloud": "original"}
FORMAT = AudioFormat(rate=8000)


class Box:
    """One state directory and the store on it."""

    def __init__(self, root: Path, destinations: Mapping[str, str] = CLOUD) -> None:
        self.root = root
        self.directory = root / "state"
        self.destinations = destinations
        self.clock = ManualClock()
        self.events: list[Command | Event] = []
        self.store = self._new()

    def _new(self) -> Store:
        store = Store(self.directory, self.clock, self.events.append, Vitals(self.clock))
        store.set_destinations(self.destinations)
        return store

    def start(self) -> Store:
        """A new store on the directory, started."""
        self.store = self._new()
        self.store.start()
        return self.store

    def settle(self) -> None:
        """Wait until all that a start has left for later is done."""
        while self.store.upkeep.goes_on:
            time.sleep(0.01)

    def restart(self) -> Store:
        """Stop as a daemon does, and start again after a reboot: CLOCK_MONOTONIC begins anew."""
        self.store.close()
        return self._boot()

    def crash(self, damage: Callable[[Path], None] = lambda _: None) -> Store:
        """Start again on what a power cut would leave now, the log of the database and all, and what it damaged."""
        left = self.root / "left"
        shutil.copytree(self.directory, left)
        self.store.close()
        shutil.rmtree(self.directory)
        left.rename(self.directory)
        damage(self.directory / "catalogue.db")
        return self._boot()

    def _boot(self) -> Store:
        now = self.clock.wall_ns() / 1e9
        self.clock = ManualClock(now, 1.0)
        return self.start()

    def take(
        self,
        sound: bytes = b"\x01\x02" * 400,
        *,
        sealed: bool = True,
        verdict: Verdict = Verdict.OK,
        continues: str | None = None,
    ) -> str:
        """A take as the recorder leaves it, one second after the last one; its id."""
        self.clock.advance(1)
        take_id, started = new_take_id(), self.clock.stamp()
        begin = Begin(take_id, clip_name("box", started, take_id), "box", FORMAT, started, 0.0, continues)
        take = TakeFile.create(self.directory / "takes", begin)
        try:
            take.append(sound)
            if sealed:
                take.seal(Levels(), verdict)
        finally:
            take.close()
        return take_id

    def clip(self, verdict: Verdict = Verdict.OK) -> Clip:
        """A take that was adopted."""
        return self.store.clips.adopt(self.take(verdict=verdict))

    def files(self, count: int) -> list[Clip]:
        """Clips that lie in `clips/`, unknown to any catalogue."""
        durable.make_directory(self.directory / "clips")
        clips = []
        for _ in range(count):
            self.clock.advance(1)
            take_id, started = new_take_id(), self.clock.stamp()
            name = clip_name("box", started, take_id)
            clips.append(Clip(take_id, name, "box", FORMAT, 2, 108, started))
            (self.directory / "clips" / f"{name}.wav").write_bytes(b"RIFF".ljust(108))
            (self.directory / "clips" / f"{name}.json").write_text(to_json(clips[-1]))
        return clips

    def posted(self, kind: type[Event]) -> list[Event]:
        """Events of one kind so far."""
        return [event for event in self.events if type(event) is kind]

    def lose_catalogue(self) -> None:
        """As if the database had never been there. The store must be closed."""
        for path in self.directory.glob("catalogue.db*"):
            path.unlink()

    def quarantined(self) -> dict[str, str]:
        """What is in quarantine, with the note to each."""
        return {path.name: (path / "note.txt").read_text() for path in (self.directory / "quarantine").iterdir()}

    def close(self) -> None:
        self.store.close()


@pytest.fixture(scope="session")
def box_type() -> type[Box]:
    return Box


@pytest.fixture
def new_box(tmp_path: Path) -> Iterator[Callable[[], Box]]:
    """Makes boxes that are closed at the end; not started yet."""
    boxes: list[Box] = []

    def make() -> Box:
        boxes.append(Box(tmp_path / f"box{len(boxes)}"))
        return boxes[-1]

    yield make
    for box in boxes:
        box.close()


@pytest.fixture
def box(new_box: Callable[[], Box]) -> Box:
    """One box, started."""
    box = new_box()
    box.start()
    return box


@pytest.fixture
def seconds() -> Callable[[Callable[[], object]], float]:
    """Measures real time."""

    def measure(work: Callable[[], object]) -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return measure
