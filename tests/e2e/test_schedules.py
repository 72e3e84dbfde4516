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
def test_a_schedule_records_by_its_own_profile_and_to_its_own_destination(box: Box) -> None:
    told = box.config.read_text().replace(
        "shelf: {", f"other: {{backend: folder, path: {box.root}/other}}\n  shelf: {{"
    )
    wanted = "take: {profile: wide, fields: {title: Dawn}, destinations: [other]}"
    often = f"often: {{duty: {ON}s every {EVERY}s, clock: utc, {wanted}}}"
    profile = "{rate: 16000, channels: 2, sample_format: S24_3LE, name: birds}"
    box.config.write_text(f"{told}schedules: {{{often}}}\nrecording: {{profiles: {{wide: {profile}}}}}\n")
    box.start()
    box.until(lambda: any(ends_with_its_window(entry["clip"]) and entry["deliveries"] for entry in box.clips()))
    entry = next(entry for entry in box.clips() if entry["deliveries"])
    clip = entry["clip"]
    assert (clip["title"], clip["begun"]["by"], clip["begun"]["which"]) == ("Dawn", "schedule", "often")
    assert [each["destination"] for each in entry["deliveries"]] == ["other"]
    sound = soundfile.info(entry["path"])
    assert (sound.samplerate, sound.channels, sound.subtype) == (16_000, 2, "PCM_24") and "_birds_" in entry["path"]


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
