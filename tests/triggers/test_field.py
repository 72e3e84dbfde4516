"""A microphone in a field, and exactly the clips of what was heard there: recorder, triggers, controller together."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from attrs import evolve

from appliance.audio.overhearing import Overhearing
from appliance.audio.recorder import Recorder
from appliance.audio.take import new_take_id
from appliance.audio.wav import HEADER_BYTES
from appliance.config import loader
from appliance.config.settings import Settings
from appliance.config.takes import Briefing
from appliance.controller import Controller
from appliance.events import (
    ApplianceReady,
    Event,
    FaultRaised,
    MicrophoneOpen,
    RecordStart,
    RecordStop,
    TakeSealed,
    TriggerChanged,
)
from appliance.machine import Do, Effect
from appliance.models import AudioFormat, Clip
from appliance.plugin.service import FrameBlock
from appliance.reactions import Reactions
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import pack
from appliance.status import Status
from appliance.testing.clock import ManualClock
from appliance.triggers.machine import Triggered
from appliance.triggers.watch import TriggerWatch
from appliance.vitals import Vitals

T = TypeVar("T")

RATE = 16_000
PATIENCE = 60.0
HOP = 0.01

TRIGGER = """\
audio: {capture: {rate: 16000}}
triggers:
  birds: {low: 1500, high: 6000, level: -40, at_least: 50ms, preroll: 500ms, hang: 1s, longest: 4s}
"""

CALLS = {
    "a click in the band, but too short": (1.0, 1.01, 3000, 4000, 0.9),
    "a call": (3.0, 3.4, 2000, 4000, 0.1),
    "something loud outside the band": (6.0, 6.6, 300, 800, 0.5),
    "one call": (9.0, 9.3, 2500, 3500, 0.1),
    "and another, sooner than the hang time": (10.0, 10.2, 4000, 2500, 0.1),
    "a cicada": (14.0, 22.0, 3000, 3001, 0.1),
}
"""From when to when, from which frequency to which, and how loud."""


def _timeline() -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    heard = np.random.default_rng(7).standard_normal(30 * RATE) * 1e-4
    for begin, end, low, high, loud in CALLS.values():
        first, last = round(begin * RATE), round(end * RATE)
        sweep = np.linspace(low, high, last - first)
        ends = np.minimum(1, np.minimum(np.arange(last - first), np.arange(last - first)[::-1]) / (0.003 * RATE))
        heard[first:last] += loud * ends * np.sin(2 * np.pi * np.cumsum(sweep) / RATE)
    return (heard * 0x7FFF_FF00).astype(np.int32)


TIMELINE = _timeline()


def field_sound(first: int, frames: int, format: AudioFormat) -> bytes:
    piece = np.zeros((frames, format.channels), np.int32)
    there = TIMELINE[first : first + frames]
    piece[: len(there)] = there[:, np.newaxis]
    return pack(piece, format.sample)


class _Counted(Overhearing):
    """Counts what has been dealt with."""

    seconds = 0.0

    def __iter__(self) -> "Iterator[FrameBlock]":  # type: ignore[override]
        blocks = super().__iter__()
        try:
            for block in blocks:
                yield block
                _Counted.seconds += len(block.data) / block.format.byte_rate
        finally:
            blocks.close()


class Field:
    def __init__(self, root: Path, text: str = TRIGGER) -> None:
        self.settings: Settings = loader.parse(text, "field", {}, {})
        self.clock = ManualClock()
        self.began = self.clock.monotonic()
        self.cards = FakeCards(self.clock, sound=field_sound)
        self.events: list[Event] = []
        self.silent_from = 0.0
        self.stopped = 0
        self.takes = root / "takes"
        self.controller = Controller(self.clock, new_take_id)
        self._readied = threading.Semaphore(0)
        self.controller.listen(self._hear)
        vitals = Vitals(self.clock)
        reach = max(trigger.reach for trigger in self.settings.triggers.values())
        capture, recording, post = self.settings.audio.capture, self.settings.recording, self.controller.post
        self.recorder = Recorder(
            self.cards, capture, recording, self.takes, "box", self.clock, post, vitals, reach=reach
        )
        self.briefing = Briefing.of(self.settings)
        nothing: dict[Do, Callable[[Effect], None]] = {do: lambda _: None for do in Do}
        starts = {Do.START_TAKE: self._start, Do.FINISH_TAKE: self._stop}
        self.controller.connect({**nothing, **starts})
        self.controller.react(Reactions(Triggered(self.clock.monotonic)).listener(post))
        self.watch = TriggerWatch(self.settings, self._overhear, lambda: self.silent_from, self.clock, post, vitals)
        pulse = vitals.pulse("controller", 60)
        self._thread = threading.Thread(target=self.controller.run, args=(pulse,), daemon=True)
        self._thread.start()
        _Counted.seconds = 0.0
        self.watch.start()
        self.wait_for(lambda: self.cards.captures)

    def _overhear(self, frames: int, *, dropped: Callable[[int], None]) -> Overhearing:
        overhearing = self.recorder.overhear(frames, always=True, dropped=dropped)
        overhearing.__class__ = _Counted
        return overhearing

    def _start(self, effect: Effect) -> None:
        assert isinstance(effect.cause, RecordStart)
        self.recorder.start(effect.id, effect.cause.at, brief=self.briefing.brief(effect.cause.wishes))

    def _stop(self, effect: Effect) -> None:
        assert isinstance(effect.cause, RecordStop)
        self.recorder.stop(effect.cause.at)
        self.stopped += 1

    def _hear(self, event: Event, _: Status) -> None:
        self.events.append(event)
        if isinstance(event, ApplianceReady):
            self._readied.release()

    def wait_for(self, condition: Callable[[], object]) -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, f"it did not happen: {self.events}"
            time.sleep(0.001)

    def settle(self) -> None:
        """Wait until everything posted, and what follows from it, has been handled."""
        for _ in range(3):
            self.controller.post(ApplianceReady())
            assert self._readied.acquire(timeout=PATIENCE)

    def until(self, seconds: float) -> None:
        """Let time pass until so many seconds after the beginning, and everything that sounded be heard."""
        while (now := self.clock.monotonic() - self.began) < seconds - 1e-6:
            self.clock.advance(min(0.25, seconds - now))
            self.cards.capture.wait_until_read()
            due = (self.clock.monotonic() - self.began) // 0.25 * 0.25
            self.wait_for(lambda due=due: _Counted.seconds >= due - 1e-6)  # type: ignore[misc]
            self.settle()

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    def clips(self) -> list[Clip]:
        """All that were begun and stopped, once they are sealed."""
        self.settle()
        self.wait_for(lambda: len(self.of(TakeSealed)) == self.stopped)
        return sorted((event.clip for event in self.of(TakeSealed)), key=lambda clip: clip.started.monotonic_ns)

    def close(self) -> None:
        self.watch.close()
        self.recorder.close()
        self.controller.stop()
        self._thread.join(PATIENCE)

    def span(self, clip: Clip) -> tuple[float, float]:
        """From when to when it sounds, once its sound was compared with what had sounded then."""
        first = round((clip.started.monotonic_ns / 1e9 - self.began) * RATE)
        content = (self.takes / clip.id / "audio.wav").read_bytes()[HEADER_BYTES:]
        there = field_sound(first, clip.frames, clip.format)
        assert content[: len(there)] == there, "it is the very sound of that moment"
        return first / RATE, (first + clip.frames) / RATE


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    field = Field(tmp_path)
    yield field
    field.close()


def near(*spans: tuple[float, float]) -> list[tuple[object, object]]:
    return [(pytest.approx(begin, abs=2 * HOP), pytest.approx(end, abs=2 * HOP)) for begin, end in spans]


def test_what_calls_in_the_band_is_recorded_from_before_it_to_after_it_and_nothing_else(field: Field) -> None:
    field.until(13.5)
    assert [field.span(clip) for clip in field.clips()] == near((2.5, 4.4), (8.5, 11.2))
    assert {str(clip.begun and clip.begun.which) for clip in field.clips()} == {"birds"}
    assert len(field.cards.captures) == 1, "the microphone was open all the time"


def test_what_does_not_end_is_recorded_for_the_longest_time_and_once(field: Field) -> None:
    field.until(24.0)
    assert field.span(field.clips()[-1]) == near((13.5, 17.5))[0]
    assert len(field.clips()) == 3


def test_that_the_microphone_is_open_is_told_until_nobody_listens(field: Field) -> None:
    field.until(1.0)
    report = field.watch.report()["birds"]
    assert report.listening and report.level is not None and report.level < -60
    assert field.controller.status.listening == 1.0
    field.watch.close()
    field.settle()
    assert field.controller.status.listening == 0.0
    field.wait_for(lambda: field.cards.capture.closed)
    assert [event.seconds for event in field.of(MicrophoneOpen)] == [1.0, 0.0]


def test_when_its_window_ends_the_take_ends_and_the_microphone_closes(tmp_path: Path) -> None:
    field = Field(tmp_path, TRIGGER.replace("longest", 'only: {begin: "07:00", end: "08:01", clock: utc}, longest'))
    try:
        field.until(3.5)
        assert field.controller.status.take_id
        field.clock.set_wall(field.clock.wall_ns() / 1e9 + 60)
        field.clock.advance(0.25)
        field.wait_for(lambda: field.of(MicrophoneOpen)[-1].seconds == 0)
        assert field.of(TriggerChanged)[-1].heard == () and not field.watch.report()["birds"].listening
        field.settle()
        assert field.controller.status.take_id is None
        field.wait_for(lambda: field.cards.capture.closed)
    finally:
        field.close()


def test_what_the_box_itself_plays_is_no_reason_and_is_not_in_a_clip(field: Field) -> None:
    field.silent_from = field.began + 3.2
    field.until(5.5)
    ((begin, _),) = [field.span(clip) for clip in field.clips()]
    assert begin == pytest.approx(3.2, abs=1e-3)


def test_what_the_box_itself_plays_begins_nothing(field: Field) -> None:
    field.silent_from = field.began + 3.41
    field.until(6.0)
    assert field.clips() == [] and not field.of(TriggerChanged)


def test_the_preroll_of_presses_is_not_added(tmp_path: Path) -> None:
    field = Field(tmp_path, TRIGGER + "recording: {preroll: 2s}\n")
    try:
        field.until(5.0)
        assert [field.span(clip) for clip in field.clips()] == near((2.5, 4.4))
    finally:
        field.close()


def test_a_take_of_a_person_is_neither_ended_nor_recorded_twice(field: Field) -> None:
    field.until(2.75)
    field.controller.request(RecordStart(field.clock.monotonic())).result(PATIENCE)
    field.until(5.0)
    assert field.controller.status.take_id and not field.clips()
    field.until(9.25)
    field.controller.request(RecordStop(field.clock.monotonic())).result(PATIENCE)
    field.until(13.5)
    assert [field.span(clip) for clip in field.clips()] == [(2.75, 9.25)], "what she ended stays so until it is quiet"


def test_a_take_in_another_format_makes_it_give_way_and_it_comes_back_to_its_own(tmp_path: Path) -> None:
    field = Field(tmp_path)
    try:
        field.until(1.5)
        field.briefing = evolve(field.briefing, capture=evolve(field.briefing.capture, channels=2))
        field.controller.request(RecordStart(field.clock.monotonic())).result(PATIENCE)
        field.wait_for(lambda: len(field.cards.captures) == 2)
        for _ in range(4):
            field.clock.advance(0.25)
            field.cards.capture.wait_until_read()
        field.controller.request(RecordStop(field.clock.monotonic())).result(PATIENCE)

        field.clock.advance(0.25)
        (clip,) = field.clips()
        assert clip.format.channels == 2
        field.wait_for(lambda: field.cards.captures[1].closed)

        def come_back() -> bool:
            field.clock.advance(0.05)
            return len(field.cards.captures) > 2

        field.wait_for(come_back)
        assert field.cards.captures[2].format == AudioFormat(RATE, 1)
    finally:
        field.close()


def test_once_the_microphone_is_gone_nothing_is_heard(tmp_path: Path) -> None:
    field = Field(tmp_path, TRIGGER + "recording: {reconnect: 1s}\n")
    try:
        field.until(3.5)
        assert field.controller.status.take_id
        field.cards.unplug()

        def over() -> bool:
            field.clock.advance(0.25)
            return field.of(TriggerChanged)[-1].heard == ()

        field.wait_for(over)
    finally:
        field.close()


def test_what_fails_is_told_and_the_take_that_it_began_ends(tmp_path: Path) -> None:
    field = Field(tmp_path)
    try:
        field.until(3.5)
        assert field.controller.status.take_id
        field.watch.close()
        field.settle()
        assert field.of(TriggerChanged)[-1].heard == () and not field.of(FaultRaised)
        assert field.controller.status.take_id is None
    finally:
        field.close()
