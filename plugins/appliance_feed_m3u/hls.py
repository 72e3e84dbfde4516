"""Lists of HLS (RFC 8216): which of its streams to hear, and what of that there is now."""

import re
from collections.abc import Sequence

from appliance_fetch.naming import place_of
from attrs import frozen

from appliance.plugin import Permanent, shown_url

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_NUMBER = re.compile(r"\d{1,18}")
_ENOUGH = 200_000
"""Bits per second beyond which nobody hears more."""

_AT_FIRST = 3
"""Segments before the end with which a live stream begins (RFC 8216, 6.3.3)."""

_LONGEST = 60.0


@frozen
class Segment:
    """A few seconds of it."""

    number: int
    url: str


@frozen
class Playlist:
    """What there is now; `over` where nothing follows. A new look is worth while after `target` seconds."""

    segments: Sequence[Segment]
    target: float
    over: bool

    def first(self) -> int:
        """The number of the segment to begin with."""
        return self.segments[0 if self.over else -_AT_FIRST :][0].number if self.segments else 0


def is_hls(lines: Sequence[str]) -> bool:
    """Whether it is one, where other playlists look alike."""
    return any(line.startswith("#EXT-X-") for line in lines)


def variant(lines: Sequence[str], url: str) -> str | None:
    """Where the list is that has the sound, of those that are offered; None where this is it."""
    offers, renditions = list[tuple[bool, int, str]](), dict[str, str]()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        told = _attributes(line)
        if line.startswith("#EXT-X-MEDIA:") and told.get("TYPE") == "AUDIO" and told.get("URI"):
            if told.get("DEFAULT") == "YES" or told.get("GROUP-ID", "") not in renditions:
                renditions[told.get("GROUP-ID", "")] = told["URI"]
        elif line.startswith("#EXT-X-STREAM-INF:") and following and not following.startswith("#"):
            rate = _number(told.get("BANDWIDTH", ""))
            group = told.get("AUDIO", "")
            offers.append(("RESOLUTION" not in told or group in renditions, rate, renditions.get(group, following)))
    if not offers:
        return None
    heard = [offer for offer in offers if offer[0]] or [min(offers)]
    fine = [offer for offer in heard if offer[1] <= _ENOUGH]
    return place_of((max(fine) if fine else min(heard))[2], url)


def playlist(lines: Sequence[str], url: str) -> Playlist:
    """What there is now. Raises Permanent for what cannot be heard."""
    number, target, over, segments = 0, 6.0, False, list[Segment]()
    for line in lines:
        name, _, value = line.partition(":")
        if name == "#EXT-X-MEDIA-SEQUENCE":
            number = _number(value)
        elif name == "#EXT-X-TARGETDURATION":
            target = min(_LONGEST, max(1.0, float(_number(value))))
        elif name == "#EXT-X-ENDLIST":
            over = True
        elif name == "#EXT-X-KEY" and _attributes(line).get("METHOD") != "NONE":
            raise Permanent(f"{shown_url(url)} is encrypted HLS, which is not played: use a stream in MP3, Ogg or AAC")
        elif name in ("#EXT-X-MAP", "#EXT-X-BYTERANGE"):
            raise Permanent(
                f"{shown_url(url)} is HLS in pieces of MP4, which is not played: use a stream in MP3, Ogg or AAC"
            )
        elif not line.startswith("#"):
            segments.append(Segment(number + len(segments), place_of(line, url)))
    return Playlist(segments, target, over)


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}


def _number(text: str) -> int:
    found = _NUMBER.match(text.strip())
    return int(found[0]) if found else 0
