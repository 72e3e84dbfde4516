"""Which message was heard last, kept from start to start: an answer goes where it belongs after a power cut, too."""

import logging
from contextlib import suppress
from pathlib import Path

from appliance.codec import from_json, to_json
from appliance.config.files import read_text
from appliance.durable import write_file
from appliance.errors import ConfigError
from appliance.values import frozen

log = logging.getLogger(__name__)


@frozen
class Heard:
    """A message: its title, and the feed that brought it."""

    feed: str = ""
    title: str = ""


class KeptHeard:
    """A file that cannot be read counts for nothing, and one that cannot be written is only logged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Heard:
        """The message that was kept last; one without a feed where there is none."""
        with suppress(FileNotFoundError, ConfigError, ValueError):
            return from_json(read_text(self._path), Heard)
        return Heard()

    def keep(self, heard: Heard) -> None:
        """Keep this one. Blocks while it is written."""
        try:
            write_file(self._path, to_json(heard).encode())
        except OSError as error:
            log.warning("which message was heard last is not kept: %s: %s", self._path, error.strerror)
