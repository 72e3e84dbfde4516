"""A box that records by itself, heard."""

from contextlib import suppress
from typing import Any

import numpy
import pytest
import soundfile

from appliance.errors import Refused

Box = Any  # tests/e2e/conftest.py is not importable

EVERY, ON = 4, 2
CONFIG = f"""\
schedules:
  often: {{duty: {ON}s every {EVERY}s, clock: utc}}
  seldom: {{begin: "05:00", end: "06:00", dates: [02-28/02-28], clock: utc}}
"""


def configure(box: Box) -> None:
    with box.config.open("a") as file:
        file.write(CONFIG)


def ends_with_its_window(clip: dict[str, Any]) -> bool:
    """Whether it was cut where the window ends, whenever that was noticed."""
    seconds = clip["frames"] / clip["format"]["rate"]
    ended: float = clip["started"]["wall_ns"] / 1e9 + seconds
    return 0.3 < seconds < ON + 0.1 and abs(ended % EVERY - ON) < 0.1


@pytest.mark.slow
def test_a_window_is_recorded_and_ends_in_its_moment(box: Box) -> None:
    configure(box)
    box.start()
    box.until(lambda: any(ends_with_its_window(entry["clip"]) for entry in box.clips()))
    entry = next(entry for entry in box.clips() if ends_with_its_window(entry["clip"]))
    sound, _ = soundfile.read(entry["path"])
    assert len(sound) == entry["clip"]["frames"] and numpy.abs(sound).max() > 0.01, "it is the speech, and no silence"
    schedules = box.status()["schedules"]
    assert [(window["begin"] % EVERY, window["end"] % EVERY) for window in schedules["often"]["next"]] == [(0, ON)] * 3
    said = box.cli("status").stdout
    assert "schedule seldom: next" in said and "02-28" in said


@pytest.mark.slow
def test_a_take_of_a_person_goes_through_windows(box: Box) -> None:
    configure(box)
    box.start()
    takes: list[str] = []

    def begun() -> bool:
        """A window may open in the very moment."""
        with suppress(Refused):
            takes.append(box.call("record.start")["take_id"])
        return bool(takes)

    box.until(begun)
    box.until(lambda: box.status()["take"]["seconds"] > EVERY + 1)
    assert box.call("record.stop")["clip"]["id"] == takes[0]
