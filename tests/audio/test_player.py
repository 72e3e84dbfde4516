import math
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.audio.alsa import AlsaCards
from appliance.audio.output import PERIOD
from appliance.audio.player import Player
from appliance.audio.ports import XRUN, Direction
from appliance.audio.ramps import RAMP, Gain, loudness
from appliance.audio.samples import to_channels, to_pcm
from appliance.clock import SystemClock
from appliance.config.audio import PlaybackSettings, VolumeSettings
from appliance.config.options import Percent
from appliance.errors import DeviceBusy, FormatUnsupported, TroubleKind
from appliance.events import (
    Command,
    Event,
    Play,
    PlaybackContinues,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPaused,
    PlaybackProgress,
    PlaybackReady,
    PlaybackResumed,
    PlaybackSeeked,
    PlaybackSeeking,
    PlaybackStarted,
    PlaybackUnderrun,
    PlaybackWaiting,
    RateChanged,
    TrackHeard,
    VolumeChanged,
)
from appliance.models import AudioFormat, SampleFormat
from appliance.pcm import to_float
from appliance.simulation.cards import FakeCards
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

T = TypeVar("T")
RATE = 48_000
TONE = 440.0
LOUD = PlaybackSettings(volume=VolumeSettings(Percent(100)))


def tone(seconds: float, rate: int = RATE) -> NDArray[np.int16]:
    time = np.arange(round(seconds * rate)) / rate
    samples: NDArray[np.int16] = np.rint(26_000 * np.sin(2 * np.pi * TONE * time)).astype(np.int16)
    return samples


class Booth:
    """A player, what it posts, and a speaker: paced by the clock, or as fast as can be."""

    def __init__(self, folder: Path, paced: bool, settings: PlaybackSettings = LOUD, **cards: Any) -> None:
        self._folder = folder
        self.clock = ManualClock()
        self.cards = FakeCards(self.clock if paced else None, **cards)
        self.vitals = Vitals(self.clock)
        self.posted: list[Command | Event] = []
        self.player = Player(self.cards, settings, RATE, self.clock, self.posted.append, self.vitals)

    def file(self, samples: NDArray[Any], name: str = "sound.wav", rate: int = RATE) -> Path:
        path = self._folder / name
        soundfile.write(path, samples, rate)
        return path

    def play(self, samples: NDArray[Any], playback_id: str = "one") -> None:
        self.player.play(playback_id, Play(self.file(samples, f"{playback_id}.wav"), f"title of {playback_id}", 7))

    def of(self, kind: type[T]) -> list[T]:
        return [one for one in self.posted if isinstance(one, kind)]

    def until(self, condition: Callable[[], T], timeout: float = 10.0) -> T:
        """Let time pass until the condition holds. It stands still while the player thinks."""
        limit = time.monotonic() + timeout
        while not (found := condition()):
            assert time.monotonic() < limit, f"it never came; {self.posted}"
            try:
                self.clock.waiters(timeout=0.002)
                self.clock.advance(0.004)
            except TimeoutError:
                pass
        return found

    def first(self, kind: type[T], number: int = 1) -> T:
        return self.until(lambda: self.of(kind)[number - 1 :])[0]

    def told(self, kind: type[T]) -> T:
        """What was posted first of that kind, and no time passes."""
        limit = time.monotonic() + 10
        while not (found := self.of(kind)):
            assert time.monotonic() < limit, f"it never came; {self.posted}"
            time.sleep(0.001)
        return found[0]

    def sounds_for(self, seconds: float) -> None:
        end = len(self.heard) + round(seconds * RATE)
        self.until(lambda: len(self.heard) >= end)

    @property
    def heard(self) -> NDArray[np.int16]:
        """Everything that has sounded, over all openings of the speaker; the first channel."""
        pieces = [
            np.frombuffer(one.sounded, "<i2").reshape(-1, one.format.channels)[:, 0] for one in self.cards.playbacks
        ]
        return np.concatenate(pieces) if pieces else np.empty(0, np.int16)

    @property
    def written(self) -> NDArray[np.int16]:
        """What the speaker opened last took, shape (frames, channels)."""
        speaker = self.cards.playback
        return np.frombuffer(speaker.written, "<i2").reshape(-1, speaker.format.channels)


Make = Callable[..., Booth]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    booths: list[Booth] = []

    def build(paced: bool = False, **options: Any) -> Booth:
        booths.append(Booth(tmp_path, paced, **options))
        return booths[-1]

    yield build
    for booth in booths:
        booth.player.close()
        assert all(speaker.closed for speaker in booth.cards.playbacks)
    assert not [one for one in threading.enumerate() if one.name == "player"]


def biggest_step(samples: NDArray[Any]) -> int:
    return int(np.abs(np.diff(samples.astype(int))).max())


def test_at_full_volume_and_the_same_rate_every_sample_is_exact(make: Make) -> None:
    booth = make()
    samples = np.random.default_rng(2).integers(-32768, 32768, (RATE + 123, 2), dtype=np.int16)
    booth.play(samples)
    assert booth.first(PlaybackFinished) == PlaybackFinished("one", completed=True)
    assert np.array_equal(booth.written[: len(samples)], samples)
    assert not booth.written[len(samples) :].any()
    assert booth.cards.playback.closed


def test_what_is_posted_in_order(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(4))
    booth.first(PlaybackFinished)
    ready, started, *progress, finished = booth.posted
    assert ready == PlaybackReady("one", "title of one", 4.0)
    assert started == PlaybackStarted("one", "title of one", pytest.approx(4.0), 7)  # type: ignore[arg-type]
    assert finished == PlaybackFinished("one", completed=True)
    positions = [one.position for one in progress if isinstance(one, PlaybackProgress)]
    assert len(positions) >= 2
    assert all(1.0 <= on - before <= 1.0 + PERIOD for before, on in pairwise([0.0, *positions]))


def test_mono_sounds_in_both_ears_and_stereo_in_a_mono_speaker(make: Make) -> None:
    both = make()
    both.play(np.array([1000, -2000, 3000], np.int16))
    both.first(PlaybackFinished)
    assert both.written[:3].tolist() == [[1000, 1000], [-2000, -2000], [3000, 3000]]
    single = make(formats=[AudioFormat(RATE, 1)])
    single.play(np.array([[1000, 2000], [-500, -700]], np.int16))
    single.first(PlaybackFinished)
    assert single.written[:2].tolist() == [[1500], [-600]]


def test_other_rates_are_resampled(make: Make) -> None:
    booth = make()
    booth.player.play("one", Play(booth.file(tone(1.0, 44_100), rate=44_100), "tone", None))
    booth.first(PlaybackFinished)
    middle = slice(2000, 40_000)
    assert np.abs(booth.written[middle, 0].astype(int) - tone(1.0)[middle]).max() <= 4


@pytest.mark.parametrize("act", ["pause", "stop", "seek", "volume", "replace", "close"])
def test_nothing_clicks(make: Make, act: str) -> None:
    booth = make(paced=True)
    booth.play(tone(5))
    booth.sounds_for(0.513)
    player = booth.player
    if act == "pause":
        player.pause()
        booth.first(PlaybackProgress)
        player.resume()
        booth.sounds_for(0.3)
        player.stop()
        booth.first(PlaybackFinished)
    elif act == "stop":
        player.stop()
        booth.first(PlaybackFinished)
    elif act == "seek":
        for position in (3.0, 0.1):
            player.seek(position)
            booth.sounds_for(0.1)
        player.seek(4.9998)
        booth.first(PlaybackFinished)
    elif act == "volume":
        for percent in (0, 100, 37, 38, 90):
            player.set_volume(percent)
            booth.sounds_for(0.05)
        player.set_volume(50)
        player.set_volume(100)
        booth.sounds_for(0.3)
        player.stop()
        booth.first(PlaybackFinished)
    elif act == "replace":
        booth.play(tone(0.3), "two")
        booth.first(PlaybackFinished, 2)
    else:
        closing = threading.Thread(target=player.close)
        closing.start()
        booth.first(PlaybackFinished)
        closing.join()
    own = biggest_step(tone(1))
    for speaker in booth.cards.playbacks:
        sounded = np.frombuffer(speaker.sounded, "<i2")[::2]
        assert biggest_step(np.concatenate(([0], sounded, [0]))) <= own * 1.01 + 1


@pytest.mark.parametrize("act", ["pause", "stop"])
def test_it_falls_silent_within_250_ms(make: Make, act: str) -> None:
    booth = make(paced=True)
    booth.play(tone(5))
    booth.sounds_for(1)
    before = len(booth.heard)
    getattr(booth.player, act)()
    booth.until(lambda: booth.cards.playback.closed)
    loud = np.abs(booth.heard[before:]) > 10
    assert loud.nonzero()[0].max() < 0.25 * RATE


def test_it_tells_until_when_it_may_have_sounded(make: Make) -> None:
    """Never too early, and by less than half a second too late."""
    booth = make(paced=True)
    assert booth.player.voice.sounded_until == -math.inf
    booth.play(tone(1))
    booth.sounds_for(0.5)
    assert booth.player.voice.sounded_until >= booth.clock.monotonic()
    booth.until(lambda: booth.cards.playback.closed)
    over = booth.clock.monotonic()
    assert over - 0.1 <= booth.player.voice.sounded_until <= over + 0.5


def test_a_pause_loses_and_repeats_nothing(make: Make) -> None:
    booth = make(paced=True)
    samples = tone(2)
    booth.play(samples)
    booth.sounds_for(0.5)
    booth.player.pause()
    paused_at = booth.first(PlaybackProgress).position
    assert booth.cards.playback.closed
    assert len(booth.cards.playbacks) == 1
    heard = len(booth.heard)
    booth.clock.advance(3600)
    booth.player.resume()
    booth.first(PlaybackFinished)
    everything = booth.heard
    frames = round(paused_at * RATE)
    ramp = round(RAMP * RATE)
    assert np.array_equal(everything[: frames - ramp], samples[: frames - ramp])
    after = everything[heard:]
    assert np.array_equal(after[ramp : len(samples) - frames], samples[frames + ramp :])
    assert heard - frames < PERIOD * RATE


@pytest.mark.parametrize("speed", [1.0, 1.5])
@pytest.mark.parametrize("after", [0.2, 0.46, 0.48, 0.5, 0.53, 0.8])
def test_a_pause_in_what_is_said_before_it_loses_and_repeats_nothing(make: Make, after: float, speed: float) -> None:
    """Nor one behind that, or at the seam, where what is taken back is of both."""
    booth = make(paced=True)
    spoken, message = (
        np.random.default_rng(seed).integers(1000, 9000, round(seconds * RATE), dtype=np.int16)
        for seed, seconds in ((1, 0.5), (2, 1.0))
    )
    said, path = booth.file(spoken, "said.wav"), booth.file(np.stack((message, message), 1), "message.wav")
    booth.player.voice.announces = lambda _: said
    booth.player.set_rate(speed)
    booth.player.play("one", Play(path, "Anna", 7, at_ns=1))
    booth.sounds_for(after)
    booth.player.pause()
    position = booth.first(PlaybackPaused).position
    assert position == 0.0 if after < 0.4 else position < after
    heard = len(booth.heard)
    booth.clock.advance(3600)
    booth.player.resume()
    booth.first(PlaybackFinished)
    assert booth.of(TrackHeard) == [TrackHeard("one", 7)]
    before, behind, ramp = booth.heard[:heard], booth.heard[heard:], round(RAMP * RATE)
    if speed == 1.0:
        whole = np.concatenate((spoken, message))
        at = len(whole) - 1 - int(np.flatnonzero(behind)[-1])
        assert np.array_equal(before[: at - ramp], whole[: at - ramp])
        assert np.array_equal(behind[ramp : len(whole) - at], whole[at + ramp :])
        assert abs(at - after * RATE) < 0.15 * RATE
    else:
        sounded = len(spoken) + len(message) / speed
        assert np.count_nonzero(booth.heard) == pytest.approx(sounded, abs=0.06 * RATE)


def test_a_seek_says_where_it_is_and_goes_on_from_there(make: Make) -> None:
    booth = make(paced=True)
    ramp = np.arange(-32768, 32768, dtype=np.int16)
    booth.play(ramp)
    booth.sounds_for(0.1)
    booth.player.seek(1.0)
    assert booth.first(PlaybackProgress).position == 1.0
    booth.first(PlaybackFinished)
    tail = booth.written[:, 0]
    end = np.flatnonzero(tail == ramp[-1])[-1]
    assert np.array_equal(tail[end - 15_000 : end + 1], ramp[-15_001:])


def test_a_seek_is_told_before_and_after(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(3))
    booth.sounds_for(0.3)
    booth.player.seek(2.0)
    booth.first(PlaybackSeeked)
    told = [one for one in booth.posted if isinstance(one, PlaybackSeeking | PlaybackProgress | PlaybackSeeked)]
    assert told == [PlaybackSeeking("one", 2.0), PlaybackProgress("one", 2.0, 3.0), PlaybackSeeked("one", 2.0)]


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_seek_is_exact_to_the_sample(make: Make, suffix: str) -> None:
    booth = make(paced=True)
    samples = np.random.default_rng(5).integers(-9000, 9000, 2 * RATE, dtype=np.int16)
    booth.player.play("one", Play(booth.file(samples, f"noise.{suffix}"), "noise", None))
    booth.sounds_for(0.1)
    booth.player.seek(1.234567)
    booth.first(PlaybackFinished)
    heard = booth.written[:, 0]
    end = np.flatnonzero(heard)[-1] + 1
    begins, ramp = end - (len(samples) - round(1.234567 * RATE)), round(RAMP * RATE)
    assert np.array_equal(heard[begins + ramp : end], samples[round(1.234567 * RATE) + ramp :])


def test_skipping_goes_on_and_back_from_where_it_sounds(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(9))
    booth.sounds_for(0.5)
    booth.player.skip(4.0)
    assert booth.told(PlaybackSeeked).position == pytest.approx(4.5, abs=0.01)
    booth.player.skip(-9.0)
    assert booth.first(PlaybackSeeked, 2).position == 0.0
    booth.player.skip(60.0)
    assert booth.first(PlaybackFinished).completed


def test_it_begins_where_it_should_without_a_click(make: Make) -> None:
    booth = make()
    samples = tone(3)
    booth.player.play("one", Play(booth.file(samples), "tone", None, start_at=2.0003))
    booth.first(PlaybackFinished)
    first, ramp = round(2.0003 * RATE), round(RAMP * RATE)
    heard = booth.written[:, 0]
    assert np.array_equal(heard[ramp : len(samples) - first], samples[first + ramp :])
    assert biggest_step(np.concatenate(([0], heard))) <= biggest_step(samples) * 1.01 + 1


def test_a_loop_goes_on_from_its_start_without_a_gap(make: Make) -> None:
    booth = make(paced=True)
    samples = np.random.default_rng(5).integers(-9000, 9000, 10_007, dtype=np.int16)
    booth.player.play("one", Play(booth.file(samples), "loop", 7, loop=True))
    booth.sounds_for(2.3)
    booth.player.stop()
    assert not booth.first(PlaybackFinished).completed
    whole = 2 * RATE
    assert np.array_equal(booth.heard[:whole], np.resize(samples, whole))
    assert booth.of(TrackHeard) == [TrackHeard("one", 7)]


@pytest.mark.parametrize("rate", [0.5, 1.25, 2.0])
def test_another_speed_keeps_the_pitch_and_tells_the_true_position(make: Make, rate: float) -> None:
    booth = make(paced=True)
    booth.play(tone(6))
    booth.sounds_for(1.0)
    booth.player.set_rate(rate)
    assert booth.first(RateChanged) == RateChanged(rate)
    began = len(booth.heard)
    booth.sounds_for(1.5)
    booth.player.pause()
    assert booth.first(PlaybackPaused).position == pytest.approx(1.0 + 1.5 * rate, abs=0.15)
    booth.player.resume()
    booth.first(PlaybackFinished)
    heard = booth.heard[began + 10_000 : began + 50_000].astype(float)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)), 1 << 18))
    assert spectrum.argmax() * RATE / (1 << 18) == pytest.approx(TONE, abs=1.0)
    assert biggest_step(booth.heard) <= biggest_step(tone(1)) * 1.3


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_what_was_prepared_follows_without_a_gap(make: Make, suffix: str) -> None:
    booth = make(paced=True)
    whole = np.random.default_rng(5).integers(-9000, 9000, RATE, dtype=np.int16)
    booth.player.play("one", Play(booth.file(whole[:20_011], f"a.{suffix}"), "a", 7))
    booth.first(PlaybackStarted)
    booth.player.prepare("one", Play(booth.file(whole[20_011:], f"b.{suffix}"), "b", 8, "two"))
    booth.first(PlaybackFinished, 2)
    assert np.array_equal(booth.written[: len(whole), 0], whole) and len(booth.cards.playbacks) == 1
    told = [one for one in booth.posted if not isinstance(one, PlaybackReady | TrackHeard)]
    assert told[1:4] == [
        PlaybackContinues("one", "two"),
        PlaybackFinished("one", completed=True),
        PlaybackStarted("two", "b", pytest.approx((RATE - 20_011) / RATE), 8),  # type: ignore[arg-type]
    ]
    assert booth.of(TrackHeard) == [TrackHeard("one", 7), TrackHeard("two", 8)]


@pytest.mark.parametrize("act", ["stop", "replace", "nothing", "other"])
def test_what_was_prepared_may_never_sound(make: Make, act: str) -> None:
    booth = make(paced=True)
    booth.play(tone(1))
    booth.sounds_for(0.2)
    path = booth.file(tone(1), "next.wav")
    booth.player.prepare("one" if act != "other" else "gone", Play(path, "next", None, "next"))
    if act == "stop":
        booth.player.stop()
    elif act == "replace":
        booth.play(tone(0.1), "two")
        booth.first(PlaybackFinished, 2)
    elif act == "nothing":
        booth.player.prepare("one", None)
    booth.first(PlaybackFinished)
    assert not booth.of(PlaybackContinues)


def test_what_cannot_be_prepared_is_told_and_disturbs_nothing(make: Make, tmp_path: Path) -> None:
    booth = make(paced=True)
    booth.play(tone(1))
    booth.sounds_for(0.2)
    booth.player.prepare("one", Play(tmp_path / "gone.wav", "gone", 9, "next"))
    assert booth.first(PlaybackFailed).playback_id == "next" and booth.first(PlaybackFailed).unplayable == 9
    assert booth.first(PlaybackFinished) == PlaybackFinished("one", completed=True)
    assert np.array_equal(booth.written[:RATE, 0], tone(1))


def test_a_length_that_is_a_guess_is_told_as_one(make: Make, tmp_path: Path) -> None:
    booth = make()
    path = booth.file(tone(1.0), "streamed.flac")
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    booth.player.play("one", Play(path, "streamed", None))
    assert booth.first(PlaybackStarted).estimated and booth.first(PlaybackReady).estimated
    booth.first(PlaybackFinished)
    booth.play(tone(1.0), "two")
    assert not booth.first(PlaybackStarted, 2).estimated


def test_seeking_while_paused_stays_paused(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(3))
    booth.sounds_for(0.2)
    booth.player.pause()
    booth.player.seek(2.5)
    assert booth.first(PlaybackProgress, 2).position == 2.5
    assert len(booth.cards.playbacks) == 1
    heard = len(booth.heard)
    booth.player.resume()
    booth.first(PlaybackFinished)
    assert len(booth.heard) - heard == pytest.approx(RATE / 2, abs=960)


def test_a_seek_beyond_the_end_is_the_end(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(3))
    booth.sounds_for(0.1)
    booth.player.seek(99)
    assert booth.first(PlaybackFinished).completed


def test_stop_is_not_completed_and_a_paused_playback_can_be_stopped(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(3))
    booth.sounds_for(0.1)
    booth.player.pause()
    booth.first(PlaybackProgress)
    booth.player.stop()
    assert booth.first(PlaybackFinished) == PlaybackFinished("one", completed=False)


def test_a_message_counts_as_heard_when_nine_tenths_have_sounded(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(10.0))
    booth.first(PlaybackStarted)
    booth.until(lambda: len(booth.heard) >= 8.9 * RATE)
    assert not booth.of(TrackHeard)
    heard = booth.first(TrackHeard)
    assert heard == TrackHeard("one", 7) and len(booth.heard) < 9.5 * RATE and not booth.of(PlaybackFinished)
    booth.first(PlaybackFinished)
    assert booth.of(TrackHeard) == [heard]


def test_a_message_that_is_stopped_before_does_not_count_as_heard(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(2.0))
    booth.sounds_for(1.0)
    booth.player.stop()
    assert booth.first(PlaybackFinished) == PlaybackFinished("one", completed=False)
    assert not booth.of(TrackHeard)


def test_whatever_is_no_message_is_not_heard(make: Make) -> None:
    booth = make()
    booth.player.play("one", Play(booth.file(tone(0.1)), "title", None))
    booth.first(PlaybackFinished)
    assert not booth.of(TrackHeard)


def test_of_a_damaged_message_all_that_there_is_counts(make: Make) -> None:
    booth = make()
    path = booth.file(tone(2.0), "cut.flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    booth.player.play("one", Play(path, "title", 7))
    assert booth.first(PlaybackFailed).unplayable is None
    assert booth.of(TrackHeard) == [TrackHeard("one", 7)]


def empty_flac(whole: bytes) -> bytes:
    """The header of a FLAC file alone, which says that no frame follows."""
    at, last = 4, False
    while not last:
        last, size = bool(whole[at] & 0x80), int.from_bytes(whole[at + 1 : at + 4], "big")
        at += 4 + size
    header = bytearray(whole[:at])
    header[21] &= 0xF0
    header[22:26] = bytes(4)
    return bytes(header)


def test_a_message_without_sound_fails_and_is_named(make: Make) -> None:
    booth = make()
    path = booth.file(tone(0.1), "empty.flac")
    path.write_bytes(empty_flac(path.read_bytes()))
    booth.player.play("one", Play(path, "title", 7))
    failed = booth.first(PlaybackFailed)
    assert failed.unplayable == 7 and "no sound" in failed.message and not booth.of(TrackHeard)
    assert not booth.of(PlaybackFinished)


def test_a_speaker_in_trouble_is_no_fault_of_the_message(make: Make) -> None:
    booth = make()
    booth.cards.refuse(Direction.PLAYBACK, DeviceBusy("the speaker is in use"))
    booth.play(tone(0.1))
    assert booth.first(PlaybackFailed).unplayable is None


def test_pausing_and_going_on_are_told(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(1.0))
    booth.sounds_for(0.3)
    booth.player.pause()
    paused = booth.first(PlaybackPaused)
    booth.player.resume()
    assert booth.first(PlaybackResumed) == PlaybackResumed("one", paused.position) and 0.3 <= paused.position < 0.7


def test_what_makes_no_sense_is_passed_over(make: Make) -> None:
    booth = make()
    for order in (booth.player.pause, booth.player.resume, booth.player.stop, lambda: booth.player.seek(3)):
        order()
    booth.play(tone(0.1))
    booth.first(PlaybackFinished)
    assert [type(one) for one in booth.posted] == [PlaybackReady, PlaybackStarted, TrackHeard, PlaybackFinished]


def test_a_defect_ends_the_playback_and_not_the_player(make: Make) -> None:
    """The control socket and plugins may send anything, and libraries may make anything of a file."""
    booth = make(paced=True)
    nonsense: Any = "loud"
    booth.play(tone(3))
    booth.sounds_for(0.1)
    booth.player.seek(nonsense)
    assert "a defect" in booth.first(PlaybackFailed).message
    assert booth.cards.playback.closed
    booth.player.set_volume(nonsense)
    booth.play(tone(0.1))
    assert booth.first(PlaybackFinished).completed


def test_a_second_playback_replaces_the_first(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(3))
    booth.sounds_for(0.2)
    booth.play(tone(0.2), "two")
    booth.first(PlaybackFinished, 2)
    told = [one for one in booth.posted if not isinstance(one, PlaybackReady)]
    assert told[0] == PlaybackStarted("one", "title of one", 3.0, 7)
    assert told[1] == PlaybackFinished("one", completed=False)
    assert isinstance(told[2], PlaybackStarted) and told[2].playback_id == "two"
    assert told[3:] == [TrackHeard("two", 7), PlaybackFinished("two", completed=True)]


def test_the_volume_counts_before_anything_plays(make: Make) -> None:
    booth = make(settings=PlaybackSettings())
    booth.player.set_volume(50)
    booth.play(np.full(2000, 8000, np.int16))
    booth.first(PlaybackFinished)
    assert booth.posted[0] == VolumeChanged(50)
    assert booth.written[:2000, 0].tolist() == [1000] * 2000


def test_volume_steps_stay_within_their_range(make: Make) -> None:
    booth = make(settings=PlaybackSettings(volume=VolumeSettings(Percent(80))))
    for step in (15, 15, -5, -200, 1):
        booth.player.change_volume(step)
    booth.player.set_volume(130)
    assert booth.until(lambda: len(booth.posted) == 6)
    assert booth.posted == [VolumeChanged(percent) for percent in (95, 100, 95, 0, 1, 100)]


def test_nobody_gets_louder_or_quieter_than_is_configured(make: Make) -> None:
    booth = make(settings=PlaybackSettings(volume=VolumeSettings(Percent(50), Percent(40), Percent(60))))
    for percent in (0, 100):
        booth.player.set_volume(percent)
    booth.player.change_volume(-10)
    assert booth.until(lambda: len(booth.posted) == 3)
    assert booth.posted == [VolumeChanged(percent) for percent in (40, 60, 50)]


def test_underruns_lose_nothing(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(8))
    booth.sounds_for(0.1)
    for _ in range(5):
        booth.cards.playback.underrun()
        booth.sounds_for(PERIOD)
    booth.clock.advance(0.3)
    booth.first(PlaybackFinished)
    assert booth.of(PlaybackUnderrun)[-1].count >= 5
    assert np.array_equal(booth.written[: 8 * RATE, 0], tone(8))


def test_a_box_without_a_speaker_says_so(tmp_path: Path) -> None:
    booth = Booth(tmp_path, paced=False, settings=PlaybackSettings(device="none"))
    booth.play(tone(1))
    failed = booth.first(PlaybackFailed)
    assert "audio.playback.device is none" in failed.message and failed.error == "NoSpeaker"
    booth.player.close()
    assert booth.cards.playbacks == []


def test_an_absent_or_busy_speaker_is_named(make: Make) -> None:
    booth = make()
    booth.cards.unplug(Direction.PLAYBACK)
    booth.play(tone(1))
    assert "not found" in booth.first(PlaybackFailed).message
    booth.cards.replug()
    booth.cards.refuse(Direction.PLAYBACK, DeviceBusy("speaker 'usb' is in use"))
    booth.play(tone(1), "two")
    assert booth.first(PlaybackFailed, 2) == PlaybackFailed("two", "speaker 'usb' is in use", error="DeviceBusy")
    booth.cards.refuse(Direction.PLAYBACK, FormatUnsupported("speaker 'usb' cannot do it"))
    booth.play(tone(1), "three")
    assert booth.first(PlaybackFailed, 3) == PlaybackFailed(
        "three", "speaker 'usb' cannot do it", error="FormatUnsupported"
    )
    booth.cards.refuse(Direction.PLAYBACK, None)
    booth.play(tone(0.1), "four")
    assert booth.first(PlaybackFinished) == PlaybackFinished("four", completed=True)


def test_a_speaker_that_is_unplugged_is_named_and_the_sound_goes_on_where_it_was(make: Make) -> None:
    booth = make(paced=True)
    samples = tone(2)
    booth.play(samples)
    booth.sounds_for(0.7)
    booth.cards.unplug(Direction.PLAYBACK)
    waiting = booth.told(PlaybackWaiting)
    assert waiting.message == "the simulated sound card was unplugged. Plug it in again"
    assert waiting.position == pytest.approx(0.7, abs=0.01) and not booth.of(TrackHeard)
    assert booth.cards.playback.closed
    booth.until(lambda: booth.clock.advance(0.5) or booth.clock.monotonic() > 1020)
    assert not booth.of(PlaybackFailed)
    booth.cards.replug()
    assert booth.first(PlaybackResumed) == PlaybackResumed("one", waiting.position)
    booth.first(PlaybackFinished)
    at, ramp = round(waiting.position * RATE), round(RAMP * RATE)
    assert np.array_equal(booth.written[ramp : len(samples) - at, 0], samples[at + ramp :])
    assert booth.of(TrackHeard) == [TrackHeard("one", 7)]


def test_a_speaker_that_does_not_come_back_ends_the_playback_and_the_message_is_not_heard(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(5))
    booth.sounds_for(0.2)
    booth.cards.unplug(Direction.PLAYBACK)
    booth.first(PlaybackWaiting)
    gone = booth.clock.monotonic()
    failed = booth.until(lambda: booth.clock.advance(0.5) or booth.of(PlaybackFailed))[0]
    assert failed.kind is TroubleKind.SYSTEM and "unplugged" in failed.message
    assert booth.clock.monotonic() - gone == pytest.approx(60, abs=3)
    assert not booth.of(TrackHeard)
    booth.cards.replug()
    booth.play(tone(0.1), "two")
    assert booth.first(PlaybackFinished) == PlaybackFinished("two", completed=True)


@pytest.mark.parametrize("act", ["stop", "replace", "pause"])
def test_what_waits_for_its_speaker_can_be_ended_and_paused(make: Make, act: str) -> None:
    booth = make(paced=True)
    booth.play(tone(5))
    booth.sounds_for(0.2)
    booth.cards.unplug(Direction.PLAYBACK)
    waiting = booth.first(PlaybackWaiting)
    if act == "pause":
        booth.player.pause()
        assert booth.first(PlaybackPaused).position == waiting.position
        booth.clock.advance(3600)
        booth.cards.replug()
        booth.player.resume()
        booth.first(PlaybackResumed)
        booth.sounds_for(0.1)
    elif act == "stop":
        booth.player.stop()
        assert booth.first(PlaybackFinished) == PlaybackFinished("one", completed=False)
    else:
        booth.cards.replug()
        booth.play(tone(0.1), "two")
        assert booth.first(PlaybackFinished, 2) == PlaybackFinished("two", completed=True)


def test_a_speaker_that_is_unplugged_at_the_very_change_ends_the_old_and_plays_the_new(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(5))
    booth.sounds_for(0.2)
    booth.cards.playback.unplug()
    booth.play(tone(0.1), "two")
    assert booth.first(PlaybackFinished, 2) == PlaybackFinished("two", completed=True)
    assert booth.of(PlaybackFinished)[0] == PlaybackFinished("one", completed=False)


def test_a_speaker_that_is_gone_at_resume_is_named(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(5))
    booth.sounds_for(0.2)
    booth.player.pause()
    booth.first(PlaybackProgress)
    booth.cards.unplug(Direction.PLAYBACK)
    booth.player.resume()
    assert "unplugged" in booth.first(PlaybackWaiting).message
    booth.cards.replug()
    booth.first(PlaybackResumed)


def test_a_bad_file_never_opens_the_speaker(make: Make, tmp_path: Path) -> None:
    booth = make()
    booth.player.play("one", Play(tmp_path / "gone.wav", "gone", None))
    assert booth.first(PlaybackFailed) == PlaybackFailed(
        "one", "cannot play 'gone.wav': there is no such file", None, "Unplayable", kind=TroubleKind.FILE
    )
    assert booth.cards.playbacks == []


def test_a_damaged_file_fails_after_what_could_be_played(make: Make) -> None:
    booth = make()
    path = booth.file(tone(3), "cut.flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    booth.player.play("one", Play(path, "cut", None))
    assert "'cut.flac' is damaged" in booth.first(PlaybackFailed).message
    assert len(booth.written) > RATE


@pytest.mark.slow
def test_close_ends_a_playback_even_if_the_speaker_hangs(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(60))
    booth.clock.waiters()
    booth.player.close(timeout=2)
    assert booth.first(PlaybackFinished) == PlaybackFinished("one", completed=False, given_up=True)
    assert booth.cards.playback.closed


def test_the_pulse_beats_while_it_plays_and_rests_while_it_does_not(make: Make) -> None:
    booth = make(paced=True)
    booth.play(tone(3))
    booth.sounds_for(0.2)
    booth.clock.waiters()
    assert booth.vitals.overdue() == ()
    booth.player.pause()
    booth.first(PlaybackProgress)
    booth.until(lambda: booth.cards.playback.closed)
    booth.clock.advance(3600)
    assert booth.vitals.overdue() == ()


class StubbornSpeaker:
    """A speaker that only ever underruns."""

    format = AudioFormat(RATE, 2)
    period_frames = 960
    buffer_frames = 4800
    takes_back = True
    held = 0

    def __init__(self) -> None:
        self.closed = False

    def write(self, data: bytes) -> int:
        return XRUN

    def let_sound(self, left: int) -> int:
        return 0

    def rouse(self) -> None:
        pass

    def drain(self) -> None:
        raise AssertionError("nothing to drain")

    def stop(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def test_a_speaker_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    speaker = StubbornSpeaker()

    class Cards(FakeCards):
        def open_playback(self, *_: Any) -> Any:
            return speaker

    clock = ManualClock()
    posted: list[Any] = []
    player = Player(Cards(), LOUD, RATE, clock, posted.append, Vitals(clock))
    soundfile.write(tmp_path / "a.wav", tone(1), RATE)
    player.play("one", Play(tmp_path / "a.wav", "a", None))
    limit = time.monotonic() + 5
    while len(posted) < 2 and time.monotonic() < limit:
        time.sleep(0.001)
    player.close()
    message = "speaker 'usb' takes no sound. Unplug it and plug it in again"
    assert posted[1:] == [PlaybackFailed("one", message, error="DeviceLost")]
    assert speaker.closed


def test_the_scale_of_loudness() -> None:
    assert loudness(100) == 1.0 and loudness(0) == 0.0
    assert 20 * np.log10(loudness(50)) == pytest.approx(-18.06, abs=0.01)
    assert 20 * np.log10(loudness(10)) == pytest.approx(-60)


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 400), st.integers(1, 500)), max_size=20))
def test_a_gain_never_jumps_and_always_arrives(changes: list[tuple[float, int, int]]) -> None:
    gain = Gain(1.0)
    before = 1.0
    for target, frames, block in changes:
        steepest = np.pi / 2 / frames if frames else 1.0
        gain.go_to(target, frames)
        factors = gain.apply(np.ones((block, 2), np.float32))
        assert factors.dtype == np.float32 and np.array_equal(factors[:, 0], factors[:, 1])
        curve = factors[:, 0].astype(float)
        assert np.abs(np.diff(np.concatenate(([before], curve)))).max() <= steepest + 1e-6
        if block >= frames:
            assert curve[-1] == np.float32(target)
        before = float(curve[-1])


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50), st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_samples_survive_the_way_there_and_back(samples: list[int], have: int, want: int) -> None:
    block = np.repeat(np.array(samples, np.float32)[:, np.newaxis] / np.float32(32768), have, axis=1)
    pcm = np.frombuffer(to_pcm(to_channels(block, want), SampleFormat.S16_LE), "<i2").reshape(-1, want)
    assert pcm.tolist() == [[one] * want for one in samples]


def test_what_is_too_loud_is_clipped_not_wrapped() -> None:
    loud = np.array([[1.5], [-1.5], [1.0]], np.float32)
    assert np.frombuffer(to_pcm(loud, SampleFormat.S16_LE), "<i2").tolist() == [32767, -32768, 32767]
    assert np.frombuffer(to_pcm(loud, SampleFormat.S32_LE), "<i4").tolist() == [2**31 - 1, -(2**31), 2**31 - 1]
    assert np.frombuffer(to_pcm(loud, SampleFormat.FLOAT_LE), "<f4").tolist() == [1, -1, 1]


@pytest.mark.slow
def test_a_real_libasound_plays_every_sample(test_card: Path, tmp_path: Path) -> None:
    """With a pause in the middle, which takes effect at once."""
    clock = SystemClock()
    posted: list[Any] = []
    samples = np.random.default_rng(3).integers(-3000, 3000, (RATE, 2), dtype=np.int16)
    soundfile.write(tmp_path / "noise.wav", samples, RATE)
    speaker = PlaybackSettings(device=f"testcard:{test_card}", volume=VolumeSettings(Percent(100)))
    player = Player(AlsaCards(), speaker, RATE, clock, posted.append, Vitals(clock))

    def wait_for(kind: type[Event]) -> None:
        limit = time.monotonic() + 10
        while not any(isinstance(one, kind) for one in posted):
            assert time.monotonic() < limit, posted
            time.sleep(0.001)

    player.play("one", Play(tmp_path / "noise.wav", "noise", None))
    wait_for(PlaybackStarted)
    began = time.monotonic()
    player.pause()
    wait_for(PlaybackProgress)
    reaction = time.monotonic() - began
    player.resume()
    wait_for(PlaybackFinished)
    player.close()
    assert reaction < 0.3
    position = round(next(one.position for one in posted if isinstance(one, PlaybackProgress)) * RATE)
    played = np.frombuffer((test_card / "played.raw").read_bytes(), "<i2").reshape(-1, 2)
    ramp = round(RAMP * RATE)
    assert np.array_equal(played[: position - ramp], samples[: position - ramp])
    resumed = int((test_card / "starts").read_text().split()[2])
    assert np.array_equal(played[resumed + ramp : resumed + RATE - position], samples[position + ramp :])


def heard_at(card: Path, format: AudioFormat) -> NDArray[np.float64]:
    """What the test card has played, shape (frames, channels), full scale 1.0."""
    data = (card / "played.raw").read_bytes()
    if format.sample is SampleFormat.FLOAT_LE:
        return np.frombuffer(data, "<f4").astype(float).reshape(-1, format.channels)
    return to_float(data, format).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    "only",
    [
        AudioFormat(RATE, 2, SampleFormat.S24_3LE),
        AudioFormat(RATE, 2, SampleFormat.S32_LE),
        AudioFormat(RATE, 2, SampleFormat.FLOAT_LE),
        AudioFormat(RATE, 1, SampleFormat.S32_LE),
        AudioFormat(RATE, 1),
        AudioFormat(44_100, 2, SampleFormat.S32_LE),
        AudioFormat(96_000, 1, SampleFormat.FLOAT_LE),
    ],
    ids=str,
)
def test_a_speaker_of_any_one_format_plays(test_card: Path, tmp_path: Path, only: AudioFormat, channels: int) -> None:
    for name, word in (("rate", only.rate), ("channels", only.channels), ("format", only.sample)):
        (test_card / name).write_text(str(word))
    samples = np.repeat(tone(0.5)[:, np.newaxis] // 2, channels, axis=1)
    samples[:, 1:] //= 2
    soundfile.write(tmp_path / "tone.wav", samples, RATE)
    posted = SimpleQueue[Any]()
    settings = PlaybackSettings(device=f"testcard:{test_card}", volume=VolumeSettings(Percent(100)))
    clock = SystemClock()
    player = Player(AlsaCards(), settings, RATE, clock, posted.put, Vitals(clock))
    player.play("one", Play(tmp_path / "tone.wav", "tone", None))
    told = [type(posted.get(timeout=10))]
    while told[-1] is not PlaybackFinished:
        told.append(type(event := posted.get(timeout=10)))
        assert not isinstance(event, PlaybackFailed | PlaybackWaiting), event
    assert [kind for kind in told if kind is not PlaybackUnderrun] == [PlaybackReady, PlaybackStarted, PlaybackFinished]
    player.close()
    wanted = samples / 32768
    if channels != only.channels:
        wanted = np.repeat(wanted.mean(axis=1, keepdims=True), only.channels, axis=1)
    heard = heard_at(test_card, only)
    if only.rate == RATE:
        assert np.abs(heard[: len(wanted)] - wanted).max() <= 2**-16
    else:
        wanted = soxr.resample(wanted, RATE, only.rate)
        inside = slice(2000, len(wanted) - 2000)
        assert np.abs(heard[inside] - wanted[inside]).max() < 1e-3


def test_a_speaker_that_takes_nothing_known_is_named_for_what_it_is(test_card: Path, tmp_path: Path) -> None:
    (test_card / "format").write_text("MU_LAW")
    soundfile.write(tmp_path / "tone.wav", tone(0.1), RATE)
    posted = SimpleQueue[Any]()
    clock = SystemClock()
    player = Player(
        AlsaCards(), PlaybackSettings(device=f"testcard:{test_card}"), RATE, clock, posted.put, Vitals(clock)
    )
    player.play("one", Play(tmp_path / "tone.wav", "tone", None))
    assert isinstance(posted.get(timeout=10), PlaybackReady)
    message = posted.get(timeout=10).message
    player.close()
    assert "MU_LAW" in message and "audio.playback.device" in message and "mono" not in message
