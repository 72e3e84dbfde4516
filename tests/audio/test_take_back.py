"""What was handed over and has not sounded is taken back at a press, and nothing of it is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.audio.alsa import AlsaCards
from appliance.audio.output import KEPT, LATE, Output
from appliance.audio.ports import Playback
from appliance.audio.ramps import RAMP, Gain
from appliance.audio.trail import Trail
from appliance.events import PlaybackFinished, PlaybackPaused, TrackHeard
from appliance.models import AudioFormat
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import numbered
from appliance.simulation.speaker import FakePlayback
from appliance.testing.clock import ManualClock
from tests.audio.test_player import RATE, Booth, tone

FORMAT = AudioFormat(RATE, 2)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Booth]]:
    booths: list[Booth] = []

    def build(**options: Any) -> Booth:
        booths.append(Booth(tmp_path, True, **options))
        return booths[-1]

    yield build
    for booth in booths:
        booth.player.close()


def test_a_card_forgets_what_is_taken_back(test_card: Path) -> None:
    speaker = AlsaCards().open_playback(f"testcard:{test_card}", FORMAT, 0.5, 1.0)
    try:
        assert speaker.takes_back
        first, second = numbered(0, 24_000, FORMAT), numbered(50_000, 4_800, FORMAT)
        speaker.write(first)
        taken = speaker.take_back(4_800)
        assert 15_000 < taken <= 24_000 - 4_800
        speaker.write(second)
        speaker.drain()
    finally:
        speaker.close()
    whole = first[: (24_000 - taken) * FORMAT.frame_bytes] + second
    played = (test_card / "played.raw").read_bytes()
    assert played.startswith(whole) and not any(played[len(whole) :])


@pytest.mark.parametrize(("takes_back", "longest"), [(True, 0.1), (False, 0.25)])
@pytest.mark.parametrize("act", ["pause", "stop", "mute"])
def test_a_press_is_heard_soon(make: Callable[..., Booth], act: str, takes_back: bool, longest: float) -> None:
    booth = make(takes_back=takes_back)
    booth.play(tone(6))
    booth.sounds_for(2)
    before = len(booth.heard)
    if act == "mute":
        booth.player.set_volume(0)
    else:
        getattr(booth.player, act)()
    booth.until(lambda: booth.cards.playback.closed or len(booth.heard) > before + RATE)
    loud = np.abs(booth.heard[before:]) > 10
    assert loud.nonzero()[0].max() < longest * RATE


def test_a_card_that_gives_nothing_back_holds_little_from_then_on(
    make: Callable[..., Booth], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakePlayback, "take_back", lambda *_: 0)
    booth = make()
    booth.play(tone(6))
    booth.sounds_for(2)
    booth.player.pause()
    booth.until(lambda: booth.cards.playback.closed)
    booth.player.resume()
    booth.sounds_for(1)
    before = len(booth.heard)
    booth.player.pause()
    booth.until(lambda: booth.cards.playback.closed)
    assert (np.abs(booth.heard[before:]) > 10).nonzero()[0].max() < 0.25 * RATE


@pytest.mark.parametrize("takes_back", [True, False])
def test_how_long_it_sounds_at_most_is_what_the_speaker_holds(takes_back: bool) -> None:
    clock = ManualClock()
    output = Output(FakeCards(clock, takes_back=takes_back), "card", RATE, clock)
    output.open()
    speaker: Playback = output._speaker  # type: ignore[assignment]
    speaker.buffer_frames = RATE  # type: ignore[misc]
    assert output.longest_end == pytest.approx((KEPT if takes_back else 1.0) + RAMP + LATE)
    output.close()


def test_what_was_taken_back_sounds_later_to_the_sample(make: Callable[..., Booth]) -> None:
    booth = make()
    samples = np.random.default_rng(5).integers(-9000, 9000, 4 * RATE, dtype=np.int16)
    booth.play(samples)
    booth.sounds_for(2)
    before = len(booth.heard)
    booth.player.pause()
    position = round(booth.first(PlaybackPaused).position * RATE)
    assert position - before == pytest.approx((KEPT + 0.02) * RATE, abs=0.05 * RATE)
    booth.player.resume()
    booth.first(PlaybackFinished)
    ramp = round(0.02 * RATE)
    assert np.array_equal(booth.written[ramp : len(samples) - position, 0], samples[position + ramp :])


def test_what_is_stopped_in_its_last_tenth_was_heard(make: Callable[..., Booth]) -> None:
    booth = make()
    booth.play(tone(2))
    booth.sounds_for(1.85)
    assert not booth.of(TrackHeard)
    booth.player.stop()
    assert not booth.first(PlaybackFinished).completed
    assert booth.of(TrackHeard) == [TrackHeard("one", 7)]


def test_gains_go_back_to_where_they_were() -> None:
    gain = Gain(0.0)
    trail = Trail(1000, gain)
    gain.go_to(1.0, 400)
    values = []
    for _ in range(6):
        block = np.ones((100, 1), np.float32)
        trail.add(block)
        values.append(gain.apply(block))
    whole = np.concatenate(values)
    back = trail.take(450, 1)
    assert len(back) == 450 and np.allclose(gain.apply(back), whole[150:])
