"""A person presses late while a take is sent: what was cut off had been sent, and yet the object is the clip."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from appliance.audio.recorder import Recorder
from appliance.config.audio import CaptureSettings, RecordingSettings
from appliance.config.profiles import RecordedFormat
from appliance.config.settings import DestinationSettings
from appliance.delivery.outbox import Destination, Outbox
from appliance.events import Command, Event, TakeSealed
from appliance.models import Clip
from appliance.simulation.cards import FakeCards
from appliance.store import Store
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

CAPTURE = CaptureSettings(rate=96_000, channels=8, sample_format=RecordedFormat.S32_LE)
PART = 5 * 1024 * 1024
SECONDS_OF_PART = PART / CAPTURE.format.byte_rate


class Studio:
    """Recorder, store and outbox, with a simulated microphone and time turned by hand."""

    def __init__(self, weed: Any, folder: Path, stack: ExitStack) -> None:
        self.clock = ManualClock()
        self.began = self.clock.monotonic()
        self.posted: list[Command | Event] = []
        self._weed, self._prefix = weed, f"{folder.name}/"
        self._cards = FakeCards(self.clock, remember=False)
        vitals, post = Vitals(self.clock), self.posted.append
        self.store = Store(folder / "state", self.clock, post, vitals)
        self.store.set_destinations({"cloud": "original"})
        self.store.start()
        stack.callback(self.store.close)
        backend = weed.backend(folder, prefix=self._prefix, live=True)
        destination = Destination("cloud", DestinationSettings("s3"), backend)
        self.outbox = Outbox(self.store, {"cloud": destination}, self.clock, post, vitals)
        self.outbox.start()
        stack.callback(self.outbox.close)
        takes = self.store.places.takes
        self.recorder = Recorder(
            self._cards, CAPTURE, RecordingSettings(), takes, "box", self.clock, post, vitals, follow=self.outbox.follow
        )
        stack.callback(self.recorder.close)

    def at(self, seconds: float) -> float:
        return self.began + seconds

    def run(self, until: float) -> None:
        """Let time pass until so many seconds after the beginning; the reader keeps up."""
        while (left := self.at(until) - self.clock.monotonic()) > 1e-9:
            self.clock.advance(min(0.25, left))
            self._cards.capture.wait_until_read()
            time.sleep(0.005)

    def settle(self, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < limit, self.posted[-20:]
            time.sleep(0.01)

    def pass_time(self, condition: Callable[[], bool]) -> float:
        """Let time go on until it holds: the last sound is synced by the clock. Seconds since the beginning."""

        def met() -> bool:
            self.run(self.clock.monotonic() - self.began + 0.01)
            return condition()

        self.settle(met)
        return self.clock.monotonic() - self.began

    @property
    def opened(self) -> bool:
        return bool(self._cards.captures)

    def parts(self) -> int:
        """How many parts the server has of the take."""
        uploads = self._weed.client().list_multipart_uploads(Bucket="clips", Prefix=self._prefix).get("Uploads", ())
        lists = [
            self._weed.client().list_parts(Bucket="clips", Key=upload["Key"], UploadId=upload["UploadId"])
            for upload in uploads
        ]
        return sum(len(found.get("Parts", ())) for found in lists)

    def finish(self) -> Clip:
        """The clip, once it has arrived."""

        def sealed() -> bool:
            self.clock.advance(0.01)
            return any(isinstance(event, TakeSealed) for event in self.posted)

        self.settle(sealed)
        clip = self.store.clips.adopt("thetakeid2")
        self.outbox.wake()
        self.settle(lambda: all(each.receipt is not None for each in self.store.outbox.find(clip.id)))
        [delivery] = self.store.outbox.find(clip.id)
        assert delivery.receipt and delivery.receipt.verified
        assert self._weed.content(delivery.receipt.remote_name) == self.store.clips.path(clip).read_bytes()
        return clip


@pytest.fixture
def studio(weed: Any, tmp_path: Path) -> Iterator[Studio]:
    with ExitStack() as stack:
        studio = Studio(weed, tmp_path, stack)
        studio.recorder.start("thetakeid2", studio.began)
        studio.settle(lambda: studio.opened)
        yield studio


@pytest.mark.slow
def test_a_stop_that_is_told_much_too_late(studio: Studio) -> None:
    """Later than any should be: two parts that were sent already are not in the clip, and one is cut."""
    studio.run(5 * SECONDS_OF_PART + 2.5)
    studio.pass_time(lambda: studio.parts() >= 4)
    studio.recorder.stop(studio.at(2.5 * SECONDS_OF_PART))
    clip = studio.finish()
    assert clip.frames == pytest.approx(2.5 * SECONDS_OF_PART * CAPTURE.format.rate, rel=0.01)


@pytest.mark.slow
def test_a_pause_that_is_told_much_too_late(studio: Studio) -> None:
    """What comes after it takes the place of what had been sent."""
    studio.run(4 * SECONDS_OF_PART + 2.5)
    now = studio.pass_time(lambda: studio.parts() >= 3)
    studio.recorder.pause(studio.at(2.5 * SECONDS_OF_PART))
    studio.run(now + 1.0)
    studio.recorder.resume(studio.at(now + 1.25))
    studio.run(now + 1.25 + 3 * SECONDS_OF_PART)
    studio.recorder.mark(studio.at(now + 1.25 + 2 * SECONDS_OF_PART))
    studio.recorder.stop(studio.at(now + 1.25 + 3 * SECONDS_OF_PART))
    clip = studio.finish()
    assert len(clip.pauses) == len(clip.marks) == 1
    assert clip.frames == pytest.approx(5.5 * SECONDS_OF_PART * CAPTURE.format.rate, rel=0.01)
