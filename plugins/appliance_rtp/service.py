"""Sends what the microphone hears, packet by packet, to whoever listens or not."""

import logging
import socket
from contextlib import suppress

from appliance.plugin import FrameBlock, House, StorageError
from appliance_rtp.options import RtpOptions
from appliance_rtp.packets import Packets, description

BLOCK = 1920
"""Frames of one block: a twenty-fifth of a second at 48 kHz."""

SDP = "stream.sdp"

_TOS = 0xB8
"""Expedited forwarding (RFC 3246): wireless networks send it before what can wait."""

log = logging.getLogger(__name__)


class Rtp:
    """One stream. Nobody tells whether anybody listens; what the network refuses is passed over."""

    def __init__(self, options: RtpOptions, house: House) -> None:
        self._options = options
        self._house = house
        self._packets: Packets | None = None

    def run(self) -> None:
        family = socket.AF_INET6 if ":" in self._options.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            if family == socket.AF_INET:
                channel.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _TOS)
            for block in self._house.frames(BLOCK, always=self._options.always):
                self._send(channel, block)

    def _send(self, channel: socket.socket, block: FrameBlock) -> None:
        try:
            if self._packets is None and block.data:
                self._describe(block)
                self._packets = Packets(block.format)
            if self._packets:
                for packet in self._packets.of(block):
                    with suppress(BlockingIOError):  # a line that is full loses packets rather than time
                        channel.sendto(packet, (self._options.address, self._options.port))
                self._house.clear_fault()
        except StorageError as error:
            self._house.raise_fault(str(error))
        except OSError as error:
            self._house.raise_fault(f"the stream does not leave the box: {error.strerror}. Look at its network")
        if block.is_last:  # the next one may be of another format
            self._packets = None

    def _describe(self, block: FrameBlock) -> None:
        options, path = self._options, self._house.folder / SDP
        title = f"{self._house.device} {self._house.name}"
        told = description(block.format, options.address, options.port, title)
        if not path.exists() or _lasting(path.read_text()) != _lasting(told):
            path.write_text(told, newline="")
        log.info("sending to %s port %s: open %s with a player", options.address, options.port, path)


def _lasting(told: str) -> list[str]:
    """All but its number."""
    return [line for line in told.splitlines() if not line.startswith("o=")]
