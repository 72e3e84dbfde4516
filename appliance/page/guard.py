"""What is let through to the page: names that it may be called by, where a change may come from, and how often one may
try a password. Pure, but for the clock that is given.
"""

import ipaddress
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from urllib.parse import urlsplit

from appliance.clock import Clock
from appliance.retry import backoff

FREE_TRIES = 5
"""Wrong passwords from one address before it has to wait."""

LONGEST_WAIT = 300.0
"""Seconds that an address waits at most; nobody waits for the tries of others."""

_FIRST_WAIT = 1.0
_MOST_ADDRESSES = 1000


def split_address(listen: str) -> tuple[str, int]:
    """`ADDRESS:PORT` as its two parts."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether whoever listens at `host` is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str:
    """The name or the address in a header `Host`, without a port. Raises ValueError for what is neither."""
    if re.fullmatch(r"([^][:/?#@\\\s]+|\[[^][/?#@\\\s]+\])(:[0-9]{1,5})?", host) is None:
        raise ValueError("neither a name nor an address")
    return urlsplit(f"//{host}").hostname or ""


class Names:
    """What the box may be called in an address: names that are known, and any address in figures.

    A page of a stranger can have its own name point at this box (DNS rebinding), but not an address in figures.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._known = {"localhost", *(name.lower() for name in names)}

    def allow(self, host: str) -> bool:
        """Whether the header `Host` names this box."""
        try:
            name = host_name(host)
        except ValueError:
            return False
        if name.rstrip(".") in self._known:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def same_origin(origin: str | None, site: str | None, host: str) -> bool:
    """Whether a request that changes something comes from the page itself, as browsers tell.

    `origin` and `site` are the headers Origin and Sec-Fetch-Site. Every browser sends the first with such a request.
    """
    if site not in (None, "same-origin"):
        return False
    try:
        return origin is not None and urlsplit(origin).netloc == host
    except ValueError:
        return False


def network_of(address: str) -> str:
    """What all addresses of one network are known by that somebody may have to himself: of IPv6 it is a /64."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))


class Throttle:
    """How long an address has to wait before it may try a password again, by how often it was wrong."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def left(self, address: str) -> float:
        """Seconds until the next try is looked at; 0 where it is now."""
        with self._lock:
            count, last = self._wrong.get(network_of(address), (0, 0.0))
            waits = count - FREE_TRIES + 1
            pause = backoff(waits, _FIRST_WAIT, LONGEST_WAIT, lambda: 1.0) if waits > 0 else 0.0
            return max(0.0, last + pause - self._clock.monotonic())

    def wrong(self, address: str) -> None:
        """Somebody there was wrong."""
        with self._lock:
            count, _ = self._wrong.pop(network_of(address), (0, 0.0))
            self._wrong[network_of(address)] = (count + 1, self._clock.monotonic())
            while len(self._wrong) > _MOST_ADDRESSES:
                self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """Somebody there was right."""
        with self._lock:
            self._wrong.pop(network_of(address), None)


class Proxies:
    """Whose word counts for who asks: that of proxies at these addresses and networks, and of nobody else."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = [ipaddress.ip_network(each) for each in trusted]

    def trust(self, address: str) -> bool:
        """Whether a request from there may tell of another."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in self._trusted)

    def client(self, address: str, forwarded: str | None) -> str:
        """Who asks: the last address of the header X-Forwarded-For that no trusted proxy has."""
        if not self.trust(address):
            return address
        for told in reversed((forwarded or "").split(",")):
            address = told.strip() or address
            if not self.trust(address):
                break
        return address
