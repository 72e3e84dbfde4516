"""Recipes: how the files that destinations are sent are made of clips."""

import hashlib
import json

from attrs import asdict, frozen


@frozen
class Recipe:
    """How a rendition is made: of the clip's own file, by `steps` in their order.

    `name` is what the configuration, the catalogue and destinations call it, `suffix` ends the name of the file.
    """

    name: str
    suffix: str
    media_type: str
    steps: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """Another one for a recipe of the same name that makes another file: 16 digits of SHA-256, in hex."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]


ORIGINAL = Recipe("original", ".wav", "audio/wav")
"""The clip itself; RFC 2361."""

BWF = Recipe("bwf", ".bwf.wav", "audio/wav", ("bwf",))
"""The same sound with everything that is known of it inside: Broadcast Wave, EBU Tech 3285."""

FLAC = Recipe("flac", ".flac", "audio/flac", ("flac", "tags"))
"""RFC 9639."""

OPUS = Recipe("opus", ".opus", "audio/ogg", ("rate of opus", "opus", "tags"))
"""Opus in Ogg, RFC 7845."""

MP3 = Recipe("mp3", ".mp3", "audio/mpeg", ("rate of mp3", "mp3", "tags"))
"""ISO/IEC 11172-3, layer III."""

LOSSLESS = (ORIGINAL, BWF, FLAC)
"""Those that decode to the very samples of the clip."""

RECIPES = {recipe.name: recipe for recipe in (ORIGINAL, BWF, FLAC, OPUS, MP3)}
"""All that there are, by name."""
