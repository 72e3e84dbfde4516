"""Who cannot write where copies shall go reads what to do, and nothing else."""

import errno
import os
from pathlib import Path

import pytest

from appliance.cli.export import export
from appliance.errors import StorageError


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.EACCES, "Use sudo or choose another folder"), (errno.ENOSPC, "Make room or choose another folder")],
)
def test_a_folder_that_is_not_open_to_its_caller_asks_for_no_room(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match=f"stopped: {os.strerror(number)}. {remedy}$"):
        export([], tmp_path / "stick", lambda *_: None)
