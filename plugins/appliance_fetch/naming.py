"""What to call a file from the web: its title for people and its extension for the decoder."""

from collections.abc import Mapping
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from appliance_fetch.suffixes import SUFFIXES

_SUFFIXES = SUFFIXES - {".w64"}
_BY_TYPE = {
    "audio/aac": ".aac",
    "audio/aiff": ".aiff",
    "audio/flac": ".flac",
    "audio/m4a": ".m4a",
    "audio/mp3": ".mp3",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/opus": ".opus",
    "audio/vnd.wave": ".wav",
    "audio/wav": ".wav",
    "audio/wave": ".wav",
    "audio/x-aiff": ".aiff",
    "audio/x-caf": ".caf",
    "audio/x-flac": ".flac",
    "audio/x-m4a": ".m4a",
    "audio/x-wav": ".wav",
    "application/ogg": ".ogg",
}
_LONGEST_TITLE = 120


def title_and_suffix(url: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """A title of printable characters, and an extension such as `.mp3`, empty where nothing tells.

    Both come from the name in Content-Disposition (RFC 6266), else from the path of the URL; the media type stands in
    for an extension that is missing or unknown.
    """
    names = [_proposed_name(headers.get("Content-Disposition", "")), unquote(urlsplit(url).path)]
    paths = [PurePosixPath(name.replace("\\", "/")) for name in names if PurePosixPath(name.replace("\\", "/")).name]
    known = [path.suffix.lower() for path in paths if path.suffix.lower() in _SUFFIXES]
    suffix = known[0] if known else _BY_TYPE.get(media_type(headers), "")
    stem = ""
    if paths:
        stem = paths[0].stem if paths[0].suffix.lower() in _SUFFIXES else paths[0].name
    title = "".join(character for character in stem if character.isprintable()).strip()
    return title[:_LONGEST_TITLE] or urlsplit(url).hostname or "track", suffix


def place_of(target: str, base: str) -> str:
    """The URL that a list at `base` means; what is none stays as it is written, and is told as such."""
    try:
        return urljoin(base, target)
    except ValueError:
        return target


def media_type(headers: Mapping[str, str]) -> str:
    """The media type without its parameters."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _proposed_name(disposition: str) -> str:
    """The file name that the server proposes, empty where there is none. Bytes beyond ASCII are taken as UTF-8."""
    message = Message()
    message["Content-Disposition"] = "".join(character for character in disposition if character >= " ")
    try:
        name = message.get_filename("")
    except (LookupError, ValueError, TypeError):
        return ""
    try:
        return name.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name
