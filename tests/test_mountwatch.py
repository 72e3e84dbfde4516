"""A disk that is mounted is heard of at once."""

import os
import queue
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.clock import SystemClock
from appliance.mountwatch import MountWatch
from appliance.vitals import Vitals

CLOCK = SystemClock()


@pytest.fixture
def heard() -> Iterator["queue.SimpleQueue[bool]"]:
    """Gets something each time the watch tells of a change."""
    changes: queue.SimpleQueue[bool] = queue.SimpleQueue()
    watch = MountWatch(lambda: changes.put(True), CLOCK, Vitals(CLOCK), settle=0.05)
    watch.start()
    yield changes
    watch.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_it_tells_of_every_change(heard: "queue.SimpleQueue[bool]", tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        assert heard.get(timeout=5)
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        assert heard.get(timeout=5)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert heard.get(timeout=5)


def test_a_kernel_that_tells_nothing_is_no_trouble(tmp_path: Path) -> None:
    watch = MountWatch(lambda: None, CLOCK, Vitals(CLOCK), mountinfo=tmp_path / "missing")
    watch.start()
    watch.close()
