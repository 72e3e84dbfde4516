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


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The package of the page, and where pip has put it."""
    package, target = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("target")
    for folder in ("appliance_drawer", "tests"):
        (package / folder).mkdir()
    module, test = blocks("python")
    (package / "pyproject.toml").write_text(blocks("toml")[0])
    (package / "appliance_drawer" / "__init__.py").write_text(module)
    (package / "tests" / "test_drawer.py").write_text(test)
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
    [configuration] = blocks("text")
    told = run(installed[1], tmp_path, "-c", USE, configuration.replace("/mnt/drawer", str(drawer)), str(tmp_path))
    assert told.strip() == '["appliance-drawer", "1.0", "active", ["drawer"], "clip.wav"]'
    assert (drawer / "clip.wav").read_bytes() == b"some sound"


def test_its_own_tests_pass(installed: tuple[Path, Path]) -> None:
    package, target = installed
    assert "2 passed" in run(target, package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
