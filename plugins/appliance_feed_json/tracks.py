"""The list in JSON that any program can write; `docs/how-to/feeds.md` says how."""

import json
import re
from collections.abc import Sequence

from appliance_fetch.item import Item
from appliance_fetch.naming import place_of

from appliance.plugin import WrongKind, shown_url

_FIELDS = {"url", "title", "id", "sha256"}


def entries(body: bytes, url: str) -> Sequence[Item]:
    """The entries, the newest first: as they stand in the list."""
    where = shown_url(url)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WrongKind(f"{where} is no JSON: {error}") from error
    tracks = found.get("tracks") if isinstance(found, dict) else None
    if not isinstance(tracks, list):
        raise WrongKind(f'{where} has no list of tracks: expected {{"tracks": [{{"url": ...}}]}}')
    return [_item(track, f"tracks[{number}]", url) for number, track in enumerate(tracks)]


def _item(track: object, where: str, url: str) -> Item:
    if not isinstance(track, dict) or not all(isinstance(track.get(name, ""), str) for name in _FIELDS):
        return Item("", wrong=f"{where} is no object whose url, title, id and sha256 are texts")
    if not track.get("url"):
        return Item("", wrong=f"{where} has no url")
    digest = track.get("sha256", "")
    if digest and not re.fullmatch(r"[0-9A-Fa-f]{64}", digest):
        return Item("", wrong=f"{where} has a sha256 that is none: expected 64 hexadecimal digits")
    place = place_of(track["url"], url)
    return Item(place, track.get("id") or place, track.get("title", ""), digest)
