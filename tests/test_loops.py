"""One loop looks now and then, by the clock, after a defect too, and ends when it is told to."""

import threading
from collections.abc import Callable, Iterator

import pytest

from appliance.errors import Stuck
from appliance.events import Event, FaultCleared, FaultRaised
from appliance.faults import DEFECT
from appliance.loops import Loop
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

SOON = 5.0


class Watched:
    """Something that is looked at every 10 s; `look` may be exchanged."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.posted: list[Event] = []
        self.vitals = Vitals(self.clock, self.posted.append)
        self.looks = threading.Semaphore(0)
        self.look: Callable[[], float | None] = lambda: None
        self.loop = Loop("watch", self._look, 10.0, 30.0, self.clock, self.vitals)

    def _look(self) -> float | None:
        try:
            return self.look()
        finally:
            self.looks.release()

    def looked(self, count: int = 1) -> bool:
        """Whether it was looked at so often, and no more, once the loop sleeps."""
        for _ in range(count):
            if not self.looks.acquire(timeout=SOON):
                return False
        self.clock.waiters()
        return not self.looks.acquire(blocking=False)


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.loop.close()


def test_it_looks_at_once_and_then_by_the_clock(watched: Watched) -> None:
    watched.loop.start()
    assert watched.looked()
    watched.clock.advance(9.9)
    assert watched.looked(0)
    watched.clock.advance(0.1)
    assert watched.looked()


def test_a_look_may_say_when_the_next_one_is_due(watched: Watched) -> None:
    watched.look = lambda: 60.0
    watched.loop.start()
    assert watched.looked()
    watched.clock.advance(59.9)
    assert watched.looked(0)
    watched.clock.advance(0.1)
    assert watched.looked()


def test_whoever_wakes_it_during_a_look_gets_another(watched: Watched) -> None:
    def look() -> None:
        if not watched.posted:
            watched.posted.append(FaultCleared("once"))
            watched.loop.wake()

    watched.look = look
    watched.loop.start()
    assert watched.looked(2)
    watched.loop.wake()
    assert watched.looked()


def test_whoever_waits_for_a_look_has_one(watched: Watched) -> None:
    watched.loop.start()
    assert watched.looked()
    watched.loop.wait_for_look(SOON)
    assert watched.looked()


def test_nobody_waits_for_a_look_that_does_not_come(watched: Watched) -> None:
    patient = threading.Thread(target=watched.loop.wait_for_look, args=(SOON,))
    patient.start()
    watched.clock.waiters()
    watched.clock.advance(SOON)
    patient.join(SOON)
    assert not patient.is_alive()


def test_a_defect_is_told_once_and_ends_a_look_alone(watched: Watched) -> None:
    def broken() -> float:
        raise ZeroDivisionError

    watched.look = broken
    watched.loop.start()
    assert watched.looked()
    watched.clock.advance(10.0)
    assert watched.looked()
    [raised] = watched.posted
    assert isinstance(raised, FaultRaised) and raised.fault.name == "defect:watch"
    watched.look = lambda: None
    watched.clock.advance(10.0)
    assert watched.looked()
    assert watched.posted[1:] == [DEFECT.cleared("watch")]


def test_a_look_that_hangs_is_overdue_and_one_that_sleeps_or_moves_is_not(watched: Watched) -> None:
    inside, go_on = threading.Event(), threading.Event()
    watched.loop.start()
    assert watched.looked()
    watched.clock.advance(9.0)
    assert watched.vitals.overdue() == ()

    def look() -> None:
        inside.set()
        go_on.wait(SOON)

    watched.look = look
    watched.clock.advance(1.0)
    assert inside.wait(SOON)
    watched.clock.advance(29.0)
    assert watched.loop.goes_on()
    watched.clock.advance(29.0)
    assert watched.vitals.overdue() == ()
    watched.clock.advance(2.0)
    assert watched.vitals.overdue() == ("watch",)
    go_on.set()


def test_one_that_does_not_end_is_an_error_of_ours(watched: Watched) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def look() -> None:
        inside.set()
        go_on.wait(SOON)

    watched.look = look
    watched.loop.start()
    assert inside.wait(SOON)
    with pytest.raises(Stuck, match=r"the thread watch did not end within 0\.01 s"):
        watched.loop.close(0.01)
    assert not watched.loop.goes_on()
    go_on.set()


def test_one_that_never_began_can_be_closed(watched: Watched) -> None:
    watched.loop.close()
    assert watched.loop.ends(0.0)
