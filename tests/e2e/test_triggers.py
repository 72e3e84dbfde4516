"""A box that records what it hears, as a process of its own."""

from typing import Any

import numpy
import pytest
import soundfile

from appliance.models import AudioFormat, SampleFormat
from appliance.simulation.sound import SPEECH, looped

Box = Any  # tests/e2e/conftest.py is not importable

CONFIG = """\
triggers:
  voices: {level: -40, low: 200, high: 4000, preroll: 300ms, hang: 400ms, longest: 2s, take: {fields: {title: Heard}}}
  never: {level: 0, preroll: 0s}
"""


def unbroken(box: Box) -> list[dict[str, Any]]:
    """Clips that the machine was not too busy for."""
    return [entry for entry in box.clips() if not entry["clip"]["gaps"]]


@pytest.mark.slow
def test_what_it_hears_becomes_clips_and_everybody_can_see_that_it_listens(box: Box) -> None:
    with box.config.open("a") as file:
        file.write(CONFIG)
    box.start()
    box.until(lambda: len(unbroken(box)) >= 2)
    status = box.status()
    assert status["listening"] == 1.0 and status["triggers"]["voices"]["listening"]
    assert {entry["clip"]["begun"]["which"] for entry in box.clips()} == {"voices"}
    assert {entry["clip"]["fields"]["title"] for entry in box.clips()} == {"Heard"}
    said = box.cli("status").stdout
    assert "microphone open" in said and "trigger voices: listens" in said and "trigger never: listens" in said
    entry = unbroken(box)[-1]
    sound, rate = soundfile.read(entry["path"], dtype="int16")
    assert 0.7 < len(sound) / rate <= 2.01
    format = AudioFormat(rate, 1, SampleFormat.S16_LE)
    round_about = numpy.frombuffer(looped(SPEECH)(0, 4 * soundfile.info(SPEECH).frames * rate // 16_000, format), "<i2")
    starts = numpy.flatnonzero(round_about[: -len(sound)] == sound[0])
    assert any(numpy.array_equal(round_about[at : at + len(sound)], sound) for at in starts), "every frame, once"
