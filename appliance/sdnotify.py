"""Tell systemd how the service is: READY, RELOADING, WATCHDOG, STATUS, EXTEND_TIMEOUT_USEC. See sd_notify(3)."""

import logging
import os
import socket

log = logging.getLogger(__name__)


def notify(message: str) -> None:
    """Send one state line (or several, newline-separated) to systemd; do nothing where it does not listen.

    Whoever records goes on at once where systemd is away or busy, as it is for a moment when it is updated.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.setblocking(False)
        try:
            channel.sendto(message.encode(), address)
        except OSError as error:
            log.warning("systemd does not hear %s: %s", message.splitlines()[0], error)


def reloading(now: float) -> str:
    """What systemd is told at the moment `now` (CLOCK_MONOTONIC) when a reload begins; READY=1 ends it."""
    return f"RELOADING=1\nMONOTONIC_USEC={now * 1e6:.0f}"


def goes_on(seconds: float, status: str) -> str:
    """What systemd is told while the start takes its time: to wait for so many seconds more, and why."""
    return f"EXTEND_TIMEOUT_USEC={seconds * 1e6:.0f}\nSTATUS={status}"


def watchdog_seconds() -> float | None:
    """Seconds within which systemd wants to hear WATCHDOG=1, or None where it does not watch this process."""
    microseconds = os.environ.get("WATCHDOG_USEC")
    watched = os.environ.get("WATCHDOG_PID")
    if not microseconds or (watched and int(watched) != os.getpid()):
        return None
    return int(microseconds) / 1e6
