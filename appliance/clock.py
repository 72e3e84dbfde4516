"""Wall clock, monotonic clock, boot id, and where the time comes from. Everything that waits, waits here."""

import ctypes
import threading
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Protocol, TypeVar

from appliance.models import ClockSource, ClockStamp

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_RTC_SINCE_EPOCH = Path("/sys/class/rtc/rtc0/since_epoch")
_STA_UNSYNC = 0x0040
_PLAUSIBLE_RTC_ERROR = 120

T = TypeVar("T")


class Clock(Protocol):
    """The clocks of the box; tests give one that they turn by hand."""

    def monotonic(self) -> float:
        """CLOCK_MONOTONIC in seconds."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970 UTC, as the wall clock claims."""

    def stamp(self, at: float | None = None) -> ClockStamp:
        """Now, or the moment `at` (CLOCK_MONOTONIC seconds), on every clock at once."""

    def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
        """Wait on the held `condition` as `Condition.wait` does, by this clock. True where it was notified."""


class SystemClock:
    """The clocks of the machine."""

    def __init__(self) -> None:
        self._boot_id = _BOOT_ID.read_text().strip()

    monotonic = staticmethod(time.monotonic)
    wall_ns = staticmethod(time.time_ns)

    def stamp(self, at: float | None = None) -> ClockStamp:
        source = clock_source()  # first: a clock that is set in between must not vouch for the time before
        monotonic_ns = time.monotonic_ns()
        wall_ns = time.time_ns()
        if at is not None:
            shift = round(at * 1e9) - monotonic_ns
            monotonic_ns += shift
            wall_ns += shift
        offset = time.localtime(wall_ns / 1e9).tm_gmtoff
        return ClockStamp(wall_ns, monotonic_ns, self._boot_id, source, offset)

    def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
        return condition.wait(timeout)


def wait_for(clock: Clock, condition: threading.Condition, found: Callable[[], T], timeout: float | None) -> T:
    """Wait on the held `condition`, as `Condition.wait_for` does, by `clock`; what was found, or is not after `timeout`
    seconds.
    """
    until = inf if timeout is None else clock.monotonic() + timeout
    while not (result := found()) and (left := until - clock.monotonic()) > 0:
        clock.wait(condition, None if left == inf else left)
    return result


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2). Only `modes` (0: read) and `status` are used; the tail is room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


_libc = ctypes.CDLL(None, use_errno=True)


def clock_source() -> ClockSource:
    """Tell where the wall clock's time comes from.

    `ntp` while the kernel says that its clock is disciplined (STA_UNSYNC of adjtimex(2) is clear), `rtc` where a
    hardware clock exists and agrees with the wall clock to two minutes, else `none`.
    """
    timex = _Timex()
    if _libc.adjtimex(ctypes.byref(timex)) >= 0 and not timex.status & _STA_UNSYNC:
        return ClockSource.NTP
    try:
        rtc = int(_RTC_SINCE_EPOCH.read_text())
    except (OSError, ValueError):
        return ClockSource.NONE
    return ClockSource.RTC if abs(rtc - time.time()) < _PLAUSIBLE_RTC_ERROR else ClockSource.NONE
