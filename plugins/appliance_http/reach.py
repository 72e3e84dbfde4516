"""Keeps redirects away from the box's own services: what a stranger's server says must not ask them for anything."""

import ipaddress
import socket

from appliance.plugin import Permanent


class Reach:
    """Where the connections of one exchange may lead: to this box, or to a network of this link alone, only by the
    address that was named first, which a person configured. Known by the addresses that were reached, not by names.
    """

    def __init__(self) -> None:
        self._first: tuple[str, int] | None = None

    def check(self, connection: socket.socket, *, proxied: bool) -> None:
        """Raise Permanent where a redirect must not lead. What lies behind a proxy is the proxy's to refuse."""
        peer = connection.getpeername()[:2]
        if self._first is None:
            self._first = peer
        if peer != self._first and not proxied and _is_near(peer[0], connection.getsockname()[0]):
            raise Permanent(
                f"a redirect leads to {peer[0]}, port {peer[1]}: to this box itself, where strangers must not send it. "
                "Add the line `allow_local: true` if that is meant"
            )


def _is_near(peer: str, own: str) -> bool:
    """Whether this is an address of this box or of its link alone, such as a cloud's metadata has."""
    address = ipaddress.ip_address(peer.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return peer == own or address.is_loopback or address.is_link_local or address.is_unspecified
