"""Asking a recorder whose disk is slow: recorder, store and controller are real, in this process."""

import math
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from appliance.asking import Asking
from appliance.audio.recorder import Recorder
from appliance.audio.take import new_take_id
from appliance.clock import SystemClock
from appliance.config.audio import CaptureSettings, RecordingSettings
from appliance.config.takes import Briefing
from appliance.controller import Controller
from appliance.effects import Effects
from appliance.events import ClipFinished, Event, FaultRaised, TakeFailed, TakeSealed, TakeStarted
from appliance.models import Fault
from appliance.simulation.cards import FakeCards
from appliance.store import Store
from appliance.verbs import VERBS
from appliance.vitals import Vitals


class NotAsked:
    """A part that this is not about, as a player that was never heard."""

    silent_from = sounded_until = -math.inf

    @property
    def voice(self) -> "NotAsked":
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class House:
    def __init__(self, directory: Path) -> None:
        clock = SystemClock()
        self.controller = Controller(clock, new_take_id)
        post, vitals = self.controller.post, Vitals(clock)
        self.store = Store(directory, clock, post, vitals)
        self.store.start()
        cards, takes = FakeCards(clock, remember=False), self.store.places.takes
        capture = CaptureSettings(rate=8000)
        self.recorder = Recorder(cards, capture, RecordingSettings(), takes, "box", clock, post, vitals)
        parts: Any = (
            self.recorder,
            NotAsked(),
            NotAsked(),
            self.store,
            NotAsked(),
            post,
            Briefing(capture, RecordingSettings()),
        )
        self.controller.connect(Effects(*parts).table())
        self.sealed = threading.Semaphore(0)
        self.controller.listen(lambda event, _: self.sealed.release() if isinstance(event, TakeSealed) else None)
        self.disk_goes_on = threading.Event()
        self._asking = Asking(self.controller, clock)
        self._clock = clock
        self._people = ThreadPoolExecutor()
        self._thread = threading.Thread(target=self.controller.run, args=(vitals.pulse("controller", 60.0),))
        self._thread.start()

    def ask(self, word: str) -> "Future[Event | None]":
        verb = VERBS[word]
        return self._people.submit(self._asking.ask, verb.asked(self._clock.monotonic()), verb.done, verb.failed)

    def record(self) -> str:
        """Begin a take: its id."""
        started = self.ask("record.start").result(10)
        assert isinstance(started, TakeStarted)
        return started.take_id

    def end(self) -> "Future[Event | None]":
        """End the take, and wait until its file is whole; it becomes a clip once the disk goes on."""
        stopped = self.ask("record.stop")
        assert self.sealed.acquire(timeout=10)
        return stopped

    def close(self) -> None:
        self.disk_goes_on.set()
        self.recorder.close()
        self.controller.stop()
        self._thread.join(10)
        self.store.close()
        self._people.shutdown()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.mark.slow
def test_every_stop_is_answered_with_the_clip_of_its_own_take(house: House) -> None:
    house.store.submit(lambda: house.disk_goes_on.wait(30))
    first = house.record()
    first_stop = house.end()
    second = house.record()
    second_stop = house.end()
    assert first != second and not first_stop.done() and not second_stop.done()
    house.disk_goes_on.set()
    for stop, take_id in ((first_stop, first), (second_stop, second)):
        finished = stop.result(10)
        assert isinstance(finished, ClipFinished) and finished.clip.id == take_id


@pytest.mark.slow
def test_a_start_is_told_nothing_of_the_trouble_of_an_older_take(house: House) -> None:
    house.store.submit(lambda: house.disk_goes_on.wait(30))
    first = house.record()
    house.end()
    for trouble in (TakeFailed(first, "the disk is full"), FaultRaised(Fault("storage", "the disk is full"))):
        house.controller.post(trouble)
    assert house.record() != first
