"""The folder backend on real filesystems."""

from collections.abc import Callable
from pathlib import Path

import pytest
from appliance_upload_folder.backend import FolderBackend

from appliance.plugin import BackendContext, UploadJob
from appliance.testing.backends import check_upload_backend

Make = Callable[..., UploadJob]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "stick"


@pytest.fixture
def context(tmp_path: Path) -> BackendContext:
    return BackendContext("stick", "box", tmp_path)


def test_keeps_the_contract(folder: Path, context: BackendContext, tmp_path: Path) -> None:
    def spoil(name: str) -> None:
        content = bytearray(Path(name).read_bytes())
        content[-1] ^= 1
        Path(name).write_bytes(content)

    check_upload_backend(
        lambda: FolderBackend(folder, context, require_mount=False),
        fetch=lambda name: Path(name).read_bytes(),
        directory=tmp_path / "source",
        listing=lambda: [entry.name for entry in folder.glob("*")] if folder.exists() else [],
        spoil=spoil,
    )
