"""The report of a box whose destinations and feeds fail, wait and are taken out of the configuration."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest

from appliance.config.feeds import FeedSettings
from appliance.config.options import Seconds
from appliance.config.settings import DestinationSettings, DeviceSettings, Settings
from appliance.controller import Controller
from appliance.errors import Permanent, StorageError, Transient
from appliance.events import DeliveryParked, DeliveryPostponed, DeliverySucceeded
from appliance.faults import PANEL
from appliance.feeds.puller import Feed
from appliance.housekeeping.disk import Space
from appliance.housekeeping.outlook import Outlook
from appliance.machine import Recorder, State
from appliance.models import ClockSource
from appliance.quantities import described
from appliance.report import Report
from appliance.reporting import Reporter, StatusLine
from appliance.status import advance
from appliance.testing.memory import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.models import Receipt
    from appliance.plugin import FeedJob, UploadJob

    from .conftest import Box

SOON = 10.0
REFUSED = "nas refused the connection"


def plenty() -> Outlook:
    return Outlook(Space(10**9, 10**10), 10**8, 96_000)


def broken() -> Outlook:
    raise StorageError("the disk does not tell how full it is: I/O error. Look at `dmesg`")


def report(
    box: Box,
    *destinations: str,
    feeds: tuple[str, ...] = (),
    controller: Controller | None = None,
    outlook: Callable[[], Outlook] = plenty,
) -> Report:
    """What the box tells with these in its configuration."""
    outbox, pulled = box.outbox or box.deliver(), box.feeds or box.pull()
    settings = Settings(
        device=DeviceSettings("box"),
        destinations={name: DestinationSettings("memory") for name in destinations},
        feeds={name: FeedSettings("memory") for name in feeds},
    )
    turn = SimpleNamespace(controller=controller or Controller(box.clock, str), number=1, process_started=0.0)
    return Reporter(cast(Any, turn), settings, box.store, outbox, pulled, outlook, box.clock).report()


def test_what_fails_is_told_from_the_first_failure_on_until_it_has_arrived(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Transient(REFUSED))
    box.clip()
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliveryPostponed)
    box.clock.waiters()
    told = report(box, "cloud")
    cloud = told.destinations["cloud"]
    assert (cloud.waiting, cloud.failures, cloud.last_error) == (1, 1, REFUSED)
    assert cloud.next_try == pytest.approx(4.0)
    assert cloud.failing_since == pytest.approx(told.time, abs=0.1)
    assert told.ok and told.summary == f"1 clip waits for cloud: {REFUSED}, next try in 4 s"
    box.store.outbox.retry()
    outbox.wake()
    box.events.wait(DeliverySucceeded)
    told = report(box, "cloud")
    assert told.summary == "nothing is wrong" and not told.destinations["cloud"].last_error


def test_one_clip_that_fails_while_others_arrive_is_told(box: Box) -> None:
    bad, again, go = box.clip(), threading.Event(), threading.Event()

    class Picky(MemoryBackend):
        def deliver(self, job: UploadJob) -> Receipt:
            if job.rendition.clip_id != bad.id:
                return super().deliver(job)
            if job.attempt > 1:
                again.set()
                go.wait(SOON)
            raise Transient(REFUSED)

    box.deliver(cloud=Picky())
    box.events.wait(DeliveryPostponed)
    box.clip()
    box.settle(lambda: again.is_set() or bool(box.clock.advance(0.1)))  # the one that sends waits for no clock
    told = report(box, "cloud")
    go.set()
    assert box.events.of(DeliverySucceeded) and told.destinations["cloud"].failures == 0
    assert told.waiting == 1 and told.summary == f"1 clip waits for cloud: {REFUSED}, trying again now"


def test_the_age_of_the_oldest_clip_is_told_whatever_the_wall_clock_does(box: Box) -> None:
    assert report(box, "cloud").oldest_waiting is None
    box.clip()
    box.clock.advance(50)
    box.clip()
    box.clock.advance(50)
    told = report(box, "cloud")
    assert told.waiting == 2 and told.oldest_waiting == told.destinations["cloud"].oldest_waiting == pytest.approx(101)
    box.clock.set_wall(3_000_000_000.0)
    assert report(box, "cloud").oldest_waiting == pytest.approx(101)


@pytest.mark.parametrize(("source", "age"), [(ClockSource.NTP, 3600.0), (ClockSource.NONE, None)])
def test_after_a_restart_of_the_box_the_wall_clock_tells_the_age_where_it_was_set(
    box: Box, source: ClockSource, age: float | None
) -> None:
    box.clock.source = source
    box.clip()
    box.clock.boot_id, box.clock.source = "another boot", ClockSource.NTP
    box.clock.advance(3600)
    assert report(box, "cloud").oldest_waiting == (pytest.approx(age) if age else None)


def test_what_is_parked_waits_too_and_is_no_delivery_to_come(box: Box) -> None:
    backend = MemoryBackend()
    backend.fail(Permanent("no such bucket"))
    box.clip()
    box.deliver(cloud=backend)
    box.events.wait(DeliveryParked)
    box.clock.advance(20)
    cloud = report(box, "cloud").destinations["cloud"]
    assert (cloud.waiting, cloud.parked, cloud.next_try) == (0, 1, None) and cloud.oldest_waiting == pytest.approx(20)


def test_what_was_taken_out_of_the_configuration_stands_apart(box: Box) -> None:
    box.clip()
    box.store.inbox.add("old_news", "1", "hello", box.store.places.inbox / "hello.wav", 5, "")
    told = report(box)
    assert not told.deliveries and not told.destinations and told.waiting == 0 and told.oldest_waiting is None
    assert told.removed_destinations == {"cloud": 1} and told.removed_feeds == {"old_news": 1} and not told.feeds
    told = report(box, "cloud", feeds=("old_news",))
    assert told.destinations["cloud"].waiting == 1 and told.feeds["old_news"].unheard == 1
    assert not told.removed_destinations and not told.removed_feeds


def test_a_feed_that_fails_is_told(box: Box) -> None:
    class Away:
        def pull(self, job: FeedJob) -> None:
            raise Transient("no route to host")

        def close(self) -> None:
            pass

    feeds = box.pull(news=Feed("news", FeedSettings("memory", every=Seconds(60)), cast(Any, Away())))
    box.settle(lambda: feeds.failing()["news"][1] > 0)
    told = report(box, feeds=("news",))
    assert told.feeds["news"].failures == 1 and told.feeds["news"].failing_since == pytest.approx(told.time, abs=0.1)
    assert told.summary == "feed news brings nothing: no route to host, next try in 2 s"


def test_a_fault_has_begun_at_a_moment_that_people_know(box: Box) -> None:
    controller = Controller(box.clock, str)
    controller.status = advance(controller.status, State(), PANEL.raised("no pins"), box.clock.monotonic())
    began = box.clock.wall_ns() / 1e9
    box.clock.advance(90)
    told = report(box, controller=controller)
    [fault] = told.faults
    assert fault.message == "no pins" and fault.since == pytest.approx(began, abs=0.1)
    assert not told.ok and told.summary == "no pins"


def test_what_a_broken_disk_keeps_from_being_known_is_said_beside_the_rest(box: Box) -> None:
    controller = Controller(box.clock, str)
    controller.status = advance(controller.status, State(), PANEL.raised("no pins"), box.clock.monotonic())
    told = report(box, "cloud", controller=controller, outlook=broken)
    assert [fault.message for fault in told.faults] == ["no pins"] and "the disk does not tell" in told.unknown
    told = report(box, "cloud", outlook=broken)
    assert not told.ok and "not all is known: the disk does not tell how full it is" in told.summary


def test_systemd_shows_how_the_box_is_and_hears_what_is_new(box: Box) -> None:
    controller = Controller(box.clock, str)
    shown: list[str] = []
    made: list[Report] = []

    def make() -> Report:
        made.append(report(box, controller=controller))
        return made[-1]

    line = StatusLine(lambda: controller.status, make, box.clock, box.vitals, shown.append)
    line.start()
    box.settle(lambda: bool(shown))
    box.pass_time(1.0, lambda: box.clock.monotonic() > 1100)
    assert len(made) == 1, "a report was made though nothing had happened"
    controller.status = advance(controller.status, State(), PANEL.raised("no pins"), box.clock.monotonic())
    box.pass_time(1.0, lambda: len(shown) > 1)
    box.pass_time(10.0, lambda: len(made) > 2)
    count = len(made)
    controller.status = attrs.evolve(controller.status, recorder=Recorder.RECORDING, take_id="take")
    box.pass_time(1.0, lambda: len(shown) > 2)
    line.close()
    assert shown == ["STATUS=idle; nothing is wrong", "STATUS=idle; no pins", "STATUS=recording; no pins"]
    assert len(made) == count, "a take that begins is no reason to find out everything anew"


def test_every_field_is_described() -> None:
    fields = list(described(Report))
    assert all(each.words and each.kind for each in fields)
    assert len({each.path for each in fields}) == len(fields) > len(attrs.fields(Report))
    paths = {each.path: each for each in fields}
    assert (paths["storage.free"].unit, paths["storage.free"].kind) == ("bytes", "gauge")
    assert {"faults[].since", "destinations{}.next_try", "take.peak_dbfs", "last_clip.gaps[].frames"} <= paths.keys()
