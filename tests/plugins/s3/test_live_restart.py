"""The power goes at any moment while a take is sent live: the clip that is repaired carries on from what was noted."""

import json
import multiprocessing
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from appliance.testing.live import FakeTake, make_fake_take

MIB = 1024 * 1024
PART = 5 * MIB
LENGTH = 3 * PART + 99_999


@frozen
class Point:
    """When the process dies: at so many bytes handed over, or around the n-th note; `noted` is what is left by then."""

    name: str
    noted: list[str] | None
    sent: int | None = None
    before_note: int | None = None
    after_note: int | None = None


POINTS = [
    Point("upload begun, not noted", None, before_note=1),
    Point("upload begun and noted", [], after_note=1),
    Point("first byte of part 2", [], sent=1),
    Point("inside part 2", [], sent=2 * MIB),
    Point("last byte of part 2", [], sent=PART),
    Point("part 2 kept, not noted", [], before_note=2),
    Point("part 2 noted", ["2"], after_note=2),
    Point("inside part 3", ["2"], sent=PART + MIB),
    Point("part 3 kept, not noted", ["2"], before_note=3),
    Point("part 3 noted", ["2", "3"], after_note=3),
]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def send_live(backend: Any, take: FakeTake, point: Point, file: Path) -> None:
    """One life of the process, noting in a file what has to survive."""
    notes = 0

    def progress(sent: int) -> None:
        if point.sent is not None and sent >= point.sent:
            die()

    def save(note: Any) -> None:
        nonlocal notes
        notes += 1
        if point.before_note == notes:
            die()
        file.write_text(json.dumps(note))
        if point.after_note == notes:
            die()

    backend.deliver_live(evolve(take.job(), progress=progress, save_resume=save))


def often(point: Point) -> bool:
    """Whether a point is worth trying at every run: each stands for several."""
    return point.name in ("upload begun, not noted", "inside part 3", "part 3 kept, not noted")


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(each, id=each.name.replace(" ", "-"), marks=[] if often(each) else pytest.mark.slow)
        for each in POINTS
    ],
)
def test_killed_while_it_is_sent_live(weed: Any, tmp_path: Path, point: Point) -> None:
    content = random.Random(point.name).randbytes(LENGTH)
    take = make_fake_take(tmp_path / "clips", content, f"box_{tmp_path.name}")
    take.stable = LENGTH
    file = tmp_path / "note"
    backend = weed.backend(tmp_path, live=True)
    process = multiprocessing.get_context("fork").Process(target=send_live, args=(backend, take, point, file))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, "the process was to die"

    note = json.loads(file.read_text()) if file.exists() else None
    assert (note and sorted(note["parts"])) == point.noted
    held: list[int] = []
    receipt = backend.deliver(evolve(take.finished, resume=note, held=held.append))
    assert receipt.verified
    assert weed.content(receipt.remote_name) == content
    assert sum(held) >= PART * len(point.noted or ())
