"""The parts of a letter that are sound, from its BODYSTRUCTURE (RFC 3501, 7.4.2)."""

from collections.abc import Iterator, Sequence
from email.message import Message
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any

from appliance_fetch.suffixes import SUFFIXES
from attrs import frozen

from appliance_feed_mail.encoding import in_words

_SUFFIXES = SUFFIXES | {".amr", ".wma"}
_BY_TYPE = {
    "aac": ".aac",
    "flac": ".flac",
    "m4a": ".m4a",
    "mp3": ".mp3",
    "mp4": ".m4a",
    "mpeg": ".mp3",
    "ogg": ".ogg",
    "opus": ".opus",
    "wav": ".wav",
    "wave": ".wav",
    "x-m4a": ".m4a",
    "x-wav": ".wav",
}
_DISPOSITION = {"text": 9, "message": 11}
_OTHER_DISPOSITION = 8


@frozen
class Part:
    """One attached file: `number` is its name within the letter, `encoding` lower case, `size` as encoded, in bytes."""

    number: str
    encoding: str
    name: str
    suffix: str
    size: int


def sounds(structure: Sequence[Any]) -> list[Part]:
    """The parts that are sound by their type or their name, forwarded letters included. Raises ValueError where the
    structure makes no sense.
    """
    try:
        return [part for part in _parts(structure, "") if part.suffix]
    except (IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"the mail server describes a letter in a way that makes no sense: {error}") from error


def _parts(body: Sequence[Any], above: str) -> Iterator[Part]:
    if isinstance(body[0], list):
        for count, part in enumerate(takewhile(lambda each: isinstance(each, list), body), 1):
            yield from _parts(part, f"{above}{count}{'.' if _is_multipart(part) else ''}")
        return
    number = above or "1"
    main, sub = _text(body[0]), _text(body[1])
    if main == "message" and sub == "rfc822":
        inner = body[8]
        yield from _parts(inner, f"{number}.") if _is_multipart(inner) else _parts(inner, f"{number}.1")
        return
    name = _name(body, main)
    yield Part(number, _text(body[5]), PurePosixPath(name).stem, _suffix(main, sub, name), int(body[6]))


def _is_multipart(body: Sequence[Any]) -> bool:
    return isinstance(body[0], list)


def _suffix(main: str, sub: str, name: str) -> str:
    """The extension; empty for what is no sound."""
    suffix = PurePosixPath(name).suffix.lower()
    if main == "audio" or (main, sub) == ("application", "ogg"):
        return suffix if suffix in _SUFFIXES else _BY_TYPE.get(sub, ".ogg" if main == "application" else ".audio")
    return suffix if main == "application" and suffix in _SUFFIXES else ""


def _name(body: Sequence[Any], main: str) -> str:
    """The name of the file, empty where it has none (RFC 2183, 2231, and 2047 as many write it)."""
    at = _DISPOSITION.get(main, _OTHER_DISPOSITION)
    disposition = body[at] if len(body) > at and isinstance(body[at], list) else [b"attachment", None]
    for header, kind, parameters, wanted in (
        ("Content-Disposition", "attachment", disposition[1] if len(disposition) > 1 else None, "filename"),
        ("Content-Type", "audio/x", body[2], "name"),
    ):
        if isinstance(parameters, list) and (name := _parameter(header, kind, parameters, wanted)):
            return name.replace("\\", "/").rpartition("/")[2]
    return ""


def _parameter(header: str, kind: str, parameters: Sequence[Any], wanted: str) -> str:
    pairs = zip(parameters[::2], parameters[1::2], strict=False)
    message = Message()
    escaped = "".join(f"; {_text(name)}={_quoted(value)}" for name, value in pairs)
    message[header] = f"{kind}{escaped}"
    try:
        return in_words(_value(message.get_param(wanted, "", header)))
    except (LookupError, ValueError, TypeError):
        return ""


def _value(found: Any) -> str:
    """A parameter as text; encoded ones come as character set, language and text (RFC 2231)."""
    if isinstance(found, tuple):
        charset, _, text = found
        return bytes(text, "latin-1", "replace").decode(charset or "ascii", "replace")
    return str(found)


def _quoted(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
    text = "".join(character for character in text if character >= " ")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(word: Any) -> str:
    return word.decode("latin-1").lower() if isinstance(word, bytes) else ""
