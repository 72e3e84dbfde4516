"""Where the packets go."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from attrs import frozen
from attrs.validators import and_, ge, le

from appliance.plugin import option


def is_near(address: IPv4Address | IPv6Address) -> bool:
    """Whether it lies in a network of one's own, where sound may go as it is; a group does, as routers pass none on."""
    return address.is_private or address.is_link_local or address.is_multicast


def _address(_: Any, __: Any, text: str) -> None:
    try:
        near = is_near(ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is no address: write four numbers, as in 192.168.1.20, or a group") from None
    if not near:
        raise ValueError(f"{text} is not in your own network, and nothing of this is encrypted: use `icecast`")


@frozen
class RtpOptions:
    """What the microphone hears, live and as it is (RTP with L16, RFC 3551), for players in the same network.

    What a player needs to know is in the state directory, `services/NAME/stream.sdp`: open that file with VLC or
    ffplay.
    """

    address: str = option(
        help="Who gets it: the address of a computer, or of a group (239.0.0.0 to 239.255.255.255) that any number of "
        "them listen to.",
        check=_address,
        example="239.20.20.20",
    )
    port: int = option(5004, "The port that they listen at; an even one.", check=and_(ge(1024), le(65_534)))
    always: bool = option(
        True, "Send always: the microphone is open then, as everybody is shown. Else while something is recorded."
    )

    @property
    def sends_sound(self) -> bool:
        """Whatever it does, it sends sound that is not encrypted to `storage.encrypt_to`."""
        return True
