"""A program that looks at clips, on a whole appliance: its text is kept, shown, and lies beside the sound."""

import json
from typing import Any

import pytest

Box = Any  # tests/e2e/conftest.py is not importable


@pytest.mark.slow
def test_a_program_writes_down_what_it_found(box: Box) -> None:
    run = '[sh, -c, "wc -c < $0", "{file}"]'
    told = box.config.read_text() + f"processors: {{size: {{processor: command, run: {run}}}}}\n"
    box.config.write_text(told)
    box.start()
    clip = box.record(0.6)
    box.until(lambda: box.clips()[0]["clip"]["texts"])
    (text,) = box.clips()[0]["clip"]["texts"]
    assert text == {"processor": "size", "text": str(clip["size"])}
    beside = box.state / "clips" / f"{clip['name']}.json"
    box.until(lambda: json.loads(beside.read_text())["texts"] == [text])
    assert not [fault for fault in box.status()["faults"] if fault["name"].startswith("processor")]
