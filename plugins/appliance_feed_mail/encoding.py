"""Undoes the encodings of attachments (RFC 2045, 6), block by block, and those of fields (RFC 2047)."""

import binascii
import re
from collections.abc import Callable
from email.errors import MessageError
from email.header import decode_header, make_header

_LONGEST_LINE = 64 * 1024
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")

Decode = Callable[[bytes, bool], bytes]
"""Takes the next block, and whether it is the last."""


def decoder(encoding: str) -> Decode:
    """What undoes `encoding`: base64, quoted-printable, or none."""
    match encoding:
        case "base64":
            return _Base64()
        case "quoted-printable":
            return _QuotedPrintable()
    return lambda block, _: block


def in_words(field: str) -> str:
    """What a field says (RFC 2047); as it stands there where that makes no sense."""
    try:
        return str(make_header(decode_header(field)))
    except (MessageError, LookupError, ValueError):
        return field


class _Base64:
    def __init__(self) -> None:
        self._rest = b""

    def __call__(self, block: bytes, last: bool) -> bytes:
        text = self._rest + _NO_BASE64.sub(b"", block)
        whole = len(text) // 4 * 4
        self._rest = text[whole:]
        if last and self._rest.rstrip(b"="):
            text, whole = text + b"==", whole + 4
        try:
            return binascii.a2b_base64(text[:whole])
        except binascii.Error:
            return b""


class _QuotedPrintable:
    def __init__(self) -> None:
        self._rest = b""

    def __call__(self, block: bytes, last: bool) -> bytes:
        text = self._rest + block
        end = len(text) if last else text.rfind(b"\n") + 1
        if len(text) - end > _LONGEST_LINE:  # no line of this encoding is as long (RFC 2045, 6.7): cut between letters
            end = len(text) - 2
            escaped = text.rfind(b"=", end - 2, end)
            end = end if escaped < 0 else escaped
        self._rest = text[end:]
        return binascii.a2b_qp(text[:end])
