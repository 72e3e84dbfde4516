"""Room, time, watchdog, power and wear, on machines made of files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.doctor import Box, Finding, Result, System
from appliance.doctor.machine import power, room, time, watchdog, wear
from appliance.housekeeping.disk import Space
from appliance.housekeeping.outlook import Obstacle, Outlook
from appliance.models import ClockSource

Make = Callable[..., Box]
Findings = Callable[..., list[Finding]]

GB = 10**9


def write(root: Path, **files: str) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.mark.parametrize(
    ("free", "obstacle", "result", "word"),
    [
        (30 * GB, None, Result.PASS, "room for 3 days 14 hours of sound"),
        (2 * GB, None, Result.PASS, "room for 5:47:13 of sound"),
        (30 * GB, Obstacle("destination office gives no proof", "Let it prove"), Result.WARN, "can never free space"),
        (GB // 2, None, Result.FAIL, "less than the reserve"),
        (GB // 2, Obstacle("there is no destination", "Configure one"), Result.FAIL, "room for 1:26:48 of sound"),
    ],
)
def test_room(
    make_box: Make, findings: Findings, free: int, obstacle: Obstacle | None, result: Result, word: str
) -> None:
    outlook = Outlook(Space(free, 64 * GB), GB, 96_000, 12.0, obstacle)
    (found,) = findings(room(make_box(outlook=lambda: outlook)))
    assert found.result is result and word in found.words
    assert found.next_step or result is not Result.FAIL


@pytest.mark.parametrize(
    ("source", "result"),
    [(ClockSource.NTP, Result.PASS), (ClockSource.RTC, Result.PASS), (ClockSource.NONE, Result.WARN)],
)
def test_time(make_box: Make, findings: Findings, clock: Any, source: ClockSource, result: Result) -> None:
    clock.source = source
    (found,) = findings(time(make_box()))
    assert found.result is result


@pytest.mark.parametrize(
    ("environment", "result", "word"),
    [
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000"}, Result.PASS, "30.0 s"),
        ({"NOTIFY_SOCKET": "/run/x"}, Result.WARN, "hang"),
        ({}, Result.SKIP, "without systemd"),
    ],
)
def test_watchdog(make_box: Make, findings: Findings, environment: dict[str, str], result: Result, word: str) -> None:
    (found,) = findings(watchdog(make_box(system=System(environment=environment))))
    assert found.result is result and word in found.words
    assert findings(watchdog(make_box(is_running=False))) == []


@pytest.mark.parametrize(
    ("flags", "alarm", "result", "word"),
    [
        ("0", None, Result.PASS, "enough"),
        ("0x0", "0", Result.PASS, "enough"),
        (None, "0", Result.PASS, "enough"),
        ("50005", None, Result.FAIL, "now: under-voltage, throttled"),
        ("50000", None, Result.WARN, "since it was switched on: under-voltage, throttled"),
        ("80008", None, Result.FAIL, "too hot"),
        (None, "1", Result.FAIL, "under-voltage"),
        ("1", "1", Result.FAIL, "now: under-voltage"),
        (None, None, Result.SKIP, "does not tell"),
        ("nonsense", None, Result.SKIP, "does not tell"),
    ],
)
def test_power(
    make_box: Make, findings: Findings, tmp_path: Path, flags: str | None, alarm: str | None, result: Result, word: str
) -> None:
    write(tmp_path, **{"sys/class/hwmon/hwmon0/name": "cpu_thermal\n"})
    if flags is not None:
        write(tmp_path, **{"sys/devices/platform/soc/soc:firmware/get_throttled": f"{flags}\n"})
    if alarm is not None:
        volts = "sys/class/hwmon/hwmon1"
        write(tmp_path, **{f"{volts}/name": "rpi_volt\n", f"{volts}/in0_lcrit_alarm": f"{alarm}\n"})
    (found,) = findings(power(make_box()))
    assert (found.result is result and found.words.endswith(word)) or word in found.words


@pytest.mark.parametrize(
    ("life", "result"),
    [("0x01 0x02", Result.PASS), ("0x09 0x01", Result.WARN), ("0x0b 0x0b", Result.WARN)],
)
def test_wear(make_box: Make, findings: Findings, tmp_path: Path, life: str, result: Result) -> None:
    write(tmp_path, **{"sys/block/mmcblk0/device/life_time": f"{life}\n", "sys/block/sda/size": "1"})
    (found,) = findings(wear(make_box()))
    assert (found.name, found.result) == ("wear of mmcblk0", result)


@pytest.mark.parametrize("life", ["", "0x00 0x00", "unknown"])
def test_cards_that_do_not_tell(make_box: Make, findings: Findings, tmp_path: Path, life: str) -> None:
    write(tmp_path, **{"sys/block/mmcblk0/device/life_time": life})
    assert findings(wear(make_box())) == []


def test_room_on_a_disk_that_takes_no_writes(make_box: Make, findings: Findings) -> None:
    outlook = Outlook(Space(30 * GB, 64 * GB, read_only=True), GB, 96_000)
    (found,) = findings(room(make_box(outlook=lambda: outlook)))
    assert found.result is Result.FAIL and "read-only" in found.words and "replace the card" in found.next_step


def test_room_that_does_not_last(make_box: Make, findings: Findings) -> None:
    outlook = Outlook(Space(30 * GB, 64 * GB, memory="an overlay on tmpfs"), GB, 96_000)
    lasting, free = findings(room(make_box(outlook=lambda: outlook)))
    assert lasting.result is Result.FAIL and "in memory only (an overlay on tmpfs)" in lasting.words
    assert "raspi-config" in lasting.next_step
    assert free.result is Result.PASS
