"""What may pass by itself is told once it lasts: with its reason and its beginning, until it works."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.feeds import FeedSettings
from appliance.config.options import Seconds
from appliance.config.settings import RetrySettings
from appliance.delivery.trouble import STUBBORN
from appliance.errors import Transient
from appliance.events import DeliveryPostponed, DeliverySucceeded, FaultCleared, FaultRaised
from appliance.faults import DELIVERY, FEED
from appliance.feeds.puller import Feed
from appliance.retry import TELL_AFTER, TELL_FAILURES, TELL_WAITS, Streak
from appliance.testing.memory import MemoryBackend

if TYPE_CHECKING:
    from appliance.models import Receipt
    from appliance.plugin import FeedJob, UploadJob

    from .conftest import Box

MANY = 100


def told(box: Box) -> bool:
    return bool(box.events.of(FaultRaised))


@pytest.mark.slow
def test_a_destination_that_is_away_is_told_after_ten_minutes_until_it_is_back(box: Box) -> None:
    class Stick(MemoryBackend):
        away = True

        def deliver(self, job: UploadJob) -> Receipt:
            if self.away:
                raise Transient("no disk is mounted there: plug it in")
            return super().deliver(job)

    backend = Stick()
    box.clip()
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliveryPostponed)
    begin = box.clock.monotonic()
    box.pass_time(1.0, lambda: told(box))
    assert box.clock.monotonic() - begin == pytest.approx(TELL_AFTER, abs=2.0)
    [raised] = box.events.of(FaultRaised)
    assert raised.fault.name == DELIVERY.named("cloud") and "plug it in" in raised.fault.message
    assert raised.fault.since == begin and not raised.fault.urgent
    streak, next_try = outbox.failing()["cloud"]
    assert streak.failures >= TELL_FAILURES and streak.reason == "no disk is mounted there: plug it in" and next_try > 0
    backend.away = False
    box.store.outbox.retry()
    outbox.wake()
    assert box.events.wait(FaultCleared) == [DELIVERY.cleared("cloud")]
    assert not outbox.failing()["cloud"][0].failures


@pytest.mark.slow
def test_a_server_that_starts_again_is_not_told(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(*[Transient("refused")] * 7)
    box.clip()
    box.deliver(cloud=backend)
    box.pass_time(1.0, lambda: bool(box.events.of(DeliverySucceeded)))
    assert len(box.events.of(DeliveryPostponed)) == 7 and not told(box)


@pytest.mark.parametrize(("reason", "told_as"), [("refused", "refused. "), ("is it up?", "is it up? ")])
def test_what_is_told_reads_as_sentences(box: Box, reason: str, told_as: str) -> None:
    backend = MemoryBackend()
    backend.fail(*[Transient(reason)] * MANY)
    box.clip()
    box.deliver(cloud=backend, settings={"retry": RetrySettings(Seconds(0.1), Seconds(0.5))})
    box.pass_time(0.1, lambda: told(box))
    assert f": {told_as}Nothing arrives there" in box.events.of(FaultRaised)[0].fault.message


def test_short_waits_are_told_sooner(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(*[Transient("refused")] * MANY)
    box.clip()
    box.deliver(cloud=backend, settings={"retry": RetrySettings(Seconds(0.1), Seconds(0.5))})
    begin = box.clock.monotonic()
    box.pass_time(0.1, lambda: told(box))
    assert box.clock.monotonic() - begin == pytest.approx(TELL_WAITS * 0.5, abs=0.5)


def test_a_clip_that_fails_again_and_again_is_told_though_others_arrive(box: Box) -> None:
    poisoned = box.clip()

    class Picky(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            if job.clip == poisoned and not self.mended:
                raise Transient("the server closed the line")
            return super().deliver(job)

        mended = False

    backend = Picky()
    outbox = box.deliver(cloud=backend)
    for number in range(1, STUBBORN):
        box.events.wait(DeliveryPostponed, number)
        box.clip()
        while len(box.events.of(DeliverySucceeded)) < number:
            outbox.wake()  # who is in the middle of an attempt does not hear it
            time.sleep(0.01)
        assert not told(box)
        box.pass_time(8.0, lambda number=number: len(box.events.of(DeliveryPostponed)) > number)  # type: ignore[misc]
    [raised] = box.events.wait(FaultRaised)
    assert poisoned.id in raised.fault.message and "closed the line" in raised.fault.message
    box.clip()
    outbox.wake()
    box.events.wait(DeliverySucceeded, STUBBORN)
    assert not box.events.of(FaultCleared)
    backend.mended = True
    box.store.outbox.retry()
    outbox.wake()
    assert box.events.wait(FaultCleared) == [DELIVERY.cleared("cloud")]


def test_nothing_that_waits_is_no_fault(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(*[Transient("refused")] * MANY)
    clip = box.clip()
    outbox = box.deliver(cloud=backend)
    box.pass_time(10.0, lambda: told(box))
    outbox.cancel(clip.id)
    assert box.events.wait(FaultCleared) == [DELIVERY.cleared("cloud")]


class Dead:
    """A feed whose server is away until it is not."""

    def __init__(self) -> None:
        self.away = True

    def pull(self, job: FeedJob) -> None:
        if self.away:
            raise Transient("example.org refuses the connection")

    def close(self) -> None:
        pass


def test_a_feed_that_is_dead_for_long_is_told_until_it_is_back(box: Box) -> None:
    backend = Dead()
    feeds = box.pull(news=Feed("news", FeedSettings("urls", Seconds(900)), backend))
    begin = box.clock.monotonic()
    box.pass_time(10.0, lambda: told(box))
    assert TELL_AFTER <= box.clock.monotonic() - begin <= 3 * TELL_AFTER
    [raised] = box.events.of(FaultRaised)
    assert raised.fault.name == FEED.named("news") and "refuses the connection" in raised.fault.message
    assert raised.fault.since is not None and raised.fault.since == pytest.approx(begin, abs=10.0)
    assert feeds.failing()["news"][0].failures >= TELL_FAILURES
    backend.away = False
    feeds.pull_now()
    assert box.events.wait(FaultCleared) == [FEED.cleared("news")]


@given(waits=st.lists(st.floats(0.0, 5000.0), max_size=30), longest=st.floats(0.01, 86_400.0))
def test_nobody_is_told_of_few_failures_or_short_ones_nor_left_in_ignorance(waits: list[float], longest: float) -> None:
    streak, now = Streak(longest), 0.0
    for wait in waits:
        now += wait
        streak = streak.failed("no", now)
    lasted = now - waits[0] if waits else 0.0
    if streak.lasts(now):
        assert len(waits) >= TELL_FAILURES and lasted >= min(TELL_AFTER, TELL_WAITS * longest) - 1e-6
    else:
        assert len(waits) < TELL_FAILURES or lasted < min(TELL_AFTER, TELL_WAITS * longest) + 1e-6
    assert not streak.over().lasts(now + 1e9)
