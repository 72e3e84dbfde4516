"""Playlists in M3U and PLS, as any program writes them."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from contextlib import suppress

from appliance_fetch.item import Item
from appliance_fetch.naming import place_of

from appliance.plugin import Permanent, WrongKind, shown_url
from appliance_feed_m3u.hls import is_hls

_TITLED = re.compile(r"#EXTINF:[^,]*,(.*)")
_ENTRY = re.compile(r"(file|title)(\d{1,6})\s*=\s*(.*)", re.IGNORECASE)


class Hls(Permanent):
    """It is a list of HLS."""


def lines_of(body: bytes) -> list[str]:
    """The lines of a list that have something in them."""
    encodings = ("utf-16",) if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else ("utf-8-sig", "cp1252", "latin-1")
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return [line.strip() for line in re.split(r"[\r\n]+", body.decode(encoding)) if line.strip()]
    return []


def entries(body: bytes, url: str) -> Sequence[Item]:
    """The entries in their order. Raises WrongKind for what is no playlist, and Hls."""
    lines = lines_of(body)
    if not lines or any("\0" in line for line in lines) or lines[0].startswith(("<", "{")):
        raise WrongKind(f"{shown_url(url)} is no playlist in M3U or PLS")
    if is_hls(lines):
        raise Hls(f"{shown_url(url)} is a stream in HLS, which feeds do not pull: `appliance play` plays it")
    found = _pls(lines) if lines[0].lower() == "[playlist]" else _m3u(lines)
    items = [Item(place := place_of(target, url), place, title) for target, title in found]
    if not items:
        raise WrongKind(f"{shown_url(url)} is an empty playlist, or none in M3U or PLS")
    return items


def _m3u(lines: Sequence[str]) -> list[tuple[str, str]]:
    found, title = list[tuple[str, str]](), ""
    for line in lines:
        if titled := _TITLED.match(line):
            title = titled[1].strip()
        elif not line.startswith("#"):
            found.append((line, title))
            title = ""
    return found


def _pls(lines: Sequence[str]) -> list[tuple[str, str]]:
    values: dict[tuple[str, int], str] = {}
    for line in lines:
        if entry := _ENTRY.fullmatch(line):
            values[(entry[1].lower(), int(entry[2]))] = entry[3]
    numbers = sorted(number for what, number in values if what == "file")
    return [(values["file", number], values.get(("title", number), "")) for number in numbers]
