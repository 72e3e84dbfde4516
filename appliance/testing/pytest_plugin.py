"""Fixtures for tests of the appliance and of its plugins; pytest finds them by itself where the appliance is installed.

Nothing is imported before a fixture is asked for: the module is loaded by every pytest run of the environment.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from appliance.plugin import UploadJob
    from appliance.testing.backends import MemoryBackend
    from appliance.testing.clock import ManualClock


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that moves only when told to."""
    from appliance.testing.clock import ManualClock

    return ManualClock()


@pytest.fixture
def upload_job(tmp_path: Path) -> Callable[..., UploadJob]:
    """Make upload jobs whose files lie in a temporary folder: the arguments of `make_upload_job` after the first."""
    from appliance.testing.backends import make_upload_job

    folder = tmp_path / "renditions"

    def make(content: bytes = b"some sound", name: str = "box_2026-01-31_12-00-00+0100_abcdefghij") -> UploadJob:
        return make_upload_job(folder, content, name)

    return make


@pytest.fixture
def memory_backend() -> MemoryBackend:
    """A destination in memory that can be told to fail."""
    from appliance.testing.backends import MemoryBackend

    return MemoryBackend()
