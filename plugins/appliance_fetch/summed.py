"""The SHA-256 of what is written to a file: its own, where it computes one."""

import hashlib
from typing import BinaryIO

from appliance.plugin import SummedFile


class Summed:
    """Told every block that is in the file, from its start."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file if isinstance(file, SummedFile) else None
        self._digest = hashlib.sha256()

    def update(self, block: bytes) -> None:
        """The next bytes."""
        if self._file is None:
            self._digest.update(block)

    def sha256(self) -> str:
        """In lower-case hex."""
        return self._file.sha256() if self._file else self._digest.hexdigest()
