"""Which greeting of a folder sounds: one after the other, and those of a day on that day alone."""

from datetime import date
from pathlib import Path

import pytest

from appliance.audio.greetings import greeting
from appliance.errors import Unplayable

FRIDAY, SATURDAY, SUNDAY = date(2026, 6, 12), date(2026, 6, 13), date(2026, 6, 14)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.wav",
        "a.FLAC",
        "notes.txt",
        "saturday.wav",
        "Saturday 2.mp3",
        "2026-06-14 party.wav",
        "2026-06-14.txt",
    ):
        (tmp_path / name).touch()
    return tmp_path


def names(folder: Path, today: date, turns: int = 3) -> list[str]:
    return [greeting(folder, turn, today).name for turn in range(turns)]


def test_they_come_in_the_order_of_their_names(folder: Path) -> None:
    assert names(folder, FRIDAY) == ["a.FLAC", "b.wav", "a.FLAC"]


def test_those_of_a_weekday_or_a_date_are_for_that_day_alone(folder: Path) -> None:
    assert names(folder, SATURDAY) == ["Saturday 2.mp3", "saturday.wav", "Saturday 2.mp3"]
    assert names(folder, SUNDAY) == ["2026-06-14 party.wav"] * 3


def test_shuffled_any_may_come(folder: Path) -> None:
    assert {greeting(folder, 0, FRIDAY, shuffled=True).name for _ in range(100)} == {"a.FLAC", "b.wav"}


def test_a_file_is_itself_also_where_it_is_missing(folder: Path) -> None:
    assert greeting(folder / "b.wav", 5, FRIDAY) == folder / "b.wav"
    assert greeting(folder / "away.wav", 5, FRIDAY) == folder / "away.wav"


def test_a_folder_without_one_for_today_says_so(tmp_path: Path) -> None:
    (tmp_path / "monday.wav").touch()
    with pytest.raises(Unplayable, match="there is none for today"):
        greeting(tmp_path, 0, FRIDAY)
