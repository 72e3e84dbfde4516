"""A stick that was mounted read-only when the service started, as one with a fault on it is; needs root."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Box = Any  # tests/e2e/conftest.py is not importable


@pytest.fixture
def stick(box: Box) -> Iterator[Path]:
    """Mounted read-only."""
    image, folder = box.root / "image", box.root / "stick"
    image.write_bytes(bytes(8 << 20))
    folder.mkdir()
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    try:
        loop = subprocess.check_output(["losetup", "-f", "--show", image], text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk image can be mounted here")
    subprocess.run(["mount", "-o", "ro", loop, folder], check=True)
    yield folder
    box.end()
    subprocess.run(["umount", "-l", folder], check=True)
    subprocess.run(["losetup", "-d", loop], check=True)


def start(box: Box) -> None:
    """With a view of the mounts of its own, as a unit with ProtectSystem= has: disks come, their options stay."""
    command = ["unshare", "--mount", "--propagation", "slave", sys.executable, "-m", "appliance", "run"]
    with box.log.open("a") as log:
        box.process = subprocess.Popen(
            [*command, "--config", box.config, "--simulate", "all"], stdin=subprocess.PIPE, stdout=log, stderr=log
        )
    box.until(box._answers)


def refusal(box: Box) -> str:
    """Why the delivery to the stick was refused."""
    (delivery,) = (each for each in box.clips()[0]["deliveries"] if each["destination"] == "stick")
    return str(delivery["last_error"])


@pytest.mark.slow
def test_a_stick_mounted_read_only_is_written_once_a_person_did_what_the_box_says(box: Box, stick: Path) -> None:
    box.config.write_text(box.config.read_text() + f"  stick: {{backend: folder, path: {stick}}}\n")
    start(box)
    name = box.record(0.6)["name"]
    box.until(lambda: refusal(box))
    assert "the disk is read-only" in refusal(box) and "Mount it so that it can be written" in refusal(box)
    subprocess.run(["mount", "-o", "remount,rw", stick], check=True)
    box.cli("clips", "retry")
    box.until(lambda: "was mounted read-only when the service started" in refusal(box))
    assert "`sudo systemctl restart appliance`" in refusal(box) and not list(stick.glob("*.wav"))
    assert box.signal(15) == 0
    start(box)
    box.until(box.delivered)
    assert (stick / f"{name}.wav").exists()
