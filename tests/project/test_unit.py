"""The systemd unit is understood by systemd, and locks the service in."""

import subprocess
from pathlib import Path

UNIT = Path(__file__).parents[2] / "systemd" / "appliance.service"


def analyze(*arguments: str) -> str:
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """Verified with a command that exists on this machine: /opt/appliance is made by the installation."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/appliance/bin/appliance run", "/bin/true"))
    assert analyze("verify", str(unit)) == ""


def test_the_service_is_locked_in() -> None:
    analyze("security", "--offline=true", "--threshold=20", str(UNIT))
