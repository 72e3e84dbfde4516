"""Episodes of a podcast: RSS or Atom, read by podcastparser."""

import io
from collections.abc import Sequence
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

import podcastparser
from appliance_fetch.item import Item

from appliance.plugin import Permanent, WrongKind, shown_url

_DEEPEST = 100


def entries(body: bytes, url: str) -> Sequence[Item]:
    """The episodes with sound, the newest first."""
    if b"<!ENTITY" in body.replace(b"\0", b""):
        raise Permanent(f"{shown_url(url)} defines entities of its own, which no podcast needs and attacks are made of")
    try:
        _refuse_depth(body)
        feed = podcastparser.parse(url, io.BytesIO(body))
    except (ValueError, LookupError, ExpatError) as error:
        raise WrongKind(f"{shown_url(url)} is no podcast in RSS or Atom: {error}") from error
    episodes = sorted(feed["episodes"], key=lambda episode: -episode.get("published", 0))
    items = [_item(episode, sound) for episode in episodes if (sound := _sound(episode))]
    if not items:
        raise Permanent(f"{shown_url(url)} has no episode with sound")
    return items


def _refuse_depth(body: bytes) -> None:
    """Raise ValueError where elements lie deeper in each other than in any podcast: podcastparser takes that squared.

    Raises ExpatError where it is no XML.
    """
    depth = 0

    def begin(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ValueError(f"its elements lie more than {_DEEPEST} deep in each other")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.Parse(body, True)


def _sound(episode: dict[str, Any]) -> dict[str, Any]:
    """Where the sound is; empty where there is none."""
    enclosures = episode.get("enclosures", [])
    heard = [each for each in enclosures if not each.get("mime_type", "").startswith(("video/", "image/", "text/"))]
    return next((each for each in heard if each["url"]), {})


def _item(episode: dict[str, Any], sound: dict[str, Any]) -> Item:
    """Its server is not asked whether it has changed: many put other advertisements in each time."""
    url = sound["url"]
    return Item(
        url, episode.get("guid") or url, episode.get("title", ""), version=f"{sound.get('file_size', -1)} bytes"
    )
