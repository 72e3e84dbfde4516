"""What a destination refused goes again once it works, and no clip that it never takes is sent for ever."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.delivery.refusals import Refusals
from appliance.errors import Permanent, Transient
from appliance.events import DeliveryParked, DeliverySucceeded, FaultCleared
from appliance.faults import DELIVERY
from appliance.models import DeliveryState
from appliance.testing.memory import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.delivery.outbox import Outbox
    from appliance.models import Clip, Receipt
    from appliance.plugin import UploadJob

    from .conftest import Box

DONE = (DeliveryState.DELIVERED, DeliveryState.PARKED)


class Office(MemoryBackend):
    """A destination that refuses everything for a while, and some clips for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: Permanent | Transient | None = None
        self.never: dict[str, str] = {}
        self.asked: Counter[str] = Counter()

    def deliver(self, job: UploadJob) -> Receipt:
        assert job.clip
        self.asked[job.clip.id] += 1
        if self.refuses:
            raise self.refuses
        if job.clip.id in self.never:
            raise Permanent(self.never[job.clip.id])
        return super().deliver(job)

    def was_asked(self, clip: Clip) -> bool:
        return self.asked[clip.id] > 0


def send_all(box: Box, outbox: Outbox) -> None:
    """Let time pass until everything has arrived or was refused, and stays so."""
    outbox.wake()

    def settled() -> bool:
        return all(each.state in DONE for each in box.store.outbox.find())

    box.pass_time(1.0, settled)
    box.clock.waiters()
    box.pass_time(1.0, settled)


def test_what_was_refused_goes_again_when_another_has_arrived(box: Box) -> None:
    office = Office()
    outbox = box.deliver(cloud=office)
    for reason in ("answers 404 Not Found", "answers 403 Forbidden", "answers 302 Found"):
        office.refuses = Permanent(reason)
        box.clip()
        send_all(box, outbox)
    office.refuses = None
    box.clip()
    outbox.wake()
    box.pass_time(1.0, lambda: len(box.events.of(DeliverySucceeded)) == 4)
    assert len(box.events.of(DeliveryParked)) == 3
    assert box.events.wait(FaultCleared) == [DELIVERY.cleared("cloud")]


def test_what_is_never_taken_goes_again_more_and_more_rarely_and_stays_told(box: Box) -> None:
    office = Office()
    outbox = box.deliver(cloud=office)
    never = box.clip()
    office.never[never.id] = "too large"
    for _ in range(25):
        send_all(box, outbox)
        box.clip()
    assert office.asked[never.id] == 3, "at first, after the first that arrived, and after ten more"
    assert not box.events.of(FaultCleared)
    outbox.cancel(never.id)
    assert box.events.wait(FaultCleared) == [DELIVERY.cleared("cloud")]


def test_a_clip_that_is_spoilt_here_is_not_taken_for_one_that_was_refused_there(box: Box) -> None:
    outbox = box.deliver(cloud=Office())
    spoilt = box.clip()
    box.path(spoilt).unlink()
    send_all(box, outbox)
    for _ in range(3):
        box.clip()
        send_all(box, outbox)
    assert box.delivery(spoilt).attempts == 1 and not box.events.of(FaultCleared)


weathers = st.lists(st.sampled_from(["well", "well", "no rights", "moved", "away"]), max_size=8)


@pytest.mark.slow
@given(weathers=weathers, poisoned=st.sets(st.integers(0, 7)), numbered=st.booleans())
@settings(max_examples=25, deadline=None)
def test_whatever_a_destination_does_every_clip_that_it_takes_arrives_and_none_is_sent_for_ever(
    open_box: Callable[[], AbstractContextManager[Box]], weathers: list[str], poisoned: set[int], numbered: bool
) -> None:
    with open_box() as box:
        office = Office()
        outbox = box.deliver(cloud=office)
        clips: list[Clip] = []
        for number, weather in enumerate([*weathers, *["well"] * 12]):
            error = Transient if weather == "away" else Permanent
            office.refuses = None if weather == "well" else error(f"{weather} {number if numbered else ''}")
            clips.append(box.clip())
            if number in poisoned:
                office.never[clips[-1].id] = f"too large {number if numbered else ''}"
            if weather == "away":
                outbox.wake()
                box.settle(partial(office.was_asked, clips[-1]))
            else:
                send_all(box, outbox)
        arrived = {each.clip_id for each in box.store.outbox.find() if each.state is DeliveryState.DELIVERED}
        assert arrived == {clip.id for clip in clips} - office.never.keys()
        away = weathers.count("away") * 10
        for clip in clips:
            assert office.asked[clip.id] <= 1 + len(arrived) + away
        for clip_id in office.never:
            assert office.asked[clip_id] <= 3 + len(set(weathers)) + away


@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["refused", "arrived", "forget"])), max_size=60),
    reasons=st.lists(st.sampled_from(["too large: 3 bytes", "too large: 44 bytes", "forbidden"]), min_size=1),
)
def test_each_refusal_lets_go_once(steps: list[tuple[int, str]], reasons: list[str]) -> None:
    refusals, waiting = Refusals(), set[int]()
    for number, (delivery, step) in enumerate(steps):
        if step == "refused":
            refusals.refused(delivery, reasons[number % len(reasons)])
            waiting.add(delivery)
        elif step == "forget":
            refusals.forget([delivery])
            waiting.discard(delivery)
        else:
            again = set(refusals.arrived())
            assert again <= waiting
            waiting -= again


@pytest.mark.parametrize("reason", ["too large: 5 of 3 bytes", "busy (request 7f3a)"])
def test_ten_times_as_many_arrivals_each_time(reason: str) -> None:
    refusals, let_go = Refusals(), []
    refusals.refused(1, reason)
    for arrival in range(1, 1200):
        if refusals.arrived():
            let_go.append(arrival)
            refusals.refused(1, reason.replace("7f3a", str(arrival)))
    assert let_go == [1, 11, 111, 1111]
    refusals.refused(1, "another reason")
    assert refusals.arrived() == [1]
