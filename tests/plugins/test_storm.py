"""A thousand clips and a line that breaks again and again: each arrives, once, as it was recorded."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from appliance_http.options import Timeouts
from appliance_upload_http.backend import HttpBackend
from appliance_upload_http.options import HttpOptions, Proof

from appliance.audio.journal import Begin
from appliance.audio.take import clip_name, new_take_id
from appliance.audio.takefile import TakeFile
from appliance.clock import SystemClock
from appliance.config.options import Seconds
from appliance.config.settings import DestinationSettings, RetrySettings
from appliance.delivery.outbox import Destination, Outbox
from appliance.models import AudioFormat, DeliveryState, Levels, Verdict
from appliance.plugin import UploadBackend
from appliance.store import Store
from appliance.vitals import Vitals
from tests.plugins.faultproxy import HEALTHY, RESET_AT_ONCE, Fault, FaultProxy
from tests.plugins.receiver import Receiver
from tests.plugins.s3.conftest import S3Server, make_weed, running

COUNT, SIZE = 1000, 200_000
PATIENCE = 400.0


class Storm:
    """What becomes of each connection; counts those that break."""

    def __init__(self, always: bool) -> None:
        self.broken = 0
        self._random = random.Random(20)
        self._always = always

    def __call__(self, _: int) -> Fault:
        if self._random.random() > 0.2:
            return Fault(reset_after_up=self._random.randrange(SIZE, 10 * SIZE)) if self._always else HEALTHY
        self.broken += 1
        return self._random.choice(
            [
                RESET_AT_ONCE,
                Fault(reset_after_up=self._random.randrange(1, SIZE + 1000)),
                Fault(reset_after_down=self._random.randrange(300)),
                Fault(cut_after_down=self._random.randrange(300)),
            ]
        )


@pytest.fixture
def weed(tmp_path: Path) -> Iterator[S3Server]:
    (tmp_path / "weed").mkdir()
    yield from running(make_weed(tmp_path / "weed"))


def record(store: Store, clock: SystemClock, number: int) -> None:
    """A clip unlike all others."""
    take_id, started = new_take_id(), clock.stamp()
    begin = Begin(take_id, clip_name("box", started, take_id), "box", AudioFormat(48_000), started, 0.0)
    take = TakeFile.create(store.places.takes, begin)
    take.append(number.to_bytes(4, "big") * (SIZE // 4))
    take.seal(Levels(), Verdict.OK)
    take.close()
    store.clips.adopt(take_id)


def deliver_all(directory: Path, backend: UploadBackend) -> dict[str, bytes]:
    """Record and deliver, until all has arrived; the files by name."""
    clock = SystemClock()
    vitals = Vitals(clock)
    store = Store(directory, clock, lambda _: None, vitals)
    store.set_destinations({"cloud": "original"})
    store.start()
    settings = DestinationSettings("any", retry=RetrySettings(Seconds(0.02), Seconds(0.5)), max_parallel=4)
    outbox = Outbox(store, {"cloud": Destination("cloud", settings, backend)}, clock, lambda _: None, vitals)
    outbox.start()
    for number in range(COUNT):
        record(store, clock, number)
        outbox.wake()
    limit = time.monotonic() + PATIENCE
    while store.outbox.counts() != {"cloud": {DeliveryState.DELIVERED: COUNT}}:
        assert time.monotonic() < limit, store.outbox.counts()
        time.sleep(0.1)
    assert all(delivery.receipt and delivery.receipt.verified for delivery in store.outbox.find())
    files = {store.clips.path(clip).name: store.clips.path(clip).read_bytes() for clip in store.clips.newest_first()}
    outbox.close()
    store.close()
    assert len(files) == COUNT
    return files


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE + 100)
def test_a_thousand_clips_to_a_web_server(
    tmp_path: Path, receiver: Receiver, fault_proxy: Callable[[int], FaultProxy]
) -> None:
    proxy, storm = fault_proxy(receiver.port), Storm(always=False)
    proxy.choose = storm
    timeouts = Timeouts(Seconds(5), Seconds(5), Seconds(60))
    proof = Proof(header="X-Content-SHA256")
    backend = HttpBackend(HttpOptions(f"http://127.0.0.1:{proxy.port}/upload", timeouts=timeouts, proof=proof))
    files = deliver_all(tmp_path / "state", backend)
    assert receiver.files == files
    assert storm.broken > 150


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE + 100)
def test_a_thousand_clips_to_s3(tmp_path: Path, weed: Any, fault_proxy: Callable[[int], FaultProxy]) -> None:
    """Connections are kept and used again there, so that here none lasts longer than a few clips."""
    proxy, storm = fault_proxy(weed.port), Storm(always=True)
    proxy.choose = storm
    files = deliver_all(tmp_path / "state", weed.backend(tmp_path, proxy.port))
    assert {key.removeprefix("box/") for key in weed.listing()} == files.keys()
    assert {name: weed.content(f"box/{name}") for name in files} == files
    assert storm.broken > 30
