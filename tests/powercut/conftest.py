"""One record of a day in the life of an appliance, for all tests here."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.powercut import scenario
from tests.powercut.judge import Judge
from tests.powercut.log import read


@pytest.fixture(scope="session")
def day(alsa_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which it happened: `root.log` is the record, `root` what was there in the end."""
    directory = tmp_path_factory.mktemp("day")
    scenario.record(directory, alsa_config)
    return directory


@pytest.fixture(scope="session")
def judge(day: Path) -> Judge:
    return Judge(read(day / "root.log"), day / "root")


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Path]:
    """Where states are made: in memory, where there is some."""
    memory = Path("/dev/shm")
    directory = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path))
    logging.disable(logging.CRITICAL)
    yield directory
    logging.disable(logging.NOTSET)
    shutil.rmtree(directory)
