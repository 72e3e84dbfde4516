"""Packets of RTP (RFC 3550) with sound as L16 (RFC 3551, 4.5.11), and what tells players of them: SDP (RFC 8866)."""

import secrets
import struct
from collections.abc import Iterator

from appliance.plugin import AudioFormat, FrameBlock
from appliance_rtp.reports import report

MOST = 1200
"""Bytes of sound in a packet at most, which every network passes on in one piece."""

_VERSION = 2 << 6
_MARK = 1 << 7
_DYNAMIC = 96
_FIXED = {(44_100, 2): 10, (44_100, 1): 11}
"""Payload types that RFC 3551 has given to a rate and channels."""


def payload_type(format: AudioFormat) -> int:
    """The number by which packets say what they hold."""
    return _FIXED.get((format.rate, format.channels), _DYNAMIC)


class Packets:
    """One stream in one format, numbered from anywhere on, as RFC 3550 wants it."""

    def __init__(self, format: AudioFormat) -> None:
        self._kind = payload_type(format)
        self._frame = 2 * format.channels
        self._source = secrets.randbits(32)
        self._number = secrets.randbits(16)
        self._first = secrets.randbits(32)
        self._mark = _MARK
        self._sent = self._octets = 0

    def of(self, block: FrameBlock) -> Iterator[bytes]:
        """Those of a block. What was lost before it is missing in their times too."""
        if block.dropped:
            self._mark = _MARK
        sound = (block.floats() * 32_768).clip(-32_768, 32_767).astype(">i2").tobytes()
        step = max(1, MOST // self._frame) * self._frame
        for begin in range(0, len(sound), step):
            at = self._time_of(block.offset + begin // self._frame)
            head = struct.pack("!BBHII", _VERSION, self._mark | self._kind, self._number, at, self._source)
            self._number, self._mark = (self._number + 1) % (1 << 16), 0
            self._sent, self._octets = self._sent + 1, self._octets + len(sound[begin : begin + step])
            yield head + sound[begin : begin + step]

    def report(self, block: FrameBlock, wall_ns: int, name: str) -> bytes:
        """That a block began to sound at `wall_ns` (since 1970, UTC), and what was sent so far."""
        return report(self._source, wall_ns, self._time_of(block.offset), self._sent, self._octets, name)

    def _time_of(self, offset: int) -> int:
        return (self._first + offset) % (1 << 32)


def description(format: AudioFormat, address: str, port: int, title: str) -> str:
    """What a player reads to listen."""
    kind, family = payload_type(format), "IP6" if ":" in address else "IP4"
    group = f"{address}/1" if family == "IP4" and 224 <= int(address.partition(".")[0]) < 240 else address
    title = "".join(each if each.isprintable() else " " for each in title) or "-"
    lines = (
        "v=0",
        f"o=- {secrets.randbits(62)} 1 IN {family} {address}",
        f"s={title}",
        f"c=IN {family} {group}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {kind}",
        f"a=rtpmap:{kind} L16/{format.rate}/{format.channels}",
        "a=recvonly",
    )
    return "\r\n".join(lines) + "\r\n"
