"""A store with clips in it, and an outbox or feeds on it whose time is turned by hand."""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from appliance.audio.journal import Begin
from appliance.audio.take import clip_name, new_take_id
from appliance.audio.takefile import TakeFile
from appliance.circumstances import Begun
from appliance.config.options import Seconds
from appliance.config.settings import DestinationSettings, RetrySettings
from appliance.delivery.outbox import Destination, Outbox
from appliance.events import Command, Event
from appliance.feeds.feeds import Feeds
from appliance.feeds.puller import Feed
from appliance.models import AudioFormat, Clip, Delivery, Levels, Verdict
from appliance.plugin import FeedBackend
from appliance.recipes import RECIPES, Recipe
from appliance.store import Store
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

E = TypeVar("E", bound=Event)
SOON = 30.0
FORMAT = AudioFormat(rate=8000)


class Events:
    """What was posted, and a way to wait for it."""

    def __init__(self) -> None:
        self.all: list[Command | Event] = []
        self._changed = threading.Condition()

    def post(self, event: Command | Event) -> None:
        with self._changed:
            self.all.append(event)
            self._changed.notify_all()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.all if isinstance(event, kind)]

    def wait(self, kind: type[E], count: int = 1) -> list[E]:
        """Wait until `count` events of this kind were posted; all of them."""
        with self._changed:
            met = self._changed.wait_for(lambda: len(self.of(kind)) >= count, SOON)
        assert met, f"{len(self.of(kind))} of {count} {kind.__name__}; there were {self.all}"
        return self.of(kind)


class Box:
    """One state directory, its store, and what delivers from it."""

    def __init__(self, directory: Path, kinds: Mapping[str, str]) -> None:
        self.clock = ManualClock()
        self.events = Events()
        self.vitals = Vitals(self.clock, self.events.post)
        self.directory = directory
        self.kinds = kinds
        self.recipes: Mapping[str, Recipe] = RECIPES
        self.outbox: Outbox | None = None
        self.feeds: Feeds | None = None
        self.room = sys.maxsize
        self.store = self._open()

    def _open(self) -> Store:
        store = Store(self.directory, self.clock, self.events.post, self.vitals)
        store.set_destinations(self.kinds, self.recipes)
        store.start()
        return store

    def clip(
        self,
        sound: bytes = b"\x01\x02" * 4000,
        format: AudioFormat = FORMAT,
        begun: Begun | None = None,
        continues: str | None = None,
    ) -> Clip:
        """A clip, queued for every destination."""
        self.clock.advance(1)
        take_id, started = new_take_id(), self.clock.stamp()
        begin = Begin(take_id, clip_name("box", started, take_id), "box", format, started, 0.0, continues, begun=begun)
        take = TakeFile.create(self.store.places.takes, begin)
        take.append(sound)
        take.seal(Levels(), Verdict.OK)
        take.close()
        return self.store.clips.adopt(take_id)

    def deliver(self, jitter: Callable[[], float] = lambda: 0.5, settings: Any = None, **backends: Any) -> Outbox:
        """Start an outbox with these backends as destinations. Waits are half of the longest possible, unless told."""
        destinations = {}
        for name, backend in backends.items():
            options: dict[str, Any] = {"retry": RetrySettings(Seconds(8), Seconds(3600)), **(settings or {})}
            destinations[name] = Destination(name, DestinationSettings("memory", **options), backend)
        self.outbox = Outbox(self.store, destinations, self.clock, self.events.post, self.vitals, jitter)
        self.outbox.start()
        return self.outbox

    def pull(self, build_fetchers: Callable[[str], Iterable[FeedBackend]] | None = None, **feeds: Feed) -> Feeds:
        """Start these feeds."""
        post, has_room = self.events.post, self._has_room
        self.feeds = Feeds(
            self.store, feeds, self.clock, post, self.vitals, has_room, build_fetchers, random=lambda: 0.5
        )
        self.feeds.start()
        return self.feeds

    def _has_room(self, size: int) -> bool:
        """Room for tracks is what `room` says, those in the inbox included."""
        return sum(path.stat().st_size for path in self.store.places.inbox.iterdir()) + size <= self.room

    def delivery(self, clip: Clip, destination: str = "cloud") -> Delivery:
        [delivery] = self.store.outbox.find(clip.id, destination)
        return delivery

    def path(self, clip: Clip) -> Path:
        return self.store.clips.path(clip)

    def settle(self, condition: Callable[[], bool]) -> None:
        """Wait in real time until the threads have got there."""
        limit = time.monotonic() + SOON
        while not condition():
            assert time.monotonic() < limit, f"never happened; there were {self.events.all}"
            time.sleep(0.001)

    def pass_time(self, seconds: float, until: Callable[[], bool]) -> None:
        """Let time pass in steps of `seconds`, each once somebody waits for it, until it has happened."""

        def happened() -> bool:
            if until():
                return True
            self.clock.waiters(SOON)
            self.clock.advance(seconds)
            return False

        self.settle(happened)

    def close(self) -> None:
        if self.outbox is not None:
            self.outbox.close()
        if self.feeds is not None:
            self.feeds.close()
        self.store.close()

    def restart(self) -> None:
        """As a daemon that stops and starts."""
        self.close()
        self.outbox = self.feeds = None
        self.events = Events()
        self.store = self._open()


@pytest.fixture
def new_box(tmp_path: Path) -> Iterator[Callable[..., Box]]:
    boxes: list[Box] = []

    def make(**kinds: str) -> Box:
        wanted = kinds or {"cloud": "original"}
        boxes.append(Box(tmp_path / f"state{len(boxes)}", wanted))
        return boxes[-1]

    yield make
    for box in boxes:
        box.close()


@pytest.fixture(scope="session")
def open_box() -> Callable[[], AbstractContextManager[Box]]:
    """A box for a block, for tests that need many."""

    @contextmanager
    def opened() -> Iterator[Box]:
        with tempfile.TemporaryDirectory() as folder:
            box = Box(Path(folder), {"cloud": "original"})
            try:
                yield box
            finally:
                box.close()

    return opened


@pytest.fixture
def box(new_box: Callable[..., Box]) -> Box:
    """A box with one destination, `cloud`."""
    return new_box()
