"""What is said to somebody who speaks, by his speech and not by his pauses."""

import numpy as np
import pytest
from attrs import evolve

from appliance.audio.coach import Advice, Coach, Judgement, Piece
from appliance.audio.levels import Meter
from appliance.models import AudioFormat

FORMAT = AudioFormat(8000)
PIECE = 2000


def piece(number: int, decibels: float) -> Piece:
    """A quarter of a second of a tone of that RMS, in dBFS."""
    at = np.arange(number * PIECE, (number + 1) * PIECE)
    wave = 10 ** (decibels / 20) * np.sqrt(2) * 32768 * np.sin(2 * np.pi * 440 / 8000 * at)
    meter = Meter(FORMAT)
    meter.add(np.clip(np.round(wave), -32768, 32767).astype("<i2").tobytes())
    peak, rms = meter.stretch()
    return Piece(number / 4, 0.25, peak, rms, meter.tally())


def judged(speech: float, room: float, seconds: int = 8, share: int = 4) -> Judgement:
    """Of bursts of speech, each of a quarter of a second in `share` of them, in a room so loud."""
    coach = Coach()
    return [coach.hear(piece(number, room if number % share else speech)) for number in range(4 * seconds)][-1]


@pytest.mark.parametrize("share", [2, 4])
@pytest.mark.parametrize("level", [-40.0, -30.0, -18.0])
def test_what_lacks_is_told_by_speech_alone(level: float, share: int) -> None:
    assert judged(level, -90.0, share=share).lacks == pytest.approx(-18.0 - level, abs=1.0)


@pytest.mark.parametrize(
    ("speech", "room", "advice"),
    [
        (-18.0, -90.0, Advice.WELL),
        (-30.0, -90.0, Advice.CLOSER),
        (-8.0, -90.0, Advice.QUIETER),
        (-20.0, -28.0, Advice.NOISY),
        (-90.0, -90.0, Advice.SILENT),
        (-40.0, -40.0, Advice.SILENT),
    ],
)
def test_advice(speech: float, room: float, advice: Advice) -> None:
    assert judged(speech, room).advice == advice


def test_nothing_is_judged_before_somebody_has_spoken_for_a_while() -> None:
    assert judged(-18.0, -90.0, seconds=4) == Judgement(Advice.SPEAK)


def test_what_is_clipped_is_too_loud_by_6_db_at_least_however_quiet_the_rest_is() -> None:
    coach = Coach()
    for number in range(32):
        heard = piece(number, -90.0 if number % 4 else -30.0)
        coach.hear(evolve(heard, peak_dbfs=0.0, tally=evolve(heard.tally, clipped=5)))
    assert coach.hear(piece(32, -30.0)) == Judgement(Advice.QUIETER, -6.0)
