"""Everything that somebody who helps from afar has to know, in one file, and nothing that is secret."""

import io
import json
import platform
import subprocess
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from appliance import __version__
from appliance.config.settings import Settings
from appliance.config.shown import shown
from appliance.errors import ApplianceError
from appliance.history import Happened
from appliance.redact import redact

_LIBRARIES = (
    "attrs",
    "cattrs",
    "click",
    "gpiozero",
    "lgpio",
    "numpy",
    "pluggy",
    "pyalsaaudio",
    "PyYAML",
    "requests",
    "soundfile",
    "soxr",
    "boto3",
    "bottle",
    "cheroot",
    "apprise",
    "astral",
)
_JOURNAL = (
    "journalctl",
    "--unit=appliance",
    "--unit=appliance-web",
    "--unit=appliance-settings@*",
    "--lines=5000",
    "--no-pager",
    "--output=short-iso",
)
_PATIENCE = 30.0
"""Seconds for which the journal is waited for."""

_FIRST = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP knows."""


def texts(settings: Settings, status: Mapping[str, Any], history: Iterable[Happened], **more: object) -> dict[str, str]:
    """The parts of the bundle, by file name. `more` are lists and objects, each for a JSON file of its own."""
    parts = {
        "summary.txt": f"{status['device']}: {status['summary']}\n",
        "configuration.yaml": shown(settings),
        "versions.txt": versions(),
        "history.txt": "".join(f"{_time(each.time)} {each.words}\n" for each in history),
        "status.json": _json(status),
        **{f"{name}.json": _json(value) for name, value in more.items()},
    }
    return {name: redact(text) for name, text in parts.items()}


def versions() -> str:
    """Releases of the appliance, of what it is made of, and of the machine, a line each."""
    found = {"appliance": __version__, "Python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    machine = platform.uname()
    found |= {"kernel": f"{machine.release} {machine.machine}"}
    for what, path in (("system", Path("/etc/os-release")), ("machine", Path("/proc/device-tree/model"))):
        try:
            found[what] = path.read_text(errors="replace").strip("\0\n").splitlines()[0]
        except (OSError, IndexError):
            found[what] = "unknown"
    return "".join(f"{name}: {words}\n" for name, words in found.items())


def findings_in_words(findings: Iterable[Mapping[str, Any]]) -> str:
    """What the doctor finds, a line each; or what ended the examination."""
    try:
        return "".join(_finding(each) for each in findings if "prompt" not in each)
    except ApplianceError as error:
        return f"the examination ended: {error}\n"


def _finding(found: Mapping[str, Any]) -> str:
    step = f". {found['next_step']}" if found["next_step"] else ""
    return f"{found['result']:4} {found['name']}: {found['words']}{step}\n"


def zipped(parts: Mapping[str, str], now: float) -> bytes:
    """The parts as one ZIP, made `now` (seconds since 1970 UTC)."""
    moment = max(datetime.fromtimestamp(now, UTC).timetuple()[:6], _FIRST)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(f"support/{name}", moment)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)
    return target.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(sep=" ", timespec="seconds")


def journal() -> str:
    """The newest lines of the log, as the daemon and the page wrote them: without secrets."""
    try:
        done = subprocess.run(_JOURNAL, capture_output=True, text=True, errors="replace", timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the journal cannot be read: {error}\n"
    return done.stdout or f"the journal cannot be read: {done.stderr.strip() or 'nothing is in it'}\n"
