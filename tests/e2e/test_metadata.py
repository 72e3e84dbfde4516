"""Where a box stands, and what a person wrote, arrive inside the files and beside them."""

import json
from typing import Any

import guano
import mutagen
import pytest
from wavinfo import WavInfoReader

Box = Any  # tests/e2e/conftest.py is not importable

DESTINATIONS = """\
  archive: {{backend: folder, path: {root}/archive, deliver_as: bwf, sidecar: true}}
  songs: {{backend: folder, path: {root}/songs, deliver_as: mp3}}
"""


@pytest.mark.slow
def test_a_number_that_is_dialled_says_which_question_is_answered(box: Box) -> None:
    more = """
recording: {fields: {question: number, asked: text}, profiles: {short: {fields: {asked: Why}}}}
flow:
  numbers: {3: record.toggle, 4: record.start}
  takes: {3: {fields: {question: 3}}, 4: {profile: short, fields: {question: 4}}}
"""
    box.config.write_text(box.config.read_text().replace("backend: folder", "backend: folder, sidecar: true") + more)
    box.start()
    for number, stop in (("3", ("handset", "dial", "3")), ("4", ("record", "stop"))):
        box.cli("handset", "dial", number)
        box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] > 0.6)
        box.cli(*stop)
        box.until(lambda: box.status()["take"] is None)
    box.until(lambda: len(box.clips()) == 2 and box.delivered())
    said = sorted((json.loads(path.read_text())["fields"] for path in box.shelf.glob("*.json")), key=str)
    assert said == [{"asked": "Why", "question": 4}, {"question": 3}]


@pytest.mark.slow
def test_from_the_configuration_into_every_file(box: Box) -> None:
    told = box.config.read_text().replace(
        "name: box", 'name: box, location: {name: "Altes Rathaus", latitude: 52.5, longitude: -13.25}'
    )
    box.config.write_text(told + DESTINATIONS.format(root=box.root))
    box.start()
    clip = box.record(0.6)
    box.until(box.delivered)
    (wave,) = (box.root / "archive").glob("*.bwf.wav")
    assert guano.GuanoFile(str(wave))["Loc Position"] == (52.5, -13.25)
    assert WavInfoReader(str(wave)).bext.originator_ref == clip["id"]
    (song,) = (box.root / "songs").glob("*.mp3")
    assert str(mutagen.File(song).tags["TXXX:LOCATION"]) == "Altes Rathaus"
    beside = json.loads((box.root / "archive" / f"{clip['name']}.json").read_text())
    assert beside["place"] == {"name": "Altes Rathaus", "latitude": 52.5, "longitude": -13.25}
    assert beside["frames"] == clip["frames"] and beside["microphone"]
    assert (box.shelf / f"{clip['name']}.wav").read_bytes()[36:40] != b"bext"
    for entry in box.clips()[0]["deliveries"]:
        assert entry["receipt"]["verified"]
