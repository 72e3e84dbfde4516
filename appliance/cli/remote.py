"""The running appliance as the commands see it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from appliance.cli.terminal import say
from appliance.control.client import Client, listed
from appliance.errors import ConfigError, NotRunning, TooSlow, UsageError
from appliance.faults import CONFIGURATION
from appliance.values import frozen

PATH = click.Path(path_type=Path, readable=False)
"""The type of a parameter that names a file or socket; whoever opens it tells best why that cannot be done."""

PATIENCE = 10.0
"""Seconds for which a daemon that was there may be away."""

_LOOK_EVERY = 0.05


@frozen
class Remote:
    """Calls the daemon that listens on `socket`; a connection for each call."""

    socket: Path

    def call(self, method: str, **params: object) -> Any:
        """Call a method and return its result."""
        with self._client() as client:
            return client.call(method, **params)

    def clips(
        self, since_ns: int | None, until_ns: int | None, limit: int | None = None, **wanted: object
    ) -> Iterator[dict[str, Any]]:
        """Clips with their deliveries, newest first; those that are `wanted`, as `clips.list` knows it."""
        return listed(self.call, limit, since_ns=since_ns, until_ns=until_ns, **wanted)

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """A connection. What the daemon finds wrong with an argument is a usage error, as where click finds it."""
        with Client(self.socket) as client:
            try:
                yield client
            except UsageError as error:
                raise click.UsageError(str(error)) from error

    def stream(self, method: str, **params: object) -> Iterator[dict[str, Any]]:
        """Yield what a streaming method tells, until it ends. Raises NotRunning where the daemon hangs up."""
        with self._client() as client:
            client.call("hello")  # what does not answer that in time is no daemon; a stream may be silent for long
            yield from client.stream(method, **params)

    def follow(self, method: str, **params: object) -> Iterator[dict[str, Any]]:
        """As `stream`, through reloads and restarts. Raises NotRunning where no daemon answers for ten seconds."""
        give_up = time.monotonic()
        while True:
            answered = False
            try:
                with Client(self.socket) as client:
                    client.call("hello")
                    answered = True
                    yield from client.stream(method, **params)
            except TooSlow as error:
                say(f"appliance: {error}", error=True)
            except NotRunning:
                if not answered and time.monotonic() > give_up:
                    raise
            if answered:
                give_up = time.monotonic() + PATIENCE
            else:
                time.sleep(_LOOK_EVERY)

    def wait_for_turn(self, number: int) -> dict[str, Any]:
        """Wait until the configuration with this number, or a later one, has its turn; the status then.

        Raises NotRunning where that takes more than ten seconds.
        """
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                status: dict[str, Any] = self.call("status")
                if status["turn"] >= number:
                    return status
                late = NotRunning(f"the appliance at {self.socket} takes long to change. See `appliance status`")
            except NotRunning as error:
                late = error
            if time.monotonic() > give_up:
                raise late
            time.sleep(_LOOK_EVERY)

    def reload(self) -> bool:
        """Let the appliance read its configuration anew: whether it uses it now, or after the take in progress.

        Raises ConfigError where it cannot be used.
        """
        turn = self.call("status")["turn"]
        if not self.call("config.reload"):
            return False
        for fault in self.wait_for_turn(turn + 1)["faults"]:
            if fault["name"] == CONFIGURATION.name:
                raise ConfigError(fault["message"])
        return True


pass_remote = click.make_pass_decorator(Remote)
