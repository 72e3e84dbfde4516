"""Takes that are sent while they are recorded: nothing of it may cost sound, whatever happens."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.audio.growing import GrowingTake
from appliance.audio.journal import Begin
from appliance.audio.take import clip_name, new_take_id
from appliance.audio.takefile import AUDIO, TakeFile
from appliance.config.options import ByteCount
from appliance.errors import Permanent, Transient
from appliance.events import (
    DeliveryCancelled,
    DeliveryPostponed,
    DeliveryProgress,
    DeliverySucceeded,
    FaultCleared,
    FaultRaised,
)
from appliance.models import AudioFormat, Clip, Delivery, DeliveryState, Levels, Receipt, Verdict
from appliance.plugin import LiveJob, UploadJob
from appliance.testing.backends import MemoryBackend

Box = Any
FORMAT = AudioFormat(rate=8000)
PART = 1000


class LiveMemory(MemoryBackend):
    """Keeps parts of 1000 bytes; those that a delivery finds noted must be those of the clip.

    `fail_live` holds the errors of the next live attempts. While `live_held` is set an attempt stays in its part;
    `live_started` tells that one is there.
    """

    live = True

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, dict[int, bytes]] = {}
        self.fail_live: list[BaseException] = []
        self.live_attempts: list[LiveJob] = []
        self.withdrawn: list[object] = []
        self.resumed: list[int] = []
        self.live_held = threading.Event()
        self.live_started = threading.Event()

    def deliver_live(self, job: LiveJob) -> None:
        self.live_attempts.append(job)
        if self.fail_live:
            raise self.fail_live.pop(0)
        kept = self.parts.setdefault(job.clip.id, {})
        number = len((job.resume or {}).get("parts", [])) + 1  # type: ignore[arg-type]
        while job.wait_for((number + 1) * PART):
            block = job.read(number * PART, PART)
            self.live_started.set()
            while self.live_held.is_set():
                job.check_cancelled()
            kept[number] = block
            job.progress(number * PART)
            job.save_resume({"take": job.clip.id, "parts": list(kept)})
            number += 1

    def withdraw(self, resume: dict[str, object]) -> None:
        self.withdrawn.append(resume["take"])
        self.parts.pop(str(resume["take"]), None)

    def deliver(self, job: UploadJob) -> Receipt:
        noted = (job.resume or {}).get("parts", [])
        self.resumed.append(len(noted))  # type: ignore[arg-type]
        content = job.rendition.path.read_bytes()
        for number in noted:  # type: ignore[attr-defined]
            assert job.clip and self.parts[job.clip.id][number] == content[number * PART : (number + 1) * PART]
        return super().deliver(job)


class Take:
    """A take that a test records by hand."""

    def __init__(self, box: Box) -> None:
        self.box = box
        box.clock.advance(1)
        self.id, started = new_take_id(), box.clock.stamp()
        begin = Begin(self.id, clip_name("box", started, self.id), "box", FORMAT, started, 0.0)
        self.file = TakeFile.create(box.store.places.takes, begin)
        self.growing = GrowingTake(begin, box.store.places.takes / self.id / AUDIO, 60.0)

    def record(self, size: int) -> "Take":
        """So many bytes more, all of which stay."""
        self.file.append(bytes(number % 253 for number in range(self.file.frames, self.file.frames + size)))
        self.file.sync()
        self.growing.settle(self.file.frames)
        return self

    def seal(self, verdict: Verdict = Verdict.OK) -> None:
        self.file.seal(Levels(), verdict)
        self.file.close()
        self.growing.end(kept=verdict is not Verdict.TOO_SHORT)

    def stop(self, verdict: Verdict = Verdict.OK) -> Clip:
        """What recorder and controller do: seal, adopt, wake."""
        self.seal(verdict)
        clip: Clip = self.box.store.clips.adopt(self.id)
        self.box.outbox.wake()
        return clip

    def discard(self) -> None:
        self.growing.end(kept=False)
        self.file.discard()
        self.file.close()


@pytest.fixture
def cloud() -> LiveMemory:
    return LiveMemory()


@pytest.fixture
def take(box: Box) -> Iterator[Callable[[], Take]]:
    def begin() -> Take:
        take = Take(box)
        box.outbox.follow(take.growing)
        return take

    yield begin


def sent(cloud: LiveMemory, take: Take, count: int) -> Callable[[], bool]:
    return lambda: len(cloud.parts.get(take.id, {})) == count


def test_what_stays_is_sent_while_the_take_goes_on(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    first = take().record(1500)
    box.settle(lambda: cloud.live_attempts)
    assert not cloud.parts[first.id]
    for count in (1, 2, 3):
        first.record(PART)
        box.settle(sent(cloud, first, count))
    told = box.events.wait(DeliveryProgress)[-1]
    assert (told.clip_id, told.destination) == (first.id, "cloud")
    [now] = box.outbox.progress()
    assert (now.clip_id, now.sent, now.size) == (first.id, 3 * PART, first.growing.stable)

    clip = first.stop()
    [arrived] = box.events.wait(DeliverySucceeded)
    assert (arrived.clip_id, cloud.resumed) == (clip.id, [3])
    assert cloud.objects[clip.file_name] == box.path(clip).read_bytes()
    assert cloud.live_attempts[0].idempotency_key == cloud.attempts[0].idempotency_key
    assert box.store.outbox.live_notes("cloud") == {}
    assert not cloud.withdrawn


def test_only_destinations_that_want_it_send_live(new_box: Any) -> None:
    box = new_box(cloud="original", stick="original")
    cloud, stick, off = LiveMemory(), MemoryBackend(), LiveMemory()
    off.live = False
    box.deliver(cloud=cloud, stick=stick, off=off)
    first = Take(box)
    box.outbox.follow(first.growing)
    first.record(5 * PART)
    box.settle(sent(cloud, first, 4))
    first.stop()
    box.events.wait(DeliverySucceeded, 2)
    assert not off.live_attempts


def test_a_take_that_is_thrown_away_is_withdrawn(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.settle(sent(cloud, first, 2))
    first.discard()
    assert box.events.wait(DeliveryCancelled) == [DeliveryCancelled(first.id, "cloud")]
    assert cloud.withdrawn == [first.id]
    box.settle(lambda: box.store.outbox.live_notes("cloud") == {})
    assert not cloud.attempts


def test_a_part_under_way_ends_at_once_when_the_take_is_thrown_away(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    first = take().record(2 * PART)
    box.settle(sent(cloud, first, 1))
    cloud.live_held.set()
    cloud.live_started.clear()
    first.record(PART)
    assert cloud.live_started.wait(5)
    first.discard()
    box.settle(lambda: cloud.withdrawn == [first.id])


def test_a_clip_too_short_to_be_meant_is_withdrawn(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.settle(sent(cloud, first, 2))
    first.stop(Verdict.TOO_SHORT)
    box.settle(lambda: cloud.withdrawn == [first.id])
    assert box.store.outbox.find() == []


def test_a_delivery_waits_for_the_part_under_way_and_knows_of_it(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud, settings={"max_parallel": 2})
    cloud.live_held.set()
    first = take().record(2 * PART)
    assert cloud.live_started.wait(5)
    first.stop()
    other = box.clip()
    box.outbox.wake()
    assert [event.clip_id for event in box.events.wait(DeliverySucceeded)] == [other.id]
    assert len(cloud.attempts) == 1
    assert [progress.clip_id for progress in box.outbox.progress()] == [first.id]
    cloud.live_held.clear()
    assert box.events.wait(DeliverySucceeded, 2)[1].clip_id == first.id
    assert cloud.resumed == [0, 1]


def test_a_delivery_that_waits_for_the_part_under_way_can_be_cancelled(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    cloud.live_held.set()
    first = take().record(2 * PART)
    assert cloud.live_started.wait(5)
    clip = first.stop()
    box.settle(lambda: box.delivery(clip).state is DeliveryState.SENDING)
    assert box.outbox.cancel(clip.id) == 1
    second = box.clip()
    box.outbox.wake()
    box.pass_time(1.0, lambda: bool(box.events.of(DeliverySucceeded)))  # it looks around now and then while it waits
    assert box.events.of(DeliverySucceeded)[0].clip_id == second.id
    cloud.live_held.clear()
    box.settle(lambda: box.outbox.progress() == ())
    assert box.delivery(clip).state is DeliveryState.CANCELLED


def test_two_takes_in_a_row(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.settle(sent(cloud, first, 2))
    first.seal()
    second = take().record(2 * PART)
    box.store.clips.adopt(first.id)
    box.outbox.wake()
    box.settle(sent(cloud, second, 1))
    second.record(PART)
    second.stop()
    assert {event.clip_id for event in box.events.wait(DeliverySucceeded, 2)} == {first.id, second.id}
    assert sorted(cloud.resumed) in ([1, 2], [2, 2])


def test_a_take_that_was_over_before_its_turn_goes_in_the_ordinary_way(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    cloud.live_held.set()
    first = take().record(2 * PART)
    assert cloud.live_started.wait(5)
    second = take().record(4 * PART)
    second.stop()
    [arrived] = box.events.wait(DeliverySucceeded)
    assert arrived.clip_id == second.id
    third = take()
    cloud.live_held.clear()
    first.stop()
    third.record(2 * PART)
    box.settle(sent(cloud, third, 1))
    assert second.id not in cloud.parts


@pytest.mark.parametrize(
    "error", [Transient("no route"), Permanent("no such bucket"), ValueError("a defect"), SystemExit(1)]
)
def test_failures_are_tried_again_and_cost_nothing(
    box: Box, cloud: LiveMemory, take: Any, error: BaseException
) -> None:
    cloud.fail_live = [error, error]
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.pass_time(60, sent(cloud, first, 2))
    told = box.events.of(DeliveryPostponed)
    assert len(told) == 2
    assert str(error) in told[0].message
    assert (told[0].clip_id, told[0].destination) == (first.id, "cloud")
    assert told[1].seconds >= told[0].seconds > 0
    first.stop()
    box.events.wait(DeliverySucceeded)
    assert cloud.resumed == [2]


@pytest.mark.parametrize("wake", [lambda outbox: outbox.wake("cloud"), lambda outbox: outbox.hurry()])
def test_waking_ends_the_wait_after_a_failure(
    box: Box, cloud: LiveMemory, take: Any, wake: Callable[[Any], None]
) -> None:
    cloud.fail_live = [Transient("no route")]
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.events.wait(DeliveryPostponed)
    box.clock.waiters(at_least=2)
    wake(box.outbox)
    box.settle(sent(cloud, first, 2))


def test_the_wait_that_the_other_side_asks_for_is_kept(box: Box, cloud: LiveMemory, take: Any) -> None:
    cloud.fail_live = [Transient("busy", retry_after=100)]
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    assert box.events.wait(DeliveryPostponed)[0].seconds == 100
    box.clock.waiters(at_least=2)
    box.outbox.wake()
    box.clock.advance(99)
    box.clock.waiters(at_least=2)
    assert len(cloud.live_attempts) == 1
    box.clock.advance(1)
    box.settle(sent(cloud, first, 2))


def test_a_stop_does_not_wait_for_the_next_try(box: Box, cloud: LiveMemory, take: Any) -> None:
    cloud.fail_live = [Transient("no route")] * 20
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.events.wait(DeliveryPostponed)
    first.stop()
    box.events.wait(DeliverySucceeded)
    assert cloud.resumed == [0]


def test_the_stop_of_the_daemon_in_mid_take_keeps_what_was_sent(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.settle(sent(cloud, first, 2))
    first.seal()
    box.restart()
    box.deliver(cloud=cloud)
    box.events.wait(DeliverySucceeded)
    assert cloud.resumed == [2]


def test_a_crash_in_mid_take_keeps_what_was_sent(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.settle(sent(cloud, first, 2))
    first.file.append(bytes(777))
    box.restart()
    [found] = box.store.clips.newest_first()
    assert found.recovered
    box.deliver(cloud=cloud)
    box.events.wait(DeliverySucceeded)
    assert cloud.resumed == [2]
    assert not cloud.withdrawn


def test_stopping_ends_a_part_under_way(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    cloud.live_held.set()
    take().record(2 * PART)
    assert cloud.live_started.wait(5)
    box.outbox.close()
    assert cloud.closed


def test_a_backend_that_does_not_come_back_is_left_behind(box: Box, cloud: LiveMemory, take: Any) -> None:
    let_go = threading.Event()
    cloud.deliver_live = lambda job: let_go.wait(10)  # type: ignore[assignment]
    box.deliver(cloud=cloud)
    take()
    box.settle(lambda: box.outbox.progress() != ())
    closing = threading.Thread(target=box.outbox.close, kwargs={"timeout": 0.2})
    closing.start()
    closing.join(5)
    assert not closing.is_alive()
    assert not cloud.closed
    let_go.set()


def test_what_a_crash_left_of_takes_that_are_gone_is_withdrawn(box: Box, cloud: LiveMemory) -> None:
    gone, there = "gonegone22", "therethere"
    for take_id in (gone, there):
        box.store.outbox.save_live(take_id, "cloud", {"take": take_id, "parts": []})
    box.store.outbox.save_live(gone, "elsewhere", {"take": gone, "parts": []})
    (box.store.places.takes / there).mkdir()
    box.deliver(cloud=cloud)
    box.settle(lambda: list(box.store.outbox.live_notes("cloud")) == [there])
    assert cloud.withdrawn == [gone]
    assert list(box.store.outbox.live_notes("elsewhere")) == [gone]


def test_what_cannot_be_withdrawn_now_is_withdrawn_at_the_next_start(box: Box, cloud: LiveMemory, take: Any) -> None:
    def refuse(resume: object) -> None:
        raise Transient("no route")

    cloud.withdraw = refuse  # type: ignore[method-assign]
    box.deliver(cloud=cloud)
    first = take().record(3 * PART)
    box.settle(sent(cloud, first, 2))
    first.discard()
    box.events.wait(DeliveryCancelled)
    box.restart()
    again = LiveMemory()
    box.deliver(cloud=again)
    box.settle(lambda: again.withdrawn == [first.id])


def test_nothing_is_sent_live_outside_the_active_hours(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.clock.set_wall(3600.0)
    box.deliver(cloud=cloud, settings={"active_hours": ("02:00-03:00",)})
    first = take().record(3 * PART)
    box.clock.waiters(at_least=2)
    assert not cloud.live_attempts
    box.pass_time(600, sent(cloud, first, 2))


def test_what_was_sent_live_does_not_count_for_the_rate_limit_again(box: Box, cloud: LiveMemory, take: Any) -> None:
    class Resuming(LiveMemory):
        def deliver(self, job: UploadJob) -> Receipt:
            held = job.rendition.size - 500
            job.held(held)
            job.progress(held)
            job.progress(job.rendition.size)
            return super()._receipt(job.rendition)

    cloud = Resuming()
    box.deliver(cloud=cloud, settings={"rate_limit": ByteCount(1000)})
    clip = box.clip(bytes(100_000))
    box.outbox.wake()
    box.events.wait(DeliverySucceeded)
    assert box.delivery(clip).receipt is not None


def test_the_rate_limit_holds_for_what_is_sent_live(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud, settings={"rate_limit": ByteCount(1000)})
    first = take().record(6 * PART)
    box.settle(lambda: len(cloud.parts.get(first.id, {})) >= 2)
    box.clock.waiters(at_least=2)
    assert len(cloud.parts[first.id]) == 2
    began = box.clock.monotonic()
    box.pass_time(0.25, sent(cloud, first, 5))
    assert box.clock.monotonic() - began >= 2.0


def test_a_defect_of_ours_ends_no_more_than_one_take(
    box: Box, cloud: LiveMemory, take: Any, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = box.deliver(cloud=cloud)
    outbox.follow(GrowingTake(Take(box).growing.begin, Path("no\0path"), 60.0))
    [raised] = box.events.wait(FaultRaised)
    assert raised.fault.name == "defect:live:cloud"
    assert any(record.exc_info for record in caplog.records)
    box.clock.advance(3600)
    box.settle(lambda: box.vitals.overdue() == ())  # once all threads have got to where they wait
    first = take().record(3 * PART)
    box.settle(sent(cloud, first, 2))
    first.stop()
    box.events.wait(DeliverySucceeded)
    box.events.wait(FaultCleared)


def test_the_note_goes_only_to_a_delivery_of_the_original(new_box: Any) -> None:
    box = new_box(cloud="flac")
    first = Take(box).record(PART)
    box.store.outbox.save_live(first.id, "cloud", {"parts": [1]})
    first.seal()
    box.store.clips.adopt(first.id)
    [delivery] = box.store.outbox.find()
    assert isinstance(delivery, Delivery)
    assert (delivery.recipe, delivery.resume) == ("flac", None)
    assert box.store.outbox.live_notes("cloud") == {}


def test_a_note_can_be_forgotten(box: Box) -> None:
    box.store.outbox.save_live("sometakeid", "cloud", {"parts": [1]})
    box.store.outbox.save_live("sometakeid", "cloud", {"parts": [1, 2]})
    assert box.store.outbox.live_notes("cloud") == {"sometakeid": {"parts": [1, 2]}}
    box.store.outbox.save_live("sometakeid", "cloud", None)
    assert box.store.outbox.live_notes("cloud") == {}


def test_a_note_left_after_adoption_goes_to_the_delivery(box: Box) -> None:
    clip = box.clip()
    box.store.outbox.save_live(clip.id, "cloud", {"parts": [7]})
    assert box.delivery(clip).resume == {"parts": [7]}
    assert box.store.outbox.live_notes("cloud") == {}


def test_a_thread_that_hangs_is_noticed_and_a_slow_network_is_none(box: Box, cloud: LiveMemory, take: Any) -> None:
    box.deliver(cloud=cloud)
    cloud.live_held.set()
    first = take().record(2 * PART)
    assert cloud.live_started.wait(5)
    box.clock.advance(3600)
    assert "live:cloud" not in box.vitals.overdue()
    cloud.live_held.clear()
    box.settle(sent(cloud, first, 1))
    first.discard()
    box.settle(lambda: cloud.withdrawn == [first.id])

    second = Take(box)
    with second.growing.changed:  # whoever needs it waits for ever
        box.outbox.follow(second.growing)
        box.pass_time(60.0, lambda: "live:cloud" in box.vitals.overdue())
    second.discard()
