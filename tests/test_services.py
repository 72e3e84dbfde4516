"""Services run beside the recorder, each by itself; what becomes of one is told, and never the end of it."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import frozen

from appliance.config.options import option
from appliance.config.settings import ServiceSettings
from appliance.errors import ApplianceError, NotFound, Permanent, Refused, UsageError
from appliance.events import ApplianceReady, Event, EventsLost, FaultRaised, InboxChanged, QueueChanged
from appliance.faults import SERVICE, SERVICE_ENDED, SERVICE_SLOW
from appliance.models import Fault
from appliance.plugin import House, Report, Service, ServiceType, hookimpl
from appliance.plugin_host import PluginHost
from appliance.plugin_host.house import Doors
from appliance.plugin_host.services import LONGEST_WAIT, STEADY, Services
from appliance.testing.clock import ManualClock
from appliance.testing.services import FakeHouse, check_service
from appliance.vitals import Vitals

SOON = 5.0
Work = Callable[[House], object]


@frozen
class Options:
    work: str = option("", "Which work.")


class Working:
    """A service whose work is given."""

    def __init__(self, house: House, work: Work) -> None:
        self._house = house
        self._work = work

    def run(self) -> None:
        self._work(self._house)


class Plugin:
    def __init__(self, works: dict[str, Work]) -> None:
        self._works = works

    @hookimpl
    def appliance_services(self) -> Sequence[ServiceType]:
        def create(options: Options, house: House) -> Service:
            return Working(house, self._works[options.work])

        return [ServiceType("work", Options, create)]


class Box:
    """Services with a clock that is turned by hand, and what they said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.listeners: list[Callable[[Event, object], None]] = []
        self.events: list[Event] = []
        self.verbs: dict[str, Callable[..., object]] = {}
        self.overhear: Any = None
        self._open: list[Services] = []

    def run(self, **works: Work) -> Services:
        """Run these services, each by its name."""
        plugins = PluginHost([("mine", lambda: Plugin(works))])
        plugins.discover()
        wanted = {name: ServiceSettings("work", Options(name)) for name in works}
        what_is_there = (self._report, self.verbs, self._find, self._listen, self.events.append, self.overhear)
        doors = Doors("box", self.folder, *what_is_there)
        services = Services(plugins, wanted, doors, self.clock, Vitals(self.clock), random=lambda: 0.5)
        self._open.append(services)
        services.start()
        return services

    def until(self, condition: Callable[[], object]) -> None:
        FakeHouse(self.folder, clock=self.clock).until(condition)

    def close(self) -> None:
        for services in self._open:
            services.close()

    def _report(self) -> Report:
        return Report(device="box")

    def _find(self, clip: str, _: str) -> Path:
        path = self.folder / clip
        if not path.exists():
            raise NotFound(f"no clip {clip}")
        return path

    def _listen(self, listener: Callable[[Event, object], None], *, closely: bool) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.close()


class Given(BaseException):
    """An error that nobody can foresee."""


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("not even that")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("no lamp here"), "service lamp: plugin mine failed: RuntimeError: no lamp here"),
        (Permanent("the lamp is gone. Bring it back"), "the lamp is gone. Bring it back"),
        (ImportError("No module named 'x'"), "service lamp: plugin mine is incomplete: ImportError"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (asyncio.CancelledError(), "CancelledError"),
        (GeneratorExit(), "GeneratorExit"),
        (Given("out of \udcff nowhere\n\x1b[31m"), "Given: out of"),
        (Mute(), "Mute"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_service_that_fails_is_named_and_run_again_later_each_time(
    box: Box, error: BaseException, words: str
) -> None:
    runs: list[float] = []

    def fail(house: House) -> None:
        runs.append(box.clock.monotonic())
        raise error

    def is_due_in(seconds: float) -> bool:
        return box.clock.next_due == seconds

    beside = threading.Event()
    box.run(lamp=fail, other=lambda house: (beside.set(), house.wait(1e9)))
    assert beside.wait(SOON)
    for seconds in (2.5, 5, 10, 20, 40, 80, 160, 320, 450, 450, 450, 450):
        box.until(partial(is_due_in, seconds))
        box.clock.advance(LONGEST_WAIT)
    waits = [after - before for before, after in pairwise(runs)]
    assert len(waits) >= 11
    (raised,) = box.events
    assert isinstance(raised, FaultRaised)
    assert raised.fault == Fault("service:lamp", raised.fault.message, owner=SERVICE_ENDED.owner)
    assert words in raised.fault.message and raised.fault.message.isprintable()
    raised.fault.message.encode()


def test_waits_grow_up_to_a_limit(box: Box) -> None:
    def fail(house: House) -> None:
        raise RuntimeError

    def is_due_in(seconds: float) -> bool:
        return box.clock.next_due == seconds

    box.run(lamp=fail)
    for seconds in (2.5, 5, 10, 20, 40, 80, 160, 320, 450, 450, 450):
        box.until(partial(is_due_in, seconds))
        box.clock.advance(seconds)


def test_one_that_works_again_says_so_after_a_while(box: Box) -> None:
    works = threading.Event()

    def work(house: House) -> None:
        if not works.is_set():
            raise RuntimeError("not yet")
        house.wait(1e9)

    box.run(lamp=work)
    box.until(lambda: box.events)
    works.set()
    box.clock.waiters()
    box.clock.advance(LONGEST_WAIT)
    box.clock.waiters(at_least=2)
    assert len(box.events) == 1, "nobody knows yet whether it works"
    box.clock.advance(STEADY)
    box.until(lambda: box.events[1:])
    assert box.events[1:] == [SERVICE_ENDED.cleared("lamp")]


def test_one_that_has_nothing_more_to_do_is_over(box: Box) -> None:
    runs: list[int] = []
    services = box.run(lamp=lambda house: runs.append(1))
    box.until(lambda: runs)
    box.clock.waiters()
    box.clock.advance(86_400)
    box.clock.waiters()
    services.close()
    assert runs == [1] and box.events == []


def test_a_fault_of_its_own_is_over_with_the_run(box: Box) -> None:
    def complain(house: House) -> None:
        house.raise_fault("no broker")
        house.raise_fault("no broker")
        house.raise_fault("no network")
        house.clear_fault()
        house.clear_fault()
        house.raise_fault("no broker")

    box.run(lamp=complain)
    box.until(lambda: len(box.events) == 5)
    assert box.events == [
        SERVICE.raised("no broker", "lamp"),
        SERVICE.raised("no network", "lamp"),
        SERVICE.cleared("lamp"),
        SERVICE.raised("no broker", "lamp"),
        SERVICE.cleared("lamp"),
    ]


def test_one_that_was_too_slow_for_the_sound_is_not_any_more_once_its_run_is_over(box: Box) -> None:
    lost: list[Callable[[int], None]] = []

    def overhear(size: int, *, always: bool, dropped: Callable[[int], None]) -> object:
        lost.append(dropped)
        return SimpleNamespace(close=lambda: None)

    def lags(house: House) -> None:
        house.frames(480)
        lost[-1](48)
        lost[-1](96)

    box.overhear = overhear
    box.run(lamp=lags)
    box.until(lambda: len(box.events) == 3)
    lost[-1](144)
    names = [each.fault.name if isinstance(each, FaultRaised) else "" for each in box.events]
    assert names == ["slow_service:lamp"] * 2 + [""] and box.events[2] == SERVICE_SLOW.cleared("lamp")


def test_a_service_hears_of_events_asks_reads_and_keeps(box: Box) -> None:
    (box.folder / "clip").write_bytes(b"sound")
    heard: list[Event] = []
    found: list[object] = []
    box.verbs = {"volume.set": lambda percent: percent + 1, "doctor": lambda: (item for item in ({"a": 1}, None))}

    def work(house: House) -> None:
        happened = house.events(InboxChanged)
        found.extend((house.name, house.device, house.report()))
        (house.folder / "note").write_text("kept")
        with house.open_clip("clip") as file:
            found.append(file.read())
        found.append(house.ask("volume.set", percent=40))
        found.append(list(house.ask("doctor")))
        for wrong in (lambda: house.ask("fly"), lambda: house.open_clip("none")):
            with pytest.raises((UsageError, NotFound)):
                wrong()
        heard.extend(happened)

    services = box.run(lamp=work)
    box.until(lambda: len(found) == 6)
    for number in range(3):
        for listener in tuple(box.listeners):
            listener(QueueChanged(number), None)
            listener(InboxChanged(number), None)
    services.close()
    assert found == ["lamp", "box", Report(device="box"), b"sound", 41, [{"a": 1}]]
    assert heard == [InboxChanged(0), InboxChanged(1), InboxChanged(2)]
    assert (box.folder / "services" / "lamp" / "note").read_text() == "kept"
    assert box.listeners == []


def test_one_that_falls_behind_is_told_how_much_it_lost(box: Box) -> None:
    inside, go = threading.Event(), threading.Event()
    heard: list[Event] = []

    def work(house: House) -> None:
        happened = house.events()
        inside.set()
        assert go.wait(SOON)
        heard.extend(happened)

    services = box.run(lamp=work)
    assert inside.wait(SOON)
    for number in range(1500):
        box.listeners[0](InboxChanged(number), None)
    go.set()
    services.close()
    assert heard == [EventsLost(500), *(InboxChanged(number) for number in range(500, 1500))]


def test_one_that_hangs_holds_up_nobody(box: Box) -> None:
    go, inside, beside = threading.Event(), threading.Event(), threading.Event()
    services = box.run(
        hangs=lambda house: (inside.set(), go.wait(60)), other=lambda house: (house.wait(1e9), beside.set())
    )
    assert inside.wait(SOON)
    services.close(timeout=0.05)
    assert beside.wait(SOON), "the other one was told to end"
    go.set()


def test_what_it_says_after_it_was_left_behind_is_not_heard(box: Box) -> None:
    go, inside, said = threading.Event(), threading.Event(), threading.Event()

    def work(house: House) -> None:
        inside.set()
        assert go.wait(SOON)
        house.raise_fault("too late")
        assert house.stopping and not house.wait(1e9) and house.events().get(1e9) is None
        said.set()

    services = box.run(lamp=work)
    assert inside.wait(SOON)
    services.close(timeout=0.05)
    go.set()
    assert said.wait(SOON)
    assert box.events == []


def test_a_service_that_no_plugin_brings_is_a_fault(tmp_path: Path) -> None:
    box = Box(tmp_path)
    plugins = PluginHost([])
    doors = Doors("box", tmp_path, Report, {}, Path, box._listen, box.events.append, None)
    services = Services(plugins, {"lamp": ServiceSettings("lamp")}, doors, box.clock, Vitals(box.clock))
    services.start()
    box.until(lambda: box.events)
    services.close()
    assert "service 'lamp' needs service 'lamp', and no plugin brings it" in str(box.events[0])


# -- what authors of services test with


def obedient(house: House) -> Service:
    def work(house: House) -> None:
        for event in house.events(InboxChanged):
            try:
                house.ask("play", source="latest")
                house.clear_fault()
            except ApplianceError as error:
                house.raise_fault(f"nothing plays: {error} {event}")

    return Working(house, work)


def deaf(house: House) -> None:
    house.events()
    threading.Event().wait(60)


def leaves_a_thread(house: House) -> None:
    threading.Thread(target=lambda: threading.Event().wait(60), name="left", daemon=True).start()
    house.wait(1e9)


def picky(house: House) -> None:
    for event in house.events():
        if not isinstance(event, InboxChanged):
            raise TypeError(f"what is {event}?")


def helpless(house: House) -> None:
    for _ in house.events():
        house.ask("play", source="latest")


def wordless(house: House) -> None:
    house.raise_fault(" ")
    house.wait(1e9)


def test_a_good_service_passes_every_check(tmp_path: Path) -> None:
    check_service(obedient, folder=tmp_path, events=[InboxChanged(1), ApplianceReady()])


@pytest.mark.parametrize(
    ("work", "words"),
    [
        pytest.param(leaves_a_thread, "threads of it stay: left", marks=pytest.mark.slow),
        (picky, "TypeError: what is"),
        (helpless, "lives_through_refusals: Refused"),
        (wordless, "a fault of it says nothing"),
    ],
)
def test_a_check_says_which_rule_is_broken(tmp_path: Path, work: Work, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_service(lambda house: Working(house, work), folder=tmp_path, events=[InboxChanged(1)])


@pytest.mark.slow
def test_one_that_does_not_end_fails_the_check(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="it does not end where the house is stopping"):
        check_service(lambda house: Working(house, deaf), folder=tmp_path)


def test_a_house_for_tests_answers_as_told(tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    house.answers = {"status": {"ok": False}, "record.stop": Refused("no take")}
    house.add_clip("hello", b"sound")
    assert house.ask("status") == {"ok": False} and house.ask("record.start") is None
    with pytest.raises(Refused, match="no take"):
        house.ask("record.stop")
    with pytest.raises(UsageError):
        house.ask("volume.set", percent=1000)
    assert house.open_clip("hello").read() == b"sound"
    assert house.asked[0] == ("status", {})
