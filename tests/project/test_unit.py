"""The systemd unit is understood by systemd, and locks the service in."""

import re
import signal
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from appliance.control.server import Limits
from appliance.page.news import LISTENERS
from appliance.page.shares import MOST_OF_ALL, MOST_THREADS

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT = FOLDER / "appliance.service"
PAGE = FOLDER / "appliance-web.service"
HELPER = FOLDER / "appliance-settings@.service"
ASKED = FOLDER / "appliance-settings.socket"
SANDBOX = [sys.executable, Path(__file__).with_name("sandbox.py"), UNIT]

_ASKS_THE_CLOCK = """
import ctypes
libc, timex = ctypes.CDLL(None), ctypes.create_string_buffer(512)
print(libc.adjtimex(timex) >= 0, libc.clock_adjtime(0, timex) >= 0)
"""
_GIVES_A_FILE_TO_A_GROUP = """
import os, sys
os.chown(sys.argv[1], -1, os.getgid())
"""
_IS_NICE = """
import os
os.setpriority(os.PRIO_PGRP, 0, 19)
"""
_SETS_THE_CLOCK = """
import time
time.clock_settime(time.CLOCK_REALTIME, time.time())
"""


def analyze(*arguments: str) -> str:
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", [UNIT.name, PAGE.name, ASKED.name])
def test_systemd_understands_the_unit(name: str, tmp_path: Path) -> None:
    """Verified with a command that exists on this machine: /opt/appliance is made by the installation."""
    for unit in (UNIT, PAGE, HELPER, ASKED):
        text = re.sub(
            r"/opt/appliance/bin/(appliance (run|settings)|python -m appliance\.page)", "/bin/true", unit.read_text()
        )
        (tmp_path / unit.name).write_text(text)
    assert analyze("verify", str(tmp_path / name)) == ""


@pytest.mark.parametrize(("unit", "most"), [(UNIT, 20), (PAGE, 15), (HELPER, 10)], ids=["recorder", "page", "helper"])
def test_the_service_is_locked_in(unit: Path, most: int) -> None:
    analyze("security", "--offline=true", f"--threshold={most}", str(unit))


def test_the_helper_alone_may_write_the_configuration_and_the_page_alone_may_ask_it() -> None:
    units = {}
    for path in (UNIT, PAGE, HELPER, ASKED):
        units[path] = ConfigParser(strict=False, interpolation=None)
        units[path].read(path)
    assert all(units[path]["Service"]["ProtectSystem"] == "strict" for path in (UNIT, PAGE, HELPER))
    assert units[HELPER]["Service"]["ReadWritePaths"] == "/etc/appliance"
    assert "/etc" not in units[UNIT]["Service"]["ReadWritePaths"] and "ReadWritePaths" not in units[PAGE]["Service"]
    assert units[PAGE]["Service"]["User"] == units[ASKED]["Socket"]["SocketGroup"] == "appliance-web"
    assert units[ASKED]["Socket"]["SocketMode"] == "0660"


def test_the_page_has_threads_for_all_who_may_listen() -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.read(PAGE)
    assert int(unit["Service"]["TasksMax"]) > LISTENERS + 2 * MOST_THREADS + 50
    assert int(unit["Service"]["LimitNOFILE"]) > MOST_OF_ALL + 2 * LISTENERS


def run(code: str, *arguments: Path, under: tuple[object, ...] = ()) -> "subprocess.CompletedProcess[str]":
    command = [*map(str, under), sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_clock_may_be_asked_where_its_time_comes_from() -> None:
    """The C library asks by one call or by the other."""
    if run(_ASKS_THE_CLOCK).stdout != "True True\n":
        pytest.skip("this machine does not let anybody ask")
    assert run(_ASKS_THE_CLOCK, under=(*SANDBOX, "fail")).stdout == "True True\n"


def test_files_may_be_given_to_groups_and_programs_made_nicer(tmp_path: Path) -> None:
    for code in (_GIVES_A_FILE_TO_A_GROUP, _IS_NICE):
        done = run(code, tmp_path, under=(*SANDBOX, "fail"))
        assert done.returncode == 0, done.stderr


def test_the_sandbox_forbids() -> None:
    """What is allowed is no sign of a filter that holds nothing back."""
    assert "PermissionError" in run(_SETS_THE_CLOCK, under=(*SANDBOX, "fail")).stderr
    assert run(_SETS_THE_CLOCK, under=(*SANDBOX, "kill")).returncode == -31


def test_the_service_has_threads_and_files_for_all_that_may_be_connected() -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.read(UNIT)
    assert int(unit["Service"]["TasksMax"]) > 2 * Limits().connections
    assert int(unit["Service"]["LimitNOFILE"]) > 8 * Limits().connections
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Service"]["MemoryMax"] and int(unit["Service"]["CPUWeight"]) > 100


def test_a_reload_needs_no_program_that_a_bare_system_lacks() -> None:
    """`/bin/kill` comes with procps."""
    unit = ConfigParser(strict=False, interpolation=None)
    unit.read(UNIT)
    command = unit["Service"]["ExecReload"]
    with subprocess.Popen(["/bin/sleep", "100"]) as daemon:
        shell = command.replace("$MAINPID", str(daemon.pid))
        done = subprocess.run(["/usr/bin/env", "-i", "/bin/sh", "-c", shell], capture_output=True, text=True)
        assert (done.returncode, daemon.wait(10)) == (0, -signal.SIGHUP), done.stderr


def test_the_service_s_user_joins_the_groups_of_the_system(tmp_path: Path) -> None:
    """Files of sysusers.d are read in the order of their names, and the first to speak of a group gives its number."""
    folder = tmp_path / "usr/lib/sysusers.d"
    folder.mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (folder / "appliance.conf").write_bytes((FOLDER / "appliance.sysusers.conf").read_bytes())
    (folder / "basic.conf").write_text("g audio 29 -\n")
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}"], check=True, capture_output=True)
    groups = (tmp_path / "etc/group").read_text().splitlines()
    assert "audio:x:29:appliance" in groups
    assert any(line.startswith("gpio:") and line.endswith(":appliance") for line in groups)


def test_what_is_installed_is_removed_again() -> None:
    share = FOLDER.parent / "share"
    removed = re.findall(r"/usr/local/share/\S+", (FOLDER / "uninstall.sh").read_text())
    for path in share.rglob("*"):
        there = f"/usr/local/share/{path.relative_to(share)}"
        assert path.is_dir() or any(there == each or there.startswith(f"{each}/") for each in removed), there
