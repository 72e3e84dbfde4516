"""The page as the unit begins it: a process that needs no command line."""

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from appliance.errors import ConfigError


def begun(tmp_path: Path, listen: str) -> "subprocess.Popen[str]":
    config = tmp_path / "config.yaml"
    config.write_text(f"web: {{listen: '{listen}'}}\n")
    told = {
        "APPLIANCE_CONFIG": str(config),
        "APPLIANCE_SOCKET": str(tmp_path / "control.sock"),
        "APPLIANCE_WEB_KEYS": str(tmp_path / "keys.json"),
    }
    command = [sys.executable, "-m", "appliance.page"]
    return subprocess.Popen(
        command, env=os.environ | told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )


def test_it_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    with begun(tmp_path, "127.0.0.1:0") as process:
        assert process.stdout and process.stderr
        told = process.stdout.readline()
        address = re.fullmatch(r"the page is at http://127\.0\.0\.1:(\d+)/\n", told)
        assert address, told
        line = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=20)
        line.request("GET", "/")
        page = line.getresponse().read()
        line.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert b"<html" in page


def test_what_keeps_it_from_serving_is_one_line_and_a_code(tmp_path: Path) -> None:
    with begun(tmp_path, "0.0.0.0:0") as process:
        _, told = process.communicate(timeout=20)
    assert process.returncode == ConfigError.exit_code
    assert told.startswith("appliance: the page would be open to everybody") and told.count("\n") == 1


LATER = {
    *("_hashlib", "appliance.events", "appliance.faults", "appliance.verbs", "calendar", "click", "csv", "decimal"),
    *("secrets", "shutil", "ssl", "subprocess", "tempfile"),
}
"""What somebody has to ask for first."""


def test_it_loads_nothing_that_nobody_has_asked_for() -> None:
    code = "import sys, appliance.page.__main__, appliance.page.server, appliance.config.section; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert LATER & set(told.split()) == set()
