"""Permissions, and folders that the sandbox hides."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from appliance.config.options import AbsolutePath, option
from appliance.config.settings import DestinationSettings, LedSettings, PanelSettings, Settings
from appliance.doctor import Box, Finding, Result, System
from appliance.doctor.access import folders, groups

Make = Callable[..., Box]
Findings = Callable[..., list[Finding]]
LED = Settings(panel=PanelSettings(leds={18: LedSettings()}))


@frozen
class FolderOptions:
    path: AbsolutePath = option(help="Where to.")


def to_folder(path: str) -> Settings:
    options = FolderOptions(AbsolutePath(Path(path)))
    return Settings(destinations={"attic": DestinationSettings(backend="folder", options=options)})


def system(root: Path, *, service: bool = True, **other: Any) -> System:
    environment = {"INVOCATION_ID": "1"} if service else {}
    able = dict.fromkeys(("may_use", "may_enter"), lambda path: True)
    values = able | dict.fromkeys(("is_read_only", "is_closed"), lambda path: False)
    return System(root=root, environment=environment, user="appliance", **{**values, **other})


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """A machine with a sound card and pins."""
    (tmp_path / "dev/snd").mkdir(parents=True)
    for name in ("snd/pcmC0D0c", "snd/timer", "gpiochip0"):
        (tmp_path / "dev" / name).touch()
    return tmp_path


def test_everything_may_be_opened(make_box: Make, findings: Findings, nodes: Path) -> None:
    (found,) = findings(groups(make_box(LED, system=system(nodes))))
    assert (found.result, found.words) == (Result.PASS, "user appliance may open sound cards and GPIO pins")


@pytest.mark.parametrize(("closed", "group"), [("pcmC0D0c", "audio"), ("gpiochip0", "gpio")])
def test_what_may_not_be_opened_is_named_with_its_group(
    make_box: Make, findings: Findings, nodes: Path, closed: str, group: str
) -> None:
    box = make_box(LED, system=system(nodes, may_use=lambda path: path.name != closed))
    failed = next(finding for finding in findings(groups(box)) if finding.result is Result.FAIL)
    assert f"sudo usermod -aG {group} appliance, then sudo systemctl restart appliance" == failed.next_step


def test_pins_matter_only_where_there_is_a_panel(make_box: Make, findings: Findings, nodes: Path) -> None:
    box = make_box(system=system(nodes, may_use=lambda path: path.name != "gpiochip0"))
    (found,) = findings(groups(box))
    assert found.result is Result.PASS


def test_simulated_hardware_needs_no_permission(make_box: Make, findings: Findings, nodes: Path) -> None:
    box = make_box(LED, system=system(nodes, may_use=lambda path: False), real_cards=False, real_pins=False)
    (found,) = findings(groups(box))
    assert found.result is Result.SKIP


def test_from_a_shell_the_user_of_the_service_is_looked_up(make_box: Make, findings: Findings, nodes: Path) -> None:
    members = {
        "audio": frozenset({"pi"}),
        "gpio": frozenset({"pi", "appliance"}),
        "appliance": frozenset({"appliance"}),
    }
    box = make_box(LED, system=system(nodes, members=members.get), is_running=False)
    first, second = findings(groups(box))
    assert first.result is Result.FAIL and first.next_step.startswith("sudo usermod -aG audio appliance")
    assert second.result is Result.PASS
    without_service = system(nodes, members={"audio": frozenset({"pi"}), "gpio": frozenset({"pi"})}.get)
    (found,) = findings(groups(make_box(LED, system=without_service, is_running=False)))
    assert found.result is Result.PASS


def test_a_folder_outside_what_the_unit_opens(make_box: Make, findings: Findings, tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    machine = system(tmp_path, is_closed=lambda path: path == tmp_path / "srv")
    (found,) = findings(folders(make_box(to_folder("/srv/clips"), system=machine)))
    assert found.result is Result.FAIL and found.name == "folder of attic" and "read-only" in found.words
    assert found.next_step.splitlines() == [
        "Run `sudo systemctl edit appliance`, write",
        "[Service]",
        "ReadWritePaths=-/srv/clips",
        "and run `sudo systemctl restart appliance`",
    ]


def test_a_home_folder(make_box: Make, findings: Findings, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    machine = system(tmp_path, may_enter=lambda path: path != tmp_path / "home", is_read_only=lambda path: True)
    (found,) = findings(folders(make_box(to_folder("/home/pi/my clips"), system=machine)))
    assert found.result is Result.FAIL and "hidden" in found.words
    assert found.next_step.splitlines()[1:4] == ["[Service]", "ProtectHome=tmpfs", 'BindPaths=-"/home/pi/my clips"']


def test_a_folder_of_somebody_else(make_box: Make, findings: Findings, tmp_path: Path) -> None:
    machine = system(tmp_path, may_use=lambda path: False)
    (found,) = findings(folders(make_box(to_folder("/srv/it's"), system=machine)))
    assert found.result is Result.FAIL and found.next_step == """sudo install -d -o appliance '/srv/it'"'"'s'"""
    (tmp_path / "srv/clips").mkdir(parents=True)
    (found,) = findings(folders(make_box(to_folder("/srv/clips"), system=machine)))
    assert found.next_step == "sudo chown appliance /srv/clips"


@pytest.mark.parametrize("path", ["/srv/clips", "/media/stick/clips"])
def test_folders_that_can_be_used_are_left_to_their_probes(
    make_box: Make, findings: Findings, tmp_path: Path, path: str
) -> None:
    machine = system(tmp_path, is_read_only=lambda checked: path.startswith("/media"))
    assert findings(folders(make_box(to_folder(path), system=machine))) == []


@pytest.mark.parametrize("service", [True, False])
def test_a_read_only_disk_is_given_to_nobody_and_opened_by_no_drop_in(
    make_box: Make, findings: Findings, tmp_path: Path, service: bool
) -> None:
    machine = system(tmp_path, service=service, is_read_only=lambda path: True, may_use=lambda path: False)
    assert findings(folders(make_box(to_folder("/srv/clips"), system=machine))) == []


def test_without_a_sandbox_there_is_no_drop_in(make_box: Make, findings: Findings, tmp_path: Path) -> None:
    machine = system(tmp_path, service=False, is_read_only=lambda path: True)
    assert findings(folders(make_box(to_folder("/srv/clips"), system=machine))) == []
    assert findings(folders(make_box(to_folder("/srv/clips"), system=system(tmp_path), is_running=False))) == []


def test_the_real_machine_is_asked(tmp_path: Path) -> None:
    real = System()
    assert real.may_use(tmp_path) and not real.is_read_only(tmp_path) and real.user
    assert not real.is_closed(tmp_path)
    assert real.members("no such group") is None
    assert "root" in (real.members("root") or ())
    assert real.text("proc/self/comm") and real.text("no/such/file") == ""
