"""A take that is begun with arguments, from the command line to the file that was delivered."""

import json
from typing import Any

import pytest

Box = Any  # tests/e2e/conftest.py is not importable

CONFIG = """\
  buttons: {backend: folder, path: ROOT/buttons, name: "{fields.room} {seq:03}", only: {button: 17}}
recording:
  fields: {room: {choices: [hall, studio]}, consent: yes_no}
  profiles: {interview: {channels: 2, name: talk, fields: {room: studio}}}
"""


@pytest.mark.slow
def test_what_was_given_is_in_the_file_beside_the_sound(box: Box) -> None:
    box.config.write_text(
        box.config.read_text()
        .replace("17: record.toggle", "17: {press: record.toggle, take: {fields: {room: hall}}}")
        .replace("path: ", "sidecar: true, only: {fields: {consent: yes}}, path: ")
        + CONFIG.replace("ROOT", str(box.root))
    )
    box.start()
    refused = box.cli("record", "start", "--field", "room=cellar", code=2)
    assert "field room: found 'cellar', expected one of hall, studio" in refused.stderr
    box.cli("record", "start", "--profile", "interview", "--field", "consent=yes", "--field", "title=A day")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 1)
    clip = box.call("record.stop")["clip"]
    assert clip["fields"] == {"room": "studio", "consent": True, "title": "A day"}
    assert (clip["title"], clip["format"]["channels"], clip["begun"]["profile"]) == ("A day", 2, "interview")
    box.until(box.delivered)
    [beside] = box.shelf.glob("*_talk_*.json")
    assert json.loads(beside.read_text())["fields"] == clip["fields"]
    box.press("1")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 1)
    pressed = box.call("record.stop")["clip"]
    assert pressed["fields"] == {"room": "hall"} and pressed["begun"]["by"] == "button"
    assert pressed["begun"]["which"] == "17"
    box.call("record.start", test=True)
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 1)
    test = box.call("record.stop")["clip"]
    box.until(box.nothing_waits)
    went = {entry["clip"]["id"]: [each["destination"] for each in entry["deliveries"]] for entry in box.clips()}
    assert went == {clip["id"]: ["shelf"], pressed["id"]: ["buttons"], test["id"]: []}
    assert [path.name for path in (box.root / "buttons").iterdir()] == [f"hall 002_{pressed['id']}.wav"]
