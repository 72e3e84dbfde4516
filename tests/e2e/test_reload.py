"""A new configuration while the appliance runs: after the take in progress, and never at the cost of the old one."""

import ctypes
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import ApplianceError, ConfigError

LIBC = ctypes.CDLL(None)

Box = Any  # tests/e2e/conftest.py is not importable


def add_destination(box: Box) -> None:
    box.config.write_text(f"{box.config.read_text()}  attic: {{backend: folder, path: {box.root}/attic}}\n")


def spoil(box: Box) -> str:
    """Make the configuration a bad one; what it was before."""
    good: str = box.config.read_text()
    box.config.write_text(good.replace("buttons", "buttins") + "recording: {max_duration: no}\n")
    return good


def hang_up(box: Box) -> None:
    box.process.send_signal(signal.SIGHUP)


def turn(box: Box) -> int:
    """The number of the configuration in use; 0 where the box does not answer."""
    try:
        number: int = box.status()["turn"]
    except ApplianceError:  # in the middle of the change
        return 0
    return number


def faults(box: Box) -> dict[str, str]:
    return {fault["name"]: fault["message"] for fault in box.status()["faults"]}


def destinations(entry: dict[str, Any]) -> set[str]:
    return {delivery["destination"] for delivery in entry["deliveries"]}


@pytest.mark.slow
def test_a_destination_added_by_a_reload_gets_new_clips(box: Box) -> None:
    box.start()
    box.record(0.6)
    box.until(box.delivered)
    add_destination(box)
    hang_up(box)
    box.until(lambda: turn(box) == 2)
    clip = box.record(0.6)
    box.until(box.delivered)
    assert (box.root / "attic" / f"{clip['name']}.wav").read_bytes() == (box.shelf / f"{clip['name']}.wav").read_bytes()
    assert [destinations(entry) for entry in box.clips()] == [{"shelf", "attic"}, {"shelf"}]


@pytest.mark.slow
def test_a_destination_taken_out_stands_apart_until_it_is_forgotten(box: Box) -> None:
    before = box.config.read_text()
    box.config.write_text(
        f"{before}  attic: {{backend: folder, path: {box.root}/attic, require_mount: true, retry: {{min: 90s}}}}\n"
    )
    box.start()
    box.record(0.6)
    box.until(lambda: "1 clip waits for attic" in box.status()["summary"])
    said = box.cli("status").stdout
    assert "1 clip waits for attic: " in said and "nothing is wrong" not in said
    box.cli("clips", "forget", "--to", "attic", code=6)
    box.config.write_text(before)
    box.cli("config", "reload")
    box.until(lambda: turn(box) == 2)
    status = box.status()
    assert status["removed_destinations"] == {"attic": 1} and set(status["destinations"]) == {"shelf"}
    assert status["waiting"] == 0 and "attic" not in status["deliveries"]
    said = " ".join(box.cli("status").stdout.split())
    assert "attic is no longer in the configuration: 1 clip still waits for it" in said
    assert "run `appliance clips forget --to attic`" in said and "nothing is wrong" in said
    assert "1 clip waits for attic no more" in box.cli("clips", "forget", "--to", "attic").stdout
    assert box.status()["removed_destinations"] == {} and "attic" not in box.cli("status").stdout
    assert [destinations(entry) for entry in box.clips()] == [{"shelf"}]


@pytest.mark.slow
def test_the_volume_is_kept_over_reloads_and_starts(box: Box) -> None:
    box.start()
    box.until(lambda: box.status()["volume"] == 80)
    box.call("volume.set", percent=35)
    box.cli("config", "reload")
    box.until(lambda: turn(box) == 2 and box.status()["volume"] == 35)
    box.call("volume.down")
    assert box.signal(signal.SIGTERM) == 0
    box.start()
    box.until(lambda: box.status()["volume"] == 25)


@pytest.mark.slow
def test_a_reload_in_mid_take_waits_for_its_end(box: Box) -> None:
    box.start()
    box.call("record.start")
    box.until(lambda: box.status()["take"]["seconds"] >= 0.5)
    add_destination(box)
    hang_up(box)
    box.until(lambda: "after the take in progress" in box.log.read_text())
    seconds = box.status()["take"]["seconds"]
    box.until(lambda: box.status()["take"]["seconds"] >= seconds + 1.0)
    assert turn(box) == 1
    clip = box.call("record.stop")["clip"]
    assert clip["gaps"] == [] and clip["frames"] >= (seconds + 1.0) * 48_000
    box.until(lambda: turn(box) == 2)
    assert box.clips()[0]["clip"] == clip and not clip["recovered"]
    box.record(0.6)
    assert destinations(box.clips()[0]) == {"shelf", "attic"}
    box.until(box.delivered)


@pytest.mark.slow
def test_a_paused_take_is_in_progress(box: Box) -> None:
    box.start()
    box.call("record.start")
    box.call("record.pause")
    assert "once the take in progress is finished" in box.cli("config", "reload").stdout
    box.call("record.resume")
    assert turn(box) == 1
    box.call("record.stop")
    box.until(lambda: turn(box) == 2)


@pytest.mark.slow
def test_a_bad_configuration_changes_nothing_and_is_said(box: Box) -> None:
    box.start()
    good = spoil(box)
    hang_up(box)
    box.until(lambda: "configuration" in faults(box))
    assert "buttins" in faults(box)["configuration"] and "config check" in faults(box)["configuration"]
    assert "max_duration" in box.log.read_text()
    assert turn(box) == 1
    box.record(0.6)
    box.until(box.delivered)
    box.config.write_text(good)
    hang_up(box)
    box.until(lambda: turn(box) == 2)
    assert faults(box) == {}


@pytest.mark.slow
def test_a_configuration_that_reads_well_but_cannot_start_gives_way_to_the_one_before(box: Box) -> None:
    box.start()
    good = box.config.read_text()
    (box.root / "file").touch()
    box.config.write_text(good.replace(f"{box.root}/state", f"{box.root}/file/state"))
    assert "cannot be used, the one before goes on" in box.cli("config", "reload", code=3).stderr
    assert str(box.root / "file") in faults(box)["configuration"]
    clip = box.record(0.6)
    assert (box.state / "clips" / f"{clip['name']}.wav").exists()
    box.config.write_text(good)
    assert "from now on" in box.cli("config", "reload").stdout
    assert faults(box) == {}


@pytest.mark.slow
def test_the_command_says_what_is_wrong(box: Box) -> None:
    box.start()
    spoil(box)
    told = box.cli("config", "reload", code=3).stderr
    assert "buttins" in told and "max_duration" in told
    with pytest.raises(ConfigError):
        box.call("config.reload")
    assert "configuration" in faults(box)


@pytest.mark.alone
def test_many_reloads_leave_nothing_behind(box: Box) -> None:
    box.start()
    proc = f"/proc/{box.process.pid}"

    def load() -> tuple[int, int]:
        threads = subprocess.run(["ls", f"{proc}/task"], capture_output=True, text=True, check=True).stdout.split()
        files = subprocess.run(["ls", f"{proc}/fd"], capture_output=True, text=True, check=True).stdout.split()
        return len(threads), len(files)

    for _ in range(3):
        box.cli("config", "reload")
    before = load()
    for number in range(5, 12):
        box.call("config.reload")
        box.until(lambda number=number: turn(box) == number)
    box.until(lambda: load()[0] <= before[0] and load()[1] <= before[1])


@pytest.mark.slow
def test_followers_of_events_stay(box: Box) -> None:
    box.start()
    command = [sys.executable, "-m", "appliance", "--socket", str(box.socket), "events", "--json"]
    with (box.root / "events").open("w") as output, subprocess.Popen(command, stdout=output) as follower:
        box.until(lambda: _heard(box, 41))
        box.cli("config", "reload")
        box.until(lambda: _heard(box, 42))
        follower.terminate()


def _heard(box: Box, percent: int) -> bool:
    """Whether the follower hears a change of the volume."""
    box.call("player.volume", percent=percent)
    return any(event.get("percent") == percent for event in box.events())


@pytest.mark.slow
def test_systemd_hears_of_it(box: Box, systemd: socket.socket) -> None:
    box.start(NOTIFY_SOCKET=systemd.getsockname())

    def hear(wanted: str) -> str:
        while wanted not in (message := systemd.recv(1000).decode()):
            assert "STOPPING" not in message
        return message

    hear("READY=1")
    before = time.monotonic()
    hang_up(box)
    stamp = int(hear("RELOADING=1").split("MONOTONIC_USEC=")[1])
    assert before <= stamp / 1e6 <= time.monotonic()
    hear("READY=1\nSTATUS=ready")
    hear("STATUS=idle; ")
    spoil(box)
    hang_up(box)
    hear("RELOADING=1")
    assert "cannot be used" in hear("READY=1")
    box.process.send_signal(signal.SIGTERM)
    while systemd.recv(1000) != b"STOPPING=1":
        pass
    assert box.process.wait(10) == 0


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1])
def test_a_stop_in_the_middle_of_the_change_stops(box: Box, delay: float) -> None:
    box.start()
    hang_up(box)
    time.sleep(delay)
    assert box.signal(signal.SIGTERM) == 0
    assert not box.socket.exists()


@pytest.mark.slow
def test_a_signal_is_heard_whichever_thread_it_reaches(box: Box) -> None:
    """The kernel chooses, and Python would handle it on the main thread alone, once that wakes."""
    box.start()
    first, log, *_ = sorted(int(path.name) for path in Path(f"/proc/{box.process.pid}/task").iterdir())
    assert LIBC.tgkill(first, log, signal.SIGHUP) == 0
    box.until(lambda: turn(box) == 2)
    assert LIBC.tgkill(first, log, signal.SIGTERM) == 0
    assert box.process.wait(10) == 0


@pytest.mark.slow
def test_who_asks_while_the_configuration_changes_is_answered(box: Box) -> None:
    box.start()
    numbers = [box.status()["turn"]]
    for number in (1, 2):
        box.cli("config", "reload")
        while numbers[-1] == number:
            numbers.append(box.status()["turn"])
    assert numbers == sorted(numbers)
