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

FLAC = Recipe("flac", ".flac", "audio/flac", ("flac",))
"""RFC 9639."""

OPUS = Recipe("opus", ".opus", "audio/ogg", ("rate of opus", "opus"))
"""Opus in Ogg, RFC 7845."""

RECIPES = {recipe.name: recipe for recipe in (ORIGINAL, FLAC, OPUS)}
"""All that there are, by name."""
