"""Lending sound cards: whoever records or plays gets them back at once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.audio.ports import Capture, Direction, Playback, SoundCards
from appliance.audio.shared import SharedCards
from appliance.clock import SystemClock
from appliance.errors import DeviceBusy, DeviceNotFound, DeviceRecalled
from appliance.models import AudioFormat
from appliance.simulation.cards import FakeCards
from appliance.testing.clock import ManualClock

FORMAT = AudioFormat()


class OneAtATime(FakeCards):
    """Cards that refuse a second opening, as real ones do."""

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> "Capture":  # type: ignore[override]
        if any(not stream.closed for stream in self.captures):
            raise DeviceBusy("the microphone is in use")
        return super().open_capture(device, format, period, buffer)


def microphone(cards: SoundCards) -> Capture:
    return cards.open_capture("usb", FORMAT, 0.25, 2.0)


def speaker(cards: SoundCards) -> Playback:
    return cards.open_playback("usb", FORMAT, 0.02, 0.1)


def borrow(shared: SharedCards, opened: threading.Event) -> threading.Thread:
    """Listen on a thread of its own until the microphone is wanted back."""

    def listen() -> None:
        capture = microphone(shared.lent)
        opened.set()
        try:
            while capture.read()[0]:
                pass
        except DeviceRecalled:
            capture.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert opened.wait(5)
    return thread


@pytest.mark.parametrize("needed", [microphone, speaker])
def test_a_borrower_gives_way_to_the_recorder_and_the_player(
    needed: Callable[[SoundCards], Capture | Playback],
) -> None:
    cards = OneAtATime(SystemClock())
    shared = SharedCards(cards, SystemClock())
    thread = borrow(shared, threading.Event())
    begun = time.monotonic()
    stream = needed(shared)
    assert time.monotonic() - begun < 1.0
    assert cards.captures[0].closed
    thread.join(5)
    assert not thread.is_alive()
    stream.close()


def test_nothing_is_lent_after_the_end() -> None:
    shared = SharedCards(OneAtATime(SystemClock()), SystemClock())
    thread = borrow(shared, threading.Event())
    shared.close()
    thread.join(5)
    for wanted in (microphone, speaker):
        with pytest.raises(DeviceRecalled, match="Try again"):
            wanted(shared.lent)
    microphone(shared).close()


def test_a_borrower_that_does_not_come_back_is_not_waited_for_for_ever() -> None:
    clock = ManualClock()
    shared = SharedCards(OneAtATime(clock), clock)
    microphone(shared.lent)
    needed = ThreadPoolExecutor(1).submit(microphone, shared)
    clock.waiters()
    clock.advance(2)
    with pytest.raises(DeviceBusy):
        needed.result(5)


@pytest.mark.slow
def test_a_recalled_speaker_says_so() -> None:
    shared = SharedCards(FakeCards(), SystemClock())
    lent = speaker(shared.lent)
    speaker(shared)
    for ask in (lambda: lent.write(bytes(2)), lent.drain):
        with pytest.raises(DeviceRecalled, match="needed for a take"):
            ask()
    lent.close()


def test_a_lent_stream_is_the_stream() -> None:
    cards = FakeCards()
    shared = SharedCards(cards, SystemClock())
    capture, playback = microphone(shared.lent), speaker(shared.lent)
    assert (capture.format, capture.period_frames, capture.buffer_frames) == (FORMAT, 12_000, 96_000)
    assert capture.read()[0] == 12_000
    assert playback.write(bytes(200)) == 100
    playback.drain()
    assert cards.playback.sounded == bytes(200)
    playback.stop()
    assert playback.write(bytes(2)) == 0
    capture.close()
    playback.close()
    cards.unplug()
    with pytest.raises(DeviceNotFound):
        microphone(shared.lent)
    assert not shared.lent.present("usb", Direction.CAPTURE) and shared.lent.cards() == shared.cards() == ()
