"""The backend keeps the contract, for a small file in one request and for a large one in parts."""

from pathlib import Path
from typing import Any

import pytest

from appliance.testing.backends import check_upload_backend


@pytest.mark.parametrize("large", [3_000_000, pytest.param(12_000_000, marks=pytest.mark.slow)])
def test_keeps_the_contract(server: Any, tmp_path: Path, large: int) -> None:
    check_upload_backend(
        lambda: server.backend(tmp_path, prefix=f"{large}/", part_size=5 << 20),
        server.content,
        directory=tmp_path / "files",
        listing=server.listing,
        spoil=server.spoil,
        large=large,
    )
