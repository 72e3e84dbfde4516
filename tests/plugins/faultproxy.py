"""A TCP proxy on 127.0.0.1 that breaks connections as it is told: the network of the field, on demand."""

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable

from attrs import define, field, frozen

BLOCK = 64 * 1024
TICK = 0.02


@frozen
class Fault:
    """What happens to one connection. Byte counts are of what the client sent (`up`) or the server answered (`down`).

    `delay` is in seconds before anything passes; `up_rate` and `down_rate` in bytes per second. A reset is a TCP RST to
    both sides, a cut an orderly end to the client, a stall a silence that lasts until the proxy closes.
    """

    delay: float = 0.0
    up_rate: float | None = None
    down_rate: float | None = None
    reset_after_up: int | None = None
    stall_after_up: int | None = None
    reset_after_down: int | None = None
    stall_after_down: int | None = None
    cut_after_down: int | None = None


HEALTHY = Fault()
RESET_AT_ONCE = Fault(reset_after_up=0)


@define
class _Flow:
    """One direction: where bytes come from, where they go, what is on its way and how much has passed."""

    source: socket.socket
    sink: socket.socket
    pending: bytes = b""
    passed: int = 0
    ended: bool = False
    not_before: float = 0.0
    rate: float | None = None

    def room(self, limits: list[int | None]) -> int:
        """How many bytes may be read now, so that no limit is overshot."""
        room = BLOCK if self.rate is None else max(1, int(self.rate * TICK))
        return min([room, *(limit - self.passed for limit in limits if limit is not None and limit > self.passed)])


@define
class FaultProxy:
    """Passes connections on to `target` (host, port).

    Each new connection takes the first of `faults`, else what `choose(number)` says (number counts from 0), else it is
    healthy. `connections` counts them; `host` and `port` are where to connect.
    """

    target: tuple[str, int]
    faults: list[Fault] = field(factory=list)
    choose: Callable[[int], Fault] = lambda _: HEALTHY
    connections: int = 0
    _stopping: threading.Event = field(factory=threading.Event)
    _threads: list[threading.Thread] = field(factory=list)
    _listener: socket.socket = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK)  # a line holds little, a kernel megabytes
        self._listener.settimeout(0.1)
        self._spawn(self._accept)

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """End all connections and threads."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(5)
            if thread.is_alive():
                raise RuntimeError("a thread of the fault proxy does not end")
        self._listener.close()

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="fault-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            fault = self.faults.pop(0) if self.faults else self.choose(self.connections)
            self.connections += 1
            self._spawn(self._serve, client, fault)

    def _serve(self, client: socket.socket, fault: Fault) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(client.close)
            self._stopping.wait(fault.delay)
            if fault.reset_after_up == 0:
                _reset(client)
                return
            try:
                server = socket.create_connection(self.target, timeout=5)
            except OSError:
                _reset(client)
                return
            stack.callback(server.close)
            for side in (client, server):
                side.setblocking(False)
            with contextlib.suppress(OSError):
                up, down = _Flow(client, server, rate=fault.up_rate), _Flow(server, client, rate=fault.down_rate)
                self._pump(up, down, fault)

    def _pump(self, up: _Flow, down: _Flow, fault: Fault) -> None:
        up_limits = [fault.reset_after_up, fault.stall_after_up]
        down_limits = [fault.reset_after_down, fault.stall_after_down, fault.cut_after_down]
        while not self._stopping.is_set() and not (down.ended and not down.pending):
            self._step(up, up_limits)
            self._step(down, down_limits)
            if fault.reset_after_up is not None and up.passed >= fault.reset_after_up:
                _reset(up.source)
                _reset(up.sink)
                return
            if fault.stall_after_up is not None and up.passed >= fault.stall_after_up:
                self._stopping.wait()
                return
            answered = down.passed > 0 or bool(down.pending)
            if fault.reset_after_down is not None and answered and down.passed >= fault.reset_after_down:
                _reset(up.source)
                _reset(up.sink)
                return
            if fault.cut_after_down is not None and answered and down.passed >= fault.cut_after_down:
                return
            if fault.stall_after_down is not None and answered and down.passed >= fault.stall_after_down:
                self._stopping.wait()
                return
            self._wait(up, down)

    def _step(self, flow: _Flow, limits: list[int | None]) -> None:
        if not flow.pending and not flow.ended and time.monotonic() >= flow.not_before:
            with contextlib.suppress(BlockingIOError):
                flow.pending = flow.source.recv(flow.room(limits))
                flow.ended = not flow.pending
                if flow.rate is not None:
                    flow.not_before = time.monotonic() + len(flow.pending) / flow.rate
                if flow.ended:
                    flow.sink.shutdown(socket.SHUT_WR)
        held_back = any(limit is not None and flow.passed >= limit for limit in limits)
        if flow.pending and not held_back:
            with contextlib.suppress(BlockingIOError):
                sent = flow.sink.send(flow.pending)
                flow.passed += sent
                flow.pending = flow.pending[sent:]

    def _wait(self, up: _Flow, down: _Flow) -> None:
        with selectors.DefaultSelector() as selector:
            wanted: dict[socket.socket, int] = {}
            for flow in (up, down):
                if flow.pending:
                    wanted[flow.sink] = wanted.get(flow.sink, 0) | selectors.EVENT_WRITE
                elif not flow.ended and time.monotonic() >= flow.not_before:
                    wanted[flow.source] = wanted.get(flow.source, 0) | selectors.EVENT_READ
            for side, events in wanted.items():
                selector.register(side, events)
            selector.select(TICK)


def _reset(side: socket.socket) -> None:
    """Close so that the peer sees ECONNRESET instead of an orderly end."""
    with contextlib.suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    side.close()
