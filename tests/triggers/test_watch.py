"""What a trigger tells of blocks of sound, without a recorder."""

import queue
import threading
from collections.abc import Callable, Generator
from datetime import datetime
from typing import Any, cast

import numpy as np
import pytest

from appliance.config import loader
from appliance.events import Event, FaultCleared, FaultRaised, TriggerChanged
from appliance.models import AudioFormat, ClockSource
from appliance.plugin.service import FrameBlock
from appliance.testing.clock import ManualClock
from appliance.triggers.watch import LOOK_EVERY, TriggerWatch
from appliance.vitals import Vitals

RATE = 16_000
TRIGGER = """\
audio: {capture: {rate: 16000}}
triggers: {loud: {level: -40, at_least: 50ms, preroll: 500ms, hang: 1s}}
"""


class Heard:
    """Openings of the microphone: when each begins, in how many channels, and each quarter of a second's loudness."""

    def __init__(self, *openings: tuple[float, int, list[float]], failed: bool = False) -> None:
        self._openings = openings
        self.failed = failed
        self.over: queue.SimpleQueue[None] = queue.SimpleQueue()

    def __iter__(self) -> Generator[FrameBlock, None, None]:
        for begin, channels, loudness in self._openings:
            format, frames = AudioFormat(RATE, channels), RATE // 4
            for number, loud in enumerate(loudness):
                wave = loud * np.sin(np.arange(frames))[:, np.newaxis].repeat(channels, axis=1)
                data = (wave * 32767).astype("<i2").tobytes()
                last = number == len(loudness) - 1
                yield FrameBlock(data, number * frames, begin + number / 4, format, last, 0)
        self.over.put(None)

    def close(self) -> None:
        pass


@pytest.fixture
def told() -> Callable[[Heard], list[TriggerChanged]]:
    def listen(heard: Heard) -> list[TriggerChanged]:
        events: list[Event] = []
        clock = ManualClock()
        overhear = cast(Any, lambda _, *, dropped: heard)
        settings = loader.parse(TRIGGER, "test", {}, {})
        watch = TriggerWatch(settings, overhear, lambda: 0.0, clock, events.append, Vitals(clock))
        watch.start()
        heard.over.get(timeout=60)
        watch.close()
        return [event for event in events if isinstance(event, TriggerChanged)]

    return listen


def test_a_sound_goes_on_where_a_take_has_the_microphone_opened_anew_in_another_format(
    told: Callable[[Heard], list[TriggerChanged]],
) -> None:
    on, off = told(Heard((100.0, 1, [0.0, 0.5, 0.5]), (100.9, 2, [0.5, 0.5] + 8 * [0.0])))
    assert on.heard[0].begin == pytest.approx(100.0, abs=0.3)
    assert off.heard == () and off.at == pytest.approx(102.4, abs=0.02)


def test_what_is_not_heard_any_more_after_the_microphone_was_away_has_ended_then(
    told: Callable[[Heard], list[TriggerChanged]],
) -> None:
    on, off, again = told(Heard((100.0, 1, [0.0, 0.5]), (160.0, 1, [0.0, 0.0, 0.5])))[:3]
    assert on.heard and off.heard == () and off.at == pytest.approx(101.5, abs=0.02)
    assert again.heard[0].begin >= 160.0


def test_nothing_is_heard_any_more_once_the_microphone_has_failed(
    told: Callable[[Heard], list[TriggerChanged]],
) -> None:
    _, off, again = told(Heard((100.0, 1, [0.0, 0.5]), (100.75, 1, [0.5, 0.5]), failed=True))[:3]
    assert off.heard == () and off.at == 100.5
    assert again.heard[0].begin >= 100.75


class Silence:
    """A microphone that hears nothing until it is closed, and loses what it is told to."""

    def __init__(self) -> None:
        self.opened: queue.SimpleQueue[Callable[[int], None]] = queue.SimpleQueue()
        self.failed = False
        self._closed = threading.Event()

    def __call__(self, frames: int, *, dropped: Callable[[int], None]) -> Any:
        self.opened.put(dropped)
        return self

    def __iter__(self) -> Generator[FrameBlock, None, None]:
        self._closed.wait(60)
        yield from ()

    def close(self) -> None:
        self._closed.set()


class Watched:
    """A trigger with these options, on a microphone that hears nothing, and what is told."""

    def __init__(self, more: str, clock: ManualClock) -> None:
        self.microphone = Silence()
        self.told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        settings = loader.parse(f"{TRIGGER.rstrip()[:-2]}, {more}}}}}\n", "test", {}, {})
        self.watch = TriggerWatch(settings, self.microphone, lambda: 0.0, clock, self.told.put, Vitals(clock))

    def __enter__(self) -> "Watched":
        self.watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.watch.close()

    @property
    def fault(self) -> str:
        """The next that is raised, or cleared."""
        event = self.told.get(timeout=60)
        assert isinstance(event, FaultRaised | FaultCleared)
        return event.fault.name if isinstance(event, FaultRaised) else f"no {event.name}"


NIGHT = "only: {begin: sunset, end: sunrise}}}\ndevice: {location: {latitude: 52.52, longitude: 13.405}}\n#"


@pytest.mark.parametrize(
    ("at", "listens"), [("19:20", False), ("19:50", True), ("02:30", True), ("02:55", False)]
)  # Berlin: sunset is at 19:33 UTC, sunrise at 02:43 (timeanddate.com)
def test_it_listens_by_the_sun(at: str, listens: bool) -> None:
    clock = ManualClock(datetime.fromisoformat(f"2027-06-21T{at}Z").timestamp())
    clock.source = ClockSource.NONE
    with Watched(NIGHT, clock) as night:
        assert night.fault == "trigger_clock"
        assert night.watch.report()["loud"].listening is listens


def test_where_nobody_knows_the_sun_the_trigger_is_left_out_and_told() -> None:
    with Watched("only: {begin: sunset, end: sunrise}", ManualClock()) as nowhere:
        event = nowhere.told.get(timeout=60)
        assert isinstance(event, FaultRaised) and "trigger loud records nothing" in event.fault.message
        assert nowhere.watch.report() == {}


def test_a_clock_that_nobody_has_set_is_told_until_somebody_has() -> None:
    clock = ManualClock()
    clock.source = ClockSource.NONE
    with Watched("only: {begin: '07:00', end: '07:01', clock: utc}", clock) as doubted:
        assert doubted.fault == "trigger_clock"
        clock.source = ClockSource.NTP
        while doubted.told.empty():
            clock.advance(LOOK_EVERY)
        assert doubted.fault == "no trigger_clock"


def test_a_trigger_without_windows_does_not_mind_the_clock() -> None:
    clock = ManualClock()
    clock.source = ClockSource.NONE
    with Watched("longest: 9s", clock) as always:
        always.microphone.opened.get(timeout=60)
    assert always.told.empty()


def test_sound_that_a_trigger_missed_is_told_until_it_keeps_up() -> None:
    with Watched("longest: 9s", ManualClock()) as slow:
        dropped = slow.microphone.opened.get(timeout=60)
        dropped(4000)
        event = slow.told.get(timeout=60)
        assert isinstance(event, FaultRaised) and "4000 frames" in event.fault.message
        assert event.fault.name == "slow_trigger"
        dropped(0)
        assert slow.fault == "no slow_trigger"
