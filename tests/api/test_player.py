"""The player of scripts: on real libasound with the test card, and on a clock turned by hand."""

import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from appliance import Player
from appliance.audio.ramps import loudness
from appliance.errors import AudioError, NotFound, Permanent, Refused, Unplayable, UsageError
from appliance.events import (
    Event,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPaused,
    PlaybackProgress,
    PlaybackReady,
    PlaybackResumed,
    PlaybackSeeked,
    PlaybackStarted,
    PlaybackWaiting,
    RateChanged,
    VolumeChanged,
)
from appliance.simulation.cards import FakeCards
from appliance.testing.clock import ManualClock
from tests.api.conftest import Heard
from tests.plugins.receiver import Receiver, Reply

RATE = 48_000


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Half a second whose samples tell where they are."""
    path = tmp_path / "song.wav"
    soundfile.write(path, np.arange(1, RATE // 2 + 1, dtype=np.int16), RATE, subtype="PCM_16")
    return path


def heard_by_the_card(card: Path) -> list[int]:
    samples = np.frombuffer((card / "played.raw").read_bytes(), "<i2")[::2]
    return [int(sample) for sample in samples[samples != 0]]


def test_a_file_sounds_from_its_start_to_its_end(test_card: Path, song: Path, heard: Heard) -> None:
    with Player(device=f"testcard:{test_card}", volume=1.0, on_event=heard) as player:
        assert player.duration is None and player.paused
        player.play(song)
        assert not player.paused and player.duration == 0.5
        assert player.wait()
        assert player.paused and player.position <= 0.5
    assert heard_by_the_card(test_card) == list(range(1, RATE // 2 + 1))
    kinds = [type(event) for event in heard.events]
    assert kinds[:2] == [PlaybackReady, PlaybackStarted] and kinds[-1] is PlaybackFinished


def test_it_starts_where_it_is_told(test_card: Path, song: Path) -> None:
    with Player(device=f"testcard:{test_card}", volume=1.0) as player:
        assert player.play(song, start_at=0.4).wait()
    assert heard_by_the_card(test_card)[-2000:] == list(range(RATE // 2 - 1999, RATE // 2 + 1))
    assert len(heard_by_the_card(test_card)) <= 4800


def test_what_is_at_a_url_is_fetched_and_played(test_card: Path, song: Path, receiver: Receiver) -> None:
    receiver.replies.append(Reply(200, {"Content-Type": "audio/wav"}, song.read_bytes()))
    with Player(device=f"testcard:{test_card}", volume=1.0) as player:
        assert player.play(receiver.url("/song.wav")).wait()
    assert heard_by_the_card(test_card) == list(range(1, RATE // 2 + 1))


def test_what_cannot_be_played_says_why(
    test_card: Path, song: Path, tmp_path: Path, receiver: Receiver, heard: Heard
) -> None:
    (tmp_path / "letter.wav").write_text("no sound")
    receiver.replies.append(Reply(404))
    with Player(device=f"testcard:{test_card}", on_event=heard) as player:
        with pytest.raises(Unplayable, match="no such file"):
            player.play(tmp_path / "nothing.wav")
        with pytest.raises(Unplayable, match="no sound that can be read"):
            player.play(tmp_path / "letter.wav")
        with pytest.raises((Permanent, NotFound)):
            player.play(receiver.url("/gone.wav"))
        (test_card / "unplugged").touch()
        with pytest.raises(AudioError):
            player.play(song)
    assert [event.kind for event in heard.of(PlaybackFailed)] == ["file", "format", "system"]


def test_a_loop_sounds_until_it_is_stopped(test_card: Path, song: Path, heard: Heard) -> None:
    with Player(device=f"testcard:{test_card}", volume=1.0, on_event=heard) as player:
        player.play(song, loop=True)
        heard.until(PlaybackProgress)
        while len(heard_by_the_card(test_card)) < RATE:
            assert not player.paused and player.position < 0.5
        player.stop()
        assert not player.wait()
    whole = list(range(1, RATE // 2 + 1))
    assert heard_by_the_card(test_card)[:RATE] == [*whole, *whole]


def test_nothing_sounds_after_the_end_of_the_block(test_card: Path, long_song: Path) -> None:
    with Player(device=f"testcard:{test_card}") as player:
        player.play(long_song)
    size = (test_card / "played.raw").stat().st_size
    assert player.paused and player.position < 60
    with Player(device=f"testcard:{test_card}"):
        assert (test_card / "played.raw").stat().st_size == size, "and the speaker is free"


@pytest.mark.slow
def test_a_speaker_that_is_unplugged_is_waited_for(test_card: Path, tmp_path: Path, heard: Heard) -> None:
    hum = tmp_path / "hum.wav"
    soundfile.write(hum, np.full(4 * RATE, 1000, np.int16), RATE)
    with Player(device=f"testcard:{test_card}", on_event=heard) as player:
        player.play(hum)
        heard.until(PlaybackProgress)
        (test_card / "unplugged").touch()
        assert heard.until(PlaybackWaiting).message and player.paused
        (test_card / "unplugged").unlink()
        assert player.wait()


def test_the_volume_is_heard(test_card: Path, song: Path) -> None:
    with Player(device=f"testcard:{test_card}", volume=0.5) as player:
        assert player.play(song).wait()
    loudest = max(heard_by_the_card(test_card))
    assert loudest == pytest.approx(loudness(50) * RATE // 2, abs=2), "18 dB lower"


def test_volume_and_rate_that_are_set_while_it_plays_are_heard(test_card: Path, tmp_path: Path) -> None:
    path = tmp_path / "hum.wav"
    hum = 8000 * np.sin(2 * np.pi * 500 * np.arange(4 * RATE) / RATE)
    soundfile.write(path, hum.astype(np.int16), RATE, subtype="PCM_16")
    with Player(device=f"testcard:{test_card}", volume=1.0) as player:
        player.play(path)
        player.volume, player.rate = 0.5, 2.0
        assert player.wait()
    played = heard_by_the_card(test_card)
    assert 1.9 < len(played) / RATE < 3.5, "at twice the speed"
    assert max(played[-RATE // 2 :]) == pytest.approx(8000 * loudness(50), rel=0.05)
    crossings = np.count_nonzero(np.diff(np.sign(played[-RATE // 2 :])) > 0)
    assert crossings == pytest.approx(250, abs=25), "at the same pitch"


class Stage:
    """A player whose time is turned by hand."""

    def __init__(self, heard: Heard) -> None:
        self.clock = ManualClock()
        self.cards = FakeCards(self.clock)
        self.player = Player(cards=self.cards, clock=self.clock, on_event=heard)

    def play(self, path: Path) -> None:
        self.until(lambda: self.player.play(path))

    def until(self, call: Callable[[], object]) -> None:
        """Let time pass until a call comes back."""
        calling = threading.Thread(target=call)
        calling.start()
        while calling.is_alive():
            self.clock.advance(0.01)
            calling.join(0.001)


@pytest.fixture
def long_song(tmp_path: Path) -> Path:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(60 * 8000, np.int16), 8000, subtype="PCM_16")
    return path


def test_pause_seek_rate_and_volume(long_song: Path, heard: Heard) -> None:
    stage = Stage(heard)
    player = stage.player
    with player:
        stage.play(long_song)
        stage.until(lambda: heard.until(PlaybackProgress))
        player.pause()
        stage.until(lambda: heard.until(PlaybackPaused))
        held = player.position
        stage.clock.advance(5)
        assert player.paused and player.position == held
        player.resume()
        stage.until(lambda: heard.until(PlaybackResumed))
        player.seek(30)
        stage.until(lambda: heard.until(PlaybackSeeked))
        assert 30 <= player.position < 31
        player.skip(-20)
        stage.until(lambda: heard.until(PlaybackSeeked, lambda event: event.position < 20))
        assert 9 <= player.position < 12
        player.rate, player.volume = 9, 0.25
        stage.until(lambda: (heard.until(RateChanged), heard.until(VolumeChanged)))
        assert (player.rate, player.volume) == (2.0, 0.25)
        assert heard.until(VolumeChanged).percent == 25 and heard.until(RateChanged).rate == 2.0
        player.stop()
        stage.until(player.wait)
        assert player.paused and not heard.until(PlaybackFinished).completed


def test_the_position_goes_on_between_what_is_told(long_song: Path, heard: Heard) -> None:
    stage = Stage(heard)
    with stage.player as player:
        stage.play(long_song)
        told = player.position
        stage.clock.advance(0.25)
        assert player.position == pytest.approx(told + 0.25, abs=0.05)
        player.stop()
        stage.until(player.wait)


def test_a_player_that_is_closed_says_so_and_keeps_nobody_waiting(heard: Heard, song: Path) -> None:
    with Stage(heard).player as player:
        player.close()
        with pytest.raises(Refused, match="closed: make another one"):
            player.play(song)
        assert not player.wait()


@pytest.mark.slow
def test_a_callback_may_play_the_next(test_card: Path, song: Path) -> None:
    both = threading.Event()

    def again(event: Event) -> None:
        if isinstance(event, PlaybackFinished) and not both.is_set():
            both.set()
            player.play(song).wait()

    with Player(device=f"testcard:{test_card}", volume=1.0, on_event=again) as player:
        player.play(song)
        assert both.wait(20)
    assert heard_by_the_card(test_card)[: RATE // 2] == list(range(1, RATE // 2 + 1))
    assert len(heard_by_the_card(test_card)) > RATE // 2


@pytest.mark.parametrize(
    ("argument", "odd"), [("device", 3), ("device", ""), ("on_event", 3), ("src", 3), ("src", "x\0"), ("loop", "no")]
)
def test_what_makes_no_sense_is_refused_in_words(argument: str, odd: Any, song: Path) -> None:
    wish: dict[str, Any] = {argument: odd}
    with pytest.raises(UsageError, match=f"^{argument} is .*, expected "):
        if argument in ("device", "on_event"):
            Player(cards=FakeCards(), **wish)
        with Player(cards=FakeCards()) as player:
            player.play(**{"src": song, **wish})


def test_nothing_was_played_yet(heard: Heard) -> None:
    with Stage(heard).player as player:
        assert not player.wait() and player.position == 0.0


@pytest.mark.parametrize("odd", ["x", None, math.nan, math.inf])
def test_what_is_no_number_is_refused_in_words_and_what_plays_goes_on(odd: Any, test_card: Path, song: Path) -> None:
    with pytest.raises(UsageError, match=r"volume is .*, expected a number"):
        Player(volume=odd, cards=FakeCards())
    with Player(device=f"testcard:{test_card}", volume=1.0) as player:
        player.play(song)
        for name in ("volume", "rate"):
            with pytest.raises(UsageError, match=rf"{name} is .*, expected a number"):
                setattr(player, name, odd)
        for move in (player.seek, player.skip):
            with pytest.raises(UsageError, match=r"seconds is .*, expected a number"):
                move(odd)
        with pytest.raises(UsageError, match=r"start_at is .*, expected a number"):
            player.play(song, start_at=odd)
        assert player.wait()
    assert heard_by_the_card(test_card) == list(range(1, RATE // 2 + 1))
