"""What the kernel says when the network comes back, and when it does not."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import SystemClock
from appliance.events import Event, FaultRaised
from appliance.faults import DEFECT
from appliance.network import NetworkWatch, Signs
from appliance.vitals import Vitals

SOON = 10.0
CLOCK = SystemClock()
UP, DOWN = 0x1043, 0x1003


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body + bytes(-len(body) % 4)


def link(flags: int, index: int = 2, kind: int = 16) -> bytes:
    return message(kind, struct.pack("=BxHiII", 0, 1, index, flags, 0))


def route(kind: int = 24, type: int = 1) -> bytes:
    return message(kind, struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 3, 0, type, 0))


@pytest.mark.parametrize(
    ("datagram", "good"),
    [
        (link(UP), True),
        (link(DOWN), False),
        (link(UP | 0x8), False),
        (link(UP, kind=17), False),
        (route(), True),
        (route(type=2), False),
        (route(kind=25), False),
        (link(DOWN) + route(), True),
        (route()[:-4], False),
        (b"", False),
    ],
)
def test_signs(datagram: bytes, good: bool) -> None:
    assert Signs().good(datagram) is good


def test_a_link_that_only_scans_is_no_news() -> None:
    signs = Signs()
    said = [signs.good(link(flags)) for flags in (UP, UP, DOWN, DOWN, UP, UP)]
    assert said == [True, False, False, False, True, False]
    assert signs.good(link(UP, index=3))


@given(st.binary())
def test_any_bytes_are_read(datagram: bytes) -> None:
    Signs().good(datagram)


class Ear:
    """Counts how often it was told."""

    def __init__(self) -> None:
        self.told = 0
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.told += 1
            self._changed.notify_all()

    def wait(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.told >= count, SOON)


@pytest.fixture
def kernel() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, kernels = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, kernels:
        yield ours, kernels


def test_many_steps_make_one_network(kernel: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = kernel
    ear = Ear()
    watch = NetworkWatch(ear, CLOCK, Vitals(CLOCK), lambda: ours, settle=0.2)
    watch.start()
    for datagram in (link(DOWN), link(UP), route(), route()):
        theirs.send(datagram)
    assert ear.wait(1)
    theirs.send(route())
    assert ear.wait(2)
    watch.close()
    assert ear.told == 2


def test_a_defect_is_told_and_the_next_word_of_the_kernel_is_heard(kernel: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = kernel
    ear, posted, told = Ear(), list[Event](), threading.Semaphore(0)

    def broken_once() -> None:
        if not posted:
            raise ZeroDivisionError
        ear()

    def post(event: Event) -> None:
        posted.append(event)
        told.release()

    watch = NetworkWatch(broken_once, CLOCK, Vitals(CLOCK, post), lambda: ours, settle=0.0, after_defect=0.0)
    watch.start()
    theirs.send(route())
    assert told.acquire(timeout=SOON)
    theirs.send(route())
    assert ear.wait(1)
    watch.close()
    raised, cleared = posted
    assert isinstance(raised, FaultRaised) and raised.fault.name == "defect:network"
    assert cleared == DEFECT.cleared("network")


def test_where_the_kernel_does_not_tell_nothing_is_heard() -> None:
    def refuse() -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    watch = NetworkWatch(Ear(), CLOCK, Vitals(CLOCK), refuse)
    watch.start()
    watch.close()


def test_a_watch_that_never_began_can_be_closed() -> None:
    NetworkWatch(Ear(), CLOCK, Vitals(CLOCK)).close()


_IN_A_NAMESPACE = """
import subprocess, threading
from appliance.clock import SystemClock
from appliance.network import NetworkWatch
from appliance.vitals import Vitals

told = threading.Semaphore(0)
clock = SystemClock()
watch = NetworkWatch(told.release, clock, Vitals(clock), settle=0.3)
watch.start()
run = lambda command: subprocess.run(["ip", *command.split()], check=True)
run("link add near type veth peer name far")
run("link set near up")
assert not told.acquire(timeout=1.5), "a link without a carrier is no network"
run("link set far up")
assert told.acquire(timeout=10), "a carrier"
run("addr add 10.1.2.3/24 dev near")
run("route add default via 10.1.2.1")
assert told.acquire(timeout=10), "a way out"
while told.acquire(timeout=1.5):
    pass  # addresses of IPv6 settle later, and bring routes
run("link set far down")
assert not told.acquire(timeout=1.5), "a carrier that goes is none that comes"
watch.close()
print("heard")
"""


@pytest.mark.slow
def test_a_real_kernel_tells_of_a_cable() -> None:
    """In a network namespace of its own, with a virtual cable."""
    if os.getuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("a network namespace needs root, unshare and ip")
    command = ["unshare", "-n", sys.executable, "-c", _IN_A_NAMESPACE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "heard\n", done.stderr
