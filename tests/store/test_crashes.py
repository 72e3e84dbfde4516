"""A kill before every single step that the store takes, and a start on what is left."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.codec import from_json
from appliance.errors import NotFound
from appliance.models import Clip, DeliveryState

DESTINATIONS = {"cloud": "original", "stick": "flac"}
SOUND = b"\x01\x02" * 3000


@pytest.fixture
def crashed(tmp_path: Path, box_type: type[Any]) -> Callable[[str, Path], list[Any]]:
    """Boxes on what a scenario left behind, killed at each of its steps; the last ran to its end. Not started."""

    def crash(scenario: str, template: Path) -> list[Any]:
        out = tmp_path / "out"
        out.mkdir()
        script = Path(__file__).with_name("crashing.py")
        subprocess.run([sys.executable, script, scenario, template, out], check=True, timeout=100)
        boxes = []
        for number in range(1, len(list(out.iterdir())) + 1):
            root = tmp_path / f"root{number}"
            root.mkdir()
            (out / str(number)).rename(root / "state")
            boxes.append(box_type(root, DESTINATIONS))
        return boxes

    return crash


def check(box: Any, take_id: str, sound: bytes) -> None:
    """The clip is there, whole, once, and on its way to both destinations; nothing else is."""
    store = box.start()
    clip = store.clips.find(take_id)
    assert store.clips.newest_first() == [clip]
    assert store.clips.path(clip).read_bytes()[104:] == sound
    sidecar = store.places.clips / f"{clip.name}.json"
    assert from_json(sidecar.read_bytes(), Clip) == clip
    assert {(d.destination, d.recipe, d.state) for d in store.outbox.find()} == {
        (name, kind, DeliveryState.PENDING) for name, kind in DESTINATIONS.items()
    }
    assert len(store.outbox.find()) == 2
    assert len(list(store.places.clips.iterdir())) == 2
    assert list(store.places.takes.iterdir()) == list(store.places.quarantine.iterdir()) == []
    box.close()


@pytest.mark.slow
@pytest.mark.parametrize("sealed", [True, False])
def test_a_kill_at_any_step_of_a_start_loses_nothing(
    new_box: Callable[[], Any], crashed: Callable[[str, Path], list[Any]], sealed: bool
) -> None:
    template = new_box()
    take = template.take(SOUND, sealed=sealed)
    (template.directory / "subject").write_text(take)
    boxes = crashed("start", template.directory)
    assert len(boxes) > 30
    for box in boxes:
        check(box, take, SOUND)


@pytest.mark.slow
def test_a_kill_at_any_step_of_an_adoption_loses_nothing(
    new_box: Callable[[], Any], crashed: Callable[[str, Path], list[Any]]
) -> None:
    template = new_box()
    template.start()
    template.close()
    take = template.take(SOUND)
    (template.directory / "takes" / take).rename(template.directory / "held")
    (template.directory / "subject").write_text(take)
    boxes = crashed("adopt", template.directory)
    assert len(boxes) > 10
    for box in boxes:
        check(box, take, SOUND)


@pytest.mark.slow
def test_a_kill_at_any_step_of_a_deletion_leaves_all_of_the_clip_or_nothing(
    new_box: Callable[[], Any], crashed: Callable[[str, Path], list[Any]]
) -> None:
    template = new_box()
    template.destinations = DESTINATIONS
    template.start()
    take = template.clip().id
    sound = template.store.clips.path(template.store.clips.find(take)).read_bytes()[104:]
    template.close()
    (template.directory / "subject").write_text(take)
    boxes = crashed("delete", template.directory)
    assert len(boxes) > 5
    kept = 0
    for box in boxes:
        store = box.start()
        try:
            store.clips.find(take)
        except NotFound:
            assert list(store.places.clips.iterdir()) == []
            assert {d.state for d in store.outbox.find()} == {DeliveryState.CANCELLED}
            assert list(store.places.quarantine.iterdir()) == []
            box.close()
        else:
            kept += 1
            box.close()
            check(box, take, sound)
    assert 0 < kept < len(boxes)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["trash", "restore", "destroy"])
def test_a_kill_at_any_step_with_the_trash_leaves_all_of_the_clip_in_one_place_or_nothing(
    new_box: Callable[[], Any], crashed: Callable[[str, Path], list[Any]], scenario: str
) -> None:
    template = new_box()
    template.destinations = DESTINATIONS
    template.start()
    take = template.clip().id
    sound = template.store.clips.path(template.store.clips.find(take)).read_bytes()[104:]
    if scenario != "trash":
        template.store.clips.trash(take)
    template.close()
    (template.directory / "subject").write_text(take)
    boxes = crashed(scenario, template.directory)
    assert len(boxes) > 5
    ends = {"there": 0, "in the trash": 0, "gone": 0}
    for box in boxes:
        store = box.start()
        trashed = [each.clip for each in store.clips.trashed()]
        files = {path.suffix for path in store.places.trash.iterdir()}
        if trashed:
            ends["in the trash"] += 1
            assert files == {".wav", ".json"} and list(store.places.clips.iterdir()) == []
            assert store.clips.path(trashed[0], trashed=True).read_bytes()[104:] == sound
            assert store.clips.restore(take) == trashed[0]
            box.close()
            check(box, take, sound)
        elif store.clips.newest_first():
            ends["there"] += 1
            box.close()
            check(box, take, sound)
        else:
            ends["gone"] += 1
            assert list(store.places.clips.iterdir()) == [] and files == set()
            box.close()
    first, last = {
        "trash": ("there", "in the trash"),
        "restore": ("in the trash", "there"),
        "destroy": ("in the trash", "gone"),
    }[scenario]
    assert ends[first] and ends[last] and ends[first] + ends[last] == len(boxes)
