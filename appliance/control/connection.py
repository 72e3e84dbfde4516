"""One client of the control socket, answered on a thread of its own."""

import inspect
import json
import logging
import socket
import struct
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress

from appliance.clock import Clock
from appliance.codec import to_plain
from appliance.control import protocol
from appliance.errors import ApplianceError, Refused, TooSlow, UsageError
from appliance.foreign import words

Methods = Mapping[str, Callable[..., object]]
"""What can be called: plain arguments in, a value object or plain value out, or a generator of objects to stream,
which yields None every few seconds while there is nothing to tell."""

_LARGER = 1 << 20
_TOO_SLOW = "the appliance hung up: what it told was not read for too long, and what came then is lost. Call again"

log = logging.getLogger(__name__)


class _Gone(Exception):
    """The other side does not listen any more."""


class Connection:
    """Calls are answered in order. One that takes nothing of an answer for `slow` seconds is hung up on."""

    def __init__(self, caller: socket.socket, methods: Methods, clock: Clock, slow: float) -> None:
        self._socket = caller
        self._methods = methods
        self._clock = clock
        self._ending = False
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(slow), int(slow % 1 * 1e6)))
        self.streaming = False
        """Whether it gets a stream now."""
        self.idle_since: float | None = clock.monotonic()
        """When it last had nothing more to say, CLOCK_MONOTONIC; None while it is being answered."""

    def run(self) -> None:
        """Answer, until one side hangs up."""
        with suppress(_Gone, OSError), self._socket, self._socket.makefile("rb") as lines:
            while line := lines.readline(protocol.MAX_LINE + 1):
                self.idle_since = None
                if len(line) > protocol.MAX_LINE:
                    self._fail(None, protocol.INVALID_REQUEST, f"a line may have {protocol.MAX_LINE} bytes at most")
                    return
                if self._ending and not line.endswith(b"\n"):
                    return  # cut by us: whoever was still sending it sends the whole to the next turn
                self._answer(line)
                self.idle_since = self._clock.monotonic()

    def end(self, *, streams: bool) -> None:
        """Answer what is being answered, and nothing more; a stream ends at once, or by itself. From any thread."""
        self._ending = True
        with suppress(OSError):  # the other side was quicker
            self._socket.shutdown(socket.SHUT_RDWR if self.streaming and streams else socket.SHUT_RD)

    def refuse(self, why: str) -> None:
        """Say why nobody answers it, and hang up: in place of `run`."""
        with self._socket:
            self.turn_away(why)

    def turn_away(self, why: str) -> None:
        """Say why it is hung up on, while it is idle. Returns at once. From any thread."""
        with suppress(OSError):
            self._socket.send(protocol.error_response(None, Refused(why)), socket.MSG_DONTWAIT)
            self._socket.shutdown(socket.SHUT_RDWR)

    def _write(self, line: bytes) -> None:
        try:
            self._socket.sendall(line)
        except BlockingIOError as error:
            log.warning("control: hung up on a program that does not read what it asked for")
            with suppress(OSError):  # a larger buffer has room for a last word, behind what may be half a line
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGER)
                self._socket.send(b"\n" + protocol.error_response(None, TooSlow(_TOO_SLOW)), socket.MSG_DONTWAIT)
            raise _Gone from error
        except OSError as error:
            raise _Gone from error

    def _fail(self, id: object, code: int, message: str, data: object = None) -> None:
        self._write(protocol.failure(id, code, message, data))

    def _answer(self, line: bytes) -> None:
        try:
            call = json.loads(line)
        except (ValueError, RecursionError):
            self._fail(None, protocol.PARSE_ERROR, "that line is not JSON")
            return
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            self._fail(None, protocol.INVALID_REQUEST, "that line is not a JSON-RPC call")
            return
        id, name, params = call.get("id"), call["method"], call.get("params") or {}
        try:
            method = self._methods[name]
        except KeyError:
            self._fail(id, protocol.METHOD_NOT_FOUND, f"there is no method {name[:100]!a}: `describe` lists them")
            return
        try:
            inspect.signature(method).bind(**params)
        except TypeError as error:
            self._fail(id, protocol.INVALID_PARAMS, f"{name}: {error}")
            return
        self._call(id, name, method, params)

    def _call(self, id: object, name: str, method: Callable[..., object], params: dict[str, object]) -> None:
        try:
            result = method(**params)
            if isinstance(result, Generator):
                self._stream(id, result)
            else:
                self._write(protocol.response(id, result, to_plain))
        except UsageError as error:
            self._fail(id, protocol.INVALID_PARAMS, str(error), {"type": type(error).__name__})
        except ApplianceError as error:
            self._write(protocol.error_response(id, error))
        except _Gone:
            raise
        except Exception as error:  # a defect must answer its caller and leave the daemon alone
            log.exception("control method %s failed", name)
            self._fail(id, protocol.INTERNAL_ERROR, f"{name} failed inside: {words(error)}")

    def _stream(self, id: object, items: Generator[object, None, None]) -> None:
        self.streaming = True
        with closing(items):
            for item in items:
                if item is not None:
                    self._write(protocol.notification(item, to_plain))
                elif self._hung_up():
                    return
        self.streaming = False
        self._write(protocol.response(id, None))

    def _hung_up(self) -> bool:
        """Whether the other side has gone. What we shut ourselves looks the same, and is none of its doing."""
        try:
            return not (self._ending or self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return False
        except OSError:
            return True
