"""The sound in an MPEG transport stream (ISO/IEC 13818-1, 2.4): frames of AAC (ADTS) or MP3, one after the other."""

_PACKET = 188
_SYNC = 0x47
_SOUND = (0x03, 0x04, 0x0F)
"""Types of streams: MP3, MP3 of MPEG-2, AAC."""


class TransportStream:
    """Takes the stream apart as it comes. What is damaged is passed over."""

    def __init__(self) -> None:
        self._rest = b""
        self._programs: set[int] = set()
        self._sound: int | None = None

    def sound(self, block: bytes) -> bytes:
        """What is sound in what has come now."""
        data, found, at = self._rest + block, bytearray(), 0
        while at + _PACKET <= len(data):
            if data[at] == _SYNC:
                found += self._packet(data[at : at + _PACKET])
                at += _PACKET
            else:
                at += 1
        self._rest = data[at:]
        return bytes(found)

    def _packet(self, packet: bytes) -> bytes:
        pid, begins = (packet[1] & 0x1F) << 8 | packet[2], bool(packet[1] & 0x40)
        payload = packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0) :] if packet[3] & 0x10 else b""
        if begins and payload and pid == 0:
            self._associate(_section(payload))
        elif begins and payload and pid in self._programs:
            self._map(_section(payload))
        elif pid == self._sound:
            return _behind_header(payload) if begins else payload
        return b""

    def _associate(self, section: bytes) -> None:
        for at in range(8, len(section) - 3, 4):
            if section[at : at + 2] != b"\0\0":
                self._programs.add((section[at + 2] & 0x1F) << 8 | section[at + 3])

    def _map(self, section: bytes) -> None:
        at = 12 + ((section[10] & 15) << 8 | section[11]) if len(section) > 11 else len(section)
        while self._sound is None and at + 5 <= len(section):
            if section[at] in _SOUND:
                self._sound = (section[at + 1] & 0x1F) << 8 | section[at + 2]
            at += 5 + ((section[at + 3] & 15) << 8 | section[at + 4])


def _section(payload: bytes) -> bytes:
    """Without its checksum."""
    section = payload[1 + payload[0] :]
    return section[: 3 + ((section[1] & 15) << 8 | section[2]) - 4] if len(section) > 2 else b""


def _behind_header(payload: bytes) -> bytes:
    """What a packet of the elementary stream holds (ISO/IEC 13818-1, 2.4.3.6)."""
    return payload[9 + payload[8] :] if payload[:3] == b"\0\0\1" and len(payload) > 8 else b""
