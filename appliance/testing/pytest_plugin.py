"""Fixtures for tests of the appliance and of its plugins, for whoever asks for them:

pytest_plugins = ["appliance.testing.pytest_plugin"]
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.plugin import UploadJob
from appliance.testing.backends import MemoryBackend, make_upload_job
from appliance.testing.clock import ManualClock


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that moves only when told to."""
    return ManualClock()


@pytest.fixture
def upload_job(tmp_path: Path) -> Callable[..., UploadJob]:
    """Make upload jobs whose files lie in a temporary folder: the arguments of `make_upload_job` after the first."""
    folder = tmp_path / "renditions"

    def make(content: bytes = b"some sound", name: str = "box_2026-01-31_12-00-00+0100_abcdefghij") -> UploadJob:
        return make_upload_job(folder, content, name)

    return make


@pytest.fixture
def memory_backend() -> MemoryBackend:
    """A destination in memory that can be told to fail."""
    return MemoryBackend()
