"""Somebody meddles with the state directory while the box runs: it goes on, says what happened, and loses no sound."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import StorageError
from tests.e2e.conftest import Box


def faults(box: Box) -> dict[str, Any]:
    return {fault["name"]: fault for fault in box.status()["faults"]}


def spoil(database: Path) -> None:
    """Overwrite every page but the first."""
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


@pytest.mark.slow
def test_a_catalogue_that_breaks_in_a_run_is_made_anew_and_deliveries_go_on(box: Box) -> None:
    box.start()
    first = box.record(1)
    box.until(box.delivered)
    assert box.process
    box.process.terminate()
    box.process.wait(10)
    box.start()  # everything is in the database, nothing in its log
    box.call("record.start")
    spoil(box.state / "catalogue.db")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 1)
    second = box.call("record.stop")["clip"]
    box.until(lambda: [entry["clip"]["id"] for entry in box.clips()] == [second["id"], first["id"]])
    box.until(box.delivered)
    assert faults(box).keys() == {"quarantine"}
    assert "Traceback" not in box.log.read_text()


@pytest.mark.slow
def test_folders_that_are_removed_in_a_run_come_back(box: Box) -> None:
    box.start()
    first = box.record(0.6)
    for name in ("clips", "takes", "inbox", "renditions", "quarantine"):
        shutil.rmtree(box.state / name)
    second = box.record(0.6)
    assert (box.state / "clips" / f"{second['name']}.wav").stat().st_size == second["size"]
    assert {entry["clip"]["id"] for entry in box.clips()} == {first["id"], second["id"]}
    box.until((box.shelf / f"{second['name']}.wav").exists)
    assert list((box.state / "quarantine").iterdir()) == [] and (box.state / "inbox").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("odd", ["a file", "a link to nowhere"])
def test_what_takes_the_place_of_a_folder_in_a_run_costs_one_press_and_is_told(odd: str, box: Box) -> None:
    box.start()
    takes = box.state / "takes"
    takes.rmdir()
    if odd == "a file":
        takes.write_text("x")
    else:
        takes.symlink_to("/nonexistent/takes")
    with pytest.raises(StorageError):
        box.call("record.start")
    box.until(lambda: "quarantine" in faults(box))
    assert box.record(0.6) and takes.is_dir() and not takes.is_symlink()
    assert faults(box).keys() == {"quarantine"}


@pytest.mark.slow
def test_a_take_that_is_removed_while_it_is_recorded_is_told_and_kept(box: Box) -> None:
    box.start()
    box.call("record.start")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 1)
    shutil.rmtree(box.state / "takes")
    box.until(lambda: "take_removed" in faults(box))
    clip = box.call("record.stop")["clip"]
    assert clip["frames"] > 48_000 and not faults(box)
    assert (box.state / "clips" / f"{clip['name']}.wav").stat().st_size == clip["size"]
    box.until(box.delivered)
