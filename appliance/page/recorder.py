"""The recorder, as the page sees it: whoever answers on the control socket."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance.control.client import Client, listed
from appliance.values import frozen


@frozen
class Recorder:
    """Calls the daemon that listens on `socket`; a connection for each call. Each raises an ApplianceError."""

    socket: Path

    def call(self, word: str, **arguments: object) -> Any:
        """What the daemon answers."""
        with Client(self.socket) as client:
            return client.call(word, **arguments)

    def stream(self, word: str, **arguments: object) -> Iterator[dict[str, Any]]:
        """What it tells one after the other."""
        with Client(self.socket) as client:
            yield from client.stream(word, **arguments)

    def clips(self, **wanted: Any) -> Iterator[dict[str, Any]]:
        """All clips that are wanted, with their deliveries, newest first."""
        return listed(self.call, **wanted)
