"""The listening end of the control socket: who is let in, and how it ends."""

import grp
import logging
import os
import select
import socket
import threading
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path

from appliance.clock import Clock, wait_for
from appliance.control.connection import Connection, Methods
from appliance.door import Door
from appliance.errors import Stuck
from appliance.values import frozen
from appliance.vitals import Vitals

_JOIN_TIMEOUT = 2.0

_LAST_ANSWERS = 1.0
"""Seconds for which calls that came before the end are waited for."""

_REST = 0.5
"""Seconds until callers are looked at again, where none can be let in for lack of file descriptors or memory."""

log = logging.getLogger(__name__)


@frozen
class Limits:
    """What clients may cost. `slow` and `idle` are in seconds.

    One that takes nothing of its answer for `slow` is hung up on. Where all `connections` are in use, the one that has
    been silent for longest gives way, if that was `idle` at least; else the next one is refused.
    """

    connections: int = 64
    slow: float = 30.0
    idle: float = 60.0


_LIMITS = Limits()


class ControlServer:
    """The socket file belongs to `group`, whose members may call; everybody else may not."""

    def __init__(
        self,
        path: Path,
        group: str,
        clock: Clock,
        vitals: Vitals | None = None,
        *,
        limits: Limits = _LIMITS,
        door: Door | None = None,
    ) -> None:
        """A `door` that is given outlives it: who calls afterwards waits for the next server."""
        self._path = path
        self._group = group
        self._clock = clock
        self._limits = limits
        self._door = door or Door()
        self._lasts = door is not None
        self._wake = -1
        self._methods: Methods = {}
        self._socket: socket.socket | None = None
        self._changed = threading.Condition()
        self._connections: set[Connection] = set()
        self._stopping = False
        self._complaint = ""
        self._vitals = vitals or Vitals(clock)
        self._pulse = self._vitals.pulse("control", inf)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self, methods: Methods) -> None:
        """Listen. A socket left behind is replaced.

        Raises AlreadyRunning where another appliance listens there, ApplianceError where the socket cannot be made.
        """
        self._methods = methods
        self._socket = self._door.open(self._path)
        self._wake = os.eventfd(0)
        self._give_to_group()
        self._thread.start()

    def deafen(self) -> None:
        """Take no more calls, and wait a moment for the last answers. Streams go on until they end by themselves."""
        self._end(streams=False)

    def close(self) -> None:
        """Stop listening, and hang up once what is being answered has been. Streams end at once."""
        self._end(streams=True)

    def _end(self, *, streams: bool) -> None:
        if self._socket is not None:
            with self._changed:
                self._stopping = True
                self._changed.notify_all()
            os.eventfd_write(self._wake, 1)
            self._thread.join(_JOIN_TIMEOUT)
            if self._thread.is_alive():
                raise Stuck("the control socket's thread does not end")
            self._vitals.remove(self._pulse)
            os.close(self._wake)
            self._socket = None
            if not self._lasts:
                self._door.close()
        with self._changed:
            for connection in self._connections:
                connection.end(streams=streams)
            wait_for(self._clock, self._changed, self._only_streams, _LAST_ANSWERS)

    def _give_to_group(self) -> None:
        try:
            self._give_to(grp.getgrnam(self._group).gr_gid)
        except (KeyError, PermissionError):
            with suppress(PermissionError):
                self._give_to(os.getegid())  # it may be that of the group before
            log.warning(
                "control socket %s: only its owner may use it, there is no group %s to give it to",
                self._path,
                self._group,
            )

    def _give_to(self, group: int) -> None:
        if self._path.stat().st_gid != group:
            os.chown(self._path, -1, group)

    def _serve(self) -> None:
        """Let callers in."""
        assert self._socket
        looks = select.poll()
        for each in (self._socket.fileno(), self._wake):
            looks.register(each, select.POLLIN)
        while looks.poll() and not self._stopping:
            if not self._pulse.guard(partial(self._let_in, self._socket), False):
                self._stops_within(_REST)

    def _let_in(self, door: socket.socket) -> bool:
        """Whether the next caller can be looked at at once."""
        try:
            caller, _ = door.accept()
        except BlockingIOError:
            return True  # who called has gone
        except OSError as error:
            if self._complaint != (complaint := str(error)):
                log.warning("control: nobody can be let in now: %s", complaint)
            self._complaint = complaint
            return False
        self._complaint = ""
        self._admit(Connection(caller, self._methods, self._clock, self._limits.slow))
        return True

    def _stops_within(self, seconds: float) -> bool:
        with self._changed:
            return wait_for(self._clock, self._changed, lambda: self._stopping, seconds)

    def _only_streams(self) -> bool:
        return all(each.streaming for each in self._connections)

    def _admit(self, connection: Connection) -> None:
        with self._changed:
            full = len(self._connections) >= self._limits.connections
            if full and (longest := self._longest_idle()):
                longest.turn_away(f"others need the connection, and this one was silent for {self._limits.idle:g} s")
                self._connections.remove(longest)
            elif full:
                connection.refuse(f"{self._limits.connections} programs are connected already. End one of them")
                return
            self._connections.add(connection)
        try:
            threading.Thread(target=self._answer, args=(connection,), name="call", daemon=True).start()
        except RuntimeError as error:
            self._forget(connection)
            connection.refuse(f"the appliance cannot take another call now: {error}. Try again in a moment")

    def _longest_idle(self) -> Connection | None:
        """Of those that have been silent for long enough to give way, the first."""
        idle = [(each.idle_since, each) for each in self._connections if each.idle_since is not None]
        since, longest = min(idle, key=lambda item: item[0], default=(inf, None))
        return longest if self._clock.monotonic() - since >= self._limits.idle else None

    def _answer(self, connection: Connection) -> None:
        try:
            connection.run()
        finally:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        with self._changed:
            self._connections.discard(connection)
            self._changed.notify_all()
