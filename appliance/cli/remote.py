"""The running appliance as the commands see it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from appliance.control.client import Client


@frozen
class Remote:
    """Calls the daemon that listens on `socket`; a connection for each call."""

    socket: Path

    def call(self, method: str, **params: object) -> Any:
        """Call a method and return its result."""
        with Client(self.socket) as client:
            return client.call(method, **params)

    def stream(self, method: str) -> Iterator[dict[str, Any]]:
        """Yield what a streaming method tells."""
        with Client(self.socket) as client:
            yield from client.stream(method)


pass_remote = click.make_pass_decorator(Remote)
