"""The threads that answer: as many as are held, and no more than before once they are let go of."""

from collections.abc import Iterator
from threading import Event, Semaphore
from types import SimpleNamespace

import pytest
from attrs import define, field

from appliance.page.pool import Pool

FEW, MOST = 6, 36


@define
class Line:
    """A connection whose answer takes until `over`."""

    over: Event = field(factory=Event)
    answered: Semaphore = field(factory=lambda: Semaphore(0))
    ended: Event = field(factory=Event)

    def communicate(self) -> bool:
        self.answered.release()
        self.over.wait(20)
        return False

    def close(self) -> None:
        self.ended.set()


@pytest.fixture
def threads() -> Iterator[Pool]:
    server = SimpleNamespace(stats={"Worker Threads": {}, "Enabled": False}, error_log=print)
    server.requests = made = Pool(server, min=FEW, max=MOST)
    made.start()
    yield made
    made.stop(5)


def test_each_of_many_who_hold_one_has_one_and_they_go_again(threads: Pool) -> None:
    crowd = [Line() for _ in range(MOST - 1)]
    try:
        for each in crowd:
            threads.put(each)
        assert all(each.answered.acquire(timeout=20) for each in crowd)
    finally:
        for each in crowd:
            each.over.set()
    for each in crowd:
        assert each.ended.wait(20)
    for _ in range(10 * MOST):
        following = Line()
        following.over.set()
        threads.put(following)
        assert following.ended.wait(20)
    assert threads.idle < MOST - 8


def test_there_are_never_too_many(threads: Pool) -> None:
    crowd = [Line() for _ in range(MOST + 1)]
    try:
        for each in crowd:
            threads.put(each)
        assert all(each.answered.acquire(timeout=20) for each in crowd[:MOST])
        assert (threads.idle, threads.qsize) == (0, 1)
    finally:
        for each in crowd:
            each.over.set()
    assert crowd[-1].ended.wait(20)
