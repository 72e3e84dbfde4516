"""MPEG audio (ISO/IEC 11172-3, 13818-3): frames without any length, but for a first one without sound that many
programs write (Xing, VBRI). Where it is missing, or speaks of another number of bytes than there are, they are walked.
"""

import mmap
import struct

from appliance.values import frozen

_BITRATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s by version (2 stands for 2.5 too) and layer; the index in a header counts from 1."""

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Frames per second by the version bits of a header."""

_SURE = 3
"""So many frames in a row are no accident."""

_LOOK = 1 << 20
"""Bytes of junk in front, at most, among which the first frame is looked for."""

_TAG = b"Xing"


@frozen
class _Header:
    """What four bytes tell of an MPEG audio frame: its length in bytes, and whether others can belong to it."""

    length: int
    kind: tuple[int, int, int]
    mono: bool

    def is_like(self, other: "_Header | None") -> bool:
        """Whether both sound alike to a decoder."""
        return other is not None and (self.kind, self.mono) == (other.kind, other.mono)


def _header(word: int) -> _Header | None:
    """The frame that these 32 bits begin, if they do."""
    version, layer = word >> 19 & 3, 4 - (word >> 17 & 3)
    bitrate, rate = word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    kbits = _BITRATES[1 if version == 3 else 2, layer][bitrate - 1]
    frames = _RATES[version][rate]
    padding = word >> 9 & 1
    if layer == 1:
        length = (12_000 * kbits // frames + padding) * 4
    else:
        length = (72_000 if layer == 3 and version != 3 else 144_000) * kbits // frames + padding
    return _Header(length, (version, layer, rate), word >> 6 & 3 == 3)


def streams(data: mmap.mmap | bytes) -> list[tuple[bytes, int, int]]:
    """Begin and end of each run of frames of one kind, and a header for it that is true; none where the file's own is.

    Files that were joined may be of different rates and channels.
    """
    begin = after_tags(data)
    first = _first_frame(data, begin)
    if first is None:
        return []
    told = _told(data, first)
    end = len(data) - (128 if data[-128:-125] == b"TAG" else 0)
    if told is not None and first == begin and (told[1] == 0 or told[1] >= end - first - _SLACK):
        return []
    runs = _runs(data, first, end)
    if told is not None and len(runs) == 1 and told[0] >= runs[0].count - 1:
        return [(b"", first, len(data))] if first > begin else []
    return [_behind_header(data, run) for run in runs]


def _behind_header(data: mmap.mmap | bytes, run: "_Run") -> tuple[bytes, int, int]:
    begin, count = run.begin, run.count
    if (told := _told(data, begin)) is not None:
        if told[0] >= count - 1:
            return b"", begin, run.end
        begin, count = begin + _length_at(data, begin), count - 1
    header = _header(int.from_bytes(data[begin : begin + 4], "big"))
    if header is None or header.kind[1] != 3:
        return b"", begin, run.end
    return _information(data[begin : begin + 4], count, run.end - begin), begin, run.end


_SLACK = 4096
"""Bytes behind the sound that the tag of a program need not count: tags of other kinds."""


TAG_HEAD = 10
"""Bytes that tell how long a tag is."""


def after_tags(data: mmap.mmap | bytes) -> int:
    """Where the ID3v2 tags in front end (id3.org, ID3v2.4.0 3.1)."""
    offset = 0
    while data[offset : offset + 3] == b"ID3" and offset + TAG_HEAD <= len(data):
        size = 0
        for byte in data[offset + 6 : offset + 10]:
            size = size << 7 | byte & 0x7F
        offset += TAG_HEAD + size + (10 if data[offset + 5] & 0x10 else 0)
    return offset


def first_frame(data: bytes, *, told: bool = True) -> int | None:
    """Where the MPEG audio frames of a stream begin, behind its tags; None where there are none.

    The one that tells how many there are counts where that is `told` truly.
    """
    first = _first_frame(data, after_tags(data))
    if first is None or told or _told(data, first) is None:
        return first
    return first + _length_at(data, first)


def _first_frame(data: mmap.mmap | bytes, begin: int) -> int | None:
    """Where frames begin that follow each other; None where there are none."""
    offset = begin
    while (offset := data.find(b"\xff", offset, min(len(data), begin + _LOOK))) >= 0:
        if _follow(data, offset):
            return offset
        offset += 1
    return None


def _follow(data: mmap.mmap | bytes, offset: int) -> bool:
    """Whether a frame begins there that others of its kind follow, or the end."""
    at, kind = offset, None
    for number in range(_SURE):
        header = _header(int.from_bytes(data[at : at + 4], "big")) if at + 4 <= len(data) else None
        if header is None or kind not in (None, header.kind):
            return number > 0 and at >= len(data) - 4
        at, kind = at + header.length, header.kind
    return True


def _length_at(data: mmap.mmap | bytes, offset: int) -> int:
    header = _header(int.from_bytes(data[offset : offset + 4], "big"))
    return header.length if header else 0


def _told(data: mmap.mmap | bytes, first: int) -> tuple[int, int] | None:
    """How many frames and bytes the first frame, one without sound, speaks of (0 where it does not)."""
    frame = data[first : first + max(_length_at(data, first), 200)]
    for name in (_TAG, b"Info"):
        if (at := frame.find(name, 4, 60)) >= 0:
            flags = int.from_bytes(frame[at + 4 : at + 8], "big")
            at += 8
            frames = int.from_bytes(frame[at : at + 4], "big") if flags & 1 else 0
            at += 4 if flags & 1 else 0
            return frames, int.from_bytes(frame[at : at + 4], "big") if flags & 2 else 0
    if (at := frame.find(b"VBRI", 4, 60)) >= 0:
        return int.from_bytes(frame[at + 14 : at + 18], "big"), int.from_bytes(frame[at + 10 : at + 14], "big")
    return None


@frozen
class _Run:
    """So many frames of one kind, one after the other."""

    begin: int
    end: int
    count: int


def _runs(data: mmap.mmap | bytes, first: int, end: int) -> list[_Run]:
    """All frames from `first` on. What is no frame is stepped over."""
    runs: list[_Run] = []
    count, offset, begin, last = 0, first, first, first
    headers: dict[int, _Header | None] = {}
    first_of_run = _header(int.from_bytes(data[first : first + 4], "big"))
    while offset >= 0 and offset + 4 <= end:
        word = int.from_bytes(data[offset : offset + 4], "big")
        if word not in headers:
            headers[word] = _header(word)
        if (header := headers[word]) is None:
            if (found := _first_frame(data, offset + 1)) is None:
                break
            offset = found
            continue
        if not header.is_like(first_of_run) and _follow(data, offset):
            runs.append(_Run(begin, last, count))
            count, begin, first_of_run = 0, offset, header
        count, offset = count + 1, offset + header.length
        last = min(offset, end)
    return [*runs, _Run(begin, last, count)]


def _information(word: bytes, count: int, size: int) -> bytes:
    """A frame without sound that tells how many follow it (the Xing tag), of the kind of the frame `word` begins."""
    version_one = word[1] >> 3 & 3 == 3
    mono = word[3] >> 6 == 3
    for bitrate in range(1, 15):
        head = bytes((word[0], word[1] | 1, bitrate << 4 | word[2] & 0x0C, word[3]))
        header = _header(int.from_bytes(head, "big"))
        side = (17 if mono else 32) if version_one else (9 if mono else 17)
        body = bytes(side) + _TAG + struct.pack(">III", 3, count, size + (header.length if header else 0))
        if header is not None and header.length >= 4 + len(body):
            return (head + body).ljust(header.length, b"\0")
    return b""
