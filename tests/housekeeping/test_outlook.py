"""What is said ahead about the room that is left."""

import threading
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.audio import AudioSettings, CaptureSettings
from appliance.config.settings import DeleteAfter, DestinationSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.config.units import parse_keep
from appliance.events import FaultCleared
from appliance.faults import PLUGIN
from appliance.housekeeping import Outlook, Space, StateDisk
from appliance.housekeeping.outlook import DAY, Obstacle, Prospect, days_until, obstacle, reserve_bytes
from appliance.housekeeping.prospects import Prospects
from appliance.store import Footprint, Recorded
from appliance.testing.backends import MemoryBackend

VERIFIED, ACCEPTED = DeleteAfter.VERIFIED, DeleteAfter.ACCEPTED


@pytest.mark.parametrize(
    ("keep", "destinations", "fact"),
    [
        (0.0, [], "there is no destination"),
        (inf, [Prospect("office", VERIFIED)], "storage.keep is always"),
        (0.0, [Prospect("office", VERIFIED, proves=False)], "destination office gives no proof"),
        (0.0, [Prospect("office", VERIFIED, usable=False)], "destination office cannot be used"),
        (0.0, [Prospect("shelf", ACCEPTED, on_own_disk=True)], "destination shelf lies on the disk of the box itself"),
        (
            0.0,
            [Prospect("cloud", VERIFIED), Prospect("office", VERIFIED, proves=False)],
            "destination office gives no proof",
        ),
    ],
)
def test_why_clips_can_never_make_room(keep: float, destinations: list[Prospect], fact: str) -> None:
    found = obstacle(keep, destinations)
    assert found and found.fact == fact


@pytest.mark.parametrize(
    "destinations",
    [
        [Prospect("office", VERIFIED)],
        [Prospect("office", ACCEPTED, proves=False)],
        [Prospect("shelf", VERIFIED, on_own_disk=True), Prospect("office", VERIFIED)],
    ],
)
def test_clips_can_make_room(destinations: list[Prospect]) -> None:
    assert obstacle(30.0, destinations) is None


def outlook(free: int, days: float | None, hindrance: Obstacle | None = None) -> Outlook:
    return Outlook(Space(free, 10**9), 10**6, 1000, days, hindrance or Obstacle("x", "Do y"))


def test_the_warning_in_words() -> None:
    hindrance = Obstacle("destination office gives no proof", "Do something")
    words = "can never free space: destination office gives no proof; full in 12 days. Do something"
    assert outlook(10**8, 12.3, hindrance).warning == words
    assert "full in 36 hours" in outlook(10**8, 1.5).warning
    assert "full in 1 hour." in outlook(10**8, 0.04).warning
    assert "full in some years" in outlook(10**8, 5000.0).warning
    assert "full after 1:00 of recording" in outlook(1_060_000, None).warning
    assert "full now" in outlook(999_999, 12.0).warning
    assert "full now" in Outlook(Space(10**8, 10**9, files=19), 10**6, 1000, 12.0, hindrance).warning
    assert Outlook(Space(0, 1), 1, 1).warning == ""


def test_days_until_full_follow_from_what_was_recorded_lately() -> None:
    now = 2_000_000 * 10**9
    room = Footprint(1000, inf)
    assert days_until(room, Recorded(Footprint(), None), now) is None
    week = Recorded(Footprint(700, 14), now - round(7 * DAY * 1e9))
    assert days_until(room, week, now) == pytest.approx(10)
    assert days_until(Footprint(1000, 6), week, now) == pytest.approx(3), "files run out first"
    hour = Recorded(Footprint(100, 2), now - 3600 * 10**9)
    assert days_until(room, hour, now) == pytest.approx(10), "one busy hour is no busy week"
    assert days_until(Footprint(-5, inf), hour, now) == days_until(Footprint(1000, -1), hour, now) == 0


FOOTPRINTS = st.builds(Footprint, st.integers(-(10**12), 10**12), st.integers(-1000, 1000) | st.just(inf))


@given(FOOTPRINTS, st.integers(0, 10**12), st.none() | st.integers(-(2**62), 2**62))
def test_days_until_full_are_never_negative(room: Footprint, size: int, first: int | None) -> None:
    days = days_until(room, Recorded(Footprint(size, 2), first), 10**18)
    assert days is None or days >= 0


def test_the_reserve_is_time_of_sound_and_no_less_than_the_floor() -> None:
    storage = StorageSettings(reserve=1800, floor=50)  # type: ignore[arg-type]
    assert reserve_bytes(Settings(storage=storage)) == 1800 * 96_000
    narrow = AudioSettings(capture=CaptureSettings(rate=8000))
    assert reserve_bytes(Settings(audio=narrow)) == 100_000_000


@pytest.mark.parametrize(("keep", "days"), [("until_space_needed", 0.0), ("always", inf), ("30d", 30.0), ("1d", 1.0)])
def test_what_keep_means(keep: str, days: float) -> None:
    assert StorageSettings(keep=parse_keep(keep)).keep_days == days


class Local(MemoryBackend):
    on_own_disk = True


class Broken(MemoryBackend):
    @property
    def proves(self) -> bool:  # type: ignore[override]
        raise RuntimeError("defect")


def test_backends_say_what_may_be_hoped_of_them() -> None:
    names: dict[str, Any] = {"memory": MemoryBackend(), "shelf": Local(), "broken": Broken()}
    settings = {name: DestinationSettings(name, delete_after=ACCEPTED) for name in (*names, "missing")}
    assert Prospects(settings, names)() == (
        Prospect("memory", ACCEPTED),
        Prospect("shelf", ACCEPTED, on_own_disk=True),
        Prospect("broken", ACCEPTED, proves=False),
        Prospect("missing", ACCEPTED, usable=False),
    )


def test_one_that_hangs_when_asked_is_named_and_asked_no_more_until_it_answers() -> None:
    go, asked, posted = threading.Event(), list[int](), list[Any]()

    class Thinking(MemoryBackend):
        @property
        def proves(self) -> bool:  # type: ignore[override]
            asked.append(1)
            return go.wait(30)

    settings = {name: DestinationSettings(name, delete_after=ACCEPTED) for name in ("slow", "fine")}
    prospects = Prospects(settings, {"slow": Thinking(), "fine": MemoryBackend()}, posted.append, patience=0.05)
    for _ in range(3):
        assert prospects() == (Prospect("slow", ACCEPTED, usable=False), Prospect("fine", ACCEPTED))
    assert len(asked) == 1
    [raised] = posted
    assert raised.fault.name == "plugin:slow" and "hangs" in raised.fault.message
    assert raised.fault.owner != PLUGIN.owner, "it clears no fault of a plugin that is called so"
    go.set()
    while prospects()[0] != Prospect("slow", ACCEPTED):
        pass
    assert isinstance(posted[-1], FaultCleared) and len(posted) == 2


def test_memory_is_no_disk(memory: Path, tmp_path: Path) -> None:
    assert StateDisk(memory).space().in_vain and not StateDisk(tmp_path).space().in_vain
    (tmp_path / "clips").symlink_to(memory)
    assert StateDisk(tmp_path).space().in_vain


def test_another_disk_is_noticed(memory: Path, tmp_path: Path) -> None:
    """As when a card is mounted over what was in memory until then."""
    clips, disk = tmp_path / "clips", StateDisk(tmp_path)
    assert not disk.space().in_vain
    clips.symlink_to(memory)
    disk.remounted()
    assert disk.space().in_vain
    clips.unlink()
    disk.remounted()
    assert not disk.space().in_vain


def test_a_real_disk(tmp_path: Path) -> None:
    disk = StateDisk(tmp_path)
    space = disk.space()
    assert 0 < space.free < space.total and not space.read_only
    disk.try_out()
    assert all(path.is_dir() for path in tmp_path.iterdir()), "nothing of the trial is left"
    (tmp_path / "takes").rmdir()
    (tmp_path / "takes").write_text("in the way")
    disk.try_out()
    assert (tmp_path / "takes").is_dir()
    with pytest.raises(FileNotFoundError):
        StateDisk(tmp_path / "gone").try_out()
