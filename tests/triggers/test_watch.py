"""What a trigger tells of blocks of sound, without a recorder."""

import queue
from collections.abc import Callable, Generator
from typing import Any, cast

import numpy as np
import pytest

from appliance.config import loader
from appliance.events import Event, TriggerChanged
from appliance.models import AudioFormat
from appliance.plugin.service import FrameBlock
from appliance.testing.clock import ManualClock
from appliance.triggers.watch import TriggerWatch
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
