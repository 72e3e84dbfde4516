"""Which file sounds for which prompt."""

from collections.abc import Mapping
from pathlib import Path

from appliance.audio.greetings import ENDINGS
from appliance.config.prompts import INTO_TAKES, NO_SOUNDS, TONES, Prompt, PromptSettings

SHIPPED = Path(__file__).with_name("tones")
"""The tones that come with the appliance; `synthesis` makes them."""


DIGITS = "0123456789"


def sounds_of(settings: PromptSettings, *, at_the_ear: bool = False) -> Mapping[Prompt, Path]:
    """The file for each prompt that is to sound.

    One that is named for a prompt counts first, then what lies in the folder of the language, then in the folder.
    `at_the_ear` where the speaker is a handset's, which may sound while a take is in progress.
    """
    folders = _folders(settings)
    found: dict[Prompt, Path] = {}
    for prompt in Prompt:
        in_take = prompt in INTO_TAKES
        path = settings.own(prompt) or (None if in_take and not at_the_ear else _named(folders, prompt))
        if path:
            found[prompt] = path
    return found


def digits_of(settings: PromptSettings) -> Mapping[str, Path]:
    """The file that says each digit, of those that there are."""
    folders = _folders(settings)
    found = {digit: _named(folders, digit) for digit in DIGITS}
    return {digit: path for digit, path in found.items() if path}


def _folders(settings: PromptSettings) -> tuple[Path, ...]:
    if settings.sounds == NO_SOUNDS:
        return ()
    folder = SHIPPED if settings.sounds == TONES else Path(settings.sounds)
    return (folder / settings.language, folder) if settings.language else (folder,)


def _named(folders: tuple[Path, ...], name: str) -> Path | None:
    candidates = (folder / f"{name}{ending}" for folder in folders for ending in ENDINGS)
    return next((path for path in candidates if path.is_file()), None)
