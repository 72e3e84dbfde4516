"""The volume that somebody set, kept from start to start."""

import json
import logging
from contextlib import suppress
from pathlib import Path

from appliance.config.files import read_text
from appliance.durable import write_file
from appliance.errors import ConfigError

log = logging.getLogger(__name__)


class KeptVolume:
    """What was set last, as long as the configured volume (percent both) is the same; else that one.

    A file that cannot be read counts for nothing, and one that cannot be written is only logged: it is no sound.
    """

    def __init__(self, path: Path, configured: int) -> None:
        self._path = path
        self._configured = configured
        self.percent: int = configured
        """The volume to begin with, and then the one that was kept last."""
        with suppress(FileNotFoundError, ConfigError, ValueError, LookupError, TypeError, RecursionError):
            note = json.loads(read_text(path))
            percent = note["percent"]
            if note["configured"] == configured and type(percent) is int and 0 <= percent <= 100:
                self.percent = percent

    def keep(self, percent: int) -> None:
        """Keep this one. Blocks while it is written."""
        if percent == self.percent:
            return
        self.percent = percent
        try:
            write_file(self._path, json.dumps({"configured": self._configured, "percent": percent}).encode())
        except OSError as error:
            log.warning("the volume is not kept: %s: %s", self._path, error.strerror)
