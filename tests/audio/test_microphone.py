"""The microphone and those who listen to it: what each hears, and what becomes of it where he does not come to it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audio.capture import Intake
from appliance.audio.microphone import Microphone
from appliance.audio.ports import Capture
from appliance.audio.ring import RING_SECONDS, Ring
from appliance.audio.stream import Line
from appliance.audio.stretch import Ended, Heard, Lost, Opened, Stretch
from appliance.config.audio import CaptureSettings
from appliance.models import AudioFormat, GapCause
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import numbered
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

RATE = 8000
SETTINGS = CaptureSettings(rate=RATE)
FORMAT = SETTINGS.format


class Stage:
    """A microphone on a simulated card."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cards = FakeCards(self.clock)
        self.backlogs: list[float] = []
        self.microphone = Microphone(Intake(self.cards, SETTINGS, 60.0, self.clock, Vitals(self.clock)))
        self.lines: list[Line] = []

    def listen(self, since: float = 1000.0) -> Line:
        line = self.microphone.listen(since, None, self.backlogs.append)
        self.lines.append(line)
        return line

    def start(self) -> Line:
        line = self.listen()
        assert line.hear(None) == Opened(1000.0, FORMAT, 2.0)
        self.clock.waiters()
        return line

    def run(self, periods: int) -> None:
        for _ in range(periods):
            self.clock.advance(0.25)
            self.cards.capture.wait_until_read()

    def end(self) -> bool:
        for line in self.lines:
            line.leave()
        return self.microphone.join(5.0)


def heard(line: Line) -> Heard:
    item = line.hear(None)
    assert item is not None
    return item


def rest(line: Line) -> list[Heard]:
    """Listen no more, and everything up to the end."""
    line.end(0.0)
    items = [heard(line)]
    while not isinstance(items[-1], Ended):
        items.append(heard(line))
    return items


def sound(items: list[Heard]) -> bytes:
    return b"".join(item.data for item in items if isinstance(item, Stretch) and item.data)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    assert stage.end()


def test_it_is_open_while_anybody_listens(stage: Stage) -> None:
    first = stage.start()
    second = stage.listen()
    stage.run(1)
    first.leave()
    first.leave()
    stage.run(1)
    assert not stage.cards.capture.closed and len(stage.cards.captures) == 1
    second.leave()
    assert stage.microphone.join(5.0) and stage.cards.capture.closed


def test_it_opens_again_for_whoever_comes_later(stage: Stage) -> None:
    stage.start().leave()
    later = stage.listen(since=1000.0)
    assert isinstance(heard(later), Opened)
    assert len(stage.cards.captures) == 2 and stage.cards.captures[0].closed


def test_another_format_waits_until_the_card_is_free(stage: Stage) -> None:
    first = stage.start()
    other = stage.microphone.listen(1000.0, CaptureSettings().in_format(AudioFormat(16_000)))
    stage.lines.append(other)
    assert len(stage.cards.captures) == 1
    first.leave()
    assert heard(other) == Opened(1000.0, AudioFormat(16_000), 2.0)


def test_all_hear_the_same_without_a_copy(stage: Stage) -> None:
    first, second = stage.start(), stage.listen()
    assert isinstance(heard(second), Opened)
    stage.run(2)
    items = rest(first)
    assert sound(items) == numbered(0, 4000, FORMAT)
    assert [one is other for one, other in zip(items[:2], rest(second), strict=False)] == [True, True]


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 12_000), min_size=1, max_size=4))
def test_what_one_hears_until_a_moment_and_another_from_then_on_is_every_frame_once(frames: list[int]) -> None:
    """Also where the moment is up to a second ago."""
    stage = Stage()
    lines = [stage.start()]
    moments = []
    for number, length in enumerate(frames):
        stage.run(4)
        moments.append(1000.0 + number + min(length, 8000) / RATE)
        lines.append(stage.listen(since=moments[-1]))
    stage.run(8)
    position = 0
    for line, until in zip(lines, [*moments, 1000.0 + len(frames) + 1.0], strict=True):
        for item in rest(line):
            if isinstance(item, Stretch) and item.data:
                there = item.until(until, RATE)
                assert item.data[: there * 2] == numbered(position, there, FORMAT)
                position += there
    assert position == (len(frames) + 1) * RATE
    assert stage.end()


def test_who_comes_while_it_is_unplugged_hears_so(stage: Stage) -> None:
    first = stage.start()
    stage.cards.unplug()
    assert isinstance(heard(first), Lost)
    second = stage.listen()
    assert [type(heard(second)) for _ in range(2)] == [Opened, Lost]


def test_a_listener_who_ends_hears_the_end_whatever_the_card_does(stage: Stage) -> None:
    line = stage.start()
    stage.run(1)
    stage.cards.capture.stall()
    line.end(1001.0)
    assert [type(heard(line)) for _ in range(2)] == [Stretch, Ended]


# -- a listener who does not come to it --------------------------------------------------------------------------------


def test_how_much_sound_waits_for_the_disk_is_told_with_every_period(stage: Stage) -> None:
    line = stage.start()
    stage.run(2)
    assert isinstance(line.hear(None), Stretch)
    stage.run(1)
    assert stage.backlogs == [0.25, 0.5, 0.5]


def dropped(frames: int, end: float) -> Stretch:
    return Stretch(frames, end, None, GapCause.STORAGE)


def test_what_finds_no_room_is_counted(stage: Stage) -> None:
    """The ring takes 30 s; once full, it takes more only when it is half empty. Who keeps up loses nothing."""
    line, other = stage.start(), stage.listen()
    heard(other)
    prompt: list[Heard] = []
    for _ in range(130):
        stage.run(1)
        prompt.append(heard(other))
    first = [heard(line) for _ in range(61)]
    stage.run(4)
    items = rest(line)
    whole = [item.frames for item in [*first, *items] if isinstance(item, Stretch) and item.data is not None]
    missed = [item for item in items if isinstance(item, Stretch) and item.data is None]
    assert whole == [2000] * 124
    assert missed == [dropped(20_000, 1032.5)]
    assert items.index(missed[0]) == 120 - 61
    assert sound(prompt) == numbered(0, 130 * 2000, FORMAT)


def test_what_was_dropped_at_the_end_is_told(stage: Stage) -> None:
    line = stage.start()
    stage.run(125)
    assert rest(line)[-2:] == [dropped(10_000, 1031.25), Ended(0.0, None)]


def test_a_full_ring_stays_closed_until_it_is_half_empty(stage: Stage) -> None:
    line = stage.start()
    stage.run(121)
    for _ in range(30):
        heard(line)
        stage.run(1)
    items = rest(line)
    assert items[90:] == [dropped(31 * 2000, 1037.75), Ended(0.0, None)]


def test_what_was_dropped_before_the_card_was_unplugged_is_told_first(stage: Stage) -> None:
    line = stage.start()
    stage.run(125)
    stage.cards.unplug()
    items = [heard(line) for _ in range(122)]
    assert items[120] == dropped(10_000, 1031.25)
    assert isinstance(items[121], Lost)


def test_the_ring_gives_up_waiting() -> None:
    clock = ManualClock()
    ring = Ring(FORMAT, clock)
    results: list[Heard | None] = []

    def in_thread(action: Callable[[], None]) -> None:
        thread = threading.Thread(target=lambda: results.append(ring.get(1.0)), daemon=True)
        thread.start()
        clock.waiters()
        action()
        thread.join(5.0)

    in_thread(lambda: clock.advance(1.0))
    in_thread(ring.wake)
    in_thread(lambda: ring.put(Lost("gone")))
    assert results == [None, None, Lost("gone")]


def test_the_ring_is_bounded_in_bytes_for_any_format() -> None:
    clock = ManualClock()
    assert Ring(FORMAT, clock).room(round(RING_SECONDS * FORMAT.byte_rate))
    assert not Ring(FORMAT, clock).room(round(RING_SECONDS * FORMAT.byte_rate) + 1)
    assert not Ring(AudioFormat(384_000, 32), clock).room(64 * 1024 * 1024 + 1)


class Asked:
    """A simulated microphone, how much each of its reads asked for, and how often somebody was in a hurry."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self.frames: list[int] = []
        self.hastened = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.capture, name)

    def read(self, frames: int = 0) -> tuple[int, bytes]:
        self.frames.append(frames)
        return self.capture.read(frames)

    def hasten(self) -> None:
        self.hastened += 1


class AskedCards(FakeCards):
    """Cards that keep what they were asked for."""

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> Any:
        self.asked = Asked(super().open_capture(device, format, period, buffer))
        return self.asked


def patient_stage() -> tuple[Stage, AskedCards]:
    stage = Stage()
    stage.cards = cards = AskedCards(stage.clock)
    stage.microphone = Microphone(Intake(cards, SETTINGS, 60.0, stage.clock, Vitals(stage.clock)), patience=0.5)
    return stage, cards


def test_who_listens_hears_as_much_at_once_as_he_can_wait_for() -> None:
    stage, cards = patient_stage()
    stage.start()
    stage.run(21)
    assert cards.asked.frames == [*[0] * 20, RATE // 2, RATE // 2], "the periods of the first five seconds come alone"
    guest = stage.microphone.overhear(opens=True, hurried=True)
    assert guest
    stage.run(2)
    assert cards.asked.frames[-1] == 0
    guest.leave()
    stage.run(2)
    assert cards.asked.frames[-1] == RATE // 2
    assert stage.end()


def test_a_microphone_that_nobody_hears_wakes_once_a_second_until_somebody_comes() -> None:
    stage, cards = patient_stage()
    stage.microphone.stay_open()
    stage.clock.waiters()
    stage.run(21)
    assert cards.asked.frames[-1] == RATE
    hastened = cards.asked.hastened
    line = stage.listen()
    assert cards.asked.hastened == hastened + 1
    stage.run(2)
    assert cards.asked.frames[-1] == RATE // 2
    line.leave()
    stage.microphone.let_close()
    assert stage.end()
