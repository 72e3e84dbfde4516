"""How soon after the stop a long take is in the cloud, when it was sent while it was recorded."""

import hashlib
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance_upload_s3 import create
from appliance_upload_s3.options import S3Options

from appliance.audio.recorder import Recorder
from appliance.clock import SystemClock
from appliance.config.audio import CaptureSettings, RecordingSettings
from appliance.config.options import Seconds, Secret
from appliance.config.settings import DestinationSettings
from appliance.delivery.outbox import Destination, Outbox
from appliance.events import ClipFinished, Command, DeliverySucceeded, Event, TakeProgress, TakeSealed
from appliance.models import ClockStamp
from appliance.plugin import BackendContext
from appliance.simulation.cards import FakeCards
from appliance.store import Store
from appliance.vitals import Vitals
from bench.link import Link
from bench.results import Result, at_most
from tests.plugins.s3.conftest import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, make_weed, running

_CAPTURE = CaptureSettings(channels=2)
_BYTE_RATE = _CAPTURE.format.byte_rate
_LINK_RATE = 2 * _BYTE_RATE
_PART = 5 * 1024 * 1024
_BEHIND = 150_000
"""Bytes of the take beyond the last whole part when it is stopped: the part does not count as stable yet, and all of it
is left, which is the worst moment there is."""

_FAST = 30.0
_REAL_SECONDS = 60.0
_PATIENCE = 600.0


class FastClock(SystemClock):
    """Runs faster than time does; `factor` may change at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self._factor = 1.0
        self._since = self._at = time.monotonic()

    def run(self, factor: float) -> None:
        """From now on a second of this clock lasts 1 / `factor` seconds."""
        self._at, self._since, self._factor = self.monotonic(), time.monotonic(), factor

    def monotonic(self) -> float:
        return self._at + (time.monotonic() - self._since) * self._factor

    def stamp(self, at: float | None = None) -> ClockStamp:
        return super().stamp()

    def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
        return condition.wait(None if timeout is None else timeout / self._factor)


class _Events:
    """What was posted last of each kind, and when it came."""

    def __init__(self) -> None:
        self._last: dict[type, tuple[Command | Event, float]] = {}
        self._changed = threading.Condition()

    def post(self, event: Command | Event) -> None:
        with self._changed:
            self._last[type(event)] = event, time.monotonic()
            self._changed.notify_all()

    def seconds(self) -> float:
        """Length of the take so far."""
        event, _ = self._last.get(TakeProgress, (None, 0.0))
        return event.seconds if isinstance(event, TakeProgress) else 0.0

    def wait_for(self, kind: type[Event]) -> float:
        """When it came."""
        with self._changed:
            if not self._changed.wait_for(lambda: kind in self._last, _PATIENCE):
                raise TimeoutError(f"no {kind.__name__}")
        return self._last[kind][1]


def _stop_to_acknowledged(server: S3Server, seconds: float) -> float:
    """Seconds from the press to the receipt. The take runs fast until its last minute, and so does the link."""
    clock, events = FastClock(), _Events()
    with TemporaryDirectory(prefix="appliance-bench-", dir=Path.cwd()) as folder, ExitStack() as stack:
        link = Link(server.port, _LINK_RATE * _FAST)
        stack.callback(link.close)
        options = S3Options(
            BUCKET,
            endpoint_url=f"http://127.0.0.1:{link.port}",
            access_key=Secret(ACCESS_KEY),
            secret_key=Secret(SECRET_KEY),
            live=True,
        )
        backend = create(options, BackendContext("cloud", "bench", Path(folder)))
        vitals = Vitals(clock)
        store = Store(Path(folder), clock, events.post, vitals)
        store.set_destinations({"cloud": "original"})
        store.start()
        stack.callback(store.close)
        settings = DestinationSettings("s3", options=options)
        outbox = Outbox(store, {"cloud": Destination("cloud", settings, backend)}, clock, events.post, vitals)
        outbox.start()
        stack.callback(outbox.close)
        cards = FakeCards(clock, remember=False)
        recorder = Recorder(
            cards,
            _CAPTURE,
            RecordingSettings(max_duration=Seconds(2 * 3600)),
            store.places.takes,
            "bench",
            clock,
            events.post,
            vitals,
            follow=outbox.follow,
        )
        stack.callback(recorder.close)

        clock.run(_FAST)
        recorder.start("take", clock.monotonic())
        while events.seconds() < seconds - _REAL_SECONDS:
            time.sleep(0.01)
        link.rate = _LINK_RATE
        clock.run(1.0)
        while events.seconds() < seconds:
            time.sleep(0.01)
        stopped = time.monotonic()
        recorder.stop(clock.monotonic())
        events.wait_for(TakeSealed)
        store.clips.adopt("take")
        events.wait_for(ClipFinished)
        outbox.wake()
        took = events.wait_for(DeliverySucceeded) - stopped
        _check(server, store)
        return took


def _check(server: S3Server, store: Store) -> None:
    """The object is the clip, byte for byte."""
    [clip] = store.clips.newest_first()
    body = server.client().get_object(Bucket=BUCKET, Key=f"bench/{clip.file_name}")["Body"]
    digest = hashlib.sha256()
    for block in body.iter_chunks(1 << 20):
        digest.update(block)
    with store.clips.path(clip).open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == digest.hexdigest(), "other bytes arrived"


def live(rounds: int, scale: float) -> Sequence[Result]:
    """An hour of stereo on a link of twice its rate, stopped at the worst moment. Measured once: it takes minutes."""
    parts = max(round(3600 * scale * _BYTE_RATE / _PART), 12)
    seconds = (parts * _PART + _BEHIND) / _BYTE_RATE
    with TemporaryDirectory(prefix="appliance-bench-") as folder:
        directory = Path(folder) / "weed"
        directory.mkdir()
        with contextmanager(running)(make_weed(directory)) as server:
            took = _stop_to_acknowledged(server, seconds)
    minutes = seconds / 60
    without = seconds * _BYTE_RATE / _LINK_RATE / 60
    return [
        at_most(
            f"live S3, {minutes:.0f} min of stereo on a link of twice its rate, stop to last byte acknowledged",
            [took],
            round(2 * _PART / _LINK_RATE + 3, 1),
            " s",
            f"10 MiB on the link {2 * _PART / _LINK_RATE:.1f} s; without `live` {without:.0f} min",
        )
    ]
