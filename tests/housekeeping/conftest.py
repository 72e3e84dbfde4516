"""A store with clips in it, a disk of any size, and a housekeeper between them."""

import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path

import pytest

from appliance.audio.journal import Begin
from appliance.audio.take import clip_name, new_take_id
from appliance.audio.takefile import TakeFile
from appliance.config.settings import DeleteAfter
from appliance.events import Command, Event
from appliance.housekeeping import Housekeeper, Space
from appliance.housekeeping.outlook import Prospect
from appliance.housekeeping.policy import Rules
from appliance.models import AudioFormat, Clip, Levels, Receipt, Verdict
from appliance.status import Status
from appliance.store import Store
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

FORMAT = AudioFormat(rate=8000)
MEGABYTE = 1_000_000
PROOF = Receipt("there", 1, True)


class FakeDisk:
    """A disk that holds the clips of a store, and something else besides."""

    def __init__(self, store: Store, total: int) -> None:
        self.total = total
        self.other = 0
        self.inodes = inf
        self.read_only = False
        self.memory = ""
        self.refusal: OSError | None = None
        self.tried = 0
        self.looks = 0
        self.broken: Exception | None = None
        self._store = store

    @property
    def free(self) -> int:
        places = self._store.places
        folders = places.clips, places.trash, places.renditions, places.inbox
        used = sum(path.stat().st_size for folder in folders for path in folder.iterdir() if path.suffix != ".json")
        return max(0, self.total - self.other - used)

    @property
    def _files(self) -> int:
        return sum(1 for folder in (self._store.places.clips, self._store.places.renditions) for _ in folder.iterdir())

    def space(self) -> Space:
        self.looks += 1
        if self.broken:
            raise self.broken
        return Space(self.free, self.total, self.read_only, self.memory, self.inodes - self._files)

    def try_out(self) -> None:
        self.tried += 1
        if self.refusal:
            raise self.refusal


class Household:
    """Everything that a housekeeper has to do with. `reserve` is ten megabytes of a hundred."""

    def __init__(self, root: Path) -> None:
        self.clock = ManualClock()
        self.events: list[Command | Event] = []
        self.vitals = Vitals(self.clock, self.events.append)
        self.root = root
        self.store = self._new_store()
        self.rules = Rules({"office": DeleteAfter.VERIFIED})
        self.prospects: tuple[Prospect, ...] = (Prospect("office", DeleteAfter.VERIFIED),)
        self.worked = 0
        self.housekeeper: Housekeeper | None = None
        self.disk = FakeDisk(self.store, 100 * MEGABYTE)

    def open(self) -> None:
        self.store.set_destinations(dict.fromkeys(self.rules.destinations, "original"))
        self.store.start()

    def _new_store(self) -> Store:
        return Store(self.root, self.clock, self.events.append, self.vitals)

    def reopen(self) -> None:
        """As a daemon that stops and starts."""
        self.store.close()
        self.store = self._new_store()
        self.disk = FakeDisk(self.store, self.disk.total)
        self.open()

    def start(self) -> Housekeeper:
        """The housekeeper, after its first look."""
        self.housekeeper = Housekeeper(
            self.store,
            self.disk,
            self.rules,
            10 * MEGABYTE,
            FORMAT.byte_rate,
            lambda: self.prospects,
            self._disk_works,
            self.clock,
            self.events.append,
            self.vitals,
        )
        self.housekeeper.start()
        self.clock.waiters()
        return self.housekeeper

    def _disk_works(self) -> None:
        self.worked += 1

    def tell(self, event: Event) -> None:
        """As the controller does; then wait until the housekeeper has looked."""
        assert self.housekeeper
        before = self.disk.looks
        self.housekeeper.hear(event, Status())
        self._until_looked(before)

    def look(self, seconds: float = 5.0) -> None:
        """Let time pass, and wait until the housekeeper has looked."""
        before = self.disk.looks
        self.clock.advance(seconds)
        self._until_looked(before)

    def _until_looked(self, before: int) -> None:
        limit = time.monotonic() + 5
        while self.disk.looks == before:
            assert time.monotonic() < limit, "the housekeeper does not look"
            time.sleep(0.001)
        self.clock.waiters()

    def clip(self, megabytes: float = 10.0) -> Clip:
        """A clip of that size, in the store; the file is a hole."""
        self.clock.advance(1)
        take_id, started = new_take_id(), self.clock.stamp()
        begin = Begin(take_id, clip_name("box", started, take_id), "box", FORMAT, started, 0.0)
        take = TakeFile.create(self.store.places.takes, begin)
        take.append(b"\x01\x02")
        take.cut(round(megabytes * MEGABYTE / 2) - 256)
        take.seal(Levels(), Verdict.OK)
        take.close()
        return self.store.clips.adopt(take_id)

    def deliver(self, *clips: Clip, destination: str = "office", receipt: Receipt = PROOF) -> None:
        """These clips arrive."""
        wanted = {clip.id for clip in clips}
        claimed = list(iter(lambda: self.store.outbox.take_next(destination, "oldest", now=0.0), None))
        for delivery in claimed:
            assert delivery
            if delivery.clip_id in wanted:
                self.store.outbox.delivered(delivery.id, receipt)
            else:
                self.store.outbox.released(delivery.id)

    def clips(self) -> list[str]:
        """Ids of the clips that are there, oldest first."""
        return [clip.id for clip in self.store.clips.newest_first()][::-1]

    def of(self, *kinds: type[Event]) -> list[Event]:
        """Events of these kinds so far."""
        return [event for event in self.events if isinstance(event, kinds)]

    def close(self) -> None:
        if self.housekeeper:
            self.housekeeper.close()
        self.store.close()


@pytest.fixture
def make_household(tmp_path: Path) -> Iterator[Callable[[], Household]]:
    made: list[Household] = []

    def make() -> Household:
        made.append(Household(tmp_path / f"state{len(made)}"))
        return made[-1]

    yield make
    for household in made:
        household.close()


@pytest.fixture
def household(make_household: Callable[[], Household]) -> Household:
    household = make_household()
    household.open()
    return household
