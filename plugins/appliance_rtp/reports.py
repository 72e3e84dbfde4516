"""What tells players which moment a packet's time means: sender reports of RTCP (RFC 3550, 6.4.1), with a CNAME."""

import struct

EVERY = 5.0
"""Seconds of sound between two."""

_VERSION_ONE_ITEM = 2 << 6 | 1
_SENDER_REPORT, _DESCRIPTION = 200, 202
_CNAME = 1
_SINCE_1900 = 2_208_988_800
_MOST_NAME = 255


def report(source: int, wall_ns: int, at: int, packets: int, octets: int, name: str) -> bytes:
    """That `wall_ns` (since 1970, UTC) is `at` in the times of packets; how many packets and bytes of sound were sent.

    Streams of one `name` keep the same time.
    """
    seconds, fraction = divmod(wall_ns, 10**9)
    ntp = (seconds + _SINCE_1900) % (1 << 32), (fraction << 32) // 10**9
    told = struct.pack(
        "!BBHIIIIII", 2 << 6, _SENDER_REPORT, 6, source, *ntp, at, packets % (1 << 32), octets % (1 << 32)
    )
    called = name.encode()[:_MOST_NAME]
    items = struct.pack("!IBB", source, _CNAME, len(called)) + called
    items += bytes(4 - len(items) % 4)  # one at least: it ends the list
    return told + struct.pack("!BBH", _VERSION_ONE_ITEM, _DESCRIPTION, len(items) // 4) + items
