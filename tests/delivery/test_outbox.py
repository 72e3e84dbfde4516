"""Every clip reaches every destination, whatever happens on the way."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.config.options import ByteCount, Seconds
from appliance.config.settings import RetrySettings
from appliance.errors import Cancelled, Permanent, StorageError, Transient
from appliance.events import (
    DeliveryCancelled,
    DeliveryParked,
    DeliveryPostponed,
    DeliveryProgress,
    DeliveryStarted,
    DeliverySucceeded,
    FaultCleared,
    FaultRaised,
)
from appliance.faults import DEFECT, DELIVERY
from appliance.models import ClockSource, DeliveryState, Receipt
from appliance.plugin import UploadJob
from appliance.store.room import Room
from appliance.testing.backends import MemoryBackend
from appliance.timekeeping import LOOK_EVERY, Timekeeper

SOON = 10.0
FAULT = "delivery:cloud"
Box = Any


class Watching(MemoryBackend):
    """Notices when one rendition is sent twice at the same time, and how many are at most."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self._inside: list[str] = []
        self._watch = threading.Lock()

    def deliver(self, job: UploadJob) -> Receipt:
        with self._watch:
            assert job.idempotency_key not in self._inside, "sent twice at the same time"
            self._inside.append(job.idempotency_key)
            self.most = max(self.most, len(self._inside))
        try:
            return super().deliver(job)
        finally:
            with self._watch:
                self._inside.remove(job.idempotency_key)


def test_a_clip_arrives_and_its_receipt_is_kept(box: Box) -> None:
    backend = MemoryBackend()
    clip = box.clip()
    box.deliver(cloud=backend)
    [succeeded] = box.events.wait(DeliverySucceeded)
    assert backend.objects == {f"{clip.name}.wav": box.path(clip).read_bytes()}
    delivery = box.delivery(clip)
    assert delivery.state is DeliveryState.DELIVERED
    assert delivery.receipt == succeeded.receipt
    assert succeeded.receipt.checksum == hashlib.sha256(box.path(clip).read_bytes()).hexdigest()
    assert box.events.of(DeliveryStarted) == [DeliveryStarted(clip.id, "cloud", 1, clip.size)]
    assert not box.events.of(FaultRaised)


def test_what_is_recorded_later_goes_as_soon_as_the_outbox_is_woken(box: Box) -> None:
    outbox = box.deliver(cloud=MemoryBackend())
    box.clock.waiters()
    box.clip()
    box.store.submit(outbox.wake).result()
    box.events.wait(DeliverySucceeded)


def test_the_key_stays_and_the_attempts_are_counted(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Transient("no route"), Transient("no route"))
    clip = box.clip()
    box.deliver(cloud=backend)
    box.pass_time(5, lambda: box.events.of(DeliverySucceeded))
    assert [job.attempt for job in backend.attempts] == [1, 2, 3]
    assert {job.idempotency_key for job in backend.attempts} == {f"{clip.id}-original-cloud"}


def test_a_transient_failure_waits_at_random_and_twice_as_long_each_time(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(*[Transient("no route")] * 4)
    box.clip()
    box.deliver(cloud=backend, jitter=lambda: 0.5)
    waits = []
    for number in range(1, 5):
        waits.append(box.events.wait(DeliveryPostponed, number)[-1].seconds)
        box.clock.waiters()
        box.clock.advance(waits[-1] - 0.01)
        box.clock.waiters()
        assert len(backend.attempts) == number
        box.clock.advance(0.02)
    box.events.wait(DeliverySucceeded)
    assert waits == [4, 8, 16, 32]
    assert not box.events.of(FaultRaised)


def test_the_wait_that_the_other_side_asks_for_is_kept(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Transient("busy", retry_after=120))
    box.clip()
    outbox = box.deliver(cloud=backend)
    assert box.events.wait(DeliveryPostponed)[0].seconds == 120
    box.clock.waiters()
    box.clock.advance(119)
    outbox.wake()
    box.clock.waiters()
    assert len(backend.attempts) == 1
    box.clock.advance(1)
    box.events.wait(DeliverySucceeded)


def test_what_a_person_should_know_is_told_at_once_until_it_has_arrived(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Transient("it needs longer than timeouts.read", tell=True))
    box.clip()
    box.deliver(cloud=backend)
    assert "longer than timeouts.read" in box.events.wait(FaultRaised)[0].fault.message
    box.clock.waiters()
    assert not box.events.of(FaultCleared)
    box.pass_time(5, lambda: box.events.of(DeliverySucceeded))
    box.events.wait(FaultCleared)


def test_waking_ends_the_wait_after_a_failure(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Transient("no route"))
    clip = box.clip()
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliveryPostponed)
    assert box.store.outbox.retry("cloud", clip.id) == 1
    outbox.wake("cloud")
    box.events.wait(DeliverySucceeded)


def test_when_the_network_is_back_what_failed_is_due_and_soon_again(box: Box) -> None:
    backend = MemoryBackend()
    box.clip()
    backend.fail(*[Transient("no network")] * 12)
    outbox = box.deliver(cloud=backend)
    for number in range(1, 10):
        box.clock.advance(box.events.wait(DeliveryPostponed, number)[-1].seconds)
        box.clock.waiters()
    assert box.events.wait(DeliveryPostponed, 10)[-1].seconds > 1000
    outbox.hurry()
    assert box.events.wait(DeliveryPostponed, 11)[-1].seconds == 4
    box.clock.waiters()
    box.clock.advance(4)
    assert box.events.wait(DeliveryPostponed, 12)[-1].seconds == 8
    outbox.hurry()
    box.events.wait(DeliverySucceeded)


def test_when_the_network_is_back_what_it_refused_goes_too(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Permanent("answers with a web page: that may be the login page of this network"))
    box.clip()
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliveryParked)
    outbox.hurry()
    box.events.wait(DeliverySucceeded)
    assert box.events.wait(FaultCleared) == [DELIVERY.cleared("cloud")]


def test_when_the_clock_is_set_everything_that_failed_goes_again(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Permanent("certificate expired"), Transient("certificate not valid yet", retry_after=1))
    box.clock.source = ClockSource.NONE
    box.clip()
    box.clip()
    outbox = box.deliver(cloud=backend, settings={"retry": RetrySettings(Seconds(3600), Seconds(3600))})
    timekeeper = Timekeeper(box.store, box.clock, box.vitals, outbox.hurry)
    timekeeper.start()
    box.events.wait(DeliveryParked)
    outbox.wake()
    box.events.wait(DeliveryPostponed)
    box.pass_time(LOOK_EVERY, lambda: box.clock.monotonic() > 60)
    assert len(backend.attempts) == 2, "nothing has changed yet"
    box.clock.source = ClockSource.NTP
    box.clock.waiters(at_least=2)
    box.clock.advance(LOOK_EVERY)
    assert len(box.events.wait(DeliverySucceeded, 2)) == 2
    timekeeper.close()


class RefusesOnce(MemoryBackend):
    def deliver(self, job: UploadJob) -> Receipt:
        receipt = super().deliver(job)
        if job.attempt == 1:
            raise Permanent("the certificate has expired, by the clock as it was")
        return receipt


def test_what_was_under_way_when_the_clock_was_set_is_tried_once_more_before_it_is_parked(box: Box) -> None:
    backend = RefusesOnce()
    backend.held.set()
    clip = box.clip()
    outbox = box.deliver(cloud=backend)
    assert backend.started.wait(SOON)
    outbox.hurry()
    box.store.submit(lambda: None).result()
    backend.held.clear()
    box.events.wait(DeliveryPostponed)
    box.pass_time(1, lambda: box.delivery(clip).state is DeliveryState.DELIVERED)
    assert not box.events.of(DeliveryParked)


def test_a_permanent_failure_parks_until_a_person_has_acted(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Permanent("the bucket is gone.\nCreate it"))
    clip = box.clip()
    outbox = box.deliver(cloud=backend)
    [parked] = box.events.wait(DeliveryParked)
    assert parked == DeliveryParked(clip.id, "cloud", "the bucket is gone. Create it")
    [raised] = box.events.wait(FaultRaised)
    assert raised.fault.name == FAULT
    assert "cloud: the bucket is gone. Create it; then run `appliance clips retry`" in raised.fault.message
    assert not raised.fault.urgent
    box.clock.waiters()
    box.clock.advance(3600)
    box.clock.waiters()
    assert len(backend.attempts) == 1
    assert box.delivery(clip).state is DeliveryState.PARKED

    box.store.outbox.retry("cloud")
    outbox.wake("cloud")
    box.events.wait(DeliverySucceeded)
    assert box.events.wait(FaultCleared) == [DELIVERY.cleared("cloud")]


def test_what_is_parked_goes_again_once_a_day(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Permanent("no"))
    box.clip()
    box.deliver(cloud=backend)
    box.events.wait(DeliveryParked)
    box.pass_time(600, lambda: box.events.of(DeliverySucceeded))
    assert 86_400 <= box.clock.monotonic() - 1001 < 86_400 + 3600
    box.events.wait(FaultCleared)


def test_what_is_parked_goes_again_at_start(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Permanent("no"))
    clip = box.clip()
    box.deliver(cloud=backend)
    box.events.wait(DeliveryParked)
    box.restart()
    box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded)
    assert box.delivery(clip).attempts == 2


def test_the_fault_stays_while_anything_is_parked(box: Box) -> None:
    class RefusesOne(MemoryBackend):
        allowed = False

        def deliver(self, job: UploadJob) -> Receipt:
            if job.clip == first and not self.allowed:
                raise Permanent("too large")
            return super().deliver(job)

    backend = RefusesOne()
    first, second = box.clip(), box.clip()
    outbox = box.deliver(cloud=backend)
    box.pass_time(1, lambda: box.events.of(DeliverySucceeded))
    outbox.wake()
    box.clock.waiters()
    assert not box.events.of(FaultCleared)
    assert box.delivery(second).state is DeliveryState.DELIVERED
    backend.allowed = True
    box.store.outbox.retry()
    outbox.wake()
    box.events.wait(FaultCleared)


class Broken(MemoryBackend):
    """Breaks the contract until it is mended."""

    def __init__(self, how: Callable[[Receipt], Any]) -> None:
        super().__init__()
        self.mended = False
        self._how = how

    def deliver(self, job: UploadJob) -> Receipt:
        receipt = super().deliver(job)
        return receipt if self.mended else self._how(receipt)


def _raise(error: BaseException) -> Callable[[Receipt], Any]:
    def how(_: Receipt) -> Any:
        raise error

    return how


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (_raise(KeyError("etag")), "defect in the backend: KeyError: 'etag'"),
        (_raise(SystemExit(1)), "SystemExit: 1"),
        (_raise(KeyboardInterrupt()), "KeyboardInterrupt"),
        (_raise(asyncio.CancelledError()), "CancelledError"),
        (_raise(GeneratorExit()), "GeneratorExit"),
        (_raise(OSError(2, "no", "stick/\udcff.wav")), r"stick/\udcff.wav"),
        (_raise(Cancelled("I do not feel like it")), "I do not feel like it"),
        (lambda _: None, "deliver returned NoneType, which is no receipt"),
        (lambda receipt: evolve(receipt, size=1), "the receipt says 1 bytes"),
        (lambda receipt: evolve(receipt, verified="maybe"), "a verified that is no bool"),
    ],
)
def test_a_defect_of_the_backend_is_named_and_tried_again_much_later(
    box: Box, how: Callable[[Receipt], Any], words: str
) -> None:
    backend = Broken(how)
    clip = box.clip()
    box.deliver(cloud=backend)
    [postponed] = box.events.wait(DeliveryPostponed)
    assert postponed.seconds == 3600
    [raised] = box.events.wait(FaultRaised)
    assert raised.fault.name == FAULT
    assert words in raised.fault.message
    assert box.delivery(clip).state is DeliveryState.PENDING
    backend.mended = True
    box.clock.waiters()
    box.clock.advance(3600)
    [succeeded], [cleared] = box.events.wait(DeliverySucceeded), box.events.wait(FaultCleared)
    assert box.events.all.index(cleared) > box.events.all.index(succeeded)


def test_a_receipt_without_a_time_gets_one(box: Box) -> None:
    box.clip()
    box.deliver(cloud=Broken(lambda receipt: evolve(receipt, received_at=0)))
    [succeeded] = box.events.wait(DeliverySucceeded)
    assert succeeded.receipt.received_at == box.clock.wall_ns()


def test_resume_notes_survive_a_restart(box: Box) -> None:
    class Resumes(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            if job.resume is None:
                job.save_resume({"part": 3})
                raise Transient("line went dead")
            return super().deliver(job)

    box.clip()
    box.deliver(cloud=Resumes())
    box.events.wait(DeliveryPostponed)
    box.restart()
    backend = Resumes()
    box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded)
    assert backend.attempts[0].resume == {"part": 3}


# -- several clips, several destinations -------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "step"), [("oldest", 1), ("newest", -1)])
def test_the_order_of_delivery(box: Box, order: str, step: int) -> None:
    clips = [box.clip() for _ in range(4)]
    backend = MemoryBackend()
    box.deliver(cloud=backend, settings={"order": order})
    box.events.wait(DeliverySucceeded, 4)
    assert [job.clip for job in backend.attempts] == clips[::step]


def test_destinations_do_not_wait_for_each_other(new_box: Callable[..., Box]) -> None:
    box = new_box(dead="original", held="original", alive="original")
    dead, held, alive = MemoryBackend(), MemoryBackend(), MemoryBackend()
    dead.fail(*[Transient("no route")] * 1000)
    held.held.set()
    for _ in range(3):
        box.clip()
    box.deliver(dead=dead, held=held, alive=alive)
    box.events.wait(DeliverySucceeded, 3)
    assert len(alive.objects) == 3
    held.held.clear()
    box.settle(lambda: len(held.objects) == 3)


def test_a_dead_network_costs_one_attempt_for_each_wait_and_not_for_each_clip(box: Box) -> None:
    class DeadLine(MemoryBackend):
        alive = False

        def deliver(self, job: UploadJob) -> Receipt:
            if not self.alive:
                self.attempts.append(job)
                raise Transient("no route")
            return super().deliver(job)

    backend = DeadLine()
    for _ in range(12):
        box.clip()
    outbox = box.deliver(cloud=backend, jitter=lambda: 0.999)
    for number in range(1, 8):
        box.events.wait(DeliveryPostponed, number)
        box.clock.waiters()
        box.clock.advance(8 * 2 ** (number - 1))
    box.events.wait(DeliveryPostponed, 8)
    box.clock.waiters()
    assert len(backend.attempts) == 8
    backend.alive = True
    outbox.wake()
    box.pass_time(10, lambda: len(box.events.of(DeliverySucceeded)) == 12)


def test_the_first_clip_that_arrives_ends_the_patience_with_the_destination(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(*[Transient("no route")] * 5, None, Transient("no route"))
    box.clip()
    outbox = box.deliver(cloud=backend)
    box.pass_time(1, lambda: box.events.of(DeliverySucceeded))
    box.clip()
    outbox.wake()
    assert box.events.wait(DeliveryPostponed, 6)[-1].seconds == 4


def test_a_poisoned_clip_does_not_starve_the_others(box: Box) -> None:
    poisoned = [box.clip() for _ in range(3)]
    others = [box.clip() for _ in range(10)]

    class Chokes(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            if job.clip in poisoned:
                raise Transient("internal server error")
            return super().deliver(job)

    begin = box.clock.monotonic()
    box.deliver(cloud=Chokes())
    box.pass_time(1, lambda: len(box.events.of(DeliverySucceeded)) == 10)
    assert box.clock.monotonic() - begin < 60
    assert all(box.delivery(clip).state is DeliveryState.DELIVERED for clip in others)
    assert all(box.delivery(clip).state is DeliveryState.PENDING for clip in poisoned)


def test_parallel_attempts(box: Box) -> None:
    backend = Watching()
    backend.held.set()
    for _ in range(7):
        box.clip()
    outbox = box.deliver(cloud=backend, settings={"max_parallel": 3})
    box.settle(lambda: backend.most == 3)
    assert len(outbox.progress()) == 3
    backend.held.clear()
    box.events.wait(DeliverySucceeded, 7)
    assert backend.most == 3
    assert len(backend.attempts) == 7


def test_nothing_is_begun_outside_the_active_hours(box: Box) -> None:
    box.clock.set_wall(86_400 * 20_000 + 21 * 3600)
    box.clip()
    backend = MemoryBackend()
    begin = box.clock.monotonic()
    box.deliver(cloud=backend, settings={"active_hours": ("22:00-06:00",)})
    box.pass_time(60, lambda: box.events.of(DeliverySucceeded))
    assert 3590 <= box.clock.monotonic() - begin <= 3600 + 120


def test_the_rate_limit_makes_the_sender_wait(box: Box) -> None:
    class InBlocks(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            for sent in range(0, job.rendition.size, 1000):
                job.progress(sent)
                job.check_cancelled()
            return super().deliver(evolve(job, progress=lambda _: None))

    clip = box.clip(b"\x01\x02" * 30_000)
    begin = box.clock.monotonic()
    box.deliver(cloud=InBlocks(), settings={"rate_limit": ByteCount(10_000)})
    box.pass_time(0.1, lambda: box.events.of(DeliverySucceeded))
    took = box.clock.monotonic() - begin
    assert clip.size / 10_000 - 1.2 <= took <= clip.size / 10_000 + 1


# -- progress, cancelling and stopping ---------------------------------------------------------------------------------


def test_progress_is_told_four_times_a_second_at_most(box: Box) -> None:
    class Chatters(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            for sent in range(0, 8000, 10):
                job.progress(sent)
                box.clock.advance(0.01)
            seen.extend(outbox.progress())
            return super().deliver(evolve(job, progress=lambda _: None))

    seen: list[DeliveryProgress] = []
    clip = box.clip()
    outbox = box.deliver(cloud=Chatters())
    box.events.wait(DeliverySucceeded)
    told = box.events.of(DeliveryProgress)
    assert 20 <= len(told) <= 33
    assert told[-1].rate == pytest.approx(1000)
    assert told[-1].seconds_left == pytest.approx((clip.size - told[-1].sent) / 1000)
    assert [one.sent for one in seen] == [7990]
    assert outbox.progress() == ()


def test_what_waits_can_be_cancelled(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Transient("no route"))
    clip = box.clip()
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliveryPostponed)
    assert outbox.cancel(clip.id) == 1
    assert box.events.of(DeliveryCancelled) == [DeliveryCancelled(clip.id, "cloud")]
    assert box.delivery(clip).state is DeliveryState.CANCELLED
    assert outbox.cancel(clip.id) == 0
    box.clock.waiters()
    box.clock.advance(3600)
    box.clock.waiters()
    assert len(backend.attempts) == 1


def test_a_clip_that_the_disk_does_not_let_go_is_delivered_as_if_nobody_had_wanted_to_delete_it(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Transient("no route"))
    clip = box.clip()
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliveryPostponed)

    def refuse() -> None:
        assert box.delivery(clip).state is DeliveryState.PENDING, "the clip is there, so its deliveries are"
        raise StorageError("the card is read-only")

    with pytest.raises(StorageError):
        outbox.cancel(clip.id, deleting=refuse)
    assert not box.events.of(DeliveryCancelled)
    box.pass_time(3600, lambda: bool(box.events.of(DeliverySucceeded)))
    assert box.delivery(clip).state is DeliveryState.DELIVERED


def test_what_is_sent_of_a_clip_ends_once_it_is_deleted(box: Box) -> None:
    backend = MemoryBackend()
    backend.held.set()
    clip = box.clip()
    outbox = box.deliver(cloud=backend)
    assert backend.started.wait(SOON)
    assert outbox.cancel(clip.id, deleting=lambda: box.store.clips.trash(clip.id)) == 1
    box.settle(lambda: not outbox.progress())
    assert box.events.of(DeliveryCancelled) == [DeliveryCancelled(clip.id, "cloud")]
    assert box.delivery(clip).state is DeliveryState.CANCELLED and not backend.objects


def test_what_is_being_sent_can_be_cancelled(new_box: Callable[..., Box]) -> None:
    box = new_box(cloud="original", office="original")
    cloud, office = MemoryBackend(), MemoryBackend()
    cloud.held.set()
    office.held.set()
    clip = box.clip()
    outbox = box.deliver(cloud=cloud, office=office)
    assert cloud.started.wait(SOON) and office.started.wait(SOON)
    assert outbox.cancel(clip.id, "cloud") == 1
    box.settle(lambda: len(outbox.progress()) == 1)
    assert box.delivery(clip, "cloud").state is DeliveryState.CANCELLED
    office.held.clear()
    box.events.wait(DeliverySucceeded)
    assert box.delivery(clip, "office").state is DeliveryState.DELIVERED
    assert not box.events.of(DeliveryPostponed) + box.events.of(DeliveryParked) + box.events.of(FaultRaised)
    assert not cloud.objects


def test_what_arrived_although_it_was_cancelled_keeps_its_receipt(box: Box) -> None:
    class Deaf(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            assert job.clip
            outbox.cancel(job.clip.id)
            return super().deliver(evolve(job, cancelled=lambda: False))

    clip = box.clip()
    ready = threading.Event()

    class Waits(Deaf):
        def deliver(self, job: UploadJob) -> Receipt:
            assert ready.wait(SOON)
            return super().deliver(job)

    outbox = box.deliver(cloud=Waits())
    ready.set()
    box.events.wait(DeliverySucceeded)
    assert box.delivery(clip).state is DeliveryState.DELIVERED


def test_a_clip_deleted_while_it_is_sent_raises_no_fault(box: Box) -> None:
    class Deletes(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            assert job.clip
            box.store.clips.delete(job.clip.id, "full")
            return super().deliver(job)

    box.clip()
    other = box.clip()
    backend = Deletes()
    outbox = box.deliver(cloud=backend)
    box.pass_time(5, lambda: len(backend.attempts) == 2)
    box.settle(lambda: not outbox.progress())
    assert not box.events.of(FaultRaised) + box.events.of(DeliveryParked)
    assert box.delivery(other).state is DeliveryState.CANCELLED


def test_stopping_gives_back_what_was_being_sent(box: Box) -> None:
    backend = MemoryBackend()
    backend.held.set()
    clip = box.clip()
    box.deliver(cloud=backend)
    assert backend.started.wait(SOON)
    box.outbox.close()
    delivery = box.delivery(clip)
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
    assert backend.closed
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("delivery:")]
    assert not box.events.of(DeliveryPostponed)
    box.restart()
    box.deliver(cloud=MemoryBackend())
    box.events.wait(DeliverySucceeded)


def test_stopping_does_not_wait_for_a_backend_that_hangs(box: Box) -> None:
    class Hangs(MemoryBackend):
        go = threading.Event()

        def deliver(self, job: UploadJob) -> Receipt:
            self.started.set()
            assert self.go.wait(SOON)
            return super().deliver(evolve(job, cancelled=lambda: False))

    backend = Hangs()
    clip = box.clip()
    box.deliver(cloud=backend)
    assert backend.started.wait(SOON)
    begin = time.monotonic()
    box.outbox.close(timeout=0.1)
    assert time.monotonic() - begin < 5
    assert box.delivery(clip).state is DeliveryState.PENDING
    assert not backend.closed
    backend.go.set()
    box.settle(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("delivery:")])
    assert box.delivery(clip).state is DeliveryState.PENDING
    assert not box.events.of(DeliverySucceeded)


def test_a_backend_that_cannot_even_be_closed_does_not_stop_the_end(box: Box) -> None:
    class Clings(MemoryBackend):
        def close(self) -> None:
            raise RuntimeError("no")

    box.deliver(cloud=Clings())
    box.outbox.close()


def test_a_slow_backend_is_no_hanging_thread(box: Box) -> None:
    backend = MemoryBackend()
    backend.held.set()
    box.clip()
    box.deliver(cloud=backend)
    assert backend.started.wait(SOON)
    box.clock.advance(86_400)
    assert box.vitals.overdue() == ()
    backend.held.clear()
    box.events.wait(DeliverySucceeded)
    box.clock.waiters()
    box.clock.advance(3600)
    assert box.vitals.overdue() == ()
    box.outbox.close()


def test_clips_of_a_destination_without_a_backend_wait(new_box: Callable[..., Box]) -> None:
    box = new_box(cloud="original", broken="original")
    clip = box.clip()
    outbox = box.deliver(cloud=MemoryBackend())
    outbox.wake("broken")
    box.events.wait(DeliverySucceeded)
    assert box.delivery(clip, "broken").state is DeliveryState.PENDING


class Instead:
    """Something of which a few attributes are others."""

    def __init__(self, inner: Any, **others: Any) -> None:
        self._inner = inner
        self.__dict__.update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def full_disk(store: Any, refusals: int) -> Any:
    """A store whose disk refuses a few receipts."""
    left = iter(range(refusals))

    def delivered(delivery_id: int, receipt: Receipt) -> None:
        if next(left, None) is not None:
            raise StorageError("the disk is full")
        store.outbox.delivered(delivery_id, receipt)

    return Instead(store, outbox=Instead(store.outbox, delivered=delivered))


def test_a_disk_that_refuses_does_not_lose_the_receipt(box: Box) -> None:
    clip, backend = box.clip(), MemoryBackend()
    box.store = full_disk(box.store, refusals=2)
    box.deliver(cloud=backend)
    box.pass_time(1, lambda: box.events.of(DeliverySucceeded))
    assert box.delivery(clip).state is DeliveryState.DELIVERED
    assert len(backend.attempts) == 1
    assert "the disk is full" in box.events.of(FaultRaised)[0].fault.message
    box.events.wait(FaultCleared)


def test_a_receipt_that_the_disk_refused_to_the_end_is_never_told(box: Box) -> None:
    """The next start delivers again: whoever heard of a receipt could look for it in vain."""
    box.clip()
    box.store = full_disk(box.store, refusals=1000)
    outbox = box.deliver(cloud=MemoryBackend())
    box.events.wait(FaultRaised)
    outbox.close()
    assert not box.events.of(DeliverySucceeded)


def forgetful(store: Any) -> Any:
    """A store that cannot be read once after a failure was written down."""
    refuse: list[bool] = []

    def postponed(delivery_id: int, error: str, until: float) -> None:
        store.outbox.postponed(delivery_id, error, until)
        refuse.append(True)

    def find(*args: Any, **names: Any) -> Any:
        if refuse:
            refuse.clear()
            raise StorageError("the disk reports errors")
        return store.outbox.find(*args, **names)

    return Instead(store, outbox=Instead(store.outbox, postponed=postponed, find=find))


def test_a_disk_that_cannot_be_read_after_a_failure_does_not_end_the_worker(box: Box) -> None:
    clip, backend = box.clip(), MemoryBackend()
    backend.fail(Transient("no route"))
    box.store = forgetful(box.store)
    box.deliver(cloud=backend)
    box.events.wait(DeliveryPostponed)
    box.pass_time(1, lambda: box.events.of(DeliverySucceeded))
    assert box.delivery(clip).state is DeliveryState.DELIVERED


# -- any sequence of outcomes ------------------------------------------------------------------------------------------

outcomes = st.sampled_from(
    [
        None,
        Transient("no route"),
        Transient("busy", retry_after=7200),
        Permanent("too large"),
        KeyError("defect"),
        Cancelled("nobody asked"),
    ]
)
interruptions = st.sampled_from(["nothing", "wake", "retry", "restart"])


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    clips=st.integers(1, 5),
    parallel=st.integers(1, 3),
    results=st.lists(outcomes, max_size=12),
    breaks=st.lists(interruptions, max_size=6),
    share=st.floats(0, 1, exclude_max=True),
)
def test_whatever_happens_every_clip_arrives_and_none_is_sent_twice_at_a_time(
    open_box: Callable[[], AbstractContextManager[Box]],
    clips: int,
    parallel: int,
    results: list[Exception | None],
    breaks: list[str],
    share: float,
) -> None:
    with open_box() as box:
        backend = Watching()
        backend.fail(*results)
        made = [box.clip() for _ in range(clips)]

        def start() -> None:
            box.deliver(cloud=backend, settings={"max_parallel": parallel}, jitter=lambda: share)

        def arrived() -> bool:
            return all(box.delivery(clip).state is DeliveryState.DELIVERED for clip in made)

        def last_fault() -> object:
            faults = [event for event in box.events.all if isinstance(event, FaultRaised | FaultCleared)]
            return faults[-1] if faults else None

        start()
        for interruption in breaks:
            box.clock.advance(1)
            if interruption == "restart":
                box.restart()
                start()
            elif interruption == "retry":
                box.store.outbox.retry()
                box.outbox.wake()
            elif interruption == "wake":
                box.outbox.wake()
        box.pass_time(7200, arrived)
        assert set(backend.objects) == {clip.file_name for clip in made}
        succeeded = [event.clip_id for event in box.events.of(DeliverySucceeded)]
        assert len(succeeded) == len(set(succeeded))
        box.pass_time(7200, lambda: not isinstance(last_fault(), FaultRaised))


class Surprising:
    """A store whose methods, or those of its rooms, named in `broken` raise what nobody has foreseen."""

    def __init__(self, store: Any, broken: set[str] | None = None, room: str = "") -> None:
        self._store = store
        self._room = room
        self.broken = set() if broken is None else broken

    def __getattr__(self, name: str) -> Any:
        if self._room + name in self.broken:
            raise RuntimeError(f"{self._room}{name} is broken")
        found = getattr(self._store, name)
        return Surprising(found, self.broken, f"{name}.") if isinstance(found, Room) else found


@pytest.mark.parametrize("broken", ["clips.find", "outbox.delivered"])
def test_a_defect_of_ours_costs_one_attempt(box: Box, caplog: pytest.LogCaptureFixture, broken: str) -> None:
    clip = box.clip()
    store = box.store = Surprising(box.store)
    store.broken = {broken}
    backend = MemoryBackend()
    outbox = box.deliver(cloud=backend)
    [postponed] = box.events.wait(DeliveryPostponed)
    assert f"defect of the appliance: RuntimeError: {broken} is broken" in postponed.message
    assert box.delivery(clip).state is DeliveryState.PENDING
    assert box.events.wait(FaultRaised)[0].fault.name == FAULT
    assert any(record.exc_info for record in caplog.records)
    box.settle(lambda: not outbox.progress())
    store.broken.clear()
    other = box.clip()
    outbox.wake()
    [arrived] = box.events.wait(DeliverySucceeded)
    assert arrived.clip_id == other.id
    box.clock.waiters()
    box.clock.advance(3600)
    assert box.events.wait(DeliverySucceeded, 2)[1].clip_id == clip.id
    box.events.wait(FaultCleared)


def test_a_defect_while_looking_for_work_is_told_and_looked_past(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.clip()
    store = box.store = Surprising(box.store)
    store.broken = {"submit"}
    box.deliver(cloud=MemoryBackend())
    [raised] = box.events.wait(FaultRaised)
    assert raised.fault.name == DEFECT.named("delivery:cloud:0")
    assert any(record.exc_info for record in caplog.records)
    for _ in range(30):
        box.clock.waiters()
        box.clock.advance(10)
    assert box.vitals.overdue() == ()
    assert len(box.events.of(FaultRaised)) == 1
    store.broken.clear()
    box.pass_time(1, lambda: box.events.of(DeliverySucceeded))
    box.events.wait(FaultCleared)
