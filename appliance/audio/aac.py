"""Frames of ADTS, in which AAC comes alone (ISO/IEC 13818-7, 6.2)."""

import mmap

_SURE = 3
"""So many frames in a row are no accident."""

_HEAD = 7
_SAMPLES = 1024
"""Of each channel in a block; a frame has up to four."""

_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)


def begin_of_aac(head: bytes) -> int | None:
    """Where frames of ADTS begin that follow each other; None where there are none."""
    offset = -1
    while (offset := head.find(b"\xff", offset + 1)) >= 0:
        at = offset
        for _ in range(_SURE):
            if (length := _length(head[at : at + _HEAD])) == 0 or _kind(head, at) != _kind(head, offset):
                break
            at += length
        else:
            return offset
    return None


def _kind(head: bytes, at: int) -> tuple[bytes, int]:
    """What all frames of a stream have in common."""
    return head[at : at + 3], head[at + 3] & 0xC0


def _length(head: bytes) -> int:
    """Of the frame in bytes that begins so; 0 where none does."""
    if len(head) < _HEAD or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > _HEAD else 0


def seconds_of_aac(data: mmap.mmap | bytes, begin: int) -> float:
    """How long all frames from there on sound; what is no frame is stepped over."""
    seconds, offset = 0.0, begin
    while (offset := data.find(b"\xff", offset)) >= 0:
        head = data[offset : offset + _HEAD]
        if length := _length(head):
            seconds += (1 + (head[6] & 3)) * _SAMPLES / _RATES[head[2] >> 2 & 15]
        offset += length or 1
    return seconds
