"""The options of a booth: which steps there are before and behind a story."""

from enum import StrEnum

from attrs.validators import matches_re

from appliance.config.options import AbsolutePath, option
from appliance.values import frozen


class Given(StrEnum):
    """How somebody consents."""

    PRESSED = "pressed"
    SPOKEN = "spoken"


@frozen
class BoothSettings:
    """Each sound may be a folder too, with a folder for each language in it. A step without its sound is left out."""

    language: AbsolutePath | None = option(
        None, "Asks for the language: 1 is the first of `flow.languages`.", example="/srv/booth/language.wav"
    )
    questions: AbsolutePath | None = option(
        None,
        "A folder of questions, in the order of their names: guests hear one after the other, or the one whose number "
        "they dial.",
        example="/srv/booth/questions",
    )
    consent: AbsolutePath | None = option(
        None,
        "Asks for consent, without which nothing is recorded: 1 gives it.",
        example="/srv/booth/consent.wav",
    )
    consent_version: str = option(
        "1", "What is kept with each clip as the version of that text.", check=matches_re(r"[^\n]{1,60}")
    )
    consent_given: Given = option(
        Given.PRESSED, "Whether consent is `pressed`, or `spoken` as the first words of the recording."
    )
    listen_back: bool = option(
        False, "Play the story once it is told: 1 or hanging up keeps it, 2 throws it away and records another."
    )
    thanks: AbsolutePath | None = option(None, "Says thanks.", example="/srv/booth/thanks.wav")
    codes: bool = option(
        False,
        "Give each clip a code by which somebody may have it deleted everywhere: `appliance clips withdraw`. It is "
        "said where the folder of `prompts.sounds` has files from `0` to `9`, and shown by `appliance events`.",
    )
