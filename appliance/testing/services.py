"""A house for tests of services, and what every service has to keep, as checks that its authors run in their own tests.

    def test_my_service(tmp_path):
        check_service(lambda house: MyService(options, house), folder=tmp_path, events=[finished("hello")])

`FakeHouse` is a house in which nothing happens but what a test says.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

from appliance.audio.overhearing import Overhearing
from appliance.errors import ApplianceError, NotFound, Refused
from appliance.events import ClipFinished, Event, EventsLost, FaultRaised
from appliance.models import AudioFormat, Clip, Verdict
from appliance.plugin.service import FrameBlock, House, Service
from appliance.plugin_host.house import Doors, ServiceHouse
from appliance.report import Report
from appliance.testing.clock import ManualClock
from appliance.verbs import VERBS

SOON = 5.0
"""Seconds that a service may take to end, and to do what a test waits for."""


def finished(name: str, *, seconds: float = 3.0, verdict: Verdict = Verdict.OK) -> ClipFinished:
    """The event of a clip that was just made."""
    format, started = AudioFormat(), ManualClock().stamp()
    frames = format.frames(seconds)
    return ClipFinished(Clip(f"id-{name}", name, "box", format, frames, frames * format.frame_bytes, started), verdict)


class FakeHouse(ServiceHouse):
    """The house as services find it, with nobody in it: what is asked and said is written down.

    `status` is what `report` returns, `answers` what words are answered with (else None); an exception is raised.
    `asked` holds words with their arguments, `said` the events of raised and cleared faults, `wanted` the size of the
    blocks that somebody listens for, and whether always.
    """

    def __init__(self, folder: Path, name: str = "service", clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.status: Report | ApplianceError = Report(device="box")
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.said: list[Event] = []
        self._clips: dict[str, Path] = {}
        self._sounded = threading.Condition()
        self._blocks: list[FrameBlock] = []
        self.wanted: list[tuple[int, bool]] = []
        self._listeners: tuple[Callable[[Event, object], None], ...] = ()
        verbs = {word: partial(self._answer, word) for word in VERBS}
        doors = Doors(
            "box", folder, self._report, verbs, self._find_clip, self._listen, self.said.append, self._overhear
        )
        super().__init__(name, doors, self.clock)

    def tell(self, *events: Event) -> None:
        """Let these events happen."""
        for event in events:
            for listener in self._listeners:
                listener(event, None)

    def sound(self, *blocks: FrameBlock) -> None:
        """Let the microphone hear that: whoever asks for frames gets these very blocks, once each."""
        with self._sounded:
            self._blocks += blocks
            self._sounded.notify_all()

    def add_clip(self, clip: str, content: bytes) -> None:
        """Let there be a clip of this name. By every recipe it has the same bytes."""
        self._clips[clip] = self.folder / f"{clip}.wav"
        self._clips[clip].write_bytes(content)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds. Raises AssertionError where it does not soon."""
        limit = time.monotonic() + SOON
        while not condition():
            assert time.monotonic() < limit, "it did not happen"
            time.sleep(0.002)

    @contextmanager
    def running(self, service: Service) -> Iterator[None]:
        """Run the service on a thread of its own meanwhile; from the first moment that it listens or waits.

        At the end it is told to end. Raises what it raised, and AssertionError where it does not end soon.
        """
        raised: list[BaseException] = []

        def run() -> None:
            try:
                service.run()
            except BaseException as error:  # handed on to the test
                raised.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.until(lambda: self._listeners or self.clock.waiting or self.wanted or not thread.is_alive() or self.asked)
        try:
            yield
        finally:
            self.stop()
            thread.join(SOON)
            assert not thread.is_alive(), "it does not end where the house is stopping"
        if raised:
            raise raised[0]

    def _report(self) -> Report:
        return cast(Report, _given(self.status))

    def _answer(self, word: str, **arguments: object) -> object:
        self.asked.append((word, VERBS[word].check(arguments)))
        return _given(self.answers.get(word))

    def _overhear(self, frames: int, *, always: bool, dropped: Callable[[int], None]) -> Overhearing:
        self.wanted.append((frames, always))
        return cast(Overhearing, _Sound(self._blocks, self._sounded))

    def _find_clip(self, clip: str, _: str) -> Path:
        if clip not in self._clips:
            raise NotFound(f"no clip {clip!r}")
        return self._clips[clip]

    def _listen(self, listener: Callable[[Event, object], None], *, closely: bool) -> Callable[[], None]:
        self._listeners = (*self._listeners, listener)

        def forget() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return forget


def check_service(create: Callable[[House], Service], *, folder: Path, events: Iterable[Event] = ()) -> None:
    """Run every check; raises AssertionError at the first broken rule.

    `create` builds the service, each time a new one. `events` are those that it cares for; `folder` is an empty folder.

    The rules: it ends soon once the house is stopping, whatever it waits for, and at once where that was so before it
    began; events that it does not know, lost ones and a day without any do not end it; nor does a box that refuses
    whatever is asked and cannot tell how it is; it can be run again over what an earlier run left in its folder; no
    thread of it stays; its faults say something.
    """
    happened = (*events, EventsLost(7), _Unheard())
    for check in (_ends_when_told, _ends_before_it_began, _lives_through_a_day, _lives_through_refusals):
        threads = set(threading.enumerate())
        house = FakeHouse(folder)
        try:
            check(create, house, happened)
            end = time.monotonic() + SOON
            while (left := set(threading.enumerate()) - threads) and time.monotonic() < end:
                time.sleep(0.01)
            assert not left, f"threads of it stay: {', '.join(sorted(thread.name for thread in left))}"
            for event in house.said:
                assert not isinstance(event, FaultRaised) or event.fault.message, "a fault of it says nothing"
        except Exception as error:  # whatever the service let out, the author wants to know in which check
            words = f"{check.__name__.strip('_')}: {type(error).__name__}: {error}"
            raise AssertionError(words) from error


Create = Callable[[House], Service]


class _Unheard(Event):
    """An event of a release to come."""


def _ends_when_told(create: Create, house: FakeHouse, events: Iterable[Event]) -> None:
    with house.running(create(house)):
        house.tell(*events)


def _ends_before_it_began(create: Create, house: FakeHouse, events: Iterable[Event]) -> None:
    service = create(house)
    house.stop()
    with house.running(service):
        house.tell(*events)


def _lives_through_a_day(create: Create, house: FakeHouse, events: Iterable[Event]) -> None:
    with house.running(create(house)):
        for _ in range(24):
            house.tell(*events)
            house.clock.advance(3600)


def _lives_through_refusals(create: Create, house: FakeHouse, events: Iterable[Event]) -> None:
    house.answers = dict.fromkeys(VERBS, Refused("the box does not want to"))
    house.status = ApplianceError("the disk hangs")
    _lives_through_a_day(create, house, events)


class _Sound:
    """Blocks as a test gives them."""

    def __init__(self, blocks: list[FrameBlock], sounded: threading.Condition) -> None:
        self._blocks = blocks
        self._sounded = sounded
        self._closed = False

    def __iter__(self) -> Iterator[FrameBlock]:
        while True:
            with self._sounded:
                self._sounded.wait_for(lambda: self._blocks or self._closed)
                if self._closed:
                    return
                block = self._blocks.pop(0)
            yield block

    def close(self) -> None:
        with self._sounded:
            self._closed = True
            self._sounded.notify_all()


def _given(value: object) -> object:
    if isinstance(value, BaseException):
        raise value
    return value
