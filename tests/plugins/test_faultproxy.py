"""The fault proxy breaks what it should, and nothing else."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.plugins.faultproxy import RESET_AT_ONCE, Fault, FaultProxy

MESSAGE = bytes(range(256)) * 1024


def everything(peer: socket.socket) -> bytes:
    return b"".join(iter(lambda: peer.recv(65536), b""))


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that reads to the end and then sends everything back; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.sendall(everything(peer))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def exchange(proxy: FaultProxy, message: bytes = MESSAGE, timeout: float = 5.0) -> bytes:
    with socket.create_connection((proxy.host, proxy.port), timeout=timeout) as peer:
        peer.sendall(message)
        try:
            peer.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise ConnectionResetError("before the end was told") from error  # ENOTCONN: it came between two calls
        return everything(peer)


def test_a_healthy_connection_passes_every_byte(echo: int, fault_proxy: Callable[[int], FaultProxy]) -> None:
    assert exchange(fault_proxy(echo)) == MESSAGE


@pytest.mark.parametrize(
    "fault", [RESET_AT_ONCE, Fault(reset_after_up=1000), Fault(reset_after_down=0), Fault(reset_after_down=1000)]
)
def test_a_reset_is_seen_as_a_reset(fault: Fault, echo: int, fault_proxy: Callable[[int], FaultProxy]) -> None:
    proxy = fault_proxy(echo)
    proxy.faults.append(fault)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        exchange(proxy)
    assert exchange(proxy) == MESSAGE


def test_a_cut_answer_ends_in_order(echo: int, fault_proxy: Callable[[int], FaultProxy]) -> None:
    proxy = fault_proxy(echo)
    proxy.faults.append(Fault(cut_after_down=1000))
    with contextlib.suppress(ConnectionResetError):
        assert exchange(proxy) == MESSAGE[:1000]


@pytest.mark.parametrize("fault", [Fault(stall_after_up=1000), Fault(stall_after_down=1000)])
def test_a_stall_is_silence(fault: Fault, echo: int, fault_proxy: Callable[[int], FaultProxy]) -> None:
    proxy = fault_proxy(echo)
    proxy.faults.append(fault)
    with pytest.raises(TimeoutError):
        exchange(proxy, MESSAGE[:2000], timeout=0.3)


def test_a_slow_link_is_slow(echo: int, fault_proxy: Callable[[int], FaultProxy]) -> None:
    proxy = fault_proxy(echo)
    proxy.faults.append(Fault(up_rate=1000))
    began = time.monotonic()
    assert exchange(proxy, MESSAGE[:300]) == MESSAGE[:300]
    assert time.monotonic() - began > 0.25
