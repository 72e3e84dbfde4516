"""A whole appliance whose network comes back: what waits for an hour goes at once, to destinations and from feeds."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.simulation.sound import SPEECH

pytestmark = pytest.mark.slow
Box = Any
PORT = 8123
CONFIG = f"""
  office: {{{{backend: http, url: "http://10.1.2.3:{PORT}/", allow_http: true, retry: {{{{min: 1h, max: 1h}}}}}}}}
feeds:
  news: {{{{backend: urls, urls: ["http://10.1.2.3:{PORT}/{SPEECH.name}"], allow_http: true, every: 1h}}}}
"""
CABLE = (
    "link add near type veth peer name far",
    "link set near up",
    "addr add 10.1.2.3/24 dev near",
    "link set far up",
)


@pytest.fixture
def far_box(box: Box) -> Iterator[Box]:
    """An appliance without any network, and a web server in the same place."""
    if os.getuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        pytest.skip("a network namespace needs root, unshare, nsenter and ip")
    with box.config.open("a") as config:
        config.write(CONFIG.format())
    command = [sys.executable, "-m", "appliance", "run", "--config", str(box.config), "--simulate", "all"]
    with box.log.open("a") as log:
        box.process = subprocess.Popen(["unshare", "-n", *command], stdin=subprocess.PIPE, stdout=log, stderr=log)
    box.until(box._answers)
    server = subprocess.Popen(inside(box, sys.executable, "-m", "http.server", str(PORT), folder=SPEECH.parent))
    subprocess.run(inside(box, "ip", "link", "set", "lo", "up"), check=True)
    yield box
    server.kill()
    server.wait()


def inside(box: Box, *command: str, folder: Path = Path("/")) -> list[str]:
    return ["nsenter", "--target", str(box.process.pid), "--net", f"--wdns={folder}", *command]


def test_when_the_network_comes_back_everything_is_tried_at_once(far_box: Box) -> None:
    far_box.record(0.6)

    def office() -> dict[str, Any]:
        [found] = [each for each in far_box.clips()[0]["deliveries"] if each["destination"] == "office"]
        return dict(found)

    far_box.until(lambda: office()["attempts"] == 1 and "there is no way there" in office()["last_error"])
    for number in range(12):  # until it waits for most of an hour, too
        far_box.until(lambda number=number: far_box.log.read_text().count("feed news: 10.1.2.3 cannot be") > number)
        far_box.call("feeds.pull")
    for command in CABLE:
        subprocess.run(inside(far_box, "ip", *command.split()), check=True)
    far_box.until(lambda: office()["attempts"] > 1 and "501" in office()["last_error"])
    far_box.until(lambda: far_box.call("feeds.list"))
