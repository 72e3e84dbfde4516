"""Answers calls on the control socket, each connection on its own thread."""

import errno
import grp
import inspect
import json
import logging
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from appliance.codec import to_plain
from appliance.control import protocol
from appliance.errors import AlreadyRunning, ApplianceError

Methods = Mapping[str, Callable[..., object]]
"""What can be called: plain arguments in, a value object or plain value out, or a generator of objects to stream,
which yields None every few seconds while there is nothing to tell."""

_JOIN_TIMEOUT = 2.0

_LAST_ANSWERS = 1.0
"""Seconds for which calls that came before the end are waited for."""

log = logging.getLogger(__name__)


class _Gone(Exception):
    """The other side does not listen any more."""


class _Connection(socketserver.StreamRequestHandler):
    """One client. Calls are answered in order."""

    server: "_Server"
    streaming = False

    def setup(self) -> None:
        super().setup()
        self.server.open(self)

    def finish(self) -> None:
        self.server.forget(self)
        super().finish()

    def hang_up(self) -> None:
        """Answer the call that is being answered, and no other; end a stream at once. From another thread."""
        with suppress(OSError):  # the other side was quicker
            self.connection.shutdown(socket.SHUT_RDWR if self.streaming else socket.SHUT_RD)

    def handle(self) -> None:
        with suppress(_Gone, ConnectionResetError):
            while line := self.rfile.readline(protocol.MAX_LINE):
                self._answer(line)

    def _write(self, line: bytes) -> None:
        try:
            self.wfile.write(line)
        except OSError as error:
            raise _Gone from error

    def _answer(self, line: bytes) -> None:
        try:
            call = json.loads(line)
        except (ValueError, RecursionError):
            self._write(protocol.failure(None, protocol.PARSE_ERROR, "that line is not JSON"))
            return
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            self._write(protocol.failure(None, protocol.INVALID_REQUEST, "that line is not a JSON-RPC call"))
            return
        id, name, params = call.get("id"), call["method"], call.get("params") or {}
        try:
            method = self.server.methods[name]
        except KeyError:
            self._write(protocol.failure(id, protocol.METHOD_NOT_FOUND, f"there is no method {name!r}"))
            return
        try:
            inspect.signature(method).bind(**params)
        except TypeError as error:
            self._write(protocol.failure(id, protocol.INVALID_PARAMS, f"{name}: {error}"))
            return
        self._call(id, name, method, params)

    def _call(self, id: object, name: str, method: Callable[..., object], params: dict[str, object]) -> None:
        try:
            result = method(**params)
            if isinstance(result, Generator):
                self._stream(id, result)
            else:
                self._write(protocol.response(id, to_plain(result)))
        except ApplianceError as error:
            self._write(protocol.error_response(id, error))
        except _Gone:
            raise
        except Exception as error:  # a defect must answer its caller and leave the daemon alone
            log.exception("control method %s failed", name)
            self._write(protocol.failure(id, protocol.INTERNAL_ERROR, f"{name} failed inside: {error!r}"))

    def _stream(self, id: object, items: Generator[object, None, None]) -> None:
        self.streaming = True
        with closing(items):
            for item in items:
                if item is not None:
                    self._write(protocol.notification(to_plain(item)))
                elif self._hung_up():
                    return
        self.streaming = False
        self._write(protocol.response(id, None))

    def _hung_up(self) -> bool:
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, path: Path, methods: Methods) -> None:
        self.methods = methods
        self._changed = threading.Condition()
        self._connections: set[_Connection] = set()
        self._over = False
        super().__init__(str(path), _Connection)

    def open(self, connection: _Connection) -> None:
        """A connection begins."""
        with self._changed:
            self._connections.add(connection)
            if self._over:
                connection.hang_up()

    def forget(self, connection: _Connection) -> None:
        """A connection has ended."""
        with self._changed:
            self._connections.remove(connection)
            self._changed.notify_all()

    def hang_up(self, patience: float) -> None:
        """End every connection, now and from now on; wait up to `patience` seconds for the last answers."""
        with self._changed:
            self._over = True
            for connection in self._connections:
                connection.hang_up()
            self._changed.wait_for(lambda: all(other.streaming for other in self._connections), patience)


class ControlServer:
    """The listening end. The socket file belongs to `group`, whose members may call; everybody else may not."""

    def __init__(self, path: Path, group: str, methods: Methods) -> None:
        self._path = path
        self._group = group
        self._server: _Server | None = None
        self._methods = methods
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        """Listen. A socket left behind is replaced.

        Raises AlreadyRunning where another appliance listens there, ApplianceError where the socket cannot be made.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.is_socket():
                self._replace()
            self._server = _Server(self._path, self._methods)
            self._path.chmod(0o660)
        except OSError as error:
            raise ApplianceError(
                f"control socket {self._path} cannot be made: {error.strerror or error}. "
                "Set control.socket to a place this user may write to"
            ) from error
        self._give_to_group()
        self._thread.start()

    def _replace(self) -> None:
        """Remove a socket that nobody answers; the store's lock tells only of those that share its directory."""
        with socket.socket(socket.AF_UNIX) as caller:
            caller.setblocking(False)  # whoever listens may be too busy to take the call: EAGAIN
            if caller.connect_ex(str(self._path)) in (0, errno.EAGAIN):
                raise AlreadyRunning(
                    f"another appliance listens at {self._path}. Stop that one first, "
                    "or set control.socket to another place"
                )
        self._path.unlink()

    def _serve(self) -> None:
        """Take connections; unlike `serve_forever` this sleeps while nobody calls."""
        assert self._server
        while not self._stopping.is_set():
            self._server.handle_request()

    def _give_to_group(self) -> None:
        try:
            group = grp.getgrnam(self._group).gr_gid
            if self._path.stat().st_gid != group:
                os.chown(self._path, -1, group)
        except (KeyError, PermissionError):
            log.warning(
                "control socket %s: only its owner may use it, there is no group %s to give it to",
                self._path,
                self._group,
            )

    def close(self) -> None:
        """Stop listening, and hang up once what is being answered has been. Streams end at once."""
        if self._server is not None:
            self._stopping.set()
            self._server.socket.shutdown(socket.SHUT_RDWR)  # lets the thread wake
            self._thread.join(_JOIN_TIMEOUT)
            if self._thread.is_alive():
                raise ApplianceError("the control socket's thread does not end")
            self._server.hang_up(_LAST_ANSWERS)
            self._server.server_close()
            self._path.unlink(missing_ok=True)
            self._server = None
