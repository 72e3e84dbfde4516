"""Whether microphone and speaker are there is known before anyone presses record."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from appliance.audio.foresight import Foresight
from appliance.audio.ports import Direction
from appliance.audio.watch import RECHECK_EVERY, DeviceWatch
from appliance.config.audio import CaptureSettings
from appliance.errors import DeviceBusy
from appliance.events import Event, FaultRaised, MicrophoneReady
from appliance.faults import DEFECT, MICROPHONE_AWAY, MICROPHONE_FORMAT, SPEAKER
from appliance.machine import State
from appliance.models import AudioFormat
from appliance.simulation.cards import FakeCards
from appliance.status import Status, advance
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

Start = Callable[[], list[Event]]
StartWith = Callable[..., list[Event]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def cards(clock: ManualClock) -> FakeCards:
    return FakeCards(clock)


@pytest.fixture
def vitals(clock: ManualClock, posted: list[Event]) -> Vitals:
    return Vitals(clock, posted.append)


@pytest.fixture
def posted() -> list[Event]:
    return []


@pytest.fixture
def start(cards: FakeCards, clock: ManualClock, posted: list[Event], vitals: Vitals) -> Iterator[Start]:
    watch = DeviceWatch(cards, "usb", "usb", clock, posted.append, vitals)

    def begin() -> list[Event]:
        watch.start()
        clock.waiters()
        return posted

    yield begin
    watch.close()


def look(clock: ManualClock, posted: list[Event], count: int) -> list[Event]:
    """What was posted within the next two seconds: so many events."""
    before = len(posted)
    clock.waiters()
    clock.advance(1.9)
    limit = time.monotonic() + 5.0
    while len(posted) < before + count:
        assert time.monotonic() < limit, f"only {posted[before:]}"
        time.sleep(0.001)
    return posted[before:]


def test_what_is_pulled_is_told_within_two_seconds_and_so_is_its_return(
    start: Start, cards: FakeCards, clock: ManualClock
) -> None:
    posted = start()
    assert posted == []
    cards.unplug()
    first, second = look(clock, posted, 2)
    assert isinstance(first, FaultRaised) and first.fault.name == "microphone" and first.fault.urgent
    assert isinstance(second, FaultRaised) and second.fault.name == "speaker" and not second.fault.urgent
    cards.replug(Direction.CAPTURE)
    assert look(clock, posted, 1) == [MICROPHONE_AWAY.cleared()]
    cards.replug()
    assert look(clock, posted, 1) == [SPEAKER.cleared()]


def posted_by(cards: FakeCards, clock: ManualClock, speaker: str, *, expected: bool = False) -> list[Event]:
    posted: list[Event] = []
    watch = DeviceWatch(cards, "usb", speaker, clock, posted.append, Vitals(clock), expected)
    watch.start()
    clock.waiters()
    watch.close()
    return posted


def test_a_speaker_that_was_never_there_is_missed_only_where_one_is_meant(cards: FakeCards, clock: ManualClock) -> None:
    cards.unplug(Direction.PLAYBACK)
    assert posted_by(cards, clock, "usb") == posted_by(cards, clock, "none") == []
    for posted in (posted_by(cards, clock, "usb:Speaker"), posted_by(cards, clock, "usb", expected=True)):
        (fault,) = posted
        assert isinstance(fault, FaultRaised) and fault.fault.name == "speaker"


def test_a_recheck_is_made_now_and_then_while_the_microphone_is_there(cards: FakeCards, clock: ManualClock) -> None:
    made: list[float] = []
    watch = DeviceWatch(
        cards, "usb", "none", clock, lambda _: None, Vitals(clock), recheck=lambda: made.append(clock.monotonic())
    )
    began = clock.monotonic()
    watch.start()

    def pass_time(seconds: float) -> None:
        for _ in range(round(seconds / 0.5)):
            clock.waiters()
            clock.advance(0.5)
        clock.waiters()

    pass_time(4 * RECHECK_EVERY)
    assert 3 <= len(made) <= 5
    cards.unplug()
    pass_time(2)
    made.clear()
    pass_time(2 * RECHECK_EVERY)
    assert made == []
    cards.replug()
    pass_time(2)
    assert made and made[0] > began
    watch.close()


def test_a_box_that_starts_without_a_microphone_says_so_at_once(start: Start, cards: FakeCards) -> None:
    cards.unplug(Direction.CAPTURE)
    (fault,) = start()
    assert isinstance(fault, FaultRaised) and "the microphone 'usb' is not there. Plug it in" in fault.fault.message


def test_a_look_that_fails_by_a_defect_is_told_and_not_the_last(
    start: Start, cards: FakeCards, clock: ManualClock
) -> None:
    posted, present = start(), cards.present

    def broken(device: str, direction: Direction) -> bool:
        raise ZeroDivisionError

    cards.present = broken  # type: ignore[method-assign]
    [raised] = look(clock, posted, 1)
    assert isinstance(raised, FaultRaised) and raised.fault.name == "defect:device-watch"
    cards.present = present  # type: ignore[method-assign]
    cards.unplug(Direction.CAPTURE)
    gone, over = look(clock, posted, 2)
    assert isinstance(gone, FaultRaised) and gone.fault.name == "microphone"
    assert over == DEFECT.cleared("device-watch")


def test_a_look_that_hangs_is_noticed(start: Start, cards: FakeCards, clock: ManualClock, vitals: Vitals) -> None:
    start()
    looks, go_on = threading.Event(), threading.Event()
    cards.present = lambda *_: looks.set() or go_on.wait(10.0)  # type: ignore[method-assign]
    clock.advance(1.9)
    assert looks.wait(5.0)
    clock.advance(60.0)
    assert vitals.overdue() == ("device-watch",)
    go_on.set()


# -- what it will record in --------------------------------------------------------------------------------------------


@pytest.fixture
def foreseen(cards: FakeCards, clock: ManualClock, posted: list[Event], vitals: Vitals) -> Iterator[StartWith]:
    watches: list[DeviceWatch] = []

    def begin(wish: CaptureSettings, *formats: AudioFormat) -> list[Event]:
        cards.formats = formats
        foresight = Foresight(cards, wish, posted.append)
        watches.append(DeviceWatch(cards, "usb", "none", clock, posted.append, vitals, foresight=foresight))
        watches[0].start()
        clock.waiters()
        return posted

    yield begin
    watches[0].close()


CD = AudioFormat(44_100, 2)


def test_the_format_of_the_next_take_is_told_before_anybody_presses(foreseen: StartWith, cards: FakeCards) -> None:
    assert foreseen(CaptureSettings(), CD) == [MicrophoneReady(CD)]
    assert cards.captures == []
    status = advance(Status(), State(), MicrophoneReady(CD))
    assert status.microphone == CD
    assert advance(status, State(), MICROPHONE_AWAY.raised("gone")).microphone is None


def test_a_wish_that_cannot_be_had_is_a_fault_until_another_microphone_comes(
    foreseen: StartWith, clock: ManualClock, cards: FakeCards, posted: list[Event]
) -> None:
    (fault,) = foreseen(CaptureSettings(rate=48_000), CD)
    assert isinstance(fault, FaultRaised) and fault.fault.urgent
    assert fault.fault.name == "microphone_format"
    assert fault.fault.message == "capture device 'usb' cannot do 48000 Hz S16_LE mono"
    assert look(clock, posted, 0) == []
    cards.unplug(Direction.CAPTURE)
    assert look(clock, posted, 2)[1] == MICROPHONE_FORMAT.cleared()
    cards.formats = (AudioFormat(),)
    cards.replug(Direction.CAPTURE)
    assert MicrophoneReady(AudioFormat()) in look(clock, posted, 2)


def test_a_microphone_that_is_busy_at_first_is_looked_at_again(
    foreseen: StartWith, clock: ManualClock, cards: FakeCards, posted: list[Event]
) -> None:
    cards.refuse(Direction.CAPTURE, DeviceBusy("in use"))
    assert foreseen(CaptureSettings(), CD) == []
    cards.refuse(Direction.CAPTURE, None)
    assert look(clock, posted, 1) == [MicrophoneReady(CD)]
