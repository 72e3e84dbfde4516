"""Calls the daemon on its control socket."""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from appliance.control import protocol
from appliance.errors import ApplianceError, NotRunning
from appliance.listed import PAGE

_LONGEST_LINE = 1 << 26
"""Bytes; no answer of the daemon is as long."""


def listed(call: Callable[..., Any], limit: int | None = None, **wanted: object) -> Iterator[dict[str, Any]]:
    """Clips with their deliveries, newest first; however many there are, one page after the other by `call`.

    Those that are `wanted`, as `clips.list` knows it.
    """
    left, after = limit, None
    while left is None or left > 0:
        size = PAGE if left is None else min(left, PAGE)
        page = call("clips.list", limit=size, after=after, **wanted)
        yield from page
        if len(page) < size:
            return
        left, after = left and left - size, page[-1]["clip"]["id"]


T = TypeVar("T")


def recordings(found: Sequence[T], clip: Callable[[T], Mapping[str, Any]]) -> list[list[T]]:
    """The parts of each recording in their order; the recordings newest first, as the clips were `found`.

    `clip` gives the clip of what was found, which names the one that it `continues`.
    """
    chains: list[list[T]] = []
    open_ends: dict[str, list[T]] = {}
    for each in reversed(found):
        chain = open_ends.pop(clip(each)["continues"] or "", None)
        if chain is None:
            chain = []
            chains.append(chain)
        chain.append(each)
        open_ends[clip(each)["id"]] = chain
    return chains[::-1]


class Client:
    """One connection to the daemon. Use it in a `with` block.

    Raises NotRunning where nobody answers, or something else than the daemon does, and whatever error it answers with.
    """

    def __init__(self, path: Path, timeout: float = 30.0) -> None:
        self._path = path
        self._timeout = timeout
        self._calls = 0
        self._unsent = b""
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # in a blocking connect the kernel waits while many others want to be let in; a timeout of ours would give up
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", ceil(self._timeout), 0))
        try:
            self._socket.connect(str(self._path))
        except PermissionError as error:
            raise NotRunning(
                f"the control socket {self._path} is not open to you: you are not in its group. "
                "Run `sudo usermod -aG appliance $USER` and log in again"
            ) from error
        except OSError as error:
            raise NotRunning(
                f"no appliance answers at {self._path}: {error.strerror or error}. "
                "Start it with `sudo systemctl start appliance`, or `appliance run` in another terminal"
            ) from error
        self._socket.settimeout(self._timeout)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._hang_up()

    def call(self, method: str, **params: object) -> Any:
        """Call `method` and return its result as plain JSON values."""
        self._send(method, params)
        return self._receive().get("result")

    def stream(self, method: str, **params: object) -> Iterator[dict[str, Any]]:
        """Call a method that streams, and yield its items to the last. Raises NotRunning where the daemon hangs up."""
        self._socket.settimeout(None)
        self._send(method, params)
        while "params" in (message := self._receive()):
            yield message["params"]

    def _send(self, method: str, params: dict[str, object]) -> None:
        self._calls += 1
        line = protocol.encode({"id": self._calls, "method": method, "params": params})
        try:
            self._socket.sendall(line)
        except ConnectionError:  # where it was hung up, what can still be read may say why
            self._unsent = line

    def _send_anew(self) -> None:
        """Call once more what nobody has taken: the appliance has another configuration now, or is stopping."""
        line, self._unsent = self._unsent, b""
        waits = self._socket.gettimeout()
        self._hang_up()
        self._connect()
        self._socket.settimeout(waits)
        with suppress(ConnectionError):
            self._socket.sendall(line)

    def _hang_up(self) -> None:
        self._lines.close()
        self._socket.close()

    def _receive(self) -> dict[str, Any]:
        message = protocol.message(self._line()) or protocol.message(self._line())  # half a line: the next one says why
        if message is None:
            raise NotRunning(
                f"what listens at {self._path} is not the appliance. Give its control socket, control.socket says which"
            )
        if "error" in message:
            raise protocol.to_error(message["error"])
        return message

    def _line(self) -> bytes:
        try:
            line = self._lines.readline(_LONGEST_LINE)
        except TimeoutError as error:
            raise ApplianceError(
                f"the appliance at {self._path} does not answer in time. See `appliance status`"
            ) from error
        except ConnectionError:
            line = b""
        if not line and self._unsent:
            self._send_anew()
            return self._line()
        if not line:
            raise NotRunning(f"the appliance at {self._path} hung up: it is stopping. Try again in a moment")
        return line
