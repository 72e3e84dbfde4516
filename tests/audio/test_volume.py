"""The volume that somebody set, kept from start to start."""

from pathlib import Path

import pytest

from appliance.audio.volume import KeptVolume


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "volume.json"


def test_it_is_the_configured_one_until_somebody_sets_another(path: Path) -> None:
    volume = KeptVolume(path, 80)
    volume.keep(80)
    assert volume.percent == 80 and not path.exists()
    volume.keep(30)
    assert KeptVolume(path, 80).percent == 30


def test_a_new_configuration_counts_again(path: Path) -> None:
    KeptVolume(path, 80).keep(30)
    anew = KeptVolume(path, 50)
    assert anew.percent == 50
    anew.keep(60)
    assert KeptVolume(path, 50).percent == 60


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 40,
        b"[]",
        b"7",
        b"{}",
        b"\xff",
        b'{"configured": 80, "percent": 101}',
        b'{"configured": 80, "percent": true}',
        b'{"configured": 80, "percent": "loud"}',
        b"[" * 100_000,
    ],
)
def test_a_file_that_makes_no_sense_counts_for_nothing(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    volume = KeptVolume(path, 80)
    assert volume.percent == 80
    volume.keep(20)
    assert KeptVolume(path, 80).percent == 20


def test_a_disk_that_refuses_is_no_trouble(tmp_path: Path) -> None:
    volume = KeptVolume(tmp_path / "absent" / "volume.json", 80)
    volume.keep(20)
    assert volume.percent == 20
