"""The contract of `appliance.audio.ports` on real libasound, with the test card of `tests/testcard`."""

import errno
import os
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from appliance.audio import asound
from appliance.audio.alsa import AlsaCards, shortfall
from appliance.audio.devices import Devices
from appliance.audio.ports import XRUN, Capture, Direction, Playback, SoundCards
from appliance.audio.reader import AlsaReader
from appliance.audio.speaker import AlsaSpeaker
from appliance.errors import AudioError, DeviceBusy, DeviceLost, DeviceNotFound, FormatUnsupported
from appliance.models import AudioFormat, SampleFormat
from appliance.simulation.sound import Stretch, missing, numbered, stretches

FORMAT = AudioFormat(48_000, 1)
FORMATS = [
    AudioFormat(rate, channels, sample)
    for rate, channels, sample in (
        (48_000, 1, SampleFormat.S16_LE),
        (48_000, 2, SampleFormat.S16_LE),
        (44_100, 2, SampleFormat.S24_3LE),
        (96_000, 1, SampleFormat.S32_LE),
    )
]


@contextmanager
def microphone(
    card: Path, format: AudioFormat = FORMAT, period: float = 0.02, buffer: float = 2.0
) -> Iterator[Capture]:
    capture = AlsaCards().open_capture(f"testcard:{card}", format, period, buffer)
    try:
        yield capture
    finally:
        capture.close()


@contextmanager
def speaker(card: Path, format: AudioFormat = FORMAT, period: float = 0.02, buffer: float = 2.0) -> Iterator[Playback]:
    playback = AlsaCards().open_playback(f"testcard:{card}", format, period, buffer)
    try:
        yield playback
    finally:
        playback.close()


def read(capture: Capture, periods: int) -> bytes:
    pieces = [capture.read() for _ in range(periods)]
    assert all(length == capture.period_frames for length, _ in pieces)
    return b"".join(data for _, data in pieces)


def write(playback: Playback, data: bytes) -> None:
    while data:
        taken = playback.write(data)
        assert taken > 0
        data = data[taken * playback.format.frame_bytes :]


def wait_for(condition: Callable[[], bool], timeout: float = 5.0) -> None:
    limit = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.001)


def stall(seconds: float) -> None:
    """Let the card run on while nobody reads it."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= end, seconds + 5)


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_every_sample_arrives(test_card: Path, format: AudioFormat) -> None:
    with microphone(test_card, format) as capture:
        assert capture.format == format
        data = read(capture, 20)
    (piece,) = stretches(data, format)
    assert piece.frames == 20 * capture.period_frames


def test_a_read_that_brings_nothing_is_no_end(test_card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets nothing takes it that he stopped it himself: a take would end without a word."""
    with microphone(test_card) as capture:
        real, nothing = asound.read, [0, 0]
        monkeypatch.setattr(asound, "read", lambda *given: nothing.pop() if nothing else real(*given))
        first, data = capture.read()
        assert (first, nothing) == (capture.period_frames, [])
        monkeypatch.setattr(asound, "read", lambda *_: 0)
        with pytest.raises(DeviceLost, match="nothing, again and again"):
            capture.read()
    assert len(stretches(data, FORMAT)) == 1


def test_wishes_are_granted_and_reported(test_card: Path) -> None:
    with microphone(test_card, period=0.25, buffer=2.0) as capture:
        assert (capture.period_frames, capture.buffer_frames) == (12_000, 96_000)
        assert not capture.behind_server


@pytest.mark.parametrize("format", [AudioFormat(48_000, 12), AudioFormat(300_000, 1)], ids=str)
@pytest.mark.parametrize("direction", Direction)
def test_substituted_parameters_are_refused(test_card: Path, format: AudioFormat, direction: Direction) -> None:
    cards = AlsaCards()
    opening = cards.open_capture if direction is Direction.CAPTURE else cards.open_playback
    errors = []
    for _ in range(2):  # a refused opening leaves the card free, even while somebody keeps the error
        with pytest.raises(
            FormatUnsupported, match=rf"cannot do {format}: the nearest it offers is .* It can do .* Hz; .*{direction}"
        ) as e:
            opening(f"testcard:{test_card}", format, 0.02, 0.5)
        assert e.value.offered is not None
        errors.append(e.value)


def test_a_check_refuses_what_an_opening_would_refuse_and_leaves_the_card_free(test_card: Path) -> None:
    cards, word = AlsaCards(), f"testcard:{test_card}"
    for _ in range(2):
        cards.check_capture(word, FORMAT)
        with pytest.raises(FormatUnsupported, match="nearest it offers"):
            cards.check_capture(word, AudioFormat(48_000, 12))
    with microphone(test_card) as capture:
        assert read(capture, 1)


@pytest.mark.slow
def test_overrun_is_told_and_the_sound_goes_on(test_card: Path) -> None:
    with microphone(test_card, period=0.02, buffer=0.4) as capture:
        data = read(capture, 5)
        stall(0.6)
        assert capture.read() == (XRUN, b"")
        data += read(capture, 5)
    assert FORMAT.frames(0.55) < missing(data, FORMAT) < FORMAT.frames(5)


@pytest.mark.slow
def test_long_ring_outlives_a_stall_without_loss(test_card: Path) -> None:
    with microphone(test_card, period=0.1, buffer=2.0) as capture:
        data = read(capture, 2)
        stall(1.5)
        data += read(capture, 20)
    assert missing(data, FORMAT) == 0


def test_waiting_for_sound_costs_no_time(test_card: Path) -> None:
    with microphone(test_card, period=0.1) as capture:
        began = time.process_time()
        read(capture, 5)
        assert time.process_time() - began < 0.1


def test_card_with_a_fast_crystal_delivers_faster(test_card: Path) -> None:
    """Ten percent is far from any real crystal, so that half a second tells."""
    fast = AlsaCards().open_capture(f"testcard:{test_card},100000", FORMAT, 0.02, 5.0)
    assert isinstance(fast, AlsaReader)
    fast.read()
    began = time.monotonic()
    stall(0.5)
    least = (time.monotonic() - began) * 48_000 * 1.05
    assert fast._there() > least
    fast.close()


def test_unplugged_microphone_is_lost_until_it_is_replugged(test_card: Path) -> None:
    cards = AlsaCards()
    word = f"testcard:{test_card}"
    capture = cards.open_capture(word, FORMAT, 0.02, 2.0)
    before = read(capture, 2)
    (test_card / "unplugged").touch()
    with pytest.raises(DeviceLost, match=r"microphone 'testcard:.*Plug it in again"):
        for _ in range(5):
            before += capture.read()[1]
    capture.close()
    with pytest.raises(DeviceNotFound, match=r"audio\.capture\.device"):
        cards.open_capture(word, FORMAT, 0.02, 2.0)
    (test_card / "unplugged").unlink()
    capture = cards.open_capture(word, FORMAT, 0.02, 2.0)
    after = read(capture, 2)
    capture.close()
    assert len(stretches(before + after, FORMAT)) == 2
    assert missing(before + after, FORMAT) > 0


def test_unplugging_wakes_a_waiting_read(test_card: Path) -> None:
    with microphone(test_card, period=0.2) as capture:
        capture.read()
        threading.Timer(0.05, (test_card / "unplugged").touch).start()
        with pytest.raises(DeviceLost):
            for _ in range(5):
                capture.read()


def test_second_opening_is_busy(test_card: Path) -> None:
    with microphone(test_card), pytest.raises(DeviceBusy, match="in use by another program"), microphone(test_card):
        pass


def test_unknown_name_is_not_found(alsa_config: Path) -> None:
    with pytest.raises(DeviceNotFound, match=r"microphone 'nonsense' not found: .*`appliance devices`"):
        AlsaCards().open_capture("nonsense", FORMAT, 0.02, 2.0)


def test_stop_wakes_a_waiting_read_at_once(test_card: Path) -> None:
    with microphone(test_card, period=1.0, buffer=4.0) as capture:
        results: list[tuple[int, bytes]] = []
        reader = threading.Thread(target=lambda: results.append(capture.read()), daemon=True)
        began = time.monotonic()
        reader.start()
        capture.stop()
        reader.join(5)
        assert results == [(0, b"")]
        assert time.monotonic() - began < 0.9
        assert capture.read() == (0, b"")


@pytest.mark.slow
def test_stop_at_any_moment_ends_the_reader_without_a_crash(test_card: Path) -> None:
    cards = AlsaCards()
    for turn in range(200):
        capture = cards.open_capture(f"testcard:{test_card}", FORMAT, 0.002, 0.1)
        periods: list[int] = []

        def run(capture: Capture = capture, periods: list[int] = periods) -> None:
            length = 1
            while length:
                length, data = capture.read()
                assert len(data) == max(0, length) * 2
                periods.append(length)
            capture.close()

        reader = threading.Thread(target=run, daemon=True)
        reader.start()
        wait_for(lambda periods=periods, turn=turn: len(periods) > turn % 3)  # type: ignore[misc]
        capture.stop()
        reader.join(5)
        assert not reader.is_alive()
        assert periods[-1] == 0
        capture.stop()


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_written_bytes_are_what_the_speaker_gets(test_card: Path, format: AudioFormat) -> None:
    sound = numbered(0, format.frames(0.25), format)
    with speaker(test_card, format) as playback:
        write(playback, sound)
        playback.drain()
    played = (test_card / "played.raw").read_bytes()
    assert played.startswith(sound) and not any(played[len(sound) :])


def test_drain_waits_until_all_has_sounded(test_card: Path) -> None:
    with speaker(test_card) as playback:
        began = time.monotonic()
        write(playback, numbered(0, FORMAT.frames(0.2), FORMAT))
        playback.drain()
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("periods", [0, 1, 3])
def test_what_takes_nothing_back_is_drained_also_where_it_holds_whole_periods(test_card: Path, periods: int) -> None:
    playback = AlsaSpeaker("server", f"testcard:{test_card}", FORMAT, 0.02, 0.1, behind_server=True)
    try:
        assert not playback.takes_back
        write(playback, numbered(0, periods * playback.period_frames, FORMAT))
        draining = threading.Thread(target=playback.drain, daemon=True)
        draining.start()
        draining.join(5)
        drained = not draining.is_alive()
        playback.stop()
        draining.join()
        assert drained
    finally:
        playback.close()


def test_a_speaker_is_free_again_where_files_run_out_while_it_is_opened(
    test_card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patched:
        patched.setattr(os, "eventfd", fail)
        with pytest.raises(AudioError, match="cannot be opened: Too many open files"):
            AlsaCards().open_playback(f"testcard:{test_card}", FORMAT, 0.02, 0.1)
    with speaker(test_card):
        pass


def test_underrun_is_told_and_writing_goes_on(test_card: Path) -> None:
    with speaker(test_card, buffer=0.1) as playback:
        write(playback, numbered(0, 960, FORMAT))
        stall(0.1)
        assert playback.write(numbered(960, 960, FORMAT)) == XRUN
        write(playback, numbered(960, 960, FORMAT))
        playback.let_sound(0)
    assert (test_card / "played.raw").read_bytes() == numbered(0, 1920, FORMAT)


def test_stop_ends_a_waiting_write(test_card: Path) -> None:
    results: list[int] = []

    def run() -> None:
        taken = 1
        while taken:
            taken = playback.write(numbered(0, FORMAT.frames(10), FORMAT))
            results.append(taken)

    with speaker(test_card, period=0.5, buffer=4.0) as playback:
        writer = threading.Thread(target=run, daemon=True)
        began = time.monotonic()
        writer.start()
        wait_for(lambda: (test_card / "played.raw").stat().st_size > 0)
        playback.stop()
        writer.join(5)
    assert results[-1] == 0
    assert time.monotonic() - began < 3


def test_closing_does_not_wait_for_what_has_not_sounded(test_card: Path) -> None:
    with speaker(test_card, period=0.5, buffer=4.0) as playback:
        began = time.monotonic()
        write(playback, numbered(0, FORMAT.frames(3), FORMAT))
    assert time.monotonic() - began < 2


def test_unplugged_speaker_is_lost(test_card: Path) -> None:
    with speaker(test_card) as playback:
        write(playback, numbered(0, 960, FORMAT))
        (test_card / "unplugged").touch()
        with pytest.raises(DeviceLost, match="speaker"):
            playback.write(numbered(0, 960, FORMAT))


def test_close_twice_and_stop_after_close_do_nothing(test_card: Path) -> None:
    with microphone(test_card) as capture:
        capture.close()
        capture.stop()
        assert capture.read() == (0, b"")


@pytest.mark.slow
def test_openings_leak_neither_files_nor_memory(test_card: Path) -> None:
    def use(times: int) -> None:
        for _ in range(times):
            with microphone(test_card, period=0.002, buffer=0.1) as capture:
                capture.read()
            with pytest.raises(FormatUnsupported), microphone(test_card, AudioFormat(48_000, 12)):
                pass

    def growth() -> int:
        memory = _resident()
        use(200)
        return _resident() - memory

    use(50)
    files = _open_files()
    grown = growth()
    assert _open_files() - files == set()
    assert min(grown, growth()) < 1_000_000, "once is no leak: Python takes its memory in pieces of 1 MiB"


def _open_files() -> set[tuple[str, str]]:
    """Descriptors of this process and what is open there. What earlier tests left may close at any time."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one by which they are listed
            found.add((each.name, str(each.readlink())))
    return found


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_libasound_prints_nothing(alsa_config: Path) -> None:
    code = """
from appliance.audio.alsa import AlsaCards
from appliance.errors import DeviceNotFound
from appliance.models import AudioFormat
try:
    AlsaCards().open_capture("hw:CARD=nonsense", AudioFormat(), 0.1, 1.0)
except DeviceNotFound:
    print("not found")
"""
    environment = {key: value for key, value in os.environ.items() if key != "ALSA_CONFIG_PATH"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=30)
    assert (done.stdout, done.stderr) == ("not found\n", "")


def test_arecord_reads_the_test_card(alsa_config: Path, test_card: Path) -> None:
    command = ["arecord", "-q", "-D", f"testcard:{test_card}", "-t", "raw", "-f", "S24_3LE", "-c", "2", "-r", "48000"]
    done = subprocess.run([*command, "-s", "9600"], capture_output=True, check=True, timeout=30)
    assert stretches(done.stdout, AudioFormat(48_000, 2, SampleFormat.S24_3LE)) == [Stretch(0, 0, 9_600)]


def test_cards_of_a_machine_without_any(tmp_path: Path) -> None:
    cards: SoundCards = AlsaCards(Devices(tmp_path, tmp_path))
    assert cards.cards() == ()
    assert not cards.present("usb", Direction.CAPTURE)
    assert cards.present("testcard", Direction.CAPTURE)
    with pytest.raises(DeviceNotFound, match="microphone 'usb' not found: no USB sound card is plugged in"):
        cards.open_capture("usb", FORMAT, 0.25, 2.0)


GRANTED = {"rate": 48_000, "channels": 1, "format_name": "S32_LE", "significant_bits": 24}


def test_significant_bits_that_alsaaudio_0_10_takes_for_stored_ones_are_refused() -> None:
    wanted = AudioFormat(48_000, 1, SampleFormat.S32_LE)
    assert "0.11 can" in shortfall(GRANTED, wanted)
    assert shortfall(GRANTED | {"physical_bits": 32}, wanted) == ""
    assert shortfall(GRANTED | {"significant_bits": 32}, wanted) == ""


def test_granted_parameters_must_be_the_wanted_ones() -> None:
    info = GRANTED | {"physical_bits": 32}
    assert shortfall(info, AudioFormat(48_000, 2, SampleFormat.S32_LE)) == (
        "the nearest it offers is 48000 Hz, 1 channel, S32_LE"
    )
    assert shortfall(info, AudioFormat(44_100, 1, SampleFormat.S32_LE))
    assert shortfall(info, AudioFormat(48_000, 1, SampleFormat.S16_LE))


def test_a_card_that_wakes_us_and_has_nothing_counts_as_lost(test_card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with microphone(test_card) as capture:
        monkeypatch.setattr(asound, "avail", lambda _: 0)
        with pytest.raises(DeviceLost, match="hands over nothing, again and again"):
            capture.read()


def test_so_does_one_that_wakes_us_again_and_again_without_saying_why(
    test_card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wakes: list[int] = []
    with microphone(test_card) as capture:
        monkeypatch.setattr(asound, "avail", lambda _: 0)
        monkeypatch.setattr(asound, "revents", lambda *_: 0)

        def poll(*_: object) -> int:
            wakes.append(1)
            return 1 if len(wakes) < 1000 else 0

        monkeypatch.setattr(asound, "poll", poll)
        with pytest.raises(DeviceLost, match="hands over nothing, again and again"):
            capture.read()


def test_several_periods_are_read_at_once(test_card: Path) -> None:
    with microphone(test_card, period=0.01) as capture:
        first = read(capture, 1)
        length, data = capture.read(5 * capture.period_frames + 1)
        assert length == 5 * capture.period_frames == len(data) // FORMAT.frame_bytes
        assert missing(first + data, FORMAT) == 0


def test_a_read_asks_the_card_no_more_than_it_must(test_card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice a second with caches that have gone cold, each call counts."""
    asked: list[str] = []

    def noted(name: str) -> None:
        real = getattr(asound, name)
        monkeypatch.setattr(asound, name, lambda *given: asked.append(name) or real(*given))

    with microphone(test_card, period=0.01) as capture:
        capture.read(5 * capture.period_frames)
        for name in ("state", "avail", "poll", "revents", "read"):
            noted(name)
        for _ in range(10):
            capture.read(5 * capture.period_frames)
    assert Counter(asked) <= Counter(poll=20, revents=20, avail=20, read=10)


def test_a_reader_who_waits_for_several_periods_wakes_once(test_card: Path) -> None:
    with microphone(test_card, period=0.01) as capture:
        read(capture, 1)
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        capture.read(25 * capture.period_frames)
        assert resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before < 5


def test_one_in_a_hurry_hears_the_period_that_sounds_now(test_card: Path) -> None:
    with microphone(test_card, period=0.02, buffer=16.0) as capture:
        first = read(capture, 1)
        threading.Timer(0.05, capture.hasten).start()
        began = time.monotonic()
        length, data = capture.read(390 * capture.period_frames)
        assert time.monotonic() - began < 7, "before the 7.8 s are over"
        assert capture.period_frames <= length < 390 * capture.period_frames
        assert missing(first + data + read(capture, 2), FORMAT) == 0


def test_no_reader_waits_for_more_than_half_the_ring(test_card: Path) -> None:
    with microphone(test_card, period=0.01, buffer=0.1) as capture:
        while (length := capture.read(1000 * capture.period_frames)[0]) == XRUN:
            pass  # the machine was busy for as long as the other half lasts
        assert length == 5 * capture.period_frames
