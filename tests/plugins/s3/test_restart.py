"""The power goes at any moment of an upload: the next attempt carries on, and one object is there, byte for byte."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from appliance.plugin import Transient, UploadJob
from appliance.testing.backends import make_upload_job

MIB = 1024 * 1024
PART = 5 * MIB
SIZE = 2 * PART + 600_000


@frozen
class Point:
    """When the process dies: at so many bytes handed over, around the n-th note, or with the receipt in hand."""

    name: str
    sent: int | None = None
    before_note: int | None = None
    after_note: int | None = None
    at_receipt: bool = False


POINTS = [
    Point("first byte", sent=1),
    Point("upload begun, not noted", before_note=1),
    Point("upload begun and noted", after_note=1),
    Point("inside part 1", sent=3 * MIB),
    Point("last byte of part 1", sent=PART),
    Point("part 1 kept, not noted", before_note=2),
    Point("part 1 noted", after_note=2),
    Point("inside part 2", sent=PART + 2 * MIB),
    Point("part 2 kept, not noted", before_note=3),
    Point("last byte", sent=SIZE),
    Point("all parts noted", after_note=4),
    Point("object made, receipt lost", at_receipt=True),
]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(backend: Any, job: UploadJob, point: Point | None, state: Path) -> None:
    """One life of the process: deliver, noting in files what has to survive."""
    notes = 0

    def progress(sent: int) -> None:
        if point and point.sent is not None and sent >= point.sent:
            die()

    def save(note: Any) -> None:
        nonlocal notes
        notes += 1
        if point and point.before_note == notes:
            die()
        (state / "note").write_text(json.dumps(note))
        if point and point.after_note == notes:
            die()

    note_file = state / "note"
    resume = json.loads(note_file.read_text()) if note_file.exists() else None
    receipt = backend.deliver(evolve(job, resume=resume, progress=progress, save_resume=save))
    if point and point.at_receipt:
        die()
    (state / "receipt").write_text(json.dumps([receipt.remote_name, receipt.verified]))


def in_process(work: Callable[..., None], *arguments: Any) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode


def often(point: Point) -> bool:
    """Whether a point is worth trying at every run: each stands for several."""
    return point.name in (
        "upload begun, not noted",
        "inside part 2",
        "part 2 kept, not noted",
        "object made, receipt lost",
    )


@pytest.mark.parametrize("parallel", [pytest.param(1, marks=pytest.mark.slow), 2])
@pytest.mark.parametrize(
    "point",
    [
        pytest.param(each, id=each.name.replace(" ", "-"), marks=[] if often(each) else pytest.mark.slow)
        for each in POINTS
    ],
)
def test_killed_and_started_again(weed: Any, tmp_path: Path, point: Point, parallel: int) -> None:
    content = os.urandom(SIZE)
    job = make_upload_job(tmp_path, content, f"box_{tmp_path.name}")
    key = f"box/{job.rendition.file_name}"
    exit_code = in_process(run, weed.backend(tmp_path, part_size=PART, parallel_parts=parallel), job, point, tmp_path)
    assert exit_code == -signal.SIGKILL, "the process was to die"

    again = evolve(job, attempt=2)
    assert in_process(run, weed.backend(tmp_path, part_size=PART, parallel_parts=parallel), again, None, tmp_path) == 0
    assert json.loads((tmp_path / "receipt").read_text()) == [key, True]
    assert weed.content(key) == content
    assert job.clip and [each for each in weed.listing() if job.clip.name in each] == [key]


@pytest.mark.parametrize("point", [Point("first", sent=1), Point("last", sent=200_000), Point("end", at_receipt=True)])
def test_killed_in_one_request(weed: Any, tmp_path: Path, point: Point) -> None:
    content = os.urandom(200_000)
    job = make_upload_job(tmp_path, content, f"box_{tmp_path.name}")
    assert in_process(run, weed.backend(tmp_path), job, point, tmp_path) == -signal.SIGKILL
    assert in_process(run, weed.backend(tmp_path), evolve(job, attempt=2), None, tmp_path) == 0
    key, verified = json.loads((tmp_path / "receipt").read_text())
    assert verified
    assert weed.content(key) == content


@pytest.mark.slow
def test_server_that_restarts_midway(own_weed: Any, tmp_path: Path) -> None:
    job = make_upload_job(tmp_path / "clips", os.urandom(SIZE), "box_restart")
    notes: list[Any] = []

    def save(note: Any) -> None:
        notes.append(json.loads(json.dumps(note)))
        if len(notes) == 2:
            own_weed.stop()

    backend = own_weed.backend(tmp_path, part_size=PART, parallel_parts=1)
    with pytest.raises(Transient, match=r"refuses|broke|closed the connection"):
        backend.deliver(evolve(job, save_resume=save))
    own_weed.start()
    sent: list[int] = []
    receipt = backend.deliver(evolve(job, attempt=2, resume=notes[-1], progress=sent.append))
    assert receipt.verified
    assert own_weed.content(receipt.remote_name) == job.rendition.path.read_bytes()
