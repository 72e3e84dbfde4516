"""A program that looks at clips, on a whole appliance: its text is kept, shown, and lies beside the sound."""

import json
import signal
from pathlib import Path
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


@pytest.mark.slow
def test_what_a_crash_cut_off_is_done_again_and_what_takes_too_long_is_told_and_keeps_nobody(
    box: Box, tmp_path: Path
) -> None:
    began, may_end = tmp_path / "began", tmp_path / "may_end"
    slow = f"echo x >> {began}; for n in $(seq 300); do [ -e {may_end} ] && break; sleep 0.1; done; echo done"
    told = box.config.read_text() + (
        "processors:\n"
        f"  slow: {{processor: command, run: [sh, -c, '{slow}']}}\n"
        "  endless: {processor: command, timeout: 1s, run: [sleep, '100']}\n"
    )
    box.config.write_text(told)
    box.start()
    box.record(1)
    box.until(began.exists)
    box.signal(signal.SIGKILL)
    box.start()
    box.until(lambda: began.read_text() == "x\nx\n")
    assert box.clips()[0]["clip"]["texts"] == []
    may_end.touch()
    box.until(lambda: box.clips()[0]["clip"]["texts"] == [{"processor": "slow", "text": "done"}])
    box.until(lambda: any("took longer than 1 s" in fault["message"] for fault in box.status()["faults"]))
    box.record(1)
    box.until(lambda: len(box.clips()[0]["clip"]["texts"]) == len(box.clips()[1]["clip"]["texts"]) == 1)
