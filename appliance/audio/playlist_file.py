"""The playlist and where each of its tracks goes on, kept from start to start."""

import json
import logging
from contextlib import suppress
from pathlib import Path

from appliance.codec import from_plain, to_plain
from appliance.config.files import read_text
from appliance.durable import write_file
from appliance.errors import ConfigError
from appliance.events import PlaylistChanged

log = logging.getLogger(__name__)


class KeptPlaylist:
    """A file that cannot be read counts for nothing, and one that cannot be written is only logged: it is no sound."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> PlaylistChanged | None:
        """What was kept last."""
        with suppress(FileNotFoundError, ConfigError, ValueError, LookupError, TypeError, RecursionError):
            return from_plain(json.loads(read_text(self._path)), PlaylistChanged)
        return None

    def keep(self, playlist: PlaylistChanged) -> None:
        """Keep this one. Blocks while it is written."""
        try:
            write_file(self._path, json.dumps(to_plain(playlist)).encode())
        except OSError as error:
            log.warning("the playlist is not kept: %s: %s", self._path, error.strerror)
