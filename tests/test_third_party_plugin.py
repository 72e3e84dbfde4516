"""The plugin in the docs is built, installed with pip, discovered and used, as that of any other author."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/how-to/write-a-plugin.md"

USE = """
import json, sys
from pathlib import Path

from appliance.config.loader import parse
from appliance.plugin_host import PluginHost
from appliance.testing.backends import make_upload_job

configuration, folder = sys.argv[1], Path(sys.argv[2])
host = PluginHost.installed()
host.discover()
settings = parse(configuration, "config.yaml", host.extensions, {})
backend = host.build_upload("attic", settings.destinations["attic"], "box", folder)
job = make_upload_job(folder / "takes", b"some sound", "clip")
receipt = backend.deliver(job)
[status] = [status for status in host.statuses() if status.name == "drawer"]
print(json.dumps([status.distribution, status.version, status.state, status.backends, receipt.remote_name]))
"""


TEXT = PAGE.read_text()
FILES: dict[str, str] = dict(re.findall(r"`([\w./]+)`:[^\n]*\n\n```(?:python|toml)\n(.*?)```", TEXT, re.DOTALL))
DRAWER, ECHO = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The destination of the page, and where pip has put it."""
    return install(tmp_path_factory, "drawer")


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The service of the page, and where pip has put it."""
    return install(tmp_path_factory, "echo")


def install(tmp_path_factory: pytest.TempPathFactory, name: str) -> tuple[Path, Path]:
    package, target = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("target")
    for folder in (f"appliance_{name}", "tests"):
        (package / folder).mkdir()
    (package / "pyproject.toml").write_text(FILES["pyproject.toml"].replace("drawer", name))
    for file in (f"appliance_{name}/__init__.py", f"tests/test_{name}.py"):
        (package / file).write_text(FILES[file])
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target), str(package)]
    subprocess.run([*pip, *options], check=True)
    return package, target


def run(target: Path, folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(target)}
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_discovered_and_delivers(installed: tuple[Path, Path], tmp_path: Path) -> None:
    drawer = tmp_path / "drawer"
    drawer.mkdir()
    told = run(installed[1], tmp_path, "-c", USE, DRAWER.replace("/mnt/drawer", str(drawer)), str(tmp_path))
    assert told.strip() == '["appliance-drawer", "1.0", "active", ["drawer"], "clip.wav"]'
    assert (drawer / "clip.wav").read_bytes() == b"some sound"


@pytest.mark.slow
def test_its_own_tests_pass(installed: tuple[Path, Path]) -> None:
    package, target = installed
    assert "2 passed" in run(target, package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")


@pytest.mark.slow
def test_the_tests_of_the_service_pass(echo: tuple[Path, Path]) -> None:
    package, target = echo
    assert "3 passed" in run(target, package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
