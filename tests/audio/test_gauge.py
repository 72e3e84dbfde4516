"""Who looks on at levels hears every piece, keeps the microphone open no longer, and gives way to any take."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from appliance.audio.coach import Piece
from appliance.audio.gauge import pieces
from appliance.errors import AudioError, Refused
from appliance.events import MicrophoneOpen, TakeStarted
from appliance.models import SILENCE_DBFS, AudioFormat
from appliance.simulation.sound import stretches

if TYPE_CHECKING:
    from tests.audio.conftest import Booth


class Looker:
    """Looks on, on a thread of its own."""

    def __init__(self, booth: Booth) -> None:
        self.seen: list[Piece] = []
        self.error: Exception | None = None
        self._over = False
        self._source = pieces(booth.recorder.eavesdrop)
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over = True

    def join(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _look(self) -> None:
        try:
            for piece in self._source:
                self.seen.append(piece)
                if self._over:
                    break
            self._source.close()
        except (AudioError, Refused) as error:
            self.error = error


def looking(booth: Booth) -> Looker:
    looker = Looker(booth)
    booth.wait_for(lambda: booth.cards.captures)
    booth.clock.waiters()
    return looker


def test_the_card_is_open_for_as_long_as_somebody_looks_and_nobody_is_told_that_sound_is_kept(booth: Booth) -> None:
    looker = looking(booth)
    booth.run(1.0)
    booth.wait_for(lambda: len(looker.seen) == 4)
    assert [piece.at - looker.seen[0].at for piece in looker.seen] == pytest.approx([0, 0.25, 0.5, 0.75])
    assert all(piece.peak_dbfs > SILENCE_DBFS for piece in looker.seen)
    looker.close()
    booth.turn_until(lambda: booth.cards.capture.closed, 0.25)
    looker.join()
    assert not booth.of(MicrophoneOpen)


def test_a_take_in_another_format_gets_it_and_is_looked_at_too(booth: Booth) -> None:
    looker = looking(booth)
    booth.run(0.5)
    wanted = AudioFormat(16_000, 2)
    booth.recorder.start("take000001", booth.clock.monotonic(), format=wanted)
    booth.turn_until(lambda: booth.of(TakeStarted), 0.01)
    assert booth.first(TakeStarted).format == wanted
    seen = len(looker.seen)
    booth.run(1.25)
    booth.wait_for(lambda: len(looker.seen) >= seen + 4)
    booth.recorder.stop(booth.clock.monotonic())
    clip = booth.sealed()
    assert not clip.gaps and len(stretches(booth.sound()[: clip.frames * wanted.frame_bytes], wanted)) == 1
    looker.close()
    booth.turn_until(lambda: booth.cards.capture.closed, 0.25)
    looker.join()


def test_a_microphone_that_goes_away_ends_it_in_words(booth: Booth) -> None:
    looker = looking(booth)
    booth.run(0.5)
    booth.cards.unplug()
    booth.turn_until(lambda: looker.error, 0.25)
    assert "unplugged" in str(looker.error)
    looker.join()


def test_a_microphone_that_delivers_nothing_ends_it_in_words(booth: Booth) -> None:
    looker = looking(booth)
    booth.cards.capture.stall()
    booth.turn_until(lambda: looker.error, 0.25)
    assert "delivers no sound" in str(looker.error)
    looker.join()


def test_a_recorder_that_stops_ends_it(booth: Booth) -> None:
    looker = looking(booth)
    booth.recorder.close()
    booth.turn_until(lambda: looker.error, 0.25)
    assert isinstance(looker.error, Refused)
    looker.join()
