from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from appliance.audio.capture import BUSY_AGAIN, BUSY_PATIENCE, CaptureThread, Intake, Item, Overrun, Period
from appliance.audio.ports import XRUN, Capture, Direction
from appliance.audio.stretch import Ended, Lost, Opened
from appliance.config.audio import CaptureSettings
from appliance.errors import DeviceBusy, FormatUnsupported
from appliance.models import AudioFormat
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import numbered
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

RATE = 8000
SETTINGS = CaptureSettings(rate=RATE)
FORMAT = SETTINGS.format


class Lab:
    """A capture thread between a simulated card and a queue that the test empties."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cards = FakeCards(self.clock)
        self.vitals = Vitals(self.clock)
        self.heard: SimpleQueue[Item] = SimpleQueue()
        self.thread = self.make(None, self.heard)

    def make(self, after: CaptureThread | None, heard: "SimpleQueue[Item]") -> CaptureThread:
        return CaptureThread(Intake(self.cards, SETTINGS, 60.0, self.clock, self.vitals), after, heard.put)

    def next(self) -> Item:
        return self.heard.get(timeout=5.0)

    def start(self) -> Opened:
        self.thread.start()
        opened = self.next()
        assert isinstance(opened, Opened)
        self.clock.waiters()
        return opened

    def run(self, periods: int) -> None:
        for _ in range(periods):
            self.clock.advance(0.25)
            self.cards.capture.wait_until_read()

    def drain(self) -> list[Item]:
        """Stop, and everything up to the end."""
        self.thread.stop()
        items = [self.next()]
        while not isinstance(items[-1], Ended):
            items.append(self.next())
        return items


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.thread.stop()
    assert lab.thread.join(5.0)


def test_periods_come_with_the_times_of_their_reads(lab: Lab) -> None:
    assert lab.start() == Opened(1000.0, FORMAT, 2.0)
    lab.run(2)
    assert lab.drain() == [
        Period(2000, numbered(0, 2000, FORMAT), 1000.0, 1000.25),
        Period(2000, numbered(2000, 2000, FORMAT), 1000.25, 1000.5),
        Ended(1000.5, None),
    ]
    assert lab.thread.join(5.0)
    assert lab.cards.capture.closed


def test_an_overrun_is_told_before_the_sound_after_it(lab: Lab) -> None:
    lab.start()
    lab.run(1)
    lab.cards.capture.overrun(1000)
    lab.clock.advance(0.125)
    lab.cards.capture.wait_until_read()
    lab.run(1)
    items = lab.drain()
    assert items[1:] == [
        Overrun(1000.375),
        Period(2000, numbered(3000, 2000, FORMAT), 1000.375, 1000.625),
        Ended(1000.625, None),
    ]


@pytest.mark.parametrize("error", [DeviceBusy("held by arecord"), FormatUnsupported("no")])
def test_a_card_that_cannot_be_opened_ends_it(lab: Lab, error: DeviceBusy) -> None:
    lab.cards.refuse(Direction.CAPTURE, error)
    lab.thread.start()
    while lab.heard.empty() and lab.thread.join(0.01) is False:
        lab.clock.advance(0.1)
    ended = lab.next()
    assert isinstance(ended, Ended) and ended.error == error
    assert (ended.at > 1000.0) == isinstance(error, DeviceBusy)


def test_a_card_that_is_busy_for_a_moment_is_waited_for(lab: Lab) -> None:
    lab.cards.refuse(Direction.CAPTURE, DeviceBusy("held by arecord"))
    lab.thread.start()
    lab.clock.waiters()
    lab.clock.advance(BUSY_PATIENCE - 0.2)
    lab.clock.waiters()
    assert lab.heard.empty()
    lab.cards.refuse(Direction.CAPTURE, None)
    lab.clock.advance(BUSY_AGAIN)
    assert isinstance(lab.next(), Opened)


def test_a_stop_ends_the_wait_for_a_busy_card(lab: Lab) -> None:
    lab.cards.refuse(Direction.CAPTURE, DeviceBusy("held by arecord"))
    lab.thread.start()
    lab.clock.waiters()
    lab.thread.stop()
    assert lab.next() == Ended(1000.0, None)


def test_an_unplugged_card_is_opened_again(lab: Lab) -> None:
    lab.start()
    lab.run(1)
    lab.cards.unplug()
    assert [type(lab.next()) for _ in range(2)] == [Period, Lost]
    lab.clock.waiters()
    lab.cards.replug()
    lab.clock.advance(0.5)
    assert lab.next() == Opened(1000.75, FORMAT, 2.0)
    lab.run(1)
    assert lab.next() == Period(2000, numbered(6000, 2000, FORMAT), 1000.75, 1001.0)
    assert all(capture.closed for capture in lab.cards.captures[:-1])


def test_a_card_that_is_there_but_not_ready_is_tried_again(lab: Lab) -> None:
    lab.start()
    lab.cards.refuse(Direction.CAPTURE, DeviceBusy("not yet"))
    lab.cards.capture.unplug()
    assert isinstance(lab.next(), Lost)
    lab.clock.waiters()
    lab.cards.refuse(Direction.CAPTURE, None)
    lab.clock.advance(0.5)
    assert isinstance(lab.next(), Opened)


def test_a_card_that_stays_away_ends_it(lab: Lab) -> None:
    lab.start()
    lab.cards.unplug()
    assert isinstance(lab.next(), Lost)
    for _ in range(119):
        lab.clock.waiters()
        lab.clock.advance(0.5)
    lab.clock.waiters()
    assert lab.heard.empty()
    lab.clock.advance(0.5)
    ended = lab.next()
    assert isinstance(ended, Ended)
    assert (ended.at, str(ended.error)) == (1060.0, "the simulated sound card was unplugged. Plug it in again")


def test_a_card_that_comes_back_with_another_format_ends_it(lab: Lab) -> None:
    lab.start()
    lab.cards.unplug()
    lab.cards.formats = (AudioFormat(44_100),)
    lab.cards.replug()
    assert isinstance(lab.next(), Lost)
    ended = lab.next()
    assert isinstance(ended, Ended)
    assert isinstance(ended.error, FormatUnsupported)


class BrokenCapture:
    """A card whose every read overruns."""

    format = FORMAT
    period_frames = 2000
    buffer_frames = 16_000
    behind_server = False

    def read(self, frames: int = 0) -> tuple[int, bytes]:
        return XRUN, b""

    def hasten(self) -> None:
        pass

    def stop(self) -> None:
        raise AssertionError("it ends by itself")

    def close(self) -> None:
        pass


class BrokenCards(FakeCards):
    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> Capture:  # type: ignore[override]
        return BrokenCapture()


def test_a_card_that_only_overruns_is_not_tried_in_a_hurry() -> None:
    lab = Lab()
    lab.cards = BrokenCards(lab.clock)
    lab.thread = lab.make(None, lab.heard)
    lab.thread.start()
    opened: list[float] = []
    while not isinstance(item := lab.next(), Ended):
        if isinstance(item, Opened):
            opened.append(item.earliest)
        elif len(opened) > 1 and lab.clock.monotonic() < 1060.0:
            lab.clock.waiters()
            lab.clock.advance(0.5)
    assert opened == [1000.0, *(1000.0 + number / 2 for number in range(121))]
    assert item.at == 1060.0


@pytest.mark.parametrize("when", ["waiting for sound", "looking for the card"])
def test_stop_ends_it_at_once(lab: Lab, when: str) -> None:
    lab.start()
    if when == "looking for the card":
        lab.cards.unplug()
        assert isinstance(lab.next(), Lost)
        lab.clock.waiters()
    assert isinstance(lab.drain()[-1], Ended)


def test_the_next_one_waits_for_the_card(lab: Lab) -> None:
    lab.start()
    heard: SimpleQueue[Item] = SimpleQueue()
    second = lab.make(lab.thread, heard)
    second.start()
    assert len(lab.cards.captures) == 1
    lab.thread.stop()
    assert isinstance(heard.get(timeout=5.0), Opened)
    assert lab.cards.captures[0].closed
    second.stop()
    assert second.join(5.0)


def test_stopped_before_its_turn_it_never_opens_the_card(lab: Lab) -> None:
    lab.start()
    heard: SimpleQueue[Item] = SimpleQueue()
    second = lab.make(lab.thread, heard)
    second.start()
    second.stop()
    lab.thread.stop()
    assert isinstance(heard.get(timeout=5.0), Ended)
    assert len(lab.cards.captures) == 1


def test_a_card_that_hangs_is_overdue(lab: Lab) -> None:
    lab.start()
    lab.clock.advance(15.1)
    lab.clock.waiters()
    lab.cards.capture.wait_until_read()
    assert lab.vitals.overdue() == ()
    lab.cards.capture.stall()
    lab.clock.advance(15.1)
    assert lab.vitals.overdue() == ("capture",)
