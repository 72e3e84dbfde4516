"""Time zone, clock and power over the page: what systemd is asked, and by whom it may be."""

import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from appliance.page.keys import Keys, Role
from appliance.page.machine import zones
from tests.page.conftest import Browser, Desk

CSRF = re.compile('name="csrf" content="([^"]+)"')
RULES = Path(__file__).parents[2] / "systemd/appliance-web.rules"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in the place of those of systemd, which write down what they are asked."""
    log = tmp_path / "asked"
    log.touch()
    for name in ("timedatectl", "systemctl"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        said = (
            'case "$*" in *NTP*) echo yes;; *set-time\\ *) [ -z "$BROKEN" ] || { echo "$BROKEN" >&2; exit 1; };; esac'
        )
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n{said}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return log


def lines(asked: Path) -> list[str]:
    return [line.replace(" --no-ask-password", "") for line in asked.read_text().splitlines()]


def test_the_time_zone_is_set_and_the_recorder_told(asked: Path, browser: Browser, desk: Desk) -> None:
    assert browser.post("/machine/zone", zone="Europe/Berlin", back="/begin").headers["location"] == "/begin"
    assert lines(asked) == ["timedatectl set-timezone Europe/Berlin"]
    assert ("config.reload", {}) in desk.asked


@pytest.mark.parametrize("zone", ["", "Europe/Nowhere", "../../etc/passwd", "--help"])
def test_what_is_no_zone_reaches_nobody(zone: str, asked: Path, browser: Browser) -> None:
    assert browser.post("/machine/zone", zone=zone).status == 400
    assert lines(asked) == []


def test_zones_are_those_that_there_are() -> None:
    assert {"Europe/Berlin", "Asia/Tokyo", "America/New_York", "UTC"} <= {*zones()}


def test_the_clock_is_set_by_the_phone_also_where_the_network_sets_it(asked: Path, browser: Browser) -> None:
    assert browser.post("/machine/clock", seconds="1800000000.4").status == 303
    wanted = ["show --property=NTP --value", "set-ntp false", "set-time @1800000000", "set-ntp true"]
    assert lines(asked) == [f"timedatectl {each}" for each in wanted]
    for nonsense in ("", "x", "nan", "inf", "5", "1e30"):
        assert browser.post("/machine/clock", seconds=nonsense).status == 400


def test_what_the_system_refuses_is_told_and_the_network_sets_the_clock_again(
    asked: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "no right")
    answer = browser.post("/machine/clock", seconds="1800000000")
    assert answer.status == 409 and "no right" in answer.text
    assert lines(asked)[-1] == "timedatectl set-ntp true"


@pytest.mark.parametrize(
    "why", ["Previous request is not finished, refusing.", "Automatic time synchronization is enabled"]
)
def test_the_clock_is_set_once_the_network_lets_go_of_it(why: str, asked: Path, browser: Browser) -> None:
    program = asked.parent / "bin/timedatectl"
    first = f'[ -e {asked}.busy ] || {{ touch {asked}.busy; echo "Failed to set time: {why}" >&2; exit 1; }}'
    program.write_text(program.read_text().replace('[ -z "$BROKEN" ]', f'{first}; [ -z "$BROKEN" ]'))
    assert browser.post("/machine/clock", seconds="1800000000").status == 303
    words = [line.split()[1] for line in lines(asked)]
    assert words == ["show", "set-ntp", "set-time", "set-time", "set-ntp"]


def test_where_there_is_no_systemd_that_is_said(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    answer = browser.post("/machine/off")
    assert answer.status == 409 and "does not let the page do that" in answer.text


@pytest.mark.parametrize(("path", "word"), [("restart", "reboot"), ("off", "poweroff")])
def test_the_box_is_restarted_and_switched_off(path: str, word: str, asked: Path, browser: Browser) -> None:
    assert browser.post(f"/machine/{path}").status == 200
    assert lines(asked) == [f"systemctl {word}"]


@pytest.mark.parametrize("path", ["zone", "clock", "restart", "off"])
def test_only_the_host_may(path: str, asked: Path, locked: Browser, keys: Keys) -> None:
    assert locked.post(f"/machine/{path}", zone="UTC", seconds="1800000000").status == 303  # to the door
    keys.set_password("only for listening", Role.HELPER)
    locked.post("/login", password="only for listening")
    csrf = CSRF.search(locked.get("/clips").text)
    assert csrf
    given: dict[str, Any] = {"zone": "UTC", "seconds": "1800000000", "csrf": csrf[1]}
    assert locked.post(f"/machine/{path}", **given).status == 403
    assert lines(asked) == []


def test_polkit_lets_the_page_ask_for_that_and_nothing_else() -> None:
    text = RULES.read_text()
    allowed = {line.strip().strip('",') for line in text.splitlines() if line.strip().startswith('"org.')}
    assert {each.removeprefix("org.freedesktop.") for each in allowed} == {
        "timedate1.set-timezone",
        "timedate1.set-time",
        "timedate1.set-ntp",
        "login1.reboot",
        "login1.reboot-multiple-sessions",
        "login1.power-off",
        "login1.power-off-multiple-sessions",
    }
    assert 'subject.user === "appliance-web"' in text and text.count("polkit.Result") == 1
