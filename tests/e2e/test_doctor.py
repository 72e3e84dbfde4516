"""`appliance doctor` against a running appliance, and without one."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from appliance.control.client import Client
from appliance.errors import Refused

Box = Any  # tests/e2e/conftest.py is not importable


def examine(box: Box, *options: str, code: int = 0) -> dict[str, dict[str, str]]:
    """The findings by name."""
    told = json.loads(box.cli("doctor", "--json", *options, code=code).stdout)
    assert told["ok"] == (code == 0)
    return {finding["name"]: finding for finding in told["findings"]}


@pytest.mark.slow
def test_a_simulated_box_passes(box: Box) -> None:
    box.start()
    found = examine(box, "--leds")
    assert {finding["result"] for finding in found.values()} <= {"pass", "warn", "skip"}
    assert found["microphone"]["words"].startswith("usb: 48000 Hz S16_LE mono")
    assert found["microphone level"]["result"] == "pass"
    assert found["speaker to microphone"]["result"] == "warn"
    assert "no sound came back" in found["speaker to microphone"]["words"]
    assert found["destination shelf"]["result"] == "pass" and list(box.shelf.iterdir()) == []
    assert found["LED 18"]["result"] == "pass"
    assert "hours" in found["free space"]["words"]
    assert box.status()["faults"] == []


@pytest.mark.slow
def test_it_speaks_to_people(box: Box) -> None:
    box.start()
    told = box.cli("doctor").stdout
    assert "pass configuration: 1 destination," in told and "please speak" in told


@pytest.mark.slow
def test_what_is_wrong_decides_the_exit_code(box: Box) -> None:
    (box.root / "shelf").touch()
    box.start()
    done = box.cli("doctor", code=13)
    assert "not everything works: destination shelf" in done.stderr
    assert examine(box, code=13)["destination shelf"]["result"] == "fail"


@pytest.mark.slow
def test_buttons_are_pressed_on_the_panel(box: Box) -> None:
    box.start()
    prompts: list[str] = []
    found: dict[str, str] = {}
    with Client(box.socket) as client:
        for step in client.stream("doctor", buttons=True):
            if "prompt" in step:
                prompts.append(step["prompt"])
                if "press it now" in step["prompt"]:
                    box.press("1" if "button 17" in step["prompt"] else "2")
            else:
                found[step["name"]] = step["result"]
    assert (found["button 17"], found["button 27"]) == ("pass", "pass")
    assert box.status()["recorder"] == "idle" and box.clips() == []
    box.press("1")
    box.until(lambda: box.status()["recorder"] == "recording")


@pytest.mark.slow
def test_a_take_in_progress_is_left_alone(box: Box) -> None:
    box.start()
    box.call("record.start")
    found = examine(box)
    assert found["microphone"]["result"] == found["speaker to microphone"]["result"] == "skip"
    assert "a take is in progress" in found["microphone"]["words"]
    assert box.call("record.stop")["clip"]["gaps"] == []


@pytest.mark.slow
def test_a_press_in_mid_examination_gets_the_microphone(box: Box) -> None:
    box.start()
    found: dict[str, str] = {}
    with Client(box.socket) as client:
        for step in client.stream("doctor"):
            if "speak" in step.get("prompt", ""):
                box.press("1")
            if "name" in step:
                found[step["name"]] = step["result"]
    assert found["microphone"] == found["speaker to microphone"] == "skip"
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 0.5)
    assert box.call("record.stop")["clip"]["gaps"] == []


@pytest.mark.slow
def test_one_doctor_at_a_time(box: Box) -> None:
    box.start()
    with Client(box.socket) as first, Client(box.socket) as second:
        steps = first.stream("doctor")
        next(steps)
        with pytest.raises(Refused, match="in progress already"):
            next(second.stream("doctor"))
        for _ in steps:
            pass
        assert first.call("status")["ok"]


@pytest.mark.slow
def test_a_doctor_who_leaves_gives_everything_back(box: Box) -> None:
    box.start()
    with Client(box.socket) as client:
        for step in client.stream("doctor"):
            if "speak" in step.get("prompt", ""):
                break
    box.until(lambda: _comes(box))
    box.record(0.5)


def _comes(box: Box) -> bool:
    """Whether another doctor may come."""
    try:
        with Client(box.socket) as client:
            next(client.stream("doctor"))
    except Refused:
        return False
    return True


@pytest.mark.slow
def test_a_changed_configuration_is_noticed(box: Box) -> None:
    box.start()
    box.config.write_text(box.config.read_text() + "recording: {max_duration: 5m}\n")
    assert "config reload" in examine(box)["configuration"]["next_step"]
    box.cli("config", "reload")
    assert examine(box)["configuration"]["result"] == "pass"
    box.config.write_text("nonsense: 1\n")
    assert "nonsense" in examine(box, code=13)["configuration"]["words"]


@pytest.mark.slow
def test_without_a_daemon(box: Box) -> None:
    box.config.write_text(box.config.read_text().replace("panel:", "#"))
    found = examine(box, "--config", str(box.config), code=13)
    assert found["appliance"]["result"] == "warn" and "systemctl start" in found["appliance"]["words"]
    assert found["destination shelf"]["result"] == "pass"
    assert found["microphone"]["result"] == ("fail" if not any(Path("/dev/snd").glob("pcm*c")) else "pass")
    box.config.write_text("nonsense: 1\n")
    assert list(examine(box, "--config", str(box.config), code=13)) == ["appliance", "configuration"]


@pytest.mark.slow
def test_on_real_libasound(box: Box, test_card: Path) -> None:
    """The test card's microphone hears numbers at full level: the level is a warning, its format is what was asked."""
    device = f"testcard:{test_card}"
    box.config.write_text(
        box.config.read_text() + f'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}\n'
    )
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    found = examine(box)
    assert "48000 Hz S16_LE mono" in found["microphone"]["words"]
    assert found["speaker to microphone"]["result"] == "warn"
    clip = box.record(0.6)
    assert clip["gaps"] == []


@pytest.mark.slow
def test_the_watchdog_is_seen(box: Box, systemd: socket.socket) -> None:
    box.start(NOTIFY_SOCKET=systemd.getsockname(), WATCHDOG_USEC="20000000")
    assert "20.0 s" in examine(box)["watchdog"]["words"]


@pytest.mark.slow
def test_support_writes_over_nothing_that_is_no_file(box: Box) -> None:
    os.mkfifo(pipe := box.root / "pipe")
    box.start()
    assert "is no file: choose another name" in box.cli("support", str(pipe), code=2).stderr
    assert pipe.is_fifo()
