"""A backend that does not come back, and shows no sign that it moves, is named; one that takes its time is not."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from appliance import limits
from appliance.events import DeliverySucceeded, FaultCleared, FaultRaised, TrackArrived
from appliance.models import Receipt
from appliance.plugin import FeedJob, LiveJob, UploadJob
from appliance.retry import TELL_AFTER
from appliance.testing.backends import MemoryBackend
from tests.delivery.test_feeds import Puller, brings, feed
from tests.delivery.test_live import PART, LiveMemory, Take

Box = Any


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOOK", 0.01)


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """Lets those go that hang."""
    event = threading.Event()
    yield event
    event.set()


def hangs(go: threading.Event) -> Any:
    class Hangs(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            self.started.set()
            while not go.wait(0.05):
                self.sign(job)
            return super().deliver(job)

        def sign(self, job: UploadJob) -> object:
            return None

    return Hangs()


def test_what_is_heard_of_a_delivery_is_told_beside_it_and_a_fault_once_that_lasts(
    box: Box, go: threading.Event
) -> None:
    backend = hangs(go)
    clip = box.clip()
    box.deliver(cloud=backend)
    assert backend.started.wait(30)
    box.clock.advance(3)
    box.settle(lambda: box.delivery(clip).last_error == "nothing was heard of its plugin for 3 s")
    assert not box.events.of(FaultRaised)
    box.clock.advance(TELL_AFTER)
    [raised] = box.events.wait(FaultRaised)
    assert raised.fault.name == "delivery:cloud"
    assert "nothing is heard of its plugin: it hangs" in raised.fault.message
    go.set()
    box.events.wait(DeliverySucceeded)
    box.events.wait(FaultCleared)


@pytest.mark.parametrize(
    "sign",
    [
        lambda self, job: job.cancelled(),
        lambda self, job: job.progress(1),
        lambda self, job: job.save_resume({"part": 1}),
    ],
    ids=["asks whether to end", "tells how far it is", "leaves a note"],
)
def test_a_slow_one_that_moves_is_not_named(box: Box, go: threading.Event, sign: Any) -> None:
    backend = hangs(go)
    type(backend).sign = sign
    clip = box.clip()
    box.deliver(cloud=backend)
    assert backend.started.wait(30)
    moved = threading.Event()
    type(backend).sign = lambda self, job: (sign(self, job), moved.set())
    for _ in range(5):
        box.clock.advance(TELL_AFTER / 2)
        moved.clear()
        assert moved.wait(30)
    assert not box.events.of(FaultRaised)
    go.set()
    box.events.wait(DeliverySucceeded)
    assert box.delivery(clip).last_error == ""


def test_one_that_hangs_while_it_sends_live_is_named_at_the_clip_that_waits_for_it(
    box: Box, go: threading.Event
) -> None:
    class Hangs(LiveMemory):
        def deliver_live(self, job: LiveJob) -> None:
            self.live_started.set()
            go.wait(30)

    cloud = Hangs()
    outbox = box.deliver(cloud=cloud)
    take = Take(box)
    outbox.follow(take.growing)
    take.record(2 * PART)
    assert cloud.live_started.wait(30)
    clip = take.stop()
    box.clock.waiters(30)

    def named() -> bool:
        box.clock.advance(1)
        return "nothing was heard of its plugin" in str(box.delivery(clip).last_error)

    box.settle(named)
    go.set()

    def arrived() -> bool:
        box.clock.advance(1)
        return bool(box.events.of(DeliverySucceeded))

    box.settle(arrived)


def test_a_feed_that_hangs_is_a_fault_until_it_goes_on(box: Box, go: threading.Event) -> None:
    begun = threading.Event()

    def pull(job: FeedJob) -> None:
        begun.set()
        go.wait(30)
        brings("a")(job)

    box.pull(news=feed(Puller(pull)))
    assert begun.wait(30)
    box.clock.advance(TELL_AFTER)
    [raised] = box.events.wait(FaultRaised)
    assert raised.fault.name == "feed:news" and "it hangs" in raised.fault.message
    go.set()
    box.events.wait(TrackArrived)
    box.events.wait(FaultCleared)
