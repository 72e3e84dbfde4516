"""Who cannot write where copies shall go reads what to do, and nothing else."""

import errno
import os
from pathlib import Path

import pytest

from appliance.cli.export import export
from appliance.errors import StorageError


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EACCES, "Use sudo or choose another folder"),
        (errno.ENOSPC, "Make room or choose another folder"),
        (errno.EROFS, "Mount it so that it can be written, or choose another folder"),
        (errno.EIO, "Check the disk with `dmesg` or choose another folder"),
        (errno.EFBIG, "Use a disk with exFAT or ext4, as FAT ends at 4 GB, or choose another folder"),
        (errno.ENOTDIR, "Choose another folder"),
    ],
)
def test_only_what_helps_is_asked_for(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match=f"stopped: {os.strerror(number)}. {remedy}$"):
        export([], tmp_path / "stick", lambda *_: None)
