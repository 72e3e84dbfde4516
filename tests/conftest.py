"""The test card: a sound card without hardware that libasound knows by name. See `tests/testcard/testcard.c`."""

import os
import runpy
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from appliance import redact
from appliance.mounts import in_memory

if in_memory(Path(tempfile.gettempdir())):  # a box whose state is in memory says so at every turn
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/var/tmp")

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `appliance run` has it: tests share the cores

pytest_plugins = ["appliance.testing.pytest_plugin"]

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def alsa_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The asound.conf that names the test card; ALSA_CONFIG_PATH leads this process and its children to it."""
    build = runpy.run_path(str(Path(__file__).parent / "testcard" / "build.py"))["build"]
    path: Path = build(tmp_path_factory.mktemp("testcard"))
    os.environ["ALSA_CONFIG_PATH"] = str(path)
    return path


@pytest.fixture
def test_card(alsa_config: Path, tmp_path: Path) -> Path:
    """The folder of a test card of one's own; `testcard:FOLDER` is its device word."""
    folder = tmp_path / "card"
    folder.mkdir()
    return folder


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder that the next power cut takes."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def secrets_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has for a secret is a plain word of another."""
    monkeypatch.setattr(redact, "_SECRETS", redact._Secrets())
