"""Whether microphone and speaker are there is known before anyone presses record."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from appliance.audio.ports import Direction
from appliance.audio.watch import DeviceWatch
from appliance.events import Event, FaultRaised
from appliance.faults import DEFECT, MICROPHONE_AWAY, SPEAKER
from appliance.simulation.cards import FakeCards
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

Start = Callable[[], list[Event]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def cards(clock: ManualClock) -> FakeCards:
    return FakeCards(clock)


@pytest.fixture
def vitals(clock: ManualClock, posted: list[Event]) -> Vitals:
    return Vitals(clock, posted.append)


@pytest.fixture
def posted() -> list[Event]:
    return []


@pytest.fixture
def start(cards: FakeCards, clock: ManualClock, posted: list[Event], vitals: Vitals) -> Iterator[Start]:
    watch = DeviceWatch(cards, "usb", "usb", clock, posted.append, vitals)

    def begin() -> list[Event]:
        watch.start()
        clock.waiters()
        return posted

    yield begin
    watch.close()


def look(clock: ManualClock, posted: list[Event], count: int) -> list[Event]:
    """What was posted within the next two seconds: so many events."""
    before = len(posted)
    clock.waiters()
    clock.advance(1.9)
    limit = time.monotonic() + 5.0
    while len(posted) < before + count:
        assert time.monotonic() < limit, f"only {posted[before:]}"
        time.sleep(0.001)
    return posted[before:]


def test_what_is_pulled_is_told_within_two_seconds_and_so_is_its_return(
    start: Start, cards: FakeCards, clock: ManualClock
) -> None:
    posted = start()
    assert posted == []
    cards.unplug()
    first, second = look(clock, posted, 2)
    assert isinstance(first, FaultRaised) and first.fault.name == "microphone" and first.fault.urgent
    assert isinstance(second, FaultRaised) and second.fault.name == "speaker" and not second.fault.urgent
    cards.replug(Direction.CAPTURE)
    assert look(clock, posted, 1) == [MICROPHONE_AWAY.cleared()]
    cards.replug()
    assert look(clock, posted, 1) == [SPEAKER.cleared()]


def test_a_box_that_starts_without_a_microphone_says_so_at_once(start: Start, cards: FakeCards) -> None:
    cards.unplug(Direction.CAPTURE)
    (fault,) = start()
    assert isinstance(fault, FaultRaised) and "the microphone 'usb' is not there. Plug it in" in fault.fault.message


def test_a_look_that_fails_by_a_defect_is_told_and_not_the_last(
    start: Start, cards: FakeCards, clock: ManualClock
) -> None:
    posted, present = start(), cards.present

    def broken(device: str, direction: Direction) -> bool:
        raise ZeroDivisionError

    cards.present = broken  # type: ignore[method-assign]
    [raised] = look(clock, posted, 1)
    assert isinstance(raised, FaultRaised) and raised.fault.name == "defect:device-watch"
    cards.present = present  # type: ignore[method-assign]
    cards.unplug(Direction.CAPTURE)
    gone, over = look(clock, posted, 2)
    assert isinstance(gone, FaultRaised) and gone.fault.name == "microphone"
    assert over == DEFECT.cleared("device-watch")


def test_a_look_that_hangs_is_noticed(start: Start, cards: FakeCards, clock: ManualClock, vitals: Vitals) -> None:
    start()
    looks, go_on = threading.Event(), threading.Event()
    cards.present = lambda *_: looks.set() or go_on.wait(10.0)  # type: ignore[method-assign]
    clock.advance(1.9)
    assert looks.wait(5.0)
    clock.advance(60.0)
    assert vitals.overdue() == ("device-watch",)
    go_on.set()
