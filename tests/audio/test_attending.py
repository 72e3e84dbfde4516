"""A microphone that is attended is open before anything is recorded, and what begins then lacks no frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.simulation.sound import stretches

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

FIRST = "take000001"
RATE = 8000


def attend(booth: Booth) -> None:
    booth.recorder.attend(on=True)
    booth.wait_for(lambda: booth.cards.captures)


def test_a_take_begins_at_its_very_frame_on_the_stream_that_is_open(booth: Booth) -> None:
    attend(booth)
    booth.run(3.0)
    booth.recorder.start(FIRST, booth.at(2.9))
    booth.run(1.0)
    booth.recorder.attend(on=False)
    booth.recorder.stop(booth.at(3.9))
    assert booth.sealed().frames == RATE
    (piece,) = stretches(booth.sound(), booth.format)
    assert (piece.first, piece.frames) == (round(2.9 * RATE), RATE)
    assert len(booth.cards.captures) == 1
    booth.wait_for(lambda: booth.cards.capture.closed)


def test_the_card_is_given_back_where_nothing_begins(booth: Booth) -> None:
    attend(booth)
    booth.run(1.0)
    assert not booth.cards.capture.closed
    booth.recorder.attend(on=False)
    booth.wait_for(lambda: booth.cards.capture.closed)
    assert len(booth.cards.captures) == 1
