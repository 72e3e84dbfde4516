"""Sends what the microphone hears, packet by packet, to whoever listens or not."""

import logging
import socket
from collections.abc import Iterator
from contextlib import suppress
from math import inf

from appliance.plugin import FrameBlock, House, StorageError, write_file
from appliance_rtp.options import RtpOptions
from appliance_rtp.packets import Packets, description
from appliance_rtp.reports import EVERY

BLOCK = 1920
"""Frames of one block: a twenty-fifth of a second at 48 kHz."""

SDP = "stream.sdp"

_AGAIN = 60.0
"""Seconds of sound until what could not be written is tried again."""

_TOS = 0xB8
"""Expedited forwarding (RFC 3246): wireless networks send it before what can wait."""

log = logging.getLogger(__name__)


class Rtp:
    """One stream. Nobody tells whether anybody listens; what the network refuses is passed over."""

    def __init__(self, options: RtpOptions, house: House) -> None:
        self._options = options
        self._house = house
        self._packets: Packets | None = None
        self._trouble = ""
        self._describe_at = inf
        self._report_at = inf

    def run(self) -> None:
        family = socket.AF_INET6 if ":" in self._options.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            if family == socket.AF_INET:
                channel.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _TOS)
            for block in self._house.frames(BLOCK, always=self._options.always):
                self._send(channel, block)

    def _send(self, channel: socket.socket, block: FrameBlock) -> None:
        if self._packets is None and block.data:
            self._packets, self._describe_at, self._report_at = Packets(block.format), block.at, block.at
        if self._packets and block.at >= self._describe_at:
            self._trouble = self._described(block)
            self._describe_at = block.at + _AGAIN if self._trouble else inf
        trouble = self._trouble
        try:
            for packet, port in self._due(self._packets, block) if self._packets else ():
                with suppress(BlockingIOError):  # a line that is full loses packets rather than time
                    channel.sendto(packet, (self._options.address, port))
        except OSError as error:
            trouble = f"the stream does not leave the box: {error.strerror}. Look at its network"
        if trouble:
            self._house.raise_fault(trouble)
        elif self._packets:
            self._house.clear_fault()
        if block.is_last:  # the next one may be of another format
            self._packets = None

    def _due(self, packets: Packets, block: FrameBlock) -> Iterator[tuple[bytes, int]]:
        """What goes to which port: sound, and now and then the moment that it is of."""
        for packet in packets.of(block):
            yield packet, self._options.port
        if block.at >= self._report_at:
            self._report_at = block.at + EVERY
            now = self._house.now()
            began = now.wall_ns - now.monotonic_ns + round(block.at * 1e9)
            yield packets.report(block, began, f"{self._house.name}@{self._house.device}"), self._options.port + 1

    def _described(self, block: FrameBlock) -> str:
        """Write down what players must know; why that cannot be, which is no reason not to send."""
        options = self._options
        try:
            path = self._house.folder / SDP
            title = f"{self._house.device} {self._house.name}"
            told = description(block.format, options.address, options.port, title).encode()
            if not path.exists() or _lasting(path.read_bytes()) != _lasting(told):
                write_file(path, told, mode=0o644)
        except StorageError as error:
            return str(error)
        except OSError as error:
            return f"{SDP}, which new players need, cannot be written: {error.strerror}. Look at the disk"
        log.info("sending to %s port %s: open %s with a player", options.address, options.port, path)
        return ""


def _lasting(told: bytes) -> list[bytes]:
    """All but its number."""
    return [line for line in told.splitlines() if not line.startswith(b"o=")]
