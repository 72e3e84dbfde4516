"""Episodes of a podcast: RSS or Atom, read by podcastparser."""

import io
from collections.abc import Sequence
from typing import Any

import podcastparser
from appliance_fetch.fetcher import Item

from appliance.plugin import Permanent, WrongKind, shown_url


def entries(body: bytes, url: str) -> Sequence[Item]:
    """The episodes with sound, the newest first."""
    if b"<!ENTITY" in body.replace(b"\0", b""):
        raise Permanent(f"{shown_url(url)} defines entities of its own, which no podcast needs and attacks are made of")
    try:
        feed = podcastparser.parse(url, io.BytesIO(body))
    except (ValueError, LookupError) as error:
        raise WrongKind(f"{shown_url(url)} is no podcast in RSS or Atom: {error}") from error
    episodes = sorted(feed["episodes"], key=lambda episode: -episode.get("published", 0))
    items = [_item(episode, sound) for episode in episodes if (sound := _sound(episode))]
    if not items:
        raise Permanent(f"{shown_url(url)} has no episode with sound")
    return items


def _sound(episode: dict[str, Any]) -> str:
    """The address of the sound; empty where there is none."""
    enclosures = episode.get("enclosures", [])
    heard = [
        each["url"] for each in enclosures if not each.get("mime_type", "").startswith(("video/", "image/", "text/"))
    ]
    return next(iter(heard), "")


def _item(episode: dict[str, Any], sound: str) -> Item:
    return Item(sound, episode.get("guid") or sound, episode.get("title", ""))
