"""What services find of the running appliance, and the part of it that one of them holds."""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from appliance.audio.overhearing import Overhearing
from appliance.backlog import Backlog
from appliance.clock import Clock, wait_for
from appliance.codec import to_plain
from appliance.errors import StorageError, UsageError
from appliance.events import Event
from appliance.faults import SERVICE, SERVICE_SLOW
from appliance.models import ClockSource, ClockStamp
from appliance.plugin.service import FrameBlock
from appliance.recipes import ORIGINAL
from appliance.report import Report
from appliance.values import frozen

Post = Callable[[Event], None]
_T = TypeVar("_T", "_Subscription", Overhearing)


@frozen
class Doors:
    """Where services reach the running appliance.

    `verbs` answer by word. `listen` tells a listener of every event on the controller's thread, `closely` for one who
    wants to hear of progress more often, and returns what ends that. `find_clip` takes a clip and the name of a recipe.
    `overhear` is that of the recorder.
    """

    device: str
    directory: Path
    report: Callable[[], Report]
    verbs: Mapping[str, Callable[..., object]]
    find_clip: Callable[[str, str], Path]
    listen: Callable[..., Callable[[], None]]
    post: Post
    overhear: Callable[..., Overhearing] | None


class ServiceHouse:
    """The house for one run of one service."""

    def __init__(self, name: str, doors: Doors, clock: Clock) -> None:
        self.name = name
        self.device = doors.device
        self.stopping = False
        self._doors = doors
        self._clock = clock
        self._changed = threading.Condition()
        self._subscriptions: list[_Subscription | Overhearing] = []
        self._complaint = ""
        self._slow = False

    @property
    def folder(self) -> Path:
        folder = self._doors.directory / "services" / self.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made: {error.strerror}. Look at the disk") from error
        return folder

    def wait(self, seconds: float) -> bool:
        with self._changed:
            return not wait_for(self._clock, self._changed, lambda: self.stopping, seconds)

    def report(self) -> Report:
        return self._doors.report()

    def events(self, *kinds: type[Event]) -> "_Subscription":
        return self._until_it_ends(_Subscription(kinds, self._doors.listen, self._clock))

    def frames(self, size: int, *, always: bool = False) -> Iterable[FrameBlock]:
        if size < 1:
            raise UsageError(f"blocks of {size} frames: expected 1 or more")
        assert self._doors.overhear, "nobody gave the house a microphone"
        return self._until_it_ends(self._doors.overhear(size, always=always, dropped=self._too_slow))

    def _until_it_ends(self, subscription: _T) -> _T:
        """The same, which is closed when the service is to end: at once where it is."""
        with self._changed:
            self._subscriptions.append(subscription)
        if self.stopping:
            self.stop()
        return subscription

    def _too_slow(self, frames: int) -> None:
        """So many frames were lost to the service since it runs; 0 once it keeps up."""
        words = f"the service {self.name} is too slow for the sound that it wants: {frames} frames were lost to it"
        with self._changed:
            if frames and not self.stopping:
                self._slow = True
                self._doors.post(SERVICE_SLOW.raised(words, self.name))
            elif self._slow:
                self._slow = False
                self._doors.post(SERVICE_SLOW.cleared(self.name))

    def ask(self, word: str, /, **arguments: object) -> Any:
        verb = self._doors.verbs.get(word)
        if verb is None:
            raise UsageError(f"there is no word {word!r} that can be asked: `describe` lists them")
        answer = verb(**arguments)
        if isinstance(answer, Generator):
            return (to_plain(item) for item in answer if item is not None)
        return to_plain(answer)

    def raise_fault(self, message: str) -> None:
        with self._changed:
            if message != self._complaint and not self.stopping:
                self._complaint = message
                self._doors.post(SERVICE.raised(message, self.name))

    def clear_fault(self) -> None:
        with self._changed:
            if self._complaint:
                self._complaint = ""
                self._doors.post(SERVICE.cleared(self.name))

    def open_clip(self, clip: str, recipe: str = ORIGINAL.name) -> BinaryIO:
        path = self._doors.find_clip(clip, recipe)
        try:
            return path.open("rb")
        except OSError as error:
            raise StorageError(f"{path.name} cannot be read: {error.strerror}. The card may be failing") from error

    def now(self) -> ClockStamp:
        return self._clock.stamp()

    def clock_trusted(self) -> bool:
        return self.now().source is not ClockSource.NONE

    def stop(self) -> None:
        """Let the service end. Returns at once."""
        with self._changed:
            self.stopping = True
            self._changed.notify_all()
            subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            subscription.close()

    def leave(self) -> None:
        """The run is over: nothing of it stays."""
        self.clear_fault()
        self.stop()
        self._too_slow(0)


class _Subscription:
    """The events that one service wants to hear of."""

    def __init__(self, kinds: tuple[type[Event], ...], listen: Callable[..., Callable[[], None]], clock: Clock) -> None:
        self._backlog = Backlog(clock)
        self._kinds = kinds or (Event,)
        self._forget = listen(self._hear, closely=False)

    def _hear(self, event: Event, _: object) -> None:
        if isinstance(event, self._kinds):
            self._backlog.put(event)

    def __iter__(self) -> Iterator[Event]:
        while (event := self._backlog.get()) is not None:
            yield event

    def get(self, timeout: float) -> Event | None:
        return self._backlog.get(timeout)

    def close(self) -> None:
        """No more of them."""
        self._forget()
        self._backlog.close()
