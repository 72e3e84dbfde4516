"""The simulated cards keep the contract of `appliance.audio.ports`, ugly parts included."""

import threading
from collections.abc import Callable

import pytest

from appliance.audio.ports import XRUN, Direction, SoundCards
from appliance.errors import DeviceBusy, DeviceLost, DeviceNotFound, FormatUnsupported
from appliance.models import AudioFormat, SampleFormat
from appliance.simulation.cards import FakeCapture, FakeCards, simulated_cards
from appliance.simulation.sound import missing, numbered, speech
from appliance.testing.clock import ManualClock

FORMAT = AudioFormat(48_000, 1)
STEREO_24 = AudioFormat(44_100, 2, SampleFormat.S24_3LE)


class Reader:
    """Reads a microphone on a thread of its own until it is stopped or lost."""

    def __init__(self, capture: FakeCapture) -> None:
        self.data = bytearray()
        self.lengths: list[int] = []
        self.error: Exception | None = None
        self._capture = capture
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            length = 1
            while length:
                length, data = self._capture.read()
                self.lengths.append(length)
                self.data += data
        except DeviceLost as error:
            self.error = error
        self._capture.close()

    def join(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive()


def in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_unpaced_sound_comes_as_fast_as_it_is_read() -> None:
    capture = FakeCards().open_capture("usb", STEREO_24, period=0.1, buffer=1)
    data = b"".join(capture.read()[1] for _ in range(5))
    assert data == numbered(0, 5 * 4410, STEREO_24)


def test_sound_of_a_given_length_ends_with_a_read_that_waits_for_stop() -> None:
    capture = FakeCards(length=48_000).open_capture("usb", FORMAT, period=0.25, buffer=1)
    reader = Reader(capture)
    capture.wait_until_read()
    capture.stop()
    reader.join()
    assert reader.lengths == [12_000] * 4 + [0]
    assert capture.closed


def test_paced_sound_follows_the_clock() -> None:
    clock = ManualClock()
    capture = FakeCards(clock).open_capture("usb", FORMAT, period=0.25, buffer=2)
    reader = Reader(capture)
    for _ in range(7):
        clock.advance(0.1)
        capture.wait_until_read()
    capture.stop()
    reader.join()
    assert bytes(reader.data) == numbered(0, 24_000, FORMAT)


def test_reader_that_comes_too_late_loses_the_whole_ring() -> None:
    clock = ManualClock()
    capture = FakeCards(clock).open_capture("usb", FORMAT, period=0.25, buffer=2)
    clock.advance(2.5)
    assert capture.read() == (XRUN, b"")
    clock.advance(0.25)
    assert capture.read() == (12_000, numbered(120_000, 12_000, FORMAT))


def test_reader_that_comes_just_in_time_loses_nothing() -> None:
    clock = ManualClock()
    capture = FakeCards(clock).open_capture("usb", FORMAT, period=0.25, buffer=2)
    clock.advance(2.0)
    assert b"".join(capture.read()[1] for _ in range(8)) == numbered(0, 96_000, FORMAT)


def test_forced_overrun_loses_the_frames_named_and_goes_on() -> None:
    clock = ManualClock()
    capture = FakeCards(clock).open_capture("usb", FORMAT, period=0.25, buffer=2)
    reader = Reader(capture)
    clock.advance(0.25)
    capture.wait_until_read()
    capture.overrun(4_800)
    clock.advance(0.1)
    capture.wait_until_read()
    clock.advance(0.25)
    capture.wait_until_read()
    capture.stop()
    reader.join()
    assert reader.lengths == [12_000, XRUN, 12_000, 0]
    assert missing(bytes(reader.data), FORMAT) == 4_800


def test_a_sound_server_swallows_without_a_word() -> None:
    clock = ManualClock()
    capture = FakeCards(clock, behind_server=True).open_capture("default", FORMAT, period=0.25, buffer=2)
    assert capture.behind_server
    reader = Reader(capture)
    clock.advance(0.25)
    capture.wait_until_read()
    capture.swallow(4_800)
    for _ in range(6):
        clock.advance(0.1)
        capture.wait_until_read()
    capture.stop()
    reader.join()
    assert reader.lengths == [12_000, 12_000, 12_000, 0]
    assert missing(bytes(reader.data), FORMAT) == 4_800


def test_stalled_driver_overruns_when_it_goes_on() -> None:
    clock = ManualClock()
    capture = FakeCards(clock).open_capture("usb", FORMAT, period=0.25, buffer=1)
    capture.stall()
    reader = Reader(capture)
    clock.advance(3)
    capture.go_on()
    capture.wait_until_read()
    capture.stop()
    reader.join()
    assert reader.lengths == [XRUN, 0]


def test_stop_ends_a_stalled_read() -> None:
    capture = FakeCards().open_capture("usb", FORMAT, period=0.25, buffer=1)
    capture.stall()
    reader = Reader(capture)
    capture.stop()
    reader.join()
    assert reader.lengths == [0]


def test_unplug_ends_the_waiting_read_and_the_numbers_go_on_after_replug() -> None:
    clock = ManualClock()
    cards = FakeCards(clock)
    reader = Reader(cards.open_capture("usb", FORMAT, period=0.25, buffer=1))
    cards.unplug()
    reader.join()
    assert isinstance(reader.error, DeviceLost)
    assert not cards.present("usb", Direction.CAPTURE)
    assert cards.cards() == ()
    with pytest.raises(DeviceNotFound):
        cards.open_capture("usb", FORMAT, period=0.25, buffer=1)
    clock.advance(10)
    cards.replug()
    assert cards.present("usb", Direction.CAPTURE)
    capture = cards.open_capture("usb", FORMAT, period=0.25, buffer=1)
    clock.advance(0.25)
    assert capture.read()[1] == numbered(480_000, 12_000, FORMAT)


def test_one_direction_can_be_unplugged_alone() -> None:
    cards = FakeCards()
    cards.unplug(Direction.PLAYBACK)
    assert cards.present("usb", Direction.CAPTURE)
    assert not cards.present("usb", Direction.PLAYBACK)
    cards.open_capture("usb", FORMAT, period=0.25, buffer=1).read()


def test_opening_fails_as_told() -> None:
    cards = FakeCards(formats=[FORMAT])
    with pytest.raises(FormatUnsupported):
        cards.open_capture("usb", STEREO_24, period=0.25, buffer=1)
    cards.refuse(Direction.CAPTURE, DeviceBusy("held by another program"))
    with pytest.raises(DeviceBusy):
        cards.open_capture("usb", FORMAT, period=0.25, buffer=1)
    cards.refuse(Direction.CAPTURE, None)
    assert cards.open_capture("usb", FORMAT, period=0.25, buffer=1) is cards.capture


def test_card_may_grant_a_smaller_ring() -> None:
    capture = FakeCards(max_buffer=0.5).open_capture("usb", FORMAT, period=0.1, buffer=2)
    assert (capture.period_frames, capture.buffer_frames) == (4_800, 24_000)


def test_drifting_crystal_delivers_more_than_its_rate() -> None:
    clock = ManualClock()
    capture = FakeCards(clock, drift_ppm=100).open_capture("usb", FORMAT, period=0.25, buffer=200)
    clock.advance(2.5)
    clock.advance(2.5)
    assert capture.read()[0] == 12_000
    clock.advance(5)
    assert [capture.read()[0] for _ in range(39)] == [12_000] * 39
    clock.advance(0.249)
    assert capture.read()[0] == 12_000


def test_call_after_close_fails() -> None:
    capture = FakeCards().open_capture("usb", FORMAT, period=0.25, buffer=1)
    capture.close()
    with pytest.raises(AssertionError):
        capture.read()


def test_speaker_takes_at_most_a_period_and_keeps_what_was_written() -> None:
    cards = FakeCards()
    playback = cards.open_playback("usb", FORMAT, period=0.1, buffer=1)
    sound = numbered(0, 10_000, FORMAT)
    assert playback.write(sound) == 4_800
    assert playback.write(sound[9_600:]) == 4_800
    assert playback.write(sound[19_200:]) == 400
    playback.drain()
    playback.close()
    assert cards.playback.written == cards.playback.sounded == sound


def test_paced_speaker_takes_what_there_is_room_for() -> None:
    clock = ManualClock()
    playback = FakeCards(clock).open_playback("usb", FORMAT, period=0.25, buffer=0.5)
    sound = numbered(0, 12_000, FORMAT)
    assert [playback.write(sound), playback.write(sound)] == [12_000, 12_000]
    assert playback.sounded == b""
    third = in_background(lambda: playback.write(sound))
    clock.waiters()
    clock.advance(0.25)
    third.join(5)
    assert playback.sounded == sound
    assert playback.written == sound * 3


def test_paced_speaker_underruns_when_the_writer_is_late() -> None:
    clock = ManualClock()
    playback = FakeCards(clock).open_playback("usb", FORMAT, period=0.25, buffer=0.5)
    playback.write(numbered(0, 12_000, FORMAT))
    clock.advance(0.3)
    assert playback.write(numbered(12_000, 12_000, FORMAT)) == XRUN
    assert playback.write(numbered(12_000, 12_000, FORMAT)) == 12_000
    assert playback.written == numbered(0, 24_000, FORMAT)


def test_forced_underrun_comes_once() -> None:
    playback = FakeCards().open_playback("usb", FORMAT, period=0.25, buffer=0.5)
    playback.underrun()
    sound = numbered(0, 10, FORMAT)
    assert [playback.write(sound), playback.write(sound)] == [XRUN, 10]


def test_drain_waits_until_all_has_sounded() -> None:
    clock = ManualClock()
    playback = FakeCards(clock).open_playback("usb", FORMAT, period=0.25, buffer=0.5)
    playback.write(numbered(0, 12_000, FORMAT))
    draining = in_background(playback.drain)
    clock.waiters()
    clock.advance(0.2)
    assert draining.is_alive()
    clock.waiters()
    clock.advance(0.05)
    draining.join(5)
    assert not draining.is_alive()
    assert playback.sounded == playback.written


def test_stop_silences_the_speaker_at_once() -> None:
    clock = ManualClock()
    playback = FakeCards(clock).open_playback("usb", FORMAT, period=0.25, buffer=0.5)
    sound = numbered(0, 24_000, FORMAT)
    assert [playback.write(sound), playback.write(sound)] == [12_000, 12_000]
    waiting = in_background(lambda: playback.write(sound))
    clock.advance(0.1)
    playback.stop()
    waiting.join(5)
    clock.advance(1)
    assert playback.write(sound) == 0
    assert playback.sounded == sound[: 4_800 * 2]


def test_lost_speaker_raises() -> None:
    cards = FakeCards()
    playback = cards.open_playback("usb", FORMAT, period=0.25, buffer=0.5)
    cards.unplug()
    with pytest.raises(DeviceLost):
        playback.write(numbered(0, 10, FORMAT))


def test_simulated_microphone_speaks_in_real_time_and_its_speaker_forgets() -> None:
    clock = ManualClock()
    cards: SoundCards = simulated_cards(clock)
    capture = cards.open_capture("usb", STEREO_24, period=0.25, buffer=2)
    clock.advance(1)
    data = b"".join(capture.read()[1] for _ in range(4))
    assert data == speech(0, 4 * 11_025, STEREO_24)
    playback = cards.open_playback("usb", FORMAT, period=0.25, buffer=2)
    assert playback.write(bytes(200)) == 100
    (card,) = cards.cards()
    assert "imulated" in card.name
