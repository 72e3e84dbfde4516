"""The backend keeps the contract, with a remote that computes checksums and with one that does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.plugin import UploadBackend
from appliance.testing.backends import check_upload_backend


def spoil(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


def names(store: Path) -> list[str]:
    return [str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_keeps_the_contract(backend: Callable[..., UploadBackend], store: Path, tmp_path: Path) -> None:
    check_upload_backend(
        backend,
        lambda name: (store / name).read_bytes(),
        directory=tmp_path / "files",
        listing=lambda: names(store),
        spoil=lambda name: spoil(store / name),
    )


@pytest.mark.slow
def test_keeps_the_contract_without_checksums(
    backend: Callable[..., UploadBackend], serve: Callable[..., int], store: Path, tmp_path: Path
) -> None:
    port = serve("webdav", store)
    check_upload_backend(
        lambda: backend(remote=f":webdav,url='http://127.0.0.1:{port}':"),
        lambda name: (store / name).read_bytes(),
        directory=tmp_path / "files",
        listing=lambda: names(store),
    )
