"""Plugins are found as Python's own library finds them, without it."""

import sys
from importlib import metadata
from pathlib import Path

import pytest

from appliance.plugin_host import PluginHost
from appliance.plugin_host.installed import EntryPoint, entry_points


def distribution(folder: Path, name: str, told: str, points: str) -> None:
    info = folder / name
    info.mkdir(parents=True)
    (info / ("METADATA" if name.endswith(".dist-info") else "PKG-INFO")).write_text(told)
    (info / "entry_points.txt").write_text(points)


@pytest.mark.parametrize("group", ["appliance", "console_scripts", "pytest11"])
def test_finds_what_the_standard_library_finds(group: str) -> None:
    expected = {
        EntryPoint(each.name, each.value, each.dist.name, each.dist.version)
        for each in metadata.entry_points(group=group)
        if each.dist
    }
    assert expected
    assert {*entry_points(group)} == expected


def test_reads_a_file_as_people_write_it(tmp_path: Path) -> None:
    points = "[console_scripts]\nshow = show:main\n\n[ appliance ]\n# of ours\n; old\n"
    points += "siren=siren_plugin : hooks [loud]\nbell = bell\n"
    distribution(
        tmp_path, "siren-2.0.egg-info", "Metadata-Version: 2.1\nName: The-Siren\nVersion: 2.0\n\nName: no", points
    )
    assert [*entry_points("appliance", [str(tmp_path)])] == [
        EntryPoint("siren", "siren_plugin : hooks [loud]", "The-Siren", "2.0"),
        EntryPoint("bell", "bell", "The-Siren", "2.0"),
    ]


def test_the_first_of_two_counts(tmp_path: Path) -> None:
    for place, version in (("first", "2"), ("second", "1")):
        told = f"Name: The.Siren\nVersion: {version}\n"
        name = "the_siren" if version == "1" else "The.Siren"
        distribution(tmp_path / place, f"{name}-{version}.dist-info", told, "[appliance]\nsiren = siren\n")
    (tmp_path / "second" / "bell-1.egg-info").write_text("Name: bell\n")
    folders = [str(tmp_path / place) for place in ("nowhere", "first", "second")]
    assert [point.version for point in entry_points("appliance", folders)] == ["2"]


def test_loads_what_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bell_of_tests.py").write_text("class Big:\n    clapper = 'iron'\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert EntryPoint("bell", "bell_of_tests", "", "").load() is sys.modules["bell_of_tests"]
    assert EntryPoint("bell", "bell_of_tests: Big.clapper [loud]", "", "").load() == "iron"
    with pytest.raises(ImportError, match="names no module"):
        EntryPoint("bell", "not a module", "", "").load()


def test_one_whose_metadata_are_broken_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path, "siren-1.dist-info", "\x80 nothing", "[appliance]\nsiren = siren_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    plugins = PluginHost.installed()
    plugins.discover()
    found = {status.name: status for status in plugins.statuses()}
    assert found["siren"].distribution == "siren"
    assert "siren_that_is_not_there" in found["siren"].message
