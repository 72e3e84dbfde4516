"""Recipes: how the files that destinations are sent are made of clips."""

import json
from collections.abc import Mapping, Sequence

from attrs import asdict

from appliance.sums import sha256
from appliance.values import frozen


@frozen
class Treatment:
    """What a recipe of a person's own makes of the sound, in the order of these.

    What is None, 0 or empty is left as it is. Durations are seconds, levels dBFS, loudness LUFS; `bits` of one sample,
    `bit_rate` of a second in total.
    """

    channels: str = ""
    """`mono` is the mean of all, `mix` their sum, `left` and `right` are one of them; `safety` is the left one, and the
    right one, which is less loud, where that is clipped."""
    high_pass: float = 0.0
    """In Hz."""
    trim_head: bool = False
    trim_tail: bool = False
    trim_below: float = -50.0
    trim_margin: float = 0.0
    gain: float = 0.0
    """In dB."""
    rate: int = 0
    loudness: float | None = None
    true_peak: float | None = None
    """In dBTP."""
    fade: float = 0.0
    bits: int = 0
    bit_rate: int = 0


@frozen
class Recipe:
    """How a rendition is made: of the clip's own file, by `treatment` where there is one, and `steps` in their order.

    `name` is what the configuration, the catalogue and destinations call it, `suffix` ends the name of the file. One
    that is encrypted is made of what `clear` makes, and nobody but the `recipients` can read it.
    """

    name: str
    suffix: str
    media_type: str
    steps: tuple[str, ...] = ()
    treatment: Treatment | None = None
    clear: "Recipe | None" = None
    recipients: tuple[str, ...] | None = None

    @property
    def hash(self) -> str:
        """Another one for a recipe of the same name that makes another file: 16 digits of SHA-256, in hex."""
        told = asdict(self, filter=lambda _, value: value is not None)
        return sha256(json.dumps(told).encode()).hexdigest()[:16]


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
"""Those that need no configuration, by name."""

_TREATED = {"wav": BWF, "flac": FLAC, "opus": OPUS, "mp3": MP3}

RATES = {
    "opus": (8_000, 12_000, 16_000, 24_000, 48_000),
    "mp3": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
}
"""What these know; other sound is resampled to the highest."""

MOST_CHANNELS = {"flac": 8, "mp3": 2}
"""How many these hold; the others hold more than there are cards for."""

FORMATS = tuple(_TREATED)
"""What recipes of a person's own can make."""


def treated(name: str, format: str, treatment: Treatment) -> Recipe:
    """A recipe of a person's own. Raises KeyError for a format that is none of `FORMATS`."""
    base = _TREATED[format]
    return Recipe(name, f".{name}.{format}", base.media_type, base.steps, treatment)


ENCRYPTED = ".age"
"""Ends the names of what is encrypted, and of its recipe (age-encryption.org/v1)."""


def encrypted(recipe: Recipe, recipients: Sequence[str]) -> Recipe:
    """The recipe whose file only those can read who have the private half of one of these keys."""
    name, suffix = f"{recipe.name}{ENCRYPTED}", f"{recipe.suffix}{ENCRYPTED}"
    keys = tuple(sorted(set(recipients)))
    return Recipe(name, suffix, "application/octet-stream", clear=recipe, recipients=keys)


def encrypted_instead(recipes: Mapping[str, Recipe]) -> dict[str, str]:
    """By the name of each recipe that nobody may be sent any more, that of the encrypted one in its place."""
    return {recipe.clear.name: name for name, recipe in recipes.items() if recipe.clear}
