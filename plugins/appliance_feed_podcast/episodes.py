"""Episodes of a podcast: RSS or Atom, read by podcastparser."""

import io
from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Any
from xml import sax
from xml.parsers.expat import ExpatError, ParserCreate

from appliance_fetch.item import Item
from podcastparser import FeedParseError, PodcastHandler

from appliance.plugin import Permanent, WrongKind, shown_url

LARGEST = 32_000_000
"""Bytes that it may have: many hold the notes of all their episodes."""

_DEEPEST, _MOST = 100, 20_000
_SAID = {"guid", "title", "link", "pubDate", "atom:id", "atom:title", "atom:published", "atom:updated"}
"""The elements whose text is wanted."""

_SOUND = {"enclosure": "url", "media:content": "url", "atom:link": "href"}
"""Those that may say where sound is, and in which attribute."""


def entries(body: bytes, url: str) -> Sequence[Item]:
    """The episodes with sound, the newest first."""
    if b"<!ENTITY" in body.replace(b"\0", b""):
        raise Permanent(f"{shown_url(url)} defines entities of its own, which no podcast needs and attacks are made of")
    body, reader = body.removeprefix(BOM_UTF8).lstrip(), _Reader(url, 0)
    try:
        _refuse_depth(body)
        sax.parse(io.BytesIO(body), reader)
    except (sax.SAXException, ValueError, LookupError, ExpatError) as error:
        raise WrongKind(f"{shown_url(url)} is no podcast in RSS or Atom: {error}") from error
    episodes = sorted(reader.data["episodes"], key=lambda episode: -episode.get("published", 0))
    items = [_item(episode, sound) for episode in episodes if (sound := _sound(episode))]
    if not items:
        raise Permanent(f"{shown_url(url)} has no episode with sound")
    return items


class _Reader(PodcastHandler):  # type: ignore[misc]
    """Reads on where something makes no sense, such as a link that is none, and leaves alone what nobody wants here:
    podcastparser looks for HTML in descriptions, which takes it the square of their length.
    """

    namespace: Any

    def add_episode(self) -> None:
        super().add_episode()
        if len(self.episodes) > _MOST:
            raise Permanent(f"{shown_url(self.url)} has more than {_MOST} episodes: is the URL right?")

    def startElement(self, name: str, attrs: Any) -> None:
        try:
            super().startElement(name, attrs)
        except FeedParseError:
            raise
        except (ValueError, LookupError):
            named = _SOUND.get(self.path_stack[-1], "")
            if attrs.get(named) and attrs.get("rel", "enclosure") == "enclosure" and self.episodes:
                self.add_enclosure(attrs[named], -1, attrs.get("type") or "")

    def endElement(self, name: str) -> None:
        if self.path_stack[-1] not in _SAID:
            self.text = None
        try:
            super().endElement(name)
        except (ValueError, LookupError):
            self.text, self.namespace = None, self.namespace.parent
            self.path_stack.pop()


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
